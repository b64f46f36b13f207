//! Everything fails, again and again, while many clients sync: and no promise is broken.
//!
//! Apache with several workers, MariaDB, slapd and memcached are killed, stopped, paused and restarted at
//! random instants; the database runs out of connections, the disk of room, the clocks of workers jump,
//! and connections are cut, reset, silenced and slowed, those of the clients and those to the database.
//! After each round:
//!
//! - every write that was answered with success is there, whole and once; every other one whole or not at
//!   all;
//! - who follows by `newer` has missed nothing, no time of a collection went back, no two conditional
//!   writes both won;
//! - counts, usage and quota are those of the records that are there, and the cache says what the database
//!   says;
//! - five seconds after the last fault everything is served, and no worker leaks.
//!
//! `tests/soak` runs it for hours. `WEFT_SEED` and `WEFT_FAULTS_SECONDS` choose the faults and how long
//! they go on.

#[path = "faults/binary_log.rs"]
mod binary_log;
#[path = "faults/client.rs"]
mod client;
#[path = "faults/clocks.rs"]
mod clocks;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/disturb.rs"]
mod disturb;
mod harness;
#[path = "faults/history.rs"]
mod history;
#[path = "faults/judge.rs"]
mod judge;
#[path = "faults/proof.rs"]
mod proof;
#[path = "faults/recount.rs"]
mod recount;
#[path = "faults/violation.rs"]
mod violation;
#[path = "faults/workers.rs"]
mod workers;
#[path = "faults/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use client::{Client, LONGEST_LIFE};
use clocks::{AHEAD, Clocks};
use disk::{Disk, aloud};
use disturb::{Backends, Deployment, Fault};
use harness::legacy::Legacy;
use harness::mariadb::Own;
use harness::slapd::{ADMIN, SERVICE, Slapd};
use harness::{Dice, Gateway, MariaDb, Memcached, Proxy, Server, certificates};
use workers::Totals;
use world::{Account, World};

const USERS: usize = 3;
const DEVICES: usize = 2;

/// How long faults are made in one round, in seconds.
const ROUND: u64 = 10;

/// Waits of an operator who is in a hurry.
const SETTINGS: &str = "storage.wipe_guard = \"1s\"\nstorage.busy_timeout = \"2s\"\nmysql.io_timeout = \"1s\"\n\
                        mysql.connect_timeout = \"1s\"\nldap.timeout = \"1s\"\nquota.bytes = \"100 MiB\"\n\
                        quota.daily_write_bytes = \"1 GiB\"\n";

/// The shortest of these waits. Where a machine stands still for so long, a request may be refused though
/// everything runs; one that is refused sooner is not the machine's fault.
const SHORTEST: Duration = Duration::from_secs(1);

/// Every worker that is new checks every password anew.
const CHEAP_PASSWORDS: &str = "auth.argon2_memory_kib = 256\nauth.argon2_iterations = 1\n";

/// The engines have the machine to themselves.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
#[cfg_attr(
    any(without = "apache", without = "memcached"),
    ignore = "apache or memcached is not installed"
)]
fn no_promise_is_broken_on_sqlite() {
    let _alone = ALONE.lock();
    let seed = Dice::seed();
    let disk = Disk::mount();
    let data = disk.as_ref().map_or(String::new(), |disk| {
        format!("data.dir = \"{}\"\n", disk.folder.display())
    });
    let mut backends = Backends {
        disk,
        ..Backends::new()
    };
    let more = format!("{CHEAP_PASSWORDS}{data}{}", backends.shared_cache());
    let server = backends.start_server(&more);
    rounds(seed, &server, backends, 2);
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "mariadb", without = "memcached"),
    ignore = "apache, mariadb or memcached is not installed"
)]
fn no_promise_is_broken_on_mysql() {
    let _alone = ALONE.lock();
    let seed = Dice::seed();
    let beside = seed.is_multiple_of(2);
    let mut backends = Backends::with_database(seed, beside);
    let settings = (backends.legacy()).settings_at(backends.port(), beside_php(beside));
    let more = settings + &backends.shared_cache();
    let server = backends.start_server(&more);
    rounds(seed, &server, backends, 1);
}

