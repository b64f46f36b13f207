//! What can go wrong on the way to the server and back, sorted by what to do about it.

use std::error::Error;
use std::io::{self, ErrorKind};

/// Why a statement has no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The connection is gone. On a new one, the same may succeed.
    Lost(String),
    /// The server cut a knot of waiting transactions, and this was the one to go.
    Deadlock,
    /// Others held a lock for as long as we wait.
    Locked,
    /// A table, a column or an index does not exist, or is not for us.
    Missing(String),
    /// A row exists already.
    Duplicate,
    /// The server is away, overloaded, or won't have us now.
    Unavailable(String),
    /// It answered what no retry will change: for the operator to look at.
    Broken(String),
}

impl Fault {
    /// Whether the connection may still be used after this.
    pub(crate) fn leaves_connection(&self) -> bool {
        matches!(
            self,
            Fault::Deadlock | Fault::Locked | Fault::Missing(_) | Fault::Duplicate
        )
    }

    pub(crate) fn broken(why: &str) -> Fault {
        Fault::Broken(why.to_owned())
    }

    /// A connection could not be made: whatever the reason, it may be gone by the next request.
    pub(crate) fn no_connection(error: mysql::Error) -> Fault {
        Fault::Unavailable(match error {
            mysql::Error::MySqlError(error) => told_by_server(error.code, &error.message),
            // Without the name that the driver has for its kind.
            mysql::Error::DriverError(error) => error.to_string(),
            mysql::Error::IoError(error) => error.to_string(),
            error => error.to_string(),
        })
    }
}

impl From<mysql::Error> for Fault {
    fn from(error: mysql::Error) -> Fault {
        match error {
            mysql::Error::MySqlError(error) => of_server(error.code, error.message),
            mysql::Error::IoError(error) => of_stream(error.kind(), error.to_string()),
            mysql::Error::CodecError(error) => {
                let stream = error.source().and_then(|e| e.downcast_ref::<io::Error>());
                let kind = stream.map_or(ErrorKind::InvalidData, io::Error::kind);
                of_stream(kind, error.to_string())
            }
            error => Fault::Unavailable(error.to_string()),
        }
    }
}

fn of_stream(kind: ErrorKind, why: String) -> Fault {
    match kind {
        // The server had its time; a second try would only double the wait.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Fault::Unavailable(format!("no answer: {why}"))
        }
        _ => Fault::Lost(why),
    }
}

fn told_by_server(code: u16, message: &str) -> String {
    format!("{message} (error {code})")
}

fn of_server(code: u16, message: String) -> Fault {
    let why = told_by_server(code, &message);
    match code {
        // Lock wait timeout, in MariaDB that of NOWAIT too; MySQL's NOWAIT.
        1205 | 3572 => Fault::Locked,
        1213 => Fault::Deadlock,
        1062 => Fault::Duplicate,
        // No such table, column or index; not allowed to use the table, which is what the server says
        // of one that does not exist, too, to who may use others only.
        1146 | 1054 | 1176 | 1142 => Fault::Missing(why),
        // Shutting down, killed, gone away, lost, disconnected for idleness.
        1053 | 1927 | 2006 | 2013 | 4031 => Fault::Lost(why),
        // Bad syntax, no such function, too long, no such text in that character set, bad value,
        // over max_allowed_packet, binary log too old for READ COMMITTED.
        1064 | 1305 | 1406 | 1366 | 1264 | 1292 | 1153 | 1665 => Fault::Broken(why),
        _ => Fault::Unavailable(why),
    }
}
