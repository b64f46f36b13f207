//! The database is changed by additions only, and works without them as far as it goes.

use super::{Place, TESTPASS};
use crate::accounts_suite::{login_with, name, password};
use crate::harness::MariaDb;
use weft::auth::mysql::MySqlAccounts;
use weft::auth::{AccountAdmin, Accounts, AuthError, NewAccount};
use weft::mysql::Migration;

fn sql(migrations: Vec<Migration>) -> String {
    migrations.into_iter().map(|m| m.sql + ";\n").collect()
}

#[test]
fn a_dry_run_says_what_can_be_run_by_hand_and_does_nothing() {
    let place = Place::of_php(MariaDb::shared());
    let before = place.php_sees("SHOW CREATE TABLE users");
    let said = sql(place.host().migrate(true).unwrap());
    assert_eq!(place.php_sees("SHOW CREATE TABLE users"), before);
    assert_eq!(place.php_sees("SHOW TABLES"), ["users"]);
    assert!(said.contains("CREATE TABLE `weft_users`"), "{said}");
    assert!(said.contains("ADD KEY weft_username"), "{said}");
    assert!(!said.contains("CREATE TABLE `users`"), "{said}");
    place.php(&said);
    assert_eq!(place.host().migrate(false).unwrap(), []);
}

#[test]
fn an_empty_database_gets_all_tables() {
    for charset in ["latin1", "utf8mb4"] {
        let place = Place::empty(MariaDb::shared(), charset);
        let host = place.host();
        let answer = host.lookup(&name("ada"));
        let Err(AuthError::Broken(why)) = answer else {
            panic!("{answer:?}");
        };
        assert!(why.contains("weft migrate"), "{why}");
        assert!(why.contains("CREATE TABLE `users`"), "{why}");
        assert!(matches!(host.check(), Err(AuthError::Broken(_))));
        assert_eq!(host.migrate(false).unwrap().len(), 2);
        assert_eq!(host.migrate(false).unwrap(), []);
        host.check().unwrap();
        let (ada, word) = (name("ada"), password("testpass"));
        let email = format!("{}@example.com", "a".repeat(64));
        let new = NewAccount {
            name: &ada,
            password: &word,
            email: Some(&email),
        };
        assert!(host.create(&new).unwrap().is_some());
        assert!(host.set_quota(&ada, Some(5)).unwrap());
        let found = host.lookup(&ada).unwrap().unwrap();
        assert_eq!((found.email, found.quota_bytes), (Some(email), Some(5)));
    }
}

#[test]
fn without_our_own_table_people_work_and_the_operator_is_told_what_to_run() {
    let place = Place::of_php(MariaDb::shared());
    place.php_registers("ada", TESTPASS);
    let (host, ada) = (place.host(), name("ada"));
    host.check().unwrap();
    assert!(login_with(&host, "ada", "testpass").is_ok());
    let answer = host.set_quota(&ada, Some(5));
    let Err(AuthError::Broken(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.contains("CREATE TABLE `weft_users`"), "{why}");
    assert!(host.delete(&ada).unwrap());
    assert_eq!(host.lookup(&ada).unwrap(), None);
}

#[test]
fn our_own_table_is_found_by_those_who_began_without_it() {
    let place = Place::of_php(MariaDb::shared());
    place.php_registers("ada", TESTPASS);
    let (running, operator, ada) = (place.host(), place.host(), name("ada"));
    assert_eq!(running.lookup(&ada).unwrap().unwrap().quota_bytes, None);
    operator.migrate(false).unwrap();
    assert!(operator.set_quota(&ada, Some(5)).unwrap());
    let quota = |host: &MySqlAccounts| host.lookup(&ada).unwrap().unwrap().quota_bytes;
    assert!((0..100).any(|_| quota(&running) == Some(5)));
    assert_eq!(quota(&running), Some(5), "and is not lost again");
}

#[test]
fn an_account_leaves_nothing_behind_in_our_own_table() {
    let place = Place::of_php(MariaDb::shared());
    let (host, ada) = (place.host(), name("ada"));
    host.migrate(false).unwrap();
    place.php_registers("ada", TESTPASS);
    assert!(host.set_quota(&ada, Some(5)).unwrap());
    assert!(host.delete(&ada).unwrap());
    assert_eq!(place.php_sees("SELECT COUNT(*) FROM weft_users"), ["0"]);
}

#[test]
fn php_goes_on_registering_after_the_migration() {
    let place = Place::of_php(MariaDb::shared());
    place.host().migrate(false).unwrap();
    place.php_registers("ada", TESTPASS);
    assert!(login_with(&place.host(), "ada", "testpass").is_ok());
}

#[test]
fn a_login_reads_one_row_by_an_index() {
    for charset in ["latin1", "utf8mb4"] {
        let place = Place::empty(MariaDb::shared(), charset);
        place.php(super::PHP_SCHEMA);
        let host = place.host();
        host.migrate(false).unwrap();
        place.php(
            "INSERT INTO users (username, password_hash) \
             SELECT CONCAT('user', seq), 'x' FROM seq_1_to_5000",
        );
        let handled = || -> u64 {
            let rows = place.php_sees(
                "SELECT ROWS_READ FROM information_schema.TABLE_STATISTICS \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'users'",
            );
            rows.first().map_or(0, |row| row.parse().unwrap())
        };
        place.php("SET GLOBAL userstat = 1");
        let before = handled();
        assert!(host.lookup(&name("user77")).unwrap().is_some());
        let read = handled() - before;
        assert!((1..10).contains(&read), "{charset}: {read} rows were read");
    }
}

#[test]
fn a_name_that_is_no_table_name_is_refused() {
    let place = Place::of_php(MariaDb::shared());
    let mut config = place.config();
    config.extras_table = "x`; DROP TABLE users; --".to_owned();
    let check = crate::accounts_suite::password_check();
    assert!(MySqlAccounts::new(config, check).is_err());
}
