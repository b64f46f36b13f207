//! Our own captcha: a picture of digits, made and checked by this server alone.
//!
//! The challenge that goes through the form says when it ends and which picture it was; the digits
//! follow from it by a key that nobody else has, so nothing is kept until an answer comes. What was
//! answered once, rightly or wrongly, is void in all processes.

use super::drawing::{Chance, draw};
use super::{Answered, Captcha, CaptchaAnswer, CaptchaForm};
use crate::accounts::Secrets;
use crate::auth::{AuthError, AuthResult};
use crate::sync::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// How long a challenge may be answered, in seconds: people fill in the rest of the form too.
const LIFETIME: i64 = 20 * 60;

const DIGITS: usize = 5;
const NUMBER: usize = 16;
const TIME: usize = 8;
const SEAL: usize = 16;

/// The captcha of digits.
pub struct ImageCaptcha {
    secrets: Arc<dyn Secrets>,
    answered: Arc<dyn Answered>,
    random: fn(&mut [u8]),
}

impl ImageCaptcha {
    /// Keys and answered challenges are kept by `secrets` and `answered`; `random` fills a buffer.
    pub fn new(
        secrets: Arc<dyn Secrets>,
        answered: Arc<dyn Answered>,
        random: fn(&mut [u8]),
    ) -> Self {
        ImageCaptcha {
            secrets,
            answered,
            random,
        }
    }

    /// What the key makes of a challenge: for its seal, or for its digits.
    fn derive(&self, what: &str, challenge: &[u8]) -> AuthResult<[u8; 32]> {
        let key = self.secrets.key("captcha")?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key)
            .map_err(|_| AuthError::Broken("a key without length".to_owned()))?;
        mac.update(what.as_bytes());
        mac.update(challenge);
        Ok(mac.finalize().into_bytes().into())
    }

    fn digits(&self, challenge: &[u8]) -> AuthResult<String> {
        let derived = self.derive("digits", challenge)?;
        // A byte above 249 would make the lower digits a little likelier; that helps nobody.
        let digits = derived.iter().take(DIGITS).map(|byte| b'0' + byte % 10);
        Ok(digits.map(char::from).collect())
    }

    /// The challenge and its end, if we made it.
    fn open(&self, text: &str) -> AuthResult<Option<(Vec<u8>, Timestamp)>> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else {
            return Ok(None);
        };
        if bytes.len() != NUMBER + TIME + SEAL {
            return Ok(None);
        }
        let (challenge, seal) = bytes.split_at(NUMBER + TIME);
        let expected = self.derive("seal", challenge)?;
        if !bool::from(expected[..SEAL].ct_eq(seal)) {
            return Ok(None);
        }
        let mut time = [0; TIME];
        time.copy_from_slice(&challenge[NUMBER..]);
        let ends = Timestamp::from_centis(i64::from_le_bytes(time));
        Ok(Some((challenge.to_vec(), ends)))
    }
}

impl Captcha for ImageCaptcha {
    fn form(&self, now: Timestamp) -> AuthResult<Option<CaptchaForm>> {
        let mut challenge = [0; NUMBER + TIME];
        (self.random)(&mut challenge[..NUMBER]);
        let ends = now.plus_seconds(LIFETIME).centis();
        challenge[NUMBER..].copy_from_slice(&ends.to_le_bytes());
        let seal = self.derive("seal", &challenge)?;
        let picture = draw(&self.digits(&challenge)?, &Chance::new(self.random));
        Ok(Some(CaptchaForm::Image {
            challenge: URL_SAFE_NO_PAD.encode([&challenge, &seal[..SEAL]].concat()),
            png: picture.png(),
        }))
    }

    fn check(&self, answer: &CaptchaAnswer<'_>, now: Timestamp) -> AuthResult<bool> {
        let Some((challenge, ends)) = self.open(answer.challenge)? else {
            return Ok(false);
        };
        if ends <= now || !self.answered.first(&challenge, ends, now)? {
            return Ok(false);
        }
        let typed: String = answer.response.split_whitespace().collect();
        Ok(bool::from(
            self.digits(&challenge)?.as_bytes().ct_eq(typed.as_bytes()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::sqlite::SqlitePeople;
    use crate::storage::sqlite::SqliteOptions;

    const NOW: Timestamp = Timestamp::from_centis(160_000_000_000);

    fn random(bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }

    fn captcha(folder: &tempfile::TempDir) -> ImageCaptcha {
        let options = SqliteOptions::new(folder.path().join("people.db"));
        let kept = Arc::new(SqlitePeople::new(options, random));
        ImageCaptcha::new(kept.clone(), kept, random)
    }

    fn challenge(captcha: &ImageCaptcha) -> String {
        match captcha.form(NOW).unwrap() {
            Some(CaptchaForm::Image { challenge, png }) => {
                assert!(png.starts_with(b"\x89PNG"));
                challenge
            }
            other => panic!("{other:?}"),
        }
    }

    /// What a person reads in the picture.
    fn seen(captcha: &ImageCaptcha, challenge: &str) -> String {
        let (challenge, _) = captcha.open(challenge).unwrap().unwrap();
        captcha.digits(&challenge).unwrap()
    }

    fn check(captcha: &ImageCaptcha, challenge: &str, response: &str, now: Timestamp) -> bool {
        let answer = CaptchaAnswer {
            challenge,
            response,
            address: None,
        };
        captcha.check(&answer, now).unwrap()
    }

    #[test]
    fn the_right_digits_are_right_once_and_in_every_process() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (captcha(&folder), captcha(&folder));
        let challenge = challenge(&one);
        let digits = seen(&one, &challenge);
        let spaced = format!(" {} {}\n", &digits[..2], &digits[2..]);
        assert!(check(&other, &challenge, &spaced, NOW));
        assert!(!check(&one, &challenge, &digits, NOW));
    }

    #[test]
    fn a_wrong_answer_voids_the_challenge() {
        let folder = tempfile::tempdir().unwrap();
        let captcha = captcha(&folder);
        let challenge = challenge(&captcha);
        assert!(!check(&captcha, &challenge, "no", NOW));
        assert!(!check(
            &captcha,
            &challenge,
            &seen(&captcha, &challenge),
            NOW
        ));
    }

    #[test]
    fn a_challenge_has_its_time_and_can_t_be_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let captcha = captcha(&folder);
        let old = challenge(&captcha);
        let digits = seen(&captcha, &old);
        assert!(!check(&captcha, &old, &digits, NOW.plus_seconds(LIFETIME)));
        let mut forged = challenge(&captcha).into_bytes();
        forged[25] = if forged[25] == b'A' { b'B' } else { b'A' };
        for made_up in [std::str::from_utf8(&forged).unwrap(), "", "ä", "AAAA"] {
            assert!(!check(&captcha, made_up, "00000", NOW), "{made_up}");
        }
    }

    #[test]
    fn no_two_challenges_ask_for_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let captcha = captcha(&folder);
        let (one, other) = (challenge(&captcha), challenge(&captcha));
        assert_ne!(one, other);
    }
}
