//! HTTP/1.1 as bytes.
//!
//! No HTTP library: one would tidy what it sends and hide what it receives. A request goes out
//! exactly as it was built, nothing added, nothing reordered. An answer keeps its headers in order and
//! says whether its body came to its promised end.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::leaks;

/// How long to wait for the next bytes of an answer: longer than the program makes anybody wait.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a request that has its answer may take to end.
const UNWANTED_AFTER: Duration = Duration::from_millis(500);

/// A request, and how its body is framed.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The request target as it stands in the request line, encoded or not.
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// The bytes after the headers, chunk framing included.
    pub after_headers: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: impl Into<String>) -> Request {
        Request {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            after_headers: Vec::new(),
        }
    }

    /// Adds a header after those that are there.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds `Content-Length` after the headers that are there, and the body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Request {
        let body = body.into();
        let mut request = self.header("Content-Length", body.len().to_string());
        request.after_headers = body;
        request
    }

    /// Adds `Transfer-Encoding: chunked` after the headers that are there, and the body in chunks.
    pub fn chunked(self, chunks: &[&[u8]]) -> Request {
        let mut request = self.header("Transfer-Encoding", "chunked");
        for chunk in chunks {
            request
                .after_headers
                .extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.after_headers.extend(*chunk);
            request.after_headers.extend(b"\r\n");
        }
        request.after_headers.extend(b"0\r\n\r\n");
        request
    }

    /// The request as it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&self.after_headers);
        bytes
    }
}

/// An answer.
#[derive(Clone)]
pub struct Response {
    pub status: u16,
    /// In order, names as they were spelled; bytes above 127 as Latin-1.
    pub headers: Vec<(String, String)>,
    /// Decoded from chunks where it was sent in chunks.
    pub body: Vec<u8>,
    /// Whether the connection ended before the body did.
    pub truncated: bool,
}

impl Response {
    /// The first header of that name, in any spelling.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 become replacement characters.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of a success as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless status and body are exactly these.
    #[track_caller]
    pub fn must_be(&self, status: u16, body: &str) {
        assert_eq!(
            (self.status, self.text().as_str()),
            (status, body),
            "{self:?}"
        );
    }

    /// `X-Weave-Timestamp` as it was sent.
    #[track_caller]
    pub fn timestamp(&self) -> &str {
        self.header("X-Weave-Timestamp")
            .unwrap_or_else(|| panic!("no timestamp: {self:?}"))
    }

    /// The body of a successful write or deletion: a time, the same as the header's.
    #[track_caller]
    pub fn written(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.text(), self.timestamp(), "{self:?}");
        self.text()
    }

    fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding")
            .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"))
    }
}

impl fmt::Debug for Response {
    /// As a failed test shows it: the body as text, and no more of it than one can read.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: String = self.text().chars().take(1_000).collect();
        write!(
            out,
            "{} {:?} {body:?} ({} bytes",
            self.status,
            self.headers,
            self.body.len()
        )?;
        out.write_str(if self.truncated { ", cut off)" } else { ")" })
    }
}

/// A connection that can carry several requests, one after the other.
pub struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        Connection::open_for(address, PATIENCE)
    }

    /// A connection over which each byte has to come in so long.
    pub fn open_for(address: SocketAddr, patience: Duration) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Connection {
            reader: BufReader::new(stream),
        })
    }

    /// Sends bytes, any bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends a request and reads the answer, also one that comes before the request is all sent.
    pub fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        let password = leaks::note(request);
        let bytes = request.bytes();
        let mut writer = self.reader.get_ref().try_clone()?;
        thread::scope(|scope| {
            let (done, sent) = mpsc::channel();
            scope.spawn(move || done.send(writer.write_all(&bytes)));
            let answer = self.receive(&request.method);
            // A thread that has written all may not have said so yet. One that is still writing has
            // its answer (or will never get one), and the rest of the request is unwanted.
            let sent = sent.recv_timeout(UNWANTED_AFTER).unwrap_or_else(|_| {
                let _ = self.reader.get_ref().shutdown(Shutdown::Both);
                sent.recv().expect("the sending thread only writes")
            });
            match (answer, sent) {
                (Err(error), Err(sending)) if error.kind() == ErrorKind::UnexpectedEof => {
                    Err(sending)
                }
                (answer, _) => answer,
            }
        })
        .inspect(|answer| leaks::look_at_answer(password.as_deref(), answer))
    }

    /// Reads the answer to a request of that method; interim answers (1xx) are passed over.
    pub fn receive(&mut self, method: &str) -> io::Result<Response> {
        let mut response = self.receive_head()?;
        while (100..200).contains(&response.status) {
            response = self.receive_head()?;
        }
        let bodiless = method == "HEAD" || [204, 304].contains(&response.status);
        if bodiless {
            return Ok(response);
        }
        let length = response.header("Content-Length").map(str::parse::<u64>);
        if response.is_chunked() {
            response.truncated = !self.receive_chunks(&mut response.body)?;
        } else if let Some(length) = length {
            let length = length.map_err(|_| malformed("Content-Length is no number"))?;
            response.truncated = !self.receive_exactly(length, &mut response.body)?;
        } else {
            self.reader.read_to_end(&mut response.body)?;
        }
        Ok(response)
    }

    /// Whether the server has closed its side: true after `Connection: close` was honoured.
    pub fn is_closed(&mut self) -> io::Result<bool> {
        match self.reader.fill_buf() {
            Ok(rest) => Ok(rest.is_empty()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn receive_head(&mut self) -> io::Result<Response> {
        let status_line = self.receive_line()?;
        let status = status_line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1))
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| malformed(&format!("status line: {status_line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.receive_line()?;
            if line.is_empty() {
                return Ok(Response {
                    status,
                    headers,
                    body: Vec::new(),
                    truncated: false,
                });
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| malformed(&format!("header: {line:?}")))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    fn receive_line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if line.pop() != Some(b'\r') {
            return Err(malformed("a line without a carriage return"));
        }
        Ok(line.into_iter().map(char::from).collect())
    }

    /// Whether all came.
    fn receive_exactly(&mut self, length: u64, body: &mut Vec<u8>) -> io::Result<bool> {
        match self.reader.by_ref().take(length).read_to_end(body) {
            Ok(read) => Ok(read as u64 == length),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the last chunk came.
    fn receive_chunks(&mut self, body: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let size = match self.receive_line() {
                Ok(line) => u64::from_str_radix(line.split(';').next().unwrap_or("").trim(), 16)
                    .map_err(|_| malformed(&format!("chunk size: {line:?}")))?,
                Err(error) if is_end(&error) => return Ok(false),
                Err(error) => return Err(error),
            };
            if size == 0 {
                while !self.receive_line()?.is_empty() {}
                return Ok(true);
            }
            if !self.receive_exactly(size, body)? {
                return Ok(false);
            }
            self.receive_line()?;
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset].contains(&error.kind())
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
