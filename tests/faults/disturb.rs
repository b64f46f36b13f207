//! The faults, one at a time, at random instants.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::clocks::{AHEAD, Clocks};
use crate::disk::Disk;
use crate::harness::legacy::Legacy;
use crate::harness::slapd::Slapd;
use crate::harness::{Dice, Memcached, Proxy, Server, process};
use crate::world::World;

/// What stands behind the server, in the order in which it goes.
pub struct Backends {
    pub clocks: Option<Clocks>,
    /// Where SQLite's files are, or the data of the database.
    pub disk: Option<Disk>,
    /// The network between workers and database, and the database.
    pub database: Option<(Proxy, Legacy)>,
    pub directory: Option<Slapd>,
    pub cache: Memcached,
}

/// What can be disturbed.
pub struct Deployment<'d> {
    pub server: &'d Server,
    pub backends: &'d mut Backends,
    /// Whether a clock may be set ahead by a day. Where it is the clock of a SQLite file, its time stands
    /// still from then on.
    pub far_ahead: bool,
    pub world: &'d World<'d>,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    WorkerKilled,
    WorkerPaused,
    ClockSetAhead,
    ClockSetBack,
    ApacheRestartedGracefully,
    ApacheRestarted,
    ApacheStopped,
    ApacheKilled,
    DatabaseStopped,
    DatabaseKilled,
    DatabasePaused,
    ConnectionsUsedUp,
    DatabaseDiskFull,
    DatabaseClockSetAhead,
    DatabaseClockSetBack,
    DiskFull,
    DirectoryStopped,
    DirectoryKilled,
    DirectoryPaused,
    MemcachedKilled,
    MemcachedPaused,
    MemcachedEmptied,
}

use Fault::*;

/// The faults of every deployment, workers' as often as all others.
const OF_ALL: [Fault; 14] = [
    WorkerKilled,
    WorkerKilled,
    WorkerKilled,
    WorkerKilled,
    WorkerKilled,
    WorkerPaused,
    WorkerPaused,
    ApacheRestartedGracefully,
    ApacheRestarted,
    ApacheStopped,
    ApacheKilled,
    MemcachedKilled,
    MemcachedPaused,
    MemcachedEmptied,
];

const OF_CLOCKS: [Fault; 3] = [ClockSetAhead, ClockSetBack, ClockSetBack];
const OF_DISKS: [Fault; 4] = [DiskFull; 4];
const OF_DATABASES: [Fault; 6] = [
    DatabaseStopped,
    DatabaseKilled,
    DatabaseKilled,
    DatabasePaused,
    ConnectionsUsedUp,
    ConnectionsUsedUp,
];
const OF_DISKS_OF_DATABASES: [Fault; 2] = [DatabaseDiskFull; 2];
const OF_CLOCKS_OF_DATABASES: [Fault; 3] = [
    DatabaseClockSetAhead,
    DatabaseClockSetBack,
    DatabaseClockSetBack,
];
const OF_DIRECTORIES: [Fault; 6] = [
    DirectoryStopped,
    DirectoryStopped,
    DirectoryKilled,
    DirectoryKilled,
    DirectoryPaused,
    DirectoryPaused,
];

const DAY: u64 = 86_400;

impl Backends {
    /// The network between workers and database.
    pub fn way(&self) -> Option<&Proxy> {
        self.database.as_ref().map(|(way, _)| way)
    }

    /// The database.
    pub fn server(&self) -> Option<&Legacy> {
        self.database.as_ref().map(|(_, database)| database)
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = OF_ALL.to_vec();
        let (disk, database) = (self.disk.is_some(), self.database.is_some());
        let clock = self
            .server()
            .is_some_and(|legacy| legacy.server.has_clock());
        let more: [(bool, &[Fault]); 6] = [
            (self.clocks.is_some(), &OF_CLOCKS),
            (disk && !database, &OF_DISKS),
            (database, &OF_DATABASES),
            (disk && database, &OF_DISKS_OF_DATABASES),
            (clock, &OF_CLOCKS_OF_DATABASES),
            (self.directory.is_some(), &OF_DIRECTORIES),
        ];
        for (there, more) in more {
            faults.extend_from_slice(if there { more } else { &[] });
        }
        faults
    }
}

