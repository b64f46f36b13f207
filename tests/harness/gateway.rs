//! Every way into the program, each with the real server that an operator would use.
//!
//! [`Gateway::start`] gives a [`Server`] of its own to a test that needs one, with settings;
//! [`Gateway::shared`] gives the one that all tests of a test program share, without settings.

mod starts;

use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread;

use super::command::{self, Ran};
use super::http::{Connection, Request, Response};
use super::ports::Port;
use super::site::Site;
use super::supervised::Supervised;
use super::{apache, leaks, manual, process, weft};
use starts::{CGI, CGI_BY_NAME, FCGID, wrapped};
pub(super) use starts::{behind, install};

/// A way into the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// `weft serve`.
    Builtin,
    /// `apache/weft-fcgid.conf`: Apache starts the workers.
    ModFcgid,
    /// The same with `apache/weft-wrapper.sh` before the program, which names the settings itself.
    ModFcgidWrapped,
    /// `apache/weft-proxy-fcgi.conf`: Apache in front of `weft fastcgi`.
    ModProxyFcgi,
    /// `apache/htaccess-cgi/`: uploaded to shared hosting.
    Cgi,
    /// The same where the host has no mod_rewrite: the program's name is part of the address.
    CgiByName,
    /// `apache/htaccess-fcgid/`: FastCGI on shared hosting, at the host's default limits.
    HtaccessFcgid,
    /// `apache/htaccess-cgi/` in a user's own web space, where `.htaccess` may say what it needs to.
    WebAccount,
    /// The same where `.htaccess` may set no `Options`, and the host has switched CGI on itself.
    StrictWebAccount,
    /// `apache/nginx.conf`: nginx in front of `weft fastcgi`.
    Nginx,
    /// As `docs/apache.md` says: mod_fcgid under a path of an existing site.
    FcgidUnderPath,
    /// As `docs/proxy.md` says: Apache passes a path on to `weft serve`.
    BehindApache,
    /// As `docs/proxy.md` says: nginx does.
    BehindNginx,
}

impl Gateway {
    /// Starts a server with this content of `weft.toml`; with an empty one there is no such file.
    pub fn start(self, settings: &str) -> Server {
        self.try_start(settings)
            .unwrap_or_else(|problem| panic!("{self:?}: {problem}"))
    }

    /// Starts [`Gateway::ModFcgid`] whose workers have these environment variables.
    pub fn start_workers_with(settings: &str, variables: &[(&str, &str)]) -> Server {
        let initial: String = variables
            .iter()
            .map(|(name, value)| format!("FcgidInitialEnv {name} \"{value}\"\n"))
            .collect();
        Gateway::start_workers_through(settings, |_| initial)
    }

    /// Starts [`Gateway::ModFcgid`] with what `more` answers before the project's file, in Apache's
    /// configuration.
    pub fn start_workers_through(settings: &str, more: impl FnOnce(&Site) -> String) -> Server {
        let site = Site::new();
        let started = starts::mod_fcgid(&site, settings, &more(&site))
            .unwrap_or_else(|problem| panic!("{problem}\n{}", site.logs()));
        Server {
            gateway: Gateway::ModFcgid,
            running: started,
            site,
        }
    }

    /// The server without settings that all tests of this test program use together.
    pub fn shared(self) -> Shared {
        static SERVERS: [OnceLock<Result<Server, String>>; 13] = [const { OnceLock::new() }; 13];
        match SERVERS[self as usize].get_or_init(|| self.try_start("")) {
            Ok(server) => Shared { server },
            Err(problem) => panic!("{self:?}: {problem}"),
        }
    }

    /// The largest body in bytes that the server in front of the program lets through, if it has
    /// such a limit of its own below the program's.
    pub fn body_limit(self) -> Option<usize> {
        // The default of FcgidMaxRequestLen, which no .htaccess can raise.
        (self == Gateway::HtaccessFcgid).then_some(131_072)
    }

    fn try_start(self, settings: &str) -> Result<Server, String> {
        let site = Site::new();
        let started = match self {
            Gateway::Builtin => starts::builtin(&site, settings),
            Gateway::ModFcgid => starts::mod_fcgid(&site, settings, ""),
            Gateway::ModFcgidWrapped => starts::mod_fcgid(&site, settings, &wrapped(&site)),
            Gateway::ModProxyFcgi => starts::mod_proxy_fcgi(&site, settings),
            Gateway::Cgi => starts::htaccess(&site, settings, &CGI),
            Gateway::CgiByName => starts::htaccess(&site, settings, &CGI_BY_NAME),
            Gateway::HtaccessFcgid => starts::htaccess(&site, settings, &FCGID),
            Gateway::WebAccount => starts::web_account(&site, settings, apache::OVERRIDE),
            Gateway::StrictWebAccount => starts::web_account(&site, settings, apache::STRICT),
            Gateway::Nginx => starts::nginx(&site, settings),
            Gateway::FcgidUnderPath => manual::fcgid_under_a_path(&site, settings),
            Gateway::BehindApache => manual::behind_apache(&site, settings),
            Gateway::BehindNginx => manual::behind_nginx(&site, settings),
        };
        match started {
            Ok(running) => Ok(Server {
                gateway: self,
                running,
                site,
            }),
            Err(problem) => Err(format!("{problem}\n{}", site.logs())),
        }
    }
}

