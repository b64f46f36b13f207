//! The devices that synced: which program, when last, from where.
//!
//! They are noted where a sync begins, at `info/collections`, so this must cost next to nothing: of
//! each device one line is written in ten minutes at most, and a few lines are kept per user. It is a
//! service for people, never a reason to refuse a sync: what goes wrong here is logged, and forgotten.

use crate::accounts::Traces;
use crate::auth::AuthResult;
use crate::auth::sqlite::connections::Connections;
use crate::storage::sqlite::SqliteOptions;
use crate::storage::sqlite::file::Schema;
use crate::sync::{Timestamp, UserId};
use rusqlite::{OptionalExtension, params};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const SCHEMA: Schema = Schema {
    steps: &[include_str!("../../sql/sqlite/001-devices.sql")],
};

/// A device is written down again after so many seconds.
const EVERY: i64 = 600;
/// So many devices are kept per user, the ones that synced last.
const MOST_PER_USER: u32 = 12;
/// A device that has not synced for so many seconds is forgotten.
const FORGOTTEN: i64 = 180 * 86_400;
/// One write in this many looks for those of all users.
const LOOKS: i64 = 64;
/// So many devices are remembered in memory, to write nothing for them.
const MOST_IN_MEMORY: usize = 4_096;
/// The longest name of a program that is kept, in bytes.
const AGENT_BYTES: usize = 160;

/// Who synced just now.
#[derive(Clone, Copy, Debug)]
pub struct Sync<'s> {
    /// The user.
    pub user: UserId,
    /// The client's `User-Agent`.
    pub agent: &'s str,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// When.
    pub now: Timestamp,
}

/// A device that synced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its `User-Agent`.
    pub agent: String,
    /// Where it came from.
    pub address: String,
    /// Its last sync, to a few minutes.
    pub last: Timestamp,
}

/// The list of devices, in a file of its own.
pub struct Devices {
    connections: Connections,
    /// Which device begins a sync is looked up each time, so it is known by a hash of who it is. Two that
    /// fell together, one in 2^64, would share a line's ten minutes.
    written: Mutex<HashMap<u64, Timestamp>>,
    hasher: RandomState,
}

impl Devices {
    /// A list in the file that `options` name; it is made at the first use.
    pub fn new(options: SqliteOptions) -> Self {
        Devices {
            connections: Connections::new(options, SCHEMA),
            written: Mutex::new(HashMap::new()),
            hasher: RandomState::new(),
        }
    }

    /// Notes a sync.
    pub fn note(&self, sync: &Sync<'_>) {
        if !self.is_due(sync) {
            return;
        }
        if let Err(error) = self.write(sync) {
            log::warn!("a device can't be noted: {error}");
        }
    }

    /// The devices of a user, the latest first; none when they can't be read.
    pub fn of(&self, user: UserId) -> Vec<Seen> {
        let sql =
            "SELECT agent, address, last FROM device WHERE user = ? ORDER BY last DESC, agent";
        let read = self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([user.number()], |row| {
                Ok(Seen {
                    agent: row.get(0)?,
                    address: row.get(1)?,
                    last: Timestamp::from_centis(row.get(2)?),
                })
            })?;
            rows.collect()
        });
        read.unwrap_or_else(|error| {
            log::warn!("the devices can't be read: {error}");
            Vec::new()
        })
    }

    /// Whether the list can be read.
    ///
    /// # Errors
    ///
    /// It can't.
    pub fn check(&self) -> AuthResult<()> {
        self.connections
            .with(|connection| connection.query_row("SELECT count(*) FROM device", [], |_| Ok(())))
    }

    fn is_due(&self, sync: &Sync<'_>) -> bool {
        let Sync {
            user,
            agent,
            address,
            now,
        } = *sync;
        let device = self.hasher.hash_one((user, agent, address));
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written
            .get(&device)
            .is_some_and(|last| is_fresh(*last, now))
        {
            return false;
        }
        if written.len() >= MOST_IN_MEMORY {
            written.clear();
        }
        written.insert(device, now);
        true
    }

    fn write(&self, sync: &Sync<'_>) -> AuthResult<()> {
        let (user, now) = (sync.user.number(), sync.now);
        let (agent, address) = (shortened(sync.agent), address(sync.address));
        self.connections.with(|connection| {
            // Reading first: other processes have memories of their own, and a CGI program has none.
            let last: Option<i64> = connection
                .prepare_cached("SELECT last FROM device WHERE user = ? AND agent = ? AND address = ?")?
                .query_row(params![user, agent, address], |row| row.get(0))
                .optional()?;
            if last.is_some_and(|last| is_fresh(Timestamp::from_centis(last), now)) {
                return Ok(());
            }
            // Nothing here is worth waiting for the disk.
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.execute(
                "INSERT INTO device (user, agent, address, last) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET last = ?4",
                params![user, agent, address, now.centis()],
            )?;
            connection.execute(
                "DELETE FROM device WHERE user = ?1 AND (last < ?2 OR (agent, address) NOT IN
                   (SELECT agent, address FROM device WHERE user = ?1 ORDER BY last DESC LIMIT ?3))",
                params![user, now.plus_seconds(-FORGOTTEN).centis(), MOST_PER_USER],
            )?;
            if now.centis() % LOOKS == 0 {
                let old = now.plus_seconds(-FORGOTTEN).centis();
                connection.execute("DELETE FROM device WHERE last < ?", [old])?;
            }
            Ok(())
        })
    }
}

