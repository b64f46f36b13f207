//! A worker's memory does not follow the size of a collection.

#[macro_use]
mod harness;

use std::fs;
use std::time::{Duration, Instant};

use harness::api::{PHP, PYTHON, User};
use harness::{Gateway, Server};
use serde_json::{Value, json};

const RECORDS: usize = 100_000;
const PAYLOAD: usize = 400;
/// How much a worker may grow over what it needs when idle.
const MOST: u64 = 8 * 1024;
/// The same when it has nothing to do, without the parts of the program that were read in meanwhile.
const AT_REST: u64 = 1024;

/// A line of the worker's `/proc/PID/status`, in KiB.
fn status(server: &Server, line: &str) -> u64 {
    let workers = server.worker_pids();
    assert_eq!(workers.len(), 1, "one process with threads");
    let status = fs::read_to_string(format!("/proc/{}/status", workers[0])).expect("it runs");
    let value = status
        .lines()
        .find_map(|found| found.strip_prefix(line))
        .expect("Linux tells it");
    value
        .trim_end_matches("kB")
        .trim()
        .parse()
        .expect("a number")
}

/// Lets `VmHWM` begin anew: the first login hashed a password, which takes its 19 MiB by design.
fn forget_peak(server: &Server) {
    for worker in server.worker_pids() {
        fs::write(format!("/proc/{worker}/clear_refs"), "5").expect("the worker is ours");
    }
}

fn fill(user: &User) {
    let payload = "x".repeat(PAYLOAD);
    for part in 0..RECORDS / 1_000 {
        let records: Vec<Value> = (0..1_000)
            .map(
                |number| json!({"id": format!("{:06}", part * 1_000 + number), "payload": payload}),
            )
            .collect();
        let answer = user
            .post("storage/history", json!(records).to_string())
            .json();
        assert_eq!(answer["success"].as_array().map(Vec::len), Some(1_000));
    }
}

/// One POST of so many records, of 200,000 bytes each.
fn upload(user: &User, count: usize) {
    let payload = "x".repeat(200_000);
    let records: Vec<Value> = (0..count)
        .map(|number| json!({"id": format!("{number:03}"), "payload": payload}))
        .collect();
    let answer = user
        .post("storage/history", json!(records).to_string())
        .json();
    assert_eq!(answer["success"].as_array().map(Vec::len), Some(count));
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn a_worker_sends_a_hundred_thousand_records_in_constant_memory() {
    let mut server = Gateway::Nginx.start("");
    let name = User::new(&server, PHP, "constant").name;
    fill(&User {
        server: &server,
        version: PHP,
        name: name.clone(),
        password: password(),
    });
    // A new worker, whose memory knows nothing of the uploads.
    server.stop_workers();
    server.start_one_worker();
    let user = User {
        server: &server,
        version: PYTHON,
        name,
        password: password(),
    };
    user.get("info/collections").json();
    user.get("storage/history?limit=1&full=1").json();
    forget_peak(&server);
    let idle = status(&server, "VmRSS:");
    let own = status(&server, "RssAnon:");
    for accept in [
        "application/newlines",
        "application/json",
        "application/whoisi",
    ] {
        let answer = user.get_as(accept, "storage/history?full=1");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("X-Weave-Records"), Some("100000"));
        assert!(
            answer.body.len() > RECORDS * PAYLOAD,
            "{} bytes",
            answer.body.len()
        );
        let peak = status(&server, "VmHWM:");
        let grown = peak.saturating_sub(idle);
        println!(
            "{accept}: {} bytes; idle {idle} KiB, at most {peak}",
            answer.body.len()
        );
        assert!(
            grown < MOST,
            "{accept}: {idle} KiB idle, {peak} at the most"
        );
    }
    let sorted = user.get_as("application/newlines", "storage/history?full=1&sort=newest");
    assert_eq!(sorted.text().lines().count(), RECORDS);
    println!("sorted: at most {} KiB", status(&server, "VmHWM:"));
    // What the lists needed is given back as soon as there is nothing to do.
    wait_for_rest(&server, own, AT_REST);
}

/// Waits until a server has given back what it took besides `own`, in KiB, but for `left`.
fn wait_for_rest(server: &Server, own: u64, left: u64) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let at_rest = status(server, "RssAnon:");
        if at_rest < own + left {
            println!("its own: {own} KiB before, {at_rest} at rest");
            break;
        }
        let now = Instant::now();
        assert!(
            now < deadline,
            "its own: {own} KiB before, {at_rest} at rest"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_built_in_server_gives_back_what_an_upload_took() {
    let server = Gateway::Builtin.start("");
    let user = User::new(&server, PHP, "uploads");
    user.get("info/collections").json();
    let own = status(&server, "RssAnon:");
    upload(&user, 50);
    assert_eq!(
        user.get("storage/history?full=1")
            .json()
            .as_array()
            .map(Vec::len),
        Some(50)
    );
    println!("afterwards {} KiB", status(&server, "RssAnon:"));
    // What threads and SQLite's pages have come to by now, but no copy of the 10 MB.
    wait_for_rest(&server, own, 5 * AT_REST);
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn twenty_megabytes_at_once_are_stored_whole_and_cost_a_few_copies_of_themselves() {
    let server = Gateway::Nginx.start("");
    let user = User::new(&server, PHP, "at-once");
    user.get("info/collections").json();
    forget_peak(&server);
    let idle = status(&server, "VmRSS:");
    upload(&user, 100);
    assert_eq!(user.ids("storage/history").len(), 100);
    let used = user.at(PYTHON).get("info/collection_usage").json();
    assert_eq!(used, json!({"history": 20_000_000.0 / 1024.0}));
    let peak = status(&server, "VmHWM:");
    println!("idle {idle} KiB, at most {peak}");
    assert!(
        peak.saturating_sub(idle) < 64 * 1024,
        "{idle} KiB idle, {peak} at the most"
    );
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn the_memory_of_password_hashes_is_given_back() {
    let server = Gateway::Nginx.start("");
    let log_in = |name: &str| {
        User::new(&server, PHP, name).get("info/collections").json();
    };
    log_in("first");
    let one = status(&server, "VmRSS:");
    for number in 0..8 {
        log_in(&format!("another-{number}"));
    }
    let nine = status(&server, "VmRSS:");
    println!("after the first user {one} KiB, after nine {nine}");
    assert!(
        nine.saturating_sub(one) < MOST,
        "after the first user {one} KiB, after nine {nine}"
    );
}

fn password() -> String {
    "a long password".to_owned()
}
