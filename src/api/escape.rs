//! Text and numbers as they stand in answers of JSON, byte for byte as PHP wrote them: everything outside
//! ASCII is escaped, and `/` too.
//!
//! Nearly all of a long answer is payloads, and nothing in most of their letters has to be escaped; so they
//! are looked through eight bytes at a time (`scan`).

use super::scan::{Word, not_plain, run_length};
use std::io::Write;

/// Appends a number in decimal digits: quicker than the standard library, which can pad them.
pub fn write_number(out: &mut Vec<u8>, number: i64) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, &number);
}

/// Appends a JSON string as PHP wrote it: `/` and everything outside ASCII escaped.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(run_length(rest.as_bytes(), special));
        out.extend_from_slice(plain.as_bytes());
        // Nearly all that is special is a quotation mark of encrypted JSON.
        let (escape, behind) = match special.as_bytes() {
            [] => break,
            [b'"', ..] => (b"\\\"", &special[1..]),
            [b'/', ..] => (b"\\/", &special[1..]),
            [b'\\', ..] => (b"\\\\", &special[1..]),
            _ => {
                rest = write_rare(out, special);
                continue;
            }
        };
        out.extend_from_slice(escape);
        rest = behind;
    }
    out.push(b'"');
}

/// Appends the first character of what has one, escaped; answers what comes behind it.
fn write_rare<'t>(out: &mut Vec<u8>, text: &'t str) -> &'t str {
    let mut characters = text.chars();
    match characters.next() {
        None => {}
        Some('\n') => out.extend_from_slice(b"\\n"),
        Some('\r') => out.extend_from_slice(b"\\r"),
        Some('\t') => out.extend_from_slice(b"\\t"),
        Some('\u{8}') => out.extend_from_slice(b"\\b"),
        Some('\u{c}') => out.extend_from_slice(b"\\f"),
        Some(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to memory does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    characters.as_str()
}

/// Where bytes are that do not stand for themselves.
fn special(word: Word) -> Word {
    not_plain(word, [b'"', b'\\', b'/'])
}

/// A JSON string.
pub fn text_json(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_text(&mut out, text);
    // What was written is ASCII.
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_php_did_it() {
        assert_eq!(
            text_json("é 日 😀 \u{2028} / \\ \" <>&' \u{8}\u{c}\n\r\t\u{1}\u{7f}\0"),
            "\"\\u00e9 \\u65e5 \\ud83d\\ude00 \\u2028 \\/ \\\\ \\\" <>&' \\b\\f\\n\\r\\t\\u0001\u{7f}\\u0000\""
        );
    }

    #[test]
    fn what_is_escaped_is_the_same_text_wherever_it_stands() {
        let parts = [
            "", "x", "\"", "/", "\\", "\n", "\u{1}", "\u{7f}", "é", "日", "😀",
        ];
        for before in 0..9 {
            for (first, second) in parts.iter().flat_map(|a| parts.map(|b| (a, b))) {
                let text = format!("{}{first}{second}yz", "x".repeat(before));
                let json = text_json(&text);
                assert!(json.is_ascii(), "{json}");
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            }
        }
    }
}
