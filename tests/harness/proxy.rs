//! A network that fails: passes TCP connections on to a server, and cuts or slows some of them.
//!
//! What happens to a connection is chosen when it is made: it is passed on as it is; cut or reset after
//! some bytes of what the client sends or of what it is answered; from then on silent, so that nothing
//! comes through and neither side hears of the other's end; or its bytes drip for a while. A cut ends
//! both sides at once, in the middle of whatever they were saying, and a reset throws away what was not
//! yet read besides.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::dice::Dice;
use super::ports::Port;

/// What the proxy did so far.
#[derive(Debug, Default)]
pub struct Done {
    pub passed: AtomicU64,
    pub cut: AtomicU64,
    pub reset: AtomicU64,
    pub silenced: AtomicU64,
    pub slowed: AtomicU64,
}

/// A running proxy.
pub struct Proxy {
    port: Port,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

struct Shared {
    server: SocketAddr,
    /// Of so many connections, one is disturbed; 0 for none.
    one_in: AtomicU64,
    /// A cut comes within so many bytes.
    within: u64,
    dice: Mutex<Dice>,
    done: Done,
    ended: AtomicBool,
}

/// What happens to one direction of a connection.
#[derive(Clone, Copy)]
enum Fate {
    Passed,
    After(usize, End),
    Dripping,
}

/// What happens to a connection then.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Cut,
    Reset,
    /// Nothing, for so long.
    Silence(Duration),
}

/// The longest silence: longer than the waits of the tests' servers.
const SILENCE: u64 = 4_000;

impl Proxy {
    /// A proxy in front of `server`; cuts come within so many bytes. It disturbs nothing until told.
    pub fn start(server: SocketAddr, dice: Dice, within: u64) -> Proxy {
        let port = Port::claim();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number)).expect("it is ours");
        let shared = Arc::new(Shared {
            server,
            one_in: AtomicU64::new(0),
            within,
            dice: Mutex::new(dice),
            done: Done::default(),
            ended: AtomicBool::new(false),
        });
        let shown = Arc::clone(&shared);
        let listening = thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shown.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shown);
                thread::spawn(move || shared.pass_on(client));
            }
        });
        Proxy {
            port,
            shared,
            listening: Some(listening),
        }
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number))
    }

    /// From now on disturbs one in so many new connections; 0 for none.
    pub fn disturb_one_in(&self, connections: u64) {
        self.shared.one_in.store(connections, Ordering::SeqCst);
    }

    pub fn done(&self) -> &Done {
        &self.shared.done
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address());
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

impl Shared {
    fn pass_on(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.server) else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let [up, down] = self.fates();
        let silent = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.carry(&client, &server, up, &silent));
            self.carry(&server, &client, down, &silent);
        });
    }

    fn fates(&self) -> [Fate; 2] {
        let one_in = self.one_in.load(Ordering::SeqCst);
        let mut dice = self.dice.lock().expect("nobody panicked");
        if one_in == 0 || dice.roll(one_in) != 0 {
            self.done.passed.fetch_add(1, Ordering::SeqCst);
            return [Fate::Passed; 2];
        }
        let end = match dice.roll(6) {
            0..=1 => None,
            2..=3 => Some((End::Cut, &self.done.cut)),
            4 => Some((End::Reset, &self.done.reset)),
            _ => {
                let silence = Duration::from_millis(dice.roll(SILENCE));
                Some((End::Silence(silence), &self.done.silenced))
            }
        };
        let (fate, counter) = match end {
            None => (Fate::Dripping, &self.done.slowed),
            Some((end, counter)) => (Fate::After(dice.roll(self.within) as usize, end), counter),
        };
        counter.fetch_add(1, Ordering::SeqCst);
        match dice.roll(2) {
            0 => [fate, Fate::Passed],
            _ => [Fate::Passed, fate],
        }
    }

    /// Carries one direction to its end.
    fn carry(&self, mut from: &TcpStream, mut to: &TcpStream, fate: Fate, silent: &AtomicBool) {
        let mut buffer = vec![0; 16 * 1024];
        let (mut left, end) = match fate {
            Fate::After(bytes, end) => (bytes, end),
            _ => (usize::MAX, End::Cut),
        };
        // Drips for a second or so; then the rest flows.
        let mut drips = match fate {
            Fate::Dripping => 100,
            _ => 0,
        };
        loop {
            let room = if drips > 0 { 64 } else { buffer.len() };
            let read = match from.read(&mut buffer[..room]) {
                // The other direction is reset, or was silent and is over.
                _ if silent.load(Ordering::SeqCst) => return,
                Ok(0) => {
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let passed = read.min(left);
            left -= passed;
            if to.write_all(&buffer[..passed]).is_err() {
                break;
            }
            if left == 0 {
                if end == End::Cut {
                    break;
                }
                silent.store(true, Ordering::SeqCst);
                if let End::Silence(long) = end {
                    self.wait_while_disturbed(long);
                }
                return reset_when_closed([from, to]);
            }
            if drips > 0 {
                drips -= 1;
                thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Waits for so long, or until the network is mended.
    fn wait_while_disturbed(&self, long: Duration) {
        let until = Instant::now() + long;
        while Instant::now() < until && self.one_in.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What was not yet delivered is thrown away, and the other sides hear of a reset. Who reads here wakes.
fn reset_when_closed(ends: [&TcpStream; 2]) {
    for end in ends {
        let _ = SockRef::from(end).set_linger(Some(Duration::ZERO));
        let _ = end.shutdown(Shutdown::Read);
    }
}
