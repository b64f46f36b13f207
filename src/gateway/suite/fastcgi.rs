//! The FastCGI door, asked over its socket as mod_fcgid asks.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::fastcgi::{Limits, Listener, Stop};
use tempfile::TempDir;

use crate::exchange::{Application, Request, Response, ResponseBody, Target};
use crate::gateway::fcgi::{Settings, serve};

use super::cgi::{reply, variables};
use super::{Call, Door, Double, Outcome, With};

const BEGIN: u8 = 1;
const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;

pub(super) struct FastCgi {
    socket: PathBuf,
    stop: Stop,
    server: Option<JoinHandle<io::Result<()>>>,
    _folder: TempDir,
}

impl FastCgi {
    pub(super) fn open() -> Self {
        Self::of(Double)
    }

    fn of(application: impl Application + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("weft.sock");
        let listener = Listener::Unix(UnixListener::bind(&socket).unwrap());
        let stop = Stop::new();
        let settings = Settings {
            workers: 1,
            limits: Limits::default(),
            queue_time: Duration::from_secs(2),
        };
        let server = thread::spawn({
            let stop = stop.clone();
            move || serve(&application, listener, settings, &stop)
        });
        FastCgi {
            socket,
            stop,
            server: Some(server),
            _folder: folder,
        }
    }
}

impl Drop for FastCgi {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(server) = self.server.take() {
            server.join().unwrap().unwrap();
        }
    }
}

impl Door for FastCgi {
    fn name(&self) -> &'static str {
        "FastCGI"
    }

    /// The body first, then the answer, as mod_fcgid does.
    fn call(&self, call: &Call) -> Outcome {
        answer(&mut self.ask(call)?)
    }
}

impl FastCgi {
    /// Sends a request.
    fn ask(&self, call: &Call) -> io::Result<UnixStream> {
        let mut front = UnixStream::connect(&self.socket)?;
        send(&mut front, BEGIN, &[0, 1, 0, 0, 0, 0, 0, 0])?;
        let mut params = Vec::new();
        for (name, value) in variables(call) {
            for part in [&name, &value] {
                params.extend_from_slice(&(part.len() as u32 | 1 << 31).to_be_bytes());
            }
            params.extend(name);
            params.extend(value);
        }
        stream(&mut front, PARAMS, &params)?;
        stream(&mut front, STDIN, &call.body)?;
        Ok(front)
    }
}

fn stream(front: &mut UnixStream, kind: u8, bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(8192) {
        send(front, kind, piece)?;
    }
    send(front, kind, &[])
}

fn send(front: &mut UnixStream, kind: u8, content: &[u8]) -> io::Result<()> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    front.write_all(&[1, kind, 0, 1, high, low, 0, 0])?;
    front.write_all(content)
}

fn answer(front: &mut UnixStream) -> Outcome {
    let mut output = Vec::new();
    loop {
        let mut header = [0; 8];
        front.read_exact(&mut header)?;
        let mut content = vec![0; usize::from(u16::from_be_bytes([header[4], header[5]]))];
        front.read_exact(&mut content)?;
        io::copy(
            &mut Read::by_ref(front).take(header[6].into()),
            &mut io::sink(),
        )?;
        match header[1] {
            STDOUT => output.extend(content),
            END => return reply(&output),
            _ => {}
        }
    }
}

/// A GET of a client that has waited for so long.
fn after(url: &str, waited: Duration) -> Call {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let began = format!("t={}", (now - waited).as_micros());
    let mut call = Call::get(url);
    call.headers.push(("x-request-start", began.into_bytes()));
    call
}

/// Else the line that grew in this time would be taken for the difference of two clocks.
#[test]
fn a_worker_whose_front_left_in_mid_answer_was_at_work_all_the_same() {
    let slowly = |request: Request<'_>| {
        let target = request.extensions().get::<Target>().unwrap();
        if target.path.ends_with(b"/slow") {
            thread::sleep(Duration::from_secs(2));
        }
        Response::new(ResponseBody::from("x".repeat(4 << 20)))
    };
    let door = FastCgi::of(With(slowly));
    drop(door.ask(&after("/slow", Duration::ZERO)).unwrap());
    let next = door.call(&after("/begin", Duration::from_secs(9))).unwrap();
    assert_eq!(next.status, 503);
}
