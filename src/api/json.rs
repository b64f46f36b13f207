//! JSON, cut into parts that are still text.
//!
//! One bad record must not sink its batch, so nothing is understood before it is asked for: an object is
//! its members, an array its elements, each borrowed from the body.

use super::scan::{equal, run_length};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

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

/// A JSON value, told by its kind, its parts still text.
#[derive(Debug)]
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

/// Reads `text` as one JSON value; nothing when it is none, or nested without measure.
pub fn shape(text: &str) -> Option<Shape<'_>> {
    if is_deeper(text, MAX_DEPTH) {
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
        b'"' => unescaped(text).map(Shape::Text),
        b'n' => Some(Shape::Null),
        _ => Some(Shape::Scalar(text)),
    }
}

/// The text of a string that was found to be JSON; nothing when there is half of a surrogate pair in it.
fn unescaped(json: &str) -> Option<Cow<'_, str>> {
    let to_escape = |text: &str| run_length(text.as_bytes(), |word| equal(word, b'\\'));
    let inside = json.get(1..json.len().checked_sub(1)?)?;
    let (mut plain, mut rest) = inside.split_at(to_escape(inside));
    if rest.is_empty() {
        return Some(Cow::Borrowed(inside));
    }
    let mut text = String::with_capacity(inside.len());
    loop {
        text.push_str(plain);
        if rest.is_empty() {
            return Some(Cow::Owned(text));
        }
        text.push(match rest.as_bytes().get(1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            // Numbers of UTF-16, of which two may make one character: rare in what is sent.
            _ => return serde_json::from_str(json).ok().map(Cow::Owned),
        });
        rest = rest.get(2..)?;
        (plain, rest) = rest.split_at(to_escape(rest));
    }
}

/// Whether `text` is an array, if it is JSON at all: that is for [`elements`] to find out.
pub fn begins_array(text: &str) -> bool {
    text.trim_ascii_start().starts_with('[')
}

/// Calls `visit` with each element of the array that `text` is, as [`shape_of`] tells it, without
/// gathering them; false when it is no array, or not to its end, or nested without measure. Then, some
/// were visited.
pub fn elements<'j>(text: &'j str, mut visit: impl FnMut(Option<Shape<'j>>)) -> bool {
    let ends = |rest: &str| skip_space(rest).is_empty();
    let Some(mut rest) = skip_space(text).strip_prefix('[') else {
        return false;
    };
    if let Some(end) = skip_space(rest).strip_prefix(']') {
        return ends(end);
    }
    loop {
        let Some((element, behind)) = first_element(rest) else {
            return false;
        };
        visit(element);
        rest = skip_space(behind);
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return rest.strip_prefix(']').is_some_and(ends),
        }
    }
}

/// An element of an array, with the text behind it.
fn first_element(text: &str) -> Option<(Option<Shape<'_>>, &str)> {
    let text = skip_space(text);
    // Nearly all are objects. They are cut into their members at once, as far as they let themselves.
    if text.starts_with('{')
        && let Some((members, rest)) = first_value::<Members<'_>>(text)
    {
        let fits = |value: &RawValue| !is_deeper(value.get(), MAX_DEPTH - 2);
        let fit = members
            .values()
            .all(|value| is_scalar(value) || fits(value));
        return fit.then_some((Some(Shape::Object(members)), rest));
    }
    let (raw, rest) = first_value::<&RawValue>(text)?;
    (!is_deeper(raw.get(), MAX_DEPTH - 1)).then(|| (shape_of(raw), rest))
}

/// The value that `text` begins with, and the text behind it.
fn first_value<'j, T: Deserialize<'j>>(text: &'j str) -> Option<(T, &'j str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, text.get(values.byte_offset()..)?))
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches([' ', '\n', '\r', '\t'])
}

/// Whether a value has no parts.
pub fn is_scalar(value: &RawValue) -> bool {
    !value.get().starts_with(['{', '['])
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
                let mut members = Vec::with_capacity(FEW);
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

/// Whether `text`, if it is JSON, has objects and arrays more than `most` deep.
fn is_deeper(text: &str, most: usize) -> bool {
    let (bytes, mut at, mut depth) = (text.as_bytes(), 0, 0usize);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at += string_length(&bytes[at..]),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`elements`] told of each element, by a way of its own; nothing where it told to fail.
    fn seen(text: &str) -> Option<Vec<String>> {
        let mut seen = Vec::new();
        elements(text, |shape| seen.push(format!("{shape:?}"))).then_some(seen)
    }

    fn expected(text: &str) -> Option<Vec<String>> {
        let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        let shapes = elements.into_iter().map(shape_of);
        Some(shapes.map(|shape| format!("{shape:?}")).collect())
    }

    #[test]
    fn the_elements_of_an_array_are_those_that_the_library_finds() {
        let texts = [
            r#" [ {"id":"a\"b","payload":"{\"x\":[1,2]}"} , {"a":1,"a":2}, {"n":[[],{}]}, {} ] "#,
            r#"["\ud800", {"k":"\ud83d\ude00"}, {"\udc00":1}, "x\/y\\", null, true,-1.5e3,[1],0]"#,
            "[]",
            "\u{c}[1]",
            "[{\"é\":\"日\"}]",
        ];
        for text in texts {
            assert_eq!(seen(text), expected(text), "{text}");
            let places = text.char_indices().map(|(at, _)| at);
            for at in places {
                let (before, behind) = text.split_at(at);
                let rest = &behind[behind.chars().next().map_or(0, char::len_utf8)..];
                for put in [
                    "", ",", "]", "[", "{", "}", "\"", "\\", " ", "\n", ":", "1", "é", "\u{1}",
                ] {
                    let changed = format!("{before}{put}{rest}");
                    assert_eq!(seen(&changed), expected(&changed), "{changed}");
                }
            }
        }
    }

    #[test]
    fn strings_are_unescaped_as_the_library_does() {
        let parts = [
            "a",
            "\\\"",
            "\\\\",
            "\\/",
            "\\n",
            "\\r",
            "\\t",
            "\\b",
            "\\f",
            "\\u00e9",
            "\\ud83d\\ude00",
            "\\ud83d",
            "日",
            "nothing to escape",
        ];
        for first in parts {
            for second in parts {
                for third in parts {
                    let json = format!("\"{first}{second}{third}\"");
                    let expected: Option<String> = serde_json::from_str(&json).ok();
                    assert_eq!(unescaped(&json).as_deref(), expected.as_deref(), "{json}");
                }
            }
        }
        assert_eq!(unescaped("\"\"").as_deref(), Some(""));
    }

    #[test]
    fn what_is_nested_without_measure_is_no_list_of_records() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            [
                format!("[{open}{close}]"),
                format!("[{{\"a\":{open}{close}}}]"),
                format!("[{{\"a\":{{\"b\":{open}{close}}}}}]"),
            ]
        };
        let read = |texts: [String; 3]| texts.map(|text| seen(&text).is_some());
        assert_eq!(read(nested(MAX_DEPTH - 3)), [true, true, true]);
        assert_eq!(read(nested(MAX_DEPTH - 2)), [true, true, false]);
        assert_eq!(read(nested(MAX_DEPTH - 1)), [true, false, false]);
        assert_eq!(read(nested(MAX_DEPTH)), [false, false, false]);
    }
}
