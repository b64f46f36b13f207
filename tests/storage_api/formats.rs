//! The formats of lists, byte for byte.

use serde_json::{Value, json};

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};
use crate::harness::http::Response;

/// The lines of a body in which every line ends and none is empty.
#[track_caller]
pub fn lines(answer: &Response) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/newlines"),
        "{answer:?}"
    );
    let text = String::from_utf8(answer.body.clone()).expect("UTF-8");
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line must end: {answer:?}"
    );
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line:?}"));
    text.split_terminator('\n').map(parse).collect()
}

/// The records of a whoisi body: each a length in four bytes, most significant first, and JSON.
#[track_caller]
pub fn whoisi(answer: &Response) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/whoisi"),
        "{answer:?}"
    );
    let mut rest = answer.body.as_slice();
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().expect("four bytes of length");
        let (record, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        records.push(serde_json::from_slice(record).expect("JSON"));
        rest = after;
    }
    records
}

#[test]
fn ids_are_listed_byte_for_byte() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("bytes-{version}"));
        user.post(
            "storage/c",
            r#"[{"id":"a","payload":"x"},{"id":"{b}","payload":"x"}]"#,
        )
        .json();
        let list = "storage/c?sort=index";
        let text = user.get(list).text();
        assert_eq!(text.replace(' ', ""), r#"["a","{b}"]"#, "{version}");
        assert!(version != PHP || !text.contains(' '), "{text}");
        user.get_as("application/newlines", list)
            .must_be(200, "\"a\"\n\"{b}\"\n");
        user.get_as("application/whoisi", list)
            .must_be(200, "\0\0\0\x03\"a\"\0\0\0\x05\"{b}\"");
    }
}

#[test]
fn php_writes_records_byte_for_byte() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-bytes");
    let record = json!({
        "sortindex": 5, "parentid": "p", "predecessorid": "q", "payload": "a/b\n\"ż🦊\\\u{1}",
    });
    let time = user.put("storage/c/a", record.to_string()).written();
    let expected = format!(
        "{{\"id\":\"a\",\"parentid\":\"p\",\"modified\":{time},\"predecessorid\":\"q\",\
         \"sortindex\":5,\"payload\":\"a\\/b\\n\\\"\\u017c\\ud83e\\udd8a\\\\\\u0001\"}}"
    );
    user.get("storage/c/a").must_be(200, &expected);
    user.get("storage/c?full=1")
        .must_be(200, &format!("[{expected}]"));
    user.get_as("application/newlines", "storage/c?full=1")
        .must_be(200, &format!("{expected}\n"));
    let whoisi = user.get_as("application/whoisi", "storage/c?full=1");
    let length = u32::try_from(expected.len()).expect("short").to_be_bytes();
    assert_eq!(whoisi.body, [&length, expected.as_bytes()].concat());
}

#[test]
fn every_format_tells_the_same_records() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("same-{version}"));
        let payloads = [
            "",
            "line\nbreak",
            "\r\n",
            "ż🦊\u{2028}\u{85}",
            "\\u000a \\n",
            "</script>/",
        ];
        for (number, payload) in payloads.iter().enumerate() {
            let path = format!("storage/c/r{number}");
            user.put(
                &path,
                json!({"payload": payload, "sortindex": number}).to_string(),
            )
            .written();
        }
        for query in [
            "?full=1&sort=index",
            "?sort=oldest",
            "?full=1&limit=2",
            "?ids=none",
            "",
        ] {
            let path = format!("storage/c{query}");
            let list = user.get(&path).json();
            let list = list.as_array().expect("a list");
            assert_eq!(
                &lines(&user.get_as("application/newlines", &path)),
                list,
                "{query}"
            );
            assert_eq!(
                &whoisi(&user.get_as("application/whoisi", &path)),
                list,
                "{query}"
            );
        }
        let full = user.get("storage/c?full=1&sort=oldest").json();
        let told = full.as_array().expect("a list").iter();
        let told: Vec<&str> = told
            .map(|record| record["payload"].as_str().unwrap_or("?"))
            .collect();
        assert_eq!(told, payloads, "{version}");
    }
}

/// Asks with each `Accept` and says which format came.
fn formats(user: &User, accepts: &[&str]) -> Vec<String> {
    let format = |accept: &&str| {
        let answer = user.get_as(accept, "storage/c?full=1");
        assert_eq!(answer.status, 200, "never 406: {accept}");
        let told = answer.header("Content-Type").expect("a type");
        told.trim_start_matches("application/").to_owned()
    };
    accepts.iter().map(format).collect()
}

#[test]
fn php_prefers_json_then_whoisi_then_newlines() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-accept");
    user.put("storage/c/a", r#"{"payload":"x"}"#).written();
    let cases = [
        ("application/json", "json"),
        ("*/*", "json"),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "json",
        ),
        ("application/newlines", "newlines"),
        ("application/whoisi", "whoisi"),
        ("application/newlines, application/whoisi", "whoisi"),
        ("application/newlines, */*", "json"),
        ("application/newlines;q=0.9, application/json;q=0.1", "json"),
    ];
    let accepts: Vec<&str> = cases.iter().map(|case| case.0).collect();
    let expected: Vec<&str> = cases.iter().map(|case| case.1).collect();
    assert_eq!(formats(&user, &accepts), expected);
    let none = user.get("storage/c?full=1");
    assert_eq!(
        none.header("Content-Type"),
        Some("application/json"),
        "without Accept"
    );
}

