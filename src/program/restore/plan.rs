//! What is to be done with one user, before anything is.

use super::note::Note;
use crate::api::Api;
use crate::auth::Account;
use crate::backup::Section;
use crate::cli::{Became, Failed, Failure, Restoring};
use crate::program::by_hand::{account_failure, storage_failure};
use crate::storage::StorageError;
use crate::sync::{CollectionName, Timestamp, UserId, UserName, username_from_account};

/// What is to be done with a user.
pub(super) struct Plan {
    pub(super) name: UserName,
    /// The number of the account that is there.
    pub(super) id: Option<UserId>,
    pub(super) account: Became,
    pub(super) records: Became,
    /// The latest time of the records that are there.
    pub(super) latest: Timestamp,
    /// It was begun before this restore was interrupted.
    pub(super) begun: bool,
}

/// A name as a person writes it.
pub(super) fn name(text: &str) -> Result<UserName, Failure> {
    username_from_account(text).map_err(|_| Failure::Other(format!("\"{text}\" can't be a user")))
}

/// Looks at what is there. Answers why nothing can be done with this user, if the others may still be
/// restored.
pub(super) fn make(
    api: &Api,
    wanted: &Restoring,
    section: &Section,
    note: &Note,
) -> Result<Result<Plan, Failed>, Failure> {
    let name = name(wanted.name.as_ref().unwrap_or(&section.person.name))?;
    let found = api.accounts.lookup(&name).map_err(account_failure)?;
    let before = note.of(&name);
    let failed = |why: &str| {
        Ok(Err(Failed {
            user: name.to_string(),
            why: why.to_owned(),
        }))
    };
    let account = match account(api, wanted, section, found.as_ref()) {
        // It was made and not finished.
        Ok(Became::Kept) if before.is_some_and(|before| before.created) => Became::Created,
        Ok(became) => became,
        Err(why) => return failed(why),
    };
    let (there, latest) = match &found {
        None => (Vec::new(), Timestamp::ZERO),
        Some(account) => match times(api, account) {
            Ok(there) => {
                let latest = there.iter().map(|(_, time)| *time).max();
                (there, latest.unwrap_or_default())
            }
            Err(StorageError::Elsewhere) => {
                return failed("the user's records are on another node; restore them there");
            }
            Err(error) => return Err(storage_failure(error)),
        },
    };
    let in_it = section.person.records && !wanted.what.only_accounts;
    let done = before.is_some_and(|before| {
        before.done || (in_it && before.begun && came(section, &there, before.latest))
    });
    let records = match (in_it, done, there.is_empty()) {
        (_, true, _) => Became::Done,
        (false, ..) => Became::None,
        (true, false, true) => Became::Created,
        (true, false, false) => Became::Replaced,
    };
    let begun = before.is_some_and(|before| before.begun && !before.done);
    Ok(Ok(Plan {
        name,
        id: found.map(|account| account.id),
        account,
        records,
        latest,
        begun,
    }))
}

fn account(
    api: &Api,
    wanted: &Restoring,
    section: &Section,
    found: Option<&Account>,
) -> Result<Became, &'static str> {
    let held = section.person.account.as_ref();
    let held = held.filter(|_| !wanted.what.only_records);
    match (found, held) {
        (Some(_), Some(_)) if wanted.replace_accounts => Ok(Became::Replaced),
        (Some(_), _) => Ok(Became::Kept),
        (None, Some(held)) if held.hash.is_some() && api.accounts.hashes().is_some() => {
            Ok(Became::Created)
        }
        (None, Some(_)) => Err(
            "there is no account of this name, and none can be made from the backup: make it (\"weft \
             user add\", or in the directory) and restore again",
        ),
        (None, None) => Err(
            "there is no account of this name, and only records were to be restored: make the account \
             first",
        ),
    }
}

fn times(api: &Api, account: &Account) -> Result<Vec<(CollectionName, Timestamp)>, StorageError> {
    api.storage.read_account(account.id)?.times()
}

/// Whether what is there came from this section, by a transaction of which nobody was told: all of the
/// collections are there, and later than anything was before.
fn came(section: &Section, there: &[(CollectionName, Timestamp)], latest: Timestamp) -> bool {
    let mut filled = section
        .collections
        .iter()
        .filter(|(_, records)| *records > 0);
    let is_new = |name: &CollectionName| {
        let found = there.iter().find(|(one, _)| one == name);
        found.is_some_and(|(_, time)| *time > latest)
    };
    !there.is_empty() && filled.all(|(name, _)| is_new(name))
}
