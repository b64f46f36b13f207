//! Logins that are remembered, so that the database is not asked.

use super::Place;
use crate::accounts_suite::password_check;
use crate::harness::MariaDb;
use std::time::{Duration, Instant};
use weft::auth::mysql::MySqlAccounts;
use weft::auth::password_check::Memory;
use weft::auth::{AccountAdmin, Accounts, Authenticator, Login, NewAccount, Password};
use weft::sync::UserName;

const LIFETIME: Duration = Duration::from_secs(30);

fn host(place: &Place<'_>) -> MySqlAccounts {
    let mut config = place.config();
    config.remember = Memory {
        lifetime: LIFETIME,
        capacity: 10,
    };
    MySqlAccounts::new(config, password_check()).unwrap()
}

fn password(text: &str) -> Password {
    Password::from_wire(text.as_bytes()).unwrap()
}

fn ada() -> UserName {
    UserName::new("ada").unwrap()
}

fn enters(host: &MySqlAccounts, text: &str, now: Instant) -> bool {
    let login = host.authenticate(&ada(), &password(text), None, now);
    matches!(login.unwrap(), Login::Accepted(_))
}

fn with_ada(server: &MariaDb) -> (Place<'_>, MySqlAccounts) {
    let place = Place::empty(server, "latin1");
    let host = host(&place);
    host.migrate(false).unwrap();
    let new = NewAccount {
        name: &ada(),
        password: &password("first"),
        email: None,
    };
    assert!(host.create(&new).unwrap().is_some());
    (place, host)
}

#[test]
fn the_database_is_not_asked_about_a_remembered_login() {
    let server = MariaDb::start(&[]);
    let (_place, host) = with_ada(&server);
    let now = Instant::now();
    assert!(enters(&host, "first", now));
    server.stop();
    assert!(enters(&host, "first", now));
    let asks = |text, now| {
        host.authenticate(&ada(), &password(text), None, now)
            .is_err()
    };
    assert!(asks("wrong", now));
    assert!(asks("first", now + LIFETIME));
}

#[test]
fn a_change_by_this_process_counts_at_once_and_one_by_another_after_the_time() {
    let (place, host) = with_ada(MariaDb::shared());
    let other = place.host();
    let now = Instant::now();
    assert!(enters(&host, "first", now));
    assert!(host.set_password(&ada(), &password("second")).unwrap());
    assert!(!enters(&host, "first", now));
    assert!(enters(&host, "second", now));
    assert!(host.set_enabled(&ada(), false).unwrap());
    assert!(!enters(&host, "second", now));
    assert!(host.set_enabled(&ada(), true).unwrap());
    assert!(enters(&host, "second", now));

    assert!(other.set_password(&ada(), &password("third")).unwrap());
    assert!(enters(&host, "third", now));
    assert!(
        !enters(&host, "second", now),
        "only the last one is remembered"
    );
    assert!(other.set_enabled(&ada(), false).unwrap());
    assert!(enters(&host, "third", now));
    assert!(!enters(&host, "third", now + LIFETIME));
    assert!(host.delete(&ada()).unwrap());
    assert!(!enters(&host, "third", now));
}

#[test]
fn a_quota_set_here_counts_at_once() {
    let (_place, host) = with_ada(MariaDb::shared());
    let now = Instant::now();
    assert!(enters(&host, "first", now));
    assert!(host.set_quota(&ada(), Some(5)).unwrap());
    let login = host
        .authenticate(&ada(), &password("first"), None, now)
        .unwrap();
    assert!(matches!(login, Login::Accepted(account) if account.quota_bytes == Some(5)));
}
