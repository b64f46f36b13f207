//! Where people are in the directory, and what their entries say of them.
//!
//! Names that clients send become parts of distinguished names and of filters here and nowhere else,
//! and are quoted for it.

use super::connection::{Failure, quoted_in_dn, quoted_in_filter};
use super::entry::Entry;
use super::options::{Enabled, IdKey, IdSource, Layout, LdapOptions};
use crate::sync::UserId;
use md5::{Digest, Md5};

/// The attribute that names a user's hosts, and how the value for this service begins.
pub(super) const NODES: (&str, &str) = ("primaryNode", "weave:");

/// Bit 2 of Active Directory's `userAccountControl`: disabled.
const ACCOUNTDISABLE: u32 = 2;

/// How to find people and to read their entries.
pub(super) struct People {
    options: LdapOptions,
}

/// What an entry says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// Where the entry is.
    pub(super) dn: String,
    /// The user's number, or what our own table knows the user by.
    pub(super) number: Number,
    /// The address, if there is one.
    pub(super) email: Option<String>,
    /// Whether the account may log in.
    pub(super) enabled: bool,
    /// The host that holds the user's records, where the directory knows.
    pub(super) host: Option<String>,
}

/// Where a person's number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// Here.
    Is(UserId),
    /// In our own table, under this.
    In(String),
    /// Nowhere, for the reason given.
    Missing(String),
}

impl People {
    /// People as `options` describe them.
    pub(super) fn new(options: LdapOptions) -> Self {
        People { options }
    }

    /// The settings.
    pub(super) fn options(&self) -> &LdapOptions {
        &self.options
    }

    /// Where somebody's entry is, in layouts that tell from the name; in the others, where a new one
    /// would be.
    pub(super) fn dn(&self, name: &str) -> String {
        let LdapOptions {
            base,
            user_attribute,
            ..
        } = &self.options;
        let first = format!("{user_attribute}={}", quoted_in_dn(name));
        match self.options.layout {
            Layout::Mozilla => format!("{first},{}", self.branches(name).join(",") + "," + base),
            _ => format!("{first},{base}"),
        }
    }

    /// Whether [`dn`](People::dn) is where people are.
    pub(super) fn dn_is_known(&self) -> bool {
        matches!(self.options.layout, Layout::Php | Layout::Mozilla)
    }

    /// The levels between a user and the base in the `mozilla` layout, the lowest first: the first
    /// five letters of the MD5 of the name, each level without the first letter of the one below
    /// (legacy PHP).
    pub(super) fn branches(&self, name: &str) -> [String; 5] {
        let digest: String = Md5::digest(name)
            .iter()
            .take(3)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        std::array::from_fn(|level| format!("dc={}", &digest[level..5]))
    }

    /// The filter that finds somebody.
    pub(super) fn filter(&self, name: &str) -> String {
        let quoted = quoted_in_filter(name);
        match self.options.layout {
            Layout::Php | Layout::Mozilla => format!("({}={quoted})", self.options.user_attribute),
            _ => self.options.filter.replace("{user}", &quoted),
        }
    }

    /// The filter that finds everybody.
    pub(super) fn filter_of_all(&self) -> String {
        match self.options.layout {
            Layout::Php | Layout::Mozilla => format!("({}=*)", self.options.user_attribute),
            _ => self.options.filter.replace("{user}", "*"),
        }
    }

    /// The attributes that [`person`](People::person) reads.
    pub(super) fn attributes(&self) -> Vec<&str> {
        let options = &self.options;
        let mut names = vec![
            options.user_attribute.as_str(),
            options.mail_attribute.as_str(),
            NODES.0,
        ];
        match &options.ids {
            IdSource::Attribute(name) | IdSource::Table(IdKey::Attribute(name)) => names.push(name),
            IdSource::Table(_) => {}
        }
        match &options.enabled {
            Enabled::Attribute(name, _) => names.push(name),
            Enabled::ActiveDirectory => names.push("userAccountControl"),
            Enabled::Always => {}
        }
        names
    }

