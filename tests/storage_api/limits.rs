//! How much one request may ask for.

use serde_json::{Value, json};

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};
use crate::harness::http::Connection;

#[test]
fn a_body_above_the_limit_is_refused_with_code_17_and_nothing_is_written() {
    let server = Gateway::Builtin.start("[limits]\nbody_bytes = 100000\npayload_bytes = 100000\n");
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("body-{version}"));
        let record = |size: usize| {
            let empty = r#"[{"id":"a","payload":""}]"#;
            empty.replacen(
                r#""""#,
                &format!("\"{}\"", "x".repeat(size - empty.len())),
                1,
            )
        };
        user.post("storage/forms", record(100_001))
            .must_be(413, "17");
        let chunked = user.request("POST", "storage/forms");
        let record_in_chunks = record(200_000);
        let chunks: Vec<&[u8]> = record_in_chunks.as_bytes().chunks(9_999).collect();
        let refused = user.send(&chunked.chunked(&chunks));
        refused.must_be(413, "17");
        assert_eq!(user.ids("storage/forms"), [""; 0]);
        let fits = user.post("storage/forms", record(100_000));
        assert_eq!(fits.json()["success"], json!(["a"]));
    }
}

#[test]
fn an_oversized_body_is_refused_before_it_is_sent() {
    let server = Gateway::Builtin.start("[limits]\nbody_bytes = 100000\npayload_bytes = 100000\n");
    let user = User::new(&server, PYTHON, "announced");
    let request = user
        .request("POST", "storage/forms")
        .header("Content-Length", "99999999999");
    let mut line = Connection::open(server.address()).expect("the server takes connections");
    line.send(&request.bytes()).expect("the headers fit");
    let answer = line
        .receive("POST")
        .expect("an answer without a byte of the body");
    answer.must_be(413, "17");
}

#[test]
fn more_ids_than_allowed_are_refused_and_delete_nothing() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("ids-{version}"));
        user.put("storage/forms/i0", r#"{"payload":"x"}"#).written();
        let ids = |count: usize| {
            let ids: Vec<String> = (0..count).map(|n| format!("i{n}")).collect();
            format!("storage/forms?ids={}", ids.join(","))
        };
        user.get(&ids(501)).must_be(400, "17");
        user.delete(&ids(501)).must_be(400, "17");
        assert_eq!(user.ids(&ids(500)), ["i0"]);
        user.delete(&ids(500)).written();
        assert_eq!(user.ids("storage/forms"), [""; 0]);
    }
}

#[test]
fn the_limits_of_a_query_are_settings() {
    let server = Gateway::Builtin.start("[limits]\nids = 2\nquery_bytes = 300\n");
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("query-{version}"));
        user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        assert_eq!(user.ids("storage/forms?ids=a,b"), ["a"]);
        user.get("storage/forms?ids=a,b,c").must_be(400, "17");
        let query = |length: usize| format!("storage/forms?v={}", "x".repeat(length - 2));
        assert_eq!(user.ids(&query(300)), ["a"]);
        user.get(&query(301)).must_be(400, "17");
        user.delete(&query(301)).must_be(400, "17");
        assert_eq!(user.ids("storage/forms"), ["a"]);
    }
}

#[test]
fn the_largest_payload_is_a_setting() {
    let server = Gateway::Builtin.start("[limits]\npayload_bytes = 2048\n");
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("payload-{version}"));
        let record = |payload: &str| json!({"payload": payload}).to_string();
        user.put("storage/forms/a", record(&"x".repeat(2048)))
            .written();
        user.put("storage/forms/a", record(&"x".repeat(2049)))
            .must_be(400, "8");
        user.put("storage/forms/a", record(&"ż".repeat(1025)))
            .must_be(400, "8");
        user.put("storage/forms/a", record(&"ż".repeat(1024)))
            .written();
    }
    let server = Gateway::Builtin.start("[limits]\npayload_bytes = 0\n");
    let user = User::new(&server, PHP, "unlimited");
    let record = json!({"payload": "x".repeat(2_000_000)});
    user.put("storage/forms/a", record.to_string()).written();
}

#[test]
fn a_long_list_comes_whole_and_in_order_in_every_format() {
    const COUNT: usize = 3_000;
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "long-list-in-order");
    let payload = "x".repeat(500);
    let records: Vec<Value> = (0..COUNT)
        .map(|n| json!({"id": format!("{n:05}"), "sortindex": n, "payload": payload}))
        .collect();
    for part in records.chunks(1_000) {
        user.post("storage/history", json!(part).to_string()).json();
    }
    let expected: Vec<String> = (0..COUNT).rev().map(|n| format!("{n:05}")).collect();
    for version in [PHP, PYTHON] {
        let user = user.at(version);
        assert_eq!(user.ids_in_order("storage/history?sort=index"), expected);
        let path = "storage/history?full=1&sort=index";
        let ids = |records: &[Value]| -> Vec<String> {
            records
                .iter()
                .map(|record| record["id"].as_str().unwrap_or("?").to_owned())
                .collect()
        };
        let answer = user.get_as("application/newlines", path);
        assert_eq!(answer.header("X-Weave-Records"), Some("3000"));
        assert_eq!(ids(&super::formats::lines(&answer)), expected);
        let answer = user.get_as("application/whoisi", path);
        assert_eq!(ids(&super::formats::whoisi(&answer)), expected);
        let answer = user.get(path).json();
        assert_eq!(ids(answer.as_array().expect("a list")), expected);
    }
}
