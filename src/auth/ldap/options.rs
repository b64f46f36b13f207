//! What an operator decides about a directory: where it is, how its people are laid out, and who may
//! change them.
//!
//! [`LdapOptions::new`] gives the defaults of a [`Layout`]; [`LdapOptions::check`] names what can't
//! work before anybody logs in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How the entries of people are found and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `<attribute>=<user>,<base>`, with a `uidNumber` (the plain engine of legacy PHP).
    Php,
    /// The same below five levels of `dc=` that are parts of the MD5 of the name, over StartTLS,
    /// with the user's host in `primaryNode` (the `mozilla` engine of legacy PHP).
    Mozilla,
    /// `uidNumber=<number>,<base>`, found by a search for the name, with `account-enabled` (Python
    /// server).
    Python,
    /// Anywhere: found by a search with a filter.
    Search,
}

/// Somebody that this server itself logs in as.
#[derive(Clone, PartialEq, Eq)]
pub struct Bind {
    /// The distinguished name.
    pub dn: String,
    /// The password.
    pub password: String,
}

/// What makes an account an enabled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enabled {
    /// Being there.
    Always,
    /// An attribute with this value, letter case aside.
    Attribute(String, String),
    /// Active Directory: bit 2 of `userAccountControl` is not set.
    ActiveDirectory,
}

/// What stands for a person in our own table of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdKey {
    /// The user name. Whoever gets a name that was somebody else's gets that one's records too,
    /// unless the account was deleted through this server.
    Name,
    /// The distinguished name. Who is moved in the tree starts anew.
    Dn,
    /// The value of an attribute that the directory never gives twice, such as `entryUUID` or
    /// `objectGUID`.
    Attribute(String),
}

/// Where a user's number comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// This attribute of the entry.
    Attribute(String),
    /// Our own table, for directories without a number.
    Table(IdKey),
}

/// The settings of the LDAP engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapOptions {
    /// The servers, `ldap://` or `ldaps://`, in the order in which they are tried. All of them hold
    /// the same directory.
    pub urls: Vec<String>,
    /// Encrypts `ldap://` connections before anything is sent, or does not use them. The `mozilla`
    /// layout always does.
    pub start_tls: bool,
    /// The only certificate authority that is believed (PEM, one or more certificates). Without it,
    /// those of the system are.
    pub ca_file: Option<PathBuf>,
    /// How long a whole question may take, all servers and steps together.
    pub timeout: Duration,
    /// How long one server has to take a connection, encryption included.
    pub connect_timeout: Duration,
    /// How people are laid out.
    pub layout: Layout,
    /// The entry below which people are, or new ones are made.
    pub base: String,
    /// The entry below which they are searched for; empty for `base`.
    pub search_base: String,
    /// The filter that finds a person; `{user}` is the name.
    pub filter: String,
    /// The attribute that holds the user name.
    pub user_attribute: String,
    /// Who searches; nobody is anonymous.
    pub bind: Option<Bind>,
    /// Who registers, changes and deletes accounts; without it, that is impossible.
    pub admin: Option<Bind>,
    /// Where numbers come from.
    pub ids: IdSource,
    /// The entry that holds the next free number, such as `cn=maxuid,ou=users,dc=example` (Python
    /// server); empty if there is none. Without it accounts with a number can't be registered.
    pub next_id_dn: String,
    /// The attribute that holds the e-mail address.
    pub mail_attribute: String,
    /// Which accounts may log in.
    pub enabled: Enabled,
    /// Refuses users whose `primaryNode` is not the host that was asked. The `mozilla` layout always
    /// does.
    pub check_node: bool,
    /// The host that is written into `primaryNode` of new accounts.
    pub node: String,
    /// The object classes of new accounts.
    pub object_classes: Vec<String>,
    /// How long a good login is remembered in memory; zero is not at all. While it is, the directory
    /// is not asked: a password changed elsewhere, or an account disabled, counts only after this
    /// time.
    pub remember: Duration,
    /// The most logins to remember.
    pub remember_entries: usize,
}

/// Settings that can't work together, told to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLdapOptions(pub String);

