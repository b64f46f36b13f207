//! Groups tokens into statements and expressions, as much of PHP as settings files use.
//!
//! A statement that it can't read is kept as [`StmtKind::Unsupported`] with its tokens, and reading
//! goes on after it. Nesting is limited; long chains of operators are lists, not trees, so that
//! nothing that walks the result recurses deeper than the source nests.

mod expressions;

use super::lexer::{Spanned, Token};

/// Parentheses, blocks and prefixes within each other.
const DEEPEST: usize = 32;

#[derive(Debug)]
pub(super) struct Stmt {
    pub kind: StmtKind,
    /// The tokens it was made of, as a range.
    pub from: usize,
    pub to: usize,
}

#[derive(Debug)]
pub(super) enum StmtKind {
    Expr(Expr),
    Block(Vec<Stmt>),
    /// Conditions with their branches in order, and the last branch.
    If(Vec<(Expr, Vec<Stmt>)>, Vec<Stmt>),
    /// The cases in order; `None` is `default`. A case without `break` runs into the next.
    Switch(Expr, Vec<(Option<Expr>, Vec<Stmt>)>),
    /// `const NAME = value`
    Const(Vec<(String, Expr)>),
    Break,
    Return,
    Unsupported(String),
}

#[derive(Debug)]
pub(super) enum Expr {
    Literal(super::PhpScalar),
    Constant(String),
    Var(String),
    /// `$_SERVER['NAME']`
    Server(String),
    Call(String, Vec<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    /// Operators of one precedence, from left to right.
    Chain(Box<Expr>, Vec<(&'static str, Expr)>),
    /// Condition, value if true (or the condition itself), value if false.
    Ternary(Box<(Expr, Option<Expr>, Expr)>),
    Include {
        once: bool,
        required: bool,
        path: Box<Expr>,
    },
    Assign(String, Box<Expr>),
    Opaque(String),
}

type Parsed<T> = Result<T, String>;

pub(super) fn parse(tokens: &[Spanned]) -> Vec<Stmt> {
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let mut statements = Vec::new();
    while parser.at < tokens.len() {
        let before = parser.at;
        statements.push(parser.statement());
        if parser.at == before {
            // A closing brace too many.
            parser.at += 1;
        }
    }
    statements
}

/// Reads one expression from the beginning; used for defaults in comments.
pub(super) fn parse_expression(tokens: &[Spanned]) -> Option<Expr> {
    Parser {
        tokens,
        at: 0,
        depth: 0,
    }
    .expression(0)
    .ok()
}

struct Parser<'a> {
    tokens: &'a [Spanned],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|spanned| &spanned.token)
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Op(found)) if *found == operator)
    }

    fn eat(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, operator: &str) -> Parsed<()> {
        match self.eat(operator) {
            true => Ok(()),
            false => Err(format!("there is no '{operator}' where one belongs")),
        }
    }

    /// Why a file that ends too early does so.
    fn early_end(&self) -> String {
        match self.tokens.last().map(|spanned| &spanned.token) {
            Some(Token::Opaque(what)) => format!("the file ends within it, in {what}"),
            _ => "the file ends within it".to_owned(),
        }
    }

    /// The keyword or name here, in lower case.
    fn word(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Ident(name)) => Some(name.to_ascii_lowercase()),
            _ => None,
        }
    }

    fn eat_word(&mut self, wanted: &str) -> bool {
        let found = self.word().is_some_and(|word| word == wanted);
        self.at += usize::from(found);
        found
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return Err("it is nested too deep".to_owned());
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn statement(&mut self) -> Stmt {
        let from = self.at;
        let kind = match self.nested(Self::statement_kind) {
            Ok(kind) => kind,
            Err(why) => {
                self.at = from;
                self.skip_statement();
                StmtKind::Unsupported(why)
            }
        };
        Stmt {
            kind,
            from,
            to: self.at,
        }
    }

    fn statement_kind(&mut self) -> Parsed<StmtKind> {
        if self.eat(";") {
            return Ok(StmtKind::Block(Vec::new()));
        }
        if self.peek() == Some(&Token::Outside) {
            self.at += 1;
            return Ok(StmtKind::Unsupported(
                "this text is outside of <?php ?>".to_owned(),
            ));
        }
        if self.eat("{") {
            let body = self.statements(&[])?;
            self.expect("}")?;
            return Ok(StmtKind::Block(body));
        }
        let word = self.word().unwrap_or_default();
        match word.as_str() {
            "if" => self.if_statement(),
            "switch" => self.switch_statement(),
            "const" => self.const_statement(),
            "break" | "continue" | "return" => {
                self.at += 1;
                if !self.is(";") {
                    self.expression(0)?;
                }
                self.expect(";")?;
                Ok(if word == "return" {
                    StmtKind::Return
                } else {
                    StmtKind::Break
                })
            }
            "function" | "class" | "foreach" | "for" | "while" | "do" | "try" | "abstract"
            | "final" | "interface" | "trait" | "declare" | "namespace" | "use" | "global"
            | "static" | "echo" | "print" | "throw" | "goto" | "unset" => {
                Err(format!("'{word}' is not followed here"))
            }
            _ => {
                let expression = self.expression(0)?;
                match self.at < self.tokens.len() {
                    true => self.expect(";")?,
                    false => return Err(self.early_end()),
                }
                Ok(StmtKind::Expr(expression))
            }
        }
    }

    /// Statements up to a closing brace or one of these words, which stay.
    fn statements(&mut self, ends: &[&str]) -> Parsed<Vec<Stmt>> {
        let mut statements = Vec::new();
        loop {
            if self.peek().is_none() {
                return Err(self.early_end());
            }
            if self.is("}")
                || self
                    .word()
                    .is_some_and(|word| ends.contains(&word.as_str()))
            {
                return Ok(statements);
            }
            statements.push(self.statement());
        }
    }

    fn if_statement(&mut self) -> Parsed<StmtKind> {
        let mut branches = Vec::new();
        self.at += 1;
        loop {
            self.expect("(")?;
            let condition = self.expression(0)?;
            self.expect(")")?;
            let colon = self.eat(":");
            let body = self.branch(colon)?;
            branches.push((condition, body));
            if self.eat_word("elseif") {
                continue;
            }
            let mut last = Vec::new();
            if self.eat_word("else") {
                if self.eat_word("if") {
                    continue;
                }
                let colon = self.eat(":");
                last = self.branch(colon)?;
            }
            if colon {
                if !self.eat_word("endif") {
                    return Err("there is no 'endif'".to_owned());
                }
                self.eat(";");
            }
            return Ok(StmtKind::If(branches, last));
        }
    }

    /// What a condition governs: one statement, or after `:` all up to `else` or `endif`.
    fn branch(&mut self, colon: bool) -> Parsed<Vec<Stmt>> {
        match colon {
            true => self.statements(&["elseif", "else", "endif"]),
            false if self.peek().is_none() => Err(self.early_end()),
            false => Ok(vec![self.statement()]),
        }
    }

    fn switch_statement(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        self.expect("(")?;
        let subject = self.expression(0)?;
        self.expect(")")?;
        let colon = self.eat(":");
        if !colon {
            self.expect("{")?;
        }
        let mut cases = Vec::new();
        loop {
            let label = if self.eat_word("case") {
                Some(self.expression(0)?)
            } else if self.eat_word("default") {
                None
            } else {
                break;
            };
            if !self.eat(":") {
                self.expect(";")?;
            }
            cases.push((label, self.statements(&["case", "default", "endswitch"])?));
        }
        match colon {
            true if !self.eat_word("endswitch") => return Err("there is no 'endswitch'".to_owned()),
            true => {
                self.eat(";");
            }
            false => self.expect("}")?,
        }
        Ok(StmtKind::Switch(subject, cases))
    }

    fn const_statement(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        let mut constants = Vec::new();
        loop {
            let Some(Token::Ident(name)) = self.peek().cloned() else {
                return Err("a constant has no name".to_owned());
            };
            self.at += 1;
            self.expect("=")?;
            constants.push((name, self.expression(0)?));
            if !self.eat(",") {
                self.expect(";")?;
                return Ok(StmtKind::Const(constants));
            }
        }
    }

    /// Steps over a statement that can't be read: to the `;` or the closing brace that ends it.
    fn skip_statement(&mut self) {
        let mut open = 0usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Op("(" | "[" | "{") => open += 1,
                Token::Op("}") if open == 0 => return,
                Token::Op(")" | "]") => open = open.saturating_sub(1),
                Token::Op("}") => {
                    open -= 1;
                    if open == 0 {
                        self.at += 1;
                        let word = self.word().unwrap_or_default();
                        match word.as_str() {
                            "else" | "elseif" | "catch" | "finally" => continue,
                            _ => return,
                        }
                    }
                }
                Token::Op(";") if open == 0 => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}
