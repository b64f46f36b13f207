//! The MySQL engine keeps what every storage engine promises.

#[path = "harness/mariadb.rs"]
mod mariadb;
#[macro_use]
mod storage_suite;

use mariadb::MariaDb;
use std::sync::Arc;
use storage_suite::Bench;
use weft::storage::mysql::{Address, MySqlConfig, MySqlStorage, Server};
use weft::sync::UserId;

fn bench() -> Bench {
    let server = MariaDb::shared();
    let config = MySqlConfig::new(Server {
        address: Address::Tcp("127.0.0.1".to_owned(), server.port()),
        database: server.database("latin1"),
        user: MariaDb::USER.to_owned(),
        password: MariaDb::PASSWORD.to_owned(),
    });
    let storage = MySqlStorage::new(config).unwrap();
    storage.migrate(false).unwrap();
    Bench {
        storage: Arc::new(storage),
        clock: None,
        user: UserId::new(7),
        other: UserId::new(8),
        _keep: Box::new(()),
    }
}

storage_suite!(crate::bench);
