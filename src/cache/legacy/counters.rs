//! `write_vol:<uid>` and `lockout:<user>`: what a user wrote today, and how often a login failed.

use super::fields::{LegacyError, pair, read_array, whole_number};
use crate::cache::php_value::{PhpKey, PhpValue, encode};

/// The value of `write_vol:<uid>`: array(day, bytes written that day).
///
/// The day is PHP's `date("Ymd")`, so in the PHP host's own time zone, as a string; the bytes are
/// those of the payloads, as an integer. Writes to `tabs` don't count. A write that would pass the
/// cap is refused and not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteVolume {
    /// Year, month and day as one number: 20261123.
    pub day: u32,
    /// Bytes of payload written on that day.
    pub bytes: u64,
}

impl WriteVolume {
    /// Reads the cached bytes.
    ///
    /// # Errors
    /// Anything that is no array of a day and a volume.
    pub fn decode(bytes: &[u8]) -> Result<WriteVolume, LegacyError> {
        let (day, volume) = pair(PhpValue::Array(read_array(bytes)?))?;
        let number = |value: Option<PhpValue>| whole_number(&value?);
        let day = number(day).and_then(|day| u32::try_from(day).ok());
        let volume = number(volume).and_then(|volume| u64::try_from(volume).ok());
        Ok(WriteVolume {
            day: day.ok_or(LegacyError::Shape("the day is no number"))?,
            bytes: volume.ok_or(LegacyError::Shape("the volume is no number"))?,
        })
    }

    /// The bytes that PHP would store.
    pub fn encode(&self) -> Vec<u8> {
        let volume = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        encode(&PhpValue::Array(vec![
            (
                PhpKey::Int(0),
                PhpValue::Str(format!("{:08}", self.day).into_bytes()),
            ),
            (PhpKey::Int(1), PhpValue::Int(volume)),
        ]))
    }

    /// The volume after `bytes` more, written on day `today`. Only a later day begins anew: with a
    /// stored day in the future (another host's time zone) PHP goes on adding to it.
    pub fn after_write(stored: Option<WriteVolume>, today: u32, bytes: u64) -> WriteVolume {
        match stored {
            Some(volume) if today <= volume.day => WriteVolume {
                day: volume.day,
                bytes: volume.bytes.saturating_add(bytes),
            },
            _ => WriteVolume { day: today, bytes },
        }
    }
}

/// The value of `lockout:<user>`: failed logins as plain decimal text.
///
/// PHP increments what it read, and incrementing `false` leaves `false`: the first failure is
/// stored as an empty string, the second as `1`, the third as `2`. PHP calls an account locked
/// once the stored number is at least the configured count, so a count of 3 allows 4 failures, and
/// it counts no failure of a locked account. The value lives for the configured seconds from the
/// last failure that was counted; a good login does not delete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedLogins {
    stored: u64,
}

impl FailedLogins {
    /// Reads the cached bytes; an empty value is 0.
    ///
    /// # Errors
    /// Anything but decimal digits, which memcached's own counters may pad with spaces.
    pub fn decode(bytes: &[u8]) -> Result<FailedLogins, LegacyError> {
        let text = std::str::from_utf8(bytes)
            .unwrap_or("?")
            .trim_end_matches(' ');
        if text.is_empty() {
            return Ok(FailedLogins { stored: 0 });
        }
        match text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse())
        {
            Some(Ok(stored)) => Ok(FailedLogins { stored }),
            _ => Err(LegacyError::Shape(
                "the number of failed logins is no number",
            )),
        }
    }

    /// So many, as they are stored.
    pub fn of(stored: u64) -> FailedLogins {
        FailedLogins { stored }
    }

    /// The stored number.
    pub fn stored(&self) -> u64 {
        self.stored
    }

    /// What PHP stores after one more failure.
    pub fn after_failure(stored: Option<FailedLogins>) -> FailedLogins {
        match stored {
            None => FailedLogins { stored: 0 },
            Some(logins) => FailedLogins {
                stored: logins.stored.saturating_add(1),
            },
        }
    }

    /// The bytes that PHP would store: nothing for 0, else the number.
    pub fn encode(&self) -> Vec<u8> {
        match self.stored {
            0 => Vec::new(),
            number => number.to_string().into_bytes(),
        }
    }

    /// Whether PHP calls the account locked. A limit of 0 switches the lockout off.
    pub fn is_locked(&self, limit: u64) -> bool {
        limit > 0 && self.stored >= limit
    }
}