#[test]
#[cfg_attr(
    any(
        without = "apache",
        without = "mariadb",
        without = "memcached",
        without = "slapd"
    ),
    ignore = "apache, mariadb, memcached or slapd is not installed"
)]
fn no_promise_is_broken_on_mysql_with_accounts_in_a_directory() {
    let _alone = ALONE.lock();
    let seed = Dice::seed();
    let beside = !seed.is_multiple_of(2);
    let directory = Slapd::start();
    let accounts = accounts_in(&directory) + beside_php(beside);
    let backends = Backends {
        directory: Some(directory),
        ..Backends::with_database(seed, beside)
    };
    let settings = (backends.legacy()).records_at(backends.port(), &accounts);
    let more = settings + &backends.shared_cache();
    // Its certificates are new: the clocks of who checks them stay right.
    let server = Gateway::ModFcgid.start(&format!("{SETTINGS}{more}"));
    rounds(seed, &server, backends, 1);
}

/// Of the two deployments with MySQL, one stands beside PHP.
fn beside_php(yes: bool) -> &'static str {
    match yes {
        true => "[legacy]\nphp_beside = true\n",
        false => "",
    }
}

fn accounts_in(directory: &Slapd) -> String {
    let authority = fs::read(certificates::authority()).expect("it was made");
    let authority = directory.site.write("authority.pem", authority);
    format!(
        "auth.engine = \"ldap\"\nldap.url = [\"{}\"]\nldap.layout = \"search\"\n\
         ldap.start_tls = true\nldap.ca_file = \"{}\"\nldap.base = \"ou=users,dc=example\"\n\
         ldap.bind_dn = \"{}\"\nldap.bind_password = \"{}\"\n\
         ldap.admin_dn = \"{}\"\nldap.admin_password = \"{}\"\n",
        directory.url(),
        authority.display(),
        SERVICE.0,
        SERVICE.1,
        ADMIN.0,
        ADMIN.1,
    )
}

impl Backends {
    /// Memcached, and nothing else yet.
    fn new() -> Backends {
        Backends {
            clocks: None,
            disk: None,
            database: None,
            directory: None,
            cache: Memcached::start(),
        }
    }

    /// Memcached and a database, on a disk that can be full and by a clock that can be set, and the network
    /// before it. PHP has left the database if it is not beside us.
    fn with_database(seed: u64, beside_php: bool) -> Backends {
        let disk = Disk::mount();
        let server = MariaDb::start_with(&Own {
            data: disk.as_ref().map(|disk| disk.folder.as_path()),
            clock: true,
            ..Own::default()
        });
        if !server.has_clock() {
            aloud("A database whose clock jumps is NOT tried: libfaketime is not installed");
        }
        let behind = SocketAddr::from(([127, 0, 0, 1], server.port()));
        let way = Proxy::start(behind, Dice::new(seed, 1), 20_000);
        let database = match beside_php {
            true => Legacy::on(server),
            false => Legacy::without_php_on(server),
        };
        Backends {
            disk,
            database: Some((way, database)),
            ..Backends::new()
        }
    }

    fn legacy(&self) -> &Legacy {
        self.server().expect("there is a database")
    }

    /// Where the network before the database is.
    fn port(&self) -> u16 {
        self.way().expect("there is a database").address().port()
    }

    fn shared_cache(&self) -> String {
        format!("[memcached]\nservers = [\"{}\"]\n", self.cache.address())
    }

    /// Apache with workers that have clocks, where libfaketime is installed.
    fn start_server(&mut self, settings: &str) -> Server {
        let clocks = &mut self.clocks;
        Gateway::start_workers_through(&format!("{SETTINGS}{settings}"), |site| {
            let (installed, configuration) = Clocks::install(site).unzip();
            *clocks = installed;
            configuration.unwrap_or_default()
        })
    }
}

/// What stays the same in all rounds.
struct Run<'r> {
    seed: u64,
    server: &'r Server,
    network: Proxy,
    totals: Totals,
}

