//! What stands in the headers of every answer.

use serde_json::Value;

use crate::harness::api::{PHP, PYTHON, User, centiseconds};
use crate::harness::http::{Request, Response};
use crate::harness::{Gateway, Server};

/// One answer of every kind, errors included, with a name for each.
fn answers_of_every_kind(user: &User) -> Vec<(&'static str, Response)> {
    user.put("storage/kinds/a", r#"{"payload":"x"}"#).written();
    let raw = |method: &str, path: &str| {
        let target = format!("{}{path}", user.server.prefix());
        user.send(&Request::new(method, target).header("Host", user.server.host()))
    };
    vec![
        ("a map", user.get("info/collections")),
        ("a list", user.get("storage/kinds")),
        (
            "lines",
            user.get_as("application/newlines", "storage/kinds?full=1"),
        ),
        ("a record", user.get("storage/kinds/a")),
        ("a write", user.put("storage/kinds/a", r#"{"payload":"y"}"#)),
        (
            "a batch",
            user.post("storage/kinds", r#"[{"id":"b","payload":"y"}]"#),
        ),
        ("a deletion", user.delete("storage/kinds/a")),
        ("a missing record", user.get("storage/kinds/a")),
        ("bad JSON", user.put("storage/kinds/a", "{")),
        (
            "a bad record",
            user.put("storage/kinds/a", r#"{"payload":1}"#),
        ),
        ("an unknown function", user.get("nothing")),
        (
            "an unknown method",
            user.send(&user.request("PATCH", "storage/kinds")),
        ),
        (
            "a changed collection",
            user.unless_modified("1", "DELETE", "storage/kinds", ""),
        ),
        ("a deletion of all, unconfirmed", user.delete("storage")),
        (
            "no credentials",
            user.send(&user.anonymous("GET", "info/collections")),
        ),
        (
            "wrong credentials",
            user.with_password("another one").get("info/collections"),
        ),
        ("a path that is no text", user.get("storage/kinds/%ff")),
        ("a user", raw("GET", &format!("user/1.0/{}", user.name))),
        (
            "a node",
            raw("GET", &format!("user/1.0/{}/node/weave", user.name)),
        ),
        ("no captcha", raw("GET", "misc/1.0/captcha_html")),
        ("a heartbeat", raw("GET", "__heartbeat__")),
        ("nothing of ours", raw("GET", "nothing")),
    ]
}

#[test]
fn every_answer_tells_the_time() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("every-time-{version}"));
        for (kind, answer) in answers_of_every_kind(&user) {
            let time = answer.header("X-Weave-Timestamp");
            let time = time.unwrap_or_else(|| panic!("{version}, {kind}: {answer:?}"));
            assert!(
                centiseconds(time) > 150_000_000_000,
                "{version}, {kind}: {time}"
            );
        }
    }
}

#[test]
fn no_answer_asks_clients_to_stay_away_unless_the_operator_does() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("no-backoff-{version}"));
        for (kind, answer) in answers_of_every_kind(&user) {
            for name in ["X-Weave-Backoff", "X-Backoff", "Retry-After"] {
                assert_eq!(answer.header(name), None, "{version}, {kind}");
            }
        }
    }
}

#[test]
fn the_operators_backoff_is_in_every_answer() {
    let server = Gateway::Builtin.start("[server]\nbackoff = 77\n");
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("backoff-{version}"));
        for (kind, answer) in answers_of_every_kind(&user) {
            assert_eq!(
                answer.header("X-Weave-Backoff"),
                Some("77"),
                "{version}, {kind}"
            );
        }
    }
}

#[test]
fn maintenance_refuses_new_syncs_and_lets_running_ones_end() {
    let server = Gateway::Builtin.start("[server]\nmaintenance = true\nretry_after = 601\n");
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("maintained-{version}"));
        let refused = user.get("info/collections");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(refused.header("Retry-After"), Some("601"));
        assert_eq!(refused.header("X-Weave-Backoff"), Some("601"));
        user.put("storage/meta/global", r#"{"payload":"x"}"#)
            .written();
        assert_eq!(user.get("storage/meta/global").json()["payload"], "x");
        assert_eq!(user.get("storage/crypto/keys").status, 404);
        user.post("storage/forms", r#"[{"id":"a","payload":"x"}]"#)
            .json();
    }
}

#[test]
fn the_apis_answer_json_and_their_errors_are_short_and_tell_nothing() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("json-{version}"));
        for (kind, answer) in answers_of_every_kind(&user) {
            let text = answer.text();
            assert!(!text.contains('<'), "{version}, {kind}: {answer:?}");
            for secret in ["weft-data", "SELECT", "sqlite", "src/", "panicked"] {
                assert!(!text.contains(secret), "{version}, {kind}: {answer:?}");
            }
            let plain = ["lines", "a user", "a node", "a heartbeat"];
            if !plain.contains(&kind) {
                assert_eq!(
                    answer.header("Content-Type"),
                    Some("application/json"),
                    "{kind}"
                );
                let body: Result<Value, _> = serde_json::from_slice(&answer.body);
                assert!(body.is_ok(), "{version}, {kind}: {answer:?}");
            }
            assert!(
                answer.status < 400 || text.len() < 200,
                "{version}, {kind}: {answer:?}"
            );
        }
    }
}

#[test]
fn every_body_has_its_type() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("typed-{version}"));
        for (kind, answer) in answers_of_every_kind(&user) {
            let typed = answer.header("Content-Type").is_some() || answer.body.is_empty();
            assert!(
                typed,
                "{version}, {kind}: Android throws without one: {answer:?}"
            );
        }
    }
}

#[test]
fn an_alert_is_told_in_both_voices_and_only_in_printable_ascii() {
    let server = Gateway::Builtin.start("");
    let user = User::new(&server, PHP, "alerted");
    let bystander = User::new(&server, PHP, "bystander");
    let cases = [
        (
            r#"{"code":"soft-eol","url":"https://x/"}"#,
            r#"{"code":"soft-eol","url":"https://x/"}"#,
        ),
        ("żółw", "%C5%BC%C3%B3%C5%82w"),
        ("two\r\nlines", "two%0D%0Alines"),
    ];
    for (alert, told) in cases {
        set_alert(&server, "alerted", alert);
        for version in [PHP, PYTHON] {
            let answer = user.at(version).get("info/collections");
            assert_eq!(answer.header("X-Weave-Alert"), Some(told), "{version}");
            let missing = user.at(version).get("storage/forms/none");
            assert_eq!(missing.header("X-Weave-Alert"), Some(told), "{version}");
            let other = bystander.at(version).get("info/collections");
            assert_eq!(other.header("X-Weave-Alert"), None);
            let wrong = user
                .at(version)
                .with_password("wrong one")
                .get("info/collections");
            assert_eq!(
                wrong.header("X-Weave-Alert"),
                None,
                "only the owner is told"
            );
        }
    }
}

fn set_alert(server: &Server, name: &str, alert: &str) {
    let database = rusqlite::Connection::open(server.data_folder().join("accounts.db"));
    let database = database.expect("the accounts' database");
    database
        .busy_timeout(std::time::Duration::from_secs(60))
        .expect("a timeout");
    let changed = database.execute(
        "UPDATE users SET alert = ?1 WHERE name = ?2",
        rusqlite::params![alert, name],
    );
    assert_eq!(changed.expect("an account"), 1);
}
