//! One connection to one directory server: the only place that knows the LDAP package.
//!
//! The package waits for ever unless it is told otherwise before every operation, and panics on
//! answers that make no sense; here every operation has until the caller's deadline, and a panic
//! is an error. Aliases and referrals are never followed. A connection on which something went wrong
//! is not [`is_sound`](Connection::is_sound) and must not be used again.

use super::entry::Entry;
use super::reach;
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{
    LdapConn, LdapConnSettings, LdapError, LdapResult, Mod, ResultEntry, Scope, SearchEntry,
    SearchOptions, StdStream,
};
use rustls::ClientConfig;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server is away, too slow or not to be trusted; another one may answer.
    Away(String),
    /// It answered what it never should: for the operator to look at.
    Broken(String),
}

/// What a bind says of a name and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// They belong together.
    Yes,
    /// They don't, or there is no such entry: a directory does not tell which.
    No,
    /// The directory refuses this entry whatever the password.
    Barred,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is done.
    Done,
    /// There is no such entry, or none above it.
    NoEntry,
    /// There is such an entry already.
    Exists,
    /// The value to be deleted is not there (any more).
    NoValue,
}

/// A part of a change to an entry.
pub(super) enum Edit<'a> {
    /// These are all values of the attribute.
    Replace(&'a str, &'a str),
    /// One value gives way to another, if it is still there.
    Exchange(&'a str, &'a str, &'a str),
}

/// How a server is connected to.
pub(super) struct Address {
    /// Its URL, whose scheme is `ldap` or `ldaps`.
    pub(super) url: Url,
    /// The rules for encryption; they hold for `ldaps`, and for `ldap` if `start_tls`.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Whether an `ldap` connection is encrypted before use.
    pub(super) start_tls: bool,
}

/// Pages of long lists; directories refuse to answer with many more entries than this at once.
const PAGE: i32 = 500;

/// Quotes a value for a distinguished name.
pub fn quoted_in_dn(value: &str) -> String {
    ldap3::dn_escape(value).into_owned()
}

/// Quotes a value for a filter.
pub fn quoted_in_filter(value: &str) -> String {
    ldap3::ldap_escape(value).into_owned()
}

/// Whether this is a filter.
pub(super) fn is_filter(text: &str) -> bool {
    catch_unwind(|| ldap3::parse_filter(text).is_ok()).unwrap_or(false)
}

/// An open connection.
pub(super) struct Connection {
    ldap: LdapConn,
    until: Instant,
    sound: bool,
}

impl Connection {
    /// Connects, encrypted if the address says so, within `patience` and before `until`.
    pub(super) fn open(
        address: &Address,
        patience: Duration,
        until: Instant,
    ) -> Result<Self, Failure> {
        let encrypted = address.url.scheme() == "ldaps";
        let usual_port = if encrypted { 636 } else { 389 };
        let soon = until.min(Instant::now() + patience);
        let stream = reach::connect(&address.url, usual_port, soon)
            .map_err(|error| Failure::Away(error.to_string()))?;
        let mut settings = LdapConnSettings::new()
            .set_conn_timeout(soon.saturating_duration_since(Instant::now()))
            .set_std_stream(StdStream::Tcp(stream))
            .set_starttls(address.start_tls && !encrypted);
        if let Some(rules) = &address.tls {
            settings = settings.set_config(Arc::clone(rules));
        }
        // Whatever goes wrong here, another server may do better.
        let ldap = contained(|| LdapConn::from_url_with_settings(settings, &address.url))
            .map_err(|failure| Failure::Away(failure.into_text()))?;
        Ok(Connection {
            ldap,
            until,
            sound: true,
        })
    }

    /// Sets the time by which all further operations have to be over.
    pub(super) fn allow_until(&mut self, until: Instant) {
        self.until = until;
    }

    /// Whether nothing went wrong on it.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Logs in. A password that some server could take for an empty one is never sent, because a
    /// bind without a password succeeds for everybody.
    pub(super) fn bind(&mut self, dn: &str, password: &str) -> Result<Bound, Failure> {
        if dn.is_empty() || password.is_empty() || password.starts_with('\0') {
            return Ok(Bound::No);
        }
        let result = self.run(|ldap| ldap.simple_bind(dn, password))?;
        match result.rc {
            0 => Ok(Bound::Yes),
            // No such object; an entry without a password; wrong.
            32 | 48 | 49 => Ok(Bound::No),
            // 389 Directory Server says so of accounts that are locked or inactive.
            19 | 53 => Ok(Bound::Barred),
            _ => Err(self.unexpected(&result)),
        }
    }

    /// The entry at `dn`; nothing when there is none, or none that may be seen.
    pub(super) fn read(&mut self, dn: &str, attributes: &[&str]) -> Result<Option<Entry>, Failure> {
        let attributes = attributes.to_vec();
        let found = self.run(|ldap| {
            ldap.with_search_options(SearchOptions::new().sizelimit(1));
            ldap.search(dn, Scope::Base, "(objectClass=*)", attributes)
        })?;
        match found.1.rc {
            0 => Ok(self.entries(found.0)?.pop()),
            32 => Ok(None),
            _ => Err(self.unexpected(&found.1)),
        }
    }

