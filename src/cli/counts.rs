//! Numbers of things, as people read them: one user, two users.

use crate::web::thousands_apart;

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
        _ => format!("{} {what}s", thousands_apart(count)),
    }
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
