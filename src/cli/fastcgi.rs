//! `weft fastcgi`: a FastCGI server on a socket of its own, for front servers that start no workers
//! themselves (nginx, Apache's mod_proxy_fcgi).

use super::{Caller, Common, Failure, Program, Role, start};
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Answer FastCGI requests of nginx or of Apache's mod_proxy_fcgi.
///
/// Under mod_fcgid there is no need for this command: Apache starts the program itself.
#[derive(clap::Args, Debug)]
pub struct FastCgi {
    /// Listen at this socket: unix:/run/weft/weft.sock, or 127.0.0.1:9000.
    ///
    /// A socket file is open to its owner and group: let the front server's user be in that group.
    #[arg(long, value_name = "unix:PATH|HOST:PORT")]
    listen: ListenAt,

    /// Work on so many requests at the same time (setting server.workers).
    #[arg(long, value_name = "N")]
    workers: Option<String>,
}

impl FastCgi {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let mut options = start::options(common);
        options
            .settings
            .extend(self.workers.map(|n| ("server.workers", "--workers", n)));
        let config = start(caller, &options, Role::Helper)?.config;
        let socket = self.listen.open()?;
        log::info!("waiting for FastCGI requests at {}", self.listen);
        let done = program.fastcgi(&config, socket);
        if let ListenAt::Unix(path) = &self.listen {
            // A file that stays behind does no harm: the next start replaces it.
            let _ = fs::remove_file(path);
        }
        done
    }
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAt {
    /// At a socket file.
    Unix(PathBuf),
    /// At an address and port.
    Tcp(SocketAddr),
}

/// A socket that listens.
#[derive(Debug)]
pub enum Socket {
    /// At a socket file.
    Unix(UnixListener),
    /// At an address and port.
    Tcp(TcpListener),
}

impl FromStr for ListenAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("a path must follow \"unix:\"".to_owned()),
            Some(path) => Ok(ListenAt::Unix(path.into())),
            None => text
                .replacen("localhost:", "127.0.0.1:", 1)
                .parse()
                .map(ListenAt::Tcp)
                .map_err(|_| {
                    "it must be \"unix:\" and a path, or an IP address and a port, such as \
                     \"127.0.0.1:9000\""
                        .to_owned()
                }),
        }
    }
}

impl std::fmt::Display for ListenAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ListenAt::Unix(path) => write!(f, "unix:{}", path.display()),
            ListenAt::Tcp(address) => address.fmt(f),
        }
    }
}

impl ListenAt {
    /// Begins to listen. A socket file that nobody listens at any more is replaced.
    ///
    /// # Errors
    ///
    /// The address is taken, or not to be had.
    pub fn open(&self) -> Result<Socket, Failure> {
        let socket = match self {
            ListenAt::Unix(path) => open_file(path).map(Socket::Unix),
            ListenAt::Tcp(address) => TcpListener::bind(address).map(Socket::Tcp),
        };
        socket.map_err(|error| Failure::Listen {
            address: self.to_string(),
            error,
        })
    }
}

fn open_file(path: &Path) -> io::Result<UnixListener> {
    let left_behind = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if left_behind {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_listen_are_read_or_explained() {
        let usage = "it must be \"unix:\" and a path, or an IP address and a port, such as \
                     \"127.0.0.1:9000\"";
        let cases = [
            ("unix:/run/weft.sock", Ok("unix:/run/weft.sock")),
            ("127.0.0.1:9000", Ok("127.0.0.1:9000")),
            ("localhost:9000", Ok("127.0.0.1:9000")),
            ("[::1]:9000", Ok("[::1]:9000")),
            ("unix:", Err("a path must follow \"unix:\"")),
            ("/run/weft.sock", Err(usage)),
            ("9000", Err(usage)),
        ];
        for (text, expected) in cases {
            let read = text.parse::<ListenAt>().map(|at| at.to_string());
            assert_eq!(read, expected.map(str::to_owned).map_err(str::to_owned));
        }
    }

    #[test]
    fn a_socket_file_left_behind_is_replaced_and_one_in_use_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("weft.sock");
        let at = ListenAt::Unix(path.clone());
        drop(at.open().unwrap());
        let listening = at.open().unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o660
        );
        let failure = at.open().unwrap_err();
        assert!(
            matches!(&failure, Failure::Listen { error, .. }
                if error.kind() == io::ErrorKind::AddrInUse),
            "{failure}"
        );
        drop(listening);

        let file = home.path().join("file");
        fs::write(&file, "precious").unwrap();
        assert!(ListenAt::Unix(file.clone()).open().is_err());
        assert_eq!(fs::read_to_string(file).unwrap(), "precious");
    }
}
