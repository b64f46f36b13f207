//! What a deletion leaves behind.

use serde_json::json;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User, centiseconds};

#[test]
fn deleting_all_needs_to_be_confirmed() {
    let server = Gateway::Builtin.shared();
    for (version, status) in [(PHP, 412), (PYTHON, 400)] {
        let user = User::new(&server, version, &format!("confirmed-{version}"));
        user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        user.delete("storage").must_be(status, "4");
        user.delete("storage/").must_be(status, "4");
        assert_eq!(user.ids("storage/forms"), ["a"]);
        for value in ["1", "true", "0", ""] {
            user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
            let request = user
                .request("DELETE", "storage")
                .header("X-Confirm-Delete", value);
            user.send(&request).written();
            assert_eq!(
                user.ids("storage/forms"),
                [""; 0],
                "any value confirms: {value:?}"
            );
        }
    }
}

#[test]
fn deleting_all_deletes_all_of_this_person_and_nothing_of_another() {
    let server = Gateway::Builtin.shared();
    for (version, empty) in [(PHP, "[]"), (PYTHON, "{}")] {
        let user = User::new(&server, version, &format!("all-{version}"));
        let other = User::new(&server, version, &format!("other-{version}"));
        for collection in ["meta", "crypto", "forms", "own-made"] {
            let path = format!("storage/{collection}/a");
            user.put(&path, r#"{"payload":"x"}"#).written();
            other.put(&path, r#"{"payload":"x"}"#).written();
        }
        user.wipe().written();
        user.get("info/collections").must_be(200, empty);
        assert_eq!(user.at(PYTHON).get("info/quota").json()[0], json!(0.0));
        for collection in ["meta", "crypto", "forms", "own-made"] {
            assert_eq!(user.get(&format!("storage/{collection}/a")).status, 404);
            assert_eq!(other.ids(&format!("storage/{collection}")), ["a"]);
        }
    }
}

#[test]
fn a_deletion_answers_its_time_also_when_there_was_nothing() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("nothing-{version}"));
        for path in ["storage/never", "storage/never/a", "storage/never?ids=a,b"] {
            user.delete(path).written();
        }
        user.wipe().written();
        user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        user.delete("storage/forms/b").written();
        user.delete("storage/forms?ids=b").written();
        assert_eq!(user.ids("storage/forms"), ["a"]);
    }
}

#[test]
fn deleting_a_record_moves_the_time_of_its_collection() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("moves-{version}"));
        user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        let written = user.put("storage/forms/b", r#"{"payload":"x"}"#).written();
        let other = user.put("storage/tabs/a", r#"{"payload":"x"}"#).written();
        for path in ["storage/forms/b", "storage/forms?ids=c,a"] {
            user.put("storage/forms/c", r#"{"payload":"x"}"#).written();
            user.put("storage/forms/d", r#"{"payload":"x"}"#).written();
            let deleted = user.delete(path).written();
            assert!(centiseconds(&deleted) > centiseconds(&written));
            let listed = user.get("info/collections").json();
            assert_eq!(
                listed["forms"].as_f64(),
                deleted.parse().ok(),
                "{version} {path}"
            );
            assert_eq!(
                listed["tabs"].as_f64(),
                other.parse().ok(),
                "no other collection moves"
            );
        }
    }
}

#[test]
fn an_emptied_collection_leaves_the_lists_and_returns_with_a_later_time() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("returns-{version}"));
        for path in [
            "storage/forms/a",
            "storage/forms",
            "storage/forms?ids=a",
            "storage",
        ] {
            user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
            let request = user.request("DELETE", path).header("X-Confirm-Delete", "1");
            let deleted = user.send(&request).written();
            for list in ["info/collections", "info/collection_counts"] {
                let listed = user.get(list).json();
                assert!(
                    listed.get("forms").is_none(),
                    "{version} {path} {list}: {listed}"
                );
            }
            let again = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
            assert!(
                centiseconds(&again) > centiseconds(&deleted),
                "{deleted} then {again}"
            );
        }
    }
}

#[test]
fn deletions_answer_exactly_200_with_the_bare_time() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("bare-{version}"));
        user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        for path in ["storage/forms/a", "storage/forms?ids=a", "storage/forms"] {
            let answer = user.delete(path);
            assert_eq!(answer.header("Content-Type"), Some("application/json"));
            centiseconds(&answer.written());
        }
    }
}

#[test]
fn a_deletion_with_a_body_ignores_the_body() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("with-body-{version}"));
        for body in ["", "{", r#"[{"id":"a"}]"#, &"x".repeat(100_000)] {
            user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
            user.send(&user.request("DELETE", "storage/forms/a").body(body))
                .written();
            assert_eq!(user.ids("storage/forms"), [""; 0]);
        }
    }
}
