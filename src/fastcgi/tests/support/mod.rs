//! A front for tests: it encodes records, also wrong ones, and reads what comes back; and a server
//! on a socket of its own, stopped when it goes out of scope.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use fastcgi::{Handler, Limits, Listener, Request, ResponseWriter, Stop};

pub const BEGIN: u8 = 1;
pub const ABORT: u8 = 2;
pub const END: u8 = 3;
pub const PARAMS: u8 = 4;
pub const STDIN: u8 = 5;
pub const STDOUT: u8 = 6;
pub const STDERR: u8 = 7;
pub const DATA: u8 = 8;
pub const GET_VALUES: u8 = 9;
pub const GET_VALUES_RESULT: u8 = 10;
pub const UNKNOWN_TYPE: u8 = 11;

pub const KEEP: u8 = 1;
pub const CLOSE: u8 = 0;

/// Answers with the body, once all of it is there.
pub fn echo(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
    let mut body = Vec::new();
    request.stdin().read_to_end(&mut body)?;
    response.write_all(&body)
}

/// A test that waits longer than this has hung.
const HANG: Duration = Duration::from_secs(60);

pub fn record(kind: u8, id: u16, content: &[u8]) -> Vec<u8> {
    padded_record(kind, id, content, 0)
}

pub fn padded_record(kind: u8, id: u16, content: &[u8], padding: u8) -> Vec<u8> {
    let length = u16::try_from(content.len())
        .expect("content of one record")
        .to_be_bytes();
    let id = id.to_be_bytes();
    let mut bytes = vec![1, kind, id[0], id[1], length[0], length[1], padding, 0];
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len() + usize::from(padding), 0xee);
    bytes
}

pub fn begin(id: u16, role: u8, flags: u8) -> Vec<u8> {
    record(BEGIN, id, &[0, role, flags, 0, 0, 0, 0, 0])
}

pub fn pair(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for length in [name.len(), value.len()] {
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => bytes.push(short),
            _ => bytes.extend_from_slice(&(length as u32 | 0x8000_0000).to_be_bytes()),
        }
    }
    [bytes.as_slice(), name, value].concat()
}

/// A stream of `kind`, in records of 60,000 bytes at most, with its end.
pub fn stream(kind: u8, id: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = content
        .chunks(60_000)
        .flat_map(|piece| record(kind, id, piece))
        .collect();
    bytes.extend(record(kind, id, b""));
    bytes
}

/// A whole request, as a front sends it.
pub fn request(id: u16, flags: u8, body: &[u8]) -> Vec<u8> {
    let params = pair(b"REQUEST_METHOD", b"POST");
    [
        begin(id, 1, flags),
        stream(PARAMS, id, &params),
        stream(STDIN, id, body),
    ]
    .concat()
}

pub enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// The front's end of a connection.
pub struct Front {
    socket: Socket,
}

#[derive(Debug, PartialEq)]
pub struct Record {
    pub kind: u8,
    pub id: u16,
    pub content: Vec<u8>,
}

