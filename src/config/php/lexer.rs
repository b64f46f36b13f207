//! Splits PHP source into tokens: enough of PHP's own lexer that comments, strings and numbers
//! mean what they mean there. It fails on nothing: what it does not know becomes
//! [`Token::Opaque`], and the statement around it a finding.

use super::strings;

/// What a piece of source is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `$name`, without the dollar sign.
    Var(String),
    /// A keyword, constant or function name, as spelled.
    Ident(String),
    Int(i64),
    Float(f64),
    /// A string literal with its escapes resolved.
    Str(Vec<u8>),
    Op(&'static str),
    /// Something whose value only PHP knows; says what it is.
    Opaque(&'static str),
    /// Text outside of `<?php … ?>`, other than blanks.
    Outside,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Spanned {
    pub token: Token,
    /// Byte offsets into the source.
    pub start: usize,
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: u32,
}

/// A comment, which may hold a default that someone commented out.
#[derive(Debug)]
pub(super) struct Comment {
    /// Byte offsets of the text without its markers.
    pub start: usize,
    pub end: usize,
    pub line: u32,
}

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub tokens: Vec<Spanned>,
    pub comments: Vec<Comment>,
}

/// Longest first, so that the first that fits is the right one.
const OPERATORS: &[&str] = &[
    "===", "!==", "<=>", "<<=", ">>=", "...", "**=", "??=", "?->", "==", "!=", "<>", "<=", ">=",
    "&&", "||", "??", "=>", "->", "::", "++", "--", "+=", "-=", "*=", "/=", ".=", "%=", "|=", "&=",
    "^=", "<<", ">>", "**", ";", ",", "(", ")", "[", "]", "{", "}", "=", "+", "-", "*", "/", "%",
    ".", "<", ">", "!", "?", ":", "&", "|", "^", "~", "@", "$",
];

/// Splits a file that begins outside of PHP, as files do.
pub(super) fn lex(source: &[u8]) -> Lexed {
    let mut lexer = Lexer {
        source,
        at: 0,
        line: 1,
        lexed: Lexed::default(),
    };
    lexer.outside();
    lexer.php();
    lexer.lexed
}

/// Splits text that is PHP from its first byte: the inside of a comment.
pub(super) fn lex_inside(source: &[u8], line: u32) -> Lexed {
    let mut lexer = Lexer {
        source,
        at: 0,
        line,
        lexed: Lexed::default(),
    };
    lexer.php();
    lexer.lexed
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
    lexed: Lexed,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a [u8] {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, length: usize) {
        let end = (self.at + length).min(self.source.len());
        let lines = self.source[self.at..end]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = end;
    }

    fn push(&mut self, token: Token, length: usize) {
        let (start, line) = (self.at, self.line);
        self.advance(length);
        self.lexed.tokens.push(Spanned {
            token,
            start,
            end: self.at,
            line,
        });
    }

    /// Steps over text up to and including the next `<?php` or `<?`.
    fn outside(&mut self) {
        let rest = self.rest();
        let length = find(rest, b"<?").unwrap_or(rest.len());
        let text = rest[..length]
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&rest[..length]);
        if text.iter().any(|byte| !byte.is_ascii_whitespace()) {
            self.push(Token::Outside, length);
        } else {
            self.advance(length);
        }
        let tag = self.rest();
        if tag
            .get(..5)
            .is_some_and(|tag| tag.eq_ignore_ascii_case(b"<?php"))
        {
            self.advance(5);
        } else if tag.starts_with(b"<?=") {
            self.advance(2);
            self.push(Token::Opaque("output with <?="), 1);
        } else {
            self.advance(2);
        }
    }

    fn php(&mut self) {
        while let Some(&byte) = self.rest().first() {
            let rest = self.rest();
            match byte {
                _ if byte.is_ascii_whitespace() => self.advance(1),
                b'#' => self.line_comment(1),
                b'/' if rest.starts_with(b"//") => self.line_comment(2),
                b'/' if rest.starts_with(b"/*") => self.block_comment(),
                b'?' if rest.starts_with(b"?>") => {
                    self.push(Token::Op(";"), 2);
                    self.outside();
                }
                b'\'' => self.quoted(strings::single_quoted(rest)),
                b'"' => self.quoted(strings::double_quoted(rest)),
                b'`' => self.quoted(strings::backticks(rest)),
                b'<' if rest.starts_with(b"<<<") => match strings::heredoc(rest) {
                    Some(found) => self.quoted(found),
                    None => self.push(Token::Op("<<"), 2),
                },
                b'$' if rest.get(1).is_some_and(|&next| begins_name(next)) => {
                    let length = name_length(&rest[1..]);
                    let name = String::from_utf8_lossy(&rest[1..=length]).into_owned();
                    self.push(Token::Var(name), length + 1);
                }
                _ if begins_name(byte) || byte == b'\\' => {
                    let length = name_length(rest).max(1);
                    let name = String::from_utf8_lossy(&rest[..length]).into_owned();
                    self.push(Token::Ident(name), length);
                }
                b'0'..=b'9' => self.number(),
                b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => self.number(),
                _ => self.operator(),
            }
        }
    }

    fn line_comment(&mut self, marker: usize) {
        let rest = self.rest();
        let newline = rest
            .iter()
            .position(|byte| b"\r\n".contains(byte))
            .unwrap_or(rest.len());
        // A closing tag ends such a comment too.
        let length = find(&rest[..newline], b"?>").unwrap_or(newline);
        self.comment(marker.min(length), length, length);
    }

    fn block_comment(&mut self) {
        let rest = self.rest();
        match find(&rest[2..], b"*/") {
            Some(length) => self.comment(2, 2 + length, 4 + length),
            None => self.push(Token::Opaque("a comment without end"), rest.len()),
        }
    }

    /// Records the comment `rest[from..to]` and steps over `length` bytes.
    fn comment(&mut self, from: usize, to: usize, length: usize) {
        let comment = Comment {
            start: self.at + from,
            end: self.at + to,
            line: self.line,
        };
        self.lexed.comments.push(comment);
        self.advance(length);
    }

    fn quoted(&mut self, (token, length): (Token, usize)) {
        self.push(token, length);
    }

    fn number(&mut self) {
        let rest = self.rest();
        let length = number_length(rest);
        let text: String = String::from_utf8_lossy(&rest[..length]).replace('_', "");
        self.push(number_token(&text), length);
    }

    fn operator(&mut self) {
        let rest = self.rest();
        match OPERATORS
            .iter()
            .find(|operator| rest.starts_with(operator.as_bytes()))
        {
            Some(operator) => self.push(Token::Op(operator), operator.len()),
            None => self.push(Token::Opaque("a character that PHP does not know"), 1),
        }
    }
}

