//! Real PHP reads what Weft wrote, and Weft what PHP wrote, with one memcached and with two.

use super::{LIFE, memcached_at};
use crate::harness::{Memcached as Server, php};
use crate::storage_suite::{ManualClock, full, get, name, scan};
use serde_json::{Value, json};
use std::sync::Arc;
use weft::storage::cached::Cached;
use weft::storage::sqlite::{SqliteOptions, SqliteStorage};
use weft::storage::{ReadFrom, Storage};
use weft::sync::{Query, UserId, WboWrite};

const NOW: i64 = ManualClock::START.centis();

struct Fleet {
    hosts: &'static str,
    port: u16,
    storage: Cached,
    _servers: Vec<Server>,
    _folder: tempfile::TempDir,
}

fn fleet(hosts: &'static str, servers: Vec<Server>) -> Fleet {
    let (folder, port) = (tempfile::tempdir().unwrap(), servers[0].port());
    let options = SqliteOptions::new(folder.path().join("weft.db"));
    let inner = SqliteStorage::new(options, Arc::new(|| ManualClock::START));
    Fleet {
        hosts,
        port,
        storage: Cached::new(Arc::new(inner), memcached_at(hosts, port), LIFE),
        _servers: servers,
        _folder: folder,
    }
}

impl Fleet {
    fn php(&self, verb: &str, key: &str, value: Option<&Value>) -> Vec<u8> {
        php::shared_cache(verb, self.hosts, self.port, key, value)
    }

    fn php_reads(&self, key: &str) -> Value {
        let text = self.php("get", key, None);
        serde_json::from_slice(&text).unwrap_or_else(|_| panic!("{:?}", String::from_utf8(text)))
    }

    fn put(&self, user: UserId, collection: &str, writes: &[WboWrite]) -> i64 {
        let mut session = self
            .storage
            .write_collection(user, &name(collection))
            .unwrap();
        session.put(writes).unwrap();
        let time = session.time();
        session.commit().unwrap();
        time.centis()
    }

    fn both_ways(&self, number: u32) {
        let user = UserId::new(number);
        let (coll, tabs) = (format!("coll:{number}"), format!("tabs:{number}"));
        assert_eq!(self.php_reads(&coll), json!(false));

        let changed = self.put(user, "foo", &[full("a", "x"), full("b", "y")]);
        let tab = self.put(
            user,
            "tabs",
            &[full("12", "one é \u{1f600}"), full("t", "{}")],
        );
        let list = self.php_reads(&coll);
        assert_eq!(list["foo"], json!([changed.to_string(), "2"]));
        assert_eq!(list["tabs"], json!([tab, "2"]));
        let stored = self.php_reads(&tabs);
        assert_eq!(stored["12"], json!([tab, "one é \u{1f600}"]));
        assert_eq!(stored["t"], json!([tab, "{}"]));

        // PHP writes a tab and deletes from foo, a second later.
        let later = (NOW + 100) as f64;
        let mut list = list;
        list["tabs"] = json!([later, "3"]);
        list["foo"] = json!([later, "1"]);
        let mut stored = stored;
        stored["p"] = json!([later, "from php ü"]);
        self.php("set", &tabs, Some(&stored));
        self.php("set", &coll, Some(&list));
        let mut account = self.storage.read_account(user).unwrap();
        for (_, time) in account.times().unwrap() {
            assert!(time.centis() >= NOW + 100, "{time}");
        }
        let read = |collection: &str| {
            let name = name(collection);
            let session = self.storage.read_collection(user, &name, ReadFrom::Any);
            session.unwrap()
        };
        let mut session = read("tabs");
        let payload = get(&mut *session, "p").unwrap().payload;
        assert_eq!(payload.as_deref(), Some("from php ü"));
        assert_eq!(scan(&mut *session, &Query::default()).len(), 3);
    }
}

#[test]
#[cfg_attr(
    any(without = "memcached", without = "php"),
    ignore = "memcached or php is not installed"
)]
fn php_and_weft_read_what_the_other_wrote() {
    let fleet = fleet("127.0.0.1", vec![Server::start()]);
    fleet.both_ways(1);
    fleet.both_ways(4_000_000_000);
}

#[test]
#[cfg_attr(
    any(without = "memcached", without = "php"),
    ignore = "memcached or php is not installed"
)]
fn php_and_weft_find_each_others_values_on_two_servers() {
    let servers = Server::start_at(["127.0.0.1", "127.0.0.2"]);
    let fleet = fleet("127.0.0.1:127.0.0.2", servers.into());
    // Users whose two values are on one server, on the other, and on one each.
    for user in [37, 111, 148, 222, 259, 333] {
        fleet.both_ways(user);
    }
}

#[test]
#[cfg_attr(
    any(without = "memcached", without = "php"),
    ignore = "memcached or php is not installed"
)]
fn the_bytes_are_those_of_serialize() {
    let server = Server::start();
    let fleet = fleet("127.0.0.1", vec![server]);
    let user = UserId::new(1);
    let time = fleet.put(user, "tabs", &[full("12", "ü"), full("t", "x\"y")]);
    let seen = fleet._servers[0].get("tabs:1");
    let value = json!({"12": [time, "ü"], "t": [time, "x\"y"]});
    let php = String::from_utf8(fleet.php("bytes", "tabs:1", Some(&value))).unwrap();
    let (_, weft) = seen.split_once("\r\n").unwrap();
    assert_eq!(weft.trim_end_matches("\r\n"), php);
}
