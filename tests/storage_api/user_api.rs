//! The user API: names, sign-up, nodes and passwords, with the exact bodies that browsers compare.

use serde_json::json;

use crate::harness::api::{PYTHON, User, basic};
use crate::harness::http::{Request, Response};
use crate::harness::{Gateway, Server};

fn request(server: &Server, method: &str, path: &str) -> Request {
    let target = format!("{}user/1.0/{path}", server.prefix());
    Request::new(method, target).header("Host", server.host())
}

fn get(server: &Server, path: &str) -> Response {
    server.send(&request(server, "GET", path))
}

fn create(server: &Server, name: &str, body: impl Into<Vec<u8>>) -> Response {
    server.send(&request(server, "PUT", name).body(body))
}

fn as_owner(user: &User, method: &str, path: &str, body: &str) -> Response {
    let credentials = basic(format!("{}:{}", user.name, user.password));
    let path = format!("{}{path}", user.name);
    let request = request(user.server, method, &path).header("Authorization", credentials);
    user.send(&request.body(body))
}

const ADA: &str = r#"{"email":"ada@example.com","password":"a long password"}"#;

#[test]
fn a_name_is_free_or_taken_and_nothing_else_is_told() {
    let server = Gateway::Builtin.shared();
    get(&server, "a").must_be(200, "0");
    get(&server, "free").must_be(200, "0");
    create(&server, "taken", ADA).must_be(200, "taken");
    for name in ["taken", "TAKEN", "taken/"] {
        let answer = get(&server, name);
        answer.must_be(200, "1");
        assert!(
            answer
                .header("Content-Type")
                .is_some_and(|kind| kind.starts_with("text/plain"))
        );
    }
    for version in ["1", "1.1"] {
        let target = format!("{}user/{version}/taken", server.prefix());
        server
            .send(&Request::new("GET", target).header("Host", server.host()))
            .must_be(200, "1");
    }
}

#[test]
fn the_wizards_probe_is_answered_whatever_names_are_allowed() {
    let server = Gateway::Builtin.start("[auth]\nstrict_usernames = true\n");
    get(&server, "a").must_be(200, "0");
}

#[test]
fn sign_up_answers_the_bare_name_in_lower_case() {
    let server = Gateway::Builtin.shared();
    create(&server, "BareName", ADA).must_be(200, "barename");
    let user = User {
        server: &server,
        version: PYTHON,
        name: "barename".to_owned(),
        password: "a long password".to_owned(),
    };
    user.get("info/collections").must_be(200, "{}");
}

#[test]
fn a_taken_name_is_never_overwritten() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "overwritten");
    let other = r#"{"email":"eve@example.com","password":"another password"}"#;
    for name in ["overwritten", "OVERWRITTEN"] {
        create(&server, name, other).must_be(400, "4");
    }
    create(&server, "overwritten", "no JSON").must_be(400, "4");
    assert_eq!(user.get("info/collections").status, 200);
    assert_eq!(
        user.with_password("another password")
            .get("info/collections")
            .status,
        401
    );
}

