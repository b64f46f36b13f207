//! What a way into the program could spoil of its answers: bodies, headers, lengths, names.

use serde_json::{Value, json};

use super::formats::{lines, whoisi};
use crate::harness::Server;
use crate::harness::api::{PHP, PYTHON, User};

through_every_gateway! {
    answers_in_every_format
    sends_errors_with_their_bodies_and_no_page_of_its_own
    keeps_the_headers_that_mean_something
    sends_a_long_list_whole
    takes_deletions_with_bodies_of_odd_sizes
    keeps_ids_outside_ascii
    keeps_queries_as_they_are
    checks_conditions
    deletes_all_only_when_confirmed
    speaks_the_user_api
}

fn answers_in_every_format(server: &Server) {
    for version in [PHP, PYTHON] {
        let user = User::new(server, version, &format!("every-format-{version}"));
        let batch = r#"[{"id":"a","payload":"line\nbreak\u0000ż"},{"id":"b","payload":""}]"#;
        user.post("storage/c", batch).json();
        for path in [
            "storage/c",
            "storage/c?full=1",
            "storage/c?ids=none",
            "storage/never",
        ] {
            let list = user.get(path).json();
            let list = list.as_array().expect("a list");
            assert_eq!(
                &lines(&user.get_as("application/newlines", path)),
                list,
                "{path}"
            );
            assert_eq!(
                &whoisi(&user.get_as("application/whoisi", path)),
                list,
                "{path}"
            );
        }
    }
}

