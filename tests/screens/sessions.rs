//! Sessions and the tokens of forms: what holds, and what does not.

use crate::harness::Gateway;
use crate::harness::browser::Profile;
use crate::harness::visitor::{Visitor, token};
use crate::{PASSWORD, enter, registered, says, signed_in};

fn is_in(visitor: &mut Visitor<'_>) -> bool {
    visitor.open("account");
    visitor.at == "account"
}

#[test]
fn a_session_cookie_is_for_no_script_and_no_other_page() {
    let server = crate::server();
    registered(server, "cookies");
    let mut visitor = Visitor::new(server);
    let form = token(&visitor.open("account/sign-in")).unwrap();
    let fields = [("username", "cookies"), ("password", PASSWORD)];
    let answer = visitor.post("account/sign-in", &form, &fields);
    let set: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(set.len(), 2, "{set:?}");
    assert!(set[0].starts_with("weft_session="), "{set:?}");
    assert!(
        set[0].ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{set:?}"
    );
    assert!(
        set[1].starts_with("weft_visitor=; Path=/; Max-Age=0;"),
        "{set:?}"
    );
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn behind_https_the_cookie_is_for_https_and_the_path_is_the_operators() {
    let server = Gateway::Nginx.start("server.public_url = \"https://sync.example.org/weave/\"\n");
    let answer = Visitor::new(&server).open("account/sign-in");
    let cookie = answer.header("Set-Cookie").unwrap();
    let end = "; Path=/weave/; HttpOnly; SameSite=Lax; Secure";
    assert!(cookie.ends_with(end), "{cookie}");
}

#[test]
fn a_form_without_our_token_does_nothing() {
    let server = crate::server();
    let mut visitor = signed_in(server, "forged");
    let theirs = signed_in(server, "forger").open("account/clear");
    let theirs = token(&theirs).unwrap();
    let rows: [(&str, &[(&str, &str)]); 6] = [
        ("account/sign-out", &[]),
        ("account/clear", &[]),
        ("account/collection", &[("name", "bookmarks")]),
        (
            "account/email",
            &[("email", "eve@example.com"), ("old", PASSWORD)],
        ),
        (
            "account/password",
            &[
                ("old", PASSWORD),
                ("password", "of somebody else"),
                ("confirm", "of somebody else"),
            ],
        ),
        (
            "weave-delete-account",
            &[("username", "forged"), ("password", PASSWORD)],
        ),
    ];
    for (path, fields) in rows {
        for token in ["", "x", &theirs] {
            let answer = visitor.post(path, token, fields);
            assert_eq!(answer.status, 403, "{path}: {answer:?}");
            assert!(answer.text().contains("send that form again"), "{answer:?}");
        }
    }
    assert!(is_in(&mut visitor));
    assert!(
        visitor
            .open("account")
            .text()
            .contains("forged@example.com")
    );
}

#[test]
fn nobody_is_signed_in_by_a_form_of_somebody_elses_page() {
    let server = crate::server();
    registered(server, "lured");
    let mut attacker = Visitor::new(server);
    let theirs = token(&attacker.open("account/sign-in")).unwrap();
    let mut victim = Visitor::new(server);
    let fields = [("username", "lured"), ("password", PASSWORD)];
    assert_eq!(victim.post("account/sign-in", &theirs, &fields).status, 403);
    victim.open("account/sign-in");
    assert_eq!(victim.post("account/sign-in", &theirs, &fields).status, 403);
}

#[test]
fn a_changed_or_foreign_cookie_is_nobodys() {
    let server = crate::server();
    let visitor = signed_in(server, "tampered");
    signed_in(server, "tampered2");
    let (name, path, value) = visitor.cookies[0].clone();
    let parts: Vec<&str> = value.split('.').collect();
    let other = "dGFtcGVyZWQy";
    let later = (parts[1].parse::<i64>().unwrap() + 100).to_string();
    for forged in [
        format!("{other}.{}.{}.{}", parts[1], parts[2], parts[3]),
        format!("{}.{later}.{}.{}", parts[0], parts[2], parts[3]),
        format!("{}.{}.{}.", parts[0], parts[1], parts[2]),
        "nonsense".to_owned(),
        "x".repeat(5_000),
    ] {
        let mut visitor = Visitor::new(server);
        visitor.cookies.push((name.clone(), path.clone(), forged));
        assert!(!is_in(&mut visitor));
    }
}

#[test]
fn another_installation_takes_no_cookie_of_ours() {
    let server = crate::server();
    let visitor = signed_in(server, "foreign");
    let other = Gateway::Builtin.start(crate::ADMIN);
    registered(&other, "foreign");
    let mut guest = Visitor::new(&other);
    guest.cookies = visitor.cookies.clone();
    assert!(!is_in(&mut guest));
}

#[test]
fn a_new_password_ends_every_other_session() {
    let server = crate::server();
    let mut visitor = signed_in(server, "renewed");
    let mut elsewhere = enter(server, "renewed");
    let fields = [
        ("old", PASSWORD),
        ("password", "another long one"),
        ("confirm", "another long one"),
    ];
    let page = visitor.submit("account/password", &fields);
    says(&page, &["Your password is changed"]);
    assert!(is_in(&mut visitor));
    assert!(!is_in(&mut elsewhere));
    let profile = Profile::new(server, "renewed", "another long one");
    assert_eq!(
        server
            .send(&profile.desktop().get("info/collections"))
            .status,
        200
    );
    // A browser may change it as well.
    assert_eq!(
        server
            .send(&profile.desktop().change_password("a third long one"))
            .status,
        200
    );
    assert!(!is_in(&mut visitor));
}

#[test]
fn a_session_that_was_brought_along_is_not_taken_over() {
    let server = crate::server();
    let mut visitor = signed_in(server, "fixed");
    let before = visitor.cookies.clone();
    visitor.cookies.clear();
    let after = enter(server, "fixed").cookies;
    assert_ne!(before, after);
}

#[test]
fn pages_of_ones_own_ask_who_is_there() {
    let server = crate::server();
    for path in [
        "account",
        "account/password",
        "account/email",
        "account/download",
        "account/clear",
        "account/collection?name=tabs",
        "admin",
        "admin/user?name=x",
        "admin/invitations",
    ] {
        let mut visitor = Visitor::new(server);
        visitor.open(path);
        assert_eq!(visitor.at, "account/sign-in", "{path}");
    }
}

#[test]
fn workers_that_start_at_once_have_one_key() {
    let server = Gateway::Builtin.start(crate::ADMIN);
    registered(&server, "crowd");
    let visitors: Vec<bool> = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| is_in(&mut enter(&server, "crowd"))))
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    assert_eq!(visitors, [true; 6]);
}