#[test]
fn a_bad_sign_up_is_refused_with_the_code_that_the_wizard_explains() {
    let server = Gateway::Builtin.shared();
    let long = "x".repeat(33);
    let cases = [
        ("refused", "no JSON", "6"),
        ("refused", "", "6"),
        ("refused", "[]", "6"),
        ("refused", "17", "6"),
        (
            "refused",
            r#"{"email":"tarek@moz","password":"a long password"}"#,
            "12",
        ),
        ("refused", r#"{"email":"nobody","password":"short"}"#, "12"),
        ("refused", r#"{"email":"ada@example.com"}"#, "7"),
        (
            "refused",
            r#"{"email":"ada@example.com","password":""}"#,
            "7",
        ),
        (
            "refused",
            r#"{"email":"ada@example.com","password":null}"#,
            "7",
        ),
        (
            "refused",
            r#"{"email":"ada@example.com","password":"1234567"}"#,
            "9",
        ),
        (
            "refused-name",
            r#"{"email":"ada@example.com","password":" REFUSED-name "}"#,
            "9",
        ),
    ];
    for (name, body, code) in cases {
        let answer = create(&server, name, body);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (400, code),
            "{body}"
        );
        get(&server, name).must_be(200, "0");
    }
    let answer = create(&server, &long, ADA);
    assert!(answer.status == 400 || answer.status == 404, "{answer:?}");
}

#[test]
fn what_browsers_send_at_sign_up_is_accepted() {
    let server = Gateway::Builtin.shared();
    let bodies: [(&str, &[u8]); 6] = [
        ("one", br#"{"email":"ada@example.com","password":"12345678","captcha-challenge":"","captcha-response":""}"#),
        ("two", br#"{"password":"12345678","email":"a@127.0.0.1","captcha-challenge":null}"#),
        ("three", br#"{"password":"12345678"}"#),
        ("four", br#"{"password":"12345678","email":"o'neil+sync@sub.example.co.uk"}"#),
        ("five", "{\"password\":\"ąąąą\",\"email\":\"ada@example.com\"}".as_bytes()),
        ("six", b"{\"password\":\"12345678\",\"email\":\"k\xf6ln@example.com\"}"),
    ];
    for (name, body) in bodies {
        let answer = create(&server, name, body);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, name),
            "{answer:?}"
        );
        get(&server, name).must_be(200, "1");
    }
}

#[test]
fn an_address_may_be_required_and_names_may_be_strict() {
    let server = Gateway::Builtin.start("[auth]\nrequire_email = true\nstrict_usernames = true\n");
    let hashed = "u2wqblarhim5su7pxemcbwdyryrghmuk";
    let body = r#"{"email":"test@test.com","password":"a long password"}"#;
    create(&server, hashed, r#"{"password":"a long password"}"#).must_be(400, "12");
    create(&server, "plain", body).must_be(400, "15");
    create(&server, hashed, body).must_be(200, hashed);
}

#[test]
fn closed_registration_opens_for_the_operators_secret() {
    let server =
        Gateway::Builtin.start("[registration]\nmode = \"closed\"\nsecret = \"operators-own\"\n");
    let refused = create(&server, "closed", ADA);
    assert!(refused.status >= 400, "{refused:?}");
    let with = |secret: &str| {
        server.send(
            &request(&server, "PUT", "closed")
                .header("X-Weave-Secret", secret)
                .body(ADA),
        )
    };
    assert!(with("wrong").status >= 400);
    get(&server, "closed").must_be(200, "0");
    with("operators-own").must_be(200, "closed");
    get(&server, "closed").must_be(200, "1");
}

#[test]
fn the_password_is_changed_by_who_knows_the_old_one() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "changing");
    as_owner(&user, "POST", "/password", "a new password").must_be(200, "success");
    assert_eq!(user.get("info/collections").status, 401);
    let user = user.with_password("a new password");
    assert_eq!(user.get("info/collections").status, 200);
    for weak in ["1234567", "", "changing"] {
        as_owner(&user, "POST", "/password", weak).must_be(400, "9");
    }
    let wrong = user.with_password("wrong");
    let refused = as_owner(&wrong, "POST", "/password", "a third password");
    assert_eq!(refused.status, 401, "{refused:?}");
    assert_eq!(user.get("info/collections").status, 200);
}

#[test]
fn the_address_is_changed_and_echoed() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "moving");
    as_owner(&user, "POST", "/email", "new@example.com").must_be(200, "new@example.com");
    for bad in ["", "nobody", "tarek@moz"] {
        as_owner(&user, "POST", "/email", bad).must_be(400, "12");
    }
    let wrong = user.with_password("wrong");
    assert_eq!(
        as_owner(&wrong, "POST", "/email", "eve@example.com").status,
        401
    );
}

#[test]
fn a_deleted_account_leaves_nothing() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "leaving");
    user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
    let wrong = as_owner(&user.with_password("wrong"), "DELETE", "", "");
    assert_eq!(wrong.status, 401);
    assert!(wrong.header("WWW-Authenticate").is_some());
    assert_eq!(
        server.send(&request(&server, "DELETE", "leaving")).status,
        401
    );
    user.get("storage/forms/a").json();

    as_owner(&user, "DELETE", "", "").must_be(200, "0");
    get(&server, "leaving").must_be(200, "0");
    assert_eq!(user.get("info/collections").status, 401);
    let again = User::new(&server, PYTHON, "leaving");
    again.get("info/collections").must_be(200, "{}");
    assert_eq!(again.get("storage/forms/a").status, 404);
}

#[test]
fn a_node_is_a_bare_address_with_a_slash_at_its_end() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "node");
    let here = format!("http://{}/", server.host());
    get(&server, "node/node/weave").must_be(200, &here);
    as_owner(&user, "GET", "/node/weave", "").must_be(200, &here);
    assert_eq!(get(&server, "nobody-here/node/weave").status, 404);
}

#[test]
fn the_operator_may_name_the_node_or_none() {
    let cases = [
        (
            "[api]\nnode = \"https://node.example.org/weave/\"\n",
            "https://node.example.org/weave/",
        ),
        (
            "[api]\nnode = \"https://node.example.org\"\n",
            "https://node.example.org/",
        ),
        ("[api]\nnode = \"none\"\n", "null"),
    ];
    for (settings, node) in cases {
        let server = Gateway::Builtin.start(settings);
        User::new(&server, PYTHON, "somewhere");
        get(&server, "somewhere/node/weave").must_be(200, node);
    }
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn behind_a_proxy_the_node_is_the_public_address() {
    let server = Gateway::Nginx.start("[server]\npublic_url = \"https://sync.example.org/x/\"\n");
    User::new(&server, PYTHON, "behind");
    get(&server, "behind/node/weave").must_be(200, "https://sync.example.org/x/");
}

#[test]
fn a_reset_without_mail_is_refused() {
    let server = Gateway::Builtin.shared();
    User::new(&server, PYTHON, "forgetful");
    let answer = get(&server, "forgetful/password_reset");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("Retry-After").is_some(), "{answer:?}");
}

#[test]
fn what_the_user_api_does_not_know_is_not_found_or_not_allowed() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "unknowing");
    for path in [
        "unknowing/nothing",
        "unknowing/node",
        "unknowing/node/else",
        "",
    ] {
        assert_eq!(get(&server, path).status, 404, "{path}");
    }
    for (method, path) in [
        ("POST", ""),
        ("PATCH", ""),
        ("GET", "/password"),
        ("PUT", "/node/weave"),
    ] {
        let answer = as_owner(&user, method, path, "");
        assert!(
            [404, 405].contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
    }
    assert_eq!(user.get("info/collections").json(), json!({}));
}
