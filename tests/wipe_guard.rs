//! The database is away while browsers sync, and none of them is talked into a wipe.
//!
//! A desktop that fails twice to read `meta/global` with anything but 401 overwrites it and deletes
//! every collection; an Android phone that hears 401 tells its owner that the password was changed. A
//! 404 for `crypto/keys`, or a list of collections that is empty, wipes at once. So each test makes the
//! database unusable for real, asks what a sync asks, and makes it usable again.

#[macro_use]
mod harness;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use harness::browser::Profile;
use harness::http::Response;
use harness::{Gateway, Server};
use rusqlite::Connection;

/// Short enough to wait for the end of it.
const SHORT: &str = "[storage]\nwipe_guard = \"1s\"\nbusy_timeout = \"200ms\"\n";
/// Longer than any disturbance here.
const LONG: &str = "[storage]\nwipe_guard = \"2min\"\nbusy_timeout = \"200ms\"\n";

/// A person whose account holds what every sync begins with.
fn person(server: &Server) -> Profile {
    let profile = Profile::registered(server, "precious");
    let record = br#"{"payload":"{\"storageVersion\":5}"}"#;
    for path in [
        "storage/meta/global",
        "storage/crypto/keys",
        "storage/forms/a",
    ] {
        let written = server.send(&profile.desktop().put(path, record));
        assert_eq!(written.status, 200, "{written:?}");
    }
    profile
}

/// What is in the way of the database, until this is dropped.
trait Disturbance {
    fn end(self);
}

/// Another process holds the file alone, as some backup programs do.
struct Locked(Connection);

impl Locked {
    fn new(server: &Server) -> Locked {
        let connection =
            Connection::open(server.data_folder().join("weft.db")).expect("a database");
        let begin = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
        // The process of the last request may still be closing it.
        let start = Instant::now();
        while let Err(problem) = connection.execute_batch(begin) {
            assert!(start.elapsed() < Duration::from_secs(60), "{problem}");
            let _ = connection.execute_batch("ROLLBACK");
        }
        Locked(connection)
    }
}

impl Disturbance for Locked {
    fn end(self) {
        self.0.execute_batch("ROLLBACK").expect("it was held");
    }
}

/// Something else lies where the file was, or nothing.
struct Replaced {
    file: PathBuf,
    away: PathBuf,
}

/// A database is its file and the log of its last changes.
const PARTS: [&str; 2] = ["", "-wal"];

fn part(file: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", file.display()))
}

impl Replaced {
    fn new(server: &Server, name: &str, by: Option<&[u8]>) -> Replaced {
        let file = server.data_folder().join(name);
        let away = file.with_extension("away");
        for suffix in PARTS {
            let moved = fs::rename(part(&file, suffix), part(&away, suffix));
            assert!(moved.is_ok() || !suffix.is_empty(), "the database exists");
        }
        let _ = fs::remove_file(part(&file, "-shm"));
        if let Some(content) = by {
            fs::write(&file, content).expect("the folder is writable");
        }
        Replaced { file, away }
    }
}

impl Disturbance for Replaced {
    fn end(self) {
        let _ = fs::remove_file(part(&self.file, "-shm"));
        for suffix in PARTS {
            let _ = fs::remove_file(part(&self.file, suffix));
            let back = fs::rename(part(&self.away, suffix), part(&self.file, suffix));
            assert!(back.is_ok() || !suffix.is_empty(), "it is there");
        }
    }
}

/// The folder can't be entered, as when a volume is not mounted or rights were changed.
struct Closed(PathBuf);

impl Closed {
    fn new(server: &Server) -> Closed {
        let folder = server.data_folder();
        fs::set_permissions(&folder, Permissions::from_mode(0o000)).expect("it is ours");
        Closed(folder)
    }
}

impl Disturbance for Closed {
    fn end(self) {
        fs::set_permissions(self.0, Permissions::from_mode(0o700)).expect("it is ours");
    }
}

const GARBAGE: &[u8] = &[b'#'; 100_000];

