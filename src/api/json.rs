//! JSON, as far as a body of the API goes: an array of objects of members that have no parts.
//!
//! One bad record must not sink its batch, so an element of an array is told apart from the array. Text is gone
//! through once (`reader`), and strings are borrowed from it where nothing in them is escaped.

mod reader;

use reader::Reader;
use std::borrow::Cow;

/// The deepest nesting that is looked at; PHP's own limit.
const MAX_DEPTH: usize = 512;

/// A record has no more members. So many are quicker compared one by one than sorted.
const FEW: usize = 10;

/// The text of a body: as UTF-8, or where it is none, taken as ISO-8859-1 (legacy PHP).
pub fn text_of(body: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(body.iter().map(|b| char::from(*b)).collect()),
    }
}

/// A JSON value, told by its kind.
#[derive(Debug, PartialEq)]
pub enum Shape<'j> {
    /// An object's members in their order, each name once.
    Object(Members<'j>),
    /// An array; its elements are for [`elements`] to go through.
    Array,
    /// A string, unescaped.
    Text(Cow<'j, str>),
    /// `null`.
    Null,
    /// A number or a boolean, as written.
    Scalar(&'j str),
}

/// The value of a member.
#[derive(Debug, PartialEq)]
pub enum Value<'j> {
    /// A string, unescaped.
    Text(Cow<'j, str>),
    /// A string with half of a surrogate pair in it: no text that could be stored or sent back.
    Half,
    /// `null`.
    Null,
    /// A number or a boolean, as written.
    Scalar(&'j str),
    /// An object or an array, whose parts nobody asks for.
    Nested,
}

/// Reads `text` as one JSON value; nothing when it is none or can't be told, or is nested without measure.
pub fn shape(text: &str) -> Option<Shape<'_>> {
    let mut reader = Reader::new(text);
    let shape = reader.shape(MAX_DEPTH)?;
    reader.ends().then_some(shape).flatten()
}

/// Whether `text` is an array, if it is JSON at all: that is for [`elements`] to find out.
pub fn begins_array(text: &str) -> bool {
    text.trim_ascii_start().starts_with('[')
}

/// Calls `visit` with each element of the array that `text` is, without gathering them, and with nothing
/// where one can't be told: it has half of a surrogate pair or a member twice. False when `text` is no array, or
/// not to its end, or nested without measure. Then, some were visited.
pub fn elements<'j>(text: &'j str, mut visit: impl FnMut(Option<Shape<'j>>)) -> bool {
    let mut reader = Reader::new(text);
    let read = reader.array(|reader| {
        visit(reader.shape(MAX_DEPTH - 1)?);
        Some(())
    });
    read.is_some() && reader.ends()
}

/// An object's members, borrowed from the text where nothing is escaped.
#[derive(Debug, Default, PartialEq)]
pub struct Members<'j>(Vec<(Cow<'j, str>, Value<'j>)>);

impl<'j> Members<'j> {
    /// The value of the member of that name.
    pub fn get(&self, name: &str) -> Option<&Value<'j>> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The value of the member of that name, which is no member afterwards.
    pub fn take(&mut self, name: &str) -> Option<Value<'j>> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Whether a name stands twice: the sender meant one of the two values, and nobody knows which.
    fn has_twins(&self) -> bool {
        if self.0.len() <= FEW {
            let is_twin = |(at, (name, _)): (usize, &(Cow<'_, str>, _))| {
                self.0.iter().take(at).any(|(other, _)| other == name)
            };
            return self.0.iter().enumerate().any(is_twin);
        }
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// Whether some value has parts.
    pub fn has_nested(&self) -> bool {
        self.0.iter().any(|(_, value)| *value == Value::Nested)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
