//! Many writers and readers at once, through two front servers with several workers each, on one
//! SQLite file.
//!
//! What is claimed: a write under `X-If-Unmodified-Since` happens only if nobody wrote since; two
//! writes never share a time; and who follows a collection by `newer`, from each answer's own
//! `X-Weave-Timestamp` on, misses nothing.

#[macro_use]
mod harness;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use harness::api::{PYTHON, User, centiseconds};
use harness::{Gateway, Server};
use serde_json::Value;

const WRITERS: usize = 4;
const WRITES: usize = 15;

/// A write that succeeded: the time it was conditioned on and the time it got.
struct Written {
    id: String,
    since: i64,
    time: i64,
}

/// Writes until every write has once succeeded; counts how often it was refused.
fn write(user: &User, name: &str, refused: &AtomicUsize) -> Vec<Written> {
    (0..WRITES)
        .map(|number| {
            let id = format!("{name}-{number}");
            let path = format!("storage/contested/{id}");
            loop {
                let since = user.get("storage/contested?limit=1").timestamp().to_owned();
                let answer = user.unless_modified(&since, "PUT", &path, r#"{"payload":"x"}"#);
                match answer.status {
                    200 => {
                        let time = centiseconds(&answer.written());
                        return Written {
                            id,
                            since: centiseconds(&since),
                            time,
                        };
                    }
                    412 => refused.fetch_add(1, Ordering::Relaxed),
                    _ => panic!("{answer:?}"),
                };
            }
        })
        .collect()
}

/// Follows the collection until the writers are done, and once more.
fn follow(user: &User, done: &AtomicBool) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut since = "0.000".to_owned();
    loop {
        let last = done.load(Ordering::Acquire);
        let path = format!("storage/contested?full=1&newer={since}");
        let answer = user.get_as("application/newlines", &path);
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = centiseconds(answer.timestamp());
        for line in answer.text().lines() {
            let record: Value = serde_json::from_str(line).expect("a record");
            let modified = (record["modified"].as_f64().expect("a time") * 100.0).round() as i64;
            assert!(
                modified <= told,
                "the answer's time is later than what it shows: {record}"
            );
            seen.insert(record["id"].as_str().expect("an id").to_owned());
        }
        since = answer.timestamp().to_owned();
        if last {
            return seen;
        }
    }
}

/// Another server on the data of `first`.
fn beside(first: &Server, gateway: Gateway) -> Server {
    gateway.start(&format!(
        "[data]\ndir = \"{}\"\n",
        first.data_folder().display()
    ))
}

fn hammer(servers: [&Server; 2]) {
    let person = User::new(servers[0], PYTHON, "hammered");
    let users = servers.map(|server| User {
        server,
        ..person.clone()
    });
    let refused = AtomicUsize::new(0);
    let done = AtomicBool::new(false);
    let (written, followed) = thread::scope(|scope| {
        let (refused, done) = (&refused, &done);
        let mut writers = Vec::new();
        let mut readers = Vec::new();
        for (front, user) in users.iter().enumerate() {
            for number in 0..WRITERS {
                let name = format!("w{front}-{number}");
                writers.push(scope.spawn(move || write(user, &name, refused)));
            }
            readers.push(scope.spawn(move || follow(user, done)));
        }
        // The readers are told to end also when a writer fails.
        let written: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, Ordering::Release);
        let followed: Vec<_> = readers.into_iter().map(|reader| reader.join()).collect();
        let written: Vec<Written> = written
            .into_iter()
            .flat_map(|writes| writes.expect("a writer"))
            .collect();
        let followed: Vec<BTreeSet<String>> = followed
            .into_iter()
            .map(|seen| seen.expect("a reader"))
            .collect();
        (written, followed)
    });

    let ids: BTreeSet<String> = written.iter().map(|write| write.id.clone()).collect();
    assert_eq!(ids.len(), 2 * WRITERS * WRITES);
    for user in &users {
        let stored: BTreeSet<String> = user.ids("storage/contested").into_iter().collect();
        assert_eq!(
            stored, ids,
            "what was answered with success is stored, and nothing else"
        );
    }
    for seen in followed {
        let missed: Vec<&String> = ids.difference(&seen).collect();
        assert!(missed.is_empty(), "a reader never heard of {missed:?}");
    }
    for write in &written {
        let between = written.iter().find(|other| {
            other.id != write.id && other.time > write.since && other.time <= write.time
        });
        let between = between.map(|other| (&other.id, other.time));
        assert_eq!(
            between, None,
            "{} since {} at {}",
            write.id, write.since, write.time
        );
    }
    let refused = refused.into_inner();
    assert!(
        refused > 0,
        "nobody was in anybody's way: this test tests nothing"
    );
    println!("{} writes, {refused} refusals", written.len());
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn mod_fcgid_workers_and_the_built_in_server_share_one_file() {
    let apache = Gateway::ModFcgid.start("");
    let alone = beside(&apache, Gateway::Builtin);
    hammer([&apache, &alone]);
    assert!(
        apache.worker_pids().len() > 1,
        "Apache started several processes"
    );
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "nginx"),
    ignore = "its server is not installed"
)]
fn mod_fcgid_workers_and_fastcgi_workers_share_one_file() {
    let apache = Gateway::ModFcgid.start("");
    let nginx = beside(&apache, Gateway::Nginx);
    hammer([&apache, &nginx]);
}
