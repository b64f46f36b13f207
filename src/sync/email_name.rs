//! The user name that stands for an e-mail address.
//!
//! People type an e-mail address as their account; what servers see is a name that is made from it:
//! the address's SHA-1 in lower-case base32, 32 characters. Browsers and the Python server agree on
//! that for ASCII addresses. For others they differ: browsers hash the UTF-8 text, the Python
//! server hashes the IDNA form. Both are here, because an account was named by the browser that
//! made it.

use idna::AsciiDenyList;
use sha1::{Digest, Sha1};

use super::{NameError, UserName};

/// Why an account text leads to no user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// The text is no e-mail address, and no user name either.
    Name(NameError),
    /// The percent-encoding of the text hides something that is not UTF-8.
    NotUtf8,
    /// The address has no IDNA form: its direction is mixed, or it has unassigned characters.
    NotIdna,
}

impl From<NameError> for AccountError {
    fn from(error: NameError) -> Self {
        AccountError::Name(error)
    }
}

/// The user name that the Python server finds for `account`: a plain name is itself; a text with
/// an `@` is percent-decoded, both sides of its first `@` are put into IDNA form, and the lower
/// case of the whole is hashed.
///
/// ASCII addresses keep what the Python server refused for its length (parts longer than 63 bytes,
/// empty labels), because browsers make names of those.
pub fn username_from_account(account: &str) -> Result<UserName, AccountError> {
    if !account.contains('@') {
        return Ok(UserName::new(account)?);
    }
    let decoded = percent_decoded(account.as_bytes());
    let address = std::str::from_utf8(&decoded).map_err(|_| AccountError::NotUtf8)?;
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let plain = format!("{}@{}", idna_form(local)?, idna_form(domain)?);
    hashed(&plain.to_ascii_lowercase())
}

/// The user name that browsers send for `account` as somebody typed it: when every character may
/// stand in a name, the account itself, else the hash of its lower case (seen in desktop client).
pub fn username_in_browsers(account: &str) -> Result<UserName, AccountError> {
    let account = account.trim();
    if account.bytes().all(UserName::allows) {
        return Ok(UserName::new(account)?);
    }
    hashed(&account.to_lowercase())
}

fn hashed(text: &str) -> Result<UserName, AccountError> {
    Ok(UserName::new(&base32(&Sha1::digest(text.as_bytes())))?)
}

/// The IDNA form of one side of an address, as Python's codec of 2003 makes it, which turned these
/// few characters into others where today's tables keep them.
fn idna_form(part: &str) -> Result<String, AccountError> {
    if part.is_ascii() {
        return Ok(part.to_owned());
    }
    let as_in_2003 = part
        .replace(['ß', 'ẞ'], "ss")
        .replace('ς', "σ")
        .replace(['\u{200c}', '\u{200d}'], "");
    idna::domain_to_ascii_cow(as_in_2003.as_bytes(), AsciiDenyList::EMPTY)
        .map(|ascii| ascii.into_owned())
        .map_err(|_| AccountError::NotIdna)
}

/// Decodes `%XX`; a `%` that starts no such thing stays.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|b| (*b as char).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match (first, digit(tail.first()), digit(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

/// Lower-case base32 (RFC 4648) of 20 bytes, which need no padding.
fn base32(digest: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::with_capacity(digest.len() * 8 / 5);
    for five in digest.chunks(5) {
        let bits = five
            .iter()
            .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            out.push(ALPHABET[(bits >> (5 * place)) as usize & 31] as char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(account: &str) -> String {
        username_from_account(account).unwrap().to_string()
    }

    fn browser(account: &str) -> String {
        username_in_browsers(account).unwrap().to_string()
    }

    #[test]
    fn an_ascii_address_has_one_name_everywhere() {
        for (address, name) in [
            ("foo@example.com", "oz7hj2vxbaoedyfygyyfcejz2eycjftg"),
            ("test@test.com", "u2wqblarhim5su7pxemcbwdyryrghmuk"),
            ("Test@TEST.com", "u2wqblarhim5su7pxemcbwdyryrghmuk"),
        ] {
            assert_eq!(python(address), name);
            assert_eq!(browser(address), name);
        }
    }

    #[test]
    fn an_address_outside_ascii_is_hashed_in_its_idna_form() {
        let name = "ym3nccfhvptfrhn7nkhhyvzgf2yl7r5y";
        assert_eq!(python("Fran%c3%a7ios@valid.test"), name);
        assert_eq!(python("Françios@valid.test"), name);
        assert_eq!(python("FRANÇIOS@valid.test"), name);
    }

    #[test]
    fn browsers_hash_the_utf_8_text_of_an_address_outside_ascii() {
        let name = "e7erlex7nbimfchyppfcmiucp764njze";
        assert_eq!(browser("Françios@valid.test"), name);
        assert_eq!(browser("  FRANÇIOS@valid.test "), name);
    }

    // Expected values: Python 3.11, str.encode('idna').
    #[test]
    fn idna_forms_are_those_of_python() {
        for (part, form) in [
            ("ÄÖ", "xn--4ca0b"),
            ("ß", "ss"),
            ("ı", "xn--cfa"),
            ("foo\u{200d}b", "foob"),
            ("é!", "xn--!-9fa"),
            ("+é", "xn--+-bga"),
            ("foo+bar", "foo+bar"),
            ("a..b", "a..b"),
        ] {
            assert_eq!(idna_form(part).as_deref(), Ok(form), "{part}");
        }
    }

    #[test]
    fn a_plain_name_is_itself() {
        assert_eq!(python("Some.Name"), "some.name");
        assert_eq!(browser(" Some.Name "), "some.name");
        assert_eq!(python("a"), "a");
    }

    #[test]
    fn an_account_that_is_neither_name_nor_address_is_a_name_for_browsers_only() {
        let refused = username_from_account("foo bar");
        assert_eq!(refused, Err(AccountError::Name(NameError::Character)));
        assert_eq!(browser("Foo Bar"), browser("foo bar"));
        assert_eq!(browser("foo bar").len(), 32);
    }

    #[test]
    fn what_cannot_be_hashed_says_why() {
        assert_eq!(
            username_from_account(""),
            Err(AccountError::Name(NameError::Empty))
        );
        assert_eq!(
            username_in_browsers("  "),
            Err(AccountError::Name(NameError::Empty))
        );
        assert_eq!(
            username_from_account("%ff@valid.test"),
            Err(AccountError::NotUtf8)
        );
        assert_eq!(
            username_from_account("aא@valid.test"),
            Err(AccountError::NotIdna)
        );
    }

    #[test]
    fn a_percent_sign_that_encodes_nothing_stays() {
        assert_eq!(percent_decoded(b"100%@x%4x%"), b"100%@x%4x%");
        assert_eq!(percent_decoded(b"%41%62%"), b"Ab%");
    }
}
