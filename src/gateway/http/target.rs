//! What a request line aims at.
//!
//! The raw path is decoded once, as front servers do for CGI. Nothing else is made of it: no dots
//! are resolved and no slashes merged, since an item may be called `..`.

use http::{Method, Uri};

use crate::exchange::Target;
use crate::gateway::environment::{decode_path, hides_slash_or_nul};

/// The target of a request; none for those that aim at no resource (`*`, CONNECT) and those whose
/// percent escapes are malformed.
pub(super) fn target(method: &Method, uri: &Uri) -> Option<Target> {
    let raw = uri.path();
    if method == Method::CONNECT || !raw.starts_with('/') {
        return None;
    }
    Some(Target {
        mount: Vec::new(),
        path: decode_path(raw.as_bytes())?,
        query: uri.query().unwrap_or_default().as_bytes().to_vec(),
        undecodable: hides_slash_or_nul(raw.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: Method, uri: &str) -> Option<(String, String, bool)> {
        let target = target(&method, &uri.parse().unwrap())?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Some((text(target.path), text(target.query), target.undecodable))
    }

    #[test]
    fn a_path_is_decoded_once_and_a_query_never() {
        let cases = [
            ("/1.1/j%6Fhn/a%20b", "/1.1/john/a b", "", false),
            ("/a%252Fb?x=%252F", "/a%2Fb", "x=%252F", false),
            ("/a%2fb", "/a/b", "", true),
            ("/a%00b", "/a\0b", "", true),
            ("/a/../b//c/?", "/a/../b//c/", "", false),
            ("/caf%C3%A9", "/café", "", false),
            ("http://weft.test/x?y=%2F", "/x", "y=%2F", false),
            ("http://weft.test", "/", "", false),
        ];
        for (uri, path, query, undecodable) in cases {
            let expected = Some((path.to_owned(), query.to_owned(), undecodable));
            assert_eq!(of(Method::GET, uri), expected, "{uri}");
        }
    }

    #[test]
    fn what_aims_at_no_resource_is_none() {
        assert_eq!(of(Method::OPTIONS, "*"), None);
        assert_eq!(of(Method::CONNECT, "weft.test:443"), None);
        for malformed in ["/a%", "/a%2", "/a%zz", "/a%+1"] {
            assert_eq!(of(Method::GET, malformed), None, "{malformed}");
        }
    }
}
