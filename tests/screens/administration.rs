//! The administrator's pages.

use crate::harness::Gateway;
use crate::harness::visitor::Visitor;
use crate::{ADMIN, PASSWORD, administrator, complains, enter, says, signed_in, user};

#[test]
fn only_administrators_see_them() {
    let server = Gateway::Builtin.start(ADMIN);
    let mut visitor = signed_in(&server, "curious");
    for path in ["admin", "admin/user?name=curious", "admin/invitations"] {
        assert_eq!(visitor.open(path).status, 403, "{path}");
    }
    let page = visitor.open("account");
    let token = crate::harness::visitor::token(&page).unwrap();
    let fields = [("name", "curious"), ("do", "quota"), ("quota", "1000")];
    assert_eq!(visitor.post("admin/user", &token, &fields).status, 403);
    assert!(!page.text().contains("Administration"), "{page:?}");
    says(&administrator(&server).open("account"), &["Administration"]);
}

#[test]
fn users_are_listed_found_and_turned_over() {
    let server = Gateway::Builtin.start(ADMIN);
    let user = user(&server, "ada");
    user.put(
        "storage/tabs/a",
        format!(r#"{{"payload":"{}"}}"#, "x".repeat(2_000)),
    );
    let mut admin = administrator(&server);
    says(
        &admin.open("admin"),
        &["2 users", "ada", "2.0 KB", "enabled", "root@example.com"],
    );
    says(
        &admin.open("admin?q=AD"),
        &["1 user", "admin/user?name=ada"],
    );
    says(
        &admin.open("admin?q=root@ex"),
        &["1 user", "admin/user?name=root"],
    );
    says(&admin.open("admin?q=%3Cb%3E"), &["No user fits"]);
    says(&admin.open("admin?page=99999999999999999999"), &["2 users"]);
}

#[test]
fn a_disabled_user_is_out_at_once_and_back_again() {
    let server = Gateway::Builtin.start(ADMIN);
    let user = user(&server, "ada");
    let mut ada = enter(&server, "ada");
    let mut admin = administrator(&server);
    let page = "admin/user?name=ada";
    let disabled = admin.submit(page, &[("name", "ada"), ("do", "disable")]);
    says(&disabled, &["Saved.", "disabled"]);
    assert_eq!(user.get("info/collections").status, 401);
    ada.open("account");
    assert_eq!(ada.at, "account/sign-in");
    says(
        &admin.submit(page, &[("name", "ada"), ("do", "enable")]),
        &["Saved."],
    );
    assert_eq!(user.get("info/collections").status, 200);
    let own = [("name", "root"), ("do", "disable")];
    complains(
        &admin.submit("admin/user?name=root", &own),
        "your own account",
    );
}

#[test]
fn quota_and_alert_reach_the_users_browser() {
    let server = Gateway::Builtin.start(ADMIN);
    let user = user(&server, "ada");
    let mut admin = administrator(&server);
    let page = "admin/user?name=ada";
    let quota = |text: &'static str| [("name", "ada"), ("do", "quota"), ("quota", text)];
    says(&admin.submit(page, &quota("0.5")), &["500 KB"]);
    assert_eq!(user.get("info/quota").json()[1], 488);
    complains(&admin.submit(page, &quota("much")), "number of megabytes");
    let alert = [
        ("name", "ada"),
        ("do", "alert"),
        ("alert", "Maintenance <b>tonight</b>"),
    ];
    says(
        &admin.submit(page, &alert),
        &["Maintenance &#60;b&#62;tonight"],
    );
    let told = user.get("info/collections");
    assert_eq!(
        told.header("X-Weave-Alert"),
        Some("Maintenance <b>tonight</b>")
    );
    let none = [("name", "ada"), ("do", "alert"), ("alert", "")];
    says(&admin.submit(page, &none), &["Saved."]);
    assert_eq!(user.get("info/collections").header("X-Weave-Alert"), None);
    assert_eq!(admin.open("admin/user?name=nobody").status, 404);
}

#[test]
fn an_invitation_can_be_revoked() {
    let server = Gateway::Builtin.start(ADMIN);
    let mut admin = administrator(&server);
    let made = [("do", "invite"), ("note", "Bob"), ("days", "7")];
    says(
        &admin.submit("admin/invitations", &made),
        &["Bob", "not by invitation now"],
    );
    let zero = [("do", "invite"), ("days", "0")];
    complains(&admin.submit("admin/invitations", &zero), "from 1 to 365");
    let revoked = admin.submit("admin/invitations", &[("do", "revoke"), ("number", "1")]);
    says(&revoked, &["The invitation is revoked"]);
}

#[test]
fn health_and_the_last_failures_are_shown_with_their_cause() {
    let server = Gateway::Builtin.start(ADMIN);
    let mut admin = administrator(&server);
    says(
        &admin.open("admin"),
        &[
            "Storage of records",
            "well",
            "No failure was noted",
            "not set up",
        ],
    );
    let database = server.data_folder().join("weft.db");
    let user = user(&server, "ada");
    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", database.display());
        std::fs::remove_file(&file).ok();
    }
    std::fs::write(
        &database,
        "this is no database at all, whatever its name says ".repeat(50),
    )
    .unwrap();
    assert_eq!(user.get("info/collections").status, 503);
    let failures = std::fs::read_to_string(server.data_folder().join("failures.log")).unwrap();
    assert!(failures.contains("storage is"), "{failures}");
    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", database.display());
        std::fs::remove_file(&file).ok();
    }
    std::fs::remove_file(server.data_folder().join("weft.db-clock")).ok();
    let mut visitor = Visitor::new(&server);
    let fields = [("username", "root"), ("password", PASSWORD)];
    visitor.submit("account/sign-in", &fields);
    let page = visitor.open("admin");
    says(&page, &["damaged. Restore the last backup"]);
}
