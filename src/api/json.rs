//! JSON, cut into parts that are still text.
//!
//! One bad record must not sink its batch, so nothing is understood before it is asked for: an object is
//! its members, an array its elements, each borrowed from the body.

use super::scan::{equal, run_length};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The deepest nesting that is looked at; PHP's own limit.
const MAX_DEPTH: usize = 512;

/// The text of a body: as UTF-8, or where it is none, taken as ISO-8859-1 (legacy PHP).
pub fn text_of(body: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(body.iter().map(|b| char::from(*b)).collect()),
    }
}

/// A JSON value, told by its kind, its parts still text.
#[derive(Debug)]
pub enum Shape<'j> {
    /// An object's members in their order, each name once.
    Object(Members<'j>),
    /// An array; its elements are for [`elements`] to go through.
    Array,
    /// A string, unescaped.
    Text(String),
    /// `null`.
    Null,
    /// A number or a boolean, as written.
    Scalar(&'j str),
}

/// Reads `text` as one JSON value; nothing when it is none, or nested without measure.
pub fn shape(text: &str) -> Option<Shape<'_>> {
    if too_deep(text) {
        return None;
    }
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    shape_of(raw)
}

/// The same of a part of a value that was read before.
pub fn shape_of(raw: &RawValue) -> Option<Shape<'_>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'{' => serde_json::from_str(text).ok().map(Shape::Object),
        b'[' => Some(Shape::Array),
        b'"' => serde_json::from_str(text).ok().map(Shape::Text),
        b'n' => Some(Shape::Null),
        _ => Some(Shape::Scalar(text)),
    }
}

/// Whether `text` is an array, if it is JSON at all: that is for [`elements`] to find out.
pub fn begins_array(text: &str) -> bool {
    text.trim_ascii_start().starts_with('[')
}

/// Calls `visit` with each element of the array that `text` is, without gathering them; false when it
/// is no array, or not to its end, or nested without measure.
pub fn elements(text: &str, visit: impl FnMut(&RawValue)) -> bool {
    if too_deep(text) {
        return false;
    }
    struct Elements<F>(F);
    impl<'de, F: FnMut(&RawValue)> Visitor<'de> for Elements<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
            while let Some(element) = array.next_element::<&'de RawValue>()? {
                (self.0)(element);
            }
            Ok(())
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_seq(Elements(visit))
        .and_then(|()| json.end())
        .is_ok()
}

/// An object's members, borrowed from the text.
#[derive(Debug, Default)]
pub struct Members<'j>(Vec<(Cow<'j, str>, &'j RawValue)>);

impl<'j> Members<'j> {
    /// The value of the member of that name.
    pub fn get(&self, name: &str) -> Option<&'j RawValue> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// Whether a name stands twice: the sender meant one of the two values, and nobody knows which.
    fn has_twins(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// All values, in their order.
    pub fn values(&self) -> impl Iterator<Item = &'j RawValue> {
        self.0.iter().map(|(_, value)| *value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Members<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(members)
            }
        }
        let members = Members(deserializer.deserialize_map(MembersVisitor)?);
        match members.has_twins() {
            true => Err(serde::de::Error::custom("a member stands twice")),
            false => Ok(members),
        }
    }
}

/// A member's name, borrowed when it has no escapes.
struct Key<'j>(Cow<'j, str>);

impl<'de: 'j, 'j> Deserialize<'de> for Key<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(key))
            }
            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(key.to_owned()))
            }
        }
        deserializer.deserialize_str(KeyVisitor).map(Key)
    }
}

fn too_deep(text: &str) -> bool {
    let (bytes, mut at, mut depth) = (text.as_bytes(), 0, 0usize);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at += string_length(&bytes[at..]),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The length of a string whose opening quote is passed, its closing quote included.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += run_length(rest, |word| equal(word, b'"') | equal(word, b'\\'));
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(_) => return at + 1,
            None => return bytes.len(),
        }
    }
}
