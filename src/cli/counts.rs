//! Numbers of things, as people read them: one user, two users.

/// So many users.
pub(crate) fn users(count: u64) -> String {
    counted(count, "user")
}

/// So many records.
pub(crate) fn records(count: u64) -> String {
    counted(count, "record")
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{} {what}s", grouped(count)),
    }
}

/// A number with its thousands apart: `3,412`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{records, users};

    #[test]
    fn one_is_not_many_and_thousands_stand_apart() {
        assert_eq!([0, 1, 2].map(users), ["0 users", "1 user", "2 users"]);
        let counts = [1, 999, 1_000, 1_234_567].map(records);
        let expected = [
            "1 record",
            "999 records",
            "1,000 records",
            "1,234,567 records",
        ];
        assert_eq!(counts, expected);
    }
}
