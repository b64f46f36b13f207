//! Real processes: the test binary runs itself again and plays a part in it.

use crate::storage_suite::{ManualClock, full, get, name, patient, scan};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use weft::storage::sqlite::{Clock, Journal, SqliteOptions, SqliteStorage};
use weft::storage::{Columns, ReadFrom, Storage, StorageError};
use weft::sync::{Query, Sort, Timestamp, UserId};

pub const USER: UserId = UserId::new(7);

/// An engine on `path` whose clock stands still, so many seconds from the start of all clocks.
pub fn engine(path: &Path, skew: i64) -> SqliteStorage {
    let now = ManualClock::START.plus_seconds(skew);
    SqliteStorage::new(patient(path), Arc::new(move || now))
}

/// The test binary.
pub fn myself() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// The test binary, whose engine then has a rollback journal.
pub fn with_rollback_journal() -> Command {
    let mut command = myself();
    command.env("WEFT_TEST_JOURNAL", "rollback");
    command
}

/// A process that plays a part, and what it says, line by line.
pub struct Player {
    process: Child,
    /// Closed when the player is dropped, which ends those that wait for it.
    _stdin: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Player {
    pub fn start(role: &str, database: &Path, skew: i64) -> Player {
        Player::with(myself(), role, database, skew)
    }

    /// Through another program, which gets the test binary as its last argument.
    pub fn with(mut command: Command, role: &str, database: &Path, skew: i64) -> Player {
        command.args([
            "--ignored",
            "--exact",
            "--nocapture",
            "sqlite::child::plays_its_part",
        ]);
        command
            .env("WEFT_TEST_ROLE", role)
            .env("WEFT_TEST_DATABASE", database);
        command.env("WEFT_TEST_SKEW", skew.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        let _stdin = process.stdin.take();
        Player {
            process,
            _stdin,
            lines,
        }
    }

    /// Waits for a line that begins with `word`, and gives the numbers in it.
    pub fn hear(&mut self, word: &str) -> Vec<i64> {
        loop {
            let mut line = String::new();
            assert!(
                self.lines.read_line(&mut line).unwrap() > 0,
                "it ended before {word:?}"
            );
            if let Some(rest) = line.trim_end().strip_prefix(word) {
                return rest
                    .split_whitespace()
                    .map(|n| n.parse().unwrap())
                    .collect();
            }
        }
    }

    /// Kills it with SIGKILL, where it stands.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for its end, and gives all that it said.
    pub fn finish(mut self) -> Vec<String> {
        let mut text = String::new();
        self.lines.read_to_string(&mut text).unwrap();
        assert!(self.process.wait().unwrap().success(), "{text}");
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
#[ignore = "the part of another process in other tests"]
fn plays_its_part() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let database = variable("WEFT_TEST_DATABASE");
    let skew = variable("WEFT_TEST_SKEW").parse().unwrap();
    let journal = match std::env::var("WEFT_TEST_JOURNAL").as_deref() {
        Ok("rollback") => Journal::Rollback,
        _ => Journal::Auto,
    };
    let role = variable("WEFT_TEST_ROLE");
    let (start, started) = (ManualClock::START.plus_seconds(skew), Instant::now());
    let clock: Clock = match role.as_str() {
        "count by a running clock" => Arc::new(move || {
            let passed = started.elapsed().as_millis() / 10;
            Timestamp::from_centis(start.centis() + i64::try_from(passed).unwrap())
        }),
        _ => Arc::new(move || start),
    };
    let options = SqliteOptions {
        journal,
        ..patient(Path::new(&database))
    };
    let storage = SqliteStorage::new(options, clock);
    match role.as_str() {
        "check" => storage.check().unwrap(),
        "count" | "count by a running clock" => counts(&storage),
        "hold" => holds(&storage),
        "fill" => fills(&storage),
        "refused" => is_refused(&storage),
        "scan" => scans(&storage),
        other => panic!("no such part: {other}"),
    }
}

/// Reads, then writes if nobody wrote in between, as a client with `X-If-Unmodified-Since`.
fn counts(storage: &SqliteStorage) {
    let collection = name("col");
    for _ in 0..60 {
        let mut seen = Timestamp::ZERO;
        for _ in 0..20 {
            let mut reader = storage
                .read_collection(USER, &collection, ReadFrom::Any)
                .unwrap();
            seen = reader.modified().unwrap().unwrap_or_default();
            println!("\nread {} {}", seen.centis(), reader.time().centis());
        }
        let mut session = storage.write_collection(USER, &collection).unwrap();
        if session.modified().unwrap().unwrap_or_default() == seen {
            let old = get(&mut *session, "n").and_then(|wbo| wbo.payload);
            let next = old.map_or(0, |n| n.parse::<i64>().unwrap()) + 1;
            session.put(&[full("n", &next.to_string())]).unwrap();
            let time = session.time();
            session.commit().unwrap();
            println!("wrote {}", time.centis());
        }
    }
}

/// Leaves a write unfinished.
fn holds(storage: &SqliteStorage) {
    let mut session = storage.write_collection(USER, &name("col")).unwrap();
    let writes: Vec<_> = (0..500)
        .map(|n| full(&n.to_string(), &"x".repeat(20_000)))
        .collect();
    session.put(&writes).unwrap();
    println!("\nholding {}", session.time().centis());
    io::stdout().flush().unwrap();
    let _ = io::stdin().read(&mut [0]);
}

/// Writes two records at a time until the disk takes no more.
fn fills(storage: &SqliteStorage) {
    let collection = name("col");
    let payload = "x".repeat(30_000);
    let mut written = 0;
    let error = loop {
        let writes = [
            full(&format!("{written}a"), &payload),
            full(&format!("{written}b"), &payload),
        ];
        let done = storage
            .write_collection(USER, &collection)
            .and_then(|mut session| {
                session.put(&writes)?;
                session.commit()
            });
        match done {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    let mut reader = storage
        .read_collection(USER, &collection, ReadFrom::Any)
        .unwrap();
    assert_eq!(reader.count(&Query::default()).unwrap(), written * 2);
    assert_eq!(
        scan(&mut *reader, &Query::default()).len() as u64,
        written * 2
    );
    println!("\nfilled {written}");
}

/// Meets a database that it must not write.
fn is_refused(storage: &SqliteStorage) {
    let written = storage.write_collection(USER, &name("col")).map(|_| ());
    assert!(
        matches!(written, Err(StorageError::Unavailable(_))),
        "{written:?}"
    );
    let checked = storage.check();
    assert!(
        matches!(checked, Err(StorageError::Unavailable(_))),
        "{checked:?}"
    );
    println!("\nrefused");
}

/// Downloads all records in every order and says how much memory that took, in KB.
fn scans(storage: &SqliteStorage) {
    let mut session = storage
        .read_collection(USER, &name("col"), ReadFrom::Any)
        .unwrap();
    for sort in [
        None,
        Some(Sort::Oldest),
        Some(Sort::Newest),
        Some(Sort::Index),
    ] {
        // From here on, the peak is counted anew.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let (before, started) = (peak_memory(), Instant::now());
        let query = Query {
            sort,
            newer: Some(Timestamp::ZERO),
            ..Query::default()
        };
        let (mut rows, mut bytes) = (0, 0);
        let mut visit = |wbo: weft::sync::WboRef<'_>| {
            rows += 1;
            bytes += wbo.payload.map_or(0, str::len);
            ControlFlow::Continue(())
        };
        session.scan(&query, Columns::All, &mut visit).unwrap();
        let millis = started.elapsed().as_millis();
        println!(
            "\nscanned {rows} {bytes} {} {millis}",
            peak_memory() - before
        );
    }
}

fn peak_memory() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
