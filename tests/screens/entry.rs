//! Signing up, in and out, and leaving for good.

use crate::harness::Gateway;
use crate::harness::browser::Profile;
use crate::harness::visitor::Visitor;
use crate::{PASSWORD, administrator, complains, registered, says, signed_in, user};

fn sign_up(visitor: &mut Visitor<'_>, name: &str) -> crate::harness::http::Response {
    let fields = [
        ("username", name),
        ("password", PASSWORD),
        ("confirm", PASSWORD),
    ];
    visitor.submit("account/sign-up", &fields)
}

#[test]
fn who_signs_up_is_signed_in_and_can_sync() {
    let server = crate::server();
    let mut visitor = Visitor::new(server);
    let page = sign_up(&mut visitor, "newcomer");
    says(
        &page,
        &[
            "Your account is made",
            "newcomer",
            "services.sync.serverURL",
        ],
    );
    let profile = Profile::new(server, "newcomer", PASSWORD);
    let synced = server.send(&profile.desktop().get("info/collections"));
    assert_eq!((synced.status, synced.text().as_str()), (200, "{}"));
}

#[test]
fn an_address_as_a_name_becomes_the_name_that_browsers_make() {
    let server = crate::server();
    let mut visitor = Visitor::new(server);
    let page = sign_up(&mut visitor, "Foo@Example.com");
    says(
        &page,
        &["oz7hj2vxbaoedyfygyyfcejz2eycjftg", "Foo@Example.com"],
    );
    let mut again = Visitor::new(server);
    let fields = [("username", " foo@example.com "), ("password", PASSWORD)];
    says(
        &again.submit("account/sign-in", &fields),
        &["oz7hj2vxbaoedyfygyyfcejz2eycjftg"],
    );
    complains(
        &sign_up(&mut Visitor::new(server), "foo@example.com"),
        "is taken",
    );
}

#[test]
fn what_is_wrong_with_a_sign_up_is_said() {
    let server = crate::server();
    let rows = [
        (
            ["", PASSWORD, PASSWORD, ""],
            "enter an e-mail address or a user name",
        ),
        (["a b", PASSWORD, PASSWORD, ""], "A user name has 1 to 32"),
        (
            ["a@b", PASSWORD, PASSWORD, ""],
            "look like an e-mail address",
        ),
        (["wrong-1", "", "", ""], "enter a password"),
        (["wrong-1", PASSWORD, "another", ""], "do not match"),
        (["wrong-1", "short", "short", ""], "at least 8"),
        (
            ["wrong-number-1", "Wrong-Number-1", "Wrong-Number-1", ""],
            "must not be your user name",
        ),
        (
            ["wrong-1", PASSWORD, PASSWORD, "x@"],
            "look like an e-mail address",
        ),
    ];
    for ([name, password, confirm, email], complaint) in rows {
        let fields = [
            ("username", name),
            ("password", password),
            ("confirm", confirm),
            ("email", email),
        ];
        let page = Visitor::new(server).submit("account/sign-up", &fields);
        complains(&page, complaint);
    }
}

#[test]
fn a_hostile_name_comes_back_as_text() {
    let server = crate::server();
    let hostile = "\"><script>alert('x')</script>`&";
    for path in ["account/sign-in", "account/sign-up", "weave-delete-account"] {
        let fields = [("username", hostile), ("password", PASSWORD)];
        let page = Visitor::new(server).submit(path, &fields);
        let text = page.text();
        assert_eq!(page.status, 400, "{text}");
        assert!(!text.contains("<script"), "{text}");
        assert!(
            text.contains("&#60;script&#62;") || text.contains("&lt;script&gt;"),
            "{text}"
        );
    }
    let query = "weave-password-reset?key=%22%3E%3Cb%3E&username=%3Cb%3E";
    let page = Visitor::new(server).open(query);
    assert!(!page.text().contains("<b>"), "{page:?}");
}

#[test]
fn closed_sign_up_says_whom_to_ask() {
    let server = Gateway::Builtin
        .start("registration.mode = \"closed\"\nmail.contact = \"Grace <grace@example.org>\"\n");
    let page = Visitor::new(&server).open("account/sign-up");
    says(
        &page,
        &[
            "Nobody can sign up here",
            "Grace &#60;grace@example.org&#62;",
        ],
    );
    says(
        &Visitor::new(&server).open(""),
        &["Sign-up is closed", "Grace"],
    );
}

