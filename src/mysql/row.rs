//! Reading the columns of a row without the driver's conversions, which panic on a surprise.

use super::fault::Fault;
use mysql::{Row, Value};
use std::borrow::Cow;

/// Which column has this name, if one has.
pub(crate) fn named(row: &Row, name: &str) -> Option<usize> {
    let columns = row.columns_ref();
    columns
        .iter()
        .position(|column| column.name_ref() == name.as_bytes())
}

/// The number in a column, if there is one.
pub(crate) fn number(row: &Row, column: usize) -> Result<Option<i64>, Fault> {
    match row.as_ref(column) {
        Some(Value::NULL) => Ok(None),
        Some(Value::Int(number)) => Ok(Some(*number)),
        Some(Value::UInt(number)) => Ok(Some(i64::try_from(*number).unwrap_or(i64::MAX))),
        other => Err(Fault::Broken(format!(
            "column {column} of an answer should be a number: {}",
            kind(other)
        ))),
    }
}

/// The number in a column that always has one.
pub(crate) fn certain(row: &Row, column: usize) -> Result<i64, Fault> {
    number(row, column)?.ok_or_else(|| Fault::broken("a number is missing in an answer"))
}

/// The text in a column, if there is one. Bytes that are no UTF-8 become replacement characters:
/// one such record must not hide all others.
pub(crate) fn text(row: &Row, column: usize) -> Option<Cow<'_, str>> {
    match row.as_ref(column) {
        // The check is much quicker than the repair, and nearly always all that is needed.
        Some(Value::Bytes(bytes)) => Some(match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        }),
        _ => None,
    }
}

/// The bytes in a column, if there are any.
pub(crate) fn bytes(row: &Row, column: usize) -> Option<&[u8]> {
    match row.as_ref(column) {
        Some(Value::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "it is missing",
        Some(Value::Bytes(_)) => "it is text",
        Some(Value::Float(_) | Value::Double(_)) => "it is a fraction",
        Some(_) => "it is a date",
    }
}
