//! One kept connection of HTTP/1.1 that is asked again and again, with as little of our own work between
//! the clock's two readings as can be.
//!
//! Requests are bytes that were made before. Of an answer it understands the status and the end; a
//! connection that the server closes (Apache after its hundredth answer) is opened again, within the time
//! that is measured, as a browser would.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long to wait for the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    /// Bytes of the body, as they were sent.
    pub length: usize,
}

/// The connection.
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    /// What was read of the current answer.
    read: Vec<u8>,
}

/// Where an answer's body ends.
enum End {
    After(usize),
    LastChunk,
    Close,
}

struct Head {
    status: u16,
    length: usize,
    end: End,
    closes: bool,
}

impl Client {
    /// A connection that is opened by its first request.
    pub fn new(address: SocketAddr) -> Client {
        Client {
            address,
            stream: None,
            read: Vec::with_capacity(1 << 20),
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// The server is away, or broke off within an answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        let kept = self.stream.is_some();
        match self.try_ask(request) {
            // A kept connection may have been closed by the server meanwhile.
            Err(_) if kept && self.read.is_empty() => {
                self.stream = None;
                self.try_ask(request)
            }
            done => done,
        }
    }

    /// The body of the last answer, with the frames of its chunks if it has any.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    fn try_ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.read.clear();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(self.address)?,
        };
        stream.write_all(request)?;
        let head = loop {
            if let Some(head) = head(&self.read)? {
                break head;
            }
            if more(&mut stream, &mut self.read)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        };
        match head.end {
            End::After(length) => {
                while self.read.len() < head.length + length {
                    whole(more(&mut stream, &mut self.read)?)?;
                }
            }
            End::LastChunk => {
                let mut at = head.length;
                while !passed_chunks(&self.read, &mut at)? {
                    whole(more(&mut stream, &mut self.read)?)?;
                }
            }
            End::Close => while more(&mut stream, &mut self.read)? > 0 {},
        }
        if !head.closes && !matches!(head.end, End::Close) {
            self.stream = Some(stream);
        }
        Ok(Answer {
            status: head.status,
            length: self.read.len() - head.length,
        })
    }
}

fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn more(stream: &mut TcpStream, into: &mut Vec<u8>) -> io::Result<usize> {
    let mut part = [0; 65536];
    let length = stream.read(&mut part)?;
    into.extend_from_slice(&part[..length]);
    Ok(length)
}

fn whole(length: usize) -> io::Result<()> {
    match length {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// The head of an answer, once all of it is there.
fn head(read: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&read[..end]);
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "no status line"))?;
    let mut head = Head {
        status,
        length: end + 4,
        end: End::Close,
        closes: false,
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            let length = value.parse();
            head.end = End::After(length.map_err(|_| ErrorKind::InvalidData)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            head.end = End::LastChunk;
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        }
    }
    Ok(Some(head))
}

/// Goes past the chunks that are there; whether the last was among them. `at` is where the next begins.
fn passed_chunks(read: &[u8], at: &mut usize) -> io::Result<bool> {
    loop {
        let rest = read.get(*at..).unwrap_or_default();
        let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else {
            return Ok(false);
        };
        let size = String::from_utf8_lossy(&rest[..line]);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData)?;
        let next = *at + line + 2 + size + 2;
        if read.len() < next {
            return Ok(false);
        }
        if size == 0 {
            return Ok(true);
        }
        *at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_passed_as_they_come() {
        let all = b"5\r\nhello\r\n3;x=y\r\nyou\r\n0\r\n\r\n";
        let mut at = 0;
        for end in 0..all.len() {
            assert!(!passed_chunks(&all[..end], &mut at).unwrap(), "{end}");
        }
        assert!(passed_chunks(all, &mut at).unwrap());
    }

    #[test]
    fn a_head_says_where_the_answer_ends() {
        let read = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nab";
        let head = head(read).unwrap().unwrap();
        assert_eq!((head.status, head.length), (200, read.len() - 2));
        assert!(head.closes && matches!(head.end, End::After(7)));
    }
}
