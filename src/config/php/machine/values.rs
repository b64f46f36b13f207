//! The values of expressions: what a PHP of any version would compute, or why nobody can tell.

use super::{Machine, Place, Value, last_part};
use crate::config::php::PhpScalar;
use crate::config::php::parser::Expr;
use crate::config::php::scalar::combine;

impl Machine<'_, '_> {
    pub(super) fn truth(&mut self, place: Place<'_>, expression: &Expr) -> Result<bool, String> {
        match self.value(place, expression) {
            Value::Known(value) => Ok(value.truthy()),
            Value::OtherHost => Ok(true),
            Value::Unknown(why) => Err(why),
        }
    }

    pub(super) fn value(&mut self, place: Place<'_>, expression: &Expr) -> Value {
        self.steps += 1;
        match expression {
            Expr::Literal(value) => Value::Known(value.clone()),
            Expr::Constant(name) => self.constant(place, name),
            Expr::Var(name) => match self.vars.get(name) {
                Some(value) => value.clone(),
                None => Value::Unknown(format!("${name} has no value here")),
            },
            Expr::Server(key) => self.server(key),
            Expr::Call(name, arguments) => self.call(place, name, arguments),
            Expr::Not(inner) => match self.truth(place, inner) {
                Ok(truth) => Value::Known(PhpScalar::Bool(!truth)),
                Err(why) => Value::Unknown(why),
            },
            Expr::Negate(inner) => {
                let value = self.value(place, inner);
                self.operate(&Value::Known(PhpScalar::Int(0)), "-", &value)
            }
            Expr::Chain(first, rest) => self.chain(place, first, rest),
            Expr::Ternary(parts) => self.ternary(place, parts),
            Expr::Include {
                once,
                required,
                path,
            } => self.include(place, *once, *required, path),
            Expr::Assign(name, inner) => {
                let value = self.value(place, inner);
                self.vars.insert(name.clone(), value.clone());
                value
            }
            Expr::Opaque(what) => Value::Unknown(format!("{what} can't be computed here")),
        }
    }

    fn ternary(&mut self, place: Place<'_>, parts: &(Expr, Option<Expr>, Expr)) -> Value {
        let (condition, then, otherwise) = parts;
        let value = self.value(place, condition);
        let truth = match &value {
            Value::Known(known) => known.truthy(),
            Value::OtherHost => true,
            Value::Unknown(_) => return value,
        };
        match (truth, then) {
            (true, Some(then)) => self.value(place, then),
            (true, None) => value,
            (false, _) => self.value(place, otherwise),
        }
    }

