//! What POST does with a list of records.

use serde_json::{Value, json};

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};

#[test]
fn php_answers_two_lists_without_a_time() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-batch");
    let post = |batch: &str| user.post("storage/forms", batch);
    post("[]").must_be(200, r#"{"success":[],"failed":[]}"#);
    post(r#"[{"id":"a","payload":"x"},{"id":"b","payload":"y"}]"#)
        .must_be(200, r#"{"success":["a","b"],"failed":[]}"#);
    post(r#"[{"id":"c","payload":1},{"id":"d","payload":"z"}]"#).must_be(
        200,
        r#"{"success":["d"],"failed":{"c":["payload needs to be json-encoded"]}}"#,
    );
    post("17").must_be(200, r#"{"success":[],"failed":[]}"#);
    assert_eq!(user.ids("storage/forms"), ["a", "b", "d"]);
}

#[test]
fn python_answers_a_list_a_map_and_the_time() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "python-batch");
    for batch in [
        "[]",
        r#"[{"id":"a","payload":"x"}]"#,
        r#"[{"id":"a","payload":1}]"#,
        "[17]",
    ] {
        let answer = user.post("storage/forms", batch);
        let body = answer.json();
        assert!(
            body["success"].is_array() && body["failed"].is_object(),
            "{answer:?}"
        );
        let told = format!("\"modified\":{}", answer.timestamp());
        let without_spaces = answer.text().replace(' ', "");
        assert!(
            without_spaces.contains(&told),
            "the header's time as text: {answer:?}"
        );
    }
}

#[test]
fn a_bad_record_does_not_sink_the_batch() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("sink-{version}"));
        let batch = json!([
            {"id": "first", "payload": "x"},
            {"id": "bad", "payload": 17},
            {"id": "x".repeat(65), "payload": "x"},
            17,
            {"id": "worse", "payload": "x", "sortindex": "many"},
            {"id": "last", "payload": "x"},
        ]);
        let answer = user.post("storage/forms", batch.to_string()).json();
        assert_eq!(
            answer["success"],
            json!(["first", "last"]),
            "{version}: {answer}"
        );
        assert_eq!(
            answer["failed"].as_object().map(|failed| failed.len()),
            Some(4),
            "{answer}"
        );
        assert_eq!(user.ids("storage/forms"), ["first", "last"]);
    }
}

#[test]
fn all_records_of_a_batch_get_its_time() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("one-time-{version}"));
        let records: Vec<Value> = (0..100)
            .map(|n| json!({"id": n.to_string(), "payload": "x"}))
            .collect();
        let answer = user.post("storage/forms", json!(records).to_string());
        assert_eq!(answer.json()["success"].as_array().map(Vec::len), Some(100));
        let time: f64 = answer.timestamp().parse().expect("a time");
        let listed = user.get("storage/forms?full=1").json();
        let listed = listed.as_array().expect("a list");
        assert_eq!(listed.len(), 100);
        assert!(
            listed
                .iter()
                .all(|record| record["modified"].as_f64() == Some(time))
        );
        assert_eq!(
            user.get("info/collections").json()["forms"].as_f64(),
            Some(time)
        );
    }
}

#[test]
fn of_two_records_with_one_id_the_last_wins() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("last-wins-{version}"));
        let batch = r#"[{"id":"a","payload":"1","sortindex":1},{"id":"b","payload":"b"},
                        {"id":"a","payload":"2"}]"#;
        assert_eq!(user.post("storage/forms", batch).status, 200);
        let read = user.get("storage/forms/a").json();
        assert_eq!(
            (&read["payload"], read.get("sortindex")),
            (&json!("2"), None)
        );
        assert_eq!(user.ids("storage/forms"), ["a", "b"]);
    }
}

