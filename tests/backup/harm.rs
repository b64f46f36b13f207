//! Files that came to harm: nothing is done with them, or only what is whole in them is.

use crate::harness::Installation;
use crate::{made_backup, shown, sqlite};
use serde_json::json;

/// An installation with somebody in it, and a backup of three others.
fn here() -> (Installation, Vec<u8>) {
    let at = Installation::new();
    at.configure("one", &sqlite("one"));
    at.site.write("first.backup", made_backup(1, 5, 100));
    let first = at.site.path("first.backup").display().to_string();
    let only = ["restore", &first, "--user", "u000", "--as", "ada"];
    at.run("one", &only, "").expect();
    (at, made_backup(3, 40, 100))
}

#[test]
fn nothing_is_done_with_a_file_that_was_cut_short_or_changed() {
    let (at, whole) = here();
    let before = shown(&at, "one");
    assert_eq!(before.keys().collect::<Vec<_>>(), ["ada"]);
    let mut harmed: Vec<Vec<u8>> = vec![Vec::new(), b"hello\n".to_vec()];
    harmed.extend((1..8).map(|part| whole[..whole.len() * part / 8].to_vec()));
    harmed.push(whole[..whole.len() - 1].to_vec());
    for part in 1..8 {
        let mut changed = whole.clone();
        changed[whole.len() * part / 8] ^= 4;
        harmed.push(changed);
    }
    for (number, bytes) in harmed.iter().enumerate() {
        let file = at.site.write("harmed.backup", bytes).display().to_string();
        let done = at.run("one", &["restore", &file], "");
        assert_eq!(done.code, 1, "{number}: {done:?}");
        assert!(
            done.errors.starts_with("looking") && done.errors.contains("weft: "),
            "{done:?}"
        );
        assert_eq!(shown(&at, "one"), before, "{number}");
    }
}

#[test]
fn what_is_whole_in_a_damaged_file_can_be_saved() {
    let (at, mut bytes) = here();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    let file = at.site.write("harmed.backup", &bytes).display().to_string();
    let done = at.run("one", &["restore", &file], "");
    assert!(
        done.errors.contains("u001: ") && done.errors.contains("--salvage"),
        "{done:?}"
    );
    let done = at
        .run("one", &["restore", &file, "--salvage", "--json"], "")
        .json();
    assert_eq!(done["flaws"].as_array().map(Vec::len), Some(1), "{done}");
    let names: Vec<_> = shown(&at, "one").into_keys().collect();
    assert_eq!(names, ["ada", "u000", "u002"]);
    assert_eq!(
        shown(&at, "one")["u002"]["collections"][1]["records"],
        json!(40)
    );
}