/// A running server of this test's own.
#[derive(Debug)]
pub struct Server {
    pub gateway: Gateway,
    running: Running,
    site: Site,
}

#[derive(Debug)]
pub(super) struct Running {
    address: SocketAddr,
    prefix: &'static str,
    pub(super) program: PathBuf,
    /// Apache or nginx, if one is in front and runs.
    front: Mutex<Option<Supervised>>,
    /// The program, where it is a server of its own.
    pub(super) weft: Option<Supervised>,
    port: Option<Port>,
}

impl Running {
    /// The program with nothing in front.
    pub(super) fn alone(address: SocketAddr, program: PathBuf, weft: Supervised) -> Running {
        Running {
            address,
            prefix: "/",
            program,
            front: Mutex::new(None),
            weft: Some(weft),
            port: None,
        }
    }
}

impl Server {
    /// Where to connect.
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// `Host` as a browser sends it.
    pub fn host(&self) -> String {
        self.running.address.to_string()
    }

    /// The path of the address that a user enters into the browser: begins and ends with a slash.
    pub fn prefix(&self) -> &str {
        self.running.prefix
    }

    /// The address that the program's folder would have, if the web server handed it out.
    pub fn folder_prefix(&self) -> &str {
        match self.gateway {
            Gateway::Cgi | Gateway::CgiByName | Gateway::HtaccessFcgid => "/weave/",
            Gateway::WebAccount | Gateway::StrictWebAccount => "/~ada/weave/",
            _ => "/",
        }
    }

    /// The folder that the program is in.
    pub fn program_folder(&self) -> &Path {
        self.running
            .program
            .parent()
            .expect("a program lies in a folder")
    }

    /// Where data lies without settings: beside the program.
    pub fn data_folder(&self) -> PathBuf {
        self.program_folder().join("weft-data")
    }

    /// Runs a command of the program where it lies, as the user that the servers run as.
    pub fn command(&self, arguments: &[&str], input: &str) -> Ran {
        command::run(&self.site, &self.running.program, arguments, input)
    }

    /// The ends of all logs.
    pub fn logs(&self) -> String {
        self.site.logs()
    }

    /// Ends the workers behind Apache or nginx, as an operator who replaces the program would.
    pub fn stop_workers(&mut self) {
        self.running.weft = None;
    }

    /// Starts them again, at the same socket.
    pub fn start_workers(&mut self) {
        let started = weft::fastcgi(&self.site, &self.running.program);
        self.running.weft = Some(started.unwrap_or_else(|problem| panic!("{problem}")).0);
    }

    /// Starts a single one, as those of mod_fcgid are, at the same socket.
    pub fn start_one_worker(&mut self) {
        let started = weft::fastcgi_with(&self.site, &self.running.program, "1");
        self.running.weft = Some(started.unwrap_or_else(|problem| panic!("{problem}")).0);
    }

    /// Ends Apache and its workers as an operator does.
    pub fn stop_apache(&self) {
        drop(self.front().take());
    }

    /// Ends Apache and its workers at once, as a power failure does.
    pub fn kill_apache(&self) {
        let all = apache::process(&self.site);
        assert!(process::signal_group(all, "KILL"), "Apache runs");
        self.stop_apache();
    }

    /// Starts Apache again, at the same port.
    pub fn start_apache(&self) {
        let port = self.running.port.as_ref().expect("Apache has a port");
        let apache = apache::start_again(&self.site, port);
        *self.front() = Some(apache.unwrap_or_else(|problem| panic!("{problem}\n{}", self.logs())));
    }

    /// Sends a signal to Apache's first process.
    pub fn signal_apache(&self, name: &str) {
        let first = apache::process(&self.site);
        assert!(process::signal(first, name), "Apache runs");
    }

    fn front(&self) -> MutexGuard<'_, Option<Supervised>> {
        self.running.front.lock().expect("nobody panicked")
    }

    /// Makes the program's file vanish, as it does for a moment while a new one is uploaded.
    pub fn take_program_away(&self) {
        let away = self.running.program.with_extension("away");
        fs::rename(&self.running.program, away).expect("the site is writable");
    }

    /// The processes that run the program now: workers, the built-in server, a CGI request.
    pub fn worker_pids(&self) -> Vec<u32> {
        let processes = fs::read_dir("/proc").expect("/proc is mounted").flatten();
        processes
            .filter(|process| {
                fs::read_link(process.path().join("exe"))
                    .is_ok_and(|program| program == self.running.program)
            })
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .collect()
    }

    /// Sends one request over a connection of its own; the answer comes whole or the test fails.
    pub fn send(&self, request: &Request) -> Response {
        let what = format!("{} {}", request.method, request.target);
        let answer = Connection::open(self.address()).and_then(|mut line| line.exchange(request));
        let answer = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!answer.truncated, "{what}: the answer was cut off");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.logs());
        }
    }
}

/// The use of a shared server by one test, which shows the server's logs when it fails.
pub struct Shared {
    server: &'static Server,
}

impl Deref for Shared {
    type Target = Server;

    fn deref(&self) -> &Server {
        self.server
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.server.logs());
        }
        leaks::look_at_logs(&self.server.site.folder);
    }
}
