//! What the legacy PHP server leaves behind, and the settings under which Weft takes its place.
//!
//! The tables are those of its own schema, the accounts those of the recordings in `tests/golden/`, with
//! the password hashes of their time.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::installation::Installation;
use super::mariadb::MariaDb;

/// The tables of records.
pub const RECORDS: &str = "
    CREATE TABLE collections (
      userid int(11) NOT NULL, collectionid smallint(6) NOT NULL, name varchar(32) NOT NULL,
      PRIMARY KEY (userid, collectionid), KEY nameindex (userid, name)) ENGINE=InnoDB;
    CREATE TABLE wbo (
      username int(11) NOT NULL, collection smallint(6) NOT NULL DEFAULT 0,
      id varbinary(64) NOT NULL DEFAULT '', parentid varbinary(64) DEFAULT NULL,
      predecessorid varbinary(64) DEFAULT NULL, sortindex int(11) DEFAULT NULL,
      modified bigint(20) DEFAULT NULL, payload longtext, payload_size int(11) DEFAULT NULL,
      PRIMARY KEY (username, collection, id),
      KEY parentindex (username, collection, parentid),
      KEY modified (username, collection, modified),
      KEY weightindex (username, collection, sortindex),
      KEY predecessorindex (username, collection, predecessorid),
      KEY size_index (username, payload_size)) ENGINE=InnoDB";

/// The table of users: no index of names, and none of them unique.
pub const USERS: &str = "
    CREATE TABLE users (
      id int(11) NOT NULL AUTO_INCREMENT, username varchar(32) DEFAULT NULL,
      password_hash varbinary(128) DEFAULT NULL, email varbinary(64) DEFAULT NULL,
      status tinyint(4) DEFAULT '1', alert text, reset varbinary(32) DEFAULT NULL,
      PRIMARY KEY (id)) ENGINE=InnoDB";

/// The settings under which the recorded accounts' passwords are checked.
pub const PASSWORDS: &str = "legacy_md5 = true\nlegacy_sha_salt = \"salty\"\n";

/// A row of `users`.
pub struct Account {
    pub id: i64,
    pub name: String,
    pub hash: String,
    pub email: String,
    pub status: i64,
    pub alert: Option<String>,
}

/// The accounts of the recordings.
pub fn accounts() -> Vec<Account> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/accounts.json");
    let text = fs::read_to_string(path).expect("the file is part of the project");
    let accounts: Vec<Value> = serde_json::from_str(&text).expect("accounts");
    accounts
        .iter()
        .map(|account| {
            let name = account["name"].as_str().expect("a name");
            Account {
                id: account["id"].as_i64().expect("a number"),
                name: name.to_owned(),
                hash: hash(account),
                email: format!("{name}@example.com"),
                status: account["status"].as_i64().expect("a status"),
                alert: account["alert"].as_str().map(str::to_owned),
            }
        })
        .collect()
}

fn hash(account: &Value) -> String {
    let text = |name: &str| account[name].as_str().unwrap_or("");
    let (password, salt) = (text("password"), text("salt"));
    match text("hash") {
        "{SSHA-256}" => {
            let digest = Sha256::digest(format!("{password}{salt}"));
            let bytes = [digest.as_slice(), salt.as_bytes()].concat();
            format!("{{SSHA-256}}{}", STANDARD.encode(bytes))
        }
        "md5" => hex(&Md5::digest(password)),
        "none, the bare text" => password.to_owned(),
        _ => {
            let (first, second) = password.split_at(password.len() / 2 + 1);
            hex(&Sha256::digest(format!("{first}salty{second}")))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A MariaDB of one's own with the database of the PHP server, which Weft has migrated.
pub struct Legacy {
    pub server: MariaDb,
    pub database: String,
}

impl Legacy {
    pub fn new() -> Legacy {
        Legacy::of_php().migrated(&["migrate"])
    }

    /// The same on a server that has things of its own.
    pub fn on(server: MariaDb) -> Legacy {
        Legacy::of_php_on(server).migrated(&["migrate"])
    }

    /// The same, left to Weft alone.
    pub fn without_php_on(server: MariaDb) -> Legacy {
        Legacy::of_php_on(server).migrated(&["migrate", "--without-php"])
    }

    fn migrated(self, command: &[&str]) -> Legacy {
        let operator = Installation::new();
        operator.configure("weft", &self.settings(""));
        operator.run("weft", command, "").expect();
        self
    }

    /// The same before it was migrated.
    pub fn of_php() -> Legacy {
        Legacy::of_php_on(MariaDb::start(&[]))
    }

    fn of_php_on(server: MariaDb) -> Legacy {
        let database = server.database("latin1");
        server.run(&database, RECORDS);
        server.run(&database, USERS);
        let legacy = Legacy { server, database };
        legacy.register();
        legacy
    }

    /// `weft.toml` for records and accounts in this database. `auth` is more of its section `[auth]`.
    pub fn settings(&self, auth: &str) -> String {
        self.settings_at(self.server.port(), auth)
    }

    /// The same, where the database is reached at another port of this machine.
    pub fn settings_at(&self, port: u16, auth: &str) -> String {
        let accounts = format!("[auth]\nengine = \"mysql\"\n{PASSWORDS}{auth}");
        self.records_at(port, &accounts)
    }

    /// `weft.toml` for records in this database, reached at a port of this machine, and accounts in
    /// what `accounts` says.
    pub fn records_at(&self, port: u16, accounts: &str) -> String {
        format!(
            "storage.engine = \"mysql\"\n{accounts}\
             [mysql.write]\nhost = \"127.0.0.1\"\nport = {port}\n\
             database = \"{}\"\nuser = \"{}\"\npassword = '''{}'''\n",
            self.database,
            MariaDb::USER,
            MariaDb::PASSWORD
        )
    }

    fn register(&self) {
        use mysql::params;
        use mysql::prelude::Queryable;
        let mut php = self.server.php(&self.database);
        let sql = "INSERT INTO users (id, username, password_hash, email, status, alert) \
                   VALUES (:id, :name, :hash, :email, :status, :alert)";
        let rows = accounts().into_iter().map(|account| {
            params! {
                "id" => account.id,
                "name" => account.name,
                "hash" => account.hash,
                "email" => account.email,
                "status" => account.status,
                "alert" => account.alert,
            }
        });
        php.exec_batch(sql, rows).expect("the accounts are new");
    }
}
