//! Undoing what browsers did, by the operator.

use super::by_hand::{ByHand, storage_failure};
use crate::cli::{self, Failure};
use crate::storage::undo::{History, Refusal, Restored, Undo, Undone};
use crate::storage::{StorageError, Undoable};
use crate::sync::moment;

impl cli::Undoing for ByHand {
    fn history(&self, name: &str) -> Result<History, Failure> {
        let name = self.name(name)?;
        let account = self.account(&name)?;
        let history = self.undoable()?.history(account.id);
        history.map_err(|error| elsewhere(error, name.as_str()))
    }

    fn undo(
        &self,
        name: &str,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> Result<Undone, Failure> {
        let name = self.name(name)?;
        let account = self.account(&name)?;
        let undone = self.undoable()?.undo(account.id, undo, tell);
        let undone = undone.map_err(|error| elsewhere(error, name.as_str()))?;
        undone.map_err(|refusal| Failure::Other(explain(&refusal, name.as_str())))
    }
}

impl ByHand {
    fn undoable(&self) -> Result<&dyn Undoable, Failure> {
        self.0.storage.undoable().ok_or_else(|| {
            Failure::Other(
                "nothing is kept that could be brought back: undo.keep is 0 in the settings"
                    .to_owned(),
            )
        })
    }
}

fn elsewhere(error: StorageError, name: &str) -> Failure {
    match error {
        StorageError::Elsewhere => Failure::Other(format!(
            "the records of {name} are on another node; run this there"
        )),
        error => storage_failure(error),
    }
}

fn explain(refusal: &Refusal, name: &str) -> String {
    match refusal {
        Refusal::TooEarly(reach) => format!(
            "not enough is kept to know what there was at that moment; the earliest that is known is {}",
            moment(*reach)
        ),
        Refusal::OtherKeys => format!(
            "at that moment the account had other keys (crypto/keys): no browser could read these \
             records now. Bring back the whole account, keys and all: weft undo {name} --to TIME, \
             without --collection"
        ),
        Refusal::OnlyTogether => format!(
            "meta and crypto say how to read all other collections and come back with them only: \
             weft undo {name} --to TIME, without --collection"
        ),
        Refusal::NotSetUp => {
            "at that moment the account was not set up: it had no meta/global or no \
             crypto/keys, upon which browsers would wipe it. Choose an earlier or a later moment: \
             weft undo NAME --list"
                .replace("NAME", name)
        }
    }
}
