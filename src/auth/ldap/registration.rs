//! How accounts come to be in a directory.
//!
//! In layouts where the distinguished name tells the user name, the directory itself sees to it that
//! a name is given once. In the Python server's layout it tells the number, and the entry that
//! holds the next number is what keeps two registrations apart: see [`Registration::numbered`].

use super::connection::{Change, Connection, Edit, Failure};
use super::options::{Enabled, IdSource, Layout};
use super::people::{NODES, Number, number};
use super::{LdapAccounts, NewAccount};
use crate::auth::{AuthError, AuthResult};
use crate::sync::UserId;
use std::thread;
use std::time::Duration;

/// How often the next number is asked for anew when others took it. Each time, one of them got it.
const TRIES: u32 = 100;

/// How long another registration may need from its entry to the next number, before somebody else
/// takes the step for it.
const PATIENCE: u32 = 20;

/// An account on its way into the directory.
struct Registration<'a> {
    accounts: &'a LdapAccounts,
    new: &'a NewAccount<'a>,
    hash: &'a str,
    /// What a mail to verify the address would tell its reader (legacy PHP, Python server).
    verification: &'a str,
    /// The attribute of the number, where the directory holds it.
    number_attribute: Option<&'a str>,
}

impl LdapAccounts {
    /// Creates an account; nothing when the name is taken.
    pub(super) fn register(&self, new: &NewAccount<'_>) -> AuthResult<Option<UserId>> {
        self.administered("register accounts")?;
        let options = self.people.options();
        let number_attribute = match &options.ids {
            IdSource::Attribute(_) if options.next_id_dn.is_empty() => {
                return Err(AuthError::Unsupported(
                    "register accounts without ldap.next_id_dn",
                ));
            }
            IdSource::Attribute(name) => Some(name.as_str()),
            IdSource::Table(_) => None,
        };
        let mut random = [0; 20];
        (self.random)(&mut random);
        let verification: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let registration = Registration {
            accounts: self,
            new,
            hash: &self.hash(new.password)?,
            verification: &verification,
            number_attribute,
        };
        let made = self.directory.call(1).change(|connection| {
            match (options.layout, number_attribute) {
                (Layout::Python, Some(_)) => registration.numbered(connection),
                _ => registration.named(connection),
            }
        })?;
        self.memory.forget(new.name);
        match made {
            None => Ok(None),
            Some(Number::Is(id)) => Ok(Some(id)),
            Some(Number::In(key)) => self.ids()?.number(&key).map(Some),
            Some(Number::Missing(why)) => Err(AuthError::Broken(why)),
        }
    }
}

