//! Codes for forgotten passwords: random, stored hashed, valid for six hours, good for one use.
//!
//! A code is shown as `XXXX-XXXX-…`, as the Python server wrote it, but with 140 random bits instead
//! of 82. What people type back is read generously: in either case, with or without the hyphens, and
//! with the letters that look like digits taken for them.

use crate::auth::AuthResult;
use crate::sync::{Timestamp, UserId};
use sha2::{Digest, Sha256};
use std::fmt;

/// How long a code is good for, in seconds (Python server).
pub const RESET_SECONDS: i64 = 6 * 60 * 60;

/// 32 characters, of which no two look alike.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Five bits each.
const CHARACTERS: usize = 28;

/// Keeps codes for forgotten passwords, for all processes of an installation.
pub trait ResetCodes: Send + Sync {
    /// Makes a code for a user, good until six hours after `now`. An earlier one of the same user is
    /// void from now on.
    fn create(&self, user: UserId, now: Timestamp) -> AuthResult<CodeText>;

    /// Whether `code` is the user's, unused and not too old. Changes nothing: for a page that asks
    /// for the new password.
    fn check(&self, user: UserId, code: &str, now: Timestamp) -> AuthResult<bool>;

    /// Uses up the code; true for exactly one of all who try the same one, in any process.
    fn take(&self, user: UserId, code: &str, now: Timestamp) -> AuthResult<bool>;

    /// Voids the user's code, if there is one.
    fn clear(&self, user: UserId) -> AuthResult<()>;
}

/// A code as it is shown to its owner. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeText(String);

impl CodeText {
    /// A new code from `random`, which fills a buffer.
    pub fn new(random: fn(&mut [u8])) -> Self {
        let mut bytes = [0; CHARACTERS];
        random(&mut bytes);
        let mut text = String::new();
        for (n, byte) in bytes.iter().enumerate() {
            if n > 0 && n % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(byte & 31)]));
        }
        CodeText(text)
    }

    /// The code: seven groups of four, fit for a URL as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeText(…)")
    }
}

/// What is kept of a code, and what a typed one is compared by; nothing if it can't be a code. A code
/// is random enough that a plain hash does not give it away.
pub fn digest(typed: &str) -> Option<[u8; 32]> {
    // Nobody pads a code with more than some blanks.
    if typed.len() > 4 * CHARACTERS {
        return None;
    }
    let mut plain = Vec::with_capacity(CHARACTERS);
    for byte in typed.bytes().map(|b| b.to_ascii_uppercase()) {
        match byte {
            b'-' | b' ' | b'\t' | b'\r' | b'\n' => {}
            b'O' => plain.push(b'0'),
            b'I' | b'L' => plain.push(b'1'),
            byte if ALPHABET.contains(&byte) => plain.push(byte),
            _ => return None,
        }
    }
    (plain.len() == CHARACTERS).then(|| Sha256::digest(&plain).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(bytes: &mut [u8]) {
        (0..).zip(bytes).for_each(|(n, byte)| *byte = n);
    }

    #[test]
    fn a_code_is_seven_groups_and_shown_to_nobody_by_accident() {
        let code = CodeText::new(counted);
        assert_eq!(code.as_str(), "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV");
        assert_eq!(format!("{code:?}"), "CodeText(…)");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let digested = digest(CodeText::new(counted).as_str());
        assert!(digested.is_some());
        for typed in [
            "0123-4567-89ab-cdef-ghjk-mnpq-rstv",
            " 0123456789ABCDEFGHJKMNPQRSTV\r\n",
            "oi23 4567 89AB CDEF GHJK MNPQ RSTV",
        ] {
            assert_eq!(digest(typed), digested, "{typed}");
        }
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        let long = "0".repeat(10_000);
        for typed in ["", "0123-4567", "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTU", &long] {
            assert_eq!(digest(typed), None);
        }
        assert_ne!(
            digest("0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV"),
            digest("0123-4567-89AB-CDEF-GHJK-MNPQ-RSTW")
        );
    }
}
