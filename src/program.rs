//! What the commands and the doors do: an application from a configuration, behind a gateway.

mod backup;
mod by_hand;
mod doctor;
mod mail;
mod nodes;
mod removal;
mod restore;
mod spool;
mod undo;

use crate::api::Api;
use crate::app::{App, OutOfOrder, build, people};
use crate::cli::{
    self, Answer, BackedUp, Caller, Common, Failure, Goal, Migrate, Migrated, Origin, Restored,
    Restoring, Role, Socket, What,
};
use crate::config::Config;
use crate::doctor::{Order, Report};
use crate::exchange::Application;
use crate::gateway::{self, fcgi, http};
use crate::storage::Storage;
use crate::sync::Clock;
use backup::Backup;
use by_hand::{ByHand, storage_failure};
use fastcgi::{Limits, Listener, Stop};
use nodes::Listed;
use removal::{Place, Removal};
use restore::Restore;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Records that are removed in one transaction by `weft purge`.
const PURGE_STEP: u64 = 1_000;

/// Room for the rest of a refused body: a front server reads no answer before it has sent it all.
const UNREAD_BEYOND_LIMIT: u64 = 64 << 20;

/// The program, with the clock that it goes by.
pub struct Program {
    clock: Clock,
}

impl Program {
    /// Goes by `clock`.
    pub fn new(clock: Clock) -> Self {
        Program { clock }
    }

    fn app(&self, config: &Config) -> Result<App, Failure> {
        App::new(config, Arc::clone(&self.clock)).map_err(Failure::Other)
    }

    fn builder(&self) -> build::Builder {
        build::Builder::new(Arc::clone(&self.clock))
    }

    fn api(&self, config: &Config) -> Result<Api, Failure> {
        self.builder().api(config).map_err(Failure::Other)
    }

    /// The application for a front server. When it can't be built, one that says so to the log, and
    /// to browsers in a way that does no harm.
    fn behind_a_front(&self, caller: &Caller<'_>) -> (Box<dyn Application>, Config) {
        let options = cli::options(&Common::default());
        let built = cli::start(caller, &options, Role::Helper).and_then(|loaded| {
            let app = self.app(&loaded.config)?;
            Ok((Box::new(app) as Box<dyn Application>, loaded.config))
        });
        built.unwrap_or_else(|failure| {
            // The log may be what failed.
            eprintln!("{}", cli::explain(&failure));
            (
                Box::new(OutOfOrder::new(Arc::clone(&self.clock))),
                Config::default(),
            )
        })
    }

    /// Answers as a FastCGI worker that a front server started.
    pub fn worker(&self, caller: &Caller<'_>, listener: Listener) -> io::Result<()> {
        let (app, config) = self.behind_a_front(caller);
        // mod_fcgid gives a process one request at a time.
        gateway::fcgi::serve(&*app, listener, fcgi_settings(&config, 1), &Stop::new())
    }

    /// Answers one request as a CGI program.
    pub fn cgi(
        &self,
        caller: &Caller<'_>,
        input: impl Read + Send,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        let (app, _) = self.behind_a_front(caller);
        gateway::cgi::serve(&*app, &caller.surroundings.environment, input, output)
    }
}

fn fcgi_settings(config: &Config, workers: usize) -> fcgi::Settings {
    fcgi::Settings {
        workers,
        limits: limits(config),
        queue_time: config.server.queue_time,
    }
}

fn limits(config: &Config) -> Limits {
    let unread = config
        .limits
        .body_bytes
        .bytes()
        .saturating_add(UNREAD_BEYOND_LIMIT);
    Limits {
        max_unread: usize::try_from(unread).unwrap_or(usize::MAX),
        // A front server opens and closes its connections as it sees fit.
        idle: Duration::from_secs(24 * 60 * 60),
        read: config.server.read_timeout,
        write: config.server.write_timeout,
        ..Limits::default()
    }
}

fn http_settings(config: &Config) -> http::Settings {
    let server = &config.server;
    http::Settings {
        workers: server.workers,
        // A connection has one request at a time, so all that are not turned away find room.
        queue: server.max_connections,
        crowd: server.queue,
        connections: server.max_connections,
        header_time: server.read_timeout,
        idle: server.idle_timeout,
        body_pause: server.read_timeout,
        write_pause: server.write_timeout,
        ..http::Settings::default()
    }
}

