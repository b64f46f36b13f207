//! From every engine into every other, and nothing is lost on the way.

use crate::harness::Installation;
use crate::{Login, PASSWORD, mysql, shown, sqlite};
use serde_json::json;

/// Makes three accounts of all kinds, with records, at a running server.
fn fill(at: &Installation, name: &str) {
    at.run(
        name,
        &["user", "add", "ada", "--email", "ada@example.org"],
        PASSWORD,
    )
    .expect();
    at.run(name, &["user", "add", "bob"], PASSWORD).expect();
    at.run(name, &["user", "add", "eve@example.com"], PASSWORD)
        .expect();
    at.run(name, &["user", "quota", "ada", "5 MB"], "").expect();
    at.run(name, &["user", "alert", "ada", "hello"], "")
        .expect();
    let node = at.serve(name, "first", None);
    let ada = Login {
        node: &node,
        name: "ada",
    };
    let odd = json!([
        {"id": "{a-b}", "payload": "gr\u{fc}n \u{1f98a} \\ \" \n\t\u{0}", "sortindex": -999_999_999},
        {"id": "A", "payload": "", "parentid": "p", "predecessorid": "q"},
        {"id": "a", "payload": "x".repeat(250_000), "sortindex": 0},
        {"id": "z", "payload": "lives", "ttl": 31_000_000}
    ]);
    ada.post("bookmarks", &odd);
    let many: Vec<_> = (0..1_250)
        .map(|n| json!({"id": format!("r{n}"), "payload": format!("{n}"), "sortindex": n}))
        .collect();
    ada.post("history", &json!(many));
    for collection in ["meta", "crypto", "addons", "Own_Collection-1", "own.2"] {
        ada.post(collection, &json!([{"id": "global", "payload": "{}"}]));
    }
    let bob = Login {
        node: &node,
        name: "bob",
    };
    bob.post(
        "tabs",
        &json!([{"id": "t", "payload": "1", "ttl": 600_000}]),
    );
    at.run(name, &["user", "disable", "bob"], "").expect();
}

fn move_all(from: &str, to: &str, at: &Installation) {
    let file = at.site.path(&format!("{from}-{to}.backup"));
    let file = file.display().to_string();
    let saved = at
        .run(from, &["backup", "--to", &file, "--json"], "")
        .json();
    assert_eq!(
        (&saved["users"], &saved["records"]),
        (&json!(3), &json!(1_260))
    );
    let tried = at
        .run(to, &["restore", &file, "--dry-run", "--json"], "")
        .json();
    assert_eq!(shown(at, to).len(), 0, "{tried}");
    let done = at.run(to, &["restore", &file, "--json"], "").json();
    assert_eq!(tried["users"], done["users"]);
    assert_eq!(done["failed"], json!([]));
}

/// What ada has, by one who logs in with her password.
fn everything(at: &Installation, name: &str) -> impl PartialEq + std::fmt::Debug + use<> {
    let node = at.serve(name, "then", None);
    let login = |name| Login { node: &node, name };
    assert_eq!(login("bob").get("info/collections").status, 401);
    login("ada").everything()
}

fn there_and_back(kinds: [fn(&str) -> String; 3]) {
    let at = Installation::new();
    for (name, settings) in ["one", "two", "three"].iter().zip(kinds) {
        at.configure(name, &settings(name));
        at.run(name, &["migrate"], "");
    }
    fill(&at, "one");
    let (expected, all) = (shown(&at, "one"), everything(&at, "one"));
    move_all("one", "two", &at);
    assert_eq!(shown(&at, "two"), expected);
    assert_eq!(everything(&at, "two"), all);
    move_all("two", "three", &at);
    assert_eq!(shown(&at, "three"), expected);
    assert_eq!(everything(&at, "three"), all);
    let enabled = at.run("three", &["user", "enable", "bob"], "");
    enabled.expect();
    let node = at.serve("three", "last", None);
    let bob = Login {
        node: &node,
        name: "bob",
    };
    assert_eq!(bob.everything().len(), 1);
}

#[test]
fn from_sqlite_to_mysql_and_back() {
    there_and_back([sqlite, mysql, sqlite]);
}

#[test]
fn from_mysql_to_mysql_and_to_sqlite() {
    there_and_back([mysql, mysql, sqlite]);
}

#[test]
fn from_sqlite_to_sqlite_through_pipes() {
    let at = Installation::new();
    for name in ["one", "two"] {
        at.configure(name, &sqlite(name));
    }
    fill(&at, "one");
    let saved = at.run("one", &["backup", "--quiet"], "");
    assert!(
        saved.errors.starts_with("3 users saved"),
        "{}",
        saved.errors
    );
    let stream = saved.expect();
    at.run("two", &["restore", "-"], &stream).expect();
    assert_eq!(shown(&at, "two"), shown(&at, "one"));
    assert_eq!(everything(&at, "two"), everything(&at, "one"));
    let left: Vec<_> = std::fs::read_dir(at.site.path("two-data"))
        .unwrap()
        .flatten()
        .collect();
    assert!(
        left.iter()
            .all(|file| !file.file_name().to_string_lossy().contains("spool")),
        "{left:?}"
    );
}