    /// What an entry says of the person `name`.
    pub(super) fn person(&self, name: &str, entry: &Entry) -> Person {
        Person {
            dn: entry.dn.clone(),
            number: self.number(name, entry),
            email: entry
                .text(&self.options.mail_attribute)
                .filter(|address| !address.is_empty())
                .map(str::to_owned),
            enabled: self.is_enabled(entry),
            host: host(entry),
        }
    }

    fn number(&self, name: &str, entry: &Entry) -> Number {
        match &self.options.ids {
            IdSource::Attribute(attribute) => {
                number(entry, attribute).map_or_else(|| missing(entry, attribute), Number::Is)
            }
            IdSource::Table(IdKey::Name) => Number::In(format!("name:{name}")),
            IdSource::Table(IdKey::Dn) => Number::In(format!("dn:{}", entry.dn.to_lowercase())),
            IdSource::Table(IdKey::Attribute(attribute)) => match entry.values(attribute) {
                [value] => Number::In(format!("{attribute}:{}", printable(value))),
                _ => missing(entry, attribute),
            },
        }
    }

    fn is_enabled(&self, entry: &Entry) -> bool {
        match &self.options.enabled {
            Enabled::Always => true,
            Enabled::Attribute(name, wanted) => entry
                .texts(name)
                .any(|value| value.eq_ignore_ascii_case(wanted)),
            Enabled::ActiveDirectory => entry
                .text("userAccountControl")
                .and_then(|flags| flags.parse::<u32>().ok())
                .is_some_and(|flags| flags & ACCOUNTDISABLE == 0),
        }
    }
}

impl Number {
    /// That there must be one.
    pub(super) fn or_broken(self) -> Result<Number, Failure> {
        match self {
            Number::Missing(why) => Err(Failure::Broken(why)),
            there => Ok(there),
        }
    }
}

/// The number in an attribute, if it is one that the databases hold.
pub(super) fn number(entry: &Entry, attribute: &str) -> Option<UserId> {
    let number = entry.text(attribute)?.parse().ok()?;
    (1..=u32::MAX >> 1)
        .contains(&number)
        .then(|| UserId::new(number))
}

fn missing(entry: &Entry, attribute: &str) -> Number {
    Number::Missing(format!("{} has no usable {attribute}", entry.dn))
}

