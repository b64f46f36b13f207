//! Credentials as browsers send them: the value of an `Authorization: Basic …` header.
//!
//! Lenient where the legacy servers were (letter case of the scheme, spaces, missing padding) and
//! where PHP's CGI fallback was wrong: a password may hold colons. Where the header is found among
//! a gateway's variables is the gateway's business.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::password::{Password, text_from_wire};

/// Base64 as PHP reads it: padding or none, and bits after the last byte are nobody's.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A user name and a password that somebody claims to have; neither is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicCredentials {
    /// The name as sent, in its own letter case: a user name or an e-mail address.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// Why a request carries no credentials. The texts are those of the security log (Python server).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicError {
    /// There is no such header, or an empty one.
    NoHeader,
    /// The scheme is another than Basic.
    UnknownProtocol,
    /// The rest is no base64, or has no colon in it.
    BadlyEncoded,
    /// The user name or the password is empty, which counts as missing (legacy PHP).
    Incomplete,
}

impl BasicError {
    /// What is wrong, in the words of the security log.
    pub const fn words(self) -> &'static str {
        match self {
            BasicError::NoHeader => "No Authorization header was provided",
            BasicError::UnknownProtocol => "Authorization header contains unknown protocol",
            BasicError::BadlyEncoded => "Authorization header is badly encoded",
            BasicError::Incomplete => "Authorization header lacks a user name or a password",
        }
    }
}

impl fmt::Display for BasicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl std::error::Error for BasicError {}

impl BasicCredentials {
    /// Reads the value of the `Authorization` header. Name and password end and begin at the first
    /// colon; either is taken as ISO-8859-1 when it is not UTF-8.
    pub fn from_header(value: Option<&[u8]>) -> Result<Self, BasicError> {
        let value = value.map(<[u8]>::trim_ascii).unwrap_or_default();
        if value.is_empty() {
            return Err(BasicError::NoHeader);
        }
        let scheme_ends = value.iter().position(u8::is_ascii_whitespace);
        let (scheme, encoded) = value.split_at(scheme_ends.unwrap_or(value.len()));
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Err(BasicError::UnknownProtocol);
        }
        let pair = LENIENT
            .decode(encoded.trim_ascii())
            .map_err(|_| BasicError::BadlyEncoded)?;
        let colon = pair
            .iter()
            .position(|b| *b == b':')
            .ok_or(BasicError::BadlyEncoded)?;
        let (user, password) = (&pair[..colon], &pair[colon + 1..]);
        match Password::from_wire(password) {
            Ok(password) if !user.is_empty() => Ok(BasicCredentials {
                user: text_from_wire(user),
                password,
            }),
            _ => Err(BasicError::Incomplete),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<(String, String), BasicError> {
        BasicCredentials::from_header(Some(header.as_bytes()))
            .map(|found| (found.user, found.password.as_str().to_owned()))
    }

    fn pair(user: &str, password: &str) -> Result<(String, String), BasicError> {
        Ok((user.to_owned(), password.to_owned()))
    }

    #[test]
    fn the_header_of_a_browser_is_read() {
        assert_eq!(
            read("Basic dGVzdHVzZXI6dGVzdHBhc3M="),
            pair("testuser", "testpass")
        );
    }

    #[test]
    fn scheme_case_spaces_and_padding_do_not_matter() {
        for header in [
            "basic dGVzdHVzZXI6dGVzdHBhc3M=",
            "BASIC dGVzdHVzZXI6dGVzdHBhc3M",
            "Basic     dGVzdHVzZXI6dGVzdHBhc3M=",
            "  Basic\tdGVzdHVzZXI6dGVzdHBhc3M= \r\n",
        ] {
            assert_eq!(read(header), pair("testuser", "testpass"), "{header:?}");
        }
    }

    #[test]
    fn the_first_colon_parts_the_two() {
        // colon:test:pass
        assert_eq!(
            read("Basic Y29sb246dGVzdDpwYXNz"),
            pair("colon", "test:pass")
        );
        // a::
        assert_eq!(read("Basic YTo6"), pair("a", ":"));
    }

    #[test]
    fn the_password_zero_is_a_password() {
        // zeropw:0
        assert_eq!(read("Basic emVyb3B3OjA="), pair("zeropw", "0"));
    }

    #[test]
    fn what_is_not_utf_8_is_latin_1() {
        // latin1:pässwörd, in UTF-8 and in ISO-8859-1
        assert_eq!(
            read("Basic bGF0aW4xOnDDpHNzd8O2cmQ="),
            pair("latin1", "pässwörd")
        );
        assert_eq!(
            read("Basic bGF0aW4xOnDkc3N39nJk"),
            pair("latin1", "pässwörd")
        );
    }

    #[test]
    fn a_header_that_is_missing_or_empty_is_no_header() {
        assert_eq!(
            BasicCredentials::from_header(None),
            Err(BasicError::NoHeader)
        );
        assert_eq!(read(""), Err(BasicError::NoHeader));
        assert_eq!(read("  \t"), Err(BasicError::NoHeader));
    }

    #[test]
    fn another_scheme_is_an_unknown_protocol() {
        for header in [
            "Digest username=a",
            "Bearer dGVzdHVzZXI6dGVzdHBhc3M=",
            "Basicx YTo6",
            "YTo6",
        ] {
            assert_eq!(read(header), Err(BasicError::UnknownProtocol), "{header}");
        }
    }

    #[test]
    fn what_is_no_base64_or_has_no_colon_is_badly_encoded() {
        for header in [
            "Basic",
            "Basic !!!!",
            "Basic a",
            "Basic dGVzdHVzZXI=",
            "Basic YT o6",
        ] {
            assert_eq!(read(header), Err(BasicError::BadlyEncoded), "{header}");
        }
    }

    #[test]
    fn an_empty_name_or_password_counts_as_missing() {
        // ":testpass", "testuser:", ":"
        for header in ["Basic OnRlc3RwYXNz", "Basic dGVzdHVzZXI6", "Basic Og=="] {
            assert_eq!(read(header), Err(BasicError::Incomplete), "{header}");
        }
    }

    #[test]
    fn no_byte_string_is_a_panic() {
        for length in 0..64 {
            for byte in 0..=255u8 {
                let mut header = b"Basic ".to_vec();
                header.extend(std::iter::repeat_n(byte, length));
                let _ = BasicCredentials::from_header(Some(&header));
            }
        }
        assert!(BasicCredentials::from_header(Some(b"Basic \xff\xfe")).is_err());
    }

    #[test]
    fn printing_credentials_does_not_print_the_password() {
        let found = BasicCredentials::from_header(Some(b"Basic dGVzdHVzZXI6dGVzdHBhc3M=")).unwrap();
        let printed = format!("{found:?}");
        assert!(
            printed.contains("testuser") && !printed.contains("testpass"),
            "{printed}"
        );
    }
}