    fn chain(&mut self, place: Place<'_>, first: &Expr, rest: &[(&'static str, Expr)]) -> Value {
        let has = |operators: &[&str]| rest.iter().any(|(op, _)| operators.contains(op));
        if has(&["."]) && has(&["+", "-"]) {
            return Value::Unknown("'.' with '+' or '-' differs between PHP versions".to_owned());
        }
        let mut left = self.value(place, first);
        for (operator, right) in rest {
            // Short-circuit: the right side may define something.
            if let "&&" | "||" = *operator {
                let truth = match &left {
                    Value::Known(value) => value.truthy(),
                    Value::OtherHost => true,
                    Value::Unknown(_) => return left,
                };
                let decided = truth == (*operator == "||");
                let result = if decided {
                    Ok(truth)
                } else {
                    self.truth(place, right)
                };
                left = match result {
                    Ok(truth) => Value::Known(PhpScalar::Bool(truth)),
                    Err(why) => return Value::Unknown(why),
                };
                continue;
            }
            let right = self.value(place, right);
            left = self.operate(&left, operator, &right);
        }
        left
    }

    pub(super) fn operate(&mut self, left: &Value, operator: &str, right: &Value) -> Value {
        match (left, right) {
            (Value::Unknown(why), _) | (_, Value::Unknown(why)) => Value::Unknown(why.clone()),
            (Value::Known(left), Value::Known(right)) => match combine(left, operator, right) {
                Some(value) => Value::Known(value),
                None => Value::Unknown(format!("PHP decides what this '{operator}' gives")),
            },
            (Value::OtherHost, Value::Known(PhpScalar::Str(text)))
            | (Value::Known(PhpScalar::Str(text)), Value::OtherHost)
                if let "==" | "===" | "!=" | "!==" | "<>" = operator =>
            {
                self.note_host(text);
                Value::Known(PhpScalar::Bool(operator.starts_with(['!', '<'])))
            }
            (Value::OtherHost, Value::Known(PhpScalar::Bool(truth)))
            | (Value::Known(PhpScalar::Bool(truth)), Value::OtherHost)
                if operator == "==" =>
            {
                Value::Known(PhpScalar::Bool(*truth))
            }
            (Value::OtherHost, _) | (_, Value::OtherHost) => {
                Value::Unknown("it depends on the name of the host".to_owned())
            }
        }
    }

    fn note_host(&mut self, host: &[u8]) {
        let Ok(host) = std::str::from_utf8(host) else {
            return;
        };
        if !host.is_empty() && !self.hosts.iter().any(|known| known == host) {
            self.hosts.push(host.to_owned());
        }
    }

    fn server(&mut self, key: &str) -> Value {
        match (key, &self.host) {
            ("HTTP_HOST", Some(host)) => Value::Known(PhpScalar::Str(host.clone().into_bytes())),
            ("HTTP_HOST", None) => Value::OtherHost,
            _ => Value::Unknown(format!("$_SERVER['{key}'] is known to a running PHP only")),
        }
    }

    fn constant(&mut self, place: Place<'_>, name: &str) -> Value {
        let name = name.trim_start_matches('\\');
        if let Some(constant) = self.constants.get(name) {
            return Value::Known(constant.value.clone());
        }
        if let Some(why) = self.unclear.get(name) {
            return Value::Unknown(format!("{name} is not known: {why}"));
        }
        let text = |text: &str| Value::Known(PhpScalar::Str(text.as_bytes().to_vec()));
        match name {
            "__FILE__" => text(&place.program.path),
            "__DIR__" => text(parent(&place.program.path)),
            "PHP_EOL" => text("\n"),
            "DIRECTORY_SEPARATOR" => text("/"),
            "PHP_INT_MAX" => Value::Known(PhpScalar::Int(i64::MAX)),
            _ => Value::Unknown(format!("{name} is not defined in these files")),
        }
    }

    fn call(&mut self, place: Place<'_>, name: &str, arguments: &[Expr]) -> Value {
        match (name, arguments) {
            // Its argument need not have a value.
            ("isset", [Expr::Server(key)]) if key == "HTTP_HOST" => {
                return Value::Known(PhpScalar::Bool(true));
            }
            ("isset", [Expr::Var(var)]) if !self.vars.contains_key(var) => {
                return Value::Known(PhpScalar::Bool(false));
            }
            ("define", [_, value] | [_, value, _]) => {
                let value = self.value(place, value);
                // The third argument makes the name case-insensitive, up to PHP 7; legacy code
                // spells its constants as it defines them. But it must have a value.
                if let Some(Value::Unknown(why)) =
                    arguments.get(2).map(|argument| self.value(place, argument))
                {
                    return Value::Unknown(why);
                }
                let Some(name) = self.text(place, &arguments[0]) else {
                    return Value::Unknown("the name of the constant can't be computed".to_owned());
                };
                self.define(place, &name, value);
                return Value::Known(PhpScalar::Bool(true));
            }
            ("defined", [argument]) => {
                let Some(name) = self.text(place, argument) else {
                    return Value::Unknown("the name of the constant can't be computed".to_owned());
                };
                return match self.unclear.get(&name) {
                    Some(why) => Value::Unknown(format!("{name} is not known: {why}")),
                    None => {
                        let defined = self.constants.get(&name).is_some();
                        Value::Known(PhpScalar::Bool(defined))
                    }
                };
            }
            _ => {}
        }
        let [argument] = arguments else {
            return Value::Unknown(format!("{name}() is not followed"));
        };
        let value = match self.value(place, argument) {
            Value::Known(value) => value,
            Value::OtherHost if matches!(name, "strtolower" | "trim") => return Value::OtherHost,
            Value::OtherHost => return Value::Unknown("it depends on the host".to_owned()),
            unknown => return unknown,
        };
        self.simple_call(name, &value)
    }

    /// Functions of one value that give the same on every PHP.
    fn simple_call(&mut self, name: &str, value: &PhpScalar) -> Value {
        let unknown = || Value::Unknown(format!("{name}() is not followed"));
        let Some(bytes) = value.to_text() else {
            return unknown();
        };
        let text = String::from_utf8_lossy(&bytes);
        let result = match name {
            "strtolower" => bytes.to_ascii_lowercase(),
            "strtoupper" => bytes.to_ascii_uppercase(),
            "trim" => bytes.trim_ascii().to_vec(),
            "strval" => bytes,
            "dirname" => parent(&text).as_bytes().to_vec(),
            "basename" => last_part(&text).as_bytes().to_vec(),
            "file_exists" | "is_file" | "is_readable" => {
                return Value::Known(PhpScalar::Bool(self.library.get(&text).is_some()));
            }
            "intval" => match (value, text.parse()) {
                (PhpScalar::Int(_) | PhpScalar::Str(_), Ok(number)) => {
                    return Value::Known(PhpScalar::Int(number));
                }
                _ => return unknown(),
            },
            _ => return unknown(),
        };
        Value::Known(PhpScalar::Str(result))
    }

    pub(super) fn text(&mut self, place: Place<'_>, expression: &Expr) -> Option<String> {
        match self.value(place, expression) {
            Value::Known(value) => String::from_utf8(value.to_text()?).ok(),
            _ => None,
        }
    }
}

fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((parent, _)) => parent,
        None => ".",
    }
}
