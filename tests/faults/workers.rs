//! What the workers hold on to, round after round, and what all rounds came to.

use std::collections::BTreeMap;
use std::fs;

use crate::disturb::Fault;
use crate::harness::{Server, process};
use crate::world::World;

/// As many as Apache may start.
const WORKERS: usize = 8;

/// As many files as a worker has open at the very most.
const OPEN_FILES: usize = 40;

/// As much memory as a worker holds at the very most when it has nothing to do, in KiB, in a debug build.
const MEMORY: u64 = 32 * 1024;

/// How much more memory the workers of late rounds may have than those of the first ones, in KiB.
const GROWTH: u64 = 8 * 1024;

/// What happened so far.
#[derive(Default)]
pub struct Totals {
    rounds: u64,
    requests: u64,
    answers: BTreeMap<Option<u16>, u64>,
    faults: BTreeMap<Fault, u64>,
    /// The longest request over a sound network, and over a bad one, in milliseconds.
    longest: (u64, u64),
    left: u64,
    /// The largest worker of each round, in KiB.
    memory: Vec<u64>,
}

impl Totals {
    /// Adds a round that is over.
    pub fn add(&mut self, world: &World<'_>, made: &BTreeMap<Fault, u64>) {
        self.rounds += 1;
        self.requests += world.requests();
        for (status, times) in world.answers() {
            *self.answers.entry(status).or_default() += times;
        }
        for (fault, times) in made {
            *self.faults.entry(*fault).or_default() += times;
        }
        self.left += world.left_by_apache();
        let (good, bad) = world.longest();
        self.longest = (self.longest.0.max(good), self.longest.1.max(bad));
    }

    /// Looks at the workers, who have nothing to do just now, and at what they said.
    pub fn no_worker_leaks(&mut self, server: &Server) {
        let workers = server.worker_pids();
        let all = workers.len();
        assert!(all <= WORKERS, "{all} are more than Apache may start");
        let mut most = 0;
        for worker in workers {
            // It may end just now.
            let (Some(files), Some(memory)) =
                (process::open_files(worker), process::memory(worker))
            else {
                continue;
            };
            assert!(files < OPEN_FILES, "worker {worker} has {files} files open");
            assert!(memory < MEMORY, "worker {worker} has {memory} KiB");
            most = most.max(memory);
        }
        let log = server.program_folder().join("apache-error.log");
        let log = fs::read(log).expect("Apache writes it");
        let log = String::from_utf8_lossy(&log);
        assert!(!log.contains("panicked at"), "a worker panicked");
        self.memory.push(most);
        let third = self.memory.len() / 3;
        let largest = |of: &[u64]| of.iter().copied().max().unwrap_or(0);
        let first = largest(&self.memory[..third]);
        let last = largest(&self.memory[self.memory.len() - third..]);
        assert!(last <= first + GROWTH, "workers grow: {:?}", self.memory);
    }

    /// Says what it all came to.
    pub fn print(&self) {
        let Totals {
            rounds,
            requests,
            answers,
            faults,
            longest,
            left,
            memory,
        } = self;
        let made: u64 = faults.values().sum();
        println!("in all: {rounds} rounds, {requests} requests, answers {answers:?}");
        println!("in all: {made} faults {faults:?}");
        println!("forgotten by mod_fcgid in a graceful restart: {left} requests");
        println!("longest: {longest:?} ms; largest worker of each round: {memory:?} KiB");
    }
}