impl Bind {
    /// Somebody, unless the name is empty.
    pub fn new(dn: &str, password: &str) -> Option<Self> {
        (!dn.is_empty()).then(|| Bind {
            dn: dn.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl Layout {
    /// Whether the entries are those of the legacy servers, with their object class and attributes.
    pub fn is_legacy(self) -> bool {
        self != Layout::Search
    }
}

impl LdapOptions {
    /// The defaults of a layout, for the directory at `url` with people below `base`.
    pub fn new(layout: Layout, url: &str, base: &str) -> Self {
        let legacy = layout.is_legacy();
        let classes: &[&str] = match legacy {
            true => &["dataStore", "inetOrgPerson"],
            false => &["inetOrgPerson"],
        };
        LdapOptions {
            urls: vec![url.to_owned()],
            start_tls: layout == Layout::Mozilla,
            ca_file: None,
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            layout,
            base: base.to_owned(),
            search_base: String::new(),
            filter: match layout {
                Layout::Search => "(&(objectClass=person)(uid={user}))".to_owned(),
                _ => "(uid={user})".to_owned(),
            },
            user_attribute: "uid".to_owned(),
            bind: None,
            admin: None,
            ids: match legacy {
                true => IdSource::Attribute("uidNumber".to_owned()),
                false => IdSource::Table(IdKey::Attribute("entryUUID".to_owned())),
            },
            next_id_dn: String::new(),
            mail_attribute: "mail".to_owned(),
            enabled: match layout {
                Layout::Python => Enabled::Attribute("account-enabled".into(), "Yes".into()),
                _ => Enabled::Always,
            },
            check_node: layout == Layout::Mozilla,
            node: String::new(),
            object_classes: classes.iter().map(|&class| class.to_owned()).collect(),
            remember: Duration::ZERO,
            remember_entries: 10_000,
        }
    }

    /// The entry below which people are searched for.
    pub fn search_base(&self) -> &str {
        match self.search_base.as_str() {
            "" => &self.base,
            base => base,
        }
    }

    /// Whether `ldap://` connections are encrypted.
    pub fn start_tls(&self) -> bool {
        self.start_tls || self.layout == Layout::Mozilla
    }

    /// Whether a user's host is compared with the one that was asked.
    pub fn check_node(&self) -> bool {
        self.check_node || self.layout == Layout::Mozilla
    }

    /// Names the first of the settings that can't work.
    pub fn check(&self) -> Result<(), BadLdapOptions> {
        let wrong = |why: String| Err(BadLdapOptions(why));
        if self.urls.is_empty() {
            return wrong("there is no server: set ldap.url".to_owned());
        }
        if self.base.is_empty() && self.search_base.is_empty() {
            return wrong("there is no entry to look below: set ldap.base".to_owned());
        }
        if !self.filter.contains("{user}") {
            return wrong(format!(
                "ldap.filter has no {{user}} in it: {}",
                self.filter
            ));
        }
        if self.timeout.is_zero() || self.connect_timeout.is_zero() {
            return wrong("a directory needs some time to answer: see ldap.timeout".to_owned());
        }
        let attributes = [&self.user_attribute, &self.mail_attribute];
        if let Some(name) = attributes.into_iter().find(|name| !is_attribute(name)) {
            return wrong(format!("{name:?} is not the name of an attribute"));
        }
        for bind in [&self.bind, &self.admin].into_iter().flatten() {
            // A bind without a password succeeds, as nobody.
            if bind.password.is_empty() {
                return wrong(format!("there is no password for {}", bind.dn));
            }
        }
        Ok(())
    }
}

/// Whether this can stand in a filter or a DN as the name of an attribute (RFC 4512).
fn is_attribute(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.bytes().all(allowed)
}

/// The password is shown to nobody.
impl fmt::Debug for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind").field("dn", &self.dn).finish()
    }
}

impl fmt::Display for BadLdapOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadLdapOptions {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_named() {
        let good = LdapOptions::new(Layout::Search, "ldap://localhost", "dc=example");
        assert_eq!(good.check(), Ok(()));
        type Spoil = fn(&mut LdapOptions);
        let cases: [(Spoil, &str); 6] = [
            (|o| o.urls.clear(), "ldap.url"),
            (|o| o.base.clear(), "ldap.base"),
            (|o| o.filter = "(uid=*)".into(), "{user}"),
            (|o| o.timeout = Duration::ZERO, "ldap.timeout"),
            (|o| o.user_attribute = "uid)(x".into(), "attribute"),
            (|o| o.admin = Bind::new("cn=admin", ""), "no password"),
        ];
        for (spoil, why) in cases {
            let mut options = good.clone();
            spoil(&mut options);
            let BadLdapOptions(said) = options.check().unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn the_mozilla_layout_is_always_encrypted_and_checks_nodes() {
        let mut options = LdapOptions::new(Layout::Mozilla, "ldap://localhost", "dc=example");
        (options.start_tls, options.check_node) = (false, false);
        assert!(options.start_tls() && options.check_node());
    }

    #[test]
    fn no_password_is_printed() {
        let bind = Bind::new("cn=admin", "secret").unwrap();
        assert_eq!(format!("{bind:?}"), "Bind { dn: \"cn=admin\" }");
    }
}
