//! Many writers and readers at once, through two front servers with several workers each: on one
//! SQLite file, and as two hosts with clocks of their own on one MySQL database.
//!
//! What is claimed: a write under `X-If-Unmodified-Since` happens only if nobody wrote since; two
//! writes never share a time; and who follows a collection by `newer` misses nothing, whether from each
//! answer's own `X-Weave-Timestamp` on, or from the time that `info/collections` told before.

#[macro_use]
mod harness;

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use harness::api::{PYTHON, User, centiseconds};
use harness::http::Request;
use harness::legacy::Legacy;
use harness::{Gateway, Memcached, Server, faketime};
use serde_json::Value;

const WRITERS: usize = 4;
const WRITES: usize = 15;

/// A write that succeeded: the time it was conditioned on and the time it got.
struct Written {
    id: String,
    since: i64,
    time: i64,
}

/// Lets all begin together, also when some fail before.
struct Together<'b>(Option<&'b Barrier>);

impl Together<'_> {
    fn begin(&mut self) {
        self.0.take().map(Barrier::wait);
    }
}

impl Drop for Together<'_> {
    fn drop(&mut self) {
        self.begin();
    }
}

/// Writes until every write has once succeeded; counts how often it was refused. All know the time that
/// their first writes are conditioned on before any of them writes, so that one of them wins.
fn write(user: &User, name: &str, refused: &AtomicUsize, start: &Barrier) -> Vec<Written> {
    let mut together = Together(Some(start));
    (0..WRITES)
        .map(|number| {
            let id = format!("{name}-{number}");
            let path = format!("storage/contested/{id}");
            loop {
                let since = user.get("storage/contested?limit=1").timestamp().to_owned();
                together.begin();
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

/// The same by the collection's time, as desktop browsers do: they ask for the list of times first, and
/// remember the time that it told. Every question goes to the next of the hosts.
fn follow_the_listing(users: &[User], done: &AtomicBool) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut since = 0;
    let mut turns = users.iter().cycle();
    let mut next = || turns.next().expect("there are hosts");
    loop {
        let last = done.load(Ordering::Acquire);
        let listed = next().get("info/collections");
        assert_eq!(listed.status, 200, "{listed:?}");
        let time = match &listed.json()["contested"] {
            Value::Null => 0,
            time => centiseconds(&time.to_string()),
        };
        assert!(time >= since, "told {time} after {since}: {listed:?}");
        if time > since {
            let newer = format!("{}.{:02}", since / 100, since % 100);
            let answer = next().get(&format!("storage/contested?newer={newer}"));
            let ids: Vec<String> = serde_json::from_value(answer.json()).expect("ids");
            seen.extend(ids);
            since = time;
        }
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
    let start = Barrier::new(2 * WRITERS);
    let (written, followed) = thread::scope(|scope| {
        let (refused, done, start) = (&refused, &done, &start);
        let mut writers = Vec::new();
        let mut readers = Vec::new();
        for (front, user) in users.iter().enumerate() {
            for number in 0..WRITERS {
                let name = format!("w{front}-{number}");
                writers.push(scope.spawn(move || write(user, &name, refused, start)));
            }
            readers.push(scope.spawn(move || follow(user, done)));
        }
        let both = &users[..];
        readers.push(scope.spawn(move || follow_the_listing(both, done)));
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
        refused >= 2 * WRITERS - 1,
        "of all that began at the same time one wins: {refused}"
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

/// A host whose clock is ahead by these seconds.
fn host(settings: &str, ahead: i64) -> Server {
    let shift = format!("{ahead:+}s");
    let library = faketime::library().expect("tests/run installs what the tests need: libfaketime");
    let library = library.display().to_string();
    let variables = [("LD_PRELOAD", &*library), ("FAKETIME", &*shift)];
    Gateway::start_workers_with(settings, &variables)
}

/// The time that a host tells where it asks no database: to somebody without credentials.
fn own_time(server: &Server) -> i64 {
    let path = format!("{}1.1/nobody/info/collections", server.prefix());
    let answer = server.send(&Request::new("GET", path).header("Host", server.host()));
    assert_eq!(answer.status, 401, "{answer:?}");
    centiseconds(answer.timestamp())
}

fn hosts_share_one_database(more: &str) {
    let database = Legacy::new();
    let settings = format!("{}{more}", database.settings(""));
    let hosts = [host(&settings, 0), host(&settings, 90)];
    let apart = own_time(&hosts[1]) - own_time(&hosts[0]);
    assert!((8_000..12_000).contains(&apart), "{apart} centiseconds");
    hammer([&hosts[0], &hosts[1]]);
    for host in &hosts {
        assert!(host.worker_pids().len() > 1, "several processes");
    }
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "mariadb", without = "faketime"),
    ignore = "apache, mariadb or faketime is not installed"
)]
fn workers_of_two_hosts_whose_clocks_are_90_seconds_apart_share_one_database() {
    hosts_share_one_database("");
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "mariadb", without = "faketime"),
    ignore = "apache, mariadb or faketime is not installed"
)]
fn they_do_so_beside_php_too() {
    let cache = Memcached::start();
    let more = format!("{}[legacy]\nphp_beside = true\n", cache.settings());
    hosts_share_one_database(&more);
}
