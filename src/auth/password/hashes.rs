//! Which kinds of stored hashes are read, which kind is written, and what a verification says.
//!
//! The kind is told from the text's beginning: `$argon2…`, `$2y$…`, `{…}`, or nothing for the bare
//! digests. Plain text is never a hash. What can't be read counts as a wrong password and leaves a
//! line in the log, without the hash.

use std::fmt;
use std::hint::black_box;

use log::warn;

use super::argon::{self, Argon2Cost, BadCost};
use super::salted::{self, Kind};
use super::{Password, Random, Unreadable, blowfish, legacy};

/// The kind in which new hashes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewKind {
    /// argon2id at the configured cost.
    #[default]
    Argon2id,
    /// `{SSHA-256}`: what PHP reads, while PHP still runs, and the Python server too.
    Ssha256,
    /// `{SSHA}`: what LDAP servers verify by themselves.
    Ssha,
    /// `{SSCRYPT}`: what the Python server's own tables hold.
    Sscrypt,
}

/// How hashes are read and written.
#[derive(Clone, Default)]
pub struct HashSettings {
    /// Whether bare MD5 digests are read (`WEAVE_MD5_FALLBACK`).
    pub legacy_md5: bool,
    /// The salt of site-salted SHA-256 digests; without it they are not read (`WEAVE_SHA_SALT`).
    pub legacy_sha_salt: Option<String>,
    /// The kind in which new hashes are written.
    pub new_kind: NewKind,
    /// The cost of new argon2id hashes.
    pub argon2: Argon2Cost,
}

/// The site's salt is half a secret, so it is not printed.
impl fmt::Debug for HashSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashSettings")
            .field("legacy_md5", &self.legacy_md5)
            .field(
                "legacy_sha_salt",
                &self.legacy_sha_salt.as_ref().map(|_| "…"),
            )
            .field("new_kind", &self.new_kind)
            .field("argon2", &self.argon2)
            .finish()
    }
}

/// What a stored hash says to a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is the one.
    Good,
    /// It is the one, and its hash should be replaced: it is weaker than a new one, or of another
    /// kind than new ones are written in.
    GoodButOld,
    /// It is another one, or the stored hash can't be used.
    Bad,
}

/// A new hash could not be made: the password is larger than the algorithm takes (gigabytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashFailed;

/// Verifies passwords against stored hashes, and makes new ones.
#[derive(Clone, Debug)]
pub struct PasswordHashes {
    settings: HashSettings,
}

enum Stored {
    Argon(argon::Stored),
    Blowfish(blowfish::Stored),
    Salted(salted::Stored),
    Legacy(legacy::Stored),
}

impl PasswordHashes {
    /// Checks the settings.
    pub fn new(settings: HashSettings) -> Result<Self, BadCost> {
        settings.argon2.check()?;
        Ok(PasswordHashes { settings })
    }

    /// What `stored` says to `password`. A hash that can't be read is reported in the log. Being
    /// wrong takes at least the time of a new hash, whatever is stored.
    pub fn verify(&self, stored: &[u8], password: &Password) -> Verdict {
        self.try_verify(stored, password).unwrap_or_else(|reason| {
            warn!("a stored password hash can't be used: {reason}");
            self.dummy_verify(password);
            Verdict::Bad
        })
    }

    /// Takes the time of a verification, for users that don't exist: whoever guesses names must not
    /// learn from the clock which of them are taken.
    pub fn dummy_verify(&self, password: &Password) {
        let _ = black_box(self.hash(password, &mut |salt| salt.fill(0)));
    }

    /// A new hash of `password`: text of at most 128 bytes of ASCII, which the legacy tables hold.
    pub fn hash(&self, password: &Password, random: &mut Random<'_>) -> Result<String, HashFailed> {
        match self.new_salted_kind() {
            Some(kind) => kind.hash(password, random).map_err(|_| HashFailed),
            None => argon::hash(password, self.settings.argon2, random).map_err(|_| HashFailed),
        }
    }

    fn try_verify(&self, stored: &[u8], password: &Password) -> Result<Verdict, Unreadable> {
        let stored = Stored::parse(stored)?;
        if !self.matches(&stored, password)? {
            // A digest of old is checked so fast that the clock would tell its owner from nobody.
            if !self.is_as_new(&stored) {
                self.dummy_verify(password);
            }
            Ok(Verdict::Bad)
        } else if self.is_as_new(&stored) {
            Ok(Verdict::Good)
        } else {
            Ok(Verdict::GoodButOld)
        }
    }

