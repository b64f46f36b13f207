//! The server stops, stalls, dies and loses connections: every call ends soon, nobody is told that
//! they don't exist, and the first call after its return is right.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use super::{Place, TESTPASS};
use crate::accounts_suite::{login_with, name, password};
use crate::harness::MariaDb;
use mysql::prelude::Queryable;
use std::time::{Duration, Instant};
use weft::auth::mysql::MySqlAccounts;
use weft::auth::{AccountAdmin, Accounts, AuthError, AuthResult, Authenticator, NewAccount};

fn unavailable<T: std::fmt::Debug>(call: impl FnOnce() -> AuthResult<T>) {
    let before = Instant::now();
    let answer = call();
    let took = before.elapsed();
    assert!(
        matches!(answer, Err(AuthError::Unavailable(_))),
        "{answer:?}"
    );
    assert!(took < Duration::from_secs(18), "{took:?}");
}

/// Every call fails as it should, for a user who exists and for one who doesn't.
fn all_unavailable(host: &MySqlAccounts) {
    for user in ["ada", "nobody"] {
        let (user, password) = (name(user), password("testpass"));
        let new = NewAccount {
            name: &user,
            password: &password,
            email: None,
        };
        unavailable(|| host.authenticate(&user, &password, None, Instant::now()));
        unavailable(|| host.lookup(&user));
        unavailable(|| host.create(&new));
        unavailable(|| host.set_password(&user, &password));
        unavailable(|| host.set_email(&user, "a@example.com"));
        unavailable(|| host.set_quota(&user, None));
        unavailable(|| host.delete(&user));
    }
    unavailable(|| host.list());
    unavailable(|| host.check());
}

/// Kills all connections but one's own, as an administrator may.
fn kill_connections(place: &Place<'_>) {
    let mut root = place.server.root("mysql");
    let sql = "SELECT id FROM information_schema.PROCESSLIST WHERE db = ?";
    let ids: Vec<u64> = root.exec(sql, (&place.name,)).unwrap();
    assert!(!ids.is_empty());
    for id in ids {
        root.query_drop(format!("KILL {id}")).unwrap();
    }
}

#[test]
fn a_server_that_stops_stalls_or_dies_is_found_again_by_the_next_call() {
    let server = MariaDb::start(&[]);
    let place = Place::of_php(&server);
    place.php_registers("ada", TESTPASS);
    let host = place.impatient_host();
    host.migrate(false).unwrap();
    let ada = login_with(&host, "ada", "testpass");
    assert!(ada.is_ok());

    server.stop();
    all_unavailable(&host);
    all_unavailable(&place.impatient_host());
    server.start_again();
    assert_eq!(login_with(&host, "ada", "testpass"), ada);

    server.pause();
    unavailable(|| host.lookup(&name("ada")));
    unavailable(|| host.set_email(&name("ada"), "never@example.com"));
    server.resume();
    assert_eq!(login_with(&host, "ada", "testpass"), ada);

    server.kill();
    all_unavailable(&host);
    server.start_again();
    assert_eq!(login_with(&host, "ada", "testpass"), ada);
    assert_eq!(host.list().unwrap().len(), 1);
}

#[test]
fn connections_lost_between_calls_are_noticed_by_nobody() {
    let place = Place::of_php(MariaDb::shared());
    place.php_registers("ada", TESTPASS);
    let (host, ada) = (place.host(), name("ada"));
    host.migrate(false).unwrap();
    let killing = || kill_connections(&place);
    assert!(login_with(&host, "ada", "testpass").is_ok());
    killing();
    assert!(login_with(&host, "ada", "testpass").is_ok());
    killing();
    assert!(host.set_password(&ada, &password("new password")).unwrap());
    killing();
    assert!(host.set_quota(&ada, Some(5)).unwrap());
    killing();
    let (bob, word) = (name("bob"), password("testpass"));
    let new = NewAccount {
        name: &bob,
        password: &word,
        email: None,
    };
    assert!(host.create(&new).unwrap().is_some());
    killing();
    assert!(host.delete(&bob).unwrap());
}

#[test]
fn a_name_that_somebody_is_giving_away_is_waited_for_and_no_longer_than_agreed() {
    let place = Place::of_php(MariaDb::shared());
    let host = place.impatient_host();
    let (ada, word) = (name("ada"), password("testpass"));
    let new = NewAccount {
        name: &ada,
        password: &word,
        email: None,
    };
    let mut other = place.server.root("mysql");
    other.query_drop("DO GET_LOCK('weft_user_ada', 0)").unwrap();
    unavailable(|| host.create(&new));
    other
        .query_drop("DO RELEASE_LOCK('weft_user_ada')")
        .unwrap();
    assert!(host.create(&new).unwrap().is_some());
    // Ours was let go of, too.
    let free: Option<u8> = other
        .query_first("SELECT IS_FREE_LOCK('weft_user_ada')")
        .unwrap();
    assert_eq!(free, Some(1));
}

#[test]
fn an_account_that_can_t_be_written_leaves_nothing_and_holds_nothing() {
    let place = Place::of_php(MariaDb::shared());
    let host = place.host();
    let (ada, word) = (name("ada"), password("testpass"));
    let email = format!("{}@example.com", "a".repeat(64));
    let new = NewAccount {
        name: &ada,
        password: &word,
        email: Some(&email),
    };
    let answer = host.create(&new);
    assert!(answer.is_err(), "an address cut short is lost: {answer:?}");
    assert_eq!(place.php_sees("SELECT COUNT(*) FROM users"), ["0"]);
    let new = NewAccount { email: None, ..new };
    assert!(place.impatient_host().create(&new).unwrap().is_some());
}
