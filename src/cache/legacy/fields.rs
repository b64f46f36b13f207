//! Numbers and strings inside cached values: PHP is careless about their types, so one meaning
//! has several forms.

use std::fmt;

use crate::cache::php_value::{PhpError, PhpKey, PhpLimits, PhpValue, decode};

/// Largest whole number up to which every whole number is a double: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Why cached bytes are not the value that they should be. A caller treats it as a miss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegacyError {
    /// Not PHP's `serialize()` format.
    Php(PhpError),
    /// A PHP value of another shape; names the part that is wrong.
    Shape(&'static str),
}

impl fmt::Display for LegacyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LegacyError::Php(error) => write!(f, "cached value: {error}"),
            LegacyError::Shape(part) => write!(f, "cached value: {part}"),
        }
    }
}

impl std::error::Error for LegacyError {}

/// The PHP type that a time has in the cache. It does not change the meaning, but an entry that is
/// not touched keeps it, as it does when PHP rewrites the array around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeForm {
    /// `d:179545978367;`, after a write or delete: PHP computes times in floating point.
    Double,
    /// `s:12:"179545978383";`, after a rebuild from the database: PHP gets columns as strings.
    Text,
    /// `i:179545978383;`; legacy PHP writes none, other drivers' rows have it.
    Int,
}

/// A time in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyTime {
    /// Centiseconds since 1970, never negative.
    pub centiseconds: i64,
    /// The PHP type it was read as, or will be written as.
    pub form: TimeForm,
}

impl LegacyTime {
    /// The time of a write or delete, as PHP stores it then.
    pub fn written(centiseconds: i64) -> LegacyTime {
        LegacyTime {
            centiseconds,
            form: TimeForm::Double,
        }
    }

    /// A time from the database, as PHP stores it when it rebuilds an entry.
    pub fn rebuilt(centiseconds: i64) -> LegacyTime {
        LegacyTime {
            centiseconds,
            form: TimeForm::Text,
        }
    }

    pub(super) fn to_php(self) -> PhpValue {
        match self.form {
            TimeForm::Double => PhpValue::Double(self.centiseconds as f64),
            TimeForm::Text => PhpValue::Str(self.centiseconds.to_string().into_bytes()),
            TimeForm::Int => PhpValue::Int(self.centiseconds),
        }
    }

    /// Reads any of the three forms. A part of a centisecond, which floating point may leave, is
    /// rounded as MySQL rounds it for the `bigint` column.
    pub(super) fn from_php(value: &PhpValue) -> Result<LegacyTime, LegacyError> {
        let form = match value {
            PhpValue::Double(_) => TimeForm::Double,
            PhpValue::Str(_) => TimeForm::Text,
            PhpValue::Int(_) => TimeForm::Int,
            _ => return Err(LegacyError::Shape("a time is neither number nor string")),
        };
        match whole_number(value) {
            Some(centiseconds) if centiseconds >= 0 => Ok(LegacyTime { centiseconds, form }),
            _ => Err(LegacyError::Shape(
                "a time is no whole number of centiseconds",
            )),
        }
    }
}

/// The whole number that an integer, a double or a decimal string stands for. `None` for what is
/// no number, not finite, or too large to be exact.
pub(super) fn whole_number(value: &PhpValue) -> Option<i64> {
    match value {
        PhpValue::Int(number) => Some(*number),
        PhpValue::Double(number) => exact(*number),
        PhpValue::Str(text) => {
            let text = std::str::from_utf8(text).ok()?;
            let plausible = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
            if !text.bytes().all(plausible) {
                return None;
            }
            text.parse().ok().or_else(|| exact(text.parse().ok()?))
        }
        PhpValue::Null | PhpValue::Bool(_) | PhpValue::Array(_) => None,
    }
}

fn exact(number: f64) -> Option<i64> {
    let rounded = number.round();
    (rounded.abs() <= EXACT).then_some(rounded as i64)
}

/// Reads an array from cached bytes.
pub(super) fn read_array(bytes: &[u8]) -> Result<Vec<(PhpKey, PhpValue)>, LegacyError> {
    match decode(bytes, &PhpLimits::default()) {
        Ok(PhpValue::Array(elements)) => Ok(elements),
        Ok(_) => Err(LegacyError::Shape("not an array")),
        Err(error) => Err(LegacyError::Php(error)),
    }
}

/// The elements 0 and 1 of a small array, in whatever order they come.
pub(super) fn pair(value: PhpValue) -> Result<(Option<PhpValue>, Option<PhpValue>), LegacyError> {
    let PhpValue::Array(elements) = value else {
        return Err(LegacyError::Shape("an entry is no array"));
    };
    let (mut first, mut second) = (None, None);
    for (key, element) in elements {
        match key {
            PhpKey::Int(0) => first = Some(element),
            PhpKey::Int(1) => second = Some(element),
            _ => return Err(LegacyError::Shape("an entry has an unknown element")),
        }
    }
    Ok((first, second))
}

/// A key as the name that it came from. PHP turns numeric names into integers.
pub(super) fn name_of(key: PhpKey) -> Result<String, LegacyError> {
    String::from_utf8(key.to_bytes()).map_err(|_| LegacyError::Shape("a name is not UTF-8"))
}
