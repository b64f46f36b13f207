//! Expressions: operators with PHP's precedence, calls, includes and assignments.

use super::{Expr, Parsed, Parser};
use crate::config::php::PhpScalar;
use crate::config::php::lexer::Token;

impl Parser<'_> {
    /// An expression of operators that bind at least as tight as `tightness`.
    pub(super) fn expression(&mut self, tightness: u8) -> Parsed<Expr> {
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