    /// The first two entries below `base` that fit `filter`: enough to know whether it is one.
    pub(super) fn find(
        &mut self,
        base: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<Entry>, Failure> {
        let attributes = attributes.to_vec();
        let found = self.run(|ldap| {
            ldap.with_search_options(SearchOptions::new().sizelimit(2));
            ldap.search(base, Scope::Subtree, filter, attributes)
        })?;
        let entries = self.entries(found.0)?;
        match found.1.rc {
            0 => Ok(entries),
            // There are more than two.
            4 if entries.len() == 2 => Ok(entries),
            _ => Err(self.unexpected(&found.1)),
        }
    }

    /// All entries below `base` that fit `filter`.
    pub(super) fn find_all(
        &mut self,
        base: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<Entry>, Failure> {
        let (attributes, until) = (attributes.to_vec(), self.until);
        let (found, result) = self.run(|ldap| {
            let adapters: Vec<Box<dyn Adapter<_, _>>> = vec![
                Box::new(EntriesOnly::new()),
                Box::new(PagedResults::new(PAGE)),
            ];
            let mut stream =
                ldap.streaming_search_with(adapters, base, Scope::Subtree, filter, attributes)?;
            let mut found = Vec::new();
            while let Some(entry) = stream.next()? {
                found.push(entry);
                if Instant::now() > until {
                    return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
                }
            }
            Ok((found, stream.result()))
        })?;
        match result.rc {
            0 => self.entries(found),
            _ => Err(self.unexpected(&result)),
        }
    }

    /// Adds an entry.
    pub(super) fn add(
        &mut self,
        dn: &str,
        attributes: &[(&str, Vec<&str>)],
    ) -> Result<Change, Failure> {
        let attributes = attributes
            .iter()
            .map(|(name, values)| (*name, values.iter().copied().collect::<HashSet<_>>()))
            .collect();
        let result = self.run(|ldap| ldap.add(dn, attributes))?;
        self.change(&result)
    }

    /// Makes all the edits of an entry, or none.
    pub(super) fn modify(&mut self, dn: &str, edits: &[Edit<'_>]) -> Result<Change, Failure> {
        let one = |value| HashSet::from([value]);
        let mut mods = Vec::new();
        for edit in edits {
            match *edit {
                Edit::Replace(name, value) => mods.push(Mod::Replace(name, one(value))),
                Edit::Exchange(name, old, new) => {
                    mods.push(Mod::Delete(name, one(old)));
                    mods.push(Mod::Add(name, one(new)));
                }
            }
        }
        let result = self.run(|ldap| ldap.modify(dn, mods))?;
        self.change(&result)
    }

    /// Deletes an entry.
    pub(super) fn delete(&mut self, dn: &str) -> Result<Change, Failure> {
        let result = self.run(|ldap| ldap.delete(dn))?;
        self.change(&result)
    }

    fn run<T>(
        &mut self,
        operation: impl FnOnce(&mut LdapConn) -> Result<T, LdapError>,
    ) -> Result<T, Failure> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.sound = false;
            return Err(Failure::Away("it took too long".to_owned()));
        }
        let ldap = self.ldap.with_timeout(left);
        let done = contained(|| operation(ldap));
        self.sound &= done.is_ok();
        done
    }

    fn entries(&mut self, found: Vec<ResultEntry>) -> Result<Vec<Entry>, Failure> {
        let read = contained(|| Ok(found.into_iter().map(entry).collect()));
        self.sound &= read.is_ok();
        read
    }

    fn change(&mut self, result: &LdapResult) -> Result<Change, Failure> {
        match result.rc {
            0 => Ok(Change::Done),
            16 => Ok(Change::NoValue),
            32 => Ok(Change::NoEntry),
            68 => Ok(Change::Exists),
            _ => Err(self.unexpected(result)),
        }
    }

    fn unexpected(&mut self, result: &LdapResult) -> Failure {
        self.sound = false;
        match result.rc {
            // Limits of time and administration, busy, unavailable.
            3 | 11 | 51 | 52 => Failure::Away(result.to_string()),
            // A referral is one of these: whoever it names was not named by our operator.
            _ => Failure::Broken(result.to_string()),
        }
    }
}

impl Failure {
    /// What happened, in words for the log.
    pub(super) fn into_text(self) -> String {
        match self {
            Failure::Away(why) | Failure::Broken(why) => why,
        }
    }
}

impl From<LdapError> for Failure {
    fn from(error: LdapError) -> Self {
        match error {
            LdapError::Timeout { .. } => Failure::Away("it took too long".to_owned()),
            LdapError::Io { .. }
            | LdapError::OpSend { .. }
            | LdapError::ResultRecv { .. }
            | LdapError::IdScrubSend { .. }
            | LdapError::EndOfStream => Failure::Away(error.to_string()),
            _ => Failure::Broken(error.to_string()),
        }
    }
}

fn contained<T>(operation: impl FnOnce() -> Result<T, LdapError>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(operation)) {
        Ok(done) => done.map_err(Failure::from),
        Err(_) => Err(Failure::Broken("its answer makes no sense".to_owned())),
    }
}

fn entry(found: ResultEntry) -> Entry {
    let SearchEntry {
        dn,
        attrs,
        bin_attrs,
    } = SearchEntry::construct(found);
    let mut entry = Entry::new(dn);
    for (name, values) in attrs {
        entry.add(&name, values.into_iter().map(String::into_bytes));
    }
    for (name, values) in bin_attrs {
        entry.add(&name, values);
    }
    entry
}
