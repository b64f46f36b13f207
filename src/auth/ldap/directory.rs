//! The directory as a whole: several servers, and connections that are kept from one question to
//! the next.
//!
//! A [`Call`] is one question of ours with one deadline. Each of its steps asks the servers in turn,
//! with a fair share of the time that is left for each, and takes a connection that was kept or opens
//! one. A connection serves one purpose for life: those that search stay logged in as whoever
//! searches, and those for logins are bound anew each time, so nobody ever acts with another's
//! rights. Changes are made on connections of their own: an old one might be dead, and a change that
//! may have been made must not be sent again.

use super::connection::{Address, Bound, Connection, Failure};
use super::options::{BadLdapOptions, Bind, LdapOptions};
use super::servers::Servers;
use super::tls;
use crate::auth::{AuthError, AuthResult};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// A connection that lies unused for longer is closed: a firewall may have forgotten it, and would
/// then swallow what is sent.
const KEPT: Duration = Duration::from_secs(60);

/// Of one purpose, more connections than this are not kept.
const MOST_KEPT: usize = 8;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Search,
    Login,
    Change,
}

struct Kept {
    purpose: Purpose,
    server: usize,
    since: Instant,
    connection: Connection,
}

/// Servers that hold the same directory.
pub(super) struct Directory {
    addresses: Vec<Address>,
    servers: Servers,
    searcher: Option<Bind>,
    admin: Option<Bind>,
    timeout: Duration,
    patience: Duration,
    kept: Mutex<Vec<Kept>>,
}

/// One question of ours, with its deadline.
pub(super) struct Call<'d> {
    directory: &'d Directory,
    deadline: Instant,
}

