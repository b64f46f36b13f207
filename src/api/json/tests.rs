//! What is read is what the library reads.

use super::*;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// An object as the library reads it.
struct Pairs<'j>(Vec<(String, &'j RawValue)>);

impl<'de: 'j, 'j> Deserialize<'de> for Pairs<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(PairsVisitor).map(Pairs)
    }
}

/// What a value is, as the library reads it.
fn shape_of(raw: &RawValue) -> Option<Shape<'_>> {
    let text = raw.get();
    Some(match text.as_bytes()[0] {
        b'{' => {
            let Pairs(pairs) = serde_json::from_str(text).ok()?;
            let named = pairs.into_iter();
            let members: Vec<_> = named
                .map(|(name, raw)| (Cow::Owned(name), value_of(raw)))
                .collect();
            let names: std::collections::BTreeSet<_> =
                members.iter().map(|(name, _)| name).collect();
            let has_twins = names.len() < members.len();
            return (!has_twins).then_some(Shape::Object(Members(members)));
        }
        b'[' => Shape::Array,
        b'"' => Shape::Text(serde_json::from_str(text).ok()?),
        b'n' => Shape::Null,
        _ => Shape::Scalar(text),
    })
}

fn value_of(raw: &RawValue) -> Value<'_> {
    if raw.get().starts_with('{') {
        return Value::Nested;
    }
    match shape_of(raw) {
        Some(Shape::Text(text)) => Value::Text(text),
        Some(Shape::Null) => Value::Null,
        Some(Shape::Scalar(text)) => Value::Scalar(text),
        Some(Shape::Array | Shape::Object(_)) => Value::Nested,
        None => Value::Half,
    }
}

/// What [`elements`] told of each element; nothing where it told to fail.
fn seen(text: &str) -> Option<Vec<Option<Shape<'_>>>> {
    let mut seen = Vec::new();
    elements(text, |shape| seen.push(shape)).then_some(seen)
}

fn expected_of(text: &str) -> Option<Vec<Option<Shape<'_>>>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(elements.into_iter().map(shape_of).collect())
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
        assert_eq!(seen(text), expected_of(text), "{text}");
        let places = text.char_indices().map(|(at, _)| at);
        for at in places {
            let (before, behind) = text.split_at(at);
            let rest = &behind[behind.chars().next().map_or(0, char::len_utf8)..];
            for put in [
                "", ",", "]", "[", "{", "}", "\"", "\\", " ", "\n", ":", "1", "é", "\u{1}",
            ] {
                let changed = format!("{before}{put}{rest}");
                assert_eq!(seen(&changed), expected_of(&changed), "{changed}");
            }
        }
    }
}

#[test]
fn values_are_those_that_the_library_finds() {
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
        "\\uD83d",
        "日",
        "nothing to escape",
        "\\u00",
        "\\x",
        "\u{7f}",
        "\u{1f}",
    ];
    for first in parts {
        for second in parts {
            for third in parts {
                same(&format!("\"{first}{second}{third}\""));
            }
        }
    }
    let parts = [
        "", "-", "0", "12", "+", ".", "e", "E", "n", "null", "true", "false", " ",
    ];
    for first in parts {
        for second in parts {
            for third in parts {
                for fourth in parts {
                    same(&format!("{first}{second}{third}{fourth}"));
                }
            }
        }
    }
}

/// Compares what is told of a text, and of the same as a member and as a name.
fn same(text: &str) {
    let expected = serde_json::from_str(text).ok().and_then(shape_of);
    assert_eq!(shape(text), expected, "{text}");
    for text in [
        format!("[{{\"a\": {text} }}]"),
        format!("[{{ {text} :1, \"b\":{{ {text} :2}} }}]"),
    ] {
        assert_eq!(seen(&text), expected_of(&text), "{text}");
    }
}

#[test]
fn a_text_takes_no_more_than_twice_its_size() {
    for length in [0, 1, 100, 300, 500, 2_000, 100_000] {
        // What follows is no reason for more.
        let json = format!("[\"\\n{}\", \"{}\"]", "x".repeat(length), "y".repeat(5_000));
        let mut taken = Vec::new();
        assert!(elements(&json, |shape| match shape {
            Some(Shape::Text(Cow::Owned(text))) => taken.push((text.len(), text.capacity())),
            other => assert!(matches!(other, Some(Shape::Text(Cow::Borrowed(_))))),
        }));
        let [(size, room)] = taken[..] else {
            panic!("{taken:?}");
        };
        assert_eq!(size, length + 1);
        assert!(room <= 2 * size + 1, "{room} for {size}");
    }
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
