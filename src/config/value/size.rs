//! Numbers of bytes: `32768`, `"32 KiB"`, `"5 MB"`; always whole.

use super::{Item, Optional, Value, quoted, refusal};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// The units, those in which sizes are printed first and largest first.
const UNITS: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
];

impl ByteSize {
    /// So many times 1024 bytes.
    pub const fn kib(number: u64) -> Self {
        ByteSize(number << 10)
    }

    /// So many times 1024 × 1024 bytes.
    pub const fn mib(number: u64) -> Self {
        ByteSize(number << 20)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl Value for ByteSize {
    fn expects() -> String {
        "a number of bytes, such as 65536, \"64 KiB\" or \"32 MiB\"".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let word = item.as_word().unwrap_or_default();
        parse(&word)
            .map(ByteSize)
            .ok_or_else(|| refusal::<Self>(item))
    }

    fn show(&self) -> String {
        let fitting = UNITS
            .iter()
            .take(3)
            .find(|(_, unit)| self.0.is_multiple_of(*unit));
        match fitting {
            Some((name, unit)) if self.0 > 0 => quoted(&format!("{} {name}", self.0 / unit)),
            _ => self.0.to_string(),
        }
    }
}

impl Optional for ByteSize {
    const NONE: (&'static str, &'static str) = ("0", "no limit");

    fn is_none(item: &Item) -> bool {
        ByteSize::read(item) == Ok(ByteSize(0))
    }
}

fn parse(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" => 1,
        name => {
            UNITS
                .iter()
                .find(|(unit, _)| unit.eq_ignore_ascii_case(name))?
                .1
        }
    };
    // What databases and files count in is signed.
    number
        .checked_mul(unit)
        .filter(|bytes| i64::try_from(*bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let cases = [
            ("0", Some(0)),
            ("262144", Some(262_144)),
            ("32 MiB", Some(33_554_432)),
            ("32MiB", Some(33_554_432)),
            ("32mib", Some(33_554_432)),
            ("5 MB", Some(5_000_000)),
            ("1kB", Some(1_000)),
            ("7 B", Some(7)),
            ("2 TiB", Some(2_199_023_255_552)),
            ("", None),
            ("MiB", None),
            ("32M", None),
            ("1.5 MiB", None),
            ("-1", None),
            ("9223372036854775808", None),
            ("99999999 TiB", None),
        ];
        for (text, bytes) in cases {
            let read = ByteSize::read(&Item::Text(text.to_owned())).ok();
            assert_eq!(read, bytes.map(ByteSize), "{text}");
        }
    }

    #[test]
    fn sizes_are_printed_in_the_largest_unit_that_fits() {
        let cases = [
            (0, "0"),
            (1_000, "1000"),
            (262_144, "\"256 KiB\""),
            (1 << 20, "\"1 MiB\""),
            (3 << 40, "\"3072 GiB\""),
        ];
        for (bytes, shown) in cases {
            assert_eq!(ByteSize(bytes).show(), shown);
        }
    }
}
