//! Accounts in an LDAP directory: those of the legacy servers, and directories at large.
//!
//! A password is checked by a bind with it, so the directory's own rules hold; nothing is ever
//! compared here. What the directory does not answer is an error, never an unknown user. Changes
//! are made as an administrator, where the operator names one; without, the directory is only read.
//!
//! - `people`: where entries are in each layout, and what they say.
//! - `connection`: one connection, and the only place that knows the LDAP package.
//! - `directory`: several servers, deadlines, connections that are kept.
//! - `registration`: how accounts come to be.

mod connection;
mod directory;
mod entry;
mod options;
mod people;
mod reach;
mod registration;
mod servers;
mod tls;

pub use connection::{quoted_in_dn, quoted_in_filter};
pub use options::{BadLdapOptions, Bind, Enabled, IdKey, IdSource, Layout, LdapOptions};

use super::ids::IdTable;
use super::password::{HashSettings, NewKind, Password, PasswordHashes};
use super::recent_logins::RecentLogins;
use super::{Account, Accounts, AuthError, AuthResult, Authenticator, Login, NewAccount, Refusal};
use crate::sync::{UserId, UserName};
use connection::{Bound, Change, Connection, Edit, Failure, is_filter};
use directory::{Call, Directory};
use entry::Entry;
use people::{Number, People, Person};
use std::sync::Arc;
use std::time::Instant;

/// A list of everybody takes longer than a login.
const LIST_TIMES: u32 = 12;

/// Accounts in a directory.
pub struct LdapAccounts {
    people: People,
    directory: Directory,
    ids: Option<Arc<dyn IdTable>>,
    memory: RecentLogins<Known>,
    hashes: PasswordHashes,
    random: fn(&mut [u8]),
}

/// What a search for one entry finds.
enum Found {
    Nobody,
    One(Entry),
    /// More than one; none of them is taken.
    Several,
}

impl LdapAccounts {
    /// The directory that `options` describe. `ids` is needed where numbers come from our own table.
    /// `random` fills what it is given with bytes that nobody can guess.
    ///
    /// # Errors
    ///
    /// What can't work, for the operator. Servers that are away are none of it.
    pub fn new(
        options: LdapOptions,
        ids: Option<Arc<dyn IdTable>>,
        mut random: fn(&mut [u8]),
    ) -> Result<Self, BadLdapOptions> {
        options.check()?;
        if matches!(options.ids, IdSource::Table(_)) && ids.is_none() {
            return Err(BadLdapOptions("there is no table for numbers".to_owned()));
        }
        let settings = HashSettings {
            new_kind: NewKind::Ssha,
            ..HashSettings::default()
        };
        let hashes = PasswordHashes::new(settings)
            .map_err(|_| BadLdapOptions("passwords can't be hashed".to_owned()))?;
        let (directory, memory) = (
            Directory::new(&options)?,
            RecentLogins::new(options.remember, options.remember_entries, &mut random),
        );
        let people = People::new(options);
        if !is_filter(&people.filter("a")) {
            let why = format!("ldap.filter is no filter: {}", people.options().filter);
            return Err(BadLdapOptions(why));
        }
        Ok(LdapAccounts {
            people,
            directory,
            ids,
            memory,
            hashes,
            random,
        })
    }

    /// Looks for somebody: in one place, or below one.
    fn find(&self, connection: &mut Connection, name: &UserName) -> Result<Found, Failure> {
        let (name, attributes) = (name.as_str(), self.people.attributes());
        if self.people.dn_is_known() {
            let entry = connection.read(&self.people.dn(name), &attributes)?;
            return Ok(entry.map_or(Found::Nobody, Found::One));
        }
        let base = self.people.options().search_base();
        let mut entries = connection.find(base, &self.people.filter(name), &attributes)?;
        match entries.len() {
            0 => Ok(Found::Nobody),
            1 => Ok(entries.pop().map_or(Found::Nobody, Found::One)),
            _ => {
                log::warn!("more than one entry of the directory is {name}; none is let in");
                Ok(Found::Several)
            }
        }
    }

    /// Looks for somebody whom changes and questions are about.
    fn one(&self, connection: &mut Connection, name: &UserName) -> Result<Option<Entry>, Failure> {
        match self.find(connection, name)? {
            Found::Nobody => Ok(None),
            Found::One(entry) => Ok(Some(entry)),
            Found::Several => Err(Failure::Broken(format!("more than one entry is {name}"))),
        }
    }

