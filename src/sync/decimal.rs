//! Decimal numbers as people and browsers write them: `1795459807.5`, `0.000`, `-3`, `1e3`.
//!
//! Times, sort indexes and limits arrive as decimal text. Reading them through floating point would
//! move some of them by a centisecond, which loses records; so they are read digit by digit, and
//! each caller says how it wants them rounded.

/// A decimal number: up to 38 significant digits and an exponent, both exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
    /// Non-zero digits were cut off below the last one kept.
    inexact: bool,
}

/// More digits than any number here can mean; what follows only moves the exponent.
const MAX_DIGITS: u32 = 36;

impl Decimal {
    /// Reads what PHP's `is_numeric` and Python's `Decimal` agree on: white space around it, a sign,
    /// digits with or without a point, an exponent. No hexadecimal, no `NaN`, no `Infinity`.
    pub fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim_matches(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c'));
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, power) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let mut number = Decimal {
            negative,
            digits: 0,
            exponent: power,
            inexact: false,
        };
        let (mut kept, mut seen, mut point) = (0, false, false);
        for byte in mantissa.bytes() {
            match byte {
                b'0'..=b'9' => {
                    seen = true;
                    let digit = u128::from(byte - b'0');
                    if kept < MAX_DIGITS {
                        number.digits = number.digits * 10 + digit;
                        kept += u32::from(number.digits > 0);
                        number.exponent -= i32::from(point);
                    } else {
                        number.inexact |= digit > 0;
                        number.exponent += i32::from(!point);
                    }
                }
                b'.' if !point => point = true,
                _ => return None,
            }
        }
        seen.then_some(number)
    }

    /// The number times 100, rounded half to even: seconds to centiseconds, as the Python server
    /// quantised them. Saturates at the ends of `i64`.
    pub fn hundredths(self) -> i64 {
        let scaled = Decimal {
            exponent: self.exponent.saturating_add(2),
            ..self
        };
        scaled.signed(|whole, rest| match rest {
            Rest::None | Rest::BelowHalf => whole,
            Rest::Half => whole + (whole & 1),
            Rest::AboveHalf => whole + 1,
        })
    }

    /// The whole part, cut towards zero. Saturates at the ends of `i64`.
    pub fn truncated(self) -> i64 {
        self.signed(|whole, _| whole)
    }

    /// The largest integer that is not above the number.
    pub fn floor(self) -> i64 {
        let negative = self.negative;
        self.signed(|whole, rest| whole + u128::from(negative && rest != Rest::None))
    }

    /// The smallest integer that is not below the number.
    pub fn ceil(self) -> i64 {
        let negative = self.negative;
        self.signed(|whole, rest| whole + u128::from(!negative && rest != Rest::None))
    }

    fn signed(self, round: impl FnOnce(u128, Rest) -> u128) -> i64 {
        let (whole, rest) = self.split();
        let magnitude = i64::try_from(round(whole, rest)).unwrap_or(i64::MAX);
        if self.negative { -magnitude } else { magnitude }
    }

    fn split(self) -> (u128, Rest) {
        const TOO_LARGE: u128 = u64::MAX as u128;
        if self.digits == 0 {
            return (0, Rest::None);
        }
        if self.exponent >= 0 {
            let whole = 10u128
                .checked_pow(self.exponent.unsigned_abs())
                .and_then(|power| self.digits.checked_mul(power));
            return (whole.unwrap_or(TOO_LARGE), Rest::None);
        }
        let Some(power) = 10u128.checked_pow(self.exponent.unsigned_abs()) else {
            return (0, Rest::BelowHalf);
        };
        let rest = match (self.digits % power).cmp(&(power / 2)) {
            _ if self.digits.is_multiple_of(power) && !self.inexact => Rest::None,
            std::cmp::Ordering::Equal if !self.inexact => Rest::Half,
            std::cmp::Ordering::Less => Rest::BelowHalf,
            _ => Rest::AboveHalf,
        };
        ((self.digits / power).min(TOO_LARGE), rest)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    None,
    BelowHalf,
    Half,
    AboveHalf,
}

fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Beyond this, every exponent means "far too large" or "nothing".
    let size = digits.parse::<i32>().unwrap_or(i32::MAX).min(1_000_000);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundredths(text: &str) -> Option<i64> {
        Decimal::parse(text).map(Decimal::hundredths)
    }

    #[test]
    fn reads_times_as_browsers_write_them() {
        assert_eq!(hundredths("1795459807.5"), Some(179545980750));
        assert_eq!(hundredths("1795459807.28"), Some(179545980728));
        assert_eq!(hundredths("1795459807.290"), Some(179545980729));
        assert_eq!(hundredths("1795459807"), Some(179545980700));
        assert_eq!(hundredths("0.000"), Some(0));
        assert_eq!(hundredths(" 12 "), Some(1200));
    }

    #[test]
    fn rounds_half_to_even_in_both_directions() {
        assert_eq!(hundredths("0.005"), Some(0));
        assert_eq!(hundredths("0.015"), Some(2));
        assert_eq!(
            hundredths("0.0250000000000000000000000000000000000000001"),
            Some(3)
        );
        assert_eq!(hundredths("-0.015"), Some(-2));
        assert_eq!(hundredths("0.0149"), Some(1));
    }

    #[test]
    fn exponents_shift_and_saturate() {
        assert_eq!(hundredths("1e3"), Some(100_000));
        assert_eq!(hundredths("1e400"), Some(i64::MAX));
        assert_eq!(hundredths("-1e400"), Some(-i64::MAX));
        assert_eq!(hundredths("1e-400"), Some(0));
        assert_eq!(hundredths("0e999999999999"), Some(0));
        assert_eq!(
            hundredths("99999999999999999999999999999999999999999999"),
            Some(i64::MAX)
        );
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", " ", "abc", "NaN", "Infinity", "0x1A", "1_000", ".", "-", "1.2.3", "1e", "--1",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn cuts_and_rounds_to_whole_numbers() {
        let rows = [
            ("5.5", 5, 5, 6),
            ("-5.5", -5, -6, -5),
            (".5", 0, 0, 1),
            ("7", 7, 7, 7),
        ];
        for (text, truncated, floor, ceil) in rows {
            let number = Decimal::parse(text).unwrap();
            assert_eq!(
                (number.truncated(), number.floor(), number.ceil()),
                (truncated, floor, ceil)
            );
        }
    }
}
