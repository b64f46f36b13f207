//! `weft serve`: a web server of its own.

use super::{Caller, Common, Failure, Program, Role, print, start};
use crate::config::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Run a web server of its own, for trying it out or behind a proxy.
///
/// It speaks HTTP without encryption. To let other machines in over the Internet, put Apache or nginx
/// with HTTPS in front.
#[derive(clap::Args, Debug)]
pub struct Serve {
    /// Listen at this address and port (setting server.listen, 127.0.0.1:5000 without it).
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

impl Serve {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let mut options = start::options(common);
        options
            .settings
            .extend(self.listen.map(|at| ("server.listen", "--listen", at)));
        let config = start(caller, &options, Role::WebServer)?.config;
        if caller.surroundings.user == Some(0) && !config.server.allow_root {
            beware_of_root(config.server.listen)?;
        }
        let mut greeted = Ok(());
        program.serve(&config, &mut |address| {
            greeted = print(caller, &greeting(&config, address));
        })?;
        greeted
    }
}

/// The machine's own programs may try it out; to the rest of the world no server speaks as root.
fn beware_of_root(listen: SocketAddr) -> Result<(), Failure> {
    let advice = "it needs no right of root's; run it as a user of its own";
    if listen.ip().to_canonical().is_loopback() {
        log::warn!("weft runs as root: {advice}, or set server.allow_root = true");
        return Ok(());
    }
    Err(Failure::Other(format!(
        "a server that others reach ({listen}) does not run as root: {advice}, or behind Apache or \
         nginx at 127.0.0.1\nif it must be root, say so: server.allow_root = true in weft.toml, or \
         WEFT_SERVER_ALLOW_ROOT=true"
    )))
}

/// What is printed when the server can be reached: above all the one URL that browsers want.
fn greeting(config: &Config, address: SocketAddr) -> String {
    let here = format!("http://{}/", reachable(address));
    let (url, proxied) = match &config.server.public_url {
        Some(url) => (
            url.as_str().to_owned(),
            format!("The proxy in front of it must pass requests on to {here}\n\n"),
        ),
        None => (here, String::new()),
    };
    format!(
        "Weft is running, and keeps its data in {}\n\
         Put this URL into your browser, in about:config, as services.sync.serverURL:\n\n    \
         {url}\n\n\
         {proxied}Press Ctrl-C to stop.\n",
        config.data.dir.display()
    )
}

/// An address at which this machine reaches itself: "all addresses" is none that one can call.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::{FilePath, RootUrl};

    #[test]
    fn the_greeting_holds_the_url_for_the_browser() {
        let mut config = Config::default();
        config.data.dir = FilePath("/srv/weft-data".into());
        assert_eq!(
            greeting(&config, "127.0.0.1:5000".parse().unwrap()),
            "Weft is running, and keeps its data in /srv/weft-data\n\
             Put this URL into your browser, in about:config, as services.sync.serverURL:\n\n    \
             http://127.0.0.1:5000/\n\nPress Ctrl-C to stop.\n"
        );
        let cases = [
            ("0.0.0.0:5000", "http://127.0.0.1:5000/"),
            ("[::]:81", "http://[::1]:81/"),
            ("192.0.2.1:80", "http://192.0.2.1:80/"),
        ];
        for (address, url) in cases {
            assert!(greeting(&config, address.parse().unwrap()).contains(&format!("    {url}\n")));
        }
        config.server.public_url = RootUrl::parse("https://sync.example.org/weave");
        let told = greeting(&config, "127.0.0.1:5000".parse().unwrap());
        assert!(
            told.contains("    https://sync.example.org/weave/\n"),
            "{told}"
        );
    }
}