    /// Asks the directory whether the password is right, and who that is.
    fn verify(&self, name: &UserName, password: &Password) -> AuthResult<Result<Entry, Refusal>> {
        let call = self.directory.call(1);
        if self.people.dn_is_known() {
            let dn = self.people.dn(name.as_str());
            return match self.bind(&call, &dn, password, true)? {
                Ok(entry) => Ok(Ok(entry)),
                Err(Bound::Barred) => Ok(Err(Refusal::Disabled)),
                Err(_) => Ok(Err(self.refusal(&call, name))),
            };
        }
        let entry = match call.search(|connection| self.find(connection, name))? {
            Found::One(entry) => entry,
            Found::Nobody | Found::Several => {
                // Takes the time of a wrong password.
                let nobody = format!("cn=nobody,{}", self.people.options().search_base());
                self.bind(&call, &nobody, password, false)?.ok();
                return Ok(Err(Refusal::UnknownUser));
            }
        };
        let reads_itself = self.people.options().layout == Layout::Python;
        match self.bind(&call, &entry.dn, password, reads_itself)? {
            Ok(read) if reads_itself => Ok(Ok(read)),
            Ok(_) => Ok(Ok(entry)),
            Err(Bound::Barred) => Ok(Err(Refusal::Disabled)),
            Err(_) => Ok(Err(Refusal::WrongPassword)),
        }
    }

    /// Binds, and reads the entry as its owner, if asked to.
    fn bind(
        &self,
        call: &Call<'_>,
        dn: &str,
        password: &Password,
        read: bool,
    ) -> AuthResult<Result<Entry, Bound>> {
        let attributes = self.people.attributes();
        call.login(|connection| match connection.bind(dn, password.as_str())? {
            Bound::Yes if read => match connection.read(dn, &attributes)? {
                Some(entry) => Ok(Ok(entry)),
                None => Err(Failure::Broken(format!("{dn} may not read its own entry"))),
            },
            Bound::Yes => Ok(Ok(Entry::default())),
            refused => Ok(Err(refused)),
        })
    }

    /// Why a bind was refused, where only a look at the directory tells.
    fn refusal(&self, call: &Call<'_>, name: &UserName) -> Refusal {
        match call.search(|connection| self.find(connection, name)) {
            Ok(Found::Nobody) => Refusal::UnknownUser,
            _ => Refusal::WrongPassword,
        }
    }

    fn known(&self, name: &UserName, entry: &Entry) -> AuthResult<Known> {
        let person = self.people.person(name.as_str(), entry);
        let id = match person.number.clone() {
            Number::Is(id) => id,
            Number::In(key) => self.ids()?.number(&key)?,
            Number::Missing(why) => return Err(AuthError::Broken(why)),
        };
        Ok(known(name, id, person))
    }

    fn ids(&self) -> AuthResult<&dyn IdTable> {
        self.ids
            .as_deref()
            .ok_or_else(|| AuthError::Broken("there is no table for numbers".to_owned()))
    }

    /// Whether the records of this user are here, as far as anybody knows.
    fn is_here(&self, known: &Known, host: Option<&str>) -> bool {
        match host {
            Some(host) if self.people.options().check_node() => known
                .host
                .as_ref()
                .is_some_and(|node| node.eq_ignore_ascii_case(host)),
            _ => true,
        }
    }

    fn administered(&self, what: &'static str) -> AuthResult<()> {
        match self.people.options().admin {
            Some(_) => Ok(()),
            None => Err(AuthError::Unsupported(what)),
        }
    }

    /// Changes somebody's entry; false when there is nobody.
    fn change(
        &self,
        name: &UserName,
        change: impl FnOnce(&mut Connection, &str) -> Result<Change, Failure>,
    ) -> AuthResult<bool> {
        let changed = self.directory.call(1).change(|connection| {
            let dn = match self.people.dn_is_known() {
                true => Some(self.people.dn(name.as_str())),
                false => self.one(connection, name)?.map(|entry| entry.dn),
            };
            match dn {
                Some(dn) => change(connection, &dn),
                None => Ok(Change::NoEntry),
            }
        })?;
        self.memory.forget(name);
        match changed {
            Change::Done => Ok(true),
            Change::NoEntry => Ok(false),
            odd => Err(AuthError::Broken(format!("the directory says {odd:?}"))),
        }
    }

