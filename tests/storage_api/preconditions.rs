//! `X-If-Unmodified-Since`: a write only if the collection is still as the client saw it.

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User, centiseconds};

/// A time as a header, so many hundredths of a second later.
fn later(time: &str, centis: i64) -> String {
    let moved = centiseconds(time) + centis;
    format!("{}.{:02}", moved / 100, moved % 100)
}

const WRITES: [(&str, &str, &str); 4] = [
    ("PUT", "storage/forms/a", r#"{"payload":"new"}"#),
    ("POST", "storage/forms", r#"[{"id":"a","payload":"new"}]"#),
    ("DELETE", "storage/forms/a", ""),
    ("DELETE", "storage/forms", ""),
];

#[test]
fn an_equal_time_passes_in_every_notation() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("equal-{version}"));
        for (method, path, body) in WRITES {
            let time = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
            let answer = user.unless_modified(&time, method, path, body);
            assert_eq!(answer.status, 200, "{version} {method} {time}: {answer:?}");
            let time = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
            let android = format!("{}0", later(&time, 0));
            let answer = user.unless_modified(&android, method, path, body);
            assert_eq!(
                answer.status, 200,
                "{version} {method} {android}: {answer:?}"
            );
        }
    }
}

#[test]
fn an_earlier_time_fails_and_nothing_is_written() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("earlier-{version}"));
        user.put("storage/forms/b", r#"{"payload":"x"}"#).written();
        let time = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        let listed = user.get("storage/forms?full=1&sort=newest").text();
        for (method, path, body) in WRITES {
            let refused = user.unless_modified(&later(&time, -1), method, path, body);
            assert_eq!(refused.status, 412, "{version} {method}: {refused:?}");
            assert!(version != PHP || refused.text() == "4", "{refused:?}");
        }
        assert_eq!(user.get("storage/forms?full=1&sort=newest").text(), listed);
        let after = user.unless_modified(&later(&time, 100), "PUT", "storage/forms/a", WRITES[0].2);
        assert_eq!(after.status, 200, "a later time passes");
    }
}

#[test]
fn the_condition_is_about_the_whole_collection_and_no_other() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("whole-{version}"));
        let first = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        user.put("storage/tabs/a", r#"{"payload":"x"}"#).written();
        let passed = user.unless_modified(&first, "PUT", "storage/forms/a", r#"{"payload":"y"}"#);
        let second = passed.written();
        user.put("storage/forms/b", r#"{"payload":"x"}"#).written();
        let refused = user.unless_modified(&second, "PUT", "storage/forms/a", r#"{"payload":"z"}"#);
        assert_eq!(refused.status, 412, "another record changed");
    }
}

#[test]
fn a_deletion_is_a_change_too() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("deletion-{version}"));
        let time = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        let deleted = user.delete("storage/forms/a").written();
        let write = |since: &str| {
            user.unless_modified(since, "PUT", "storage/forms/b", r#"{"payload":"y"}"#)
                .status
        };
        assert_eq!(write(&time), 412, "{version}");
        assert_eq!(write(&deleted), 200, "{version}");
    }
}

#[test]
fn a_collection_that_never_was_passes_any_time() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("never-{version}"));
        for (number, since) in ["0", "0.000", "1", "1297417122.10"].into_iter().enumerate() {
            let path = format!("storage/never{number}/a");
            let answer = user.unless_modified(since, "PUT", &path, r#"{"payload":"x"}"#);
            assert_eq!(answer.status, 200, "{since}: {answer:?}");
        }
    }
}

#[test]
fn zero_means_that_there_is_nothing_yet() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("nothing-yet-{version}"));
        let create = || user.unless_modified("0", "PUT", "storage/forms/a", r#"{"payload":"x"}"#);
        assert_eq!(create().status, 200);
        assert_eq!(create().status, 412);
    }
}

#[test]
fn what_is_no_number_is_refused_and_nothing_is_written() {
    let server = Gateway::Builtin.shared();
    let rubbish = [
        "rubbish",
        "",
        "NaN",
        "Infinity",
        "1,5",
        "12:00",
        "0x10",
        "Thu, 01 Jan 1970",
    ];
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("rubbish-{version}"));
        user.put("storage/forms/b", r#"{"payload":"x"}"#).written();
        for since in rubbish {
            for (method, path, body) in WRITES {
                let answer = user.unless_modified(since, method, path, body);
                assert_eq!(
                    (answer.status, answer.text().as_str()),
                    (400, "1"),
                    "{version} {method} {since:?}"
                );
            }
        }
        assert_eq!(user.ids("storage/forms"), ["b"]);
    }
}

#[test]
fn reads_and_the_deletion_of_all_know_no_condition() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("no-condition-{version}"));
        user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        for path in ["storage/forms", "storage/forms/a", "info/collections"] {
            let request = user
                .request("GET", path)
                .header("X-If-Unmodified-Since", "1");
            assert_eq!(user.send(&request).status, 200, "{path}");
        }
        let wipe = user
            .request("DELETE", "storage")
            .header("X-Confirm-Delete", "1");
        user.send(&wipe.header("X-If-Unmodified-Since", "1"))
            .written();
    }
}

#[test]
fn a_condition_on_every_write_of_a_chain_passes_with_the_time_of_the_one_before() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("chain-{version}"));
        let mut time = "0".to_owned();
        for _ in 0..20 {
            let answer =
                user.unless_modified(&time, "PUT", "storage/forms/a", r#"{"payload":"x"}"#);
            time = answer.written();
        }
    }
}
