//! Records that live for a time only.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};

/// Waits until the record of a second's life is gone, which happens after that second, not long after it
/// where the machine does nothing else.
fn wait_until_gone(user: &User, path: &str) {
    let start = Instant::now();
    while user.get(path).status != 404 {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{path} outlives its time"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_expired_record_is_seen_by_nothing_and_counts_nowhere() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("expired-{version}"));
        user.put("storage/tabs/stays", r#"{"payload":"1234","sortindex":1}"#)
            .written();
        user.put(
            "storage/tabs/goes",
            r#"{"payload":"12345678","sortindex":1,"ttl":1}"#,
        )
        .written();
        user.put("storage/clients/goes", r#"{"payload":"12345678","ttl":1}"#)
            .written();
        wait_until_gone(&user, "storage/clients/goes");
        wait_until_gone(&user, "storage/tabs/goes");
        for query in [
            "",
            "?ids=goes,stays",
            "?newer=0",
            "?sort=index",
            "?limit=5",
            "?index_above=0",
        ] {
            assert_eq!(
                user.ids(&format!("storage/tabs{query}")),
                ["stays"],
                "{query}"
            );
        }
        let full = user
            .get_as("application/newlines", "storage/tabs?full=1")
            .text();
        assert_eq!(full.lines().count(), 1, "{full}");
        let python = user.at(PYTHON);
        assert_eq!(
            python.get("info/collection_counts").json(),
            json!({"tabs": 1})
        );
        assert_eq!(
            python.get("info/collection_usage").json(),
            json!({"tabs": 4.0 / 1024.0})
        );
        assert_eq!(python.get("info/quota").json()[0], json!(4.0 / 1024.0));
        let listed = user.get("info/collections").json();
        assert!(
            listed.get("clients").is_none() && listed.get("tabs").is_some(),
            "{listed}"
        );
    }
}

#[test]
fn a_ttl_of_zero_is_over_at_once() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("at-once-{version}"));
        user.put("storage/tabs/a", r#"{"payload":"x","ttl":0}"#)
            .written();
        wait_until_gone(&user, "storage/tabs/a");
        assert_eq!(user.ids("storage/tabs"), [""; 0]);
    }
}

#[test]
fn a_new_payload_without_a_ttl_lives_for_ever() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("for-ever-{version}"));
        for id in ["a", "marker"] {
            user.put(&format!("storage/tabs/{id}"), r#"{"payload":"x","ttl":1}"#)
                .written();
        }
        user.put("storage/tabs/a", r#"{"payload":"y"}"#).written();
        wait_until_gone(&user, "storage/tabs/marker");
        assert_eq!(user.ids("storage/tabs"), ["a"]);
    }
}

#[test]
fn metadata_leaves_the_ttl_as_it_was_and_may_set_it() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("as-was-{version}"));
        user.put("storage/tabs/kept", r#"{"payload":"x","ttl":1}"#)
            .written();
        assert_eq!(
            user.put("storage/tabs/kept", r#"{"sortindex":7}"#).status,
            200
        );
        user.put("storage/tabs/set", r#"{"payload":"x"}"#).written();
        assert_eq!(user.put("storage/tabs/set", r#"{"ttl":1}"#).status, 200);
        user.put("storage/tabs/longer", r#"{"payload":"x","ttl":1}"#)
            .written();
        assert_eq!(
            user.put("storage/tabs/longer", r#"{"ttl":1000}"#).status,
            200
        );
        wait_until_gone(&user, "storage/tabs/kept");
        wait_until_gone(&user, "storage/tabs/set");
        assert_eq!(user.ids("storage/tabs"), ["longer"]);
    }
}

#[test]
fn an_expired_record_is_as_good_as_missing_for_a_write() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("as-missing-{version}"));
        user.put(
            "storage/tabs/a",
            r#"{"payload":"secret","sortindex":9,"ttl":1}"#,
        )
        .written();
        wait_until_gone(&user, "storage/tabs/a");
        assert_eq!(
            user.put("storage/tabs/a", r#"{"parentid":"p"}"#).status,
            200
        );
        let read = user.get("storage/tabs/a");
        if version == PHP {
            assert_eq!(
                read.status, 404,
                "metadata of what is gone is ignored: {read:?}"
            );
        } else {
            assert_eq!(
                read.json()["payload"],
                json!(""),
                "the old payload does not come back"
            );
        }
        user.put("storage/tabs/a", r#"{"payload":"new"}"#).written();
        let read = user.get("storage/tabs/a").json();
        assert_eq!(
            (&read["payload"], read.get("sortindex")),
            (&json!("new"), None)
        );
    }
}

#[test]
fn a_ttl_is_read_as_numbers_are() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "ttl-forms");
    for ttl in ["1", "1.9", "\"1\"", "1e0"] {
        user.put(
            "storage/tabs/a",
            format!(r#"{{"payload":"x","ttl":{ttl}}}"#),
        )
        .written();
        wait_until_gone(&user, "storage/tabs/a");
    }
}
