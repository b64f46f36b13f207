//! Everything fails, again and again, while many clients sync: and no promise is broken.
//!
//! Apache with several workers, MariaDB and memcached are killed, stopped and restarted at random instants,
//! and connections are cut and slowed, those of the clients and those to the database. After each round:
//!
//! - every write that was answered with success is there, whole and once; every other one whole or not at
//!   all;
//! - who follows by `newer` has missed nothing, no time of a collection went back, no two conditional
//!   writes both won;
//! - counts, usage and quota are those of the records that are there;
//! - five seconds after the last fault everything is served, and no worker leaks.
//!
//! `tests/soak` runs it for hours. `WEFT_SEED` and `WEFT_FAULTS_SECONDS` choose the faults and how long
//! they go on.

#[path = "faults/client.rs"]
mod client;
#[path = "faults/disturb.rs"]
mod disturb;
mod harness;
#[path = "faults/history.rs"]
mod history;
#[path = "faults/judge.rs"]
mod judge;
#[path = "faults/proof.rs"]
mod proof;
#[path = "faults/recount.rs"]
mod recount;
#[path = "faults/violation.rs"]
mod violation;
#[path = "faults/world.rs"]
mod world;

use std::fs;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use client::{Client, LONGEST_LIFE};
use disturb::Deployment;
use harness::legacy::Legacy;
use harness::{Dice, Gateway, Memcached, Proxy, Server};
use world::{Account, World};

const USERS: usize = 3;
const DEVICES: usize = 2;

/// How long faults are made in one round, in seconds.
const ROUND: u64 = 12;

/// As many files as a worker has open at the very most.
const OPEN_FILES: usize = 40;

/// Waits of an operator who is in a hurry.
const SETTINGS: &str = "storage.wipe_guard = \"1s\"\nstorage.busy_timeout = \"2s\"\nmysql.io_timeout = \"1s\"\n\
                        mysql.connect_timeout = \"1s\"\nquota.bytes = \"100 MiB\"\n\
                        quota.daily_write_bytes = \"1 GiB\"\n";

/// Every worker that is new checks every password anew.
const CHEAP_PASSWORDS: &str = "auth.argon2_memory_kib = 256\nauth.argon2_iterations = 1\n";

/// The engines have the machine to themselves.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
#[cfg_attr(
    any(without = "apache", without = "memcached"),
    ignore = "apache or memcached is not installed"
)]
fn no_promise_is_broken_on_sqlite() {
    let _alone = ALONE.lock();
    let seed = Dice::seed();
    let mut cache = Memcached::start();
    let more = shared_cache(&cache, "");
    let server = Gateway::ModFcgid.start(&format!("{SETTINGS}{CHEAP_PASSWORDS}{more}"));
    rounds(seed, &server, None, &mut cache);
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "mariadb", without = "memcached"),
    ignore = "apache, mariadb or memcached is not installed"
)]
fn no_promise_is_broken_on_mysql() {
    let _alone = ALONE.lock();
    let seed = Dice::seed();
    let mut cache = Memcached::start();
    let database = Legacy::new();
    let behind = SocketAddr::from(([127, 0, 0, 1], database.server.port()));
    let way = Proxy::start(behind, Dice::new(seed, 1), 20_000);
    let php = match seed % 2 {
        0 => "[legacy]\nphp_beside = true\n",
        _ => "",
    };
    let settings = database.settings_at(way.address().port(), "");
    let more = shared_cache(&cache, php);
    let server = Gateway::ModFcgid.start(&format!("{SETTINGS}{settings}{more}"));
    rounds(seed, &server, Some((&database, &way)), &mut cache);
}

fn shared_cache(cache: &Memcached, more: &str) -> String {
    format!("[memcached]\nservers = [\"{}\"]\n{more}", cache.address())
}

/// Rounds until the time is over.
fn rounds(seed: u64, server: &Server, database: Option<(&Legacy, &Proxy)>, cache: &mut Memcached) {
    let seconds = match std::env::var("WEFT_FAULTS_SECONDS") {
        Ok(seconds) => seconds.parse().expect("a number of seconds"),
        Err(_) => 2 * ROUND,
    };
    let network = Proxy::start(server.address(), Dice::new(seed, 2), 6_000);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut number = 0;
    while Instant::now() < end {
        number += 1;
        let mut deployment = Deployment {
            server,
            database: database.map(|(database, _)| database),
            cache,
        };
        let way = database.map(|(_, way)| way);
        round(seed, number, &mut deployment, &network, way);
    }
    for (name, proxy) in [
        ("clients", Some(&network)),
        ("database", database.map(|d| d.1)),
    ] {
        if let Some(proxy) = proxy {
            let done = proxy.done();
            println!("connections of {name}: {done:?}");
        }
    }
}

fn round(
    seed: u64,
    number: u64,
    deployment: &mut Deployment<'_>,
    network: &Proxy,
    way: Option<&Proxy>,
) {
    let server = deployment.server;
    let accounts: Vec<Account> = (0..USERS)
        .map(|user| Account::new(server, &format!("round{number}user{user}")))
        .collect();
    let world = World::new(Some(network));
    let mut dice = Dice::new(seed, 1_000 * number);
    network.disturb_one_in(4);
    if let Some(way) = way {
        way.disturb_one_in(6);
    }
    thread::scope(|scope| {
        let world = &world;
        // Also when something fails here, the clients are told to end.
        let end = Ended(world);
        let running: Vec<_> = (0..USERS * DEVICES)
            .map(|device| {
                let dice = Dice::new(seed, 1_000 * number + 1 + device as u64);
                let client = Client::new(world, &accounts[device % USERS], dice);
                scope.spawn(move || client.run())
            })
            .collect();
        let until = Instant::now() + Duration::from_secs(ROUND);
        let made = deployment.disturb_until(until, &mut dice);
        network.disturb_one_in(0);
        if let Some(way) = way {
            way.disturb_one_in(0);
        }
        world.calm_down();
        thread::sleep(Duration::from_secs(5));
        for account in &accounts {
            account
                .is_served()
                .expect("five seconds after the last fault");
        }
        drop(end);
        let clients: Vec<Client> = running
            .into_iter()
            .map(|client| client.join().expect("a client"))
            .collect();
        // What has a time to live is gone then, and nothing changes any more.
        thread::sleep(Duration::from_secs(u64::from(LONGEST_LIFE)) + Duration::from_millis(100));
        let states: Vec<_> = (accounts.iter())
            .map(|account| account.check(deployment.cache))
            .collect();
        for (device, mut client) in clients.into_iter().enumerate() {
            client.check_copies(&states[device % USERS]);
        }
        println!(
            "round {number}: {} requests, answers {:?}, faults {made:?}",
            world.requests(),
            world.answers()
        );
    });
    no_worker_leaks(server);
}

fn no_worker_leaks(server: &Server) {
    let workers = server.worker_pids();
    assert!(
        workers.len() <= 8,
        "{workers:?} are more than Apache may start"
    );
    for pid in workers {
        // It may end just now.
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        let files = files.count();
        assert!(files < OPEN_FILES, "worker {pid} has {files} files open");
    }
}

/// Tells the clients to end when it goes.
struct Ended<'w>(&'w World<'w>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.calm_down();
        self.0.end();
    }
}