fn is_a_503(answer: &Response) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let pause = answer
        .header("Retry-After")
        .and_then(|value| value.parse::<u32>().ok());
    assert!(
        pause.is_some_and(|seconds| seconds > 0),
        "whole seconds: {answer:?}"
    );
    assert!(answer.header("X-Weave-Backoff").is_some(), "{answer:?}");
    assert!(!answer.text().contains(['/', '<']), "{answer:?}");
}

/// Every request of a sync, while the database is away for longer than the server waits.
fn does_no_harm(server: &Server, profile: &Profile) {
    for path in [
        "info/collections",
        "info/collection_counts",
        "storage/forms",
        "storage/forms/a",
    ] {
        is_a_503(&server.send(&profile.desktop().get(path)));
    }
    let written = server.send(
        &profile
            .desktop()
            .put("storage/forms/b", br#"{"payload":"x"}"#),
    );
    is_a_503(&written);
    let batch = br#"[{"id":"b","payload":"x"}]"#;
    is_a_503(&server.send(&profile.desktop().post("storage/forms", batch)));
    is_a_503(&server.send(&profile.desktop().delete("storage/forms")));

    let start = Instant::now();
    let desktop = server.send(&profile.desktop().get("storage/meta/global"));
    assert_eq!(
        desktop.status, 401,
        "a desktop answers all else with a wipe: {desktop:?}"
    );
    assert!(desktop.header("WWW-Authenticate").is_some(), "{desktop:?}");
    assert!(
        start.elapsed() >= Duration::from_millis(900),
        "it was tried again for a while"
    );
    assert!(start.elapsed() < Duration::from_secs(60), "and then told");
    is_a_503(&server.send(&profile.android().get("storage/meta/global")));
    is_a_503(&server.send(&profile.desktop().get("storage/crypto/keys")));
    is_a_503(&server.send(&profile.android().get("storage/crypto/keys")));
}

fn is_whole_again(server: &Server, profile: &Profile) {
    for path in [
        "storage/meta/global",
        "storage/crypto/keys",
        "storage/forms/a",
    ] {
        let read = server.send(&profile.desktop().get(path));
        assert_eq!(read.status, 200, "the next request works: {read:?}");
    }
    let listed = server
        .send(&profile.desktop().get("info/collections"))
        .json();
    let names: Vec<&String> = listed.as_object().expect("a map").keys().collect();
    assert_eq!(names, ["crypto", "forms", "meta"]);
    let forms = server.send(&profile.desktop().get("storage/forms"));
    assert_eq!(
        forms.text(),
        "[\"a\"]",
        "nothing was written or deleted meanwhile"
    );
}

/// The disturbance stays for longer than the server waits.
fn survives<D: Disturbance>(gateway: Gateway, disturb: impl FnOnce(&Server) -> D) {
    let server = gateway.start(SHORT);
    let profile = person(&server);
    let disturbance = disturb(&server);
    does_no_harm(&server, &profile);
    disturbance.end();
    is_whole_again(&server, &profile);
}

/// The disturbance ends while the server still waits: the browser hears nothing of it.
fn waits_for<D: Disturbance + Send>(gateway: Gateway, disturb: impl Fn(&Server) -> D) {
    let server = gateway.start(LONG);
    let profile = person(&server);
    for path in ["storage/meta/global", "storage/crypto/keys"] {
        for agent in ["desktop", "android"] {
            let request = match agent {
                "desktop" => profile.desktop().get(path),
                _ => profile.android().get(path),
            };
            let disturbance = disturb(&server);
            let answer = thread::scope(|scope| {
                let asked = scope.spawn(|| server.send(&request));
                // Longer than the engine's own patience, so that the guard has to try again.
                thread::sleep(Duration::from_millis(700));
                assert!(!asked.is_finished(), "{agent} {path}: it waits");
                disturbance.end();
                asked.join().expect("an answer")
            });
            assert_eq!(answer.status, 200, "{agent} {path}: {answer:?}");
        }
    }
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn a_lock_that_stays_does_no_harm() {
    survives(Gateway::Cgi, Locked::new);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn a_lock_that_passes_is_waited_for() {
    waits_for(Gateway::Cgi, Locked::new);
}

#[test]
fn a_file_that_is_no_database_does_no_harm() {
    survives(Gateway::Builtin, |server| {
        Replaced::new(server, "weft.db", Some(GARBAGE))
    });
}

#[test]
fn a_file_that_is_put_back_is_waited_for() {
    waits_for(Gateway::Builtin, |server| {
        Replaced::new(server, "weft.db", Some(GARBAGE))
    });
}

#[test]
fn a_file_that_is_away_is_not_taken_for_an_empty_account() {
    survives(Gateway::Builtin, |server| {
        Replaced::new(server, "weft.db", None)
    });
}

#[test]
fn a_folder_that_cannot_be_entered_does_no_harm() {
    survives(Gateway::Builtin, Closed::new);
}

#[test]
fn a_folder_that_opens_again_is_waited_for() {
    waits_for(Gateway::Builtin, Closed::new);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn accounts_that_cannot_be_read_are_no_wrong_password() {
    survives(Gateway::Cgi, |server| {
        Replaced::new(server, "accounts.db", Some(GARBAGE))
    });
}

/// The errors of a server's log, without their times.
fn errors(server: &Server) -> Vec<String> {
    let log = fs::read_to_string(server.data_folder().with_file_name("weft.log"));
    let log = log.expect("a log");
    let lines = log.lines().filter_map(|line| line.split_once(" ERROR "));
    lines.map(|(_, text)| text.to_owned()).collect()
}

/// While a file is taken away or put back there may be another error for a moment; none is told twice.
fn are_told_once(errors: &[String]) {
    let distinct: BTreeSet<_> = errors.iter().collect();
    assert_eq!(distinct.len(), errors.len(), "{errors:#?}");
}

#[test]
fn the_log_says_once_what_is_wrong_and_how_it_ended() {
    let server = Gateway::Builtin.start(SHORT);
    let profile = person(&server);
    let disturbance = Replaced::new(&server, "weft.db", Some(GARBAGE));
    let answer = server.send(&profile.desktop().get("storage/meta/global"));
    assert_eq!(answer.status, 401, "{answer:?}");
    let told = errors(&server);
    are_told_once(&told);
    let last = told.last().expect("an end");
    assert!(
        last.contains("meta/global could not be read in"),
        "{told:?}"
    );
    disturbance.end();

    let server = Gateway::Builtin.start(LONG);
    let profile = person(&server);
    let disturbance = Replaced::new(&server, "weft.db", Some(GARBAGE));
    thread::scope(|scope| {
        let asked = scope.spawn(|| server.send(&profile.desktop().get("storage/crypto/keys")));
        let start = Instant::now();
        while errors(&server).is_empty() && start.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(10));
        }
        disturbance.end();
        assert_eq!(asked.join().expect("an answer").status, 200);
    });
    are_told_once(&errors(&server));
    assert!(server.logs().contains("crypto/keys could be read after"));
}

#[test]
fn accounts_that_cannot_be_read_are_no_free_name() {
    let server = Gateway::Builtin.start(SHORT);
    let profile = person(&server);
    let disturbance = Replaced::new(&server, "accounts.db", Some(GARBAGE));
    is_a_503(&server.send(&profile.desktop().exists()));
    is_a_503(&server.send(&profile.desktop().create("eve@example.com")));
    disturbance.end();
    server.send(&profile.desktop().exists()).must_be(200, "1");
}

#[test]
fn missing_records_are_missing_only_when_the_database_says_so() {
    let server = Gateway::Builtin.start(SHORT);
    let profile = Profile::registered(&server, "nothing-yet");
    for path in ["storage/meta/global", "storage/crypto/keys"] {
        for request in [profile.desktop().get(path), profile.android().get(path)] {
            assert_eq!(server.send(&request).status, 404);
        }
    }
    let disturbance = Replaced::new(&server, "weft.db", Some(GARBAGE));
    let desktop = server.send(&profile.desktop().get("storage/meta/global"));
    assert_eq!(desktop.status, 401, "{desktop:?}");
    is_a_503(&server.send(&profile.desktop().get("storage/crypto/keys")));
    disturbance.end();
}