    fn hash(&self, password: &Password) -> AuthResult<String> {
        self.hashes
            .hash(password, &mut |salt| (self.random)(salt))
            .map_err(|_| AuthError::Broken("a password can't be hashed".to_owned()))
    }
}

/// A user who was let in.
#[derive(Clone, Debug)]
struct Known {
    /// The account.
    account: Account,
    /// The host that holds its records, where the directory knows.
    host: Option<String>,
}

fn known(name: &UserName, id: UserId, person: Person) -> Known {
    let account = Account {
        id,
        name: name.clone(),
        email: person.email,
        enabled: person.enabled,
        alert: None,
        quota_bytes: None,
        node: person.host.as_ref().map(|host| format!("https://{host}/")),
    };
    let host = person.host;
    Known { account, host }
}

impl Authenticator for LdapAccounts {
    fn authenticate(
        &self,
        name: &UserName,
        password: &Password,
        host: Option<&str>,
        now: Instant,
    ) -> AuthResult<Login> {
        let known = match self.memory.recall(name, password, now) {
            Some(known) => known,
            None => {
                let asked = self.memory.asking();
                let entry = match self.verify(name, password)? {
                    Ok(entry) => entry,
                    Err(refusal) => return Ok(Login::Refused(refusal)),
                };
                let known = self.known(name, &entry)?;
                if !known.account.enabled {
                    return Ok(Login::Refused(Refusal::Disabled));
                }
                self.memory.remember(asked, (name, &known), password, now);
                known
            }
        };
        match self.is_here(&known, host) {
            true => Ok(Login::Accepted(known.account)),
            false => Ok(Login::Refused(Refusal::WrongNode)),
        }
    }
}

impl Accounts for LdapAccounts {
    fn lookup(&self, name: &UserName) -> AuthResult<Option<Account>> {
        let call = self.directory.call(1);
        match call.search(|connection| self.one(connection, name))? {
            Some(entry) => Ok(Some(self.known(name, &entry)?.account)),
            None => Ok(None),
        }
    }

    fn create(&self, new: &NewAccount<'_>) -> AuthResult<Option<UserId>> {
        self.register(new)
    }

    fn set_password(&self, name: &UserName, password: &Password) -> AuthResult<bool> {
        self.administered("set passwords")?;
        let hash = self.hash(password)?;
        let edit = [Edit::Replace("userPassword", &hash)];
        self.change(name, |connection, dn| connection.modify(dn, &edit))
    }

    fn set_email(&self, name: &UserName, email: &str) -> AuthResult<bool> {
        self.administered("set e-mail addresses")?;
        let edit = [Edit::Replace(&self.people.options().mail_attribute, email)];
        self.change(name, |connection, dn| connection.modify(dn, &edit))
    }

    fn delete(&self, name: &UserName) -> AuthResult<bool> {
        self.administered("delete accounts")?;
        let deleted = self.change(name, |connection, dn| connection.delete(dn))?;
        if deleted && self.people.options().ids == IdSource::Table(IdKey::Name) {
            // Whoever gets the name next is somebody else.
            self.ids()?.forget(&format!("name:{name}"))?;
        }
        Ok(deleted)
    }

    /// A directory that limits even lists in pages (as slapd does: 500 entries, unless its `limits`
    /// say more for whoever searches) makes this an error when there are more.
    ///
    /// Of a directory without numbers, those who have one in our table: who never used this server
    /// is not of it.
    fn list(&self) -> AuthResult<Vec<Account>> {
        let (base, filter) = (
            self.people.options().search_base(),
            self.people.filter_of_all(),
        );
        let attributes = self.people.attributes();
        let call = self.directory.call(LIST_TIMES);
        let entries = call.search(|connection| connection.find_all(base, &filter, &attributes))?;
        let mut accounts = Vec::new();
        for entry in entries {
            let name = entry.text(&self.people.options().user_attribute);
            let Some(name) = name.and_then(|name| UserName::new(name).ok()) else {
                continue;
            };
            let person = self.people.person(name.as_str(), &entry);
            let id = match &person.number {
                Number::Is(id) => Some(*id),
                Number::In(key) => self.ids()?.find(key)?,
                Number::Missing(_) => None,
            };
            accounts.extend(id.map(|id| known(&name, id, person).account));
        }
        accounts.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(accounts)
    }

    /// Reads what every directory shows to everybody: the description of the server itself.
    fn check(&self) -> AuthResult<()> {
        let call = self.directory.call(1);
        call.search(|connection| connection.read("", &["supportedLDAPVersion"]).map(drop))
    }
}
