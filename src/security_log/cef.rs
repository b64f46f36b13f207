//! The Common Event Format: what a line looks like, and how values are kept from breaking it.

use super::Incident;

/// The longest name of a device, in bytes.
const DEVICE: usize = 64;

/// One line, without its end. Each extension is a key, its value, and the most bytes that the value
/// takes in the line; what is beyond is cut.
pub fn line(device: &str, incident: Incident, extensions: &[(&str, &[u8], usize)]) -> String {
    let Incident {
        signature,
        name,
        severity,
    } = incident;
    let device = escaped(device.as_bytes(), DEVICE);
    let mut line = format!("CEF:0|mozilla|{device}|1.3|{signature}|{name}|{severity}|");
    for (index, (key, value, most)) in extensions.iter().enumerate() {
        let space = if index == 0 { "" } else { " " };
        line += &format!("{space}{key}={}", escaped(value, *most));
    }
    line
}

/// A value with `|`, `=`, `\` and line breaks escaped (legacy PHP). Other control characters, and
/// marks that disguise text on a screen, become `?`. It takes `most` bytes at most; never does it end
/// in half an escape.
fn escaped(value: &[u8], most: usize) -> String {
    let mut out = String::new();
    for letter in String::from_utf8_lossy(value).chars() {
        let disguise = matches!(letter,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        let mut buffer = [0; 4];
        let piece = match letter {
            '|' => "\\|",
            '=' => "\\=",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            letter if letter.is_control() || disguise => "?",
            letter => letter.encode_utf8(&mut buffer),
        };
        if out.len() + piece.len() > most {
            break;
        }
        out += piece;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_can_neither_end_a_line_nor_begin_a_field() {
        let cases: [(&[u8], &str); 10] = [
            (b"Firefox/4.0", "Firefox/4.0"),
            (b"a|b", "a\\|b"),
            (b"x suser=root", "x suser\\=root"),
            (b"\\", "\\\\"),
            (b"\\=", "\\\\\\="),
            (b"a\r\nCEF:0|", "a\\r\\nCEF:0\\|"),
            (b"\x00\x1b[31m\x7f", "??[31m?"),
            ("\u{202e}txt\u{2028}\u{85}".as_bytes(), "?txt??"),
            ("caf\u{e9}".as_bytes(), "caf\u{e9}"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ];
        for (value, expected) in cases {
            assert_eq!(escaped(value, 1000), expected, "{value:?}");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_letters_and_escapes() {
        let cases = [
            ("abcdef", 3, "abc"),
            ("ab|d", 3, "ab"),
            ("ab|d", 4, "ab\\|"),
            ("\u{e9}\u{e9}", 3, "\u{e9}"),
            ("\\\\", 3, "\\\\"),
            ("", 0, ""),
        ];
        for (value, most, expected) in cases {
            assert_eq!(escaped(value.as_bytes(), most), expected, "{value:?}");
        }
    }
}
