//! The bare hexadecimal kinds that the PHP server had before it salted: the MD5 of the password,
//! and the SHA-256 of the password with the site's salt put into its middle. Read only, and each
//! only where the operator says that it is in use: a bare digest soon gives the password away to
//! whoever finds it.

use md5::Md5;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Password, Unreadable};

/// A stored bare digest.
pub(super) enum Stored {
    /// MD5.
    Md5([u8; 16]),
    /// SHA-256 around the site's salt.
    SiteSalted([u8; 32]),
}

impl Stored {
    /// Reads 32 or 64 hexadecimal digits.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        if let Some(digest) = from_hex(text) {
            Ok(Stored::Md5(digest))
        } else if let Some(digest) = from_hex(text) {
            Ok(Stored::SiteSalted(digest))
        } else {
            Err("it is of no known kind")
        }
    }

    /// Whether `password` is the one that was hashed; an error where this kind is not in use.
    pub(super) fn matches(
        &self,
        password: &Password,
        md5: bool,
        site_salt: Option<&str>,
    ) -> Result<bool, Unreadable> {
        match self {
            Stored::Md5(_) if !md5 => Err("it looks like MD5, which is not allowed here"),
            Stored::Md5(digest) => Ok(Md5::digest(password.as_bytes()).ct_eq(digest).into()),
            Stored::SiteSalted(digest) => {
                let salt = site_salt.ok_or("it looks site-salted, and no site salt is set")?;
                let (first, second) = halves(password.as_bytes());
                let ours = Sha256::new()
                    .chain_update(first)
                    .chain_update(salt)
                    .chain_update(second)
                    .finalize();
                Ok(ours.ct_eq(digest).into())
            }
        }
    }
}

/// PHP's halves, counted in bytes: the first has one more than half of them, rounded down. A
/// password is never empty, so there are always as many.
fn halves(password: &[u8]) -> (&[u8], &[u8]) {
    password.split_at((password.len() / 2 + 1).min(password.len()))
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| (byte as char).to_digit(16);
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some((digit(*high)? * 16 + digit(*low)?) as u8))
        .collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::password;
    use super::*;

    fn verify(text: &str, given: &str) -> Result<bool, Unreadable> {
        Stored::parse(text)?.matches(&password(given), true, Some("salty"))
    }

    // Expected values, here and below: Python's hashlib.
    #[test]
    fn md5_digests_verify_in_either_letter_case() {
        for (text, given) in [
            ("179ad45c6ce2cb97cf1029e212046e81", "testpass"),
            ("179AD45C6CE2CB97CF1029E212046E81", "testpass"),
            ("3ab2c1301b7f469bd663e7e45529020a", "pässwörd€"),
        ] {
            assert_eq!(verify(text, given), Ok(true), "{text}");
            assert_eq!(verify(text, "testpasS"), Ok(false), "{text}");
        }
    }

    #[test]
    fn site_salted_digests_verify_for_even_odd_and_short_passwords() {
        for (text, given) in [
            (
                "8320a186faf086250bd65dca091ee41e3f559677d92cf8fe3913a1507f503d1a",
                "testpass",
            ),
            (
                "3636445b5d3c8872c605ebb6c84b0799d55bd61ed5f8bacbf9a7a9011b9e0fd3",
                "abcde",
            ),
            (
                "9c4e765aaa409d9886b5b678ac2e68e6144c1570c867095066787ae79995bdcf",
                "a",
            ),
            (
                "97ccd6458461e41afc49b45293bbb93b1376f9753c216264ca10f10922c1ae08",
                "ab",
            ),
            (
                "16947ff44e5ec4a5a01301f19e711d378a3ce6f6d97d783150f613fe244a70c3",
                "pässwörd€",
            ),
            // Six bytes: the salt stands inside the second letter's two.
            (
                "d801639101120d3b59449f8454aea6c650f1d56788624756f66893a1b54e3a17",
                "äöü",
            ),
        ] {
            assert_eq!(verify(text, given), Ok(true), "{text}");
            assert_eq!(verify(text, "testpasS"), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_kind_that_is_not_in_use_is_refused() {
        let md5 = Stored::parse("179ad45c6ce2cb97cf1029e212046e81").unwrap();
        let salted =
            Stored::parse("8320a186faf086250bd65dca091ee41e3f559677d92cf8fe3913a1507f503d1a")
                .unwrap();
        let given = password("testpass");
        assert!(md5.matches(&given, false, Some("salty")).is_err());
        assert!(salted.matches(&given, true, None).is_err());
        assert_eq!(salted.matches(&given, false, Some("other")), Ok(false));
    }

    #[test]
    fn texts_that_are_no_such_digest_are_refused() {
        for text in [
            "",
            "testpass",
            "179ad45c6ce2cb97cf1029e212046e8",
            "179ad45c6ce2cb97cf1029e212046e811",
            "179ad45c6ce2cb97cf1029e212046e8g",
            "+79ad45c6ce2cb97cf1029e212046e81",
            "179ad45c6ce2cb97cf1029e212046eäö",
        ] {
            assert!(Stored::parse(text).is_err(), "{text}");
        }
    }
}