#[test]
fn a_single_record_is_a_put_in_python_and_nothing_in_php() {
    let server = Gateway::Builtin.shared();
    let python = User::new(&server, PYTHON, "single-python");
    python
        .post("storage/forms", r#"{"id":"a","payload":"x"}"#)
        .written();
    assert_eq!(python.ids("storage/forms"), ["a"]);
    for body in [r#"{"payload":"x"}"#, "17", "\"x\"", "null", "true"] {
        python.post("storage/forms", body).must_be(400, "8");
    }
    let php = User::new(&server, PHP, "single-php");
    let answer = php.post("storage/forms", r#"{"payload":"x"}"#);
    answer.must_be(
        200,
        r#"{"success":[],"failed":{"":["unable to extract from json"]}}"#,
    );
    assert_eq!(php.ids("storage/forms"), [""; 0]);
}

#[test]
fn what_is_no_json_is_refused_whole() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("refused-whole-{version}"));
        for body in [
            "",
            "[",
            r#"[{"id":"a","payload":"x"},"#,
            r#"[{"id":"a","payload":"x"}] x"#,
        ] {
            user.post("storage/forms", body).must_be(400, "6");
        }
        user.get("storage/forms").must_be(200, "[]");
    }
}

#[test]
fn python_leaves_what_is_too_much_for_another_upload() {
    let settings = "[limits]\nbatch_records = 5\nbatch_bytes = 10000\n";
    let server = Gateway::Builtin.start(settings);
    let user = User::new(&server, PYTHON, "surplus");
    let records = |count: usize, size: usize| {
        let payload = "x".repeat(size);
        let list: Vec<Value> = (0..count)
            .map(|n| json!({"id": format!("r{n}"), "payload": payload}))
            .collect();
        json!(list).to_string()
    };
    let answer = user.post("storage/forms", records(7, 1)).json();
    assert_eq!(answer["success"], json!(["r0", "r1", "r2", "r3", "r4"]));
    assert_eq!(
        answer["failed"],
        json!({"r5": ["retry wbo"], "r6": ["retry wbo"]})
    );
    assert_eq!(user.ids("storage/forms").len(), 5);

    // The bytes of this record included, reaching the limit is too much.
    let answer = user.post("storage/history", records(5, 2500)).json();
    assert_eq!(answer["success"], json!(["r0", "r1", "r2"]));
    assert_eq!(
        answer["failed"],
        json!({"r3": ["retry bytes"], "r4": ["retry bytes"]})
    );
    assert_eq!(user.ids("storage/history"), ["r0", "r1", "r2"]);

    let php = user.at(PHP);
    let answer = php.post("storage/tabs", records(7, 2500)).json();
    assert_eq!(
        answer["success"].as_array().map(Vec::len),
        Some(7),
        "PHP had no such limits"
    );
}

#[test]
fn python_counts_bad_records_too_and_keeps_the_surplus_small() {
    let server = Gateway::Builtin.start("[limits]\nbatch_records = 2\n");
    let user = User::new(&server, PYTHON, "counted");
    let batch = r#"[{"id":"bad","payload":1},{"id":"a","payload":"x"},{"id":"b","payload":"x"}]"#;
    let answer = user.post("storage/forms", batch).json();
    assert_eq!(answer["success"], json!(["a"]));
    let failed = json!({"bad": ["payload not a string"], "b": ["retry wbo"]});
    assert_eq!(answer["failed"], failed);
}

#[test]
fn an_upload_of_a_desktop_is_taken_whatever_its_size_in_php() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "whatever-size");
    let payload = "x".repeat(250_000);
    let records: Vec<Value> = (0..100)
        .map(|n| json!({"id": format!("r{n:02}"), "payload": payload}))
        .collect();
    let answer = user
        .post("storage/forms", json!(records).to_string())
        .json();
    assert_eq!(answer["success"].as_array().map(Vec::len), Some(100));
    assert_eq!(user.ids("storage/forms").len(), 100);
}

#[test]
fn the_query_of_a_write_is_ignored() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("query-{version}"));
        user.put("storage/forms/a?newer=x&limit=y&ids=", r#"{"payload":"x"}"#)
            .written();
        user.post(
            "storage/forms?older=x&full=",
            r#"[{"id":"b","payload":"x"}]"#,
        )
        .json();
        assert_eq!(user.ids("storage/forms"), ["a", "b"]);
    }
}
