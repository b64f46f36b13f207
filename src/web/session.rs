//! Who is signed in, and which form is ours.
//!
//! A session is a cookie that says who and since when, under a signature that only this installation
//! can make: nothing is kept on the server, and any process can check it. The signature covers a stamp
//! of the account's password too, so that a changed password ends every session there is.
//!
//! A form carries a token that is made from the cookie of whoever was shown it: the session's, or a
//! visitor's, who gets one with the first form. Nobody else's page can know it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::sync::{Timestamp, UserName};

/// What signs, and how long it holds.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
    lifetime: i64,
}

/// What a session's cookie claims; true only once [`Signer::is_genuine`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub user: UserName,
    /// Since when, in seconds since 1970.
    pub since: i64,
    nonce: String,
    signature: Vec<u8>,
}

impl Signer {
    /// Signs with `key`; sessions end after `lifetime` seconds.
    pub fn new(key: [u8; 32], lifetime: i64) -> Self {
        Signer { key, lifetime }
    }

    /// The cookie of a new session. `stamp` stands for the account's password, `nonce` makes two
    /// sessions differ.
    pub fn session(
        &self,
        user: &UserName,
        stamp: &[u8],
        now: Timestamp,
        nonce: [u8; 16],
    ) -> String {
        let mut claim = Claim {
            user: user.clone(),
            since: now.seconds(),
            nonce: URL_SAFE_NO_PAD.encode(nonce),
            signature: Vec::new(),
        };
        claim.signature = self.sign_claim(&claim, stamp);
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!(
            "{}.{}.{}.{}",
            encoded(claim.user.as_str().as_bytes()),
            claim.since,
            claim.nonce,
            encoded(&claim.signature)
        )
    }

    /// Whether a claim was signed here for this stamp, and still holds at `now`.
    pub fn is_genuine(&self, claim: &Claim, stamp: &[u8], now: Timestamp) -> bool {
        let expected = self.sign_claim(claim, stamp);
        let signed = bool::from(expected.ct_eq(&claim.signature));
        let age = now.seconds().saturating_sub(claim.since);
        // A clock that was set back a little ends nobody's session.
        signed && (-3_600..self.lifetime).contains(&age)
    }

    /// The token for forms that are shown to whoever has this cookie.
    pub fn form_token(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.sign(&[b"form", cookie.as_bytes()]))
    }

    /// Whether a form's token belongs to this cookie.
    pub fn is_own_form(&self, cookie: &str, token: &str) -> bool {
        let expected = self.form_token(cookie);
        bool::from(expected.as_bytes().ct_eq(token.as_bytes()))
    }

    fn sign_claim(&self, claim: &Claim, stamp: &[u8]) -> Vec<u8> {
        self.sign(&[
            b"session",
            claim.user.as_str().as_bytes(),
            &claim.since.to_be_bytes(),
            claim.nonce.as_bytes(),
            stamp,
        ])
    }

    /// Signs a list of texts, each with its length before it, so that no two lists look the same.
    fn sign(&self, parts: &[&[u8]]) -> Vec<u8> {
        // A key of any length is taken, so this can't fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return Vec::new();
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }
}

impl Claim {
    /// Reads a session's cookie.
    pub fn parse(cookie: &str) -> Option<Self> {
        let mut parts = cookie.splitn(4, '.');
        let mut next = || parts.next();
        let (user, since, nonce, signature) = (next()?, next()?, next()?, next()?);
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(user).ok()?).ok()?;
        let user = UserName::new(&text).ok()?;
        let number: i64 = since.parse().ok()?;
        // A session is written in one way: in no other letter case, without a sign.
        if user.as_str() != text || number.to_string() != since {
            return None;
        }
        Some(Claim {
            user,
            since: number,
            nonce: nonce.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn signer() -> Signer {
        Signer::new([7; 32], 12 * HOUR)
    }

    fn ada() -> UserName {
        UserName::new("ada").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_centis(seconds * 100)
    }

    fn holds(cookie: &str, stamp: &[u8], now: i64) -> bool {
        let claim = Claim::parse(cookie);
        claim.is_some_and(|claim| signer().is_genuine(&claim, stamp, at(now)))
    }

    #[test]
    fn a_session_holds_until_it_is_too_old() {
        let cookie = signer().session(&ada(), b"stamp", at(1_000_000), [1; 16]);
        assert_eq!(Claim::parse(&cookie).unwrap().user, ada());
        assert!(holds(&cookie, b"stamp", 1_000_000));
        assert!(holds(&cookie, b"stamp", 1_000_000 + 12 * HOUR - 1));
        assert!(!holds(&cookie, b"stamp", 1_000_000 + 12 * HOUR));
        assert!(
            !holds(&cookie, b"stamp", 1_000_000 - 2 * HOUR),
            "from the future"
        );
    }

    #[test]
    fn another_password_ends_it() {
        let cookie = signer().session(&ada(), b"stamp", at(0), [1; 16]);
        assert!(!holds(&cookie, b"another", 0));
        assert!(!holds(&cookie, b"", 0));
    }

    #[test]
    fn no_change_of_any_letter_goes_unseen() {
        let cookie = signer().session(&ada(), b"stamp", at(1_000), [1; 16]);
        for place in 0..cookie.len() {
            for letter in ['A', 'B', '.', '9', '~'] {
                let mut letters: Vec<char> = cookie.chars().collect();
                if std::mem::replace(&mut letters[place], letter) == letter {
                    continue;
                }
                let changed: String = letters.into_iter().collect();
                assert!(!holds(&changed, b"stamp", 1_000), "{changed}");
            }
        }
        for nonsense in [
            "",
            "...",
            "a.b.c.d",
            "YWRh.1000..",
            &cookie[..cookie.len() - 1],
        ] {
            assert!(!holds(nonsense, b"stamp", 1_000), "{nonsense}");
        }
    }

    #[test]
    fn another_installation_signs_otherwise() {
        let theirs = Signer::new([8; 32], HOUR).session(&ada(), b"stamp", at(0), [1; 16]);
        assert!(!holds(&theirs, b"stamp", 0));
    }

    #[test]
    fn a_form_belongs_to_one_cookie() {
        let token = signer().form_token("cookie");
        assert!(signer().is_own_form("cookie", &token));
        assert!(!signer().is_own_form("another", &token));
        assert!(!signer().is_own_form("cookie", ""));
        assert!(!Signer::new([8; 32], HOUR).is_own_form("cookie", &token));
    }

    #[test]
    fn a_token_is_no_session_and_parts_do_not_run_together() {
        let signer = signer();
        assert_ne!(signer.sign(&[b"ab", b"c"]), signer.sign(&[b"a", b"bc"]));
        let one = signer.session(&ada(), b"s", at(0), [1; 16]);
        let other = signer.session(&ada(), b"s", at(0), [2; 16]);
        assert_ne!(one, other, "two sessions of one second differ");
    }
}
