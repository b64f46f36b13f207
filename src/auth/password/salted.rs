//! The salted kinds of the legacy servers: `{SSHA}`, `{SSHA-256}` and `{SSCRYPT}`, each followed by
//! the base64 of digest and salt.
//!
//! The digest has a known length and everything behind it is the salt. PHP and the Python server
//! write 8 bytes of it; PHP reads any length, LDAP servers write others: any length verifies.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use scrypt::Params;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Password, Random, Unreadable};

/// The length of new salts, in bytes: the one that the Python server looks for.
const SALT_BYTES: usize = 8;
/// New salts are of these characters, so that they are text for whoever decodes them.
const SALT_ALPHABET: &[u8; 64] =
    b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Reading is lenient about padding; what is written is canonical, because the legacy servers
/// compare whole texts.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A salted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// SHA-1 of password and salt.
    Ssha,
    /// SHA-256 of password and salt.
    Ssha256,
    /// scrypt with N = 16384, r = 8, p = 1 and 64 bytes of output.
    Sscrypt,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Ssha, Kind::Ssha256, Kind::Sscrypt];

    fn prefix(self) -> &'static str {
        match self {
            Kind::Ssha => "{SSHA}",
            Kind::Ssha256 => "{SSHA-256}",
            Kind::Sscrypt => "{SSCRYPT}",
        }
    }

    fn digest_bytes(self) -> usize {
        match self {
            Kind::Ssha => 20,
            Kind::Ssha256 => 32,
            Kind::Sscrypt => 64,
        }
    }

    fn digest(self, password: &Password, salt: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let password = password.as_bytes();
        match self {
            Kind::Ssha => Ok(Sha1::new()
                .chain_update(password)
                .chain_update(salt)
                .finalize()
                .to_vec()),
            Kind::Ssha256 => Ok(Sha256::new()
                .chain_update(password)
                .chain_update(salt)
                .finalize()
                .to_vec()),
            Kind::Sscrypt => {
                let mut out = vec![0; self.digest_bytes()];
                let params = Params::new(14, 8, 1, out.len()).map_err(|_| "scrypt failed")?;
                scrypt::scrypt(password, salt, &params, &mut out).map_err(|_| "scrypt failed")?;
                Ok(out)
            }
        }
    }

    /// Writes a new hash.
    pub(super) fn hash(
        self,
        password: &Password,
        random: &mut Random<'_>,
    ) -> Result<String, Unreadable> {
        let mut salt = [0; SALT_BYTES];
        random(&mut salt);
        for byte in &mut salt {
            *byte = SALT_ALPHABET[usize::from(*byte & 63)];
        }
        let mut bytes = self.digest(password, &salt)?;
        bytes.extend_from_slice(&salt);
        Ok(format!("{}{}", self.prefix(), BASE64.encode(bytes)))
    }
}

/// A stored salted hash.
pub(super) struct Stored {
    kind: Kind,
    digest: Vec<u8>,
    salt: Vec<u8>,
}

