//! What a form or a query brings: names and values, as browsers encode them.

use url::form_urlencoded;

/// The fields of one form, or the parameters of one query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`; what is no UTF-8 becomes replacement characters.
    pub fn parse(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes);
        Form(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The first value of that name as it was typed.
    pub fn raw(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first value of that name without blanks around it; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).unwrap_or_default().trim()
    }

    /// Whether there is a field of that name, empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }
}

/// A value as a query in a link carries it.
pub fn encoded(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_send_them() {
        let form = Form::parse(b"name=+ada%40example.org+&password=+a%26b%3d%c3%a9+&empty=&name=2");
        assert_eq!(form.text("name"), "ada@example.org");
        assert_eq!(form.raw("password"), Some(" a&b=é "));
        assert!(form.has("empty") && !form.has("missing"));
        assert_eq!(form.text("missing"), "");
    }

    #[test]
    fn nonsense_is_read_without_harm() {
        for bytes in [&b""[..], b"&&&", b"%", b"=%zz&%ff=%00", b"a=b=c"] {
            let form = Form::parse(bytes);
            assert_eq!(form.raw("password"), None);
        }
        assert_eq!(Form::parse(b"a=b=c").raw("a"), Some("b=c"));
    }

    #[test]
    fn what_a_link_carries_comes_back() {
        let odd = "a&b=c d/é?#%";
        let form = Form::parse(format!("q={}", encoded(odd)).as_bytes());
        assert_eq!(form.raw("q"), Some(odd));
    }
}
