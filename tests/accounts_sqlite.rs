//! The SQLite engine of accounts against the suite of all engines, and alone: many processes, and
//! files that are not what they should be.

#[macro_use]
mod accounts_suite;

use accounts_suite::{Abilities, Backend, Bench, login_with, name, password, password_check};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use weft::auth::sqlite::SqliteAccounts;
use weft::auth::{AccountAdmin, Accounts, AuthError, NewAccount};
use weft::storage::sqlite::SqliteOptions;
use weft::sync::UserName;

struct File(PathBuf);

fn engine(path: &Path) -> SqliteAccounts {
    // Several processes wait for each other for long, where a disk or a machine is slow.
    let options = SqliteOptions {
        busy: Duration::from_secs(60),
        ..SqliteOptions::new(path)
    };
    SqliteAccounts::new(options, password_check())
}

impl File {
    fn connection(&self) -> Connection {
        engine(&self.0).check().unwrap();
        Connection::open(&self.0).unwrap()
    }
}

impl Backend for File {
    fn open(&self) -> Arc<dyn Accounts> {
        Arc::new(engine(&self.0))
    }

    fn admin(&self) -> Option<Arc<dyn AccountAdmin>> {
        Some(Arc::new(engine(&self.0)))
    }

    fn plant(&self, name: &UserName, hash: &str) -> bool {
        let sql = "INSERT INTO users (name, password_hash) VALUES (?, ?)";
        self.connection()
            .execute(sql, [name.as_str(), hash])
            .unwrap();
        true
    }

    fn hash_of(&self, name: &UserName) -> String {
        let sql = "SELECT password_hash FROM users WHERE name = ?";
        self.connection()
            .query_row(sql, [name.as_str()], |row| row.get(0))
            .unwrap()
    }

    fn enable(&self, name: &UserName, enabled: bool) {
        assert!(engine(&self.0).set_enabled(name, enabled).unwrap());
    }

    fn kill(&self) {
        fs::remove_file(&self.0).unwrap();
        fs::write(&self.0, "this is no database, nor was it ever").unwrap();
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

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    Bench {
        backend: Box::new(File(folder.path().join("accounts.db"))),
        _keep: Box::new(folder),
    }
}

accounts_suite!(crate::bench);

#[test]
fn a_file_that_vanished_is_away_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    let accounts = engine(&path);
    assert_eq!(accounts.lookup(&name("ada")).unwrap(), None);
    fs::remove_file(&path).unwrap();
    let answer = accounts.lookup(&name("ada"));
    assert!(
        matches!(answer, Err(AuthError::Unavailable(_))),
        "{answer:?}"
    );
    assert!(!path.exists());
}

#[test]
fn a_file_that_was_put_back_is_the_one_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let [path, backup] = ["accounts.db", "backup.db"].map(|name| folder.path().join(name));
    let accounts = engine(&backup);
    create(&accounts, "ada").unwrap();
    drop(accounts);
    let accounts = engine(&path);
    create(&accounts, "bob").unwrap();
    fs::rename(&backup, &path).unwrap();
    for name in ["accounts.db-wal", "accounts.db-shm"] {
        let _ = fs::remove_file(folder.path().join(name));
    }
    assert!(login_with(&accounts, "ada", "testpass").is_ok());
    assert!(login_with(&accounts, "bob", "testpass").is_err());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("later");
    let accounts = engine(&place.join("accounts.db"));
    let answer = accounts.check();
    assert!(
        matches!(answer, Err(AuthError::Unavailable(_))),
        "{answer:?}"
    );
    fs::create_dir(&place).unwrap();
    accounts.check().unwrap();
}

#[test]
fn a_schema_of_the_future_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    engine(&path).check().unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let answer = engine(&path).check();
    assert!(matches!(answer, Err(AuthError::Broken(_))), "{answer:?}");
}

#[test]
fn numbers_end_below_two_to_the_thirty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    let accounts = engine(&path);
    create(&accounts, "first").unwrap();
    let last = "UPDATE sqlite_sequence SET seq = 2147483646";
    Connection::open(&path).unwrap().execute(last, []).unwrap();
    let id = create(&accounts, "last").unwrap().unwrap();
    assert_eq!(id.number(), i32::MAX.unsigned_abs());
    let answer = create(&accounts, "none");
    assert!(matches!(answer, Err(AuthError::Broken(_))), "{answer:?}");
    assert!(login_with(&accounts, "last", "testpass").is_ok());
}

#[test]
fn many_processes_may_find_an_empty_folder_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    let children: Vec<_> = (0..8)
        .map(|n| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "a_process_makes_two_accounts"])
                .env("WEFT_TEST_DATABASE", &path)
                .env("WEFT_TEST_NAME", format!("user{n}"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
    }
    let accounts = engine(&path);
    assert_eq!(
        accounts.list().unwrap().len(),
        9,
        "eight of their own and one of all"
    );
    for n in 0..8 {
        assert!(login_with(&accounts, &format!("user{n}"), "testpass").is_ok());
    }
}

#[test]
#[ignore = "a part of many_processes_may_find_an_empty_folder_at_once"]
fn a_process_makes_two_accounts() {
    let path = PathBuf::from(std::env::var_os("WEFT_TEST_DATABASE").unwrap());
    let accounts = engine(&path);
    create(&accounts, "everybody").unwrap();
    let own = create(&accounts, &std::env::var("WEFT_TEST_NAME").unwrap());
    assert!(own.unwrap().is_some());
}

fn create(
    accounts: &SqliteAccounts,
    user: &str,
) -> weft::auth::AuthResult<Option<weft::sync::UserId>> {
    accounts.create(&NewAccount {
        name: &name(user),
        password: &password("testpass"),
        email: None,
    })
}
