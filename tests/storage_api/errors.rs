//! Which error wins when several apply, and what methods there are.

use crate::harness::api::{PHP, PYTHON, User, basic};
use crate::harness::http::{Request, Response};
use crate::harness::{Gateway, Server};

fn ask(server: &Server, method: &str, path: &str) -> Response {
    let target = format!("{}{path}", server.prefix());
    server.send(&Request::new(method, target).header("Host", server.host()))
}

#[test]
fn php_checks_function_then_name_then_collection_then_credentials() {
    let server = Gateway::Builtin.shared();
    let long = "x".repeat(33);
    let fits = "x".repeat(32);
    let cases = [
        ("GET", "1.0/".to_owned(), 400, "11"),
        ("GET", "1.0/b%20d".to_owned(), 400, "11"),
        ("GET", "1.0/b%20d/nothing/b%20d".to_owned(), 400, "11"),
        ("GET", "1.0/b%20d/storage/b%20d".to_owned(), 400, "3"),
        ("GET", format!("1.0/{long}/storage/b%20d"), 400, "3"),
        ("GET", format!("1.0/{fits}/storage/b%20d"), 400, "13"),
        ("GET", "1.0/nobody/storage".to_owned(), 400, "1"),
        ("PUT", "1.0/nobody/storage".to_owned(), 400, "1"),
        ("GET", "1.0/nobody/info".to_owned(), 400, "1"),
        ("GET", format!("1.0/nobody/storage/{long}"), 400, "13"),
        ("DELETE", format!("1.0/nobody/storage/{long}"), 400, "13"),
        (
            "GET",
            format!("1.0/nobody/storage/{fits}"),
            401,
            "\"Authentication failed\"",
        ),
        (
            "GET",
            "1.0/nobody/info/nothing".to_owned(),
            401,
            "\"Authentication failed\"",
        ),
        (
            "POST",
            "1.0/nobody/info/collections".to_owned(),
            401,
            "\"Authentication failed\"",
        ),
        (
            "PATCH",
            "1.0/nobody/storage/forms".to_owned(),
            401,
            "\"Authentication failed\"",
        ),
        (
            "DELETE",
            "1.0/nobody/storage".to_owned(),
            401,
            "\"Authentication failed\"",
        ),
    ];
    for (method, path, status, body) in cases {
        let answer = ask(&server, method, &path);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, body),
            "{method} {path}"
        );
    }
}

#[test]
fn php_answers_code_1_to_methods_that_it_does_not_know() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-methods");
    user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
    for method in ["PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
        for path in ["storage/forms", "storage/forms/a", "info/collections"] {
            let answer = user.send(&user.request(method, path));
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (400, "1"),
                "{method} {path}"
            );
        }
    }
    for method in ["PUT", "POST", "DELETE"] {
        user.send(&user.request(method, "info/collections").body("{}"))
            .must_be(400, "1");
    }
    let head = user.send(&user.request("HEAD", "info/collections"));
    head.must_be(400, "");
    user.get("info/nothing").must_be(400, "1");
    user.get("info/collection_usage").must_be(400, "1");
    assert_eq!(user.ids("storage/forms"), ["a"]);
}

#[test]
fn python_knows_a_path_or_not_before_it_asks_for_credentials() {
    let server = Gateway::Builtin.shared();
    let unknown = [
        "1.1/nobody/nothing",
        "1.1/nobody/nothing/at/all",
        "1.1/nobody/info",
        "1.1/nobody/info/nothing",
        "1.1/nobody/storage/forms/a/more",
        "1.1/no%20body/info/collections",
        "1.1/nobody/storage/for%20ms",
        "1/nobody",
    ];
    for path in unknown {
        let answer = ask(&server, "GET", path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    for path in [
        "1.1/nobody/info/collections",
        "1.1/nobody/storage/forms/a",
        "1/nobody/info/quota",
    ] {
        assert_eq!(ask(&server, "GET", path).status, 401, "{path}");
    }
}

#[test]
fn python_answers_405_and_which_methods_there_are() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "python-methods");
    let routes: [(&str, &[&str]); 7] = [
        ("info/collections", &["GET"]),
        ("info/collection_counts", &["GET"]),
        ("info/collection_usage", &["GET"]),
        ("info/quota", &["GET"]),
        ("storage", &["DELETE"]),
        ("storage/forms", &["DELETE", "GET", "POST", "PUT"]),
        ("storage/forms/a", &["DELETE", "GET", "PUT"]),
    ];
    for (path, allowed) in routes {
        for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"] {
            if allowed.contains(&method) {
                continue;
            }
            let answer = user.send(&user.anonymous(method, path).body(""));
            assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
            let allow = answer.header("Allow").unwrap_or_default();
            let mut told: Vec<&str> = allow.split(',').map(str::trim).collect();
            told.sort_unstable();
            assert_eq!(told, allowed, "{method} {path}");
        }
    }
}

