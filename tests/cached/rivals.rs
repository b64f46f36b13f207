//! Many processes read and write one user's collections while memcached is emptied, killed, stopped and
//! restarted at random.

use super::LIFE;
use crate::harness::{Dice, Memcached as Server};
use crate::storage_suite::{full, ids_query, name};
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use weft::cache::{Memcached, MemcachedOptions};
use weft::storage::cached::Cached;
use weft::storage::sqlite::{SqliteOptions, SqliteStorage};
use weft::storage::{Storage, StorageError};
use weft::sync::{Query, Timestamp, UserId};

const USER: UserId = UserId::new(7);
const COLLECTIONS: [&str; 4] = ["tabs", "history", "forms", "prefs"];
const SECONDS: u64 = 8;
/// Each reader goes on until it has read so often, also where that takes longer.
const READS: u64 = 40;

/// An engine that goes without memcached for so long when it does not answer: the players do so for
/// different times, so that some write without it while others read what is still in it.
fn engine(database: &Path, port: u16, silence: u64) -> Cached {
    let options = MemcachedOptions {
        silence: Duration::from_millis(silence),
        io_timeout: Duration::from_millis(20),
        ..MemcachedOptions::legacy("127.0.0.1", port)
    };
    let cache = Arc::new(Memcached::new(&options));
    let now = Arc::new(|| Timestamp::from(SystemTime::now()));
    let inner = SqliteStorage::new(SqliteOptions::new(database), now);
    Cached::new(Arc::new(inner), cache, LIFE)
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn no_time_goes_back_and_no_count_is_wrong_while_memcached_comes_and_goes() {
    let seed = Dice::seed();
    let mut server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    engine(&database, server.port(), 1000).check().unwrap();
    let players: Vec<Child> = (0..5)
        .map(|number| {
            let role = if number < 3 { "reader" } else { "writer" };
            play(role, &database, server.port(), seed + number)
        })
        .collect();
    let (mut dice, end) = (
        Dice::new(seed, 0),
        Instant::now() + Duration::from_secs(SECONDS),
    );
    while Instant::now() < end {
        match dice.roll(8) {
            0 => {
                server.kill();
                pause(dice.roll(200));
                server.start_again();
            }
            1 => server.flush(),
            _ => {
                server.pause();
                pause(dice.roll(100));
                server.go_on();
            }
        }
        pause(dice.roll(300));
    }
    let (mut written, mut reads) = (HashMap::new(), 0);
    for player in players {
        let output = player.wait_with_output().unwrap();
        assert!(output.status.success(), "a player failed, WEFT_SEED={seed}");
        for line in BufReader::new(&*output.stdout).lines() {
            let line = line.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["wrote", collection, time] => {
                    let time: i64 = time.parse().unwrap();
                    let latest = written.entry(collection.to_owned()).or_insert(0);
                    *latest = time.max(*latest);
                }
                ["read", count] => reads += count.parse::<u64>().unwrap(),
                _ => {}
            }
        }
    }
    assert!(
        written.len() == COLLECTIONS.len() && reads >= 3 * READS,
        "{reads} reads"
    );
    println!("{reads} reads");
    agree(&engine(&database, server.port(), 1000), &database, &written);
}

/// The listing tells the latest write of each collection, and what is really there.
fn agree(cached: &Cached, database: &Path, written: &HashMap<String, i64>) {
    let plain = SqliteStorage::new(
        SqliteOptions::new(database),
        Arc::new(|| Timestamp::from(SystemTime::now())),
    );
    let mut account = cached.read_account(USER).unwrap();
    for (collection, count) in account.counts().unwrap() {
        let mut session = plain
            .read_collection(USER, &collection, weft::storage::ReadFrom::Primary)
            .unwrap();
        assert_eq!(
            session.count(&Query::default()).unwrap(),
            count,
            "{collection}"
        );
    }
    for (collection, time) in account.times().unwrap() {
        assert_eq!(time.centis(), written[collection.as_str()], "{collection}");
    }
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

fn play(role: &str, database: &Path, port: u16, seed: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "cached::rivals::plays_its_part",
        ])
        .env("WEFT_TEST_ROLE", role)
        .env("WEFT_TEST_DATABASE", database)
        .env("WEFT_TEST_PORT", port.to_string())
        .env("WEFT_SEED", seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the part of another process in the other test"]
fn plays_its_part() {
    // With one processor, the runner of tests has begun a line.
    println!();
    let variable = |name: &str| std::env::var(name).unwrap();
    let mut dice = Dice::new(variable("WEFT_SEED").parse().unwrap(), 0);
    let storage = engine(
        Path::new(&variable("WEFT_TEST_DATABASE")),
        variable("WEFT_TEST_PORT").parse().unwrap(),
        10 + dice.roll(400),
    );
    let end = Instant::now() + Duration::from_secs(SECONDS);
    match variable("WEFT_TEST_ROLE").as_str() {
        "reader" => read_until(&storage, end),
        _ => write_until(&storage, end, &mut dice),
    }
}

fn read_until(storage: &Cached, end: Instant) {
    let (mut told, mut reads) = (HashMap::new(), 0);
    while Instant::now() < end || reads < READS {
        let times = storage.read_account(USER).and_then(|mut a| a.times());
        let times = match times {
            Err(StorageError::Busy) => continue,
            times => times.unwrap(),
        };
        for (collection, time) in times {
            let last = told.insert(collection.clone(), time);
            assert!(last <= Some(time), "{collection}: {time} after {last:?}");
        }
        reads += 1;
    }
    println!("read {reads}");
}

fn write_until(storage: &Cached, end: Instant, dice: &mut Dice) {
    let mut changed_ones = HashSet::new();
    while Instant::now() < end || changed_ones.len() < COLLECTIONS.len() {
        let collection = COLLECTIONS[dice.roll(COLLECTIONS.len() as u64) as usize];
        let mut session = match storage.write_collection(USER, &name(collection)) {
            Err(StorageError::Busy) => continue,
            session => session.unwrap(),
        };
        let id = dice.roll(20).to_string();
        match dice.roll(3) {
            0 => drop(session.delete(&ids_query(&[&id])).unwrap()),
            _ => drop(session.put(&[full(&id, "payload")]).unwrap()),
        }
        let changed = session.modified().unwrap() == Some(session.time());
        let time = session.time().centis();
        session.commit().unwrap();
        if changed {
            changed_ones.insert(collection);
            println!("wrote {collection} {time}");
        }
        pause(dice.roll(10));
    }
}
