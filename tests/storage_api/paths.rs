//! Where the APIs are found.

use serde_json::json;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};
use crate::harness::http::{Request, Response};

fn get(server: &crate::harness::Server, path: &str) -> Response {
    let target = format!("{}{path}", server.prefix());
    server.send(&Request::new("GET", target).header("Host", server.host()))
}

#[test]
fn each_version_answers_in_its_own_voice() {
    let server = Gateway::Builtin.shared();
    let php = User::new(&server, PHP, "voices");
    php.get("info/collections").must_be(200, "[]");
    php.at(PYTHON).get("info/collections").must_be(200, "{}");
    php.at("1").get("info/collections").must_be(200, "{}");
}

#[test]
fn an_operator_may_pin_one_voice_for_all_versions() {
    for (profile, empty) in [("php", "[]"), ("python", "{}")] {
        let server = Gateway::Builtin.start(&format!("[api]\nprofile = \"{profile}\"\n"));
        let user = User::new(&server, PHP, "pinned");
        for version in [PHP, PYTHON, "1"] {
            user.at(version).get("info/collections").must_be(200, empty);
        }
    }
}

#[test]
fn all_versions_share_one_storage() {
    let server = Gateway::Builtin.shared();
    let php = User::new(&server, PHP, "shared-storage");
    php.put("storage/bookmarks/a", r#"{"payload":"from 1.0"}"#)
        .written();
    for version in [PYTHON, "1"] {
        let read = php.at(version).get("storage/bookmarks/a").json();
        assert_eq!(read["payload"], json!("from 1.0"));
    }
}

#[test]
fn any_prefix_may_stand_before_an_api() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "any-prefix");
    for prefix in ["index.php", "weave", "sync/index.php", "a/b/c/d"] {
        for (version, empty) in [(PHP, "[]"), (PYTHON, "{}"), ("1", "{}")] {
            let mut request = user.at(version).request("GET", "info/collections");
            request.target = format!("/{prefix}{}", request.target);
            server.send(&request).must_be(200, empty);
        }
        for path in [
            "user/1.0/any-prefix",
            "user/1/any-prefix",
            "user/1.1/any-prefix",
        ] {
            get(&server, &format!("{prefix}/{path}")).must_be(200, "1");
        }
        assert_eq!(
            get(&server, &format!("{prefix}/misc/1.0/captcha_html")).status,
            404
        );
        assert_eq!(get(&server, &format!("{prefix}/__heartbeat__")).status, 200);
    }
}

#[test]
fn a_fixed_base_path_is_the_only_one() {
    let server = Gateway::Builtin.start("[server]\nbase_path = \"/weave\"\n");
    get(&server, "weave/user/1.0/nobody").must_be(200, "0");
    get(&server, "weave/user/1.0/nobody/").must_be(200, "0");
    assert_eq!(get(&server, "user/1.0/nobody").status, 404);
    assert_eq!(get(&server, "elsewhere/user/1.0/nobody").status, 404);
    assert_eq!(get(&server, "weave/more/user/1.0/nobody").status, 404);
    assert_eq!(get(&server, "weave/__heartbeat__").status, 200);
}

#[test]
fn trailing_and_repeated_slashes_do_not_matter() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("slashes-{version}"));
        user.put("storage/forms/a/", r#"{"payload":"x"}"#).written();
        for path in [
            "storage/forms/a",
            "storage/forms/a/",
            "storage//forms//a",
            "/storage/forms/a//",
        ] {
            assert_eq!(user.get(path).json()["id"], json!("a"), "{version} {path}");
        }
        assert_eq!(user.ids("storage/forms/"), ["a"]);
        let listed = user.get("info/collections").text();
        user.get("info/collections/").must_be(200, &listed);
        user.delete("storage/forms/a/").written();
        user.send(
            &user
                .request("DELETE", "storage/")
                .header("X-Confirm-Delete", "1"),
        )
        .written();
    }
    get(&server, "user/1.0/slashes-1.0/").must_be(200, "1");
}

#[test]
fn percent_encoding_is_decoded_exactly_once() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("percent-{version}"));
        user.put("storage/forms/%2541", r#"{"payload":"x"}"#)
            .written();
        assert_eq!(user.get("storage/forms/%2541").json()["id"], json!("%41"));
        assert_eq!(user.get("storage/forms/A").status, 404);
        user.put("storage/%66orms/%42", r#"{"payload":"x"}"#)
            .written();
        assert_eq!(user.ids("storage/forms"), ["%41", "B"]);
    }
}

#[test]
fn an_id_in_a_url_may_hold_any_character_but_a_slash() {
    let server = Gateway::Builtin.shared();
    let ids = [
        ("%7B8a1f-22%7D", "{8a1f-22}"),
        ("{8a1f-22}", "{8a1f-22}"),
        ("a+b=,:!", "a+b=,:!"),
        ("a%20b%3F%23", "a b?#"),
        ("%C5%BC%F0%9F%A6%8A", "ż🦊"),
        ("0", "0"),
        ("%22%5C%3C", "\"\\<"),
    ];
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("any-id-{version}"));
        for (encoded, id) in ids {
            let path = format!("storage/odd/{encoded}");
            user.put(&path, r#"{"payload":"x"}"#).written();
            assert_eq!(user.get(&path).json()["id"], json!(id));
            user.delete(&path).written();
            assert_eq!(user.get(&path).status, 404, "{id}");
        }
    }
}

#[test]
fn a_path_that_is_not_utf8_is_an_error_of_the_api_that_it_names() {
    let server = Gateway::Builtin.shared();
    for path in [
        "1.0/%ff/info/collections",
        "1.1/u/storage/c/%ff",
        "1/u/%C3%28",
        "user/1.0/%ff",
    ] {
        get(&server, path).must_be(400, "1");
    }
    for path in ["%ff", "weave-password-reset/%ff", "misc/1.0/%ff"] {
        assert_eq!(get(&server, path).status, 404, "{path}");
    }
}

#[test]
fn what_no_api_knows_is_not_found() {
    let server = Gateway::Builtin.shared();
    for path in [
        "nothing",
        "2.0/u/info/collections",
        "1.2/u/info/collections",
        "misc/1.0/other",
    ] {
        let answer = get(&server, path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.text().contains("weft-data"), "{answer:?}");
    }
}

#[test]
fn the_captcha_is_not_found_because_there_is_none() {
    let server = Gateway::Builtin.shared();
    for version in ["1.0", "1", "1.1"] {
        assert_eq!(
            get(&server, &format!("misc/{version}/captcha_html")).status,
            404
        );
    }
}

#[test]
fn heartbeats_answer_also_head() {
    let server = Gateway::Builtin.shared();
    get(&server, "__heartbeat__").must_be(200, "");
    get(&server, "heartbeat.php").must_be(200, "OK");
    for path in ["__heartbeat__", "heartbeat.php", ""] {
        let target = format!("{}{path}", server.prefix());
        let head = server.send(&Request::new("HEAD", target).header("Host", server.host()));
        head.must_be(200, "");
    }
}

#[test]
fn a_user_may_have_the_name_of_a_version_or_an_api() {
    let server = Gateway::Builtin.shared();
    for name in ["1.1", "user", "storage"] {
        let user = User::new(&server, PHP, name);
        user.put("storage/1.1/info", r#"{"payload":"x"}"#).written();
        assert_eq!(user.at(PYTHON).ids("storage/1.1"), ["info"], "{name}");
    }
}
