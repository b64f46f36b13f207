//! The doctor's page, for administrators without a shell.

use crate::harness::Gateway;
use crate::harness::browser::Profile;
use crate::harness::visitor::Visitor;
use crate::harness::{Server, private};

const PASSWORD: &str = "a long password";

/// A server with an administrator, who is signed in.
fn server(gateway: Gateway, settings: &str) -> Server {
    let server = gateway.start(&format!("[web]\nadmins = [\"root\"]\n{settings}"));
    private(&server.program_folder().join("weft.toml"));
    server.command(&["user", "add", "root"], PASSWORD).expect();
    server
}

fn examined(server: &Server) -> String {
    let mut visitor = Visitor::new(server);
    let fields = [("username", "root"), ("password", PASSWORD)];
    visitor.submit("account/sign-in", &fields);
    assert_eq!(visitor.at, "account");
    let page = visitor.submit("admin/doctor", &[]);
    assert_eq!(page.status, 200, "{page:?}");
    page.text()
}

#[test]
fn a_sound_server_finds_nothing_wrong_with_itself() {
    let server = server(Gateway::Builtin, "");
    let page = examined(&server);
    assert!(page.contains("Nothing is wrong."), "{page}");
    assert!(
        page.contains("An upload of 300000 bytes arrives."),
        "{page}"
    );
    let users = server.command(&["user", "list"], "").expect();
    assert_eq!(users.lines().count(), 1, "{users}");
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn a_web_account_without_a_shell_learns_what_is_wrong() {
    let page = examined(&server(Gateway::HtaccessFcgid, ""));
    assert!(
        page.contains("An upload of 300000 bytes does not get through"),
        "{page}"
    );
    assert!(page.contains("apache/htaccess-cgi/.htaccess"), "{page}");
    let page = examined(&server(Gateway::Cgi, ""));
    assert!(page.contains("Nothing is wrong."), "{page}");
}

#[test]
fn a_server_with_one_worker_says_that_it_can_not_answer_itself() {
    let page = examined(&server(Gateway::Builtin, "[server]\nworkers = 1\n"));
    assert!(page.contains("call to itself"), "{page}");
    assert!(page.contains("workers = 8"), "{page}");
}

#[test]
fn only_administrators_examine() {
    let server = server(Gateway::Builtin, "");
    let profile = Profile::new(&server, "curious", PASSWORD);
    let made = server.send(&profile.desktop().create("curious@example.org"));
    assert_eq!(made.status, 200, "{made:?}");
    let mut visitor = Visitor::new(&server);
    let fields = [("username", "curious"), ("password", PASSWORD)];
    let page = visitor.submit("account/sign-in", &fields);
    let token = crate::harness::visitor::token(&page).unwrap();
    assert_eq!(visitor.open("admin/doctor").status, 403);
    assert_eq!(visitor.post("admin/doctor", &token, &[]).status, 403);
}
