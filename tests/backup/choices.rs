//! Whom, what of it, and what may go for it.

use crate::harness::Installation;
use crate::{Login, PASSWORD, shown, sqlite};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// An installation with ada and bob, who have a record each, and the path of a backup of them.
fn here() -> (Installation, String) {
    let at = Installation::new();
    for name in ["one", "two"] {
        at.configure(name, &sqlite(name));
    }
    for user in ["ada", "bob"] {
        at.run("one", &["user", "add", user], PASSWORD).expect();
    }
    let node = at.serve("one", "first", None);
    for name in ["ada", "bob"] {
        let login = Login { node: &node, name };
        login.post("bookmarks", &json!([{"id": "a", "payload": name}]));
    }
    let file = at.site.path("all.backup").display().to_string();
    at.run("one", &["backup", "--to", &file], "").expect();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    (at, file)
}

fn payload(at: &Installation, config: &str, name: &str) -> Value {
    let node = at.serve(config, "serve", None);
    let answer = Login { node: &node, name }.get("storage/bookmarks/a");
    match answer.status {
        200 => answer.json()["payload"].clone(),
        status => json!(status),
    }
}

#[test]
fn a_backup_that_could_not_begin_is_not_in_the_way_of_the_next() {
    let (at, file) = here();
    let file = file.replace("all", "next");
    let none = at.run("one", &["backup", "--to", &file, "--user", "nobody"], "");
    assert_eq!(none.code, 1, "{none:?}");
    at.run("one", &["backup", "--to", &file], "").expect();
}

#[test]
fn one_user_may_be_chosen_and_another_get_the_records() {
    let (at, file) = here();
    at.run("two", &["restore", &file, "--user", "bob"], "")
        .expect();
    assert_eq!(shown(&at, "two").keys().collect::<Vec<_>>(), ["bob"]);
    at.run(
        "two",
        &["restore", &file, "--user", "ada", "--as", "eve"],
        "",
    )
    .expect();
    assert_eq!(shown(&at, "two").keys().collect::<Vec<_>>(), ["bob", "eve"]);
    assert_eq!(payload(&at, "two", "eve"), "ada");
    let nobody = at.run("two", &["restore", &file, "--user", "nobody"], "");
    assert!(
        nobody.code == 1 && nobody.errors.contains("not in the backup"),
        "{nobody:?}"
    );
    let one = at
        .run("one", &["backup", "--user", "bob", "--quiet"], "")
        .expect();
    assert!(one.contains("\"bob\"") && !one.contains("\"ada\""));
}

#[test]
fn records_and_accounts_may_be_restored_alone() {
    let (at, file) = here();
    let refused = at.run("two", &["restore", &file, "--only-records", "--json"], "");
    let told: Value = serde_json::from_str(&refused.output).unwrap();
    assert_eq!(
        (refused.code, told["failed"].as_array().map(Vec::len)),
        (1, Some(2))
    );
    at.run(
        "two",
        &["restore", &file, "--resume", "--only-accounts"],
        "",
    )
    .expect();
    assert_eq!(payload(&at, "two", "ada"), 404);
    at.run("two", &["restore", &file, "--only-records"], "")
        .expect();
    assert_eq!(payload(&at, "two", "ada"), "ada");
}

#[test]
fn what_is_there_goes_only_when_it_may() {
    let (at, file) = here();
    at.run("one", &["user", "password", "ada"], "another password")
        .expect();
    at.run("one", &["user", "quota", "ada", "1 MB"], "")
        .expect();
    let refused = at.run("one", &["restore", &file], "");
    assert!(
        refused.code == 1 && refused.errors.contains("ada, bob"),
        "{refused:?}"
    );
    at.run("one", &["restore", &file, "--replace"], "").expect();
    assert_eq!(
        payload(&at, "one", "ada"),
        401,
        "the password is left as it is"
    );
    assert_eq!(shown(&at, "one")["ada"]["quota_bytes"], json!(1_000_000));
    at.run(
        "one",
        &["restore", &file, "--replace", "--replace-accounts"],
        "",
    )
    .expect();
    assert_eq!(payload(&at, "one", "ada"), "ada");
    assert_eq!(shown(&at, "one")["ada"]["quota_bytes"], json!(null));
}

#[test]
fn times_are_new_unless_they_are_to_be_kept() {
    let (at, file) = here();
    let times = |name: &str| {
        let node = at.serve(name, "times", None);
        let login = Login {
            node: &node,
            name: "ada",
        };
        (login.times(), login.get("storage/bookmarks/a").json())
    };
    let before = times("one");
    at.run("two", &["restore", &file, "--user", "ada"], "")
        .expect();
    let (told, record) = times("two");
    assert!(told["bookmarks"] > before.0["bookmarks"]);
    assert_ne!(record["modified"], before.1["modified"]);
    at.run("two", &["user", "delete", "ada", "--yes"], "")
        .expect();
    at.run(
        "two",
        &["restore", &file, "--user", "ada", "--keep-times"],
        "",
    )
    .expect();
    assert_eq!(times("two"), before);
}

#[test]
fn accounts_keep_their_numbers_where_these_are_free() {
    let (at, file) = here();
    // The accounts are lost, the records are not.
    for name in ["accounts.db", "accounts.db-wal", "accounts.db-shm"] {
        let _ = fs::remove_file(at.site.path("one-data").join(name));
    }
    at.run("one", &["restore", &file, "--only-accounts"], "")
        .expect();
    assert_eq!(payload(&at, "one", "bob"), "bob");
    assert_eq!(payload(&at, "one", "ada"), "ada");
}

#[test]
fn before_a_person_it_asks_for_a_file_and_before_a_pipe_it_writes() {
    let (at, _) = here();
    let typed = "script --quiet --return --command 'weft backup --config one.toml' /dev/null";
    let refused = at.shell(typed);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.output.contains("weft backup --to all.backup")
            && !refused.output.contains("payload"),
        "{refused:?}"
    );
    let piped = at.shell("weft backup --config one.toml | tail -n 1");
    assert!(piped.output.starts_with('{'), "{piped:?}");
}
