//! Forgotten passwords, at the URL that browsers open.

use crate::harness::Gateway;
use crate::harness::visitor::Visitor;
use crate::{ADMIN, PASSWORD, administrator, complains, enter, says, signed_in};

const PAGE: &str = "weave-password-reset";

/// The code of a link that the administrator makes.
fn code(admin: &mut Visitor<'_>, name: &str) -> String {
    let fields = [("do", "reset-link"), ("name", name)];
    let page = admin.submit(&format!("admin/user?name={name}"), &fields);
    says(&page, &["shown this once"]);
    let text = page.text();
    let (_, rest) = text.split_once("key=").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn without_mail_the_page_says_whom_to_ask() {
    let server = Gateway::Builtin.start("mail.contact = \"Grace Hopper\"\n");
    let page = Visitor::new(&server).open(PAGE);
    says(&page, &["can&#39;t send letters", "Grace Hopper"]);
}

#[test]
fn a_code_opens_the_account_once() {
    let server = Gateway::Builtin.start(ADMIN);
    signed_in(&server, "forgetful");
    let mut admin = administrator(&server);
    let code = code(&mut admin, "forgetful");
    let new = "remembered this time";
    let mut visitor = Visitor::new(&server);
    let link = format!("{PAGE}?username=forgetful&key={code}");
    says(
        &visitor.open(&link),
        &["For the account forgetful", "pchange"],
    );
    let full = [
        ("username", "forgetful"),
        ("key", code.as_str()),
        ("password", new),
        ("confirm", new),
        ("pchange", "1"),
    ];
    let page = visitor.submit(&link, &full);
    says(&page, &["Password successfully changed"]);
    complains(
        &visitor.submit(&link, &full),
        "Key does not match with username",
    );
    let fields = [("username", "forgetful"), ("password", new)];
    says(&visitor.submit("account/sign-in", &fields), &["My account"]);
}

#[test]
fn errors_are_told_in_the_order_of_the_python_server() {
    let server = Gateway::Builtin.start(ADMIN);
    signed_in(&server, "ordered");
    let mut admin = administrator(&server);
    code(&mut admin, "ordered");
    let rows = [
        (["", "x", "", ""], "Username not provided"),
        (["nobody", "x", "", ""], "unable to locate your account"),
        (["ordered", "x", "", "b"], "enter a password"),
        (["ordered", "x", "short", "b"], "do not match"),
        (["ordered", "x", "short", "short"], "at least 8"),
        (
            ["ordered", "x", "long enough", "long enough"],
            "Key does not match",
        ),
    ];
    for ([name, key, password, confirm], complaint) in rows {
        let fields = [
            ("username", name),
            ("key", key),
            ("password", password),
            ("confirm", confirm),
        ];
        let page = Visitor::new(&server).submit(&format!("{PAGE}?key=x"), &fields);
        complains(&page, complaint);
        assert!(page.text().contains("name=\"confirm\""), "{page:?}");
    }
    enter(&server, "ordered");
    assert_eq!(PASSWORD.len(), 15);
}