#[test]
fn an_invitation_opens_the_door_once() {
    let mode = "mode = \"invite\"\n";
    let server = Gateway::Builtin.start(&format!("{}{mode}", crate::ADMIN));
    let mut admin = administrator(&server);
    let fields = [("do", "invite"), ("note", "for <Ada>"), ("days", "3")];
    let page = admin.submit("admin/invitations", &fields);
    says(&page, &["for &#60;Ada&#62;", "account/sign-up?invitation="]);
    let text = page.text();
    let (_, link) = text.split_once("account/sign-up?invitation=").unwrap();
    let code = link.split('"').next().unwrap();

    let mut ada = Visitor::new(&server);
    let form = ada.open(&format!("account/sign-up?invitation={code}"));
    says(&form, &[&format!("value=\"{code}\"")]);
    let with = |name: &'static str, code: &str| {
        let fields = [
            ("invitation", code),
            ("username", name),
            ("password", PASSWORD),
            ("confirm", PASSWORD),
        ];
        Visitor::new(&server).submit("account/sign-up", &fields)
    };
    complains(&with("ada", "ABCD"), "invitation is not good");
    complains(&with("ada", ""), "invitation is not good");
    says(&with("ada", code), &["Your account is made"]);
    complains(&with("eve", code), "invitation is not good");
    says(
        &admin.open("admin/invitations"),
        &["<span class=\"cell\">ada</span>"],
    );
}

#[test]
fn nobody_signs_up_as_the_administrator() {
    let server = Gateway::Builtin.start(crate::ADMIN);
    complains(&sign_up(&mut Visitor::new(&server), "Root"), "is taken");
    let profile = Profile::new(&server, "root", PASSWORD);
    let by_api = server.send(&profile.desktop().create("eve@example.com"));
    assert_eq!((by_api.status, by_api.text().as_str()), (400, "4"));
    assert_eq!(server.send(&profile.desktop().exists()).text(), "1");
}

#[test]
fn a_wrong_password_is_refused_and_too_many_are_stopped() {
    let server = Gateway::Builtin.start(&format!("{}[lockout]\nfailures = 0\n", crate::ADMIN));
    registered(&server, "guessed");
    let mut visitor = Visitor::new(&server);
    let wrong = [("username", "guessed"), ("password", "not the password")];
    for _ in 0..20 {
        complains(
            &visitor.submit("account/sign-in", &wrong),
            "belong together",
        );
    }
    let right = [("username", "guessed"), ("password", PASSWORD)];
    let stopped = visitor.submit("account/sign-in", &right);
    assert_eq!(stopped.status, 429, "{stopped:?}");
    assert!(stopped.text().contains("Too many attempts"), "{stopped:?}");
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn a_cgi_program_remembers_wrong_passwords_too() {
    let server = Gateway::Cgi.start(crate::ADMIN);
    registered(&server, "guessed");
    let mut visitor = Visitor::new(&server);
    let wrong = [("username", "guessed"), ("password", "not the password")];
    let refused = (0..21).map(|_| visitor.submit("account/sign-in", &wrong).status);
    assert_eq!(refused.last(), Some(429));
}

#[test]
fn who_leaves_takes_everything_along() {
    let server = crate::server();
    let user = user(server, "leaver");
    user.put("storage/bookmarks/a", r#"{"payload":"x"}"#);
    let mut visitor = Visitor::new(server);
    let page = "weave-delete-account";
    complains(
        &visitor.submit(page, &[("username", "leaver")]),
        "Missing data",
    );
    let wrong = [("username", "leaver"), ("password", "not the password")];
    complains(&visitor.submit(page, &wrong), "Bad credentials");
    let right = [("username", "leaver"), ("password", PASSWORD)];
    says(&visitor.submit(page, &right), &["Account removed"]);
    assert_eq!(user.get("info/collections").status, 401);
    let again = crate::user(server, "leaver");
    assert_eq!(again.get("info/collections").text(), "{}");
}

#[test]
fn who_signs_out_is_out() {
    let server = crate::server();
    let mut visitor = signed_in(server, "outgoing");
    let page = visitor.open("account");
    let token = crate::harness::visitor::token(&page).unwrap();
    let gone = visitor.post("account/sign-out", &token, &[]);
    assert_eq!(gone.status, 303);
    visitor.open("account");
    assert_eq!(visitor.at, "account/sign-in");
}
