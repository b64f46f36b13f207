//! An account of a hundred megabytes passes through in a few.

use crate::harness::Installation;
use crate::{command, made_backup, mysql, sqlite};
use std::fs::{self, File};
use std::thread;
use std::time::Duration;

/// Beside what the program, its libraries and the database's own cache take.
const MOST_KIB: u64 = 40 * 1024;

/// Runs a command to its end; answers the most memory that it was seen to have, in KiB.
fn peak(at: &Installation, name: &str, arguments: &[&str]) -> u64 {
    let log = File::create(at.site.path("memory.log")).unwrap();
    let mut child = command(at, name, arguments).stderr(log).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim_end_matches("kB").trim().parse().ok());
        most = most.max(now.unwrap_or(0));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert!(ended.success(), "{}", at.site.logs());
    most
}

fn stays_small(settings: fn(&str) -> String) {
    let at = Installation::new();
    at.configure("one", &settings("one"));
    at.run("one", &["migrate"], "");
    let file = at
        .site
        .write("large.backup", made_backup(1, 100_000, 1_000));
    let file = file.display().to_string();
    let restore = peak(&at, "one", &["restore", &file]);
    let replace = peak(&at, "one", &["restore", &file, "--replace"]);
    let to = at.site.path("again.backup").display().to_string();
    let backup = peak(&at, "one", &["backup", "--to", &to]);
    let stream = peak(&at, "one", &["backup"]);
    println!("restore {restore} KiB, over itself {replace}, backup {backup}, to a pipe {stream}");
    assert!(fs::metadata(&to).unwrap().len() > 100_000_000);
    for peak in [restore, replace, backup, stream] {
        assert!(peak > 1_000 && peak < MOST_KIB, "{peak} KiB");
    }
}

#[test]
fn a_hundred_megabytes_in_sqlite_pass_in_a_few() {
    stays_small(sqlite);
}

#[test]
fn a_hundred_megabytes_in_mysql_pass_in_a_few() {
    stays_small(mysql);
}
