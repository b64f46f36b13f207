//! Spans of time: `30` (seconds), `"30s"`, `"5min"`, `"1h 30min"`.

use super::{Item, Optional, Value, quoted, refusal};
use std::time::Duration;

/// The units, largest first, in milliseconds.
const UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Other spellings that leave no doubt.
const SPELLINGS: &[(&str, &str)] = &[
    ("day", "d"),
    ("days", "d"),
    ("hour", "h"),
    ("hours", "h"),
    ("m", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("sec", "s"),
    ("second", "s"),
    ("seconds", "s"),
];

/// Ten years: no span here is meant to be longer, and none then overflows anything.
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

impl Value for Duration {
    fn expects() -> String {
        "a time, such as \"30s\", \"5min\" or \"12h\"".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let word = item.as_word().unwrap_or_default();
        let span = match word.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => parse(&word),
        };
        span.filter(|span| *span <= LONGEST)
            .ok_or_else(|| refusal::<Self>(item))
    }

    fn show(&self) -> String {
        let milliseconds = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let fitting = UNITS
            .iter()
            .find(|(_, unit)| milliseconds.is_multiple_of(*unit));
        match fitting {
            Some((name, unit)) if milliseconds > 0 => {
                quoted(&format!("{}{name}", milliseconds / unit))
            }
            _ => "0".to_owned(),
        }
    }
}

impl Optional for Duration {
    const NONE: (&'static str, &'static str) = ("0", "none");

    fn is_none(item: &Item) -> bool {
        Duration::read(item).is_ok_and(|span| span.is_zero())
    }
}

/// Reads one or more numbers with units.
fn parse(text: &str) -> Option<Duration> {
    let mut total: u64 = 0;
    let mut rest = text.trim_start();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        total = total.checked_add(number.checked_mul(unit(&rest[..letters])?)?)?;
        rest = rest[letters..].trim_start();
    }
    Some(Duration::from_millis(total))
}

fn unit(name: &str) -> Option<u64> {
    let spelled = SPELLINGS.iter().find(|(spelling, _)| *spelling == name);
    let name = spelled.map_or(name, |(_, unit)| unit);
    UNITS
        .iter()
        .find(|(unit, _)| *unit == name)
        .map(|(_, length)| *length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let cases = [
            ("0", Some(0)),
            ("90", Some(90_000)),
            ("90s", Some(90_000)),
            ("90 seconds", Some(90_000)),
            ("5min", Some(300_000)),
            ("5m", Some(300_000)),
            ("1h 30min", Some(5_400_000)),
            ("1h30min", Some(5_400_000)),
            ("250ms", Some(250)),
            ("2d", Some(172_800_000)),
            ("", None),
            ("s", None),
            ("-5s", None),
            ("1.5h", None),
            ("5 fortnights", None),
            ("5min 3", None),
            ("99999999999999999999s", None),
            ("99999999999999d", None),
            ("3651d", None),
        ];
        for (text, milliseconds) in cases {
            let read = Duration::read(&Item::Text(text.to_owned())).ok();
            assert_eq!(read, milliseconds.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn times_are_printed_in_the_largest_unit_that_fits() {
        let cases = [
            (0, "0"),
            (250, "\"250ms\""),
            (1_500, "\"1500ms\""),
            (90_000, "\"90s\""),
            (300_000, "\"5min\""),
            (5_400_000, "\"90min\""),
            (86_400_000, "\"1d\""),
        ];
        for (milliseconds, shown) in cases {
            assert_eq!(Duration::from_millis(milliseconds).show(), shown);
        }
    }
}
