//! A real memcached of one's own, which can be killed, stopped in its tracks and started again.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::ports::Port;
use super::process;
use super::site::Site;
use super::supervised::{Invocation, Supervised};

/// A memcached on a port of its own. Dropped, it is gone.
pub struct Memcached {
    /// Before its folder, which waits for its end.
    running: Option<Supervised>,
    site: Site,
    host: &'static str,
    port: Arc<Port>,
}

impl Memcached {
    /// Starts one at 127.0.0.1.
    pub fn start() -> Memcached {
        Memcached::at("127.0.0.1", Arc::new(Port::claim()))
    }

    /// Starts one at each of these addresses of this machine, on one port.
    pub fn start_at<const N: usize>(hosts: [&'static str; N]) -> [Memcached; N] {
        let port = Arc::new(Port::claim());
        hosts.map(|host| Memcached::at(host, Arc::clone(&port)))
    }

    fn at(host: &'static str, port: Arc<Port>) -> Memcached {
        let mut server = Memcached {
            port,
            host,
            site: Site::new(),
            running: None,
        };
        server.start_again();
        server
    }

    /// The section of `weft.toml` for it alone. The program's usual tenth of a second is less than it may take
    /// on a machine that does much else; then a test would see what is done without it.
    pub fn settings(&self) -> String {
        format!(
            "[memcached]\nservers = [\"{}\"]\nconnect_timeout = \"10s\"\nio_timeout = \"10s\"\n",
            self.address()
        )
    }

    /// Starts it, empty, where it was before.
    pub fn start_again(&mut self) {
        let command = "echo $$ >pid; exec memcached -l \"$0\" -p \"$1\" -t 2";
        let memcached = Invocation::new("memcached", "sh")
            .argument("-c")
            .argument(command)
            .argument(self.host)
            .argument(self.port().to_string());
        let running = Supervised::start(&self.site, memcached).expect("a shell starts");
        if let Err(why) = running.wait_for_tcp(self.address()) {
            panic!("memcached: {why}\n{}", self.site.logs());
        }
        self.running = Some(running);
    }

    pub fn port(&self) -> u16 {
        self.port.number
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host.parse().expect("an address"), self.port())
    }

    /// Kills it as a crash would: its connections are reset, its port is closed.
    pub fn kill(&mut self) {
        assert!(process::signal(self.id(), "KILL"), "it runs");
        while TcpStream::connect(self.address()).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
        self.running = None;
    }

    /// Stops it: connections are taken, nothing is answered.
    pub fn pause(&self) {
        assert!(process::pause(self.id()), "it runs");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        assert!(process::go_on(self.id()), "it runs");
    }

    /// Empties it.
    pub fn flush(&self) {
        assert_eq!(self.say("flush_all\r\n", "\r\n"), "OK\r\n");
    }

    /// The answer to `get`, as it is on the line, without its `END`.
    pub fn get(&self, key: &str) -> String {
        let answer = self.say(&format!("get {key}\r\n"), "END\r\n");
        answer.trim_end_matches("END\r\n").to_owned()
    }

    /// Stores a value as PHP does.
    pub fn set(&self, key: &str, flags: u32, value: &str) {
        let length = value.len();
        let command = format!("set {key} {flags} 600 {length}\r\n{value}\r\n");
        assert_eq!(self.say(&command, "\r\n"), "STORED\r\n");
    }

    fn say(&self, command: &str, end: &str) -> String {
        let mut line = TcpStream::connect(self.address()).expect("memcached listens");
        line.write_all(command.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        let mut part = [0; 4096];
        while !answer.ends_with(end.as_bytes()) {
            let length = line.read(&mut part).expect("it answers");
            assert!(length > 0, "it hung up after {answer:?}");
            answer.extend_from_slice(&part[..length]);
        }
        String::from_utf8(answer).expect("text")
    }

    fn id(&self) -> u32 {
        let id = fs::read_to_string(self.site.path("pid")).expect("it wrote its number");
        id.trim().parse().expect("a number")
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.go_on();
        }
    }
}
