//! Bodies that no browser sends: each is a clear 400 or a failed record, and the server lives on.

use serde_json::json;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};

/// Sends the body of a record by PUT and in a batch. Neither may be stored nor be a server's error.
fn is_refused(user: &User, record: &[u8]) {
    let shown = String::from_utf8_lossy(record)
        .chars()
        .take(80)
        .collect::<String>();
    let answer = user.put("storage/forms/a", record);
    assert_eq!(answer.status, 400, "{shown}: {answer:?}");
    assert!(
        ["6", "8"].contains(&answer.text().as_str()),
        "{shown}: {answer:?}"
    );
    let batch = [b"[", record, br#",{"id":"fine","payload":"x"}]"#].concat();
    let answer = user.post("storage/forms", batch);
    match answer.status {
        400 => answer.must_be(400, "6"),
        _ => assert_eq!(
            answer.json()["success"],
            json!(["fine"]),
            "{shown}: {answer:?}"
        ),
    }
    let stored = user.ids("storage/forms");
    assert!(!stored.contains(&"a".to_owned()), "{shown}");
}

#[test]
fn numbers_that_are_none_are_refused() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("none-{version}"));
        for number in [
            "NaN",
            "Infinity",
            "-Infinity",
            "1e400",
            "-1e400",
            "1e10",
            "0x10",
            "01",
            "+1",
        ] {
            let record = format!(r#"{{"id":"a","payload":"x","sortindex":{number}}}"#);
            is_refused(&user, record.as_bytes());
        }
    }
    let user = User::new(&server, PYTHON, "none-ttl");
    for number in ["NaN", "Infinity", "1e400", "1e10"] {
        is_refused(
            &user,
            format!(r#"{{"id":"a","payload":"x","ttl":{number}}}"#).as_bytes(),
        );
    }
}

#[test]
fn lone_surrogates_are_refused() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("surrogates-{version}"));
        for escape in [r"\ud800", r"\udc00", r"\ud800x", r"\udc00\ud800"] {
            is_refused(
                &user,
                format!(r#"{{"id":"a","payload":"{escape}"}}"#).as_bytes(),
            );
            is_refused(
                &user,
                format!(r#"{{"id":"a{escape}","payload":"x"}}"#).as_bytes(),
            );
        }
        let pair = r#"{"payload":"\ud83e\udd8a"}"#;
        user.put("storage/forms/pair", pair).written();
        assert_eq!(
            user.get("storage/forms/pair").json()["payload"],
            json!("🦊")
        );
    }
}

#[test]
fn members_that_stand_twice_are_refused() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("twice-{version}"));
        is_refused(&user, br#"{"id":"a","payload":"x","payload":"y"}"#);
        is_refused(&user, br#"{"id":"a","id":"a","payload":"y"}"#);
    }
}

#[test]
fn deep_nesting_is_refused() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("nesting-{version}"));
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            let record = format!(r#"{{"id":"a","payload":"x","unknown":{nested}}}"#);
            is_refused(&user, record.as_bytes());
            user.put("storage/forms/a", nested.clone())
                .must_be(400, "6");
            user.post("storage/forms", nested).must_be(400, "6");
        }
        assert_eq!(user.ids("storage/forms?ids=a"), [""; 0]);
    }
}

#[test]
fn broken_json_is_refused() {
    let server = Gateway::Builtin.shared();
    let broken: [&[u8]; 9] = [
        b"{'id':'a','payload':'x'}",
        br#"{"id":"a","payload":"x",}"#,
        br#"{"id":"a" "payload":"x"}"#,
        b"{\"id\":\"a\",\"payload\":\"line\nbreak\"}",
        b"{\"id\":\"a\",\"payload\":\"\0\"}",
        br#"{"id":"a","payload":"\x41"}"#,
        br#"{"id":"a","payload":"x"}}"#,
        br#"{"id":"a","payload":"x"} // comment"#,
        br#"{"id":"a","payload":"x"#,
    ];
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("broken-{version}"));
        for record in broken {
            is_refused(&user, record);
        }
    }
}

#[test]
fn a_body_that_is_not_utf8_is_taken_as_latin1() {
    let server = Gateway::Builtin.shared();
    let body = b"{\"payload\":\"caf\xe9\"}";
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("latin1-body-{version}"));
        user.put("storage/forms/a", *body).written();
        assert_eq!(user.get("storage/forms/a").json()["payload"], json!("café"));
    }
}

#[test]
fn every_character_of_a_payload_comes_back() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("characters-{version}"));
        let all: String = ('\0'..='\u{2ff}')
            .chain('\u{2020}'..='\u{2030}')
            .chain('\u{fff0}'..='\u{1000f}')
            .chain(['\u{10ffff}'])
            .collect();
        user.put("storage/forms/a", json!({"payload": all}).to_string())
            .written();
        assert_eq!(user.get("storage/forms/a").json()["payload"], json!(all));
        let lines = user.get_as("application/newlines", "storage/forms?full=1");
        assert_eq!(super::formats::lines(&lines)[0]["payload"], json!(all));
    }
}

#[test]
fn a_byte_order_mark_and_odd_queries_are_no_servers_error() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("odd-{version}"));
        let marked = user.put("storage/forms/a", "\u{feff}{\"payload\":\"x\"}");
        assert!(marked.status < 500, "{marked:?}");
        for query in [
            "%",
            "%zz",
            "ids=%ff",
            "&&&",
            "=",
            "newer=1&newer=2",
            "ids=a&ids=b",
            "full=%00",
        ] {
            let answer = user.get(&format!("storage/forms?{query}"));
            assert!(answer.status < 500, "{version} {query}: {answer:?}");
        }
    }
}
