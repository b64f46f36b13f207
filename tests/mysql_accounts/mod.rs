//! What the tests of the MySQL engine of accounts share: a database as PHP left it, and hosts on it.

mod failures;
mod legacy;
mod migrations;
#[cfg(not(without = "php"))]
mod php;
mod remembered;

use crate::accounts_suite::{Abilities, Backend, Bench, password_check};
use crate::harness::MariaDb;
pub use crate::harness::legacy::USERS as PHP_SCHEMA;
use std::sync::Arc;
use std::time::Duration;
use weft::auth::mysql::{MySqlAccounts, MySqlAccountsConfig};
use weft::auth::password::{HashSettings, NewKind, PasswordHashes};
use weft::auth::password_check::{Memory, PasswordCheck};
use weft::auth::{AccountAdmin, Accounts};
use weft::mysql::{Address, Server};
use weft::sync::UserName;

/// `testpass`, as PHP hashed it.
pub const TESTPASS: &str = "{SSHA-256}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5NQ8CjzNWhZtzYWx0c2FsdA==";

/// A database on a server.
pub struct Place<'s> {
    pub server: &'s MariaDb,
    pub name: String,
}

impl<'s> Place<'s> {
    /// An empty database whose columns will have this character set.
    pub fn empty(server: &'s MariaDb, charset: &str) -> Place<'s> {
        let name = server.database(charset);
        Place { server, name }
    }

    /// A database that PHP has used until now.
    pub fn of_php(server: &'s MariaDb) -> Place<'s> {
        let place = Place::empty(server, "latin1");
        place.php(PHP_SCHEMA);
        place
    }

    pub fn config(&self) -> MySqlAccountsConfig {
        let mut config = MySqlAccountsConfig::new(Server {
            address: Address::Tcp("127.0.0.1".to_owned(), self.server.port()),
            database: self.name.clone(),
            user: MariaDb::USER.to_owned(),
            password: MariaDb::PASSWORD.to_owned(),
        });
        config.manner.busy = Duration::from_secs(20);
        config.manner.io_timeout = Duration::from_secs(20);
        config
    }

    /// One host with the customary settings.
    pub fn host(&self) -> MySqlAccounts {
        MySqlAccounts::new(self.config(), password_check()).unwrap()
    }

    /// A host on which PHP still runs: it writes hashes as PHP does.
    pub fn host_beside_php(&self) -> MySqlAccounts {
        let settings = HashSettings {
            legacy_md5: true,
            legacy_sha_salt: Some("salty".to_owned()),
            new_kind: NewKind::Ssha256,
            ..HashSettings::default()
        };
        let memory = Memory {
            lifetime: Duration::ZERO,
            capacity: 0,
        };
        let hashes = PasswordHashes::new(settings).unwrap();
        let check = PasswordCheck::new(hashes, memory, |bytes| getrandom::fill(bytes).unwrap());
        MySqlAccounts::new(self.config(), check).unwrap()
    }

    /// A host that gives up long before those with the customary settings, and not where the machine does
    /// much else.
    pub fn impatient_host(&self) -> MySqlAccounts {
        let mut config = self.config();
        config.manner.busy = Duration::from_secs(1);
        config.manner.io_timeout = Duration::from_secs(3);
        config.manner.connect_timeout = Duration::from_secs(3);
        MySqlAccounts::new(config, password_check()).unwrap()
    }

    /// Does as PHP does.
    pub fn php(&self, sql: &str) {
        self.server.run(&self.name, sql);
    }

    /// Sees as PHP sees.
    pub fn php_sees(&self, sql: &str) -> Vec<String> {
        self.server.rows(&self.name, sql)
    }

    /// Makes an account as PHP's registration did.
    pub fn php_registers(&self, user: &str, hash: &str) {
        self.php(&format!(
            "INSERT INTO users (username, password_hash, email, status) \
             VALUES ('{user}', '{hash}', '{user}@example.com', 1)"
        ));
    }

    pub fn php_sees_hash(&self, user: &str) -> String {
        let sql = format!("SELECT password_hash FROM users WHERE username = '{user}'");
        self.php_sees(&sql).remove(0)
    }
}

impl Backend for Place<'_> {
    fn open(&self) -> Arc<dyn Accounts> {
        Arc::new(self.host())
    }

    fn admin(&self) -> Option<Arc<dyn AccountAdmin>> {
        Some(Arc::new(self.host()))
    }

    fn plant(&self, name: &UserName, hash: &str) -> bool {
        self.php_registers(name.as_str(), hash);
        true
    }

    fn hash_of(&self, name: &UserName) -> String {
        self.php_sees_hash(name.as_str())
    }

    fn enable(&self, name: &UserName, enabled: bool) {
        assert!(self.host().set_enabled(name, enabled).unwrap());
    }

    fn kill(&self) {
        let sql = format!("DROP DATABASE {}", self.name);
        self.server.run("mysql", &sql);
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

/// The suite runs on PHP's own table, with what we add beside it.
pub fn bench() -> Bench {
    let place = Place::of_php(MariaDb::shared());
    place.host().migrate(false).unwrap();
    Bench {
        backend: Box::new(place),
        _keep: Box::new(()),
    }
}
