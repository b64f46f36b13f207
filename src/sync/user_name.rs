//! The name by which a user is known in paths and in Basic credentials.

use std::fmt;

use super::NameError;

/// The name of a user: 1 to 32 bytes of `A-Z a-z 0-9 . _ -` (legacy PHP), kept in lower case,
/// because that is how names are compared everywhere.
///
/// One letter is a name: the set-up dialog of desktop browsers asks for the user `a` to see whether
/// a server answers at all (seen in desktop client).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

impl UserName {
    /// The longest name that the databases hold, in bytes.
    pub const MAX_BYTES: usize = 32;

    /// Takes `name` if it is one, and lowers it.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            Err(NameError::Empty)
        } else if name.len() > Self::MAX_BYTES {
            Err(NameError::TooLong)
        } else if !name.bytes().all(Self::allows) {
            Err(NameError::Character)
        } else {
            Ok(UserName(name.to_ascii_lowercase()))
        }
    }

    /// The name as text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name may hold this byte.
    pub(super) fn allows(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_in_lower_case() {
        let name = UserName::new("MixedCase").unwrap();
        assert_eq!(name.as_str(), "mixedcase");
        assert_eq!(name, UserName::new("MIXEDCASE").unwrap());
        assert_eq!(name.to_string(), "mixedcase");
    }

    #[test]
    fn one_letter_a_zero_and_thirty_two_bytes_are_names() {
        for name in [
            "a",
            "0",
            "user.with-odd_chars",
            "..",
            "abcdefghijklmnopqrstuvwxyz123456",
        ] {
            assert_eq!(UserName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_name_says_why() {
        assert_eq!(UserName::new(""), Err(NameError::Empty));
        assert_eq!(UserName::new(&"a".repeat(33)), Err(NameError::TooLong));
        for text in [
            "a b", "a@b", "a/b", "ä", "a\0", "a\n", "*", "a+b", "\u{212a}",
        ] {
            assert_eq!(UserName::new(text), Err(NameError::Character), "{text:?}");
        }
    }
}
