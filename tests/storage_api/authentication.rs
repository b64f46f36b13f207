//! Who may come in, and what those hear who may not.

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User, basic};
use crate::harness::http::{Request, Response};

fn with(user: &User, authorization: Option<&str>) -> Response {
    let request = user.anonymous("GET", "info/collections");
    user.send(&match authorization {
        Some(value) => request.header("Authorization", value),
        None => request,
    })
}

#[test]
fn every_401_carries_the_challenge_of_its_voice() {
    let server = Gateway::Builtin.shared();
    for (version, realm) in [
        (PHP, "Basic realm=\"Weave\""),
        (PYTHON, "Basic realm=\"Sync\""),
    ] {
        let user = User::new(&server, version, &format!("challenge-{version}"));
        let name = &user.name;
        let refused = [
            None,
            Some(basic(format!("{name}:wrong password"))),
            Some(basic(name)),
            Some(basic(format!("{name}:"))),
            Some(basic(":a long password")),
            Some(basic("")),
            Some("Basic".to_owned()),
            Some("Basic !!!!".to_owned()),
            Some("Bearer abcdef".to_owned()),
            Some("Basicxyz".to_owned()),
            Some(String::new()),
        ];
        for authorization in refused {
            let answer = with(&user, authorization.as_deref());
            assert_eq!(
                answer.status, 401,
                "{version} {authorization:?}: {answer:?}"
            );
            assert_eq!(
                answer.header("WWW-Authenticate"),
                Some(realm),
                "{authorization:?}"
            );
        }
    }
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_told_alike() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let known = User::new(&server, version, &format!("known-{version}"));
        let unknown = User {
            name: format!("unknown-{version}"),
            ..known.clone()
        };
        let wrong = known
            .with_password("another password")
            .get("info/collections");
        let nobody = unknown.get("info/collections");
        assert_eq!((wrong.status, nobody.status), (401, 401));
        assert_eq!(wrong.text(), nobody.text());
        let names = |answer: &Response| {
            let mut names: Vec<String> = answer
                .headers
                .iter()
                .map(|(name, _)| name.clone())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&wrong), names(&nobody));
    }
}

#[test]
fn php_says_that_authentication_failed() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-words");
    with(&user, None).must_be(401, "\"Authentication failed\"");
    user.with_password("wrong")
        .get("info/quota")
        .must_be(401, "\"Authentication failed\"");
}

#[test]
fn names_are_compared_in_lower_case() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("lower-{version}"));
        let upper = User {
            name: user.name.to_uppercase(),
            ..user.clone()
        };
        assert_eq!(upper.get("info/collections").status, 200);
        let credentials = basic(format!("{}:{}", upper.name, user.password));
        assert_eq!(with(&user, Some(&credentials)).status, 200);
    }
}

#[test]
fn the_scheme_is_known_in_any_spelling() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "scheme");
    let encoded = basic(format!("scheme:{}", user.password)).replacen("Basic ", "", 1);
    for scheme in ["basic", "BASIC", "Basic"] {
        assert_eq!(
            with(&user, Some(&format!("{scheme} {encoded}"))).status,
            200,
            "{scheme}"
        );
    }
}

#[test]
fn credentials_of_another_person_are_a_mismatch_in_php_and_a_refusal_in_python() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "mismatch");
    let other = User::new(&server, PHP, "mismatching");
    let right = basic(format!("{}:{}", other.name, other.password));
    let wrong = basic(format!("{}:wrong", other.name));
    with(&user, Some(&right)).must_be(400, "5");
    with(&user, Some(&wrong)).must_be(400, "5");
    assert_eq!(with(&user.at(PYTHON), Some(&right)).status, 401);
    assert_eq!(with(&user.at(PYTHON), Some(&wrong)).status, 401);
}

#[test]
fn a_password_may_hold_any_character() {
    let server = Gateway::Builtin.shared();
    let passwords = [
        "with:two:colons",
        ":begins with one",
        "zażółć gęślą",
        "日本語のパスワード",
        "  spaces  ",
    ];
    for (number, password) in passwords.into_iter().enumerate() {
        let user = User::new(&server, PHP, &format!("character-{number}"));
        change_password(&user, password.as_bytes()).must_be(200, "success");
        for version in [PHP, PYTHON] {
            let user = user.at(version).with_password(password);
            assert_eq!(user.get("info/collections").status, 200, "{password}");
        }
        assert_eq!(
            user.get("info/collections").status,
            401,
            "the old one is over"
        );
    }
}

#[test]
fn php_takes_a_password_that_is_not_utf8_as_latin1() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "latin1");
    change_password(&user, "pässwörter".as_bytes()).must_be(200, "success");
    let credentials = basic(b"latin1:p\xe4ssw\xf6rter");
    assert_eq!(with(&user, Some(&credentials)).status, 200);
}

#[test]
fn after_many_wrong_passwords_a_name_is_locked_and_others_are_not() {
    let server = Gateway::Builtin.start("[lockout]\nfailures = 3\nwindow = \"1h\"\n");
    let user = User::new(&server, PHP, "guessed");
    let other = User::new(&server, PHP, "not-guessed");
    for _ in 0..3 {
        assert_eq!(
            user.with_password("a guess").get("info/collections").status,
            401
        );
    }
    for version in [PHP, PYTHON] {
        let locked = user.at(version).get("info/collections");
        assert_eq!(locked.status, 401, "{locked:?}");
        assert!(locked.header("WWW-Authenticate").is_some());
        assert_eq!(other.at(version).get("info/collections").status, 200);
    }
}

#[test]
fn a_disabled_account_is_refused_as_a_wrong_password_is() {
    let server = Gateway::Builtin.start("");
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("disabled-{version}"));
        assert_eq!(user.get("info/collections").status, 200);
        let database = rusqlite::Connection::open(server.data_folder().join("accounts.db"));
        let database = database.expect("the accounts' database");
        database
            .busy_timeout(std::time::Duration::from_secs(60))
            .expect("a timeout");
        let changed = database.execute("UPDATE users SET status = 0 WHERE name = ?1", [&user.name]);
        assert_eq!(changed.expect("an account"), 1);
        let refused = user.get("info/collections");
        let wrong = user.with_password("wrong password").get("info/collections");
        assert_eq!((refused.status, refused.text()), (401, wrong.text()));
    }
}

fn change_password(user: &User, new: &[u8]) -> Response {
    let path = format!("{}user/1.0/{}/password", user.server.prefix(), user.name);
    let request = Request::new("POST", path)
        .header("Host", user.server.host())
        .header(
            "Authorization",
            basic(format!("{}:{}", user.name, user.password)),
        );
    user.send(&request.body(new))
}
