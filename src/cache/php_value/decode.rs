//! Reading PHP's `serialize()` format as PHP's `unserialize()` does, less what is refused.
//!
//! The grammar is PHP 8's: a sign may stand before integers and doubles but not before lengths,
//! doubles may be `1.`, `.5`, `1e5`, `INF`, `-INF` and `NAN`, a later array element of the same
//! key replaces the value and keeps the place of the former. Stricter than PHP: nothing may follow
//! the value, and an integer beyond 64 bits is an error where PHP clamps it.

use std::collections::HashMap;
use std::fmt;

use super::{PhpKey, PhpValue};

/// Nesting that [`decode`] follows whatever the limits say, so that no limit can be set so high
/// that the stack ends first.
const DEEPEST: usize = 64;

/// The shortest array element is `i:0;N;`. An array that claims more elements than the rest of
/// the input can hold is refused before anything is allocated.
const SHORTEST_ELEMENT: usize = 6;

/// How much of a value is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhpLimits {
    /// Length of the whole input in bytes.
    pub bytes: usize,
    /// Arrays within arrays; 0 allows no array. Values over 64 count as 64.
    pub depth: usize,
    /// Array elements, all arrays together.
    pub elements: usize,
}

impl Default for PhpLimits {
    /// Room for every value that legacy PHP caches: memcached's own limit is 1 MiB unless raised,
    /// and the values nest twice.
    fn default() -> PhpLimits {
        PhpLimits {
            bytes: 16 << 20,
            depth: 8,
            elements: 200_000,
        }
    }
}

/// Why a text is no value, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhpError {
    /// Offset into the input, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: PhpErrorKind,
}

/// What [`decode`] found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhpErrorKind {
    /// The input is longer than [`PhpLimits::bytes`].
    TooLong,
    /// Arrays nest deeper than [`PhpLimits::depth`].
    TooDeep,
    /// More array elements than [`PhpLimits::elements`].
    TooManyElements,
    /// The input ends within the value, or a length reaches beyond its end.
    Truncated,
    /// Another byte was needed here.
    Expected(&'static str),
    /// An integer or length that does not fit its type.
    OutOfRange,
    /// An object, enumeration or serialized class (`O`, `C`, `E`), refused on purpose.
    Object,
    /// A reference to another part of the value (`r`, `R`), refused on purpose.
    Reference,
    /// A letter that begins no value.
    UnknownType(u8),
    /// Bytes after the end of the value.
    Trailing,
}

impl fmt::Display for PhpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PhpErrorKind::TooLong => write!(f, "the value is too long")?,
            PhpErrorKind::TooDeep => write!(f, "arrays are nested too deep")?,
            PhpErrorKind::TooManyElements => write!(f, "too many array elements")?,
            PhpErrorKind::Truncated => write!(f, "the value ends too early")?,
            PhpErrorKind::Expected(what) => write!(f, "expected {what}")?,
            PhpErrorKind::OutOfRange => write!(f, "number out of range")?,
            PhpErrorKind::Object => write!(f, "objects are not accepted")?,
            PhpErrorKind::Reference => write!(f, "references are not accepted")?,
            PhpErrorKind::UnknownType(letter) => {
                write!(f, "unknown type '{}'", letter.escape_ascii())?;
            }
            PhpErrorKind::Trailing => write!(f, "bytes after the end of the value")?,
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl std::error::Error for PhpError {}

