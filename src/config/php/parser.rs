//! Groups tokens into statements and expressions, as much of PHP as settings files use.
//!
//! A statement that it can't read is kept as [`StmtKind::Unsupported`] with its tokens, and reading
//! goes on after it. Nesting is limited; long chains of operators are lists, not trees, so that
//! nothing that walks the result recurses deeper than the source nests.

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

    /// An expression of operators that bind at least as tight as `tightness`.
    fn expression(&mut self, tightness: u8) -> Parsed<Expr> {
        self.nested(|parser| {
            let mut left = parser.prefix()?;
            let mut left_tightness = u8::MAX;
            while let Some((operator, binds)) = parser.operator() {
                if binds < tightness {
                    break;
                }
                parser.at += 1;
                if operator == "?" {
                    left = parser.ternary(left)?;
                    left_tightness = binds;
                    continue;
                }
                let right = parser.expression(binds + 1)?;
                left = match left {
                    Expr::Chain(first, mut rest) if left_tightness == binds => {
                        rest.push((operator, right));
                        Expr::Chain(first, rest)
                    }
                    other => Expr::Chain(Box::new(other), vec![(operator, right)]),
                };
                left_tightness = binds;
            }
            Ok(left)
        })
    }

    /// The operator here and how tight it binds.
    fn operator(&self) -> Option<(&'static str, u8)> {
        Some(match self.peek()? {
            Token::Ident(name) if name.eq_ignore_ascii_case("or") => ("||", 1),
            Token::Ident(name) if name.eq_ignore_ascii_case("and") => ("&&", 2),
            Token::Op(operator) => match *operator {
                "?" => ("?", 4),
                "||" => ("||", 6),
                "&&" => ("&&", 7),
                "==" | "!=" | "===" | "!==" | "<>" => (operator, 8),
                "<" | "<=" | ">" | ">=" => (operator, 9),
                "<<" | ">>" => (operator, 10),
                "+" | "-" | "." => (operator, 11),
                "*" | "/" | "%" => (operator, 12),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn ternary(&mut self, condition: Expr) -> Parsed<Expr> {
        let then = match self.is(":") {
            true => None,
            false => Some(self.expression(3)?),
        };
        self.expect(":")?;
        let otherwise = self.expression(5)?;
        if self.is("?") {
            // Which way it groups depends on the PHP version.
            return Err("a '?' follows a '? :' without parentheses".to_owned());
        }
        Ok(Expr::Ternary(Box::new((condition, then, otherwise))))
    }

    fn prefix(&mut self) -> Parsed<Expr> {
        self.nested(|parser| match parser.peek() {
            Some(Token::Op("!")) => {
                parser.at += 1;
                Ok(Expr::Not(Box::new(parser.prefix()?)))
            }
            Some(Token::Op("-")) => {
                parser.at += 1;
                Ok(Expr::Negate(Box::new(parser.prefix()?)))
            }
            Some(Token::Op("+" | "@")) => {
                parser.at += 1;
                parser.prefix()
            }
            Some(Token::Op("(")) => {
                parser.at += 1;
                let inner = parser.expression(0)?;
                parser.expect(")")?;
                Ok(inner)
            }
            _ => parser.operand(),
        })
    }

    fn operand(&mut self) -> Parsed<Expr> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.early_end());
        };
        self.at += 1;
        use super::PhpScalar;
        match token {
            Token::Int(number) => Ok(Expr::Literal(PhpScalar::Int(number))),
            Token::Float(number) => Ok(Expr::Literal(PhpScalar::Float(number))),
            Token::Str(text) => Ok(Expr::Literal(PhpScalar::Str(text))),
            Token::Var(name) => self.variable(name),
            Token::Ident(name) => self.named(name),
            Token::Opaque(what) => Ok(Expr::Opaque(what.to_owned())),
            Token::Outside => Err("it stands outside of <?php ?>".to_owned()),
            Token::Op("[") => {
                self.at -= 1;
                self.brackets()?;
                Ok(Expr::Opaque("an array".to_owned()))
            }
            Token::Op(operator) => Err(format!("'{operator}' is not expected here")),
        }
    }

    fn variable(&mut self, name: String) -> Parsed<Expr> {
        if self.eat("=") {
            return Ok(Expr::Assign(name, Box::new(self.expression(3)?)));
        }
        if let ("_SERVER", [open, key, close, ..]) = (&*name, &self.tokens[self.at..])
            && let (Token::Op("["), Token::Str(key), Token::Op("]")) =
                (&open.token, &key.token, &close.token)
        {
            let key = String::from_utf8_lossy(key).into_owned();
            self.at += 3;
            return Ok(Expr::Server(key));
        }
        match self.peek() {
            Some(Token::Op("[" | "->" | "::" | "?->" | "{" | "++" | "--")) => {
                Err("an array element or object is not followed".to_owned())
            }
            _ => Ok(Expr::Var(name)),
        }
    }

    fn named(&mut self, name: String) -> Parsed<Expr> {
        use super::PhpScalar;
        let lower = name.to_ascii_lowercase();
        let once = lower.ends_with("_once");
        match lower.as_str() {
            "true" => return Ok(Expr::Literal(PhpScalar::Bool(true))),
            "false" => return Ok(Expr::Literal(PhpScalar::Bool(false))),
            "null" => return Ok(Expr::Literal(PhpScalar::Null)),
            "include" | "include_once" | "require" | "require_once" => {
                let path = Box::new(self.expression(3)?);
                let required = lower.starts_with("require");
                return Ok(Expr::Include {
                    once,
                    required,
                    path,
                });
            }
            "array" => {
                self.brackets()?;
                return Ok(Expr::Opaque("an array".to_owned()));
            }
            "new" | "clone" | "fn" | "function" | "match" | "yield" => {
                return Err(format!("'{lower}' is not followed here"));
            }
            _ => {}
        }
        if matches!(self.peek(), Some(Token::Op("::" | "[" | "->"))) {
            return Err("classes and arrays are not followed".to_owned());
        }
        if !self.eat("(") {
            return Ok(Expr::Constant(name));
        }
        let mut arguments = Vec::new();
        while !self.eat(")") {
            arguments.push(self.expression(0)?);
            if !self.eat(",") && !self.is(")") {
                return Err("the arguments of a call can't be read".to_owned());
            }
        }
        Ok(Expr::Call(
            lower.trim_start_matches('\\').to_owned(),
            arguments,
        ))
    }

    /// Steps over a balanced pair of brackets.
    fn brackets(&mut self) -> Parsed<()> {
        let mut open = 0usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Op("(" | "[") => open += 1,
                Token::Op(")" | "]") => open = open.saturating_sub(1),
                Token::Op(";" | "{" | "}") => break,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
        Err("a bracket is not closed".to_owned())
    }
}
