//! memcached, as legacy PHP uses it: the same servers, the same choice among them, the same bytes.
//!
//! The crate `memcache` speaks the text protocol, and sends each part of a command by itself. Looking, which
//! every login does, is a meta command (memcached 1.6) in one write instead of three, where the server knows
//! it. What the crate would do to a request when a server is away is kept from it (measured with version
//! 0.21):
//!
//! * Its pool waits the whole time it is allowed for a connection that is refused at once, and a
//!   connection has no timeout of its own. So each server is first tried with a plain connection
//!   that has one.
//! * It gives a connection on which an answer is still due back to the pool, where the next request
//!   would read it as its own. So each pool holds one connection, one request uses it at a time, and
//!   after any failure it is thrown away. That also makes the question before every command
//!   needless, whether the connection still lives.
//! * It does not tell whether an `add` stored anything. [`Cache`] does not ask.
//! * It puts keys on the line as they are. They are checked here.
//!
//! A [`Breaker`] before each server keeps requests from waiting for it in turn. A key belongs to one
//! server: when that is away its keys are missed, and not looked for elsewhere (pecl memcache moved
//! them to another server, where they stayed as stale values for its next absence).

mod breaker;
mod link;
mod server;

use super::{Cache, Entry, Item, Looked, Replaced, is_key};
use link::{Failure, Text};
use memcache::{MemcacheError, Stream, ToMemcacheValue};
use server::Server;
use std::io::{self, Write};
use std::time::Duration;

/// memcached takes what is larger for a date.
const LONGEST_LIFE: u32 = 30 * 24 * 60 * 60;

/// Where the servers are and how long they may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemcachedOptions {
    /// Host and port of each server, in PHP's order: it decides which key is where.
    pub servers: Vec<(String, u16)>,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long a command and its answer may take; where the server knows no meta commands, sending it and
    /// then each part of the answer.
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
        match server.look(key) {
            Some(Some(entry)) => Looked::Found(entry),
            Some(None) => Looked::Missing,
            None => Looked::Away,
        }
    }

    fn add(&self, key: &str, item: Item<'_>) {
        if let Some(server) = self.server_of(key) {
            server.ask(|Text(client)| refusable(client.add(key, Value(item), life(item)), ()));
        }
    }

    fn replace(&self, key: &str, looked_at: &Entry, item: Item<'_>) -> Replaced {
        let Some(server) = self.server_of(key) else {
            return Replaced::No;
        };
        let version = looked_at.version;
        let done = server.ask(|Text(client)| {
            refusable(client.cas(key, Value(item), life(item), version), false)
        });
        match done {
            Some(true) => Replaced::Yes,
            Some(false) => Replaced::No,
            None => Replaced::Away,
        }
    }

    fn delete(&self, key: &str) {
        if let Some(server) = self.server_of(key) {
            server.ask(|Text(client)| Ok(client.delete(key)?));
        }
    }
}

/// A server that answers that it will not store this (too large, no memory) is not away.
fn refusable<T>(done: Result<T, MemcacheError>, refused: T) -> Result<T, Failure> {
    match done {
        Err(MemcacheError::ServerError(memcache::ServerError::Error(why))) => {
            log::warn!("memcached does not store a value: {}", why.trim_end());
            Ok(refused)
        }
        done => Ok(done?),
    }
}

/// A life of 0 would be one for ever.
fn life(item: Item<'_>) -> u32 {
    item.life.clamp(1, LONGEST_LIFE)
}

struct Value<'a>(Item<'a>);

impl ToMemcacheValue<Stream> for Value<'_> {
    fn get_flags(&self) -> u32 {
        self.0.flags
    }

    fn get_length(&self) -> usize {
        self.0.bytes.len()
    }

    fn write_to(&self, stream: &mut Stream) -> io::Result<()> {
        stream.write_all(self.0.bytes)
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
