//! Directories for the tests of the LDAP engine.

mod failures;
mod layouts;
mod names;

use crate::accounts_suite::{self, Abilities, Backend, Bench};
use crate::harness::certificates;
use crate::harness::slapd::{ADMIN, SERVICE, Slapd};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use weft::auth::ids::SqliteIds;
use weft::auth::ldap::{Bind, Enabled, Layout, LdapAccounts, LdapOptions};
use weft::auth::{AccountAdmin, Accounts};
use weft::storage::sqlite::SqliteOptions;
use weft::sync::UserName;

/// The host that every test asks.
pub const HOST: &str = "sync.example.com";

/// A directory with a layout, and nobody in it.
pub struct Place {
    slapd: Mutex<Slapd>,
    pub options: LdapOptions,
}

/// The suite's bench in a layout; each has another way of encryption.
pub fn bench(layout: Layout) -> Bench {
    Bench {
        backend: Box::new(Place::new(layout)),
        _keep: Box::new(()),
    }
}

impl Place {
    pub fn new(layout: Layout) -> Place {
        Place::at(Slapd::start(), layout)
    }

    pub fn at(slapd: Slapd, layout: Layout) -> Place {
        let options = options(layout, &slapd);
        Place {
            slapd: Mutex::new(slapd),
            options,
        }
    }

    pub fn slapd(&self) -> MutexGuard<'_, Slapd> {
        self.slapd.lock().unwrap()
    }

    /// The engine, with other settings.
    pub fn engine(&self, change: impl FnOnce(&mut LdapOptions)) -> LdapAccounts {
        let mut options = self.options.clone();
        change(&mut options);
        let ids = SqliteOptions::new(self.slapd().site.path("ids.db"));
        let random = |bytes: &mut [u8]| getrandom::fill(bytes).unwrap();
        LdapAccounts::new(options, Some(Arc::new(SqliteIds::new(ids))), random).unwrap()
    }

    /// Registers a user, whose password is `testpass`.
    pub fn add(&self, user: &str) {
        let (name, password) = (
            accounts_suite::name(user),
            accounts_suite::password("testpass"),
        );
        Backend::add(self, &name, &password);
    }

    /// The distinguished name of a user that is there.
    pub fn dn(&self, user: &str) -> String {
        let found = self.slapd().search(&format!("(uid={user})"));
        let line = found.lines().find_map(|line| line.strip_prefix("dn: "));
        line.expect("there is such a user").to_owned()
    }
}

/// The settings of an operator who has such a directory.
pub fn options(layout: Layout, slapd: &Slapd) -> LdapOptions {
    let url = match layout {
        Layout::Python => slapd.encrypted_url(),
        _ => slapd.url(),
    };
    let mut options = LdapOptions::new(layout, &url, "ou=users,dc=example");
    options.start_tls = layout == Layout::Search;
    options.ca_file = Some(certificates::authority());
    options.bind = Bind::new(SERVICE.0, SERVICE.1);
    options.admin = Bind::new(ADMIN.0, ADMIN.1);
    options.next_id_dn = "cn=maxuid,ou=users,dc=example".to_owned();
    // It answers in its own time, on a machine that does much else.
    options.timeout = Duration::from_secs(20);
    options.enabled = match layout {
        Layout::Search => Enabled::Attribute("employeeType".into(), "active".into()),
        _ => Enabled::Attribute("account-enabled".into(), "Yes".into()),
    };
    if layout == Layout::Mozilla {
        options.node = HOST.to_owned();
    }
    options
}

impl Backend for Place {
    fn open(&self) -> Arc<dyn Accounts> {
        Arc::new(self.engine(|_| {}))
    }

    fn admin(&self) -> Option<Arc<dyn AccountAdmin>> {
        None
    }

    fn plant(&self, _: &UserName, _: &str) -> bool {
        false
    }

    fn hash_of(&self, _: &UserName) -> String {
        unreachable!("the directory keeps its hashes")
    }

    fn enable(&self, name: &UserName, enabled: bool) {
        let Enabled::Attribute(attribute, yes) = &self.options.enabled else {
            panic!("this directory disables nobody");
        };
        let (dn, value) = (self.dn(name.as_str()), if enabled { yes } else { "No" });
        self.slapd().modify(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        ));
    }

    fn kill(&self) {
        self.slapd().stop();
    }

    fn node(&self) -> Option<String> {
        (self.options.layout == Layout::Mozilla).then(|| format!("https://{HOST}/"))
    }

    fn can(&self) -> Abilities {
        Abilities {
            create: true,
            set_password: true,
            set_email: true,
            delete: true,
            list: true,
        }
    }
}
