//! PHP's scalar values and what its operators make of them. Where PHP versions disagree the answer
//! is `None`: nobody knows which PHP ran the file.

use std::fmt;

/// Longest string that is computed, in bytes.
const LONGEST: usize = 64 << 10;

/// The value of a constant.
#[derive(Clone, PartialEq)]
pub enum PhpScalar {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A double.
    Float(f64),
    /// Bytes in the encoding of the file.
    Str(Vec<u8>),
}

/// Any string may be a password, so none is shown.
impl fmt::Debug for PhpScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PhpScalar::Null => write!(f, "null"),
            PhpScalar::Bool(truth) => write!(f, "{truth}"),
            PhpScalar::Int(number) => write!(f, "{number}"),
            PhpScalar::Float(number) => write!(f, "{number:?}"),
            PhpScalar::Str(text) => write!(f, "<string of {} bytes>", text.len()),
        }
    }
}

impl PhpScalar {
    /// Whether PHP takes it as true: all but `null`, `false`, 0, `""` and `"0"`.
    pub fn truthy(&self) -> bool {
        match self {
            PhpScalar::Null => false,
            PhpScalar::Bool(truth) => *truth,
            PhpScalar::Int(number) => *number != 0,
            PhpScalar::Float(number) => *number != 0.0,
            PhpScalar::Str(text) => !text.is_empty() && text != b"0",
        }
    }

    /// The string that PHP makes of it; `None` for a double that is not whole, whose digits
    /// depend on PHP's settings.
    pub fn to_text(&self) -> Option<Vec<u8>> {
        Some(match self {
            PhpScalar::Null | PhpScalar::Bool(false) => Vec::new(),
            PhpScalar::Bool(true) => b"1".to_vec(),
            PhpScalar::Int(number) => number.to_string().into_bytes(),
            PhpScalar::Float(number) if number.fract() == 0.0 && number.abs() < 1e14 => {
                format!("{number:.0}").into_bytes()
            }
            PhpScalar::Float(_) => return None,
            PhpScalar::Str(text) => text.clone(),
        })
    }

    /// The number that it is or that its text is, without anything around it.
    fn number(&self) -> Option<PhpScalar> {
        match self {
            PhpScalar::Null | PhpScalar::Bool(_) => None,
            PhpScalar::Int(_) | PhpScalar::Float(_) => Some(self.clone()),
            PhpScalar::Str(text) => {
                let text = std::str::from_utf8(text).ok()?;
                let numeric = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
                if !text.bytes().all(numeric) {
                    return None;
                }
                let whole = text.parse().ok().map(PhpScalar::Int);
                whole.or_else(|| text.parse().ok().map(PhpScalar::Float))
            }
        }
    }

    fn as_float(&self) -> Option<f64> {
        match self.number()? {
            PhpScalar::Int(number) => Some(number as f64),
            PhpScalar::Float(number) => Some(number),
            _ => None,
        }
    }
}

/// `left operator right` for everything but `&&` and `||`.
pub(super) fn combine(left: &PhpScalar, operator: &str, right: &PhpScalar) -> Option<PhpScalar> {
    let truth = |truth: Option<bool>| truth.map(PhpScalar::Bool);
    match operator {
        "." => {
            let (mut text, more) = (left.to_text()?, right.to_text()?);
            text.extend_from_slice(&more);
            (text.len() <= LONGEST).then_some(PhpScalar::Str(text))
        }
        "===" => truth(Some(left == right)),
        "!==" => truth(Some(left != right)),
        "==" => truth(equal(left, right)),
        "!=" | "<>" => truth(equal(left, right).map(|equal| !equal)),
        "<" | "<=" | ">" | ">=" => {
            let order = left.as_float()?.partial_cmp(&right.as_float()?)?;
            truth(Some(match operator {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
        _ => arithmetic(&left.number()?, operator, &right.number()?),
    }
}

fn arithmetic(left: &PhpScalar, operator: &str, right: &PhpScalar) -> Option<PhpScalar> {
    if let (PhpScalar::Int(left), PhpScalar::Int(right)) = (left, right) {
        let whole = match operator {
            "+" => left.checked_add(*right),
            "-" => left.checked_sub(*right),
            "*" => left.checked_mul(*right),
            "/" if left.checked_rem(*right) == Some(0) => left.checked_div(*right),
            "%" => return left.checked_rem(*right).map(PhpScalar::Int),
            "<<" | ">>" => {
                let shift = u32::try_from(*right).ok().filter(|shift| *shift < 64)?;
                return Some(PhpScalar::Int(match operator {
                    "<<" => left << shift,
                    _ => left >> shift,
                }));
            }
            _ => None,
        };
        if let Some(number) = whole {
            return Some(PhpScalar::Int(number));
        }
    }
    let (left, right) = (left.as_float()?, right.as_float()?);
    Some(PhpScalar::Float(match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" if right != 0.0 => left / right,
        _ => return None,
    }))
}

/// `==`. A number against a string that is no number is what PHP 8 changed.
fn equal(left: &PhpScalar, right: &PhpScalar) -> Option<bool> {
    use PhpScalar::{Bool, Float, Int, Null, Str};
    match (left, right) {
        (Bool(_), _) | (_, Bool(_)) => Some(left.truthy() == right.truthy()),
        (Null, Str(text)) | (Str(text), Null) => Some(text.is_empty()),
        (Null, _) | (_, Null) => Some(left.truthy() == right.truthy()),
        (Str(one), Str(other)) => match (left.as_float(), right.as_float()) {
            (Some(one), Some(other)) => Some(one == other),
            _ => Some(one == other),
        },
        (Int(one), Int(other)) => Some(one == other),
        (Int(_) | Float(_) | Str(_), _) => Some(left.as_float()? == right.as_float()?),
    }
}
