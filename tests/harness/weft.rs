//! The program under test where it is a server of its own: built-in HTTP, and FastCGI workers.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::site::Site;
use super::supervised::{Invocation, Supervised};

/// How many workers answer at the same time behind Apache and nginx: fewer than browsers that the
/// tests start, so that some have to wait.
const WORKERS: &str = "4";

/// The longest wait for a worker that is no overload, where a test does not set it itself: a few browsers at
/// once may wait for seconds on a machine that does much else, above all before Apache has started workers.
pub fn patience(program: &Path) -> Option<(&'static str, &'static str)> {
    let settings = fs::read_to_string(program.with_file_name("weft.toml")).unwrap_or_default();
    let is_set = settings.contains("queue_time");
    (!is_set).then_some(("WEFT_SERVER_QUEUE_TIME", "1min"))
}

/// Starts `weft serve` on a port that the system chooses; the program says which.
pub fn serve(site: &Site, program: &Path) -> Result<(Supervised, SocketAddr), String> {
    serve_at(site, program, "http://")
}

/// The same with a `server.public_url` that leads to a proxy.
pub fn serve_behind(site: &Site, program: &Path) -> Result<(Supervised, SocketAddr), String> {
    serve_at(site, program, "requests on to http://")
}

/// Starts the server, whose address the program tells after these words.
fn serve_at(site: &Site, program: &Path, words: &str) -> Result<(Supervised, SocketAddr), String> {
    let weft = Invocation::new("weft", program)
        .argument("serve")
        .argument("--listen");
    let process = Supervised::start(site, weft.argument("127.0.0.1:0"))?;
    let address = process.wait_for_line(|line| {
        let (_, rest) = line.split_once(words)?;
        rest.split_once('/')?.0.parse().ok()
    })?;
    Ok((process, address))
}

/// Starts `weft fastcgi` at a Unix socket in the site's folder.
pub fn fastcgi(site: &Site, program: &Path) -> Result<(Supervised, PathBuf), String> {
    fastcgi_with(site, program, WORKERS)
}

/// The same with so many workers.
pub fn fastcgi_with(
    site: &Site,
    program: &Path,
    workers: &str,
) -> Result<(Supervised, PathBuf), String> {
    let socket = site.path("weft.sock");
    let mut weft = Invocation::new("weft", program)
        .argument("fastcgi")
        .argument("--listen")
        .argument(format!("unix:{}", socket.display()))
        .argument("--workers")
        .argument(workers);
    if let Some((name, value)) = patience(program) {
        weft = weft.variable(name, value);
    }
    let process = Supervised::start(site, weft)?;
    process.wait_for_socket(&socket)?;
    Ok((process, socket))
}
