//! Which records are accepted, and what becomes of their members.

use serde_json::{Value, json};

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};

/// The ids in `success` and the whole of `failed`.
#[track_caller]
fn outcome(user: &User, records: &str) -> (Value, Value) {
    let answer = user.post("storage/forms", records).json();
    (answer["success"].clone(), answer["failed"].clone())
}

#[test]
fn php_names_every_reason_that_it_refuses_a_record_for() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-reasons");
    let long = "x".repeat(65);
    let cases = [
        (
            json!({"id": "a", "payload": 17}),
            "a",
            "payload needs to be json-encoded",
        ),
        (
            json!({"id": "a", "payload": {}}),
            "a",
            "payload needs to be json-encoded",
        ),
        (
            json!({"id": "a", "payload": "x".repeat(262_145)}),
            "a",
            "payload too large",
        ),
        (json!({"id": "a/b", "payload": "x"}), "a/b", "invalid id"),
        (
            json!({"id": long, "payload": "x"}),
            long.as_str(),
            "invalid id",
        ),
        (json!({"id": "", "payload": "x"}), "", "invalid id"),
        (
            json!({"id": "a", "sortindex": 1_000_000_000, "payload": "x"}),
            "a",
            "invalid sortindex",
        ),
        (
            json!({"id": "a", "sortindex": -1_000_000_000, "payload": "x"}),
            "a",
            "invalid sortindex",
        ),
        (
            json!({"id": "a", "sortindex": "many", "payload": "x"}),
            "a",
            "invalid sortindex",
        ),
        (
            json!({"id": "a", "parentid": long, "payload": "x"}),
            "a",
            "invalid parentid",
        ),
        (
            json!({"id": "a", "predecessorid": long, "payload": "x"}),
            "a",
            "invalid predecessorid",
        ),
        (json!(17), "", "unable to extract from json"),
        (json!("no JSON"), "", "unable to extract from json"),
    ];
    for (record, id, reason) in cases {
        let (success, failed) = outcome(&user, &json!([record]).to_string());
        assert_eq!(
            (success, failed),
            (json!([]), json!({ id: [reason] })),
            "{record}"
        );
    }
    assert_eq!(user.ids("storage/forms"), [""; 0]);
}

#[test]
fn python_names_the_reason_that_it_refuses_a_record_for() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "python-reasons");
    let long = "x".repeat(65);
    let cases = [
        (
            json!({"id": "a", "payload": 17}),
            "a",
            "payload not a string",
        ),
        (
            json!({"id": "a", "payload": "x".repeat(262_145)}),
            "a",
            "payload too large",
        ),
        (
            json!({"id": long, "payload": "x"}),
            long.as_str(),
            "invalid id",
        ),
        (
            json!({"id": "a", "parentid": long, "payload": "x"}),
            "a",
            "invalid parentid",
        ),
        (
            json!({"id": "a", "predecessorid": long, "payload": "x"}),
            "a",
            "invalid predecessorid",
        ),
        (
            json!({"id": "a", "sortindex": 1_000_000_000, "payload": "x"}),
            "a",
            "invalid sortindex",
        ),
        (
            json!({"id": "a", "sortindex": "many", "payload": "x"}),
            "a",
            "invalid sortindex",
        ),
        (
            json!({"id": "a", "ttl": -1, "payload": "x"}),
            "a",
            "invalid ttl",
        ),
        (
            json!({"id": "a", "ttl": 31_536_001, "payload": "x"}),
            "a",
            "invalid ttl",
        ),
        (
            json!({"id": "a", "ttl": "soon", "payload": "x"}),
            "a",
            "invalid ttl",
        ),
        (json!({"payload": "x"}), "", "invalid id"),
        (json!({"id": null, "payload": "x"}), "", "invalid id"),
        (json!(17), "", "invalid wbo"),
        (
            json!({"id": "a", "payload": {"nested": true}}),
            "",
            "invalid wbo",
        ),
        (
            json!({"id": "a", "payload": "x", "unknown": [1]}),
            "",
            "invalid wbo",
        ),
    ];
    for (record, id, reason) in cases {
        let (success, failed) = outcome(&user, &json!([record]).to_string());
        assert_eq!(
            (success, failed),
            (json!([]), json!({ id: [reason] })),
            "{record}"
        );
    }
    assert_eq!(user.ids("storage/forms"), [""; 0]);
}

