//! `[server]`: the ways in, and who is behind them.

use crate::config::declare::section;
use crate::config::value::{BasePath, Network, RootUrl};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

section! {
    /// The ways in, and who is behind them. Behind Apache or nginx most of this can be left alone:
    /// the front server decides about addresses, times and connections.
    "server" in server: Server {
        /// Where `weft serve` listens. The default answers to programs on the same machine only;
        /// `"0.0.0.0:5000"` or `"[::]:5000"` answers to everybody, unencrypted. Port 0 takes any
        /// free port.
        listen: SocketAddr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 5000);

        /// How many requests are worked on at the same time, by `weft serve` and `weft fastcgi`.
        workers: usize = 8, in 1..=1024;

        /// How many requests may wait for a worker before new syncs are told to come back later.
        /// Those of syncs that run wait on: half a sync helps nobody.
        queue: usize = 64, in 0..=65_536;

        /// The same behind Apache and nginx: how long a request may wait in the front server for a worker
        /// before new syncs are told to come back later. The front has to tell when it came
        /// (`X-Request-Start`); the files in `apache/` make it. Where mod_fcgid finds no idle worker it waits
        /// in whole seconds, two or three of them before it has started one for each of a few browsers.
        queue_time: Duration = seconds(5), in Duration::from_millis(100)..=seconds(86_400);

        /// How many connections `weft serve` and `weft fastcgi` keep open; the next ones wait.
        max_connections: usize = 512, in 1..=65_536;

        /// A connection on which nothing happens between two requests is closed after this time.
        /// Browsers use an old one again without asking whether it still lives, so this is long.
        idle_timeout: Duration = seconds(300), in seconds(1)..=seconds(86_400);

        /// A client that sends no part of its request for this time is given up.
        read_timeout: Duration = seconds(60), in seconds(1)..=seconds(86_400);

        /// A client that takes no part of its answer for this time is given up.
        write_timeout: Duration = seconds(60), in seconds(1)..=seconds(86_400);

        /// The URL of this server as browsers see it, such as `"https://sync.example.org/"`; used
        /// wherever an address is told to somebody. With `""` it is taken from each request, which
        /// is right unless a proxy in front hides the host's name.
        public_url: Option<RootUrl> = None;

        /// The path below which the API lies, such as `"/weave"`. With `""` it is found from each
        /// request, which is right nearly always; `"/"` says that there is none.
        base_path: Option<BasePath> = None;

        /// The proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` are
        /// believed: addresses or networks, such as `["127.0.0.1", "10.0.0.0/8"]`. Nobody else's are.
        trusted_proxies: Vec<Network> = Vec::new();

        /// Lets `weft serve` run as root where other machines reach it. It needs no right of root's,
        /// not even for port 443 behind a proxy.
        allow_root: bool = false;

        /// What clients are told to wait after an answer 503, in `Retry-After` and
        /// `X-Weave-Backoff`.
        retry_after: Duration = seconds(1_800), in seconds(1)..=seconds(604_800);

        /// Refuses new syncs with 503, and lets those that run come to their end. For the time of
        /// work on the machine.
        maintenance: bool = false;

        /// Asks every client, in every answer, to leave this much time between two syncs. Firefox
        /// for Android stops a running sync at any value; leave it at 0 unless you must shed load.
        backoff: Option<Duration> = None;
    }
}
