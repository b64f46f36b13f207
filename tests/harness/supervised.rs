//! Server processes that never outlive the tests.
//!
//! Each runs under a small supervising shell script that holds one end of a pipe. When the other end
//! closes, because a [`Supervised`] is dropped or the test program ended in any way at all, the
//! script ends the server with its whole process group. Standard output and error go to a log in the
//! site's folder. A server is ready when it says so or takes connections, and one that ends
//! before that is reported at once, with its logs.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::site::Site;

/// How long a server may take until it is ready: generous, for machines that do much else.
const PATIENCE: Duration = Duration::from_secs(120);

/// What to run.
pub struct Invocation {
    /// Names the log: `NAME.log` in the site's folder.
    name: &'static str,
    command: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    keeps_root: bool,
}

impl Invocation {
    pub fn new(name: &'static str, program: impl AsRef<OsStr>) -> Invocation {
        Invocation {
            name,
            command: vec![program.as_ref().to_owned()],
            environment: Vec::new(),
            keeps_root: false,
        }
    }

    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Invocation {
        self.command.push(argument.as_ref().to_owned());
        self
    }

    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Invocation {
        self.environment
            .push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// For a server that starts as root and drops to the account of its configuration by itself.
    pub fn keeping_root(mut self) -> Invocation {
        self.keeps_root = true;
        self
    }
}

/// A running server.
#[derive(Debug)]
pub struct Supervised {
    log: PathBuf,
    ended: PathBuf,
    pipe: Option<ChildStdin>,
    supervisor: Child,
}

impl Supervised {
    /// Starts the server in the site's folder, with nothing of our environment but what it needs.
    pub fn start(site: &Site, what: Invocation) -> Result<Supervised, String> {
        let log = site.path(&format!("{}.log", what.name));
        // If one that ran before told of its end, it would be taken for that of this one.
        let ended = site.path(&format!("{}.ended", what.name));
        let _ = fs::remove_file(&ended);
        let output = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new("bash");
        command
            .arg("-c")
            .arg(include_str!("supervise.sh"))
            .arg("supervise.sh");
        command.arg(&site.folder).arg(what.name);
        if let Some(account) = site.account.as_ref().filter(|_| !what.keeps_root) {
            command
                .arg("setpriv")
                .arg(format!("--reuid={}", account.uid));
            command
                .arg(format!("--regid={}", account.gid))
                .args(["--clear-groups", "--"]);
        }
        let mut supervisor = command
            .args(what.command)
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("RUST_BACKTRACE", "1")
            .envs(what.environment)
            .current_dir(&site.folder)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("bash: {error}"))?;
        let pipe = supervisor.stdin.take();
        Ok(Supervised {
            log,
            ended,
            pipe,
            supervisor,
        })
    }

    /// Waits until the server takes connections at a TCP address.
    pub fn wait_for_tcp(&self, address: SocketAddr) -> Result<(), String> {
        self.wait_until(|| TcpStream::connect(address).ok().map(drop))
    }

    /// Waits until the server takes connections at a Unix socket.
    pub fn wait_for_socket(&self, path: &Path) -> Result<(), String> {
        self.wait_until(|| UnixStream::connect(path).ok().map(drop))
    }

    /// Waits for the first complete line of the server's output that gives a value.
    pub fn wait_for_line<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        self.wait_until(|| {
            let output = fs::read_to_string(&self.log).ok()?;
            let (complete, _) = output.rsplit_once('\n')?;
            complete.lines().find_map(&read)
        })
    }

    fn wait_until<T>(&self, mut ready: impl FnMut() -> Option<T>) -> Result<T, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if self.ended.exists() {
                return Err("the server ended before it was ready".to_owned());
            }
            if Instant::now() > deadline {
                return Err(format!("the server was not ready within {PATIENCE:?}"));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.supervisor.wait();
    }
}