impl Directory {
    /// The directory that `options` describe; nothing is connected yet.
    pub(super) fn new(options: &LdapOptions) -> Result<Self, BadLdapOptions> {
        let addresses = options
            .urls
            .iter()
            .map(|url| address(url, options))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Directory {
            servers: Servers::new(addresses.len()),
            addresses,
            searcher: options.bind.clone(),
            admin: options.admin.clone(),
            timeout: options.timeout,
            patience: options.connect_timeout,
            kept: Mutex::new(Vec::new()),
        })
    }

    /// Begins a question that may take `times` the time of an ordinary one.
    pub(super) fn call(&self, times: u32) -> Call<'_> {
        Call {
            directory: self,
            deadline: Instant::now() + self.timeout * times,
        }
    }

    fn open(&self, server: usize, purpose: Purpose, until: Instant) -> Result<Connection, Failure> {
        let mut connection = Connection::open(&self.addresses[server], self.patience, until)?;
        let who = match purpose {
            Purpose::Search => &self.searcher,
            Purpose::Login => &None,
            Purpose::Change => &self.admin,
        };
        let Some(Bind { dn, password }) = who else {
            return Ok(connection);
        };
        match connection.bind(dn, password)? {
            Bound::Yes => Ok(connection),
            Bound::No | Bound::Barred => Err(Failure::Broken(format!("it does not let {dn} in"))),
        }
    }

    fn take(&self, server: usize, purpose: Purpose) -> Option<Connection> {
        let mut kept = self.kept();
        kept.retain(|kept| kept.since.elapsed() < KEPT);
        let fits = |kept: &Kept| (kept.server, kept.purpose) == (server, purpose);
        // The one that was used last is the likeliest to be alive.
        let place = kept.iter().rposition(fits)?;
        Some(kept.remove(place).connection)
    }

    fn keep(&self, server: usize, purpose: Purpose, connection: Connection) {
        let mut kept = self.kept();
        let same = kept.iter().filter(|kept| kept.purpose == purpose).count();
        if purpose != Purpose::Change && connection.is_sound() && same < MOST_KEPT {
            kept.push(Kept {
                purpose,
                server,
                since: Instant::now(),
                connection,
            });
        }
    }

    /// Closes what is kept to a server: where one connection is dead, all are.
    fn close(&self, server: usize) {
        self.kept().retain(|kept| kept.server != server);
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// Reads, as whoever searches. `work` may be done again, on another connection.
    pub(super) fn search<T>(
        &self,
        work: impl FnMut(&mut Connection) -> Result<T, Failure>,
    ) -> AuthResult<T> {
        self.in_turn(Purpose::Search, work)
    }

    /// Logs somebody in: `work` begins with a bind. It may be done again, on another connection.
    pub(super) fn login<T>(
        &self,
        work: impl FnMut(&mut Connection) -> Result<T, Failure>,
    ) -> AuthResult<T> {
        self.in_turn(Purpose::Login, work)
    }

    /// Changes something, as the administrator. `work` is done once at most.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> AuthResult<T> {
        let (server, mut connection) = self.each_server(|server, until| {
            let connection = self.directory.open(server, Purpose::Change, until)?;
            Ok((server, connection))
        })?;
        connection.allow_until(self.deadline);
        work(&mut connection).map_err(|failure| self.error(server, failure))
    }

    fn in_turn<T>(
        &self,
        purpose: Purpose,
        mut work: impl FnMut(&mut Connection) -> Result<T, Failure>,
    ) -> AuthResult<T> {
        let directory = self.directory;
        self.each_server(|server, until| {
            if let Some(mut kept) = directory.take(server, purpose) {
                kept.allow_until(until);
                match work(&mut kept) {
                    // The server closed it, or was started anew: a new connection may do.
                    Err(Failure::Away(_)) if Instant::now() < until => directory.close(server),
                    done => {
                        directory.keep(server, purpose, kept);
                        return done;
                    }
                }
            }
            let mut connection = directory.open(server, purpose, until)?;
            let done = work(&mut connection);
            directory.keep(server, purpose, connection);
            done
        })
    }

    /// Asks one server after the other until one is not away.
    fn each_server<T>(
        &self,
        mut ask: impl FnMut(usize, Instant) -> Result<T, Failure>,
    ) -> AuthResult<T> {
        let directory = self.directory;
        let mut why = Vec::new();
        let order = directory.servers.in_turn(Instant::now());
        for (tried, &server) in order.iter().enumerate() {
            let now = Instant::now();
            let untried = u32::try_from(order.len() - tried).unwrap_or(u32::MAX);
            let share = self.deadline.saturating_duration_since(now) / untried;
            match ask(server, now + share) {
                Err(Failure::Away(reason)) => {
                    directory.close(server);
                    let url = &directory.addresses[server].url;
                    if directory.servers.failed(server, Instant::now()) {
                        log::warn!("directory {url} is away: {reason}");
                    }
                    why.push(format!("{url}: {reason}"));
                }
                answer => {
                    if directory.servers.answered(server) {
                        log::info!("directory {} is back", directory.addresses[server].url);
                    }
                    return answer.map_err(|failure| self.error(server, failure));
                }
            }
        }
        Err(AuthError::Unavailable(why.join("; ")))
    }

    fn error(&self, server: usize, failure: Failure) -> AuthError {
        let url = &self.directory.addresses[server].url;
        match failure {
            Failure::Away(why) => AuthError::Unavailable(format!("{url}: {why}")),
            Failure::Broken(why) => AuthError::Broken(format!("{url}: {why}")),
        }
    }
}

fn address(text: &str, options: &LdapOptions) -> Result<Address, BadLdapOptions> {
    let wrong = |why: &str| BadLdapOptions(format!("ldap.url {text:?}: {why}"));
    let mut url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    let encrypted = match url.scheme() {
        "ldaps" => true,
        "ldap" => options.start_tls(),
        _ => return Err(wrong("it begins with neither ldap:// nor ldaps://")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        // It would be told to the log.
        return Err(BadLdapOptions(
            "ldap.url holds a name or a password; they belong into ldap.bind_dn and \
             ldap.bind_password"
                .to_owned(),
        ));
    }
    // What else an LDAP URL can say is said in settings.
    url.set_path("");
    url.set_query(None);
    let rules = match encrypted {
        true => Some(tls::rules(options.ca_file.as_deref()).map_err(|why| wrong(&why))?),
        false => None,
    };
    Ok(Address {
        url,
        tls: rules,
        start_tls: options.start_tls(),
    })
}
