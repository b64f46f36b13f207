//! Numbers and times as people read them.

use crate::sync::{Timestamp, date};

/// Bytes: `0 bytes`, `1.5 KB`, `12 MB`; thousands, as disks and browsers count them.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "KB"),
    ];
    for (unit, name) in UNITS {
        // What would round up to a whole of the unit belongs to it.
        if bytes.saturating_add(unit / 2_000) >= unit {
            let (bytes, unit) = (u128::from(bytes), u128::from(unit));
            let tenths = (bytes * 10 + unit / 2) / unit;
            return match tenths {
                0..100 => format!("{}.{} {name}", tenths / 10, tenths % 10),
                _ => format!("{} {name}", (bytes + unit / 2) / unit),
            };
        }
    }
    match bytes {
        1 => "1 byte".to_owned(),
        _ => format!("{bytes} bytes"),
    }
}

/// A number with its thousands apart: `12,345`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A point in time, for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// For programs: `2026-03-01T12:30:05Z`.
    pub machine: String,
    /// To the minute: `2026-03-01 12:30 UTC`.
    pub full: String,
    /// As people say it: `3 hours ago`.
    pub ago: String,
}

impl When {
    /// A time as it looks from `now`.
    pub fn new(time: Timestamp, now: Timestamp) -> Self {
        let seconds = u64::try_from(time.seconds()).unwrap_or(0);
        let (year, month, day) = date(seconds / 86_400);
        let (hour, minute) = (seconds / 3_600 % 24, seconds / 60 % 60);
        let day = format!("{year:04}-{month:02}-{day:02}");
        When {
            machine: format!("{day}T{hour:02}:{minute:02}:{:02}Z", seconds % 60),
            full: format!("{day} {hour:02}:{minute:02} UTC"),
            ago: distance(now.seconds().saturating_sub(time.seconds())),
        }
    }
}

fn distance(seconds: i64) -> String {
    const STEPS: [(i64, &str); 5] = [
        (365 * 86_400, "year"),
        (30 * 86_400, "month"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ];
    let (ahead, size) = (seconds < 0, seconds.unsigned_abs());
    for (step, name) in STEPS {
        let count = size / step.unsigned_abs();
        if count > 0 {
            let many = if count == 1 { "" } else { "s" };
            return match ahead {
                true => format!("in {count} {name}{many}"),
                false => format!("{count} {name}{many} ago"),
            };
        }
    }
    "just now".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_never_a_thousand_of_something() {
        let rows = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 KB"),
            (1_549, "1.5 KB"),
            (99_949, "100 KB"),
            (999_499, "999 KB"),
            (999_500, "1.0 MB"),
            (25_000_000, "25 MB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (bytes, text) in rows {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn thousands_stand_apart() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(n), text);
        }
    }

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = Timestamp::from_centis(177_236_820_500);
        let rows = [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7_199, "1 hour ago"),
            (86_400 * 29, "29 days ago"),
            (86_400 * 400, "1 year ago"),
            (-7_200, "in 2 hours"),
        ];
        for (before, text) in rows {
            assert_eq!(When::new(now.plus_seconds(-before), now).ago, text);
        }
        let when = When::new(now, now);
        assert_eq!(when.machine, "2026-03-01T12:30:05Z");
        assert_eq!(when.full, "2026-03-01 12:30 UTC");
    }
}
