//! Why a command could not do its work, in sentences: what, where, what to do.

use crate::config::Problems;
use crate::config::data::FolderError;
use std::fmt;
use std::io;

/// Why a command ended without having done its work.
#[derive(Debug)]
pub enum Failure {
    /// The configuration is wrong.
    Configuration(Problems),
    /// The data folder can't be used.
    DataFolder(FolderError),
    /// No socket could be had at this address.
    Listen {
        /// The address, as the operator wrote it.
        address: String,
        /// What the system said.
        error: io::Error,
    },
    /// A file can't be read or written.
    File {
        /// What was to be done: `open the log file /var/log/weft.log`.
        doing: String,
        /// What the system said.
        error: io::Error,
    },
    /// Anything else: a sentence that says what is wrong and what to do.
    Other(String),
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Failure::Configuration(problems)
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Failure::DataFolder(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Configuration(problems) => fmt::Display::fmt(problems, f),
            Failure::DataFolder(error) => fmt::Display::fmt(error, f),
            Failure::Listen { address, error } => {
                write!(f, "can't listen at {address}: ")?;
                listen_advice(error, f)
            }
            Failure::File { doing, error } => {
                write!(f, "can't {doing}: ")?;
                match error.kind() {
                    io::ErrorKind::PermissionDenied => f.write_str(
                        "this is not allowed to the user that the program runs as; change the \
                         owner or the mode of the file and of its folder",
                    ),
                    io::ErrorKind::NotFound => f.write_str("its folder does not exist; make it"),
                    io::ErrorKind::StorageFull => f.write_str("the disk is full; make room"),
                    _ => fmt::Display::fmt(error, f),
                }
            }
            Failure::Other(sentence) => f.write_str(sentence),
        }
    }
}

fn listen_advice(error: &io::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error.kind() {
        io::ErrorKind::AddrInUse => f.write_str(
            "another program (or another weft) listens there already; stop it, or choose another \
             address with --listen",
        ),
        io::ErrorKind::PermissionDenied => f.write_str(
            "this is not allowed to the user that the program runs as; choose a port above 1023, \
             or a folder that this user may write to, with --listen",
        ),
        io::ErrorKind::AddrNotAvailable => f.write_str(
            "this machine has no such address; 127.0.0.1 is itself and 0.0.0.0 all its addresses",
        ),
        io::ErrorKind::NotFound => f.write_str("the socket's folder does not exist; make it"),
        _ => fmt::Display::fmt(error, f),
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_to_listen_says_what_to_do() {
        let cases = [
            (
                io::ErrorKind::AddrInUse,
                "can't listen at 127.0.0.1:5000: another program (or another weft) listens there \
                 already; stop it, or choose another address with --listen",
            ),
            (
                io::ErrorKind::PermissionDenied,
                "can't listen at 127.0.0.1:5000: this is not allowed to the user that the program \
                 runs as; choose a port above 1023, or a folder that this user may write to, with \
                 --listen",
            ),
            (
                io::ErrorKind::AddrNotAvailable,
                "can't listen at 127.0.0.1:5000: this machine has no such address; 127.0.0.1 is \
                 itself and 0.0.0.0 all its addresses",
            ),
            (
                io::ErrorKind::NotFound,
                "can't listen at 127.0.0.1:5000: the socket's folder does not exist; make it",
            ),
        ];
        for (kind, expected) in cases {
            let failure = Failure::Listen {
                address: "127.0.0.1:5000".into(),
                error: kind.into(),
            };
            assert_eq!(failure.to_string(), expected);
        }
    }

    #[test]
    fn every_failure_with_a_file_says_what_to_do() {
        let cases = [
            (
                io::ErrorKind::PermissionDenied,
                "can't open the log file /l: this is not allowed to the user that the program runs \
                 as; change the owner or the mode of the file and of its folder",
            ),
            (
                io::ErrorKind::NotFound,
                "can't open the log file /l: its folder does not exist; make it",
            ),
        ];
        for (kind, expected) in cases {
            let doing = "open the log file /l".to_owned();
            assert_eq!(
                Failure::File {
                    doing,
                    error: kind.into()
                }
                .to_string(),
                expected
            );
        }
    }
}