impl cli::Program for Program {
    fn serve(&self, config: &Config, started: &mut dyn FnMut(SocketAddr)) -> Result<(), Failure> {
        let app: Arc<dyn Application> = Arc::new(self.app(config)?);
        let listen = config.server.listen;
        let server =
            http::serve(app, listen, http_settings(config)).map_err(|error| Failure::Listen {
                address: listen.to_string(),
                error,
            })?;
        started(server.address());
        server.wait();
        Ok(())
    }

    fn fastcgi(&self, config: &Config, socket: Socket) -> Result<(), Failure> {
        let app = self.app(config)?;
        let listener = match socket {
            Socket::Unix(listener) => Listener::Unix(listener),
            Socket::Tcp(listener) => Listener::Tcp(listener),
        };
        let settings = fcgi_settings(config, config.server.workers);
        gateway::fcgi::serve(&app, listener, settings, &Stop::new())
            .map_err(|error| Failure::Other(format!("FastCGI requests can't be answered: {error}")))
    }

    fn purge(&self, config: &Config, tell: &mut dyn FnMut(u64)) -> Result<u64, Failure> {
        let storages = self.builder().storages(config).map_err(Failure::Other)?;
        let mut gone = 0;
        for storage in storages {
            purge(&*storage, &mut gone, tell)?;
        }
        Ok(gone)
    }

    fn migrate(&self, config: &Config, order: Migrate) -> Result<Vec<Migrated>, Failure> {
        let databases =
            build::migrate(config, order.dry_run, order.without_php).map_err(Failure::Other)?;
        let migrated = databases
            .into_iter()
            .map(|(database, outcome)| Migrated { database, outcome });
        Ok(migrated.collect())
    }

    fn check(&self, config: &Config) -> Result<Vec<Answer>, Failure> {
        let answers = build::check(config, &self.clock).map_err(Failure::Other)?;
        let answers = answers.into_iter().map(|(server, outcome)| Answer {
            server,
            trouble: outcome.err(),
        });
        Ok(answers.collect())
    }

    fn examine(&self, config: &Config, order: &Order) -> Result<Report, Failure> {
        doctor::examine(config, &self.clock, order)
    }

    fn accounts(&self, config: &Config) -> Result<Box<dyn cli::Accounts>, Failure> {
        Ok(Box::new(ByHand(self.api(config)?)))
    }

    fn undo(&self, config: &Config) -> Result<Box<dyn cli::Undoing>, Failure> {
        Ok(Box::new(ByHand(self.api(config)?)))
    }

    fn mail(&self, config: &Config, address: &str) -> Result<Vec<String>, Failure> {
        mail::test(&people::people(config).map_err(Failure::Other)?, address)
    }

    fn nodes(&self, config: &Config) -> Result<Box<dyn cli::Nodes>, Failure> {
        Ok(Box::new(Listed(
            people::people(config).map_err(Failure::Other)?,
        )))
    }

    fn move_user(
        &self,
        (from, to): (&Config, &Config),
        name: &str,
        tell: &mut dyn FnMut(&str),
    ) -> Result<String, Failure> {
        let removal = Removal {
            from: Place::new(from, self.api(from)?)?,
            to: Place::new(to, self.api(to)?)?,
        };
        removal.run(name, tell)
    }

    fn backup(
        &self,
        config: &Config,
        what: &What,
        goal: Goal<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<BackedUp, Failure> {
        let api = self.api(config)?;
        Backup::run(&api, what, (goal, &config.data.dir.0), tell)
    }

    fn restore(
        &self,
        config: &Config,
        origin: Origin<'_>,
        wanted: &Restoring,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Restored, Failure> {
        let api = self.api(config)?;
        Restore::run(&api, wanted, (origin, &config.data.dir.0), tell)
    }
}

fn purge(storage: &dyn Storage, gone: &mut u64, tell: &mut dyn FnMut(u64)) -> Result<(), Failure> {
    loop {
        let step = storage.purge(PURGE_STEP).map_err(storage_failure)?;
        *gone += step;
        if step < PURGE_STEP {
            return Ok(());
        }
        tell(*gone);
    }
}
