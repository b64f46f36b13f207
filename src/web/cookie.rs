//! Cookies: reading what a browser sends, writing what it shall keep.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

/// A cookie for the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie<'c> {
    /// Its name.
    pub name: &'static str,
    /// Its value: letters, digits and `-_.`; empty to make the browser forget it.
    pub value: &'c str,
    /// The URL path below which it is sent, percent-encoded.
    pub path: &'c str,
    /// It is sent over https only.
    pub secure: bool,
    /// How long it is kept, in seconds; nothing for as long as the browser runs.
    pub seconds: Option<i64>,
}

impl Cookie<'_> {
    /// The value of `Set-Cookie`. No script can read the cookie, and a form on somebody else's page
    /// does not bring it along (in browsers that know `SameSite`; the token of the form protects the
    /// others). `Lax`, because a link in a letter shall find its reader signed in.
    pub fn header(&self) -> Option<HeaderValue> {
        let mut text = format!("{}={}; Path={}", self.name, self.value, self.path);
        if let Some(seconds) = self.seconds {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        text.push_str("; HttpOnly; SameSite=Lax");
        if self.secure {
            text.push_str("; Secure");
        }
        HeaderValue::try_from(text).ok()
    }
}

/// Every value that the browser sent under that name. There may be several, from other paths of the
/// same host; which of them is ours only its signature tells.
pub fn sent<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .filter(move |(known, _)| known.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, line.parse().unwrap());
        }
        sent(&headers, "weft").map(str::to_owned).collect()
    }

    #[test]
    fn cookies_are_found_among_others() {
        assert_eq!(read(&["weft=a"]), ["a"]);
        assert_eq!(
            read(&["x=1; weft=a.b-c;  weft = \"d\" ", "weft=e"]),
            ["a.b-c", "d", "e"]
        );
        assert_eq!(read(&["weft=a=b"]), ["a=b"]);
        for none in ["", ";;;", "weft", "notweft=a", "weft2=b", "=weft"] {
            assert!(read(&[none]).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_cookie_says_all_that_protects_it() {
        let cookie = Cookie {
            name: "weft",
            value: "v",
            path: "/sync/",
            secure: true,
            seconds: None,
        };
        assert_eq!(
            cookie.header().unwrap(),
            "weft=v; Path=/sync/; HttpOnly; SameSite=Lax; Secure"
        );
        let gone = Cookie {
            value: "",
            secure: false,
            seconds: Some(0),
            ..cookie
        };
        assert_eq!(
            gone.header().unwrap(),
            "weft=; Path=/sync/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }
}