#[test]
fn python_weighs_what_clients_accept() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "python-accept");
    user.put("storage/c/a", r#"{"payload":"x"}"#).written();
    let cases = [
        ("application/json", "json"),
        ("*/*", "json"),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "json",
        ),
        ("application/newlines", "newlines"),
        ("application/whoisi", "whoisi"),
        ("application/newlines, application/whoisi", "newlines"),
        ("application/whoisi, application/newlines", "newlines"),
        ("application/newlines, */*", "newlines"),
        ("application/newlines;q=0.5, */*;q=0.1", "newlines"),
        ("application/newlines;q=0.1, application/json;q=0.9", "json"),
        (
            "application/whoisi;q=0.9, application/newlines;q=0.1",
            "whoisi",
        ),
        ("application/*", "json"),
        ("text/html", "json"),
        ("rubbish;;;q=x", "json"),
        ("", "json"),
    ];
    let accepts: Vec<&str> = cases.iter().map(|case| case.0).collect();
    let expected: Vec<&str> = cases.iter().map(|case| case.1).collect();
    assert_eq!(formats(&user, &accepts), expected);
}

#[test]
fn a_single_record_and_maps_of_numbers_are_json_whatever_is_accepted() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("always-json-{version}"));
        user.put("storage/c/a", r#"{"payload":"x"}"#).written();
        for path in ["storage/c/a", "info/quota"] {
            let answer = user.get_as("application/newlines", path);
            assert_eq!(
                answer.header("Content-Type"),
                Some("application/json"),
                "{version} {path}"
            );
            answer.json();
        }
    }
}

#[test]
fn python_lists_the_names_of_collections_as_lines() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "names");
    for collection in ["a", "b"] {
        user.put(&format!("storage/{collection}/x"), r#"{"payload":"x"}"#)
            .written();
    }
    for path in ["info/collections", "info/collection_counts"] {
        let mut names = lines(&user.get_as("application/newlines", path));
        names.sort_by_key(Value::to_string);
        assert_eq!(names, [json!("a"), json!("b")]);
        assert_eq!(whoisi(&user.get_as("application/whoisi", path)).len(), 2);
    }
}

#[test]
fn the_number_of_records_is_told_before_them() {
    let server = Gateway::Builtin.shared();
    for (version, none) in [(PHP, None), (PYTHON, Some("0"))] {
        let user = User::new(&server, version, &format!("records-{version}"));
        let told = |accept: &str, path: &str| {
            user.get_as(accept, path)
                .header("X-Weave-Records")
                .map(str::to_owned)
        };
        user.post(
            "storage/c",
            r#"[{"id":"a","payload":"x"},{"id":"b","payload":"x"}]"#,
        )
        .json();
        for accept in [
            "application/json",
            "application/newlines",
            "application/whoisi",
        ] {
            for query in ["", "?full=1"] {
                assert_eq!(
                    told(accept, &format!("storage/c{query}")).as_deref(),
                    Some("2")
                );
            }
            assert_eq!(told(accept, "storage/c?limit=1").as_deref(), Some("1"));
            assert_eq!(
                told(accept, "storage/c?ids=none").as_deref(),
                none,
                "{version}"
            );
            assert_eq!(told(accept, "storage/never").as_deref(), none, "{version}");
        }
        assert_eq!(told("*/*", "storage/c/a"), None);
        let infos = ["info/collections", "info/collection_counts"];
        let expected = (version == PYTHON).then_some("1");
        for path in infos {
            assert_eq!(told("*/*", path).as_deref(), expected, "{version} {path}");
        }
        assert_eq!(told("*/*", "info/quota"), None);
    }
}

#[test]
fn python_prints_times_with_two_decimals_and_php_without_trailing_zeros() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "decimals");
    // A time that ends in a zero comes by within some writes.
    let (time, whole) = (0..2_000)
        .map(|_| user.put("storage/c/a", r#"{"payload":"x"}"#).written())
        .find_map(|time| {
            time.strip_suffix('0')
                .map(|short| (time.clone(), short.to_owned()))
        })
        .expect("one time in ten ends in a zero");
    let short = whole.trim_end_matches('0').trim_end_matches('.');
    for (version, told) in [(PYTHON, time.as_str()), (PHP, short)] {
        let user = user.at(version);
        let spaceless = |path: &str| user.get(path).text().replace(' ', "");
        assert_eq!(spaceless("info/collections"), format!("{{\"c\":{told}}}"));
        assert!(spaceless("storage/c/a").contains(&format!("\"modified\":{told},")));
        assert!(spaceless("storage/c?full=1").contains(&format!("\"modified\":{told},")));
    }
}
