//! Backups and restores that are killed go on where they were.

use crate::harness::Installation;
use crate::{command, made_backup, mysql, shown, sqlite};
use serde_json::json;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const USERS: usize = 40;

/// Starts a command that can be killed. With `most`, the system kills it when it writes behind so many
/// bytes of any file.
fn start(at: &Installation, name: &str, arguments: &[&str], most: Option<u64>) -> Child {
    let mut plain = command(at, name, arguments);
    let Some(most) = most else {
        return plain.stderr(Stdio::null()).spawn().unwrap();
    };
    let mut limited = Command::new("prlimit");
    limited
        .args(["--core=0", &format!("--fsize={most}")])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env_clear()
        .current_dir(&at.site.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for (variable, value) in plain.get_envs() {
        limited.env(variable, value.unwrap());
    }
    limited.spawn().unwrap()
}

/// A command that is stopped again and again.
struct Stopped<'s> {
    name: &'s str,
    arguments: &'s [&'s str],
    /// The file that grows with what is done, and is gone when all is.
    watched: &'s Path,
    /// It is killed a little after that file has grown by so many bytes.
    step: u64,
    /// What else grows, and by how much at most before the system kills it: on a machine that does much
    /// else, whoever only looks on may see nothing before all is done.
    folder: Option<&'s Path>,
    room: u64,
}

impl Stopped<'_> {
    /// Runs it again and again until it comes to its end. Answers how often it was killed.
    fn until_it_ends(&self, at: &Installation) -> usize {
        let size = || fs::metadata(self.watched).map_or(0, |file| file.len());
        let deadline = Instant::now() + Duration::from_secs(240);
        for killed in 0.. {
            let before = size();
            let most = before.max(self.folder.map_or(0, largest)) + self.room;
            let mut child = start(at, self.name, self.arguments, Some(most));
            let ended = loop {
                if let Some(ended) = child.try_wait().unwrap() {
                    break ended;
                }
                if size() >= before + self.step {
                    // Somewhere in the middle of the next.
                    thread::sleep(Duration::from_millis(killed as u64 % 5));
                    child.kill().unwrap();
                    break child.wait().unwrap();
                }
                assert!(Instant::now() < deadline, "it does not end");
            };
            if ended.success() || !self.watched.exists() {
                // It may have been killed when all was done.
                return killed;
            }
            assert!(ended.signal().is_some(), "{:?}: {ended:?}", self.arguments);
        }
        unreachable!()
    }
}

/// Bytes of the largest file of a folder.
fn largest(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().flatten();
    let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
    sizes.max().unwrap_or(0)
}

/// `room` is for the files that a restore writes: enough for one user, not for many.
fn goes_on(settings: fn(&str) -> String, room: u64) {
    let at = Installation::new();
    for name in ["one", "two"] {
        at.configure(name, &settings(name));
        at.run(name, &["migrate"], "");
    }
    let made = at.site.write("made.backup", made_backup(USERS, 120, 300));
    let made = made.display().to_string();
    let restore = ["restore", &made, "--resume"];
    let note = at.site.path("made.backup.restored");
    let restore = Stopped {
        name: "one",
        arguments: &restore,
        watched: &note,
        step: 200,
        folder: Some(&at.site.path("one-data")),
        room,
    };
    let killed = restore.until_it_ends(&at);
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
    let backup = Stopped {
        name: "one",
        arguments: &backup,
        watched: &part,
        step: 300_000,
        folder: None,
        room: 500_000,
    };
    let killed = backup.until_it_ends(&at);
    assert!(killed > 1, "it was never stopped");
    let done = start(&at, "two", &["restore", &to], None).wait().unwrap();
    assert!(done.success());
    assert_eq!(shown(&at, "two"), all);
}

#[test]
fn a_killed_command_goes_on_with_sqlite() {
    goes_on(sqlite, 1_000_000);
}

#[test]
fn a_killed_command_goes_on_with_mysql() {
    goes_on(mysql, 300);
}