/// So many rounds, or until the time is over.
fn rounds(seed: u64, server: &Server, mut backends: Backends, number: u64) {
    let seconds = match std::env::var("WEFT_FAULTS_SECONDS") {
        Ok(seconds) => Some(seconds.parse().expect("a number of seconds")),
        Err(_) => None,
    };
    let begun = Instant::now();
    let mut run = Run {
        seed,
        server,
        network: Proxy::start(server.address(), Dice::new(seed, 2), 6_000),
        totals: Totals::default(),
    };
    for round in 1.. {
        let over = match seconds {
            Some(seconds) => begun.elapsed() > Duration::from_secs(seconds),
            None => round > number,
        };
        if over {
            break;
        }
        run.round(round, &mut backends);
    }
    run.totals.print();
    println!("connections of clients: {:?}", run.network.done());
    if let Some(way) = backends.way() {
        println!("connections to the database: {:?}", way.done());
    }
}

impl Run<'_> {
    fn round(&mut self, number: u64, backends: &mut Backends) {
        let (seed, server) = (self.seed, self.server);
        let accounts: Vec<Account> = (0..USERS)
            .map(|user| Account::new(server, &format!("round{number}user{user}")))
            .collect();
        let world = &World::new(Some(&self.network));
        let made = thread::scope(|scope| {
            // Also when something fails here, the clients are told to end.
            let end = Ended(world);
            let running: Vec<_> = (0..USERS * DEVICES)
                .map(|device| {
                    let dice = Dice::new(seed, 1_000 * number + 1 + device as u64);
                    let client = Client::new(world, &accounts[device % USERS], dice);
                    scope.spawn(move || client.run())
                })
                .collect();
            let made = self.disturb(number, backends, world);
            world.calm_down();
            thread::sleep(Duration::from_secs(5));
            world.mend();
            for account in &accounts {
                account
                    .is_served()
                    .expect("five seconds after the last fault");
            }
            thread::sleep(Duration::from_secs(1));
            drop(end);
            let clients: Vec<Client> = running
                .into_iter()
                .map(|client| client.join().expect("a client"))
                .collect();
            self.let_all_lives_end(&accounts);
            let states: Vec<_> = (accounts.iter())
                .map(|account| account.check(&backends.cache))
                .collect();
            for (device, mut client) in clients.into_iter().enumerate() {
                client.check_copies(&states[device % USERS]);
            }
            made
        });
        let (requests, answers) = (world.requests(), world.answers());
        let longest = world.longest();
        println!("round {number}: {requests} requests, {answers:?}, {made:?}, {longest:?} ms");
        self.totals.add(world, &made);
        self.totals.no_worker_leaks(server);
    }

    /// Waits until what has a time to live is gone, also where a clock that was ahead has set it, or where
    /// writes followed each other so fast that their times, a hundredth apart, are ahead of every clock.
    /// Nothing changes any more then.
    fn let_all_lives_end(&self, accounts: &[Account<'_>]) {
        let mut until = now() + 100 * AHEAD as i64;
        // A time that stands still a day ahead is not waited for: nothing ends before then.
        if !self.far_ahead() {
            let latest = accounts.iter().map(Account::latest).max();
            until = until.max(latest.expect("there are accounts"));
        }
        let until = until + 100 * i64::from(LONGEST_LIFE) + 10;
        let still = u64::try_from(until - now()).unwrap_or(0);
        thread::sleep(Duration::from_millis(10 * still));
    }

    /// Some runs only.
    fn far_ahead(&self) -> bool {
        self.seed % 4 == 3
    }

    /// Makes the faults of a round.
    fn disturb(
        &self,
        number: u64,
        backends: &mut Backends,
        world: &World<'_>,
    ) -> BTreeMap<Fault, u64> {
        let networks = |backends: &Backends, clients, database| {
            self.network.disturb_one_in(clients);
            if let Some(way) = backends.way() {
                way.disturb_one_in(database);
            }
        };
        networks(backends, 4, 6);
        let mut deployment = Deployment {
            server: self.server,
            backends,
            far_ahead: self.far_ahead(),
            world,
        };
        let until = Instant::now() + Duration::from_secs(ROUND);
        let mut dice = Dice::new(self.seed, 1_000 * number);
        let made = deployment.disturb_until(until, &mut dice);
        networks(backends, 0, 0);
        made
    }
}

/// The time by the right clock, in hundredths of a second.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("it is not 1970").as_millis() as i64 / 10
}

/// Tells the clients to end when it goes.
struct Ended<'w>(&'w World<'w>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.calm_down();
        self.0.end();
    }
}
