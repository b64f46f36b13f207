//! Accounts and records on their way out of a backup.
//!
//! First all is looked at: the whole file, and what is there of everybody in it. Only when nothing
//! stands in the way is anything done. A user's records are taken in whole by one transaction, whose
//! end depends on the checksum of what was read. An account that has to be made is disabled until then:
//! a browser that found it empty would begin anew and delete what comes.

mod note;
mod plan;

use super::backup::{ATTEMPTS, PAUSE, Progress};
use super::by_hand::{account_failure, storage_failure};
use super::spool::{Spool, file_failure};
use crate::api::Api;
use crate::auth::{AccountAdmin, AuthError, AuthResult, HashedAccount};
use crate::backup::{Contents, Flaw, Held, Section, Stop};
use crate::cli::{
    Became, Failed, Failure, Origin, Restored, RestoredUser, Restoring, some_of, users,
};
use crate::storage::{Load, Portable, Stamps, StorageError};
use crate::sync::{Timestamp, UserId, UserName, moment};
use note::Note;
use plan::Plan;
use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;

/// A restore that is under way.
pub(super) struct Restore<'r> {
    api: &'r Api,
    wanted: &'r Restoring,
    file: File,
    progress: Progress<'r>,
}

impl<'r> Restore<'r> {
    /// Restores, or tells what would be done. `folder` has room for what comes from a stream.
    pub(super) fn run(
        api: &'r Api,
        wanted: &'r Restoring,
        (origin, folder): (Origin<'_>, &Path),
        tell: &'r mut dyn FnMut(&str),
    ) -> Result<Restored, Failure> {
        let progress = Progress::new(api, tell);
        let (file, note_at) = match origin {
            Origin::File(file, note_at) => (file, Some(note_at)),
            Origin::Stream(input) => {
                let mut spool = Spool::new(folder)?;
                let mut file = spool.emptied()?;
                io::copy(input, &mut file).map_err(file_failure)?;
                (spool.into_file(), None)
            }
        };
        let mut restore = Restore {
            api,
            wanted,
            file,
            progress,
        };
        let contents = restore.look()?;
        let sections = restore.chosen(&contents)?;
        let mut note = match note_at {
            Some(path) => Note::open(path, &contents.digest, wanted)?,
            None => Note::none(),
        };
        let plans = restore.plans(&sections, &note)?;
        let mut done = Restored {
            dry_run: wanted.dry_run,
            made: contents.head.made / 100,
            flaws: contents.flaws.iter().map(sentence).collect(),
            ..Restored::default()
        };
        let of = plans.len();
        for (place, (plan, section)) in plans.into_iter().zip(&sections).enumerate() {
            let bytes = done.users.iter().map(|user| user.bytes).sum();
            restore.progress.at(place, of, bytes);
            match restore.one(plan, section, &mut note)? {
                Ok(user) => done.users.push(user),
                Err(failed) => done.failed.push(failed),
            }
        }
        if done.failed.is_empty() && !wanted.dry_run {
            note.finish();
        }
        Ok(done)
    }

    /// What is in the file, which must be whole unless what is whole of it will do.
    fn look(&mut self) -> Result<Contents, Failure> {
        self.progress.say("looking through the backup");
        let read = Contents::read(&self.file)
            .map_err(|error| Failure::Other(format!("the backup can't be read: {error}")))?;
        let contents = read.map_err(Failure::Other)?;
        if contents.flaws.is_empty() || self.wanted.salvage {
            return Ok(contents);
        }
        let flaws: Vec<_> = contents.flaws.iter().map(sentence).collect();
        Err(Failure::Other(format!(
            "nothing was restored, because the backup is damaged:\n{}\nwhole in it: {}; --salvage restores \
             those",
            flaws.join("\n"),
            users(contents.sections.len() as u64)
        )))
    }

    fn chosen<'c>(&self, contents: &'c Contents) -> Result<Vec<&'c Section>, Failure> {
        let Some(text) = &self.wanted.what.user else {
            return Ok(contents.sections.iter().collect());
        };
        let name = plan::name(text)?;
        let sections = contents.sections.iter();
        let mut found = sections.filter(|section| section.person.name == name.as_str());
        match found.next() {
            Some(section) => Ok(vec![section]),
            None => Err(Failure::Other(format!("{name} is not in the backup"))),
        }
    }

    /// What is to be done with everybody; a failure when records would have to go that may not.
    fn plans(
        &self,
        sections: &[&Section],
        note: &Note,
    ) -> Result<Vec<Result<Plan, Failed>>, Failure> {
        let (mut plans, mut in_the_way) = (Vec::new(), Vec::new());
        for section in sections {
            let plan = plan::make(self.api, self.wanted, section, note)?;
            if let Ok(plan) = &plan
                && plan.records == Became::Replaced
                && !self.wanted.replace
            {
                in_the_way.push(plan.name.to_string());
            }
            plans.push(plan);
        }
        if in_the_way.is_empty() {
            return Ok(plans);
        }
        Err(Failure::Other(format!(
            "nothing was restored, because these users have records now: {}\n--replace lets those go \
             for the ones in the backup; --user NAME restores one user only",
            some_of(in_the_way.iter())
        )))
    }

    fn one(
        &mut self,
        plan: Result<Plan, Failed>,
        section: &Section,
        note: &mut Note,
    ) -> Result<Result<RestoredUser, Failed>, Failure> {
        let plan = match plan {
            Ok(plan) => plan,
            Err(failed) => return Ok(Err(failed)),
        };
        let mut restored = RestoredUser {
            user: plan.name.to_string(),
            account: plan.account,
            records: plan.records,
            count: section.counts.records,
            bytes: section.counts.bytes,
            before: None,
        };
        if self.wanted.dry_run || (plan.records == Became::Done && !plan.begun) {
            return Ok(Ok(restored));
        }
        note.begin(&plan)?;
        match self.restore(&plan, section)? {
            Ok(time) => {
                note.done(&plan.name)?;
                let before = time.filter(|_| self.can_be_undone(&plan));
                restored.before = before.map(|time| moment(time.previous()));
                Ok(Ok(restored))
            }
            Err(why) => Ok(Err(Failed {
                user: plan.name.to_string(),
                why,
            })),
        }
    }

    fn can_be_undone(&self, plan: &Plan) -> bool {
        let replaced = plan.records == Became::Replaced && !self.wanted.keep_times;
        replaced && self.api.storage.undoable().is_some()
    }

    /// Restores a user; answers the time of what came. Or why that could not be done, if the others may
    /// still be restored.
    fn restore(
        &mut self,
        plan: &Plan,
        section: &Section,
    ) -> Result<Result<Option<Timestamp>, String>, Failure> {
        let id = match plan.id {
            Some(id) => id,
            None => match self.create(plan, section).map_err(account_failure)? {
                Some(id) => id,
                None => return Ok(Err("somebody has just taken the name".to_owned())),
            },
        };
        let mut time = None;
        if matches!(plan.records, Became::Created | Became::Replaced) {
            match self.take_in(id, plan, section)? {
                Ok(taken) => time = Some(taken),
                Err(why) => {
                    if plan.id.is_none() {
                        let removed = self.api.accounts.delete(&plan.name);
                        removed.map_err(account_failure)?;
                    }
                    return Ok(Err(why));
                }
            }
        }
        let held = section.person.account.as_ref();
        if let (Became::Created | Became::Replaced, Some(held)) = (plan.account, held) {
            self.finish(&plan.name, held).map_err(account_failure)?;
        }
        Ok(Ok(time))
    }

    fn create(&self, plan: &Plan, section: &Section) -> AuthResult<Option<UserId>> {
        let unable = AuthError::Unsupported("make accounts from hashes");
        let hashes = self.api.accounts.hashes().ok_or(unable)?;
        let held = section.person.account.as_ref();
        hashes.create_disabled(&HashedAccount {
            name: &plan.name,
            hash: held
                .and_then(|held| held.hash.as_deref())
                .unwrap_or_default()
                .as_bytes(),
            email: held.and_then(|held| held.email.as_deref()),
            number: UserId::new(section.person.number),
        })
    }

    /// Everything of the account, and last whether it may be used.
    fn finish(&self, name: &UserName, held: &Held) -> AuthResult<()> {
        let accounts = &self.api.accounts;
        if let (Some(hashes), Some(hash)) = (accounts.hashes(), &held.hash) {
            hashes.set_hash(name, hash.as_bytes())?;
        }
        if let Some(email) = &held.email {
            accounts.set_email(name, email)?;
        }
        if let Some(admin) = accounts.admin() {
            self.set(admin, name, held)?;
        }
        Ok(())
    }

    fn set(&self, admin: &dyn AccountAdmin, name: &UserName, held: &Held) -> AuthResult<()> {
        admin.set_alert(name, held.alert.as_deref())?;
        let now = admin.lookup(name)?;
        let now = now.as_ref();
        // Where these are kept in a table that is missing, nothing is to be said of nothing.
        if now.and_then(|now| now.quota_bytes) != held.quota_bytes {
            admin.set_quota(name, held.quota_bytes)?;
        }
        if now.and_then(|now| now.node.as_deref()) != held.node.as_deref() {
            admin.set_node(name, held.node.as_deref())?;
        }
        admin.set_enabled(name, held.enabled)?;
        Ok(())
    }

    fn take_in(
        &mut self,
        id: UserId,
        plan: &Plan,
        section: &Section,
    ) -> Result<Result<Timestamp, String>, Failure> {
        let storage: &dyn Portable = self.api.storage.portable().ok_or_else(|| {
            Failure::Other("this storage can't be restored; use its own tools".to_owned())
        })?;
        let collections: Vec<_> = section
            .collections
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let load = Load {
            collections: &collections,
            at: section.at,
            times: match self.wanted.keep_times {
                true => Stamps::Kept,
                false => Stamps::New,
            },
            replace: self.wanted.replace,
        };
        for attempt in 1.. {
            let (mut damage, mut records) = (None, 0);
            let (progress, file) = (&mut self.progress, &self.file);
            let taken = storage.take_in(id, &load, &mut |carry| {
                let given = section.give(file, &mut |piece| {
                    records += 1;
                    progress.within(plan.name.as_str(), records);
                    carry(piece)
                });
                given.map_err(|stop| match stop {
                    Stop::Taking(error) => error,
                    Stop::Damaged(why) => {
                        damage = Some(why);
                        StorageError::Broken("the backup is damaged".to_owned())
                    }
                })
            });
            match (damage, taken) {
                (Some(why), _) => return Ok(Err(format!("the backup is damaged: {why}"))),
                (None, Ok(Some(time))) => return Ok(Ok(time)),
                (None, Ok(None)) => {
                    return Ok(Err(
                        "the user has records now; --replace lets them go".to_owned()
                    ));
                }
                (None, Err(StorageError::Busy | StorageError::Undone(_))) if attempt < ATTEMPTS => {
                    thread::sleep(PAUSE);
                }
                (None, Err(error @ StorageError::Unavailable(_))) => {
                    return Err(storage_failure(error));
                }
                (None, Err(error)) => return Ok(Err(error.to_string())),
            }
        }
        Ok(Err("it did not come to an end".to_owned()))
    }
}

fn sentence(flaw: &Flaw) -> String {
    match &flaw.user {
        Some(user) => format!("{user}: {}", flaw.what),
        None => flaw.what.clone(),
    }
}
