//! The grammar of JSON (RFC 8259), gone through once and without going back.
//!
//! What is nothing here (`None`) is no JSON, or nested deeper than is looked at; the text is then given up.

use super::{FEW, Members, Shape, Value};
use crate::api::scan::{control_or, run_length};
use std::borrow::Cow;

/// Room for a string in which something is escaped, before its end is known: that of most payloads.
const USUAL_TEXT: usize = 512;

/// A place in a text, up to which it is JSON.
pub(super) struct Reader<'j> {
    text: &'j str,
    at: usize,
}

impl<'j> Reader<'j> {
    pub(super) fn new(text: &'j str) -> Self {
        Reader { text, at: 0 }
    }

    /// Whether nothing but space is left.
    pub(super) fn ends(&mut self) -> bool {
        self.skip_space();
        self.at == self.text.len()
    }

    /// A value with at most `depth` objects and arrays in one another, and what it is, if that can be told.
    pub(super) fn shape(&mut self, depth: usize) -> Option<Option<Shape<'j>>> {
        self.skip_space();
        Some(match self.peek()? {
            b'{' => self.members(depth.checked_sub(1)?)?.map(Shape::Object),
            _ => match self.value(depth)? {
                Value::Text(text) => Some(Shape::Text(text)),
                Value::Null => Some(Shape::Null),
                Value::Scalar(text) => Some(Shape::Scalar(text)),
                Value::Nested => Some(Shape::Array),
                Value::Half => None,
            },
        })
    }

    /// The members of an object; nothing inside if a name stands twice or is no text.
    fn members(&mut self, depth: usize) -> Option<Option<Members<'j>>> {
        let mut members = Members(Vec::with_capacity(FEW));
        let mut are_named = true;
        self.list(b'{', b'}', |reader| {
            match reader.member(depth)? {
                (Value::Text(name), value) => members.0.push((name, value)),
                _ => are_named = false,
            }
            Some(())
        })?;
        Some((are_named && !members.has_twins()).then_some(members))
    }

    /// An array, whose elements `element` reads.
    pub(super) fn array(&mut self, element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.list(b'[', b']', element)
    }

    /// What stands between `open` and `close`, with commas between the items.
    fn list(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.expect(open)?;
        if self.expect(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            if self.expect(b',').is_none() {
                return self.expect(close);
            }
        }
    }

    /// A member's name, which is text or [`Value::Half`], and its value.
    fn member(&mut self, depth: usize) -> Option<(Value<'j>, Value<'j>)> {
        self.expect(b'"')?;
        let name = self.string()?;
        self.expect(b':')?;
        Some((name, self.value(depth)?))
    }

    fn value(&mut self, depth: usize) -> Option<Value<'j>> {
        self.skip_space();
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.string()
            }
            b'{' => {
                let inside = depth.checked_sub(1)?;
                self.list(b'{', b'}', |reader| reader.member(inside).map(drop))?;
                Some(Value::Nested)
            }
            b'[' => {
                let inside = depth.checked_sub(1)?;
                self.array(|reader| reader.value(inside).map(drop))?;
                Some(Value::Nested)
            }
            b'n' => self.word("null").map(|_| Value::Null),
            b't' => self.word("true").map(Value::Scalar),
            b'f' => self.word("false").map(Value::Scalar),
            _ => self.number().map(Value::Scalar),
        }
    }

    /// A string whose opening quotation mark is passed.
    fn string(&mut self) -> Option<Value<'j>> {
        let start = self.at;
        self.skip_plain();
        match self.next()? {
            b'"' => {
                let text = self.text.get(start..self.at - 1)?;
                Some(Value::Text(Cow::Borrowed(text)))
            }
            b'\\' => self.escaped(start),
            _ => None,
        }
    }

    /// The string that begins at `start`, and whose first backslash is passed.
    fn escaped(&mut self, start: usize) -> Option<Value<'j>> {
        let mut text = String::with_capacity(USUAL_TEXT.min(self.text.len() - start));
        let mut run = start;
        loop {
            text.push_str(self.text.get(run..self.at - 1)?);
            run = self.at + 1;
            match self.next()? {
                // Such a character is the first one of the next run.
                b'"' | b'\\' | b'/' => run = self.at - 1,
                b'n' => text.push('\n'),
                b'r' => text.push('\r'),
                b't' => text.push('\t'),
                b'b' => text.push('\u{8}'),
                b'f' => text.push('\u{c}'),
                b'u' => return self.with_units(start),
                _ => return None,
            }
            self.skip_plain();
            match self.next()? {
                b'"' => break,
                b'\\' => {}
                _ => return None,
            }
        }
        text.push_str(self.text.get(run..self.at - 1)?);
        // Many short ones must not take many times their size.
        if text.capacity() / 2 > text.len() {
            text.shrink_to_fit();
        }
        Some(Value::Text(Cow::Owned(text)))
    }

    /// The string that begins at `start`, and in which the first `\u` is passed: numbers of UTF-16, of which
    /// two may make one character. They are rare in what is sent, and left to the library.
    fn with_units(&mut self, start: usize) -> Option<Value<'j>> {
        self.unit()?;
        loop {
            self.skip_plain();
            match (self.next()?, self.peek()) {
                (b'"', _) => break,
                (b'\\', Some(b'u')) => {
                    self.at += 1;
                    self.unit()?;
                }
                (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => {
                    self.at += 1;
                }
                _ => return None,
            }
        }
        let json = self.text.get(start.checked_sub(1)?..self.at)?;
        Some(match serde_json::from_str(json) {
            Ok(text) => Value::Text(Cow::Owned(text)),
            Err(_) => Value::Half,
        })
    }

    /// The four digits behind `\u`.
    fn unit(&mut self) -> Option<()> {
        let digits = self.rest().get(..4)?;
        self.at += 4;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(())
    }

    fn number(&mut self) -> Option<&'j str> {
        let start = self.at;
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        self.text.get(start..self.at)
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let count = self.rest().iter().take_while(is_digit).count();
        self.at += count;
        (count > 0).then_some(())
    }

    fn word(&mut self, word: &'static str) -> Option<&'static str> {
        let stands = self.rest().starts_with(word.as_bytes());
        self.at += word.len();
        stands.then_some(word)
    }

    /// Passes this character, with space before it; nothing if another one stands there.
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        self.skip(byte).then_some(())
    }

    fn skip(&mut self, byte: u8) -> bool {
        let stands = self.peek() == Some(byte);
        self.at += usize::from(stands);
        stands
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes what stands for itself in a string.
    fn skip_plain(&mut self) {
        self.at += run_length(self.rest(), |word| control_or(word, [b'"', b'\\']));
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn rest(&self) -> &'j [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}
