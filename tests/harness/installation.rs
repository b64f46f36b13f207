//! One folder with the program, any number of configurations, and servers on them: for tests in which
//! several processes or nodes meet.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::command::{self, Ran};
use super::http::{Connection, Request, Response};
use super::ports::Port;
use super::site::Site;
use super::supervised::{Invocation, Supervised};

/// The folder.
pub struct Installation {
    pub site: Site,
    pub program: PathBuf,
}

/// A running `weft serve`.
pub struct Node {
    pub address: SocketAddr,
    _process: Supervised,
    _port: Option<Port>,
}

impl Installation {
    pub fn new() -> Installation {
        let site = Site::new();
        let program = site.install_program("weft");
        Installation { site, program }
    }

    /// Writes a configuration; it is called by its name.
    pub fn configure(&self, name: &str, settings: &str) {
        self.site.write(&format!("{name}.toml"), settings);
    }

    /// Runs a command with a configuration.
    pub fn run(&self, name: &str, arguments: &[&str], input: &str) -> Ran {
        let config = self.site.path(&format!("{name}.toml"));
        let config = config.display().to_string();
        let arguments = [arguments, &["--config", &config]].concat();
        command::run(&self.site, &self.program, &arguments, input)
    }

    /// Runs a command that needs no configuration.
    pub fn run_alone(&self, arguments: &[&str], input: &str) -> Ran {
        command::run(&self.site, &self.program, arguments, input)
    }

    /// Runs what an operator types into bash in the folder, where `weft` is the program.
    pub fn shell(&self, script: &str) -> Ran {
        let script = format!("export HOME=$PWD PATH=$PWD:$PATH; {script}");
        command::run(&self.site, Path::new("bash"), &["-c", &script], "")
    }

    /// Starts a server with a configuration, at a claimed port or at any. `log` names its log.
    pub fn serve(&self, name: &str, log: &'static str, port: Option<Port>) -> Node {
        let config = self.site.path(&format!("{name}.toml"));
        let number = port.as_ref().map_or(0, |port| port.number);
        let weft = Invocation::new(log, &self.program)
            .argument("serve")
            .argument("--config")
            .argument(config)
            .argument("--listen")
            .argument(format!("127.0.0.1:{number}"));
        let started = Supervised::start(&self.site, weft).and_then(|process| {
            let address = process.wait_for_line(|line| {
                let (_, rest) = line.split_once("127.0.0.1:")?;
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                format!("127.0.0.1:{port}").parse().ok()
            });
            Ok((process, address?))
        });
        let (process, address) =
            started.unwrap_or_else(|problem| panic!("{problem}\n{}", self.site.logs()));
        Node {
            address,
            _process: process,
            _port: port,
        }
    }
}

impl Node {
    /// Sends a request on a connection of its own.
    pub fn send(&self, request: &Request) -> Response {
        Connection::open(self.address)
            .and_then(|mut connection| connection.exchange(request))
            .unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// A request with the headers that every one has.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, path).header("Host", self.address.to_string())
    }
}
