//! What the tests of the MySQL engine alone share: a database as PHP left it, and hosts on it.

mod clocks;
mod failures;
mod following;
mod legacy;
mod migrations;
mod rivals;
mod round_trips;
mod single;
pub mod sums;
mod truth;

use crate::harness::MariaDb;
pub use crate::harness::legacy::RECORDS as PHP_SCHEMA;
use std::time::Duration;
use weft::storage::mysql::{Address, MySqlConfig, MySqlStorage, Server};
use weft::storage::{ReadFrom, Storage};
use weft::sync::{CollectionName, RecordId, Timestamp, UserId, WboWrite};

pub const USER: UserId = UserId::new(7);

/// A database on a server.
pub struct Place<'s> {
    pub server: &'s MariaDb,
    pub name: String,
}

impl<'s> Place<'s> {
    /// An empty database whose columns will have this character set.
    pub fn empty(server: &'s MariaDb, charset: &str) -> Place<'s> {
        let name = server.database(charset);
        Place { server, name }
    }

    /// A database with all that the engine needs.
    pub fn migrated(charset: &str) -> Place<'static> {
        let place = Place::empty(MariaDb::shared(), charset);
        place.host().migrate(false).unwrap();
        place
    }

    /// A database that PHP has used until now, and that was migrated.
    pub fn of_php(charset: &str) -> Place<'static> {
        let place = Place::empty(MariaDb::shared(), charset);
        place.php(PHP_SCHEMA);
        place.host().migrate(false).unwrap();
        place
    }

    pub fn config(&self) -> MySqlConfig {
        let mut config = MySqlConfig::new(Server {
            address: Address::Tcp("127.0.0.1".to_owned(), self.server.port()),
            database: self.name.clone(),
            user: MariaDb::USER.to_owned(),
            password: MariaDb::PASSWORD.to_owned(),
        });
        config.busy = Duration::from_secs(20);
        config.io_timeout = Duration::from_secs(20);
        config
    }

    /// One host with the customary settings.
    pub fn host(&self) -> MySqlStorage {
        MySqlStorage::new(self.config()).unwrap()
    }

    /// One host with settings of its own.
    pub fn host_with(&self, change: impl FnOnce(&mut MySqlConfig)) -> MySqlStorage {
        let mut config = self.config();
        change(&mut config);
        MySqlStorage::new(config).unwrap()
    }

    /// Does as PHP does.
    pub fn php(&self, sql: &str) {
        self.server.run(&self.name, sql);
    }

    /// Sees as PHP sees.
    pub fn php_sees(&self, sql: &str) -> Vec<String> {
        self.server.rows(&self.name, sql)
    }
}

pub fn name(text: &str) -> CollectionName {
    CollectionName::new(text).unwrap()
}

pub fn full(id: &str, payload: &str) -> WboWrite {
    WboWrite {
        payload: Some(payload.to_owned()),
        ..WboWrite::new(RecordId::new(id).unwrap())
    }
}

/// Puts records and commits; answers the time.
pub fn put(host: &dyn Storage, collection: &str, writes: &[WboWrite]) -> Timestamp {
    let mut session = host.write_collection(USER, &name(collection)).unwrap();
    session.put(writes).unwrap();
    let time = session.time();
    session.commit().unwrap();
    time
}

/// A hundred records of which one in so many is `0` to `99`, but, unless all are, none of those that an
/// engine looks for first. The others belong to this run.
pub fn mixed(run: usize, known_of: Option<usize>) -> Vec<WboWrite> {
    let id = |n: usize| match known_of {
        Some(every) if every == 1 || n % every == 1 => n.to_string(),
        _ => format!("{run}-{n}"),
    };
    (0..100)
        .map(|n| full(&id(n), &"x".repeat(run + n)))
        .collect()
}

/// Puts records that were announced and commits.
pub fn upload(host: &dyn Storage, collection: &str, writes: &[WboWrite]) {
    let mut session = host.write_records(USER, &name(collection), writes).unwrap();
    session.put(writes).unwrap();
    session.commit().unwrap();
}

pub fn payload(host: &dyn Storage, collection: &str, id: &str) -> Option<String> {
    let mut session = host
        .read_collection(USER, &name(collection), ReadFrom::Primary)
        .unwrap();
    let mut payload = None;
    let id = RecordId::new(id).unwrap();
    session
        .get(&id, &mut |wbo| payload = wbo.payload.map(str::to_owned))
        .unwrap();
    payload
}