/// The host that the entry names for this service, in lower case.
fn host(entry: &Entry) -> Option<String> {
    let node = entry
        .texts(NODES.0)
        .find_map(|node| node.strip_prefix(NODES.1))?;
    let host = node.trim_start_matches("https://").trim_end_matches('/');
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Text as it is, bytes in hexadecimal digits: `objectGUID` is 16 bytes.
fn printable(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => value
            .iter()
            .fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What no client may get into the directory; that these are no user names is another guard.
    const HOSTILE: [&str; 9] = [
        "*",
        ")(uid=*",
        "a,dc=other",
        "a\\",
        "a\0b",
        " a",
        "#a",
        "a+b=c",
        "a)(|(uid=*))",
    ];

    fn people(layout: Layout) -> People {
        People::new(LdapOptions::new(layout, "ldap://localhost", "dc=example"))
    }

    fn entry(attributes: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::new("uid=a,dc=example".to_owned());
        for (name, value) in attributes {
            entry.add(name, [value.as_bytes().to_vec()]);
        }
        entry
    }

    #[test]
    fn names_are_quoted_in_distinguished_names() {
        let people = people(Layout::Php);
        assert_eq!(people.dn("ada"), "uid=ada,dc=example");
        let quoted = HOSTILE.map(|name| people.dn(name));
        let expected = [
            "uid=*,dc=example",
            "uid=)(uid\\3d*,dc=example",
            "uid=a\\2cdc\\3dother,dc=example",
            "uid=a\\5c,dc=example",
            "uid=a\\00b,dc=example",
            "uid=\\20a,dc=example",
            "uid=\\23a,dc=example",
            "uid=a\\2bb\\3dc,dc=example",
            "uid=a)(|(uid\\3d*)),dc=example",
        ];
        assert_eq!(quoted, expected);
    }

    #[test]
    fn names_are_quoted_in_filters() {
        for layout in [Layout::Php, Layout::Mozilla, Layout::Python, Layout::Search] {
            let people = people(layout);
            let (open, close) = people
                .filter("ada")
                .split_once("ada")
                .map(|(open, close)| (open.to_owned(), close.to_owned()))
                .unwrap();
            for name in HOSTILE {
                let filter = people.filter(name);
                let middle = filter
                    .strip_prefix(&open)
                    .and_then(|rest| rest.strip_suffix(&close))
                    .unwrap();
                assert!(!middle.contains(['*', '(', ')', '\0']), "{filter:?}");
            }
        }
        assert_eq!(people(Layout::Python).filter("*"), "(uid=\\2a)");
    }

    #[test]
    fn the_mozilla_layout_hashes_the_name() {
        // MD5 of "ada" is 8c8d357b5e872bbacd45197626bd5759.
        let dn = people(Layout::Mozilla).dn("ada");
        let expected = "uid=ada,dc=8c8d3,dc=c8d3,dc=8d3,dc=d3,dc=3,dc=example";
        assert_eq!(dn, expected);
    }

    #[test]
    fn a_number_is_one_that_every_database_holds() {
        let people = people(Layout::Php);
        let numbers = [
            ("1", Some(1)),
            ("2147483647", Some(2_147_483_647)),
            ("0", None),
            ("-1", None),
            ("2147483648", None),
            ("", None),
            ("ten", None),
        ];
        for (text, number) in numbers {
            let person = people.person("a", &entry(&[("uidNumber", text)]));
            let found = match person.number {
                Number::Is(id) => Some(id.number()),
                _ => None,
            };
            assert_eq!(found, number, "{text}");
        }
        let nobody = people.person("a", &entry(&[]));
        assert!(matches!(nobody.number, Number::Missing(_)));
    }

    #[test]
    fn our_own_table_knows_people_by_what_the_operator_chose() {
        let mut entry = entry(&[("entryUUID", "ABC-1")]);
        entry.add("objectGUID", [vec![0, 0xff]]);
        let cases = [
            (IdKey::Name, "name:ada"),
            (IdKey::Dn, "dn:uid=a,dc=example"),
            (IdKey::Attribute("entryUUID".into()), "entryUUID:ABC-1"),
            (IdKey::Attribute("objectGUID".into()), "objectGUID:0x00ff"),
        ];
        for (key, expected) in cases {
            let mut options = LdapOptions::new(Layout::Search, "ldap://localhost", "dc=example");
            options.ids = IdSource::Table(key);
            let person = People::new(options).person("ada", &entry);
            assert_eq!(person.number, Number::In(expected.to_owned()));
        }
    }

    #[test]
    fn an_account_is_enabled_by_what_the_operator_chose() {
        let yes = Enabled::Attribute("account-enabled".into(), "Yes".into());
        let cases = [
            (Enabled::Always, "x", "", true),
            (yes.clone(), "account-enabled", "yes", true),
            (yes.clone(), "account-enabled", "No", false),
            (yes, "x", "Yes", false),
            (Enabled::ActiveDirectory, "userAccountControl", "512", true),
            (Enabled::ActiveDirectory, "userAccountControl", "514", false),
            (Enabled::ActiveDirectory, "x", "512", false),
        ];
        for (enabled, name, value, expected) in cases {
            let mut options = LdapOptions::new(Layout::Search, "ldap://localhost", "dc=example");
            options.enabled = enabled;
            let person = People::new(options).person("a", &entry(&[(name, value)]));
            assert_eq!(person.enabled, expected, "{name}={value}");
        }
    }

    #[test]
    fn the_host_is_the_one_of_this_service() {
        let cases = [
            (&["weave:Sync.example.com"][..], Some("sync.example.com")),
            (&["mail:a", "weave:b", "weave:c"], Some("b")),
            (&["weave:https://a:8000/"], Some("a:8000")),
            (&["weave:"], None),
            (&["a"], None),
            (&[], None),
        ];
        for (nodes, expected) in cases {
            let attributes: Vec<_> = nodes.iter().map(|node| (NODES.0, *node)).collect();
            assert_eq!(host(&entry(&attributes)).as_deref(), expected, "{nodes:?}");
        }
    }
}