impl Traces for Devices {
    fn forget(&self, user: UserId) {
        // A command must not make a file that the server may then not write to.
        if !self.connections.is_there() {
            return;
        }
        let done = self.connections.with(|connection| {
            connection.execute("DELETE FROM device WHERE user = ?", [user.number()])
        });
        if let Err(error) = done {
            log::warn!("the devices of a user can't be forgotten: {error}");
        }
    }
}

fn is_fresh(last: Timestamp, now: Timestamp) -> bool {
    // A time ahead of now comes from a clock that was set back: it is written anew.
    (0..EVERY).contains(&now.seconds().saturating_sub(last.seconds()))
}

fn address(address: Option<IpAddr>) -> String {
    address.map_or_else(
        || "?".to_owned(),
        |address| address.to_canonical().to_string(),
    )
}

fn shortened(agent: &str) -> String {
    let mut out: String = agent
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    let mut end = AGENT_BYTES.min(out.len());
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}

/// What people call the program of a `User-Agent`: `Pale Moon 29.0.0`. One that says nothing known is
/// shown as it is.
pub fn program(agent: &str) -> String {
    if agent.starts_with("Firefox AndroidSync") {
        return "Firefox for Android".to_owned();
    }
    let known = agent
        .split_once(' ')
        .filter(|(_, rest)| rest.starts_with("FxSync/"));
    let Some((name, version)) = known.and_then(|(program, _)| program.split_once('/')) else {
        return agent.to_owned();
    };
    match name {
        "PaleMoon" => format!("Pale Moon {version}"),
        name => format!("{name} {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> (tempfile::TempDir, Devices) {
        let home = tempfile::tempdir().unwrap();
        let devices = Devices::new(SqliteOptions::new(home.path().join("devices.db")));
        (home, devices)
    }

    fn sync<'s>(agent: &'s str, address: &str, seconds: i64) -> Sync<'s> {
        Sync {
            user: UserId::new(7),
            agent,
            address: address.parse().ok(),
            now: Timestamp::from_centis(seconds * 100),
        }
    }

    #[test]
    fn a_device_is_written_once_in_a_while_also_by_several_processes() {
        let (home, devices) = list();
        let another = Devices::new(SqliteOptions::new(home.path().join("devices.db")));
        devices.note(&sync("a", "192.0.2.1", 1_000));
        devices.note(&sync("a", "192.0.2.1", 1_100));
        another.note(&sync("a", "192.0.2.1", 1_200));
        let last = |devices: &Devices| devices.of(UserId::new(7))[0].last.seconds();
        assert_eq!(last(&devices), 1_000);
        another.note(&sync("a", "192.0.2.1", 1_900));
        assert_eq!(last(&devices), 1_900);
        assert_eq!(devices.of(UserId::new(7)).len(), 1);
        assert_eq!(devices.of(UserId::new(8)), []);
    }

    #[test]
    fn no_user_fills_the_list() {
        let (_home, devices) = list();
        for n in 0..100 {
            devices.note(&sync(&format!("agent {n}"), "::1", 1_000 + n));
        }
        let seen = devices.of(UserId::new(7));
        assert_eq!(seen.len(), 12);
        assert_eq!(seen[0].agent, "agent 99");
        devices.note(&sync(&"é\n".repeat(1_000), "::1", 2_000));
        assert_eq!(devices.of(UserId::new(7))[0].agent, "é".repeat(80));
        devices.forget(UserId::new(7));
        assert_eq!(devices.of(UserId::new(7)), []);
    }

    #[test]
    fn who_syncs_no_more_is_forgotten_after_half_a_year_while_others_go_on() {
        let (_home, devices) = list();
        devices.note(&sync("a", "192.0.2.1", 1_000));
        for n in 0..100 {
            let other = sync("b", "192.0.2.2", 1_000 + FORGOTTEN + n);
            devices.note(&Sync {
                user: UserId::new(100 + n as u32),
                ..other
            });
        }
        assert_eq!(devices.of(UserId::new(7)), []);
        assert_eq!(devices.of(UserId::new(100)).len(), 1);
    }

    #[test]
    fn a_list_that_is_out_of_reach_stops_nobody() {
        let devices = Devices::new(SqliteOptions::new("/nonexistent/devices.db"));
        devices.note(&sync("a", "::1", 1_000));
        assert_eq!(devices.of(UserId::new(7)), []);
        assert!(devices.check().is_err());
    }

    #[test]
    fn programs_have_the_names_that_people_know() {
        let rows = [
            (
                "PaleMoon/29.0.0 FxSync/1.45.0.20210202.desktop",
                "Pale Moon 29.0.0",
            ),
            ("Basilisk/52.9 FxSync/1.4.desktop", "Basilisk 52.9"),
            (
                "Firefox AndroidSync 1.45.0.0 (Firefox)",
                "Firefox for Android",
            ),
            ("curl/8.0", "curl/8.0"),
            ("", ""),
        ];
        for (agent, name) in rows {
            assert_eq!(program(agent), name);
        }
    }
}
