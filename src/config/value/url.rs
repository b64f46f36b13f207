//! URLs and URL paths of this server itself.

use super::{Item, Optional, Value, quoted, refusal};
use url::Url;

/// The URL of a server's root, with one slash at its end: `https://sync.example.org/weave/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootUrl(String);

impl RootUrl {
    /// A root from its text, with or without a slash at its end; nothing if it is no plain `http` or
    /// `https` URL.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        plain.then(|| RootUrl(format!("{}/", url.as_str().trim_end_matches('/'))))
    }

    /// The URL, which ends in a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for RootUrl {
    fn expects() -> String {
        "a URL, such as \"https://sync.example.org/\"".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let url = match item {
            Item::Text(text) => RootUrl::parse(text.trim()),
            _ => None,
        };
        url.ok_or_else(|| refusal::<Self>(item))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

impl Optional for RootUrl {
    const NONE: (&'static str, &'static str) = ("\"\"", "what each request shows");

    fn is_none(item: &Item) -> bool {
        matches!(item, Item::Text(text) if text.trim().is_empty())
    }
}

/// The path below which the server lies: empty for the root of its host, else `/weave`, without a
/// slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// The path, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for BasePath {
    fn expects() -> String {
        "a path that begins with a slash, such as \"/weave\"".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        match item {
            Item::Text(text)
                if text.starts_with('/')
                    && !text.contains(['?', '#', '%'])
                    && !text.contains(|c: char| c.is_control() || c.is_whitespace()) =>
            {
                Ok(BasePath(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        if self.0.is_empty() {
            quoted("/")
        } else {
            quoted(&self.0)
        }
    }
}

impl Optional for BasePath {
    const NONE: (&'static str, &'static str) = ("\"\"", "what each request shows");

    fn is_none(item: &Item) -> bool {
        matches!(item, Item::Text(text) if text.is_empty())
    }
}

/// What a browser is told that asks where its data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// This server, by the URL that the request came to.
    Own,
    /// This URL.
    Fixed(RootUrl),
    /// Nothing (`null`): the browser takes the server that it asked.
    None,
    /// One of several nodes, chosen when a user asks for the first time.
    Assign,
}

impl Value for Node {
    fn expects() -> String {
        "a URL, such as \"https://sync.example.org/\", or \"\" for this server itself, or \"none\", or \
         \"assign\""
            .to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let Item::Text(text) = item else {
            return Err(refusal::<Self>(item));
        };
        match text.trim() {
            "" => Ok(Node::Own),
            "none" => Ok(Node::None),
            "assign" => Ok(Node::Assign),
            url => RootUrl::parse(url)
                .map(Node::Fixed)
                .ok_or_else(|| refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        match self {
            Node::Own => quoted(""),
            Node::Fixed(url) => url.show(),
            Node::None => quoted("none"),
            Node::Assign => quoted("assign"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_a_plain_url_and_ends_in_one_slash() {
        let cases = [
            (
                "https://sync.example.org",
                Some("https://sync.example.org/"),
            ),
            (
                "https://sync.example.org/",
                Some("https://sync.example.org/"),
            ),
            (
                "http://Example.org:8080/weave//",
                Some("http://example.org:8080/weave/"),
            ),
            ("http://[::1]:5000", Some("http://[::1]:5000/")),
            ("sync.example.org", None),
            ("localhost:5000", None),
            ("ftp://example.org/", None),
            ("https://user@example.org/", None),
            ("https://:word@example.org/", None),
            ("https://example.org/?a=b", None),
            ("https://example.org/#top", None),
            ("https://", None),
            ("/weave", None),
        ];
        for (text, expected) in cases {
            let root = RootUrl::parse(text);
            assert_eq!(root.as_ref().map(RootUrl::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_base_path_begins_with_a_slash_and_ends_without() {
        let cases = [
            ("/", Some("")),
            ("/weave", Some("/weave")),
            ("/a/b/", Some("/a/b")),
            ("weave", None),
            ("", None),
            ("/a b", None),
            ("/a?b", None),
            ("https://example.org/", None),
        ];
        for (text, expected) in cases {
            let path = BasePath::read(&Item::Text(text.to_owned())).ok();
            assert_eq!(path.as_ref().map(BasePath::as_str), expected, "{text}");
        }
    }
}
