//! memcached, as legacy PHP uses it: the same servers, the same choice among them, the same bytes.
//!
//! The protocol is in `wire`: four commands of memcached's text protocol, each sent in one write. One
//! request uses a connection at a time, and after any failure it is thrown away, so that nobody reads
//! an answer that was due to somebody else. Keys are checked here.
//!
//! A [`Breaker`] before each server keeps requests from waiting for it in turn. A key belongs to one
//! server: when that is away its keys are missed, and not looked for elsewhere (pecl memcache moved
//! them to another server, where they stayed as stale values for its next absence).

mod breaker;
mod server;
mod wire;

use super::{Cache, Entry, Item, Looked, Replaced, is_key};
use server::Server;
use std::time::Duration;
use wire::{Store, Stored};

/// memcached takes what is larger for a date.
const LONGEST_LIFE: u32 = 30 * 24 * 60 * 60;

/// Where the servers are and how long they may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemcachedOptions {
    /// Host and port of each server, in PHP's order: it decides which key is where.
    pub servers: Vec<(String, u16)>,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long sending a command, and then each part of the answer, may take.
    pub io_timeout: Duration,
    /// How long a server that does not answer is not asked again.
    pub silence: Duration,
}

impl MemcachedOptions {
    /// The servers of a legacy deployment: hosts separated by `:`, and one port for all
    /// (`WEAVE_STORAGE_MEMCACHE_HOST` and `…_PORT`).
    pub fn legacy(hosts: &str, port: u16) -> Self {
        let hosts = hosts.split(':').map(str::trim);
        MemcachedOptions {
            servers: hosts
                .filter(|host| !host.is_empty())
                .map(|host| (host.to_owned(), port))
                .collect(),
            connect_timeout: Duration::from_millis(100),
            io_timeout: Duration::from_millis(100),
            silence: Duration::from_secs(5),
        }
    }
}

/// One or more memcached servers. Connections are made when they are needed, so making this cannot
/// fail, and a server that was away is found again.
pub struct Memcached {
    servers: Vec<Server>,
}

impl Memcached {
    /// The cache on these servers.
    pub fn new(options: &MemcachedOptions) -> Self {
        let server = |(host, port): &(String, u16)| Server::new(host.clone(), *port, options);
        Memcached {
            servers: options.servers.iter().map(server).collect(),
        }
    }

    /// The server of a key, if it is a key.
    fn server_of(&self, key: &str) -> Option<&Server> {
        self.servers
            .get(place(key, self.servers.len()))
            .filter(|_| is_key(key))
    }
}

/// Which of so many servers a key belongs to: pecl memcache's "standard" strategy.
fn place(key: &str, servers: usize) -> usize {
    let hash = (crc32(key.as_bytes()) >> 16) & 0x7fff;
    hash.max(1) as usize % servers.max(1)
}

/// CRC-32 as in zlib and PHP. Keys are short, so there is no table.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

impl Cache for Memcached {
    fn look(&self, key: &str) -> Looked {
        let Some(server) = self.server_of(key) else {
            return match self.servers.is_empty() {
                true => Looked::Away,
                false => Looked::Missing,
            };
        };
        match server.ask(|wire| wire.get(key)) {
            Some(Some(value)) => Looked::Found(Entry {
                bytes: value.bytes,
                flags: value.flags,
                version: value.version,
            }),
            Some(None) => Looked::Missing,
            None => Looked::Away,
        }
    }

    fn add(&self, key: &str, item: Item<'_>) {
        if let Some(server) = self.server_of(key) {
            let stored = server.ask(|wire| wire.store(key, &what(item, None)));
            note_refusal(stored.as_ref());
        }
    }

    fn replace(&self, key: &str, looked_at: &Entry, item: Item<'_>) -> Replaced {
        let Some(server) = self.server_of(key) else {
            return Replaced::No;
        };
        let version = looked_at.version;
        let stored = server.ask(|wire| wire.store(key, &what(item, Some(version))));
        note_refusal(stored.as_ref());
        match stored {
            Some(Stored::Yes) => Replaced::Yes,
            Some(Stored::No | Stored::Refused(_)) => Replaced::No,
            None => Replaced::Away,
        }
    }

    fn delete(&self, key: &str) {
        if let Some(server) = self.server_of(key) {
            server.ask(|wire| wire.delete(key));
        }
    }
}

/// A server that answers that it will not store this (too large, no memory) is not away.
fn note_refusal(stored: Option<&Stored>) {
    if let Some(Stored::Refused(why)) = stored {
        log::warn!("memcached does not store a value: {why}");
    }
}

fn what(item: Item<'_>, instead_of: Option<u64>) -> Store<'_> {
    Store {
        bytes: item.bytes,
        flags: item.flags,
        // A life of 0 would be one for ever.
        life: item.life.clamp(1, LONGEST_LIFE),
        instead_of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    // Found by asking two servers which keys pecl memcache 4.0.5 had put there, strategy "standard".
    #[test]
    fn keys_are_where_php_puts_them() {
        let first = ["coll:111", "tabs:148", "coll:222", "tabs:259", "coll:777"];
        let second = [
            "coll:0",
            "tabs:37",
            "lockout:user74",
            "tabs:703",
            "coll:888",
        ];
        for (keys, server) in [(first, 0), (second, 1)] {
            for key in keys {
                assert_eq!(place(key, 2), server, "{key}");
            }
        }
        assert_eq!(place("coll:1", 1), 0);
    }

    #[test]
    fn hosts_are_separated_by_colons_and_share_a_port() {
        let options = MemcachedOptions::legacy("one: two:", 11211);
        let servers = [("one".to_owned(), 11211), ("two".to_owned(), 11211)];
        assert_eq!(options.servers, servers);
    }
}
