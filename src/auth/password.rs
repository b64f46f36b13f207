//! Passwords, and the hashes of them that this server and its forerunners have stored.
//!
//! [`Password`] is the text itself, kept from printing and compared in constant time.
//! [`PasswordHashes`] verifies it against every kind of stored hash and writes new ones. One file
//! per family of hashes lies below; each reads its own text form, refuses what it can't trust, and
//! knows nothing of the others.

mod argon;
mod blowfish;
mod hashes;
mod legacy;
mod salted;

use std::fmt;

use subtle::ConstantTimeEq;

pub use argon::{Argon2Cost, BadCost};
pub use hashes::{HashFailed, HashSettings, NewKind, PasswordHashes, Verdict};

/// A source of random bytes that fills what it is given.
pub type Random<'a> = dyn FnMut(&mut [u8]) + 'a;

/// A password: UTF-8, never empty, so that no engine can be asked about an empty one (an LDAP bind
/// without a password succeeds for anybody).
#[derive(Clone)]
pub struct Password(String);

/// A password was empty, which counts as missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyPassword;

/// Why a password must not be chosen; for the user API's answer 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakPassword {
    /// It is shorter than [`Password::MIN_NEW_BYTES`].
    TooShort,
    /// It is the user name, letter case and outer spaces aside.
    IsUserName,
}

impl Password {
    /// The shortest password that may be newly chosen, in bytes of UTF-8 (Python server).
    pub const MIN_NEW_BYTES: usize = 8;

    /// Takes a password from a request: bytes that are not UTF-8 are taken as ISO-8859-1.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, EmptyPassword> {
        if bytes.is_empty() {
            Err(EmptyPassword)
        } else {
            Ok(Password(text_from_wire(bytes)))
        }
    }

    /// The text itself, for an engine that must send it on.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes of the text in UTF-8, as every hash takes them.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether `user` may choose this as a new password (Python server). Passwords that exist
    /// already are not held to it.
    pub fn may_be_chosen_by(&self, user: &str) -> Result<(), WeakPassword> {
        if self.0.len() < Self::MIN_NEW_BYTES {
            Err(WeakPassword::TooShort)
        } else if self.0.trim().to_lowercase() == user.trim().to_lowercase() {
            Err(WeakPassword::IsUserName)
        } else {
            Ok(())
        }
    }
}

/// Compares in a time that tells nothing but the lengths.
impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Text as clients send it: UTF-8, or else ISO-8859-1, whose bytes are the first 256 characters of
/// Unicode (legacy PHP).
pub(super) fn text_from_wire(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Why a stored hash can't be used. The text goes to the log, so it never quotes the hash.
type Unreadable = &'static str;

#[cfg(test)]
pub(super) fn password(text: &str) -> Password {
    Password::from_wire(text.as_bytes()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_password_is_none() {
        assert_eq!(Password::from_wire(b""), Err(EmptyPassword));
        assert_eq!(password("0").as_str(), "0");
        assert_eq!(password(" ").as_str(), " ");
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_latin_1() {
        assert_eq!(
            Password::from_wire(b"p\xe4ssw\xf6rd"),
            Ok(password("pässwörd"))
        );
        assert_eq!(
            Password::from_wire("pässwörd€".as_bytes()),
            Ok(password("pässwörd€"))
        );
        assert_eq!(
            Password::from_wire(b"\xff\x00\x80").unwrap().as_str(),
            "ÿ\0\u{80}"
        );
    }

    #[test]
    fn passwords_are_equal_when_their_bytes_are() {
        assert_eq!(password("testpass"), password("testpass"));
        for other in ["testpasS", "testpas", "testpasss", "xestpass"] {
            assert_ne!(password("testpass"), password(other));
        }
    }

    #[test]
    fn nothing_of_a_password_is_printed() {
        assert_eq!(format!("{:?}", password("testpass")), "Password");
        assert_eq!(
            format!("{:#?}", Some(password("x"))),
            "Some(\n    Password,\n)"
        );
    }

    #[test]
    fn a_new_password_has_eight_bytes_and_is_not_the_user_name() {
        for good in [
            "12345678",
            "ääää",
            "longer than the name",
            "testuser1",
            "        ",
        ] {
            assert_eq!(
                password(good).may_be_chosen_by("testuser"),
                Ok(()),
                "{good}"
            );
        }
        for short in ["1", "1234567", "äää", "€€"] {
            let refused = password(short).may_be_chosen_by("testuser");
            assert_eq!(refused, Err(WeakPassword::TooShort), "{short}");
        }
        for name in ["testuser", "TestUser", "  testuser\n"] {
            let refused = password(name).may_be_chosen_by(" TESTuser");
            assert_eq!(refused, Err(WeakPassword::IsUserName), "{name}");
        }
    }
}
