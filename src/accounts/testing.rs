//! This room for tests: real files in a folder, and a letter box that keeps what it is given.

use super::sqlite::SqlitePeople;
use super::{Letter, MailError, Mailer, NoCaptcha, NoMail, NoMailer, People, PeopleSettings};
use crate::storage::sqlite::SqliteOptions;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Everything as an empty configuration has it, in `folder`.
pub fn people(folder: &Path) -> People {
    let options = SqliteOptions::new(folder.join("people.db"));
    let kept = Arc::new(SqlitePeople::new(options, random));
    People {
        codes: kept.clone(),
        invitations: kept.clone(),
        nodes: kept.clone(),
        brakes: kept.clone(),
        secrets: kept,
        mailer: Arc::new(NoMailer),
        captcha: Arc::new(NoCaptcha),
        traces: None,
        settings: PeopleSettings::default(),
    }
}

/// Nobody can guess it.
pub fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).unwrap();
}

/// Keeps letters, and counts how often it was only asked whether it is there.
#[derive(Default)]
pub struct LetterBox {
    /// Address, subject and text of each.
    pub letters: Mutex<Vec<(String, String, String)>>,
    /// Questions.
    pub asked: Mutex<u32>,
}

impl LetterBox {
    /// The text of the last letter.
    pub fn last(&self) -> String {
        self.letters.lock().unwrap().last().unwrap().2.clone()
    }
}

impl Mailer for LetterBox {
    fn ready(&self) -> Result<(), NoMail> {
        Ok(())
    }

    fn send(&self, letter: &Letter<'_>) -> Result<(), MailError> {
        let [to, subject, text] = [letter.to, letter.subject, letter.text].map(str::to_owned);
        self.letters.lock().unwrap().push((to, subject, text));
        Ok(())
    }

    fn reach(&self) -> Result<(), MailError> {
        *self.asked.lock().unwrap() += 1;
        Ok(())
    }
}
