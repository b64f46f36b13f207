//! Other processes: signals to them, and what the system tells about them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long a process may take to stand still, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a signal such as `KILL`. Whether there is such a process.
pub fn signal(process: u32, name: &str) -> bool {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .output();
    sent.expect("kill starts").status.success()
}

/// The same to all processes of a group. Whether there is such a group.
pub fn signal_group(group: u32, name: &str) -> bool {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), "--", &format!("-{group}")])
        .output();
    sent.expect("kill starts").status.success()
}

/// Makes a process stand still: it keeps its connections and says nothing. Whether there is such a
/// process.
///
/// The signal alone is not enough: a thread at work stops when the system next looks at it, which may
/// be after its answer.
pub fn pause(process: u32) -> bool {
    let sent = signal(process, "STOP");
    let deadline = Instant::now() + PATIENCE;
    while !stands_still(process) {
        assert!(Instant::now() < deadline, "{process} does not stand still");
        thread::sleep(Duration::from_millis(1));
    }
    sent
}

/// Lets a paused process go on. Whether there is such a process.
pub fn go_on(process: u32) -> bool {
    signal(process, "CONT")
}

/// Whether each of its threads has stopped or ended.
fn stands_still(process: u32) -> bool {
    let Ok(threads) = fs::read_dir(about(process, "task")) else {
        return true;
    };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The name before the state may hold anything.
        (stat.rsplit_once(") ")).is_none_or(|(_, rest)| rest.starts_with(['T', 'Z', 'X']))
    })
}

/// How many files it has open; nothing if it is gone.
pub fn open_files(process: u32) -> Option<usize> {
    Some(fs::read_dir(about(process, "fd")).ok()?.count())
}

/// Its share of the machine's memory (`Pss`) in KiB; nothing if it is gone.
pub fn memory(process: u32) -> Option<u64> {
    let told = fs::read_to_string(about(process, "smaps_rollup")).ok()?;
    let pss = told.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    pss.trim_end_matches("kB").trim().parse().ok()
}

/// The time for which it has been at work on a processor; nothing if it is gone.
pub fn time_at_work(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(about(process, "stat")).ok()?;
    // The name before the state may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let number = |n: usize| rest.split(' ').nth(n)?.parse::<u64>().ok();
    // In the program and in the system, in hundredths of a second on every Linux.
    Some(Duration::from_millis((number(11)? + number(12)?) * 10))
}

fn about(process: u32, what: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/{what}"))
}