impl Registration<'_> {
    /// An entry whose distinguished name tells the user name. Its number, if it has one, is taken
    /// first, and lost when somebody else was faster.
    fn named(&self, connection: &mut Connection) -> Result<Option<Number>, Failure> {
        let people = &self.accounts.people;
        if self.is_taken(connection)? {
            return Ok(None);
        }
        let id = match self.number_attribute {
            Some(_) => Some(self.take_number(connection)?),
            None => None,
        };
        let dn = people.dn(self.new.name.as_str());
        let mut added = self.add(connection, &dn, id)?;
        if added == Change::NoEntry && people.options().layout == Layout::Mozilla {
            self.make_branches(connection)?;
            added = self.add(connection, &dn, id)?;
        }
        match added {
            Change::Done => {}
            Change::Exists => return Ok(None),
            odd => return Err(Failure::Broken(format!("{dn} can't be added: {odd:?}"))),
        }
        if let Some(id) = id {
            return Ok(Some(Number::Is(id)));
        }
        let entry = connection
            .read(&dn, &people.attributes())?
            .ok_or_else(|| Failure::Broken(format!("{dn} can't be read by who added it")))?;
        let person = people.person(self.new.name.as_str(), &entry);
        person.number.or_broken().map(Some)
    }

    /// An entry whose distinguished name tells the number.
    ///
    /// The Python server moved the next number on and then added the entry, so that two could
    /// register one name. Here the entry comes first, under the number that is next, which only one
    /// can add; then the number moves on, in one step that fails if anybody else moved it. So when
    /// the number has moved, the entries of all lower ones are there to be found, and whoever looks
    /// for the name after reading the number sees every registration but the one under that very
    /// number, which shows by its entry being there already.
    fn numbered(&self, connection: &mut Connection) -> Result<Option<Number>, Failure> {
        let base = &self.accounts.people.options().base;
        let mut waited = 0;
        for _ in 0..TRIES {
            let id = self.next_number(connection)?;
            if self.is_taken(connection)? {
                return Ok(None);
            }
            let attribute = self.number_attribute.unwrap_or_default();
            let dn = format!("{attribute}={id},{base}");
            match self.add(connection, &dn, Some(id))? {
                // The number moved on in between: it is, or was, somebody else's.
                Change::Done if !self.move_on(connection, id)? => {
                    connection.delete(&dn)?;
                }
                Change::Done => return Ok(Some(Number::Is(id))),
                Change::Exists if waited < PATIENCE => {
                    waited += 1;
                    thread::sleep(Duration::from_millis(2));
                }
                // Whoever added it did not come to the next step.
                Change::Exists => {
                    waited = 0;
                    self.move_on(connection, id)?;
                }
                odd => return Err(Failure::Broken(format!("{dn} can't be added: {odd:?}"))),
            }
        }
        Err(self.crowded())
    }

    fn is_taken(&self, connection: &mut Connection) -> Result<bool, Failure> {
        match self.accounts.find(connection, self.new.name)? {
            super::Found::Nobody => Ok(false),
            super::Found::One(_) | super::Found::Several => Ok(true),
        }
    }

    /// Takes the next number, for good.
    fn take_number(&self, connection: &mut Connection) -> Result<UserId, Failure> {
        for _ in 0..TRIES {
            let id = self.next_number(connection)?;
            if self.move_on(connection, id)? {
                return Ok(id);
            }
        }
        Err(self.crowded())
    }

    fn next_number(&self, connection: &mut Connection) -> Result<UserId, Failure> {
        let (dn, attribute) = self.counter();
        let broken = |why| Failure::Broken(format!("{dn} {why}"));
        let entry = connection
            .read(dn, &[attribute])?
            .ok_or_else(|| broken("is not there to hold the next number"))?;
        number(&entry, attribute).ok_or_else(|| broken("holds no usable number"))
    }

    /// Makes the number after `id` the next one; false when it was not the next one (any more).
    fn move_on(&self, connection: &mut Connection, id: UserId) -> Result<bool, Failure> {
        let (dn, attribute) = self.counter();
        let (old, new) = (id.to_string(), (id.number() + 1).to_string());
        match connection.modify(dn, &[Edit::Exchange(attribute, &old, &new)])? {
            Change::Done => Ok(true),
            Change::NoValue => Ok(false),
            odd => Err(Failure::Broken(format!("{dn} can't be changed: {odd:?}"))),
        }
    }

    /// The entry that holds the next number, and its attribute.
    fn counter(&self) -> (&str, &str) {
        (&self.accounts.people.options().next_id_dn, "uidNumber")
    }

    fn crowded(&self) -> Failure {
        let (dn, _) = self.counter();
        Failure::Away(format!("too many want the next number of {dn}"))
    }

    /// Makes the levels above a user in the `mozilla` layout, from the highest to the lowest.
    fn make_branches(&self, connection: &mut Connection) -> Result<(), Failure> {
        let people = &self.accounts.people;
        let mut above = people.options().base.clone();
        for branch in people.branches(self.new.name.as_str()).iter().rev() {
            let dn = format!("{branch},{above}");
            let value = branch.trim_start_matches("dc=");
            let attributes = [("objectClass", vec!["domain"]), ("dc", vec![value])];
            match connection.add(&dn, &attributes)? {
                Change::Done | Change::Exists => above = dn,
                odd => return Err(Failure::Broken(format!("{dn} can't be added: {odd:?}"))),
            }
        }
        Ok(())
    }

    /// Adds the entry, with what the legacy servers wrote.
    fn add(
        &self,
        connection: &mut Connection,
        dn: &str,
        id: Option<UserId>,
    ) -> Result<Change, Failure> {
        let options = self.accounts.people.options();
        let name = self.new.name.as_str();
        let node = format!("{}{}", NODES.1, options.node);
        let id = id.map(|id| id.to_string());
        let mut values = vec![("userPassword", self.hash)];
        if let (Some(attribute), Some(id)) = (self.number_attribute, &id) {
            values.push((attribute, id));
        }
        values.extend([
            (options.user_attribute.as_str(), name),
            ("cn", name),
            ("sn", name),
        ]);
        if let Some(email) = self.new.email {
            values.push((&options.mail_attribute, email));
        }
        if let Enabled::Attribute(attribute, value) = &options.enabled {
            values.push((attribute, value));
        }
        if options.layout.is_legacy() {
            values.extend([
                ("account-enabled", "Yes"),
                ("mail-verified", self.verification),
                (NODES.0, &node),
                match options.layout {
                    Layout::Python => ("accountStatus", "1"),
                    _ => ("rescueNode", &node),
                },
            ]);
        }
        let classes = options.object_classes.iter().map(String::as_str);
        let mut attributes = vec![("objectClass", classes.collect())];
        for (attribute, value) in values {
            // The operator may have chosen one attribute for two uses; the first counts.
            let same = |there: &(&str, Vec<&str>)| there.0.eq_ignore_ascii_case(attribute);
            if !attributes.iter().any(same) {
                attributes.push((attribute, vec![value]));
            }
        }
        connection.add(dn, &attributes)
    }
}