/// What came back for one request.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Exit status and protocol status; none when the connection ended first.
    pub end: Option<(u32, u8)>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl Front {
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.socket {
            Socket::Unix(socket) => socket.write_all(bytes),
            Socket::Tcp(socket) => socket.write_all(bytes),
        }
    }

    pub fn finish_sending(&mut self) {
        // Fails when the other side is gone already, which the test then reads.
        let _ = match &self.socket {
            Socket::Unix(socket) => socket.shutdown(Shutdown::Write),
            Socket::Tcp(socket) => socket.shutdown(Shutdown::Write),
        };
    }

    pub fn twin(&self) -> Front {
        let socket = match &self.socket {
            Socket::Unix(socket) => Socket::Unix(socket.try_clone().unwrap()),
            Socket::Tcp(socket) => Socket::Tcp(socket.try_clone().unwrap()),
        };
        Front { socket }
    }

    /// The next record; none at the end of the connection, also in the middle of a record.
    pub fn record(&mut self) -> Option<Record> {
        let mut header = [0; 8];
        self.fill(&mut header)?;
        assert_eq!(header[0], 1, "version of a record from the application");
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let mut content = vec![0; length + usize::from(header[6])];
        self.fill(&mut content)?;
        content.truncate(length);
        Some(Record {
            kind: header[1],
            id: u16::from_be_bytes([header[2], header[3]]),
            content,
        })
    }

    /// Everything for request `id`, up to its end or the connection's.
    pub fn answer(&mut self, id: u16) -> Answer {
        let mut answer = Answer::default();
        while let Some(record) = self.record() {
            assert_eq!(record.id, id, "{record:?}");
            match record.kind {
                STDOUT => answer.stdout.extend(record.content),
                STDERR => answer.stderr.extend(record.content),
                END => {
                    let exit = record.content[..4].try_into().unwrap();
                    answer.end = Some((u32::from_be_bytes(exit), record.content[4]));
                    break;
                }
                _ => panic!("unexpected {record:?}"),
            }
        }
        answer
    }

    pub fn is_closed(&mut self) -> bool {
        self.record().is_none()
    }

    /// None at the end of the connection. A hang is the test's failure.
    fn fill(&mut self, buffer: &mut [u8]) -> Option<()> {
        let result = match &mut self.socket {
            Socket::Unix(socket) => socket.read_exact(buffer),
            Socket::Tcp(socket) => socket.read_exact(buffer),
        };
        match result {
            Ok(()) => Some(()),
            Err(error) => {
                let hung = matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                );
                assert!(!hung, "the application neither answered nor closed");
                None
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Family {
    Unix,
    Tcp,
}

enum Address {
    Unix(PathBuf),
    Tcp(std::net::SocketAddr),
}

/// A path for a socket, removed when it goes out of scope.
pub struct SocketPath(pub PathBuf);

impl SocketPath {
    pub fn new() -> SocketPath {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("fastcgi-test-{}-{number}.sock", std::process::id());
        SocketPath(std::env::temp_dir().join(name))
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A running server.
pub struct Server {
    address: Address,
    pub stop: Stop,
    thread: Option<JoinHandle<io::Result<()>>>,
    _path: SocketPath,
}

impl Server {
    pub fn start(limits: Limits, handler: impl Handler + Send + 'static) -> Server {
        Server::start_on(Family::Unix, 1, limits, handler)
    }

    pub fn start_on(
        family: Family,
        workers: usize,
        limits: Limits,
        handler: impl Handler + Send + 'static,
    ) -> Server {
        let path = SocketPath::new();
        let (address, listener) = match family {
            Family::Unix => {
                let listener = UnixListener::bind(&path.0).unwrap();
                (Address::Unix(path.0.clone()), Listener::Unix(listener))
            }
            Family::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                (
                    Address::Tcp(listener.local_addr().unwrap()),
                    Listener::Tcp(listener),
                )
            }
        };
        let stop = Stop::new();
        let handle = stop.clone();
        let thread = std::thread::spawn(move || {
            fastcgi::serve(listener, workers, limits, &handler, &handle)
        });
        Server {
            address,
            stop,
            thread: Some(thread),
            _path: path,
        }
    }

    pub fn connect(&self) -> Front {
        match &self.address {
            Address::Unix(path) => front_on(path),
            Address::Tcp(address) => {
                let socket = TcpStream::connect(address).unwrap();
                socket.set_read_timeout(Some(HANG)).unwrap();
                Front {
                    socket: Socket::Tcp(socket),
                }
            }
        }
    }

    /// Sends one request on a connection of its own, and returns its answer.
    pub fn ask(&self, body: &[u8]) -> Answer {
        let mut front = self.connect();
        front.send(&request(1, CLOSE, body)).unwrap();
        front.answer(1)
    }

    /// Waits for the server to end by itself.
    pub fn join(mut self) -> io::Result<()> {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread.take() {
            let result = thread.join();
            if !std::thread::panicking() {
                result.unwrap().unwrap();
            }
        }
    }
}

/// A front's connection to a Unix socket.
pub fn front_on(path: &std::path::Path) -> Front {
    let socket = UnixStream::connect(path).unwrap();
    socket.set_read_timeout(Some(HANG)).unwrap();
    Front {
        socket: Socket::Unix(socket),
    }
}

/// Limits under which a test that waits for one of them to pass is quick.
pub fn short_limits() -> Limits {
    Limits {
        idle: Duration::from_millis(150),
        read: Duration::from_millis(150),
        write: Duration::from_millis(150),
        ..Limits::default()
    }
}
