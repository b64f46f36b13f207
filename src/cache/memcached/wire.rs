//! A connection to a memcached server, and the four commands that are needed of its text protocol
//! (memcached's `doc/protocol.txt`).
//!
//! A command is one write and its answer, as a rule, one read. After an error nobody knows what is
//! still to come on the connection: it must not be used again.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Room for what ordinary answers have, in bytes.
const BUFFER: usize = 2048;

/// No line of an answer is longer: a key has 250 bytes at most, and an error is a sentence.
const LONGEST_LINE: u64 = 2048;

/// memcached can't be told to take larger values.
const LARGEST_VALUE: u64 = 1 << 30;

/// A connection.
pub(super) struct Wire {
    stream: BufReader<TcpStream>,
}

/// A stored value.
pub(super) struct Value {
    pub(super) bytes: Vec<u8>,
    pub(super) flags: u32,
    /// Which of the values that the key has had it is.
    pub(super) version: u64,
}

/// A value to be stored, by a command of that name.
pub(super) struct Store<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) flags: u32,
    /// In seconds.
    pub(super) life: u32,
    /// The version that it takes the place of; without one it is stored where nothing is.
    pub(super) instead_of: Option<u64>,
}

/// How storing ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Yes,
    /// There is something, or something else.
    No,
    /// The server will not have it, for this reason.
    Refused(String),
}

impl Wire {
    /// Connects. Each part of an answer, and each write, may take `io_timeout`.
    pub(super) fn connect(
        address: &SocketAddr,
        connect_timeout: Duration,
        io_timeout: Duration,
    ) -> io::Result<Wire> {
        let stream = TcpStream::connect_timeout(address, connect_timeout)?;
        stream.set_read_timeout(Some(io_timeout))?;
        stream.set_write_timeout(Some(io_timeout))?;
        stream.set_nodelay(true)?;
        Ok(Wire {
            stream: BufReader::with_capacity(BUFFER, stream),
        })
    }

    /// What is stored under a key.
    pub(super) fn get(&mut self, key: &str) -> io::Result<Option<Value>> {
        self.send(&format!("gets {key}\r\n").into_bytes())?;
        let line = self.line()?;
        if line == "END" {
            return Ok(None);
        }
        let words: Vec<&str> = line.split(' ').collect();
        let ["VALUE", found, flags, length, version] = words[..] else {
            return Err(unexpected(&line));
        };
        let numbers = (flags.parse(), length.parse::<u64>(), version.parse());
        let (Ok(flags), Ok(length), Ok(version)) = numbers else {
            return Err(unexpected(&line));
        };
        if found != key || length > LARGEST_VALUE {
            return Err(unexpected(&line));
        }
        // Grown as bytes arrive: a length is a claim.
        let mut bytes = Vec::new();
        let stream = Read::by_ref(&mut self.stream);
        let got = stream.take(length).read_to_end(&mut bytes)?;
        let ends = (self.line()?, self.line()?);
        if got as u64 != length || !ends.0.is_empty() || ends.1 != "END" {
            return Err(unexpected("a value that does not end where it says"));
        }
        Ok(Some(Value {
            bytes,
            flags,
            version,
        }))
    }

    /// Stores a value.
    pub(super) fn store(&mut self, key: &str, what: &Store<'_>) -> io::Result<Stored> {
        let Store {
            bytes, flags, life, ..
        } = what;
        let length = bytes.len();
        let command = match what.instead_of {
            Some(version) => format!("cas {key} {flags} {life} {length} {version}\r\n"),
            None => format!("add {key} {flags} {life} {length}\r\n"),
        };
        let mut command = command.into_bytes();
        command.extend_from_slice(bytes);
        command.extend_from_slice(b"\r\n");
        self.send(&command)?;
        let line = self.line()?;
        match line.as_str() {
            "STORED" => Ok(Stored::Yes),
            "NOT_STORED" | "EXISTS" | "NOT_FOUND" => Ok(Stored::No),
            other => match other.strip_prefix("SERVER_ERROR ") {
                Some(why) => Ok(Stored::Refused(why.to_owned())),
                None => Err(unexpected(&line)),
            },
        }
    }

    /// Deletes what is stored under a key, if anything is.
    pub(super) fn delete(&mut self, key: &str) -> io::Result<()> {
        self.send(&format!("delete {key}\r\n").into_bytes())?;
        match self.line()?.as_str() {
            "DELETED" | "NOT_FOUND" => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    fn send(&mut self, command: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(command)
    }

    /// The next line of the answer, without its end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let stream = Read::by_ref(&mut self.stream);
        stream.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\r\n") {
            Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
            None if line.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            None => Err(unexpected("a line without an end")),
        }
    }
}

fn unexpected(answer: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("it answered: {answer:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// What a command makes of an answer, and what the server was sent.
    fn told<T>(answer: &'static str, ask: impl FnOnce(&mut Wire) -> T) -> (T, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut heard = String::new();
            stream.read_to_string(&mut heard).unwrap();
            heard
        });
        let mut wire = Wire::connect(&address, PATIENCE, PATIENCE).unwrap();
        let made = ask(&mut wire);
        drop(wire);
        (made, server.join().unwrap())
    }

    fn get(answer: &'static str) -> Option<Option<(Vec<u8>, u32, u64)>> {
        let got = told(answer, |wire| wire.get("k")).0.ok()?;
        Some(got.map(|value| (value.bytes, value.flags, value.version)))
    }

    #[test]
    fn a_value_is_taken_by_its_length_and_nothing_else_for_one() {
        let value = b"a\r\nEND\r\n".to_vec();
        let found = get("VALUE k 3 8 77\r\na\r\nEND\r\n\r\nEND\r\n");
        assert_eq!(found, Some(Some((value, 3, 77))));
        assert_eq!(get("END\r\n"), Some(None));
        for nonsense in [
            "",
            "EN",
            "ERROR\r\n",
            "SERVER_ERROR out of memory\r\n",
            "VALUE other 0 1 1\r\nx\r\nEND\r\n",
            "VALUE k 0 1\r\nx\r\nEND\r\n",
            "VALUE k 0 -1 1\r\nx\r\nEND\r\n",
            "VALUE k 0 2 1\r\nx\r\nEND\r\n",
            "VALUE k 0 9 1\r\nx\r\n",
            "VALUE k 0 99999999999 1\r\nx\r\n",
        ] {
            assert_eq!(get(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn a_value_is_stored_where_there_is_nothing_or_in_the_place_of_another() {
        let mut what = Store {
            bytes: b"xy",
            flags: 1,
            life: 60,
            instead_of: None,
        };
        let (stored, sent) = told("STORED\r\n", |wire| wire.store("k", &what));
        assert_eq!(stored.unwrap(), Stored::Yes);
        assert_eq!(sent, "add k 1 60 2\r\nxy\r\n");
        what.instead_of = Some(9);
        let (stored, sent) = told("EXISTS\r\n", |wire| wire.store("k", &what));
        assert_eq!(stored.unwrap(), Stored::No);
        assert_eq!(sent, "cas k 1 60 2 9\r\nxy\r\n");
        let refused = "SERVER_ERROR object too large for cache\r\n";
        let (stored, _) = told(refused, |wire| wire.store("k", &what));
        let why = "object too large for cache".to_owned();
        assert_eq!(stored.unwrap(), Stored::Refused(why));
        let (stored, _) = told("CLIENT_ERROR bad\r\n", |wire| wire.store("k", &what));
        assert!(stored.is_err());
    }
}
