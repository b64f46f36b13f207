//! Accounts and records on their way into a file.
//!
//! Users come one after the other, each with the account first and then the records, of one snapshot.
//! What a user's section could not be finished for leaves nothing of it behind: a file is cut, and for a
//! stream the section is gathered in a file without a name first. That also lets go of the database
//! before a slow reader has read.

use super::by_hand::{account_failure, storage_failure};
use super::spool::{Spool, file_failure};
use crate::api::Api;
use crate::auth::{Account, Accounts, AuthError};
use crate::backup::{Chain, Contents, Held, Person, SectionWriter, Written};
use crate::cli::{self, BackedUp, Failed, Failure, Goal, What, size};
use crate::storage::{Portable, StorageError};
use crate::sync::{Timestamp, username_from_account};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often, and how long apart, to try where others held what was needed.
pub(super) const ATTEMPTS: usize = 20;
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// A backup that is being made.
pub(super) struct Backup<'b> {
    api: &'b Api,
    what: &'b What,
    done: BackedUp,
    progress: Progress<'b>,
}

impl<'b> Backup<'b> {
    /// Makes a backup, or goes on with one. `folder` has room for what can't be written at once.
    pub(super) fn run(
        api: &'b Api,
        what: &'b What,
        (goal, folder): (Goal<'_>, &Path),
        tell: &'b mut dyn FnMut(&str),
    ) -> Result<BackedUp, Failure> {
        let mut backup = Backup {
            api,
            what,
            done: BackedUp::default(),
            progress: Progress::new(api, tell),
        };
        let users = backup.users()?;
        backup.done.nameless = backup.nameless(&users)?;
        let (mut sink, mut chain, known) = backup.begin(goal, folder)?;
        for (place, account) in users.iter().enumerate() {
            if known.contains(account.name.as_str()) {
                backup.done.resumed += 1;
                continue;
            }
            backup.progress.at(place, users.len(), chain.counts().bytes);
            match backup.save(account, &mut sink)? {
                Ok(written) => chain.add(&written),
                Err(why) => backup.done.failed.push(Failed {
                    user: account.name.to_string(),
                    why,
                }),
            }
        }
        // What is not whole gets no end, so that nobody takes it for whole.
        if backup.done.failed.is_empty() {
            sink.plain(&mut |out| chain.end(out))?;
        }
        let counts = chain.counts();
        Ok(BackedUp {
            users: counts.users,
            records: counts.records,
            bytes: counts.bytes,
            ..backup.done
        })
    }

    /// Whoever is to be saved, by name.
    fn users(&self) -> Result<Vec<Account>, Failure> {
        let accounts: &dyn Accounts = &*self.api.accounts;
        let Some(name) = &self.what.user else {
            return accounts.list().map_err(account_failure);
        };
        let name = username_from_account(name)
            .map_err(|_| Failure::Other(format!("\"{name}\" can't be a user")))?;
        let account = accounts.lookup(&name).map_err(account_failure)?;
        let account = account.ok_or_else(|| Failure::Other(format!("there is no user {name}")))?;
        Ok(vec![account])
    }

    fn storage(&self) -> Result<&'b dyn Portable, Failure> {
        self.api.storage.portable().ok_or_else(|| {
            Failure::Other("this storage can't be backed up; use its own tools".to_owned())
        })
    }

    fn nameless(&self, users: &[Account]) -> Result<Vec<u32>, Failure> {
        if self.what.user.is_some() || self.what.only_accounts {
            return Ok(Vec::new());
        }
        let known: BTreeSet<_> = users.iter().map(|account| account.id).collect();
        let found = self.storage()?.users().map_err(storage_failure)?;
        let nameless = found.into_iter().filter(|user| !known.contains(user));
        Ok(nameless.map(|user| user.number()).collect())
    }

