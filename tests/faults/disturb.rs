//! The faults, one at a time, at random instants.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::legacy::Legacy;
use crate::harness::{Dice, Memcached, Server, process};

/// What can be disturbed.
pub struct Deployment<'d> {
    pub server: &'d Server,
    pub database: Option<&'d Legacy>,
    pub cache: &'d mut Memcached,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    WorkerKilled,
    WorkerPaused,
    ApacheRestartedGracefully,
    ApacheRestarted,
    DatabaseStopped,
    DatabaseKilled,
    DatabasePaused,
    MemcachedKilled,
    MemcachedPaused,
    MemcachedEmptied,
}

use Fault::*;

/// The faults, workers' as often as all others.
const FAULTS: [Fault; 16] = [
    WorkerKilled,
    WorkerKilled,
    WorkerKilled,
    WorkerKilled,
    WorkerKilled,
    WorkerPaused,
    WorkerPaused,
    ApacheRestartedGracefully,
    ApacheRestarted,
    DatabaseStopped,
    DatabaseKilled,
    DatabaseKilled,
    DatabasePaused,
    MemcachedKilled,
    MemcachedPaused,
    MemcachedEmptied,
];

impl Deployment<'_> {
    /// Makes one fault after the other until `end`; everything runs again afterwards. Answers how many
    /// there were of each kind.
    pub fn disturb_until(&mut self, end: Instant, dice: &mut Dice) -> BTreeMap<Fault, u64> {
        let mut made = BTreeMap::new();
        while Instant::now() < end {
            thread::sleep(Duration::from_millis(dice.roll(500)));
            let fault = *dice.choose(&FAULTS);
            if self.make(fault, dice) {
                *made.entry(fault).or_default() += 1;
            }
        }
        made
    }

    fn make(&mut self, fault: Fault, dice: &mut Dice) -> bool {
        match fault {
            WorkerKilled | WorkerPaused => self.signal_worker(fault, dice),
            ApacheRestartedGracefully => self.signal_apache("USR1"),
            ApacheRestarted => self.signal_apache("HUP"),
            DatabaseStopped | DatabaseKilled | DatabasePaused => {
                let Some(database) = self.database else {
                    return false;
                };
                match fault {
                    DatabaseStopped => database.server.stop(),
                    DatabaseKilled => database.server.kill(),
                    _ => database.server.pause(),
                }
                wait(dice, 1500);
                match fault {
                    DatabasePaused => database.server.resume(),
                    _ => database.server.start_again(),
                }
                true
            }
            MemcachedKilled => {
                self.cache.kill();
                wait(dice, 800);
                self.cache.start_again();
                true
            }
            MemcachedPaused => {
                self.cache.pause();
                wait(dice, 800);
                self.cache.go_on();
                true
            }
            MemcachedEmptied => {
                self.cache.flush();
                true
            }
        }
    }

    fn signal_worker(&self, fault: Fault, dice: &mut Dice) -> bool {
        let workers = self.server.worker_pids();
        if workers.is_empty() {
            return false;
        }
        let worker = *dice.choose(&workers);
        if fault == WorkerKilled {
            return process::signal(worker, "KILL");
        }
        let paused = process::pause(worker);
        wait(dice, 800);
        // Apache may have ended it meanwhile.
        process::go_on(worker);
        paused
    }

    fn signal_apache(&self, signal: &str) -> bool {
        let file = self.server.program_folder().join("apache.pid");
        let pid = fs::read_to_string(file).expect("Apache writes it");
        let pid = pid.trim().parse().expect("a number");
        assert!(process::signal(pid, signal), "Apache runs");
        true
    }
}

fn wait(dice: &mut Dice, at_most: u64) {
    thread::sleep(Duration::from_millis(dice.roll(at_most)));
}
