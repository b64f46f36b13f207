//! `weft backup` and `weft restore`, as far as they don't need anything to save.

use super::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_backup_gets_its_name_when_it_is_whole_and_is_nobody_else_s() {
    let machine = Machine::new();
    let done = machine.run("weft backup --to all.backup");
    assert_eq!(done.code, 0, "{}", done.errors);
    assert!(done.output.starts_with("2 users saved"), "{}", done.output);
    assert!(
        done.output.contains("19, 20 and 2 more\n"),
        "{}",
        done.output
    );
    assert_eq!(done.errors, "1 of 2 users\n");
    let path = machine.root.path().join("all.backup");
    assert_eq!(fs::read_to_string(&path).unwrap(), "saved\n");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let done = machine.run("weft backup --to all.backup");
    assert_eq!((done.code, done.asked.len()), (1, 0));
    assert!(done.errors.contains("--force"), "{}", done.errors);
    assert_eq!(machine.run("weft backup --to all.backup --force").code, 0);
}

#[test]
fn a_backup_that_is_not_whole_keeps_its_other_name() {
    let machine = Machine::new();
    let done = machine.run("weft backup --to all.backup --only-records --quiet");
    assert_eq!(done.code, 1);
    assert!(
        done.output.contains("ada was not saved: busy"),
        "{}",
        done.output
    );
    assert!(done.errors.contains("--resume") && !done.errors.contains("of 2"));
    assert!(!machine.root.path().join("all.backup").exists());
    let part = machine.root.path().join("all.backup.part");
    assert!(part.exists());
    let done = machine.run("weft backup --to all.backup");
    assert!(done.errors.contains("--resume"), "{}", done.errors);
    assert_eq!(machine.run("weft backup --to all.backup --resume").code, 0);
    assert!(!part.exists());
}

#[test]
fn a_backup_may_go_into_a_pipe_and_come_out_of_one() {
    let machine = Machine::new();
    let done = machine.run("weft backup --user ada --json");
    assert_eq!((done.code, &*done.output), (0, "saved\n"));
    let json: serde_json::Value = serde_json::from_str(&done.errors).unwrap();
    assert_eq!(json["users"], 2);
    assert_eq!(done.asked, ["backup Some(\"ada\")"]);

    let done = machine.run_with_input("weft restore - --user ada --as bob --replace", "lines");
    assert_eq!(done.asked, ["restore lines Some(\"bob\") true"]);
    assert!(
        done.output
            .starts_with("records of 1 user restored: 3, 4.0 kB\n"),
        "{}",
        done.output
    );
    let done = machine.run_with_input("weft restore - --resume", "lines");
    assert_eq!((done.code, done.asked.len()), (1, 0));
}

#[test]
fn a_backup_does_not_go_to_the_screen() {
    let mut machine = Machine::new();
    machine.to_terminal = true;
    let done = machine.run("weft backup");
    assert_eq!(
        (done.code, done.output.as_str(), done.asked.len()),
        (1, "", 0)
    );
    assert!(
        done.errors.contains("weft backup --to all.backup"),
        "{}",
        done.errors
    );
    assert!(
        done.errors.contains("weft backup | gzip"),
        "{}",
        done.errors
    );
    let done = machine.run("weft backup --to all.backup");
    assert!(done.code == 0 && done.output.contains("2 users saved"));
}

#[test]
fn a_restore_reads_a_file_and_may_be_tried_out() {
    let machine = Machine::new();
    let path = machine.root.path().join("all.backup");
    fs::write(&path, "lines").unwrap();
    let line = format!("weft restore {} --dry-run", path.display());
    let done = machine.run(&line);
    assert!(
        done.asked[0].contains("all.backup.restored None false"),
        "{:?}",
        done.asked
    );
    assert!(done.output.contains("would be restored"), "{}", done.output);
    let done = machine.run("weft restore nothing.backup");
    assert_eq!((done.code, done.asked.len()), (1, 0));
    for line in [
        "weft backup --resume",
        "weft backup --only-accounts --only-records",
        "weft restore x --as bob",
        "weft restore x --keep-times --replace",
        "weft restore",
    ] {
        assert_eq!(machine.run(line).code, 2, "{line}");
    }
}
