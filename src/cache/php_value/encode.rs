//! Writing PHP's `serialize()` format, with doubles as PHP 7.1 and later print them
//! (`serialize_precision = -1`, the shortest digits that read back as the same number).

use super::{PhpKey, PhpValue, canonical_integer};

/// PHP switches to an exponent when the number has more digits than this before the point, ...
const MOST_WHOLE_DIGITS: i32 = 17;
/// ... or more zeros than this right after it.
const MOST_LEADING_ZEROS: i32 = 3;

/// The bytes that PHP's `serialize()` gives for `value`.
///
/// A string key that PHP would hold as an integer is written as one, as PHP can't do otherwise.
/// Recurses as deep as the value is nested; values from [`decode`](super::decode) are bounded.
pub fn encode(value: &PhpValue) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut Vec<u8>, value: &PhpValue) {
    match value {
        PhpValue::Null => out.extend_from_slice(b"N;"),
        PhpValue::Bool(truth) => out.extend_from_slice(if *truth { b"b:1;" } else { b"b:0;" }),
        PhpValue::Int(number) => write_int(out, *number),
        PhpValue::Double(number) => {
            out.extend_from_slice(format!("d:{};", double_text(*number)).as_bytes());
        }
        PhpValue::Str(text) => write_str(out, text),
        PhpValue::Array(elements) => {
            out.extend_from_slice(format!("a:{}:{{", elements.len()).as_bytes());
            for (key, element) in elements {
                write_key(out, key);
                write_value(out, element);
            }
            out.push(b'}');
        }
    }
}

fn write_key(out: &mut Vec<u8>, key: &PhpKey) {
    match key {
        PhpKey::Int(number) => write_int(out, *number),
        PhpKey::Str(text) => match canonical_integer(text) {
            Some(number) => write_int(out, number),
            None => write_str(out, text),
        },
    }
}

fn write_int(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(format!("i:{number};").as_bytes());
}

fn write_str(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(format!("s:{}:\"", text.len()).as_bytes());
    out.extend_from_slice(text);
    out.extend_from_slice(b"\";");
}

/// A double as PHP prints it: `179545978367`, `0.1`, `1.0E+25`, `-0`, `INF`, `-INF`, `NAN`.
fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "NAN".to_owned();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}INF");
    }
    let (digits, point) = shortest_digits(number.abs());
    if !(-MOST_LEADING_ZEROS..=MOST_WHOLE_DIGITS).contains(&point) {
        return format!("{sign}{}", with_exponent(&digits, point - 1));
    }
    if point <= 0 {
        let zeros = "0".repeat(point.unsigned_abs() as usize);
        return match digits.as_str() {
            "0" => format!("{sign}0"),
            _ => format!("{sign}0.{zeros}{digits}"),
        };
    }
    let point = point as usize;
    if digits.len() <= point {
        return format!("{sign}{digits:0<point$}");
    }
    format!("{sign}{}.{}", &digits[..point], &digits[point..])
}

fn with_exponent(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let rest = if rest.is_empty() { "0" } else { rest };
    format!("{first}.{rest}E{exponent:+}")
}

/// The fewest decimal digits that name this number, and where the point stands: the number is
/// `0.digits` times ten to that power. Zero is `("0", 0)`.
fn shortest_digits(number: f64) -> (String, i32) {
    if number == 0.0 {
        return ("0".to_owned(), 0);
    }
    let shortest = format!("{number:e}");
    let (mantissa, _) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let decimals = mantissa.len().saturating_sub(2);
    // Where two texts of that length are equally near (a number that ends in exactly .25), PHP
    // takes the even digit and Rust's shortest form the higher one.
    let even = format!("{number:.decimals$e}");
    let text = if even.parse() == Ok(number) {
        even
    } else {
        shortest
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (
        mantissa.replace('.', ""),
        exponent.parse::<i32>().unwrap_or(0) + 1,
    )
}
