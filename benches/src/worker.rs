//! One worker of Weft's as mod_fcgid starts it, and nothing in front: for what Apache would blur.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::Site;
use crate::person::{Dice, Kind, Person, what};

/// Numbers of FastCGI 1.0: kinds of records, and the role of a responder.
const BEGIN_REQUEST: u8 = 1;
const END_REQUEST: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;
const RESPONDER: u8 = 1;

/// The worker. Dropped, it is gone.
pub struct Worker {
    child: Child,
    socket: PathBuf,
}

impl Worker {
    /// Starts a program of the site's, behind `wrapper` if that is not empty.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start(site: &Site, program: &Path, wrapper: &[&str]) -> io::Result<Worker> {
        let socket = site.path("worker.sock");
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket)?;
        let words: Vec<_> = wrapper.iter().map(Into::into).collect();
        let mut words = words.into_iter().chain([program.to_owned()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir(&site.folder)
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(File::create(site.path("worker.log"))?);
        if let Some(account) = &site.account {
            command.uid(account.uid).gid(account.gid);
        }
        let child = command.spawn()?;
        Ok(Worker { child, socket })
    }

    /// Asks, and reads the whole answer.
    ///
    /// # Errors
    ///
    /// The worker breaks off, or refuses.
    pub fn ask(&self, person: &Person, kind: Kind, dice: &mut Dice) -> io::Result<()> {
        let (method, path, body) = what(kind, dice);
        let answer = self.send(&request(person, method, &path, &body))?;
        let text = String::from_utf8_lossy(&answer);
        let refused = text
            .lines()
            .take_while(|line| !line.is_empty())
            .any(|line| line.starts_with("Status:") && !line.contains(" 200"));
        match refused {
            true => Err(io::Error::other(text.chars().take(500).collect::<String>())),
            false => Ok(()),
        }
    }

    /// Sends records of FastCGI; what is answered on standard output.
    pub fn send(&self, records: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(records)?;
        let mut answer = Vec::new();
        loop {
            let mut head = [0; 8];
            stream.read_exact(&mut head)?;
            let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
            let mut content = vec![0; length + usize::from(head[6])];
            stream.read_exact(&mut content)?;
            match head[1] {
                STDOUT => answer.extend_from_slice(&content[..length]),
                END_REQUEST => return Ok(answer),
                _ => {}
            }
        }
    }

    /// Ends it as Apache does, and waits until it has.
    pub fn end(mut self) -> io::Result<()> {
        let wrapper = self.child.id();
        let children = format!("/proc/{wrapper}/task/{wrapper}/children");
        let inside = std::fs::read_to_string(children).unwrap_or_default();
        let inside = inside.split(' ').next().unwrap_or_default();
        let target = if inside.is_empty() {
            wrapper.to_string()
        } else {
            inside.to_owned()
        };
        Command::new("kill").args(["-TERM", &target]).status()?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err(ErrorKind::TimedOut.into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request as Apache would pass it on.
pub fn request(person: &Person, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let target = format!("/{}/{}/{path}", person.api, person.name);
    let (place, query) = target.split_once('?').unwrap_or((&target, ""));
    let length = body.len().to_string();
    let authorization = person.authorization();
    let variables = [
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_NAME", "127.0.0.1"),
        ("SERVER_PORT", "80"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("REQUEST_METHOD", method),
        ("REQUEST_URI", &target),
        ("SCRIPT_NAME", ""),
        ("PATH_INFO", place),
        ("QUERY_STRING", query),
        ("CONTENT_LENGTH", &length),
        ("CONTENT_TYPE", "text/plain"),
        ("HTTP_HOST", "127.0.0.1"),
        ("HTTP_ACCEPT", "application/json;q=0.9,*/*;q=0.2"),
        ("HTTP_AUTHORIZATION", &authorization),
    ];
    let mut pairs = Vec::new();
    for (name, value) in variables {
        for part in [name, value] {
            pairs.extend((part.len() as u32 | 0x8000_0000).to_be_bytes());
        }
        pairs.extend(name.bytes().chain(value.bytes()));
    }
    let mut records = Vec::new();
    record(
        BEGIN_REQUEST,
        &[0, RESPONDER, 0, 0, 0, 0, 0, 0],
        &mut records,
    );
    stream(PARAMS, &pairs, &mut records);
    stream(STDIN, body, &mut records);
    records
}

fn stream(kind: u8, content: &[u8], records: &mut Vec<u8>) {
    for part in content.chunks(32_768) {
        record(kind, part, records);
    }
    record(kind, &[], records);
}

fn record(kind: u8, content: &[u8], records: &mut Vec<u8>) {
    let [high, low] = (content.len() as u16).to_be_bytes();
    records.extend([1, kind, 0, 1, high, low, 0, 0]);
    records.extend(content);
}
