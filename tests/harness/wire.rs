//! A wire to a server, on which exchanges are counted.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Stands between a host and the server, and counts how often the host speaks after the server.
pub struct Wire {
    pub port: u16,
    turns: Arc<AtomicUsize>,
}

impl Wire {
    /// To a server at this port of 127.0.0.1.
    pub fn to(port: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Wire {
            port: listener.local_addr().unwrap().port(),
            turns: Arc::default(),
        };
        let turns = Arc::clone(&wire.turns);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let answered = Arc::new(AtomicBool::new(false));
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (turns, answers) = (Arc::clone(&turns), Arc::clone(&answered));
                thread::spawn(move || {
                    carry(client, server, || {
                        if answered.swap(false, Ordering::SeqCst) {
                            turns.fetch_add(1, Ordering::SeqCst);
                        }
                    })
                });
                thread::spawn(move || {
                    carry(back.0, back.1, || answers.store(true, Ordering::SeqCst))
                });
            }
        });
        wire
    }

    /// How many exchanges `work` usually takes: once in a while a write tidies up as well, and a
    /// reading is preceded by the clock's.
    pub fn usually(&self, work: impl Fn()) -> usize {
        let times = (0..3).map(|_| self.count(&work));
        times.min().unwrap()
    }

    /// How many exchanges `work` takes.
    pub fn count(&self, work: impl FnOnce()) -> usize {
        let before = self.turns.load(Ordering::SeqCst);
        work();
        self.turns.load(Ordering::SeqCst) - before
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, note: impl Fn()) {
    let mut buffer = [0; 65536];
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 {
            break;
        }
        note();
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