    /// The file with its head, or with what was saved in it before, and whom it has already.
    fn begin<'g>(
        &self,
        goal: Goal<'g>,
        folder: &Path,
    ) -> Result<(Sink<'g>, Chain, BTreeSet<String>), Failure> {
        let mut known = BTreeSet::new();
        let mut sink = match goal {
            Goal::Stream(out) => Sink::Stream(out, Spool::new(folder)?),
            Goal::File(file) => {
                let length = file.metadata().map_err(writing)?.len();
                if length > 0
                    && let Ok(contents) = Contents::read(file).map_err(writing)?
                {
                    let sound = contents.sections.iter();
                    let sound = sound.take_while(|section| section.end <= contents.sound_to);
                    known.extend(sound.map(|section| section.person.name.clone()));
                    file.set_len(contents.sound_to).map_err(writing)?;
                    let sink = Sink::File(file, contents.sound_to);
                    return Ok((sink, contents.chain, known));
                }
                file.set_len(0).map_err(writing)?;
                Sink::File(file, 0)
            }
        };
        let mut chain = None;
        let now = (self.api.clock)();
        sink.plain(&mut |out| {
            chain = Some(Chain::begin(out, now)?);
            Ok(())
        })?;
        let chain = chain.ok_or_else(|| Failure::Other("the backup has no head".to_owned()))?;
        Ok((sink, chain, known))
    }

    /// Saves a user. Answers why that could not be done, if the others may still be saved.
    fn save(
        &mut self,
        account: &Account,
        sink: &mut Sink<'_>,
    ) -> Result<Result<Written, String>, Failure> {
        let mut person = self.person(account)?;
        for attempt in 1.. {
            let saved = sink.section(&mut |out| self.section(account, &person, out))?;
            match saved {
                Ok(written) => return Ok(Ok(written)),
                Err(StorageError::Elsewhere) if person.records => {
                    self.done.elsewhere.push(person.name.clone());
                    person.records = false;
                }
                Err(StorageError::Busy | StorageError::Undone(_)) if attempt < ATTEMPTS => {
                    thread::sleep(PAUSE);
                }
                Err(error @ StorageError::Unavailable(_)) => return Err(storage_failure(error)),
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
        Ok(Err("it did not come to an end".to_owned()))
    }

    fn person(&self, account: &Account) -> Result<Person, Failure> {
        let held = match self.what.only_records {
            true => None,
            false => Some(self.held(account).map_err(account_failure)?),
        };
        Ok(Person {
            name: account.name.to_string(),
            number: account.id.number(),
            account: held,
            records: !self.what.only_accounts,
        })
    }

    fn held(&self, account: &Account) -> Result<Held, AuthError> {
        let hash = match self.api.accounts.hashes() {
            Some(hashes) => hashes.hash(&account.name)?,
            None => None,
        };
        let node = match &account.node {
            Some(node) => Some(node.clone()),
            None => self.api.people.nodes.of(account.id)?,
        };
        Ok(Held {
            // One that is no text is nobody's: no engine makes such.
            hash: hash.and_then(|hash| String::from_utf8(hash).ok()),
            email: account.email.clone(),
            enabled: account.enabled,
            alert: account.alert.clone(),
            quota_bytes: account.quota_bytes,
            node,
        })
    }

    fn section(
        &mut self,
        account: &Account,
        person: &Person,
        out: &mut dyn Write,
    ) -> Result<Result<Written, StorageError>, io::Error> {
        let mut section = SectionWriter::begin(out, person.clone())?;
        if !person.records {
            return section.end((self.api.clock)()).map(Ok);
        }
        let Some(storage) = self.api.storage.portable() else {
            return Ok(Err(StorageError::Broken(
                "it can't be backed up".to_owned(),
            )));
        };
        let (mut failed, mut records) = (None, 0);
        let progress = &mut self.progress;
        let walked = storage.walk(account.id, &mut |piece| {
            records += 1;
            progress.within(account.name.as_str(), records);
            section.carry(piece).map_err(|error| {
                failed = Some(error);
                StorageError::Broken("the backup can't be written".to_owned())
            })
        });
        match (failed, walked) {
            (Some(error), _) => Err(error),
            (None, Ok(at)) => section.end(at).map(Ok),
            (None, Err(error)) => Ok(Err(error)),
        }
    }
}

/// Where the sections go.
enum Sink<'g> {
    /// With the length of what is whole.
    File(&'g File, u64),
    Stream(&'g mut dyn Write, Spool),
}

/// What writes a section. What the storage answers comes inside.
type WriteSection<'s> =
    &'s mut dyn FnMut(&mut dyn Write) -> io::Result<Result<Written, StorageError>>;

impl Sink<'_> {
    /// Writes a section whole, or nothing of it.
    fn section(
        &mut self,
        write: WriteSection<'_>,
    ) -> Result<Result<Written, StorageError>, Failure> {
        match self {
            Sink::File(file, whole) => {
                let written = append(file, *whole, write).map_err(writing)?;
                match &written {
                    Ok(_) => *whole = file.stream_position().map_err(writing)?,
                    Err(_) => file.set_len(*whole).map_err(writing)?,
                }
                Ok(written)
            }
            Sink::Stream(out, spool) => {
                let written = append(spool.emptied()?, 0, write).map_err(file_failure)?;
                if written.is_ok() {
                    let mut file = spool.rewound()?;
                    io::copy(&mut file, out).map_err(writing)?;
                }
                Ok(written)
            }
        }
    }

    /// Writes something that is no section.
    fn plain(
        &mut self,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let done = match self {
            Sink::File(file, whole) => {
                let written = append(file, *whole, write);
                written.and_then(|()| {
                    *whole = file.stream_position()?;
                    Ok(())
                })
            }
            Sink::Stream(out, _) => write(out).and_then(|()| out.flush()),
        };
        done.map_err(writing)
    }
}

fn append<T>(
    mut file: &File,
    at: u64,
    write: &mut (impl FnMut(&mut dyn Write) -> io::Result<T> + ?Sized),
) -> io::Result<T> {
    file.seek(SeekFrom::Start(at))?;
    let mut buffered = BufWriter::with_capacity(1 << 16, file);
    let written = write(&mut buffered)?;
    buffered.flush()?;
    Ok(written)
}

fn writing(error: io::Error) -> Failure {
    Failure::File {
        doing: "write the backup".to_owned(),
        error,
    }
}

/// Signs of life, one in a second at most.
pub(super) struct Progress<'p> {
    api: &'p Api,
    tell: &'p mut dyn FnMut(&str),
    next: Timestamp,
    before: String,
}

impl<'p> Progress<'p> {
    pub(super) fn new(api: &'p Api, tell: &'p mut dyn FnMut(&str)) -> Self {
        Progress {
            api,
            tell,
            next: (api.clock)().plus_seconds(1),
            before: String::new(),
        }
    }

    /// So many users are done.
    pub(super) fn at(&mut self, done: usize, of: usize, bytes: u64) {
        self.before = format!("{done} of {}, {}", cli::users(of as u64), size(bytes));
        if self.is_time() {
            (self.tell)(&self.before);
        }
    }

    /// So much of one user is done.
    pub(super) fn within(&mut self, name: &str, records: u64) {
        if records.is_multiple_of(256) && self.is_time() {
            (self.tell)(&format!(
                "{}; {name}: {}",
                self.before,
                cli::records(records)
            ));
        }
    }

    pub(super) fn say(&mut self, what: &str) {
        (self.tell)(what);
    }

    fn is_time(&mut self) -> bool {
        let now = (self.api.clock)();
        let time = now >= self.next;
        if time {
            self.next = now.plus_seconds(1);
        }
        time
    }
}