/// Length of the number at the beginning, with everything that sticks to it.
fn number_length(text: &[u8]) -> usize {
    let hexadecimal = text.starts_with(b"0x") || text.starts_with(b"0X");
    let mut length = 0;
    while let Some(&byte) = text.get(length) {
        let after_exponent = length > 0 && !hexadecimal && b"eE".contains(&text[length - 1]);
        let belongs = byte.is_ascii_alphanumeric()
            || byte == b'_'
            || (byte == b'.' && !text[..length].contains(&b'.') && !hexadecimal)
            || (b"+-".contains(&byte) && after_exponent);
        if !belongs {
            break;
        }
        length += 1;
    }
    length
}

fn number_token(text: &str) -> Token {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', b'0'..=b'9', ..] if !lower.contains(['.', 'e']) => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    if let Ok(number) = i64::from_str_radix(digits, radix) {
        return Token::Int(number);
    }
    // Rust would also read "inf" and "nan", but a number begins with a digit or a point.
    match digits.parse::<f64>() {
        Ok(number) if radix == 10 => Token::Float(number),
        _ => Token::Opaque("a number that can't be read"),
    }
}

fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Length of a name, namespaces included.
fn name_length(text: &[u8]) -> usize {
    let belongs = |&byte: &u8| begins_name(byte) || byte.is_ascii_digit() || byte == b'\\';
    text.iter()
        .position(|byte| !belongs(byte))
        .unwrap_or(text.len())
}

pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}
