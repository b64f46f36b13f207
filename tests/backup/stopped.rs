//! Backups and restores that are killed go on where they were.

use crate::harness::Installation;
use crate::{command, made_backup, mysql, shown, sqlite};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const USERS: usize = 40;

/// Starts a command that can be killed.
fn start(at: &Installation, name: &str, arguments: &[&str]) -> Child {
    command(at, name, arguments)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs a command again and again, and kills it as soon as a file has grown by `step` bytes, until it
/// comes to its end, by which the file is gone. Answers how often it was killed.
fn killed_again_and_again(
    at: &Installation,
    (name, arguments): (&str, &[&str]),
    watched: &Path,
    step: u64,
) -> usize {
    let size = || fs::metadata(watched).map_or(0, |file| file.len());
    let deadline = Instant::now() + Duration::from_secs(240);
    for killed in 0.. {
        let mut child = start(at, name, arguments);
        let before = size();
        let ended = loop {
            if let Some(ended) = child.try_wait().unwrap() {
                break Some(ended);
            }
            if size() >= before + step {
                // Somewhere in the middle of the next.
                thread::sleep(Duration::from_millis(killed as u64 % 5));
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            assert!(Instant::now() < deadline, "{arguments:?} does not end");
        };
        if let Some(ended) = ended {
            assert!(ended.success(), "{arguments:?}: {ended:?}");
            return killed;
        }
        if !watched.exists() {
            // The kill came when all was done.
            return killed;
        }
    }
    unreachable!()
}

fn goes_on(settings: fn(&str) -> String) {
    let at = Installation::new();
    for name in ["one", "two"] {
        at.configure(name, &settings(name));
        at.run(name, &["migrate"], "");
    }
    let made = at.site.write("made.backup", made_backup(USERS, 120, 300));
    let made = made.display().to_string();
    let restore = ["restore", &made, "--resume"];
    let note = at.site.path("made.backup.restored");
    let killed = killed_again_and_again(&at, ("one", &restore), &note, 200);
    assert!(killed > 1, "it was never stopped");
    assert!(!note.exists());
    let all = shown(&at, "one");
    assert_eq!(all.len(), USERS);
    for (name, user) in &all {
        assert_eq!(user["enabled"], json!(true), "{name}");
        assert_eq!(
            user["collections"][1]["records"],
            json!(120),
            "{name}: {user}"
        );
    }

    let again = at.site.path("again.backup");
    let to = again.display().to_string();
    let backup = ["backup", "--to", &to, "--resume"];
    let part = at.site.path("again.backup.part");
    let killed = killed_again_and_again(&at, ("one", &backup), &part, 300_000);
    assert!(killed > 1, "it was never stopped");
    let done = start(&at, "two", &["restore", &to]).wait().unwrap();
    assert!(done.success());
    assert_eq!(shown(&at, "two"), all);
}

#[test]
fn a_killed_command_goes_on_with_sqlite() {
    goes_on(sqlite);
}

#[test]
fn a_killed_command_goes_on_with_mysql() {
    goes_on(mysql);
}
