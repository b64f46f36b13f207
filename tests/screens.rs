//! The pages for people, used as people use them: whole ways through them, without script, over the
//! real program behind the doors that hosts have.

mod harness;
mod screens {
    mod account;
    mod administration;
    mod entry;
    mod pages;
    mod passwords;
    mod sessions;
}

use harness::api::{PYTHON, User};
use harness::browser::Profile;
use harness::http::Response;
use harness::visitor::Visitor;
use harness::{Gateway, Server};
use std::sync::OnceLock;

/// The password that the harness gives to everybody.
const PASSWORD: &str = "a long password";

/// Settings with an administrator whom [`administrator`] makes, and with the operator's secret.
const ADMIN: &str = "[web]\nadmins = [\"root\"]\n[registration]\nsecret = \"operators-own\"\n";

/// The server of all tests that need nothing special.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Gateway::Builtin.start(ADMIN))
}

/// A person with an account, made as the operator's own tools make it: sign-ups are counted, and a
/// test program has many.
fn registered(server: &Server, name: &str) -> Profile {
    let profile = Profile::new(server, name, PASSWORD);
    let create = profile.desktop().create(&format!("{name}@example.com"));
    let made = server.send(&create.header("X-Weave-Secret", "operators-own"));
    assert_eq!(made.status, 200, "{made:?}");
    profile
}

/// The same, asking the storage API.
fn user<'s>(server: &'s Server, name: &str) -> User<'s> {
    let Profile { user, password, .. } = registered(server, name);
    User {
        server,
        version: PYTHON,
        name: user,
        password,
    }
}

/// Makes an account, and signs in on the pages.
fn signed_in<'s>(server: &'s Server, name: &str) -> Visitor<'s> {
    registered(server, name);
    enter(server, name)
}

/// Signs in on the pages.
fn enter<'s>(server: &'s Server, name: &str) -> Visitor<'s> {
    let mut visitor = Visitor::new(server);
    let fields = [("username", name), ("password", PASSWORD)];
    let page = visitor.submit("account/sign-in", &fields);
    assert_eq!(
        (page.status, visitor.at.as_str()),
        (200, "account"),
        "{page:?}"
    );
    visitor
}

/// Makes the administrator, and signs in on the pages.
fn administrator(server: &Server) -> Visitor<'_> {
    signed_in(server, "root")
}

/// Fails unless the page is well and says all of this.
fn says(page: &Response, words: &[&str]) {
    assert_eq!(page.status, 200, "{page:?}");
    for word in words {
        assert!(page.text().contains(word), "no {word:?} in {}", page.text());
    }
}

/// Fails unless the form came back with this complaint.
fn complains(page: &Response, words: &str) {
    let text = page.text();
    assert_eq!(page.status, 400, "{text}");
    assert!(
        text.contains("role=\"alert\"") && text.contains(words),
        "no {words:?} in {text}"
    );
}
