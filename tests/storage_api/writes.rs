//! What PUT does, with and without a payload.

use serde_json::json;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User, centiseconds};

#[test]
fn a_written_record_is_read_back_as_it_was() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("as-it-was-{version}"));
        let payload = "{\"ciphertext\":\"a/b+c==\",\"x\":\"\\u0000\t\r\n\u{7f}ż🦊\u{2028}\\\"\"}";
        let record =
            json!({"parentid": "p", "predecessorid": "q", "sortindex": -3, "payload": payload});
        let time = user
            .put("storage/bookmarks/a", record.to_string())
            .written();
        let read = user.get("storage/bookmarks/a").json();
        for member in ["parentid", "predecessorid", "sortindex", "payload"] {
            assert_eq!(read[member], record[member], "{version} {member}");
        }
        assert_eq!(read["id"], json!("a"));
        assert_eq!(read["modified"].as_f64(), time.parse().ok());
    }
}

#[test]
fn a_payload_replaces_the_whole_record_and_moves_the_time() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("replaces-{version}"));
        let first = user
            .put("storage/forms/a", r#"{"payload":"x","sortindex":1}"#)
            .written();
        let second = user.put("storage/forms/a", r#"{"payload":"y"}"#).written();
        assert!(
            centiseconds(&second) > centiseconds(&first),
            "{first} then {second}"
        );
        let read = user.get("storage/forms/a").json();
        assert_eq!(
            (&read["payload"], read.get("sortindex")),
            (&json!("y"), None)
        );
        assert_eq!(read["modified"].as_f64(), second.parse().ok());
    }
}

#[test]
fn the_id_in_the_body_wins_in_php_and_the_one_in_the_url_in_python() {
    let server = Gateway::Builtin.shared();
    for (version, id) in [(PHP, "body"), (PYTHON, "url")] {
        let user = User::new(&server, version, &format!("wins-{version}"));
        user.put("storage/forms/url", r#"{"id":"body","payload":"x"}"#)
            .written();
        assert_eq!(user.ids("storage/forms"), [id]);
    }
}

#[test]
fn a_record_may_be_put_to_its_collection() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("to-collection-{version}"));
        user.put("storage/forms", r#"{"id":"a","payload":"x"}"#)
            .written();
        assert_eq!(user.ids("storage/forms"), ["a"]);
        user.put("storage/forms", r#"{"payload":"x"}"#)
            .must_be(400, "8");
    }
}

#[test]
fn a_body_that_is_no_json_object_is_refused_as_no_json_or_no_record() {
    let server = Gateway::Builtin.shared();
    for (body, code) in [
        ("", "6"),
        ("{", "6"),
        ("rubbish", "6"),
        ("[1]", "8"),
        ("17", "8"),
    ] {
        let python = User::new(&server, PYTHON, &format!("no-object-{}", body.len()));
        python.put("storage/forms/a", body).must_be(400, code);
        assert_eq!(python.ids("storage/forms"), [""; 0]);
        let php = python.at(PHP);
        if code == "6" {
            php.put("storage/forms/a", body).must_be(400, "6");
        } else {
            // PHP found no member in it, and so nothing to change.
            php.put("storage/forms/a", body).written();
        }
        assert_eq!(php.ids("storage/forms"), [""; 0]);
    }
}

#[test]
fn php_reads_a_record_from_within_a_json_string() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "within");
    user.put("storage/forms/a", json!(r#"{"payload":"x"}"#).to_string())
        .written();
    let batch = json!([r#"{"id":"b","payload":"y"}"#, {"id": "c", "payload": "z"}]);
    assert_eq!(
        user.post("storage/forms", batch.to_string()).json()["success"],
        json!(["b", "c"])
    );
    assert_eq!(user.ids("storage/forms"), ["a", "b", "c"]);
}

#[test]
fn white_space_and_any_content_type_are_accepted() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("white-space-{version}"));
        for content_type in [
            "text/plain",
            "application/json; charset=utf-8",
            "nonsense",
            "",
        ] {
            let request = user
                .request("PUT", "storage/forms/a")
                .header("Content-Type", content_type);
            user.send(&request.body(" \r\n{ \"payload\" : \"x\" }\n "))
                .written();
        }
        user.post("storage/forms", "[\n{\"id\":\"b\",\"payload\":\"x\"}\n]\n")
            .json();
        assert_eq!(user.ids("storage/forms"), ["a", "b"]);
    }
}