impl Deployment<'_> {
    /// Makes one fault after the other until `end`; everything runs again afterwards. Answers how many
    /// there were of each kind.
    pub fn disturb_until(&mut self, end: Instant, dice: &mut Dice) -> BTreeMap<Fault, u64> {
        let faults = self.backends.faults();
        let mut made = BTreeMap::new();
        while Instant::now() < end {
            wait(dice, 500);
            if let Some(Legacy { server, .. }) = self.backends.server() {
                server.revive();
            }
            let fault = *dice.choose(&faults);
            if self.make(fault, dice) {
                *made.entry(fault).or_default() += 1;
            }
        }
        if let Some(clocks) = &self.backends.clocks {
            clocks.set_right();
        }
        if let Some(Legacy { server, .. }) = self.backends.server() {
            server.set_clock(0);
            server.revive();
        }
        made
    }

    /// Whether there was something to do it to.
    fn make(&mut self, fault: Fault, dice: &mut Dice) -> bool {
        match fault {
            WorkerKilled => self.kill_worker(dice),
            WorkerPaused => self.pause_worker(dice),
            ClockSetAhead | ClockSetBack => return self.set_clock(fault, dice),
            ApacheRestartedGracefully => {
                self.world.restarts_gracefully();
                self.server.signal_apache("USR1");
            }
            ApacheRestarted => self.server.signal_apache("HUP"),
            ApacheStopped | ApacheKilled => self.end_apache(fault, dice),
            DatabaseStopped | DatabaseKilled | DatabasePaused | ConnectionsUsedUp => {
                return self.disturb_database(fault, dice);
            }
            DatabaseClockSetAhead | DatabaseClockSetBack => {
                return self.set_clock_of_database(fault, dice);
            }
            DatabaseDiskFull => return self.fill_disk_of_database(dice),
            DiskFull => return self.fill_disk(dice),
            DirectoryStopped | DirectoryKilled | DirectoryPaused => {
                return self.disturb_directory(fault, dice);
            }
            MemcachedKilled => {
                self.backends.cache.kill();
                wait(dice, 800);
                self.backends.cache.start_again();
            }
            MemcachedPaused => {
                self.backends.cache.pause();
                wait(dice, 800);
                self.backends.cache.go_on();
            }
            MemcachedEmptied => self.backends.cache.flush(),
        }
        true
    }

    fn worker(&self, dice: &mut Dice) -> Option<u32> {
        let workers = self.server.worker_pids();
        (!workers.is_empty()).then(|| *dice.choose(&workers))
    }

    // Of a worker that Apache has ended just now, the fault is nobody's.
    fn kill_worker(&self, dice: &mut Dice) {
        if let Some(worker) = self.worker(dice) {
            process::signal(worker, "KILL");
        }
    }

    fn pause_worker(&self, dice: &mut Dice) {
        if let Some(worker) = self.worker(dice) {
            process::pause(worker);
            wait(dice, 800);
            process::go_on(worker);
        }
    }

    fn set_clock(&self, fault: Fault, dice: &mut Dice) -> bool {
        let (Some(clocks), Some(worker)) = (&self.backends.clocks, self.worker(dice)) else {
            return false;
        };
        clocks.set(worker, self.seconds(fault == ClockSetBack, dice))
    }

    /// To how many seconds from the right time a clock is set.
    fn seconds(&self, back: bool, dice: &mut Dice) -> i64 {
        match (back, dice.roll(2)) {
            (true, 0) => -(dice.roll(DAY) as i64),
            (true, _) => -(dice.roll(10) as i64),
            _ if self.far_ahead => DAY as i64,
            _ => 1 + dice.roll(AHEAD) as i64,
        }
    }

    fn end_apache(&self, fault: Fault, dice: &mut Dice) {
        match fault {
            ApacheKilled => self.server.kill_apache(),
            _ => self.server.stop_apache(),
        }
        wait(dice, 500);
        self.server.start_apache();
    }

    fn disturb_database(&self, fault: Fault, dice: &mut Dice) -> bool {
        let Some(Legacy { server, .. }) = self.backends.server() else {
            return false;
        };
        if fault == ConnectionsUsedUp {
            let all = server.use_up_connections();
            wait(dice, 1500);
            drop(all);
            return true;
        }
        match fault {
            DatabaseStopped => server.stop(),
            DatabaseKilled => server.kill(),
            _ => server.pause(),
        }
        wait(dice, 1500);
        match fault {
            DatabasePaused => server.resume(),
            _ => server.start_again(),
        }
        true
    }

    /// Now and then the server is restarted meanwhile, or crashes.
    fn set_clock_of_database(&self, fault: Fault, dice: &mut Dice) -> bool {
        let Some(Legacy { server, .. }) = self.backends.server() else {
            return false;
        };
        let end = dice.roll(4);
        match end {
            0 => server.stop(),
            1 => server.kill(),
            _ => {}
        }
        server.set_clock(self.seconds(fault == DatabaseClockSetBack, dice));
        if end < 2 {
            server.start_again();
        }
        true
    }

    /// A server that can't even take back what it began ends; who watches over it starts it again when
    /// there is room.
    fn fill_disk_of_database(&self, dice: &mut Dice) -> bool {
        let (Some(disk), Some(database)) = (&self.backends.disk, self.backends.server()) else {
            return false;
        };
        let full = disk.fill(dice);
        wait(dice, 2_000);
        let killed = dice.roll(4) == 0;
        if killed {
            database.server.kill();
        }
        disk.make_room();
        match killed {
            true => database.server.start_again(),
            false => _ = database.server.revive(),
        }
        full
    }

    /// Now and then a worker is killed while there is no room.
    fn fill_disk(&self, dice: &mut Dice) -> bool {
        let Some(disk) = &self.backends.disk else {
            return false;
        };
        let full = disk.fill(dice);
        wait(dice, 700);
        if dice.roll(2) == 0 {
            self.kill_worker(dice);
        }
        wait(dice, 700);
        disk.make_room();
        full
    }

    fn disturb_directory(&mut self, fault: Fault, dice: &mut Dice) -> bool {
        let Some(directory) = &mut self.backends.directory else {
            return false;
        };
        match fault {
            DirectoryStopped => directory.stop(),
            DirectoryKilled => directory.kill(),
            _ => directory.pause(),
        }
        wait(dice, 1500);
        match fault {
            DirectoryPaused => directory.resume(),
            _ => directory.go_on(),
        }
        true
    }
}

fn wait(dice: &mut Dice, at_most: u64) {
    thread::sleep(Duration::from_millis(dice.roll(at_most)));
}
