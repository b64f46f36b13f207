//! bcrypt, as FSyncMS stored it and as other systems do: `$2a$`, `$2b$` and `$2y$`, which are one
//! algorithm for every implementation without the old bugs. Read only.
//!
//! bcrypt looks at the first 72 bytes of a password and no further, as every implementation does.
//! In C a password ends at its first NUL byte, and inside the algorithm `a`, `a\0a` and `a\0a\0a`
//! are one password; so passwords with a NUL match nothing here.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq;

use super::{Password, Unreadable};

/// The highest cost that a stored hash may ask for: some seconds of work.
const MAX_COST: u32 = 16;
const MIN_COST: u32 = 4;
/// What bcrypt looks at, the NUL at the end of a shorter password included.
const LOOKED_AT_BYTES: usize = 72;

/// Salts were often made of 22 random characters, whose last one has bits to spare.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A stored bcrypt hash that may be verified.
pub(super) struct Stored {
    cost: u32,
    salt: [u8; 16],
    digest: [u8; 23],
}

impl Stored {
    /// Reads `$2y$CC$` with 22 characters of salt and 31 of digest.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let rest = ["$2a$", "$2b$", "$2y$"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .ok_or("its kind of bcrypt is unknown")?;
        let (cost, rest) = rest.split_once('$').ok_or("it is no bcrypt hash")?;
        let two_digits = cost.len() == 2 && cost.bytes().all(|b| b.is_ascii_digit());
        let cost = cost
            .parse()
            .ok()
            .filter(|_| two_digits)
            .ok_or("its bcrypt cost is no number")?;
        if !(MIN_COST..=MAX_COST).contains(&cost) {
            return Err("its bcrypt cost is out of bounds");
        }
        let (salt, digest) = rest.split_at_checked(22).ok_or("it is no bcrypt hash")?;
        Ok(Stored {
            cost,
            salt: decoded(salt)?,
            digest: decoded(digest)?,
        })
    }

    /// Whether `password` is the one that was hashed.
    pub(super) fn matches(&self, password: &Password) -> bool {
        let mut key = password.as_bytes().to_vec();
        if key.contains(&0) {
            return false;
        }
        key.push(0);
        key.truncate(LOOKED_AT_BYTES);
        let digest = bcrypt::bcrypt(self.cost, self.salt, &key);
        digest[..23].ct_eq(&self.digest).into()
    }
}

fn decoded<const N: usize>(text: &str) -> Result<[u8; N], Unreadable> {
    BCRYPT_BASE64
        .decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or("its bcrypt salt or digest is badly encoded")
}

#[cfg(test)]
mod tests {
    use super::super::password;
    use super::*;

    fn verify(text: &str, given: &str) -> Result<bool, Unreadable> {
        Ok(Stored::parse(text)?.matches(&password(given)))
    }

    // The first is of jBCrypt's test vectors, the others were made by crypt(3) of libxcrypt.
    #[test]
    fn hashes_of_other_implementations_verify() {
        for (text, given) in [
            (
                "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
                "abc",
            ),
            (
                "$2y$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
                "testpass",
            ),
            (
                "$2a$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
                "testpass",
            ),
            (
                "$2b$04$abcdefghijklmnopqrstuulP40mix1kMuKfwOhZkUR3VAjfP8IpDK",
                "pässwörd€",
            ),
        ] {
            assert_eq!(verify(text, given), Ok(true), "{text}");
            assert_eq!(verify(text, "testpasS"), Ok(false), "{text}");
        }
    }

    #[test]
    fn only_72_bytes_of_a_password_count() {
        let of_72 = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
        let of_71 = "$2b$04$abcdefghijklmnopqrstuu.gc7UY/21CSNJGJg21jJzx9QiOpJ9bO";
        for (length, matches_72, matches_71) in [
            (71, false, true),
            (72, true, false),
            (73, true, false),
            (80, true, false),
        ] {
            assert_eq!(
                verify(of_72, &"x".repeat(length)),
                Ok(matches_72),
                "{length}"
            );
            assert_eq!(
                verify(of_71, &"x".repeat(length)),
                Ok(matches_71),
                "{length}"
            );
        }
    }

    #[test]
    fn a_password_with_a_nul_matches_nothing() {
        let of_abc = "$2y$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2";
        assert_eq!(verify(of_abc, "abc"), Ok(true));
        for given in ["abc\0", "abc\0abc", "abc\0def", "\0"] {
            assert_eq!(verify(of_abc, given), Ok(false), "{given:?}");
        }
    }

    #[test]
    fn spare_bits_at_the_end_of_the_salt_do_not_matter() {
        let made_with_random_characters =
            "$2y$04$abcdefghijklmnopqrstuvtOjAZBsRJeA9YeX4UkLnwZmoXyyC87K";
        assert_eq!(verify(made_with_random_characters, "testpass"), Ok(true));
    }

    #[test]
    fn malformed_texts_and_excessive_costs_are_refused() {
        for text in [
            "$2y$",
            "$2y$04",
            "$2y$04$",
            "$2y$04$abcdefghijklmnopqrstuu",
            "$2y$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87",
            "$2y$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87KK",
            "$2y$04$abcdefghijklmnopqrstu!tOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2y$04$abcdefghijklmnopqrstuäOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2x$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2y$4$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2y$+4$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2y$03$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2y$17$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2y$31$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            "$2y$99$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
        ] {
            assert!(Stored::parse(text).is_err(), "{text}");
        }
    }
}
