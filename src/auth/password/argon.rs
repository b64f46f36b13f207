//! Argon2 in its PHC text form, `$argon2id$v=19$m=19456,t=2,p=1$salt$digest`: the kind that new
//! hashes are written in. Argon2i is read too; argon2d is for other purposes and refused.
//!
//! The text says how much memory and work verifying takes. A text from a database is trusted with
//! a bounded amount of both only.

use argon2::password_hash::{PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use super::{Password, Random, Unreadable};

/// The most memory that a stored hash may ask for: 1 GiB, in KiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// The most work that a stored hash may ask for: memory in KiB times passes.
const MAX_WORK: u64 = 4 << 20;
/// The most lanes that a stored hash may ask for.
const MAX_LANES: u32 = 64;
/// The length of new salts, and of new digests, in bytes.
const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;

/// What verifying a new hash costs, the password's owner as well as somebody who guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// How often the memory is gone through.
    pub passes: u32,
    /// How many parts of the memory could be worked on at once. Here one thread does them all.
    pub lanes: u32,
}

impl Default for Argon2Cost {
    /// 19 MiB, 2 passes, 1 lane: what OWASP asks for at least.
    fn default() -> Self {
        Argon2Cost {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

/// A cost that argon2 has no hash for, or that this server would refuse to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCost;

impl Argon2Cost {
    /// Whether hashes can be written at this cost, and read again.
    pub(super) fn check(self) -> Result<(), BadCost> {
        let params = self.params().map_err(|_| BadCost)?;
        refuse_excess(&params).map_err(|_| BadCost)
    }

    fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(DIGEST_BYTES))
    }
}

/// Writes a new argon2id hash.
pub(super) fn hash(
    password: &Password,
    cost: Argon2Cost,
    random: &mut Random<'_>,
) -> Result<String, argon2::Error> {
    let mut salt = [0; SALT_BYTES];
    random(&mut salt);
    let mut digest = [0; DIGEST_BYTES];
    let params = cost.params()?;
    let memory = memory(&params);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        password.as_bytes(),
        &salt,
        &mut digest,
        memory,
    )?;
    let Argon2Cost {
        memory_kib,
        passes,
        lanes,
    } = cost;
    let (salt, digest) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(digest));
    Ok(format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${digest}"
    ))
}

/// What an allocation must be larger than for glibc to hand it back to the system whole when it is
/// freed, in bytes. Of a smaller one it learns to keep as much for the next time, and never finds it
/// again, because something small lies in it by then: a worker grew by 19 MB with each user.
const ALWAYS_GIVEN_BACK: usize = 32 << 20;

/// The memory of one hash. What is reserved beyond it is never touched, so it costs nothing.
fn memory(params: &Params) -> Vec<Block> {
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(blocks.max(ALWAYS_GIVEN_BACK / Block::SIZE + 1));
    memory.resize(blocks, Block::default());
    memory
}

/// A stored argon2 hash that may be verified.
pub(super) struct Stored {
    argon2: Argon2<'static>,
    strongest_kind: bool,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Stored {
    /// Reads a PHC text and checks that it asks for nothing out of bounds.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let parsed = PasswordHash::new(text).map_err(|_| "it is no argon2 hash")?;
        let algorithm = match parsed.algorithm.as_str() {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            _ => return Err("its kind of argon2 is not for passwords"),
        };
        let version = match parsed.version {
            Some(0x13) => Version::V0x13,
            // Texts from before 1.3 carry no version.
            Some(0x10) | None => Version::V0x10,
            Some(_) => return Err("its version of argon2 is unknown"),
        };
        let params = Params::try_from(&parsed).map_err(|_| "its argon2 parameters are wrong")?;
        refuse_excess(&params)?;
        let salt = parsed.salt.ok_or("it has no salt")?;
        let digest = parsed.hash.ok_or("it has no digest")?.as_bytes().to_vec();
        Ok(Stored {
            argon2: Argon2::new(algorithm, version, params),
            strongest_kind: algorithm == Algorithm::Argon2id && version == Version::V0x13,
            salt: decoded(salt)?,
            digest,
        })
    }

    /// Whether `password` is the one that was hashed.
    pub(super) fn matches(&self, password: &Password) -> Result<bool, Unreadable> {
        let mut digest = vec![0; self.digest.len()];
        self.argon2
            .hash_password_into_with_memory(
                password.as_bytes(),
                &self.salt,
                &mut digest,
                memory(self.argon2.params()),
            )
            .map_err(|_| "argon2 does not take its parameters")?;
        Ok(digest.ct_eq(&self.digest).into())
    }

    /// Whether a new hash at `cost` would be no stronger.
    pub(super) fn is_worth(&self, cost: Argon2Cost) -> bool {
        let params = self.argon2.params();
        self.strongest_kind
            && params.m_cost() >= cost.memory_kib
            && params.t_cost() >= cost.passes
            && self.digest.len() >= DIGEST_BYTES
            && self.salt.len() >= SALT_BYTES
    }
}

fn decoded(salt: Salt<'_>) -> Result<Vec<u8>, Unreadable> {
    let mut buffer = [0; Salt::MAX_LENGTH];
    let salt = salt
        .decode_b64(&mut buffer)
        .map_err(|_| "its salt is badly encoded")?;
    Ok(salt.to_vec())
}

