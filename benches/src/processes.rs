//! What processes took, from `/proc`: nanoseconds of processor time, and memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Whose work it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Worker,
    Apache,
    MariaDb,
    Memcached,
}

impl Group {
    pub const ALL: [Group; 4] = [
        Group::Worker,
        Group::Apache,
        Group::MariaDb,
        Group::Memcached,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Group::Worker => "worker",
            Group::Apache => "Apache",
            Group::MariaDb => "MariaDB",
            Group::Memcached => "memcached",
        }
    }
}

/// How the processes of a contender are known.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// The folder of the program and of Apache's configuration.
    pub folder: PathBuf,
    /// The port of its MariaDB.
    pub mariadb: Option<u16>,
    pub memcached: Option<u16>,
    /// Apache starts a process for each request, and lets nobody inherit its time.
    pub is_cgi: bool,
}

/// Nanoseconds of each process.
pub type Spent = BTreeMap<(Group, u32), u64>;

impl Marks {
    /// The processes that run now.
    pub fn find(&self) -> Vec<(Group, u32)> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let pid = entry.file_name().to_str()?.parse().ok()?;
                Some((self.group(&entry.path())?, pid))
            })
            .collect()
    }

    fn group(&self, process: &Path) -> Option<Group> {
        let program = fs::read_link(process.join("exe")).ok()?;
        if !self.folder.as_os_str().is_empty() && program.starts_with(&self.folder) {
            return Some(Group::Worker);
        }
        let name = program.file_name()?.to_str()?;
        let words = fs::read(process.join("cmdline")).ok()?;
        let words = String::from_utf8_lossy(&words);
        let has = |word: &str| words.split('\0').any(|known| known == word);
        match name {
            "apache2" => (!self.folder.as_os_str().is_empty()
                && words.contains(self.folder.to_str()?))
            .then_some(Group::Apache),
            "mariadbd" => has(&format!("--port={}", self.mariadb?)).then_some(Group::MariaDb),
            "memcached" => has(&self.memcached?.to_string()).then_some(Group::Memcached),
            _ => None,
        }
    }

    /// The processor time that they have taken since they began.
    pub fn spent(&self) -> Spent {
        let mut spent = Spent::new();
        for (group, pid) in self.find() {
            if self.is_cgi && group == Group::Worker {
                continue;
            }
            spent.insert((group, pid), own_time(pid));
        }
        spent
    }

    /// How many workers run now.
    pub fn workers(&self) -> usize {
        let all = self.find().into_iter();
        all.filter(|(group, _)| *group == Group::Worker).count()
    }

    /// Proportional memory of each worker, in bytes.
    pub fn worker_memory(&self) -> Vec<u64> {
        let workers = self.find().into_iter();
        workers
            .filter(|(group, _)| *group == Group::Worker)
            .filter_map(|(_, pid)| proportional(pid))
            .collect()
    }
}

/// Nanoseconds that each group took between two readings.
pub fn between(before: &Spent, after: &Spent) -> BTreeMap<Group, u64> {
    let mut groups = BTreeMap::new();
    for (process, spent) in after {
        let earlier = before.get(process).copied().unwrap_or_default();
        *groups.entry(process.0).or_default() += spent.saturating_sub(earlier);
    }
    groups
}

/// The time of all threads that live, to the nanosecond.
fn own_time(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let times = threads.into_iter().flatten().flatten().filter_map(|entry| {
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    times.sum()
}

fn proportional(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}