/// Reads one value that fills the whole input.
///
/// # Errors
/// Anything that is no value, that passes a limit, or that is refused on purpose.
pub fn decode(input: &[u8], limits: &PhpLimits) -> Result<PhpValue, PhpError> {
    if input.len() > limits.bytes {
        return Err(PhpError {
            offset: limits.bytes,
            kind: PhpErrorKind::TooLong,
        });
    }
    let mut reader = Reader {
        input,
        at: 0,
        elements_left: limits.elements,
    };
    let value = reader.value(limits.depth.min(DEEPEST))?;
    if reader.at < input.len() {
        return reader.fail(PhpErrorKind::Trailing);
    }
    Ok(value)
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    elements_left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth_left: usize) -> Result<PhpValue, PhpError> {
        let start = self.at;
        let kind = self.byte()?;
        match kind {
            b'N' => {
                self.literal(b";", "';'")?;
                Ok(PhpValue::Null)
            }
            b'b' => self.boolean(),
            b'i' => Ok(PhpValue::Int(self.integer()?)),
            b'd' => self.double(),
            b's' => Ok(PhpValue::Str(self.string()?)),
            b'a' => self.array(depth_left),
            _ => {
                self.at = start;
                self.fail(match kind {
                    b'O' | b'o' | b'C' | b'E' => PhpErrorKind::Object,
                    b'r' | b'R' => PhpErrorKind::Reference,
                    other => PhpErrorKind::UnknownType(other),
                })
            }
        }
    }

    fn boolean(&mut self) -> Result<PhpValue, PhpError> {
        self.literal(b":", "':'")?;
        let truth = match self.peek()? {
            b'0' => false,
            b'1' => true,
            _ => return self.fail(PhpErrorKind::Expected("0 or 1")),
        };
        self.at += 1;
        self.literal(b";", "';'")?;
        Ok(PhpValue::Bool(truth))
    }

    /// `:` number `;`, after the `i`.
    fn integer(&mut self) -> Result<i64, PhpError> {
        self.literal(b":", "':'")?;
        let start = self.at;
        let text = self.until_semicolon()?;
        let digits = text
            .strip_prefix('-')
            .or(text.strip_prefix('+'))
            .unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return fail_at(start, PhpErrorKind::Expected("an integer"));
        }
        match text.parse() {
            Ok(number) => Ok(number),
            Err(_) => fail_at(start, PhpErrorKind::OutOfRange),
        }
    }

    /// `:` number `;`, after the `d`.
    fn double(&mut self) -> Result<PhpValue, PhpError> {
        self.literal(b":", "':'")?;
        let start = self.at;
        let text = self.until_semicolon()?;
        let number = match text {
            "NAN" => f64::NAN,
            "INF" => f64::INFINITY,
            "-INF" => f64::NEG_INFINITY,
            // Rust reads "inf", "nan" and "infinity" in any case; PHP does not.
            _ if text
                .bytes()
                .any(|byte| byte.is_ascii_alphabetic() && !b"eE".contains(&byte)) =>
            {
                return fail_at(start, PhpErrorKind::Expected("a double"));
            }
            _ => match text.parse() {
                Ok(number) => number,
                Err(_) => return fail_at(start, PhpErrorKind::Expected("a double")),
            },
        };
        Ok(PhpValue::Double(number))
    }

    /// `:` length `:"` bytes `";`, after the `s`.
    fn string(&mut self) -> Result<Vec<u8>, PhpError> {
        let length = self.length()?;
        self.literal(b"\"", "'\"'")?;
        let rest = self.input.get(self.at..).unwrap_or_default();
        let Some(text) = rest.get(..length) else {
            return self.fail(PhpErrorKind::Truncated);
        };
        self.at += length;
        self.literal(b"\";", "'\";' at the end of the string")?;
        Ok(text.to_vec())
    }

    /// `:` count `:{` key value … `}`, after the `a`.
    fn array(&mut self, depth_left: usize) -> Result<PhpValue, PhpError> {
        let start = self.at;
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return fail_at(start, PhpErrorKind::TooDeep);
        };
        let count = self.length()?;
        self.literal(b"{", "'{'")?;
        if count > self.elements_left {
            return fail_at(start, PhpErrorKind::TooManyElements);
        }
        if count > (self.input.len() - self.at) / SHORTEST_ELEMENT {
            return fail_at(start, PhpErrorKind::Truncated);
        }
        self.elements_left -= count;

        let mut elements: Vec<(PhpKey, PhpValue)> = Vec::with_capacity(count);
        let mut places: HashMap<PhpKey, usize> = HashMap::with_capacity(count);
        for _ in 0..count {
            let key = self.key()?;
            let value = self.value(depth_left)?;
            match places.get(&key) {
                Some(&place) => elements[place].1 = value,
                None => {
                    places.insert(key.clone(), elements.len());
                    elements.push((key, value));
                }
            }
        }
        self.literal(b"}", "'}'")?;
        Ok(PhpValue::Array(elements))
    }

    fn key(&mut self) -> Result<PhpKey, PhpError> {
        match self.peek()? {
            b'i' => {
                self.at += 1;
                Ok(PhpKey::Int(self.integer()?))
            }
            b's' => {
                self.at += 1;
                Ok(PhpKey::from_bytes(&self.string()?))
            }
            _ => self.fail(PhpErrorKind::Expected("an integer or string as key")),
        }
    }

    /// `:` digits `:`, without a sign.
    fn length(&mut self) -> Result<usize, PhpError> {
        self.literal(b":", "':'")?;
        let start = self.at;
        while self.input.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.input[start..self.at]).unwrap_or_default();
        if digits.is_empty() {
            self.peek()?;
            return fail_at(start, PhpErrorKind::Expected("a length"));
        }
        let Ok(length) = digits.parse() else {
            return fail_at(start, PhpErrorKind::OutOfRange);
        };
        self.literal(b":", "':'")?;
        Ok(length)
    }

    /// The text before the next `;`, and steps over that. Numbers are short, so the search is
    /// bounded: a 300-digit double is the longest that PHP prints.
    fn until_semicolon(&mut self) -> Result<&'a str, PhpError> {
        const LONGEST: usize = 512;
        let rest = self.input.get(self.at..).unwrap_or_default();
        let window = &rest[..rest.len().min(LONGEST)];
        let Some(length) = window.iter().position(|&byte| byte == b';') else {
            return self.fail(match rest.len() > LONGEST {
                true => PhpErrorKind::Expected("';' after the number"),
                false => PhpErrorKind::Truncated,
            });
        };
        let start = self.at;
        self.at += length + 1;
        match std::str::from_utf8(&rest[..length]) {
            Ok(text) => Ok(text),
            Err(_) => fail_at(start, PhpErrorKind::Expected("a number")),
        }
    }

    fn literal(&mut self, wanted: &[u8], name: &'static str) -> Result<(), PhpError> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        if rest.starts_with(wanted) {
            self.at += wanted.len();
            return Ok(());
        }
        self.fail(match wanted.starts_with(rest) {
            true => PhpErrorKind::Truncated,
            false => PhpErrorKind::Expected(name),
        })
    }

    fn peek(&self) -> Result<u8, PhpError> {
        match self.input.get(self.at) {
            Some(&byte) => Ok(byte),
            None => self.fail(PhpErrorKind::Truncated),
        }
    }

    fn byte(&mut self) -> Result<u8, PhpError> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn fail<T>(&self, kind: PhpErrorKind) -> Result<T, PhpError> {
        fail_at(self.at, kind)
    }
}

fn fail_at<T>(offset: usize, kind: PhpErrorKind) -> Result<T, PhpError> {
    Err(PhpError { offset, kind })
}
