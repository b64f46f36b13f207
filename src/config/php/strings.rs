//! PHP's string literals: each function takes source that begins with one and gives the token and
//! its length in bytes.

use super::lexer::{Token, find};

/// `'…'`: only `\'` and `\\` are escapes.
pub(super) fn single_quoted(text: &[u8]) -> (Token, usize) {
    let mut value = Vec::new();
    let mut at = 1;
    loop {
        match text.get(at..).unwrap_or_default() {
            [] => return unclosed(text),
            [b'\'', ..] => return (Token::Str(value), at + 1),
            [b'\\', escaped @ (b'\'' | b'\\'), ..] => {
                value.push(*escaped);
                at += 2;
            }
            [byte, ..] => {
                value.push(*byte);
                at += 1;
            }
        }
    }
}

/// `"…"`: all escapes; with a variable inside, the value is PHP's to know.
pub(super) fn double_quoted(text: &[u8]) -> (Token, usize) {
    let mut value = Vec::new();
    let mut at = 1;
    let mut interpolated = false;
    loop {
        match text.get(at..).unwrap_or_default() {
            [] => return unclosed(text),
            [b'"', ..] if interpolated => {
                return (Token::Opaque("a string with variables in it"), at + 1);
            }
            [b'"', ..] => return (Token::Str(value), at + 1),
            rest @ [b'\\', ..] => at += escape(rest, &mut value),
            rest @ [byte, ..] => {
                interpolated |= interpolates(rest);
                value.push(*byte);
                at += 1;
            }
        }
    }
}

/// `` `…` `` runs a command.
pub(super) fn backticks(text: &[u8]) -> (Token, usize) {
    match text[1..].iter().position(|&byte| byte == b'`') {
        Some(length) => (Token::Opaque("the output of a command"), length + 2),
        None => unclosed(text),
    }
}

/// `<<<NAME`, `<<<"NAME"` and `<<<'NAME'` up to the line that begins with NAME. The value is not
/// resolved: nobody writes settings so. `None` when it is no heredoc.
pub(super) fn heredoc(text: &[u8]) -> Option<(Token, usize)> {
    let line_end = text.iter().position(|&byte| byte == b'\n')?;
    let head = std::str::from_utf8(&text[3..line_end]).ok()?.trim();
    let name = head.trim_matches(['"', '\'']);
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(valid) {
        return None;
    }
    let mut at = line_end + 1;
    while let Some(line) = text.get(at..).filter(|line| !line.is_empty()) {
        let indent = line.iter().take_while(|byte| b" \t".contains(byte)).count();
        if line[indent..].starts_with(name.as_bytes())
            && !line
                .get(indent + name.len())
                .is_some_and(|&byte| valid(byte))
        {
            return Some((Token::Opaque("a heredoc"), at + indent + name.len()));
        }
        at += find(line, b"\n").map_or(line.len(), |length| length + 1);
    }
    Some(unclosed(text))
}

fn unclosed(text: &[u8]) -> (Token, usize) {
    (Token::Opaque("a string without end"), text.len())
}

/// Whether PHP puts a variable in here: `$name`, `${`, `{$`.
fn interpolates(text: &[u8]) -> bool {
    match text {
        [b'$', next, ..] => next.is_ascii_alphabetic() || *next >= 0x80 || b"_{".contains(next),
        [b'{', b'$', ..] => true,
        _ => false,
    }
}

/// Resolves the escape at the beginning; its length in bytes. An unknown one is no escape: PHP
/// keeps the backslash.
fn escape(text: &[u8], value: &mut Vec<u8>) -> usize {
    let simple = match text.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'v') => 0x0b,
        Some(b'e') => 0x1b,
        Some(b'f') => 0x0c,
        Some(&byte @ (b'\\' | b'$' | b'"')) => byte,
        Some(b'0'..=b'7') => {
            let (number, length) = digits(&text[1..], 8, 3);
            // PHP lets `\400` overflow silently.
            value.push((number & 0xff) as u8);
            return 1 + length;
        }
        Some(b'x') if text.get(2).is_some_and(u8::is_ascii_hexdigit) => {
            let (number, length) = digits(&text[2..], 16, 2);
            value.push(number as u8);
            return 2 + length;
        }
        Some(b'u') if text.get(2) == Some(&b'{') => {
            let (number, length) = digits(&text[3..], 16, 6);
            if text.get(3 + length) == Some(&b'}')
                && let Some(letter) = char::from_u32(number).filter(|_| length > 0)
            {
                value.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                return 4 + length;
            }
            value.push(b'\\');
            return 1;
        }
        _ => {
            value.push(b'\\');
            return 1;
        }
    };
    value.push(simple);
    2
}

/// The number in the leading digits, and how many of them were taken.
fn digits(text: &[u8], radix: u32, most: usize) -> (u32, usize) {
    let mut number = 0;
    let mut length = 0;
    while length < most
        && let Some(digit) = text
            .get(length)
            .and_then(|&byte| char::from(byte).to_digit(radix))
    {
        number = number * radix + digit;
        length += 1;
    }
    (number, length)
}
