//! The part of PHP's `serialize()` format that data can have: null, booleans, integers, doubles,
//! byte strings and arrays.
//!
//! Legacy PHP keeps its cached values in this format, so what is written here must be, byte for
//! byte, what PHP writes, and whatever PHP accepts must be read here. Objects and references are
//! refused: nothing of ours contains them, and they are how a poisoned cache attacks PHP. The
//! input is a shared cache's, so it is not trusted: size, depth and number of elements are bounded
//! and no allocation follows a number that the input merely claims.

mod decode;
mod encode;

pub use decode::{PhpError, PhpErrorKind, PhpLimits, decode};
pub use encode::encode;

/// A value as PHP has it. Strings are bytes: PHP knows no encoding.
///
/// Equality is that of the parts, so a NaN differs from itself.
#[derive(Debug, Clone, PartialEq)]
pub enum PhpValue {
    /// `N;`
    Null,
    /// `b:0;`, `b:1;`
    Bool(bool),
    /// `i:42;`, 64 bits as on every PHP of a 64-bit host.
    Int(i64),
    /// `d:0.1;`
    Double(f64),
    /// `s:3:"abc";`, the length in bytes.
    Str(Vec<u8>),
    /// `a:1:{i:0;N;}`, in PHP's order, which is that of first insertion.
    Array(Vec<(PhpKey, PhpValue)>),
}

/// The key of an array element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PhpKey {
    /// An integer key, or a string that PHP turned into one.
    Int(i64),
    /// Any other string.
    Str(Vec<u8>),
}

impl PhpKey {
    /// The key that PHP uses for `$array[$text]`: a string that is the canonical decimal form of
    /// a 64-bit integer becomes that integer (`"12"`, `"-7"`), every other stays a string
    /// (`"012"`, `"+1"`, `"-0"`, `"1.5"`, `" 1"`, what is too large).
    pub fn from_bytes(text: &[u8]) -> PhpKey {
        match canonical_integer(text) {
            Some(number) => PhpKey::Int(number),
            None => PhpKey::Str(text.to_vec()),
        }
    }

    /// The key as the text that it came from; the opposite of [`PhpKey::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            PhpKey::Int(number) => number.to_string().into_bytes(),
            PhpKey::Str(text) => text.clone(),
        }
    }
}

impl From<&str> for PhpKey {
    fn from(text: &str) -> PhpKey {
        PhpKey::from_bytes(text.as_bytes())
    }
}

impl From<&str> for PhpValue {
    fn from(text: &str) -> PhpValue {
        PhpValue::Str(text.as_bytes().to_vec())
    }
}

fn canonical_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        b"0" => text.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical || text.len() > 20 {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
pub(crate) mod tests;
