//! A file that was read and parsed, and the files that a reading may see.

use std::collections::HashMap;
use std::rc::Rc;

use super::lexer::{Comment, Spanned, Token, find, lex, lex_inside};
use super::parser::{Expr, Stmt, parse, parse_expression};
use super::{Finding, PhpConst, PhpConstMap, PhpScalar};

/// Longest file that is read, in bytes.
const LONGEST_FILE: usize = 1 << 20;
/// Longest excerpt in a finding, in characters.
const LONGEST_EXCERPT: usize = 160;

pub(super) struct Program {
    pub path: String,
    source: Vec<u8>,
    tokens: Vec<Spanned>,
    comments: Vec<Comment>,
    pub statements: Vec<Stmt>,
}

impl Program {
    fn new(path: &str, source: Vec<u8>) -> Program {
        let lexed = lex(&source);
        Program {
            path: path.to_owned(),
            statements: parse(&lexed.tokens),
            tokens: lexed.tokens,
            comments: lexed.comments,
            source,
        }
    }

    /// Line of a token, from 1.
    pub fn line(&self, token: usize) -> u32 {
        self.tokens
            .get(token)
            .or(self.tokens.last())
            .map_or(1, |spanned| spanned.line)
    }

    fn range(&self, from: usize, to: usize) -> &[Spanned] {
        self.tokens.get(from..to).unwrap_or_default()
    }

    /// The constants that these tokens may define.
    pub fn defined_names(&self, from: usize, to: usize) -> Vec<String> {
        let mut names = Vec::new();
        for window in self.range(from, to).windows(3) {
            let name = match (&window[0].token, &window[1].token, &window[2].token) {
                (Token::Ident(word), Token::Op("("), Token::Str(name))
                    if word.eq_ignore_ascii_case("define") =>
                {
                    String::from_utf8_lossy(name).into_owned()
                }
                (Token::Ident(word), Token::Ident(name), Token::Op("="))
                    if word.eq_ignore_ascii_case("const") =>
                {
                    name.clone()
                }
                _ => continue,
            };
            names.push(name);
        }
        names
    }

    /// The variables that these tokens mention.
    pub fn variables(&self, from: usize, to: usize) -> impl Iterator<Item = &str> {
        self.range(from, to)
            .iter()
            .filter_map(|spanned| match &spanned.token {
                Token::Var(name) if name != "_SERVER" => Some(name.as_str()),
                _ => None,
            })
    }

    /// The tokens as text for a person, without comments. A string may be a password, so only
    /// names of constants and array keys are shown.
    pub fn excerpt(&self, from: usize, to: usize) -> String {
        let tokens = self.range(from, to);
        let mut text = String::new();
        let mut end = None;
        for (index, spanned) in tokens.iter().enumerate() {
            if end.is_some_and(|end| end < spanned.start) {
                text.push(' ');
            }
            end = Some(spanned.end);
            match &spanned.token {
                Token::Str(_) | Token::Opaque(_) if !is_name(&tokens[..index]) => text.push('…'),
                Token::Outside => text.push('…'),
                _ => text.push_str(&String::from_utf8_lossy(
                    self.source
                        .get(spanned.start..spanned.end)
                        .unwrap_or_default(),
                )),
            }
            if text.chars().count() > LONGEST_EXCERPT {
                text = text.chars().take(LONGEST_EXCERPT).collect();
                text.push_str(" …");
                break;
            }
        }
        text.replace(|letter: char| letter.is_control(), " ")
    }

    /// `define`s within comments, as far as their values need no PHP.
    pub fn commented_defaults(&self, known: &mut PhpConstMap) {
        for comment in &self.comments {
            let text = self
                .source
                .get(comment.start..comment.end)
                .unwrap_or_default();
            let mut at = 0;
            while let Some(found) = find(&text[at..], b"define") {
                let start = at + found;
                at = start + b"define".len();
                let lines = text[..start].iter().filter(|&&byte| byte == b'\n').count();
                let line = comment
                    .line
                    .saturating_add(u32::try_from(lines).unwrap_or(0));
                let line_end = find(&text[start..], b"\n").map_or(text.len(), |end| start + end);
                if let Some((name, value)) = commented_define(&text[start..line_end])
                    && known.get(&name).is_none()
                {
                    known.insert(
                        &name,
                        PhpConst {
                            value,
                            file: self.path.clone(),
                            line,
                        },
                    );
                }
            }
        }
    }
}

/// Whether the string after these tokens is a constant's name or an array's key.
fn is_name(before: &[Spanned]) -> bool {
    match before {
        [.., word, open] if open.token == Token::Op("(") => matches!(
            &word.token,
            Token::Ident(word) if ["define", "defined"].contains(&&*word.to_ascii_lowercase())
        ),
        [.., open] => open.token == Token::Op("["),
        [] => false,
    }
}

/// `define('NAME', value)` with a value that stands there as such, negative or not.
fn commented_define(text: &[u8]) -> Option<(String, PhpScalar)> {
    let tokens = lex_inside(text, 1).tokens;
    match parse_expression(&tokens)? {
        Expr::Call(call, arguments) if call == "define" => match &*arguments {
            [
                Expr::Literal(PhpScalar::Str(name)),
                Expr::Literal(value),
                ..,
            ] => Some((String::from_utf8(name.clone()).ok()?, value.clone())),
            [Expr::Literal(PhpScalar::Str(name)), Expr::Negate(inner)] => match &**inner {
                Expr::Literal(PhpScalar::Int(number)) => Some((
                    String::from_utf8(name.clone()).ok()?,
                    PhpScalar::Int(-number),
                )),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Finds the text of a file by the path that PHP would open.
pub(super) type Resolve<'r> = dyn Fn(&str) -> Option<Vec<u8>> + 'r;

/// The files of one reading, each parsed once though it runs for every host.
pub(super) struct Library<'r> {
    programs: HashMap<String, Option<Rc<Program>>>,
    resolve: &'r Resolve<'r>,
    pub findings: Vec<Finding>,
}

impl<'r> Library<'r> {
    pub fn new(resolve: &'r Resolve<'r>) -> Library<'r> {
        Library {
            programs: HashMap::new(),
            resolve,
            findings: Vec::new(),
        }
    }

    /// Adds a file whose text is known already.
    pub fn add(&mut self, path: &str, source: Vec<u8>) {
        let program = self.parsed(path, source);
        self.programs.insert(path.to_owned(), program);
    }

    pub fn get(&mut self, path: &str) -> Option<Rc<Program>> {
        if let Some(known) = self.programs.get(path) {
            return known.clone();
        }
        let program = (self.resolve)(path).and_then(|source| self.parsed(path, source));
        self.programs.insert(path.to_owned(), program.clone());
        program
    }

    /// All files that were read, by path.
    pub fn all(&self) -> Vec<Rc<Program>> {
        let mut programs: Vec<_> = self.programs.values().flatten().cloned().collect();
        programs.sort_by(|one, other| one.path.cmp(&other.path));
        programs
    }

    fn parsed(&mut self, path: &str, source: Vec<u8>) -> Option<Rc<Program>> {
        let why = if source.len() > LONGEST_FILE {
            "the file is too long to be read"
        } else if find(&source, b"<?").is_none() {
            "there is no <?php in the file, so PHP takes nothing from it"
        } else {
            return Some(Rc::new(Program::new(path, source)));
        };
        self.findings.push(Finding {
            file: path.to_owned(),
            line: 1,
            text: String::new(),
            why: why.to_owned(),
        });
        None
    }
}
