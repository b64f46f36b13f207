//! Rows as PHP wrote them, in databases of its time and of ours.

use super::{PHP_SCHEMA, Place, TESTPASS};
use crate::accounts_suite::{login_with, name, password};
use crate::harness::MariaDb;
use weft::auth::{AccountAdmin, Accounts, NewAccount, Refusal};

#[test]
fn what_php_registered_is_an_account() {
    let place = Place::of_php(MariaDb::shared());
    place.php_registers("Ada", TESTPASS);
    let found = place.host().lookup(&name("ada")).unwrap().unwrap();
    assert_eq!(found.id.number(), 1);
    assert_eq!(found.name, name("ada"));
    assert_eq!(found.email.as_deref(), Some("Ada@example.com"));
    assert!(found.enabled);
    assert_eq!(
        (found.alert, found.quota_bytes, found.node),
        (None, None, None)
    );
    for user in ["ada", "ADA", "Ada"] {
        assert!(login_with(&place.host(), user, "testpass").is_ok());
    }
    assert_eq!(
        place.php_sees("SELECT username FROM users"),
        ["Ada"],
        "it keeps the letter case that it was given"
    );
}

#[test]
fn a_new_account_is_as_php_would_have_made_it() {
    let place = Place::of_php(MariaDb::shared());
    let (user, word) = (name("Ada"), password("testpass"));
    let new = NewAccount {
        name: &user,
        password: &word,
        email: Some("ada@example.com"),
    };
    let id = place.host_beside_php().create(&new).unwrap().unwrap();
    let row = place.php_sees("SELECT id, username, email, status, alert, reset FROM users");
    assert_eq!(row, [format!("{id}|ada|ada@example.com|1|NULL|NULL")]);
    let hash = place.php_sees_hash("ada");
    assert!(hash.starts_with("{SSHA-256}"), "{hash}");
}

#[test]
fn only_status_one_may_log_in() {
    let place = Place::of_php(MariaDb::shared());
    for status in ["0", "2", "-1", "NULL"] {
        place.php("DELETE FROM users");
        place.php_registers("ada", TESTPASS);
        place.php(&format!("UPDATE users SET status = {status}"));
        let refused = login_with(&place.host(), "ada", "testpass");
        assert_eq!(refused, Err(Refusal::Disabled), "{status}");
    }
}

#[test]
fn an_account_without_a_password_has_no_right_one() {
    let place = Place::of_php(MariaDb::shared());
    place.php("INSERT INTO users (username) VALUES ('ada')");
    let found = place.host().lookup(&name("ada")).unwrap().unwrap();
    assert_eq!(found.email, None);
    let refused = login_with(&place.host(), "ada", "testpass");
    assert_eq!(refused, Err(Refusal::WrongPassword));
}

#[test]
fn an_alert_is_read_in_utf_8_and_in_latin_1() {
    let place = Place::of_php(MariaDb::shared());
    for bytes in ["5375CC88642DC3BC", "53FC642DFC"] {
        place.php("DELETE FROM users");
        place.php_registers("ada", TESTPASS);
        place.php(&format!("UPDATE users SET alert = X'{bytes}'"));
        let alert = place.host().lookup(&name("ada")).unwrap().unwrap().alert;
        let expected = match bytes {
            "53FC642DFC" => "Süd-ü",
            _ => "Su\u{308}d-ü",
        };
        assert_eq!(alert.as_deref(), Some(expected));
    }
}

#[test]
fn an_alert_that_the_operator_sets_is_what_php_sends() {
    let place = Place::of_php(MariaDb::shared());
    place.php_registers("ada", TESTPASS);
    let alert = "Wartung am Süd-Knoten, €";
    assert!(place.host().set_alert(&name("ada"), Some(alert)).unwrap());
    assert_eq!(place.php_sees("SELECT alert FROM users"), [alert]);
}