    fn matches(&self, stored: &Stored, password: &Password) -> Result<bool, Unreadable> {
        match stored {
            Stored::Argon(stored) => stored.matches(password),
            Stored::Blowfish(stored) => Ok(stored.matches(password)),
            Stored::Salted(stored) => stored.matches(password),
            Stored::Legacy(stored) => {
                let salt = self.settings.legacy_sha_salt.as_deref();
                stored.matches(password, self.settings.legacy_md5, salt)
            }
        }
    }

    /// Another kind is old even when it is stronger: while PHP runs, a hash that it can't read
    /// locks its owner out on PHP's hosts.
    fn is_as_new(&self, stored: &Stored) -> bool {
        match (stored, self.new_salted_kind()) {
            (Stored::Argon(stored), None) => stored.is_worth(self.settings.argon2),
            (Stored::Salted(stored), Some(kind)) => stored.is_worth(kind),
            _ => false,
        }
    }

    fn new_salted_kind(&self) -> Option<Kind> {
        match self.settings.new_kind {
            NewKind::Argon2id => None,
            NewKind::Ssha256 => Some(Kind::Ssha256),
            NewKind::Ssha => Some(Kind::Ssha),
            NewKind::Sscrypt => Some(Kind::Sscrypt),
        }
    }
}

impl Stored {
    fn parse(stored: &[u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(stored).map_err(|_| "it is no text")?;
        if text.is_empty() {
            Err("it is empty")
        } else if text.starts_with("$argon2") {
            argon::Stored::parse(text).map(Stored::Argon)
        } else if text.starts_with("$2") {
            blowfish::Stored::parse(text).map(Stored::Blowfish)
        } else if text.starts_with('{') {
            salted::Stored::parse(text).map(Stored::Salted)
        } else {
            legacy::Stored::parse(text).map(Stored::Legacy)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::password;
    use super::*;

    const CHEAP: Argon2Cost = Argon2Cost {
        memory_kib: 256,
        passes: 2,
        lanes: 1,
    };
    const ARGON: &str = "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\
                         $R3Y4ayxj8ZdvGdVqkWGU8ppyYAU6+dhPgQ+GsJxN0xg";
    const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K";
    const SSHA_256: &str = "{SSHA-256}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5NQ8CjzNWhZtzYWx0c2FsdA==";
    const SSHA: &str = "{SSHA}gIZQH6s90mFdDkKAAiFhe7gbL9ZzYWx0c2FsdA==";
    const MD5: &str = "179ad45c6ce2cb97cf1029e212046e81";
    const SITE_SALTED: &str = "8320a186faf086250bd65dca091ee41e3f559677d92cf8fe3913a1507f503d1a";

    fn hashes(new_kind: NewKind) -> PasswordHashes {
        let settings = HashSettings {
            new_kind,
            argon2: CHEAP,
            ..HashSettings::default()
        };
        PasswordHashes::new(settings).unwrap()
    }

    fn with_legacy(new_kind: NewKind) -> PasswordHashes {
        let legacy_sha_salt = Some("salty".to_owned());
        let settings = HashSettings {
            legacy_md5: true,
            legacy_sha_salt,
            new_kind,
            argon2: CHEAP,
        };
        PasswordHashes::new(settings).unwrap()
    }

    fn ones(bytes: &mut [u8]) {
        bytes.fill(1);
    }

    #[test]
    fn every_kind_verifies_and_what_is_not_the_new_kind_is_old() {
        use Verdict::{Good, GoodButOld};
        for (stored, argon2id, ssha_256, ssha) in [
            (ARGON, Good, GoodButOld, GoodButOld),
            (SSHA_256, GoodButOld, Good, GoodButOld),
            (SSHA, GoodButOld, GoodButOld, Good),
            (BCRYPT, GoodButOld, GoodButOld, GoodButOld),
            (MD5, GoodButOld, GoodButOld, GoodButOld),
            (SITE_SALTED, GoodButOld, GoodButOld, GoodButOld),
        ] {
            for (new_kind, verdict) in [
                (NewKind::Argon2id, argon2id),
                (NewKind::Ssha256, ssha_256),
                (NewKind::Ssha, ssha),
            ] {
                let hashes = with_legacy(new_kind);
                let said = hashes.verify(stored.as_bytes(), &password("testpass"));
                assert_eq!(said, verdict, "{stored} {new_kind:?}");
                let wrong = hashes.verify(stored.as_bytes(), &password("testpasS"));
                assert_eq!(wrong, Verdict::Bad, "{stored}");
            }
        }
    }

    #[test]
    fn a_weaker_argon2_is_old() {
        let settings = HashSettings {
            argon2: Argon2Cost {
                memory_kib: 512,
                ..CHEAP
            },
            ..HashSettings::default()
        };
        let stronger = PasswordHashes::new(settings).unwrap();
        let said = stronger.verify(ARGON.as_bytes(), &password("testpass"));
        assert_eq!(said, Verdict::GoodButOld);
    }

    #[test]
    fn a_new_hash_of_any_kind_is_good() {
        for new_kind in [
            NewKind::Argon2id,
            NewKind::Ssha256,
            NewKind::Ssha,
            NewKind::Sscrypt,
        ] {
            let hashes = hashes(new_kind);
            for text in ["pässwörd€", "0", "a\0b", &"x".repeat(1000)] {
                let new = hashes.hash(&password(text), &mut ones).unwrap();
                assert!(new.is_ascii() && new.len() <= 128, "{new}");
                let said = hashes.verify(new.as_bytes(), &password(text));
                assert_eq!(said, Verdict::Good, "{new}");
            }
        }
    }

    #[test]
    fn the_default_kind_is_argon2id_at_the_cost_that_owasp_asks_for() {
        let hashes = PasswordHashes::new(HashSettings::default()).unwrap();
        let new = hashes.hash(&password("testpass"), &mut ones).unwrap();
        assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new}");
        assert!(new.len() <= 128, "{new}");
    }

    #[test]
    fn each_hash_takes_its_salt_from_the_randomness_given() {
        let hashes = hashes(NewKind::Argon2id);
        let one = hashes.hash(&password("testpass"), &mut ones).unwrap();
        let other = hashes
            .hash(&password("testpass"), &mut |salt| salt.fill(2))
            .unwrap();
        assert_ne!(one, other);
    }

    #[test]
    fn bare_digests_are_not_read_unless_they_are_in_use() {
        for stored in [MD5, SITE_SALTED] {
            let said = hashes(NewKind::Ssha256).verify(stored.as_bytes(), &password("testpass"));
            assert_eq!(said, Verdict::Bad, "{stored}");
        }
    }

    #[test]
    fn plain_text_and_malformed_hashes_are_bad() {
        let hashes = with_legacy(NewKind::Ssha256);
        for stored in [
            &b""[..],
            b"testpass",
            b"\xff\xfe",
            b"$1$saltsalt$hash",
            b"{CLEARTEXT}testpass",
            b"{SSHA-256}",
            b"{SSHA-256",
            b"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$R3Y4ayxj8ZdvGdVqkWGU8p",
            b"$2y$31$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
            b"*",
            b"!",
        ] {
            assert_eq!(
                hashes.verify(stored, &password("testpass")),
                Verdict::Bad,
                "{stored:?}"
            );
        }
    }

    #[test]
    fn a_cost_out_of_bounds_is_refused_at_the_start() {
        let argon2 = Argon2Cost {
            memory_kib: 1 << 21,
            ..CHEAP
        };
        let refused = PasswordHashes::new(HashSettings {
            argon2,
            ..HashSettings::default()
        });
        assert_eq!(refused.err(), Some(BadCost));
    }

    #[test]
    fn the_site_salt_is_not_printed() {
        let printed = format!("{:?}", with_legacy(NewKind::Argon2id));
        assert!(
            printed.contains("Argon2id") && !printed.contains("salty"),
            "{printed}"
        );
    }

    proptest! {
        #[test]
        fn no_stored_text_is_a_panic(
            start in "(\\$argon2id\\$v=19\\$|\\$2y\\$04\\$|\\{SSHA\\}|)",
            rest in "[\\PC$=,]{0,70}",
        ) {
            let stored = format!("{start}{rest}");
            let hashes = with_legacy(NewKind::Ssha256);
            prop_assert_eq!(hashes.verify(stored.as_bytes(), &password("testpass")), Verdict::Bad);
        }
    }
}