fn refuse_excess(params: &Params) -> Result<(), Unreadable> {
    if params.m_cost() > MAX_MEMORY_KIB {
        Err("it asks for more than 1 GiB of memory")
    } else if u64::from(params.m_cost()) * u64::from(params.t_cost()) > MAX_WORK {
        Err("it asks for too much work")
    } else if params.p_cost() > MAX_LANES {
        Err("it asks for too many lanes")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::password;
    use super::*;

    const CHEAP: Argon2Cost = Argon2Cost {
        memory_kib: 256,
        passes: 2,
        lanes: 1,
    };

    fn verify(text: &str, given: &str) -> Result<bool, Unreadable> {
        Stored::parse(text)?.matches(&password(given))
    }

    /// The hash of `testpass` with `parameters` in the place of those that it was made with.
    fn asking_for(parameters: &str) -> String {
        format!(
            "$argon2id$v=19${parameters}$c2FsdHNhbHRzYWx0c2FsdA\
             $R3Y4ayxj8ZdvGdVqkWGU8ppyYAU6+dhPgQ+GsJxN0xg"
        )
    }

    // Expected values: the reference library, libargon2, with the salt "saltsaltsaltsalt".
    #[test]
    fn hashes_of_the_reference_library_verify() {
        for (text, given) in [
            (
                "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\
                 $R3Y4ayxj8ZdvGdVqkWGU8ppyYAU6+dhPgQ+GsJxN0xg",
                "testpass",
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\
                 $/Dtl+OQRoj9th01L8WjkYq9gVRp4SjrtrHbKDe8uvIU",
                "pässwörd€",
            ),
            (
                "$argon2i$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\
                 $J1O1SWFW87UCPJibr6ksdQyFyaLZ13I0XEwHrgLJY3o",
                "testpass",
            ),
            (
                "$argon2id$v=16$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\
                 $Q0aZWajS8isTc4JM8IeUUS2KCtHQzk4+gJJJ1SBm+QM",
                "testpass",
            ),
            (
                "$argon2id$v=19$m=512,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA\
                 $EcHjzDnlpQmCosLX5Qzg+rtamAClvQFb",
                "testpass",
            ),
            (
                "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\
                 $iKILLI99LWcx3KdIK6Kn9lDXw0fj3n7ULqVssU4XWvA",
                "testpass",
            ),
        ] {
            assert_eq!(verify(text, given), Ok(true), "{text}");
            assert_eq!(verify(text, "testpasS"), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_new_hash_has_the_text_of_the_reference_library() {
        let salt = &mut |bytes: &mut [u8]| bytes.copy_from_slice(b"saltsaltsaltsalt");
        let text = hash(&password("testpass"), CHEAP, salt).unwrap();
        assert_eq!(text, asking_for("m=256,t=2,p=1"));
    }

    #[test]
    fn a_hash_that_asks_for_too_much_is_refused_before_any_work() {
        for (parameters, reason) in [
            ("m=1048577,t=1,p=1", "it asks for more than 1 GiB of memory"),
            (
                "m=4294967295,t=4294967295,p=1",
                "it asks for more than 1 GiB of memory",
            ),
            ("m=1048576,t=5,p=1", "it asks for too much work"),
            ("m=8,t=4294967295,p=1", "it asks for too much work"),
            ("m=4096,t=1,p=65", "it asks for too many lanes"),
        ] {
            assert_eq!(
                Stored::parse(&asking_for(parameters)).err(),
                Some(reason),
                "{parameters}"
            );
        }
    }

    #[test]
    fn malformed_texts_are_refused() {
        for text in [
            "$argon2id$",
            "$argon2id",
            "$argon2id$v=19$m=256,t=2,p=1",
            "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA",
            "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$",
            "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$a",
            "$argon2id$v=20$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$R3Y4ayxj8ZdvGdVqkWGU8p",
            "$argon2d$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$R3Y4ayxj8ZdvGdVqkWGU8p",
            "$argon2id$v=19$m=256,t=2,p=1$c$R3Y4ayxj8ZdvGdVqkWGU8p",
            "$argon2id$v=19$m=256,t=2,p=1$ä$R3Y4ayxj8ZdvGdVqkWGU8p",
            &asking_for("m=0,t=0,p=0"),
            &asking_for("m=256,t=2,p=100"),
            &asking_for("m=256,t=2,p=-1"),
            &asking_for("m=256,t=2,x=1"),
            &asking_for("m=99999999999,t=2,p=1"),
        ] {
            assert!(verify(text, "testpass").is_err(), "{text}");
        }
    }

    #[test]
    fn a_hash_is_worth_as_much_as_its_kind_and_cost() {
        let worth = |text: &str| Stored::parse(text).unwrap().is_worth(CHEAP);
        assert!(worth(&asking_for("m=256,t=2,p=1")));
        assert!(worth(&asking_for("m=512,t=3,p=4")));
        assert!(!worth(&asking_for("m=255,t=2,p=1")));
        assert!(!worth(&asking_for("m=256,t=1,p=1")));
        assert!(!worth(
            &asking_for("m=256,t=2,p=1").replace("argon2id", "argon2i")
        ));
        assert!(!worth(&asking_for("m=256,t=2,p=1").replace("v=19", "v=16")));
        assert!(!worth(
            &asking_for("m=256,t=2,p=1").replace("c2FsdHNhbHRzYWx0c2FsdA", "c2FsdHNhbHQ")
        ));
    }

    #[test]
    fn only_costs_that_can_be_read_again_are_taken() {
        assert_eq!(Argon2Cost::default().check(), Ok(()));
        assert_eq!(
            Argon2Cost {
                memory_kib: 1 << 20,
                passes: 4,
                lanes: 4
            }
            .check(),
            Ok(())
        );
        for (memory_kib, passes, lanes) in [
            (0, 2, 1),
            (7, 2, 1),
            (256, 0, 1),
            (256, 2, 0),
            (1 << 21, 1, 1),
            (1 << 20, 5, 1),
        ] {
            let cost = Argon2Cost {
                memory_kib,
                passes,
                lanes,
            };
            assert_eq!(cost.check(), Err(BadCost), "{cost:?}");
        }
    }
}
