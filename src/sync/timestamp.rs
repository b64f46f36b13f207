//! Times as the protocol counts them: whole centiseconds since 1970.
//!
//! One integer, never a float: the header, the body and the record of one write must agree in every
//! digit, and a reader's `newer` must compare exactly.

use super::Decimal;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time. Passed in wherever time matters, so that nothing reads the host's clock on its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A point in time, in whole centiseconds since 1970 (UTC).
///
/// It prints with two decimals always (`1297417122.10`), as the Python server wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest time there is.
    pub const ZERO: Timestamp = Timestamp(0);

    /// From whole centiseconds, as the databases store it.
    pub const fn from_centis(centis: i64) -> Self {
        Timestamp(centis)
    }

    /// In whole centiseconds.
    pub const fn centis(self) -> i64 {
        self.0
    }

    /// In whole seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(100)
    }

    /// The next time that can be told apart from this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Timestamp(self.0.saturating_add(1))
    }

    /// The last time that can be told apart from this one.
    #[must_use]
    pub const fn previous(self) -> Self {
        Timestamp(self.0.saturating_sub(1))
    }

    /// This time, later by so many whole seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(100)))
    }

    /// Reads decimal seconds as clients send them, rounded to the nearest centisecond, half to
    /// even; nothing when it is no number.
    pub fn parse(text: &str) -> Option<Self> {
        Decimal::parse(text).map(|number| Timestamp(number.hundredths()))
    }

    /// In seconds without trailing zeros (`1297417122.1`, `1297417122`), as PHP printed floats.
    pub fn unpadded(self) -> String {
        let padded = self.to_string();
        padded
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    }
}

impl From<SystemTime> for Timestamp {
    /// Times before 1970 count as 1970.
    fn from(time: SystemTime) -> Self {
        let centis = time
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis()
            / 10;
        Timestamp(i64::try_from(centis).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", size / 100, size % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_two_decimals_or_as_php_prints_floats() {
        let rows = [
            (129741712210, "1297417122.10", "1297417122.1"),
            (129741712200, "1297417122.00", "1297417122"),
            (129741712205, "1297417122.05", "1297417122.05"),
            (0, "0.00", "0"),
            (100000000000, "1000000000.00", "1000000000"),
            (-150, "-1.50", "-1.5"),
        ];
        for (centis, padded, unpadded) in rows {
            let time = Timestamp::from_centis(centis);
            assert_eq!(time.to_string(), padded);
            assert_eq!(time.unpadded(), unpadded);
            assert_eq!(Timestamp::parse(padded), Some(time));
        }
    }
}