impl Stored {
    /// Reads `{KIND}` and the base64 behind it.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let (kind, encoded) = Kind::ALL
            .iter()
            .find_map(|kind| Some((*kind, text.strip_prefix(kind.prefix())?)))
            .ok_or("the kind in its braces is unknown")?;
        let mut digest = BASE64.decode(encoded).map_err(|_| "it is badly encoded")?;
        if digest.len() < kind.digest_bytes() {
            return Err("its digest is too short");
        }
        let salt = digest.split_off(kind.digest_bytes());
        Ok(Stored { kind, digest, salt })
    }

    /// Whether `password` is the one that was hashed.
    pub(super) fn matches(&self, password: &Password) -> Result<bool, Unreadable> {
        Ok(self
            .kind
            .digest(password, &self.salt)?
            .ct_eq(&self.digest)
            .into())
    }

    /// Whether a new hash of this kind would be no stronger. A salt of another length than the
    /// servers write may be the reason why one of them refuses the hash.
    pub(super) fn is_worth(&self, kind: Kind) -> bool {
        self.kind == kind && self.salt.len() == SALT_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::super::password;
    use super::*;

    fn verify(text: &str, given: &str) -> Result<bool, Unreadable> {
        Stored::parse(text)?.matches(&password(given))
    }

    // Expected values, here and below: Python's hashlib.
    #[test]
    fn hashes_of_the_legacy_servers_verify() {
        for (text, given) in [
            (
                "{SSHA-256}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5NQ8CjzNWhZtzYWx0c2FsdA==",
                "testpass",
            ),
            (
                "{SSHA-256}r90bRvm/AG3RxxurvUUg4oTI9IIZ4JKRVi4xBzam7RF6enp6enp6eg==",
                "pässwörd€",
            ),
            (
                "{SSHA-256}Jdi9esFBpnf12IGHLNMjubXdU5CFGvxIP9pluY2Smvh4eHh4eHh4eA==",
                "pässwörd",
            ),
            ("{SSHA}gIZQH6s90mFdDkKAAiFhe7gbL9ZzYWx0c2FsdA==", "testpass"),
            ("{SSHA}OAn3KtdN5dM+l6W6gouUhpnnaqJhYmNk", "pässwörd€"),
            (
                "{SSCRYPT}vqOMEQIKEJ50NXWD3NoRsJAJ/nNk5AYeCOSu6GDbdIlwQUn2EUgG3lFTi/STACZ8\
                 /0b7cHosDevBMaMZ8L9ltXNhbHRzYWx0",
                "testpass",
            ),
            (
                "{SSCRYPT}uBLsR0DD6SZukImtwRwStnhSaxNwa+EpFMysYPizAupLtEi8VOEurJM1E/u8K/M1\
                 lt0NYJRQ5GWFkjrbwggD1kFiM2RFZjlo",
                "pässwörd€",
            ),
        ] {
            assert_eq!(verify(text, given), Ok(true), "{text}");
            assert_eq!(verify(text, "testpasS"), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_salt_of_any_length_verifies() {
        for text in [
            "{SSHA-256}E9JJ8stBJ7QM+nV4ZoUCeHk/gU3tPFh/5YieiJp6n2w=",
            "{SSHA-256}0HQaN+5CooB9891B100KRSjQUaBH9M1Io9TcuH/Q86NhYmM=",
            "{SSHA-256}CYzA0PVaCjFCGgN/lOo7DRJIwrdtiIYVR+hCwQAIHFphIHNhbHQgb2YgMjMgYnl0ZXMg\
             bG9uZw==",
            "{SSHA-256}hY/UDucJiOYIOBuiz6UKc3mf8HdoXUlRr7y9pYen8MAAESIzRFVmd4iZqrvM3e7/",
        ] {
            assert_eq!(verify(text, "testpass"), Ok(true), "{text}");
            assert!(
                !Stored::parse(text).unwrap().is_worth(Kind::Ssha256),
                "{text}"
            );
        }
    }

    #[test]
    fn missing_padding_does_not_matter() {
        let text = "{SSHA-256}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5NQ8CjzNWhZtzYWx0c2FsdA";
        assert_eq!(verify(text, "testpass"), Ok(true));
    }

    #[test]
    fn malformed_texts_are_refused() {
        for text in [
            "{SSHA-256}",
            "{SSHA-256}!!!!",
            "{SSHA-256}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5",
            "{SSHA}fuQZ",
            "{SSCRYPT}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5NQ8CjzNWhZtzYWx0c2FsdA==",
            "{SSHA-512}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5NQ8CjzNWhZtzYWx0c2FsdA==",
            "{CLEARTEXT}testpass",
            "{}",
        ] {
            assert!(Stored::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn new_hashes_verify_and_have_eight_characters_of_salt() {
        for kind in Kind::ALL {
            let mut next = 250u8;
            let random = &mut |bytes: &mut [u8]| {
                for byte in bytes {
                    *byte = next;
                    next = next.wrapping_add(1);
                }
            };
            let text = kind.hash(&password("pässwörd€"), random).unwrap();
            let stored = Stored::parse(&text).unwrap();
            assert_eq!(stored.matches(&password("pässwörd€")), Ok(true));
            assert_eq!(stored.salt, b"uvwxyz./");
            assert!(stored.is_worth(kind));
            assert!(
                text.len() <= 128,
                "the legacy column holds 128 bytes: {text}"
            );
        }
    }
}
