//! A real nginx of our own, that runs the project's `apache/nginx.conf`.
//!
//! What surrounds it is what that file tells an operator to write: the workers' socket and a server
//! that includes it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::ports::Port;
use super::site::Site;
use super::supervised::{Invocation, Supervised};

const PROGRAM: &str = "/usr/sbin/nginx";

/// Starts nginx in front of the workers that listen at a Unix socket.
pub fn start(site: &Site, port: &Port, socket: &Path) -> Result<Supervised, String> {
    let upstream = format!("upstream weft {{ server \"unix:{}\"; }}", socket.display());
    let server = format!(
        "include \"{}/apache/nginx.conf\";",
        env!("CARGO_MANIFEST_DIR")
    );
    start_with(site, port, &upstream, &server)
}

/// Starts nginx with lines of ours, outside of its one server and inside.
pub fn start_with(
    site: &Site,
    port: &Port,
    outside: &str,
    inside: &str,
) -> Result<Supervised, String> {
    if !Path::new(PROGRAM).exists() {
        return Err(format!(
            "{PROGRAM} is missing: tests/run installs what the tests need"
        ));
    }
    let folder = site.folder.display();
    let user = site
        .account
        .as_ref()
        .map_or(String::new(), |account| format!("user {};\n", account.name));
    let temporary: String = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
        .iter()
        .map(|use_| format!("    {use_}_temp_path \"{folder}/nginx-{use_}\";\n"))
        .collect();
    let file = site.write(
        "nginx-main.conf",
        format!(
            "daemon off;\n\
             {user}\
             pid \"{folder}/nginx.pid\";\n\
             error_log \"{folder}/nginx-error.log\" warn;\n\
             worker_processes 1;\n\
             events {{}}\n\
             http {{\n\
             {temporary}\
             \x20   access_log off;\n\
             \x20   {outside}\n\
             \x20   server {{\n\
             \x20       listen 127.0.0.1:{port};\n\
             \x20       {inside}\n\
             \x20   }}\n\
             }}\n",
            port = port.number,
        ),
    );
    let nginx = Invocation::new("nginx", PROGRAM)
        .argument("-e")
        .argument(site.path("nginx-error.log"))
        .argument("-c")
        .argument(file)
        .keeping_root();
    let process = Supervised::start(site, nginx)?;
    process.wait_for_tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port.number)))?;
    Ok(process)
}