#[test]
fn a_put_refuses_with_code_8_what_a_batch_reports_as_failed() {
    let server = Gateway::Builtin.shared();
    let records = [
        json!({"payload": 17}),
        json!({"payload": "x".repeat(262_145)}),
        json!({"payload": "x", "parentid": "x".repeat(65)}),
        json!({"payload": "x", "sortindex": 1_000_000_000}),
    ];
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("code-8-{version}"));
        for record in &records {
            user.put("storage/forms/a", record.to_string())
                .must_be(400, "8");
        }
        let long = format!("storage/forms/{}", "x".repeat(65));
        user.put(&long, r#"{"payload":"x"}"#).must_be(400, "8");
        assert_eq!(user.ids("storage/forms"), [""; 0]);
    }
    let python = User::new(&server, PYTHON, "code-8-ttl");
    python
        .put("storage/forms/a", r#"{"payload":"x","ttl":-1}"#)
        .must_be(400, "8");
    python
        .put("storage/forms/a", r#"{"payload":"x","sortindex":"many"}"#)
        .must_be(400, "8");
    let php = User::new(&server, PHP, "code-8-php");
    php.put("storage/forms/a", r#"{"payload":"x","sortindex":"many"}"#)
        .must_be(400, "6");
}

#[test]
fn the_largest_of_everything_is_accepted() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("largest-{version}"));
        let long = "x".repeat(64);
        let record = json!({
            "id": long, "parentid": long, "predecessorid": long,
            "sortindex": 999_999_999, "ttl": 31_536_000, "payload": "y".repeat(262_144),
        });
        let answer = user
            .post("storage/forms", json!([record]).to_string())
            .json();
        assert_eq!(
            answer["success"],
            json!([long]),
            "{:.200}",
            answer.to_string()
        );
        let read = user.get(&format!("storage/forms/{long}")).json();
        for member in ["id", "parentid", "predecessorid", "sortindex", "payload"] {
            assert_eq!(read[member], record[member], "{version} {member}");
        }
        user.put(
            "storage/forms/least",
            r#"{"payload":"","sortindex":-999999999}"#,
        )
        .written();
        let read = user.get("storage/forms/least").json();
        assert_eq!(
            (&read["payload"], &read["sortindex"]),
            (&json!(""), &json!(-999_999_999))
        );
    }
}

#[test]
fn ids_are_counted_in_bytes_of_utf8() {
    let server = Gateway::Builtin.shared();
    let fits = "ż".repeat(32);
    let long = "ż".repeat(33);
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("in-bytes-{version}"));
        let records = json!([{"id": fits, "payload": "x"}, {"id": long, "payload": "x"}]);
        let (success, failed) = outcome(&user, &records.to_string());
        assert_eq!(
            (success, failed),
            (json!([fits]), json!({ &long: ["invalid id"] }))
        );
        assert_eq!(user.ids("storage/forms"), std::slice::from_ref(&fits));
    }
}

#[test]
fn numbers_become_strings_where_ids_are_meant_and_whole_where_an_index_is() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("numbers-{version}"));
        let record =
            r#"[{"id":12,"parentid":34,"predecessorid":56,"sortindex":9999.9,"payload":"x"}]"#;
        assert_eq!(outcome(&user, record).0, json!(["12"]), "{version}");
        let read = user.get("storage/forms/12").json();
        assert_eq!(
            (&read["id"], &read["parentid"]),
            (&json!("12"), &json!("34"))
        );
        assert_eq!(
            (&read["predecessorid"], &read["sortindex"]),
            (&json!("56"), &json!(9999))
        );
        user.put("storage/forms/a", r#"{"sortindex":"-17.5","payload":"x"}"#)
            .written();
        assert_eq!(user.get("storage/forms/a").json()["sortindex"], json!(-17));
    }
}

#[test]
fn unset_members_are_left_out_and_ttl_is_never_told() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("unset-{version}"));
        user.put("storage/forms/a", r#"{"payload":"x","ttl":1000}"#)
            .written();
        for answer in [
            user.get("storage/forms/a").json(),
            user.get("storage/forms?full=1").json()[0].clone(),
        ] {
            let members: Vec<&String> = answer.as_object().expect("a record").keys().collect();
            let mut sorted = members.clone();
            sorted.sort();
            assert_eq!(sorted, ["id", "modified", "payload"], "{version}");
            assert!(answer["modified"].is_number(), "Android skips strings");
        }
    }
}

#[test]
fn what_a_client_may_not_set_is_ignored() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("ignored-{version}"));
        let other = User::new(&server, version, &format!("ignoring-{version}"));
        let record = format!(
            r#"{{"payload":"xyz","username":"{}","collection":"tabs","payload_size":1000000,
                "modified":17.5,"userid":1,"unknown":"x"}}"#,
            other.name
        );
        let time = user.put("storage/forms/a", record.clone()).written();
        let posted = format!("[{}]", record.replacen('{', r#"{"id":"b","#, 1));
        assert_eq!(outcome(&user, &posted).0, json!(["b"]));
        assert_eq!(user.ids("storage/forms"), ["a", "b"]);
        let read = user.get("storage/forms/a").json();
        assert_eq!(read["modified"].as_f64(), time.parse().ok());
        assert_eq!(read.as_object().expect("a record").len(), 3);
        let used = user.at(PYTHON).get("info/collection_usage").json();
        assert_eq!(used, json!({"forms": 6.0 / 1024.0}));
        assert_eq!(
            other.at(PYTHON).get("info/collection_counts").json(),
            json!({})
        );
    }
}

#[test]
fn null_is_as_if_it_were_not_there() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "nulls");
    let record = r#"{"payload":"x","sortindex":null,"parentid":null,"ttl":null,"unknown":null}"#;
    user.put("storage/forms/a", record).written();
    assert_eq!(
        user.get("storage/forms/a")
            .json()
            .as_object()
            .expect("a record")
            .len(),
        3
    );
}

#[test]
fn a_slash_in_an_id_is_invalid_in_php_and_reachable_by_lists_in_python() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "slash");
    let records = r#"[{"id":"a/b+c==","payload":"x"},{"id":"plain","payload":"x"}]"#;
    assert_eq!(outcome(&user, records).0, json!(["a/b+c==", "plain"]));
    assert_eq!(user.ids("storage/forms"), ["a/b+c==", "plain"]);
    assert_eq!(user.ids("storage/forms?ids=a/b%2Bc%3D%3D"), ["a/b+c=="]);
    user.delete("storage/forms?ids=a/b%2Bc%3D%3D").written();
    assert_eq!(user.ids("storage/forms"), ["plain"]);
}
