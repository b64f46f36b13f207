//! Many people: accounts with data, devices that sync as browsers do, through Apache, MariaDB and
//! memcached; then many more than the machine can serve.
//!
//! A run of some seconds is part of `tests/run`; `tests/load` runs it at full size. Each sync is one of
//! the mix that Mozilla's own load test measured at its servers: `info/collections`, mostly `meta/global`,
//! some reads of what is newer, some uploads of ten records.

#[path = "load/device.rs"]
mod device;
mod harness;
#[path = "load/people.rs"]
mod people;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use device::{Device, Seen};
use harness::legacy::Legacy;
use harness::{Gateway, Memcached, Server};

/// A number from the environment, or that of the short run.
fn number(name: &str, short: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(short, |text| text.parse().expect(name))
}

/// On a slow machine MariaDB may take long under all this, which is not to pass for a MariaDB that is away:
/// that requests of syncs that run are never refused is about too many requests. How long one may wait for a
/// worker is set by the harness.
const PATIENT: &str = "storage.busy_timeout = \"1min\"\nmysql.io_timeout = \"1min\"\n";

/// What is usual, and so not what the harness sets for tests on slow machines.
const USUAL: &str = "server.queue_time = \"5s\"\n";

/// The proportional memory of each worker, in KiB, the smallest first.
fn memory(server: &Server) -> Vec<u64> {
    let of = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find(|line| line.starts_with("Pss:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let mut all: Vec<u64> = server.worker_pids().into_iter().filter_map(of).collect();
    all.sort_unstable();
    all
}

/// Devices that sync until the time is over, each with so much time between two syncs.
fn sync(devices: &mut [Device<'_>], seconds: u64, pause: Duration) -> Seen {
    let over = AtomicBool::new(false);
    let mut seen = Seen::default();
    thread::scope(|scope| {
        let running: Vec<_> = devices
            .iter_mut()
            .map(|device| {
                let over = &over;
                scope.spawn(move || {
                    let mut seen = Seen::default();
                    device.wait(pause, over);
                    while !over.load(Ordering::Relaxed) {
                        device.sync(&mut seen);
                        device.wait(pause, over);
                    }
                    seen
                })
            })
            .collect();
        thread::sleep(Duration::from_secs(seconds));
        over.store(true, Ordering::Relaxed);
        for device in running {
            seen.add(device.join().expect("a device"));
        }
    });
    seen
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "mariadb", without = "memcached"),
    ignore = "apache, mariadb or memcached is not installed"
)]
fn many_people_sync_and_too_many_are_told_to_come_back() {
    let accounts = number("WEFT_LOAD_ACCOUNTS", 40);
    let count = number("WEFT_LOAD_DEVICES", 20);
    let seconds = number("WEFT_LOAD_SECONDS", 6);
    let crowd = number("WEFT_LOAD_CROWD", 60);
    let cache = Memcached::start();
    let database = Legacy::new();
    let settings = database.settings("argon2_memory_kib = 256\nargon2_iterations = 1\n");
    // Who runs it at full size measures what is usual.
    let patience = match std::env::var_os("WEFT_LOAD_SECONDS") {
        Some(_) => USUAL,
        None => PATIENT,
    };
    let more = format!(
        "[memcached]\nservers = [\"{}\"]\n[log]\nlevel = \"warn\"\n",
        cache.address()
    );
    let server = Gateway::ModFcgid.start(&format!("{patience}{settings}{more}"));
    people::settle(&server, &database, accounts);
    let before = people::records(&database);
    println!("{accounts} accounts with {before} records");

    let mut devices: Vec<Device<'_>> = (0..count)
        .map(|n| Device::new(&server, n % accounts))
        .collect();
    // All workers have started, and have seen what they keep.
    sync(&mut devices, 2, Duration::from_millis(100));
    let at_first = memory(&server);
    let seen = sync(&mut devices, seconds, Duration::from_secs(4));
    let at_last = memory(&server);
    println!("{count} devices for {seconds} s: {seen}");
    println!("memory of workers in KiB: {at_first:?}, afterwards {at_last:?}");
    assert_eq!(seen.refused, 0, "nobody is sent away");
    let (first, last) = (at_first.last(), at_last.last());
    let flat = first
        .zip(last)
        .is_some_and(|(first, last)| *last < first + 4_096);
    assert!(flat, "{at_first:?} became {at_last:?}");

    // Everybody at once, without a pause. What a device does about an answer that would make it wipe, or
    // about a refusal in the middle of a sync, is to fail.
    let mut crowd: Vec<Device<'_>> = (0..crowd)
        .map(|n| Device::new(&server, n % accounts))
        .collect();
    let seen = sync(&mut crowd, seconds.min(60), Duration::ZERO);
    println!("{} clients without a pause: {seen}", crowd.len());
    let after = Instant::now();
    let mut calm = Seen::default();
    for device in devices.iter_mut().take(10) {
        device.sync(&mut calm);
    }
    println!("afterwards, within {:?}: {calm}", after.elapsed());
    assert_eq!(calm.refused, 0, "all is as before");
    // Nobody waits for what the crowd has left behind; on a machine that does much else, a sync takes longer.
    assert!(after.elapsed() < Duration::from_secs(60));
    assert!(people::records(&database) >= before, "nothing is wiped");
}