#[test]
fn php_weighs_json_then_quota_then_the_condition_then_the_record() {
    let server = Gateway::Builtin.start("[quota]\nbytes = 2000\n");
    let user = User::new(&server, PHP, "php-order");
    user.put(
        "storage/forms/old",
        format!(r#"{{"payload":"{}"}}"#, "x".repeat(2001)),
    )
    .written();
    let bad_record = r#"{"payload":17}"#;
    user.unless_modified("1", "PUT", "storage/forms/a", "{")
        .must_be(400, "6");
    user.unless_modified("1", "PUT", "storage/forms/a", bad_record)
        .must_be(403, "\"Over Quota\"");
    user.unless_modified("1", "POST", "storage/forms", "[{")
        .must_be(400, "6");
    user.unless_modified("1", "POST", "storage/forms", "[]")
        .must_be(403, "\"Over Quota\"");
    user.delete("storage/forms").written();
    user.put("storage/forms/old", r#"{"payload":"x"}"#)
        .written();
    user.unless_modified("1", "PUT", "storage/forms/a", bad_record)
        .must_be(412, "4");
    user.put("storage/forms/a", bad_record).must_be(400, "8");
    user.unless_modified("1", "POST", "storage/forms", "[]")
        .must_be(412, "4");
    assert_eq!(user.ids("storage/forms"), ["old"]);
}

#[test]
fn python_weighs_quota_then_the_condition_then_json_then_the_record_on_put() {
    let server = Gateway::Builtin.start("[quota]\nbytes = 2000\n");
    let user = User::new(&server, PYTHON, "python-order");
    user.put(
        "storage/forms/old",
        format!(r#"{{"payload":"{}"}}"#, "x".repeat(2000)),
    )
    .written();
    user.unless_modified("1", "PUT", "storage/forms/a", "{")
        .must_be(400, "14");
    user.delete("storage/forms").written();
    user.put("storage/forms/old", r#"{"payload":"x"}"#)
        .written();
    assert_eq!(
        user.unless_modified("1", "PUT", "storage/forms/a", "{")
            .status,
        412
    );
    user.put("storage/forms/a", "{").must_be(400, "6");
    user.put("storage/forms/a", r#"{"payload":17}"#)
        .must_be(400, "8");
    assert_eq!(user.ids("storage/forms"), ["old"]);
}

#[test]
fn python_weighs_the_condition_then_json_then_quota_on_post() {
    let server = Gateway::Builtin.start("[quota]\nbytes = 2000\n");
    let user = User::new(&server, PYTHON, "python-post");
    user.put(
        "storage/forms/old",
        format!(r#"{{"payload":"{}"}}"#, "x".repeat(2000)),
    )
    .written();
    let record = r#"[{"id":"a","payload":"x"}]"#;
    assert_eq!(
        user.unless_modified("1", "POST", "storage/forms", "[{")
            .status,
        412
    );
    user.post("storage/forms", "[{").must_be(400, "6");
    user.post("storage/forms", record).must_be(400, "14");
    assert_eq!(user.ids("storage/forms"), ["old"]);
}

#[test]
fn credentials_are_checked_before_anything_that_the_body_says() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("body-{version}"));
        let wrong = user.with_password("wrong password");
        for (method, path) in [("PUT", "storage/forms/a"), ("POST", "storage/forms")] {
            let request = wrong
                .request(method, path)
                .header("X-If-Unmodified-Since", "rubbish");
            assert_eq!(
                wrong.send(&request.body("{")).status,
                401,
                "{version} {method}"
            );
        }
        assert_eq!(wrong.get("storage/forms?newer=rubbish&limit=x").status, 401);
        assert_eq!(wrong.delete("storage").status, 401);
    }
}

#[test]
fn a_missing_record_is_not_found_and_a_missing_collection_is_empty() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("missing-{version}"));
        let missing = user.get("storage/never/a");
        assert_eq!(missing.status, 404, "{missing:?}");
        user.get("storage/never").must_be(200, "[]");
        user.get_as("application/newlines", "storage/never?full=1")
            .must_be(200, "");
        user.delete("storage/never/a").written();
        user.delete("storage/never").written();
        let listed = user.get("info/collections").json();
        assert!(
            listed.get("never").is_none(),
            "reading creates nothing: {listed}"
        );
    }
    let user = User::new(&server, PHP, "php-not-found");
    user.get("storage/never/a")
        .must_be(404, "\"record not found\"");
}

#[test]
fn a_collection_or_an_id_may_be_zero() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("zero-{version}"));
        user.put("storage/0/0", r#"{"payload":"0"}"#).written();
        user.put("storage/other/a", r#"{"payload":"x"}"#).written();
        assert_eq!(user.get("storage/0/0").json()["payload"], "0");
        assert_eq!(user.ids("storage/0"), ["0"]);
        user.delete("storage/0").written();
        assert_eq!(user.ids("storage/0"), [""; 0]);
        assert_eq!(
            user.ids("storage/other"),
            ["a"],
            "storage/0 is not the whole storage"
        );
    }
}

#[test]
fn a_name_that_does_not_fit_a_user_is_refused_whoever_asks() {
    let server = Gateway::Builtin.shared();
    let credentials = basic("b d:a long password");
    let target = format!("{}1.0/b%20d/info/collections", server.prefix());
    let request = Request::new("GET", target).header("Host", server.host());
    server
        .send(&request.header("Authorization", credentials))
        .must_be(400, "3");
}
