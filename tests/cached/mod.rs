//! The engines under test, and what PHP would see of them.

mod beside_php;
mod php;
mod rivals;

use crate::harness::Memcached as Server;
use crate::storage_suite::{Bench, ManualClock, patient};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use weft::cache::{Memcached, MemcachedOptions};
use weft::storage::Storage;
use weft::storage::cached::Cached;
use weft::storage::sqlite::SqliteStorage;
use weft::sync::UserId;

const LIFE: u32 = 86_400;

/// A cache that answers in its own time, on a machine that does much else.
fn memcached(port: u16) -> Arc<Memcached> {
    memcached_at("127.0.0.1", port)
}

/// The same, of servers at these addresses.
fn memcached_at(hosts: &str, port: u16) -> Arc<Memcached> {
    let patience = Duration::from_secs(10);
    Arc::new(Memcached::new(&MemcachedOptions {
        connect_timeout: patience,
        io_timeout: patience,
        ..MemcachedOptions::legacy(hosts, port)
    }))
}

/// An empty database behind the memcached at a port, with users that no other test has.
fn bench(port: u16) -> Bench {
    static USERS: AtomicU32 = AtomicU32::new(1000);
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let shown = clock.clone();
    let options = patient(folder.path().join("weft.db"));
    let inner: Arc<dyn Storage> =
        Arc::new(SqliteStorage::new(options, Arc::new(move || shown.now())));
    let user = USERS.fetch_add(2, Ordering::SeqCst);
    Bench {
        storage: Arc::new(Cached::new(inner, memcached(port), LIFE)),
        clock: Some(clock),
        user: UserId::new(user),
        other: UserId::new(user + 1),
        _keep: Box::new(folder),
    }
}

/// The memcached that the suite's tests share; it ends with the program.
fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(Server::start)
}

pub fn with_memcached() -> Bench {
    bench(shared().port())
}

/// At port 1 there is nobody.
pub fn with_dead_memcached() -> Bench {
    bench(1)
}