#[test]
fn without_a_payload_the_stored_one_stays_and_named_members_change() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("merged-{version}"));
        let stored = r#"{"payload":"x","sortindex":1,"parentid":"p","predecessorid":"q"}"#;
        for (id, write) in [("put", true), ("post", false)] {
            let path = format!("storage/forms/{id}");
            user.put(&path, stored).written();
            if write {
                assert_eq!(user.put(&path, r#"{"sortindex":7}"#).status, 200);
            } else {
                let batch = format!(r#"[{{"id":"{id}","sortindex":7}}]"#);
                assert_eq!(
                    user.post("storage/forms", batch).json()["success"],
                    json!([id])
                );
            }
            let read = user.get(&path).json();
            assert_eq!(read["payload"], json!("x"), "{version} {id}");
            assert_eq!(read["sortindex"], json!(7), "{version} {id}");
            assert_eq!(
                (&read["parentid"], &read["predecessorid"]),
                (&json!("p"), &json!("q"))
            );
        }
    }
}

#[test]
fn in_php_metadata_moves_the_time_when_the_parent_is_among_it() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-metadata");
    let first = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
    let modified = || user.get("storage/forms/a").json()["modified"].as_f64();
    let second = user.put("storage/forms/a", r#"{"sortindex":7}"#).written();
    assert!(
        centiseconds(&second) > centiseconds(&first),
        "server time is answered all the same"
    );
    assert_eq!(modified(), first.parse().ok());
    user.put("storage/forms/a", r#"{"predecessorid":"q"}"#)
        .written();
    assert_eq!(modified(), first.parse().ok());
    let third = user.put("storage/forms/a", r#"{"parentid":"p"}"#).written();
    assert_eq!(modified(), third.parse().ok());
}

#[test]
fn in_python_metadata_leaves_the_time_and_is_answered_with_it() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "python-metadata");
    let first = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
    for metadata in [
        r#"{"sortindex":7}"#,
        r#"{"parentid":"p"}"#,
        r#"{"predecessorid":"q"}"#,
    ] {
        user.put("storage/forms/a", metadata).must_be(200, &first);
        assert_eq!(
            user.get("storage/forms/a").json()["modified"].as_f64(),
            first.parse().ok()
        );
    }
    let batch = r#"[{"id":"a","sortindex":8}]"#;
    assert_eq!(
        user.post("storage/forms", batch).json()["success"],
        json!(["a"])
    );
    assert_eq!(
        user.get("storage/forms/a").json()["modified"].as_f64(),
        first.parse().ok()
    );
}

#[test]
fn metadata_of_a_missing_record_is_ignored_in_php() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-missing");
    user.put("storage/forms/a", r#"{"sortindex":7,"parentid":"p"}"#)
        .written();
    let batch = r#"[{"id":"b","sortindex":7},{"id":"c","payload":"x"}]"#;
    let answer = user.post("storage/forms", batch).json();
    assert_eq!(answer["success"], json!(["b", "c"]), "counted as success");
    assert_eq!(user.ids("storage/forms"), ["c"]);
}

#[test]
fn metadata_of_a_missing_record_creates_it_in_python_with_an_empty_payload() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "python-missing");
    let time = user.put("storage/forms/a", r#"{"sortindex":7}"#).written();
    let read = user.get("storage/forms/a").json();
    assert_eq!(
        (&read["payload"], &read["sortindex"]),
        (&json!(""), &json!(7))
    );
    assert_eq!(read["modified"].as_f64(), time.parse().ok());
    let answer = user
        .post("storage/forms", r#"[{"id":"b","parentid":"p"}]"#)
        .json();
    let read = user.get("storage/forms/b").json();
    assert_eq!(
        (&read["payload"], &read["modified"]),
        (&json!(""), &answer["modified"])
    );
}
