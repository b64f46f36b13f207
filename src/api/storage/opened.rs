//! The session of one write: opened when the first check needs it, and begun anew when the database
//! undid it.
//!
//! A database may end a transaction that stood in the way of another, or lose its connection; then
//! nothing of it is left, and the same checks and writes in a new one give the answer that the client
//! is waiting for. Where it is not known whether anything is left, nothing is tried again.

use super::StorageCall;
use crate::api::error::{ApiError, Code};
use crate::api::profile::{Check, Profile};
use crate::storage::{StorageError, StorageResult, WriteSession};
use crate::sync::{CollectionName, Query, Timestamp, WboWrite};

/// How often a write is begun at most.
const MOST_TRIES: u32 = 3;

impl StorageCall<'_> {
    /// Does `work`, which checks and perhaps puts `writes` in one session, and makes it durable; from the
    /// beginning if the database undid it.
    pub(super) fn transaction<T>(
        &self,
        collection: &CollectionName,
        since: Option<Timestamp>,
        writes: &[WboWrite],
        mut work: impl FnMut(&mut Opened<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut opened = Opened {
            call: self,
            collection,
            since,
            writes,
            session: None,
            tries: 1,
            undone: false,
            counted: false,
        };
        loop {
            let done = work(&mut opened);
            let outcome = done.and_then(|done| opened.commit().map(|()| done));
            if outcome.is_ok() || !opened.undone {
                return outcome;
            }
            opened.begin_anew();
        }
    }
}

/// The session of one write, opened when the first check needs it.
pub(super) struct Opened<'c> {
    call: &'c StorageCall<'c>,
    collection: &'c CollectionName,
    since: Option<Timestamp>,
    /// What is to be put if the checks allow.
    writes: &'c [WboWrite],
    session: Option<Box<dyn WriteSession>>,
    /// How often it was begun, this time included.
    tries: u32,
    /// This one came to nothing, and another is allowed.
    undone: bool,
    /// Its writes were counted against the day's.
    counted: bool,
}

impl Opened<'_> {
    /// Asks the session for something; it is opened if it is not yet.
    fn ask<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn WriteSession) -> StorageResult<T>,
    ) -> Result<T, ApiError> {
        let answer = self.session().and_then(ask);
        self.heed(answer)
    }

    fn session(&mut self) -> StorageResult<&mut dyn WriteSession> {
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                let user = self.call.account.id;
                let storage = &self.call.api.storage;
                storage.write_records(user, self.collection, self.writes)?
            }
        };
        Ok(&mut **self.session.insert(session))
    }

    /// Remembers whether the database undid the session.
    fn heed<T>(&mut self, answer: StorageResult<T>) -> Result<T, ApiError> {
        match answer {
            Err(StorageError::Undone(why)) if self.tries < MOST_TRIES => {
                log::info!("a write begins anew: {why}");
                self.undone = true;
                Err(ApiError::Unavailable)
            }
            answer => Ok(answer?),
        }
    }

    fn begin_anew(&mut self) {
        self.session = None;
        self.undone = false;
        self.tries += 1;
    }

    fn commit(&mut self) -> Result<(), ApiError> {
        match self.session.take() {
            Some(session) => self.heed(session.commit()),
            None => Ok(()),
        }
    }

    /// Deletes what `query` selects; answers the session's time.
    pub(super) fn delete(&mut self, query: &Query) -> Result<Timestamp, ApiError> {
        self.ask(|session| {
            session.delete(query)?;
            Ok(session.time())
        })
    }

    /// Does the checks in their order. `unreadable` is what is wrong with the body.
    pub(super) fn check(
        &mut self,
        checks: &[Check],
        unreadable: Option<&ApiError>,
    ) -> Result<(), ApiError> {
        for check in checks {
            match check {
                Check::Json => {
                    if let Some(error) = unreadable {
                        return Err(error.clone());
                    }
                }
                Check::Quota => self.check_quota()?,
                Check::Unmodified => self.check_unmodified()?,
            }
        }
        Ok(())
    }

    fn check_quota(&mut self) -> Result<(), ApiError> {
        let profile = self.call.profile;
        let Some(quota) = self.call.quota() else {
            return Ok(());
        };
        let used = self.ask(|session| session.used_bytes())?;
        match profile.over_quota(used, quota) {
            true if profile == Profile::Php => Err(ApiError::Forbidden("Over Quota")),
            true => Err(ApiError::Bad(Code::Quota)),
            false => Ok(()),
        }
    }

    /// `X-If-Unmodified-Since`, against the database and inside the transaction of the write.
    pub(super) fn check_unmodified(&mut self) -> Result<(), ApiError> {
        let Some(since) = self.since else {
            return Ok(());
        };
        match self.ask(|session| session.modified())? {
            Some(modified) if modified > since => Err(ApiError::Precondition),
            _ => Ok(()),
        }
    }

    /// Writes, if the user may write that much today. Answers the session's time, and each record's.
    pub(super) fn put(
        &mut self,
        writes: &[WboWrite],
    ) -> Result<(Timestamp, Vec<Option<Timestamp>>), ApiError> {
        let (call, collection) = (self.call, self.collection);
        let time = self.ask(|session| Ok(session.time()))?;
        // What is written a second time was counted when it was the first.
        let counted = std::mem::replace(&mut self.counted, true);
        if !counted
            && let Some(cap) = &call.api.write_cap
            && !cap.takes(call.account.id, collection, writes, time)
        {
            return Err(ApiError::WroteEnough);
        }
        let stored = self.ask(|session| session.put(writes))?;
        Ok((time, stored))
    }

    /// The bytes that the user has now, where anybody wants to know.
    pub(super) fn used_if_limited(&mut self) -> Result<u64, ApiError> {
        let wanted = self.call.quota().is_some() && self.call.profile.tells_remaining_quota();
        if wanted {
            self.ask(|session| session.used_bytes())
        } else {
            Ok(0)
        }
    }
}

#[cfg(test)]
mod tests;
