//! Making one connection: how to reach the server, what to tell it first, what to learn from it.

use super::row;
use super::server::{Address, Manner, Server};
use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder, Row, Value};
use std::time::Duration;

/// What the driver is told before it has asked; the server's own limit is read at once.
const LARGEST_PACKET: usize = 1 << 30;

/// What a connection learnt about its server when it was made.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    /// The largest message that the server takes, in bytes.
    pub(crate) packet: usize,
    /// The words after a SELECT that lock its rows shared and fail at once when others hold them;
    /// none on servers too old to know such.
    pub(crate) share_nowait: Option<&'static str>,
    /// Whether it is a MariaDB.
    pub(crate) mariadb: bool,
    /// Whether it prepares several statements as one block with values, and an INSERT that answers rows.
    pub(crate) blocks: bool,
    /// Whether SYSDATE() is the clock as it is asked, and not, as a server can be told, another word for
    /// NOW(), the clock as of the statement's beginning.
    pub(crate) sysdate: bool,
}

impl Facts {
    /// Whether it takes rows of values for a query: every MariaDB that knows [how not to
    /// wait](Self::share_nowait) does.
    pub(crate) fn lists_values(&self) -> bool {
        self.mariadb && self.share_nowait.is_some()
    }
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Transactions. The first statement begins one at no cost.
    Transactions,
    /// Single statements, each a transaction of its own that ends with it.
    Statements,
}

impl Purpose {
    /// The statement that makes a connection fit for it.
    pub(super) fn setting(self) -> &'static str {
        match self {
            Purpose::Transactions => "SET autocommit = 0",
            Purpose::Statements => "SET autocommit = 1",
        }
    }
}

/// Makes a connection that has been told `setup`.
pub(super) fn connect(
    opts: &Opts,
    setup: &str,
    purpose: Purpose,
) -> Result<(Conn, Facts), mysql::Error> {
    let mut conn = Conn::new(opts.clone())?;
    let mut facts = None;
    let mut answers = conn.query_iter(format!("{}; {setup}", purpose.setting()))?;
    while let Some(mut answer) = answers.iter() {
        for row in answer.by_ref() {
            facts = Some(Facts::read(&row?));
        }
    }
    drop(answers);
    match facts {
        Some(facts) => Ok((conn, facts)),
        None => Err(mysql::DriverError::SetupError.into()),
    }
}

pub(super) fn options(server: &Server, manner: &Manner, read_timeout: Option<Duration>) -> Opts {
    let builder = match &server.address {
        Address::Tcp(host, port) => OptsBuilder::new()
            .ip_or_hostname(Some(host.as_str()))
            .tcp_port(*port),
        Address::Socket(path) => OptsBuilder::new().socket(Some(path.to_string_lossy())),
    };
    builder
        .prefer_socket(false)
        .user(Some(server.user.as_str()))
        .pass(Some(server.password.as_str()))
        .db_name(Some(server.database.as_str()))
        .tcp_connect_timeout(Some(manner.connect_timeout))
        .read_timeout(read_timeout)
        .write_timeout(Some(manner.io_timeout))
        .stmt_cache_size(0)
        // A row that is found but has the new value already counts as one that was changed.
        .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
        .max_allowed_packet(Some(LARGEST_PACKET))
        .into()
}

/// What every connection is told first. UTC, because local time repeats an hour every autumn.
/// Strict, because a payload cut short without an error is a payload lost. A client that reads a
/// long download slowly must not make the server hang up. No subquery of ours is asked the same twice, so
/// that remembering what it said, in a table for each, is in vain.
pub(super) fn setup(manner: &Manner) -> String {
    let seconds = manner.busy.as_millis().div_ceil(1000).max(1);
    format!(
        "SET NAMES {}; \
         SET SESSION sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES', time_zone = '+00:00', \
         innodb_lock_wait_timeout = {seconds}, net_write_timeout = 600 \
         /*M!100000 , optimizer_switch = 'subquery_cache=off' */; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SELECT @@max_allowed_packet, @@version, SYSDATE(6) > NOW(6)",
        manner.charset.name()
    )
}

impl Facts {
    fn read(row: &Row) -> Facts {
        let packet = match row.as_ref(0) {
            Some(Value::Bytes(digits)) => std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok()),
            _ => None,
        };
        let version = row::text(row, 1).unwrap_or_default();
        Facts {
            packet: packet.unwrap_or(1 << 20),
            share_nowait: share_nowait(&version),
            mariadb: version.contains("MariaDB"),
            blocks: version.contains("MariaDB") && numbers(&version) >= (10, 6),
            sysdate: row::text(row, 2).is_some_and(|later| later == "1"),
        }
    }
}

fn share_nowait(version: &str) -> Option<&'static str> {
    match version.contains("MariaDB") {
        true if numbers(version) >= (10, 3) => Some("LOCK IN SHARE MODE NOWAIT"),
        false if numbers(version) >= (8, 0) => Some("FOR SHARE NOWAIT"),
        _ => None,
    }
}

/// The first two numbers of a version. Some MariaDB put another one before their own.
fn numbers(version: &str) -> (u32, u32) {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{numbers, share_nowait};

    #[test]
    fn a_shared_lock_without_waiting_is_said_differently_by_each_server() {
        let rows = [
            (
                "10.11.6-MariaDB-0+deb12u1",
                Some("LOCK IN SHARE MODE NOWAIT"),
            ),
            (
                "5.5.5-10.3.39-MariaDB-log",
                Some("LOCK IN SHARE MODE NOWAIT"),
            ),
            ("5.5.68-MariaDB", None),
            ("8.0.36", Some("FOR SHARE NOWAIT")),
            ("5.7.44-log", None),
            ("", None),
        ];
        for (version, words) in rows {
            assert_eq!(share_nowait(version), words, "{version}");
        }
    }

    #[test]
    fn a_number_that_is_put_before_the_version_is_none_of_it() {
        assert_eq!(numbers("5.5.5-10.3.39-MariaDB-log"), (10, 3));
        assert_eq!(numbers("10.11.6-MariaDB-0+deb12u1"), (10, 11));
        assert_eq!(numbers("8.0.36"), (8, 0));
        assert_eq!(numbers(""), (0, 0));
    }
}
