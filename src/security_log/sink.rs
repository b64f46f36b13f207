//! Where lines go, without waiting and without failing.
//!
//! Syslog is given datagrams that carry neither time nor host: whoever receives them knows both
//! better, and no question of time zones arises. A file is opened for each line, so that it can be
//! moved away at any time; lines are few.

use super::{Facility, Goal};
use crate::sync::{Clock, utc};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often at most the loss of lines is told.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// The severity of all lines in syslog: notice.
const NOTICE: u8 = 5;

pub enum Sink {
    Off,
    Log,
    Apart(Apart, Complaints),
}

/// A place apart from the program's own log.
pub enum Apart {
    File(PathBuf, Clock),
    Unix(UnixDatagram, PathBuf, Facility),
    Udp(UdpSocket, SocketAddr, Facility),
}

impl Sink {
    pub fn new(goal: Goal, clock: Clock) -> io::Result<Self> {
        let apart = match goal {
            Goal::Off => return Ok(Sink::Off),
            Goal::Log => return Ok(Sink::Log),
            Goal::File(path) => {
                open(&path)?;
                Apart::File(path, clock)
            }
            Goal::Unix(path, facility) => {
                // Not connected: the receiver may come later, or be another one after a restart.
                let socket = UnixDatagram::unbound()?;
                socket.set_nonblocking(true)?;
                Apart::Unix(socket, path, facility)
            }
            Goal::Udp(to, facility) => {
                let any: IpAddr = match to {
                    SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                    SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
                };
                let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
                socket.set_nonblocking(true)?;
                Apart::Udp(socket, to, facility)
            }
        };
        Ok(Sink::Apart(apart, Complaints::default()))
    }

    pub fn write(&self, line: &str, now: Instant) {
        match self {
            Sink::Off => {}
            Sink::Log => log::warn!(target: "security", "{line}"),
            Sink::Apart(apart, complaints) => {
                if let Err(why) = apart.write(line)
                    && let Some(lost) = complaints.about_one_more(now)
                {
                    log::error!("the security log can't be written, {lost} lines are lost: {why}");
                }
            }
        }
    }
}

impl Apart {
    fn write(&self, line: &str) -> io::Result<()> {
        match self {
            Apart::File(path, clock) => {
                // One write, so that processes which share the file don't mix their lines.
                let line = format!("{}Z weave: {line}\n", utc(clock().seconds()));
                open(path)?.write_all(line.as_bytes())
            }
            Apart::Unix(socket, path, facility) => {
                socket.send_to(&datagram(*facility, line), path).map(drop)
            }
            Apart::Udp(socket, to, facility) => {
                socket.send_to(&datagram(*facility, line), to).map(drop)
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640).open(path)
}

fn datagram(Facility(facility): Facility, line: &str) -> Vec<u8> {
    format!(
        "<{}>weave: {line}",
        u32::from(facility) * 8 + u32::from(NOTICE)
    )
    .into_bytes()
}

/// Counts the lines that were lost, and says when it is time to tell.
#[derive(Debug, Default)]
pub struct Complaints(Mutex<(Option<Instant>, u64)>);

impl Complaints {
    /// One more was lost. Answers how many were since it was told last, if it is to be told now.
    pub fn about_one_more(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 += 1;
        let due = state
            .0
            .is_none_or(|last| now.saturating_duration_since(last) >= COMPLAIN_EVERY);
        if !due {
            return None;
        }
        state.0 = Some(now);
        Some(std::mem::take(&mut state.1))
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Sink::Off => "Off",
            Sink::Log => "Log",
            Sink::Apart(Apart::File(..), _) => "File",
            Sink::Apart(Apart::Unix(..), _) => "Unix",
            Sink::Apart(Apart::Udp(..), _) => "Udp",
        })
    }
}