#[test]
fn a_name_that_was_given_twice_is_the_older_account() {
    let place = Place::of_php(MariaDb::shared());
    place.php_registers("ada", TESTPASS);
    place.php_registers("Ada", "179ad45c6ce2cb97cf1029e212046e81");
    let found = place.host().lookup(&name("ada")).unwrap().unwrap();
    assert_eq!(found.id.number(), 1);
    assert_eq!(place.host().list().unwrap(), [found]);
}

#[test]
fn names_that_only_a_collation_takes_for_equal_are_different() {
    let place = Place::empty(MariaDb::shared(), "utf8mb4 COLLATE utf8mb4_general_ci");
    place.php(PHP_SCHEMA);
    place.php(&format!(
        "INSERT INTO users (username, password_hash) VALUES (_utf8mb4 X'C3A46461', '{TESTPASS}')"
    ));
    assert_eq!(
        place.php_sees("SELECT COUNT(*) FROM users WHERE username = 'ada'"),
        ["1"]
    );
    let host = place.host();
    assert_eq!(host.lookup(&name("ada")).unwrap(), None);
    assert!(!host.set_enabled(&name("ada"), false).unwrap());
    assert!(!host.delete(&name("ada")).unwrap());
    assert_eq!(host.list().unwrap(), []);
    place.php_registers("ada", TESTPASS);
    assert!(login_with(&host, "ada", "testpass").is_ok());
}

#[test]
fn a_table_without_transactions_will_do() {
    let place = Place::of_php(MariaDb::shared());
    place.php("ALTER TABLE users ENGINE=MyISAM");
    let host = place.host();
    host.migrate(false).unwrap();
    place.php_registers("ada", TESTPASS);
    assert!(login_with(&host, "ada", "testpass").is_ok());
    let ada = name("ada");
    assert!(host.set_password(&ada, &password("new password")).unwrap());
    assert!(login_with(&host, "ada", "new password").is_ok());
    assert!(host.set_quota(&ada, Some(5)).unwrap());
    assert!(host.delete(&ada).unwrap());
    assert_eq!(host.lookup(&ada).unwrap(), None);
}

#[test]
fn the_table_of_a_python_server_will_do() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    place.php(
        "CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, username VARCHAR(32), \
         password_hash VARCHAR(128), email VARCHAR(64), status INT DEFAULT 0, alert TEXT, \
         reset VARCHAR(32), reset_expiration DATETIME, UNIQUE (username, password_hash)) \
         ENGINE=InnoDB",
    );
    place.php_registers("old", TESTPASS);
    let host = place.host();
    assert!(login_with(&host, "old", "testpass").is_ok());
    assert!(place.php_sees_hash("old").starts_with("$argon2id$"));
    let (user, word) = (name("new"), password("testpass"));
    let new = NewAccount {
        name: &user,
        password: &word,
        email: None,
    };
    assert!(host.create(&new).unwrap().is_some());
    assert!(login_with(&host, "new", "testpass").is_ok());
    assert_eq!(host.create(&new).unwrap(), None);
}

#[test]
fn setting_what_is_set_already_is_no_unknown_user() {
    let place = Place::of_php(MariaDb::shared());
    let host = place.host();
    host.migrate(false).unwrap();
    place.php_registers("ada", TESTPASS);
    let ada = name("ada");
    for _ in 0..2 {
        assert!(host.set_email(&ada, "ada@example.com").unwrap());
        assert!(host.set_enabled(&ada, true).unwrap());
        assert!(host.set_quota(&ada, Some(7)).unwrap());
        assert!(host.set_node(&ada, None).unwrap());
    }
}

#[test]
fn a_user_s_number_is_one_that_the_records_can_have() {
    let place = Place::of_php(MariaDb::shared());
    place.php("ALTER TABLE users MODIFY id bigint NOT NULL AUTO_INCREMENT");
    place.php_registers("ada", TESTPASS);
    place.php("UPDATE users SET id = 2147483648");
    let answer = place.host().lookup(&name("ada"));
    assert!(
        matches!(answer, Err(weft::auth::AuthError::Broken(_))),
        "{answer:?}"
    );
}