fn sends_errors_with_their_bodies_and_no_page_of_its_own(server: &Server) {
    let user = User::new(server, PHP, "error-bodies");
    user.put("storage/c/a", r#"{"payload":"x"}"#).written();
    user.get("nothing").must_be(400, "11");
    user.get("storage/c/none")
        .must_be(404, "\"record not found\"");
    user.put("storage/c/a", "{").must_be(400, "6");
    user.put("storage/c/a", r#"{"payload":1}"#)
        .must_be(400, "8");
    user.unless_modified("1", "PUT", "storage/c/a", r#"{"payload":"x"}"#)
        .must_be(412, "4");
    user.send(&user.anonymous("GET", "storage/c"))
        .must_be(401, "\"Authentication failed\"");
    user.get("storage/c?offset=1")
        .must_be(400, "\"Offset requires limit\"");
    let python = user.at(PYTHON);
    python.put("storage/c/a", "{").must_be(400, "6");
    let none = python.get("storage/c/none");
    assert_eq!(
        (none.status, none.text().contains('<')),
        (404, false),
        "{none:?}"
    );
    let method = python.send(&python.request("POST", "storage/c/a").body("[]"));
    assert_eq!(
        (method.status, method.text().contains('<')),
        (405, false),
        "{method:?}"
    );
    assert!(method.header("Allow").is_some(), "{method:?}");
}

fn keeps_the_headers_that_mean_something(server: &Server) {
    for (version, realm) in [(PHP, "Weave"), (PYTHON, "Sync")] {
        let user = User::new(server, version, &format!("headers-{version}"));
        let challenge = user.send(&user.anonymous("GET", "info/collections"));
        let expected = format!("Basic realm=\"{realm}\"");
        assert_eq!(
            challenge.header("WWW-Authenticate"),
            Some(expected.as_str())
        );
        let written = user.put("storage/c/a", r#"{"payload":"x"}"#);
        let time = written.written();
        let list = user.get("storage/c?full=1");
        assert_eq!(list.header("X-Weave-Records"), Some("1"));
        for answer in [
            challenge,
            written,
            list,
            user.get("storage/c/none"),
            user.get("info/quota"),
        ] {
            let times: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case("X-Weave-Timestamp"))
                .collect();
            assert_eq!(times.len(), 1, "{answer:?}");
            assert_eq!(
                answer.header("Content-Type"),
                Some("application/json"),
                "{answer:?}"
            );
            assert_eq!(answer.header("Retry-After"), None);
        }
        let listed = user.get("info/collections").text().replace(' ', "");
        assert_eq!(listed, format!("{{\"c\":{time}}}"));
    }
}

fn sends_a_long_list_whole(server: &Server) {
    const COUNT: usize = 1_500;
    let user = User::new(server, PHP, "long-list-through");
    let payload = "x".repeat(400);
    let ids: Vec<String> = (0..COUNT).map(|n| format!("{n:05}")).collect();
    for part in ids.chunks(100) {
        let records: Vec<Value> = part
            .iter()
            .map(|id| json!({"id": id, "sortindex": 0, "payload": payload}))
            .collect();
        user.post("storage/history", json!(records).to_string())
            .json();
    }
    let answer = user.get_as("application/newlines", "storage/history?full=1&sort=oldest");
    let mut told: Vec<String> = lines(&answer)
        .iter()
        .map(|record| record["id"].as_str().unwrap_or("?").to_owned())
        .collect();
    assert_eq!(answer.header("X-Weave-Records"), Some("1500"));
    told.sort();
    assert_eq!(told, ids);
    assert_eq!(
        user.get("storage/history?full=1")
            .json()
            .as_array()
            .map(Vec::len),
        Some(COUNT)
    );
}

fn takes_deletions_with_bodies_of_odd_sizes(server: &Server) {
    let user = User::new(server, PYTHON, "odd-bodies");
    for size in [0, 1, 7, 4_095, 8_193, 65_537, 100_001] {
        user.put("storage/c/a", r#"{"payload":"x"}"#).written();
        let body = "b".repeat(size);
        user.send(&user.request("DELETE", "storage/c?ids=a").body(body))
            .written();
        user.get("storage/c").must_be(200, "[]");
    }
}

fn keeps_ids_outside_ascii(server: &Server) {
    let user = User::new(server, PYTHON, "outside-ascii");
    for (encoded, id) in [
        ("za%C5%BC%C3%B3", "zażó"),
        ("%F0%9F%A6%8A", "🦊"),
        ("%7B1%7D", "{1}"),
    ] {
        let path = format!("storage/c/{encoded}");
        user.put(&path, r#"{"payload":"x"}"#).written();
        assert_eq!(user.get(&path).json()["id"], json!(id));
        assert_eq!(user.ids(&format!("storage/c?ids={encoded}")), [id]);
        user.delete(&path).written();
        user.get("storage/c").must_be(200, "[]");
    }
}

fn keeps_queries_as_they_are(server: &Server) {
    let user = User::new(server, PYTHON, "queries");
    let batch =
        r#"[{"id":"a+b","payload":"x"},{"id":"a b","payload":"x"},{"id":"%41","payload":"x"}]"#;
    user.post("storage/c", batch).json();
    assert_eq!(user.ids("storage/c?ids=a%2Bb"), ["a+b"]);
    assert_eq!(user.ids("storage/c?ids=a%20b"), ["a b"]);
    assert_eq!(user.ids("storage/c?ids=%2541"), ["%41"]);
    assert_eq!(
        user.ids("storage/c?newer=0.000&limit=2&sort=index").len(),
        2
    );
}

fn checks_conditions(server: &Server) {
    let user = User::new(server, PYTHON, "conditions");
    let time = user.put("storage/c/a", r#"{"payload":"x"}"#).written();
    let android = format!("{time}0");
    let batch = r#"[{"id":"a","payload":"y"}]"#;
    user.unless_modified(&android, "POST", "storage/c", batch)
        .json();
    assert_eq!(
        user.unless_modified(&android, "POST", "storage/c", batch)
            .status,
        412
    );
}

fn deletes_all_only_when_confirmed(server: &Server) {
    let user = User::new(server, PYTHON, "confirms");
    user.put("storage/c/a", r#"{"payload":"x"}"#).written();
    user.delete("storage").must_be(400, "4");
    assert_eq!(user.ids("storage/c"), ["a"]);
    user.wipe().written();
    user.get("info/collections").must_be(200, "{}");
}

fn speaks_the_user_api(server: &Server) {
    use crate::harness::browser::Profile;
    let user = User::new(server, PYTHON, "user-api");
    let profile = Profile::new(server, &user.name, &user.password);
    server.send(&profile.desktop().exists()).must_be(200, "1");
    assert_eq!(server.send(&profile.desktop().captcha()).status, 404);
    let node = server.send(&profile.desktop().node()).text();
    // Where the program's name was rewritten away, the node may show it.
    let base = node
        .strip_prefix(&format!("http://{}", server.host()))
        .expect("this host");
    assert!(
        base.starts_with(server.prefix()) && base.ends_with('/'),
        "{node}"
    );
    let there = Profile {
        base: base.to_owned(),
        ..profile.clone()
    };
    server
        .send(&there.desktop().get("info/collections"))
        .must_be(200, "{}");
    server
        .send(&profile.desktop().create("eve@example.com"))
        .must_be(400, "4");
    let changed = server.send(&profile.desktop().change_password("zażółć gęślą"));
    changed.must_be(200, "success");
    assert_eq!(user.get("info/collections").status, 401);
    user.with_password("zażółć gęślą")
        .get("info/collections")
        .must_be(200, "{}");
}
