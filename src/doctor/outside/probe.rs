//! The doctor's own user: made by the program's own engines, and removed whatever happens.
//!
//! Its name tells when it was made, so that one that was left behind by a doctor who was killed is
//! removed by the next. Where the engine makes no accounts, somebody's real one takes its place: then
//! only the collection of the doctor's own is written, and removed.

use super::Credentials;
use super::{Exam, Finding};
use crate::api::Api;
use crate::auth::{Account, AuthError, Login, NewAccount, Password};
use crate::storage::StorageError;
use crate::sync::{CollectionName, Query, RecordId, UserName, WboWrite};
use std::cell::Cell;
use std::os::unix::fs::MetadataExt;
use std::time::Instant;

/// The collection that is written.
pub const COLLECTION: &str = "weft-doctor";

/// What names of the doctor's users begin with; the time in seconds and some randomness follow.
const NAME: &str = "weft-doctor-";

/// No examination takes so long, in seconds.
const LEFT_BEHIND: i64 = 3_600;

/// What the doctor's user may store, in bytes, whatever the quota is.
const ROOM: u64 = 128 << 20;

/// A user that is known to be good.
pub struct Probe<'p> {
    api: &'p Api,
    /// The account.
    pub account: Account,
    /// Its name and password.
    pub login: Credentials,
    is_own: bool,
    removed: Cell<bool>,
}

impl<'p> Probe<'p> {
    /// Makes one, or checks the one that was given.
    pub fn make(exam: &Exam<'p>) -> Result<Self, Finding> {
        fit(exam)?;
        let made = match &exam.order.login {
            Some(login) => Probe::given(exam, login)?,
            None => Probe::own(exam)?,
        };
        let written = made.write(b"the doctor was here");
        written.map_err(|error| cant_write(exam, "records", &error.to_string()))?;
        Ok(made)
    }

    fn given(exam: &Exam<'p>, login: &Credentials) -> Result<Self, Finding> {
        let api = exam.api;
        let refused = |what: String| Finding::skipped("user", what);
        let name = UserName::new(&login.name)
            .map_err(|_| refused(format!("\"{}\" can't be a user's name.", login.name)))?;
        let password = Password::from_wire(login.password.as_bytes())
            .map_err(|_| refused("The password is empty.".to_owned()))?;
        let host = exam.url.host_str();
        let checked = api
            .accounts
            .authenticate(&name, &password, host, Instant::now());
        match checked.map_err(|error| refused(format!("{error}.")))? {
            Login::Accepted(account) => Ok(Probe {
                api,
                account,
                login: login.clone(),
                is_own: false,
                removed: Cell::new(false),
            }),
            Login::Refused(why) => Err(refused(format!(
                "{name} can't log in, whatever the way ({why:?}): so nothing can be said about \
                 the way. Try it with the right password."
            ))),
        }
    }

    fn own(exam: &Exam<'p>) -> Result<Self, Finding> {
        let api = exam.api;
        sweep(api);
        let mut secret = [0; 20];
        (exam.doctor.random)(&mut secret);
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let (end, password) = hex.split_at(8);
        let now = (exam.doctor.clock)().seconds();
        let name = UserName::new(&format!("{NAME}{now}{end}"))
            .map_err(|_| Finding::skipped("user", "No name could be made."))?;
        let password = Password::from_wire(password.as_bytes())
            .map_err(|_| Finding::skipped("user", "No password could be made."))?;
        let new = NewAccount {
            name: &name,
            password: &password,
            email: None,
        };
        let login = Credentials {
            name: name.to_string(),
            password: password.as_str().to_owned(),
        };
        let made = api.accounts.create(&new).map_err(|error| match error {
            AuthError::Unsupported(_) => no_accounts(),
            error => cant_write(exam, "accounts", &error.to_string()),
        });
        made?;
        let account = api.accounts.lookup(&name).ok().flatten();
        let Some(account) = account else {
            // It may be there all the same.
            let _ = api.accounts.delete(&name);
            let what = "An account that was just made is not found again.";
            return Err(Finding::fault("accounts", what));
        };
        let probe = Probe {
            api,
            account,
            login,
            is_own: true,
            removed: Cell::new(false),
        };
        probe.make_room();
        Ok(probe)
    }

    /// Neither a quota nor a node is to be in the way.
    fn make_room(&self) {
        if let Some(admin) = self.api.accounts.admin() {
            let _ = admin.set_quota(&self.account.name, Some(ROOM));
        }
        if let Some(own) = &self.api.settings.check_node {
            let _ = self.api.people.nodes.put(self.account.id, own);
        }
    }

    /// Whether it is the doctor's own, with room for everything.
    pub fn is_own(&self) -> bool {
        self.is_own
    }

    /// Writes a record past the public address, as it is to be found through it.
    fn write(&self, payload: &[u8]) -> Result<(), StorageError> {
        let named = (CollectionName::new(COLLECTION), RecordId::new("here"));
        let (Ok(collection), Ok(id)) = named else {
            return Ok(());
        };
        let write = WboWrite {
            payload: Some(String::from_utf8_lossy(payload).into_owned()),
            ..WboWrite::new(id)
        };
        let storage = &self.api.storage;
        let mut session = storage.write_collection(self.account.id, &collection)?;
        session.put(&[write])?;
        session.commit()
    }

    /// Removes what was made, and tells if that failed.
    pub fn finish(&self) -> Option<Finding> {
        let why = match self.removed.replace(true) {
            true => None,
            false => self.remove().err(),
        }?;
        let name = &self.account.name;
        let what = format!("What the doctor wrote for the user {name} was not removed: {why}.");
        let finding = Finding::remark("user", what);
        Some(match self.is_own {
            true => finding.cure("later, run", format!("weft user delete {name} --yes")),
            false => finding,
        })
    }

    fn remove(&self) -> Result<(), String> {
        if self.is_own {
            let removed = self.api.remove_account(&self.account);
            return removed.map_err(|error| format!("{error:?}"));
        }
        let Ok(collection) = CollectionName::new(COLLECTION) else {
            return Ok(());
        };
        let storage = &self.api.storage;
        storage
            .write_collection(self.account.id, &collection)
            .and_then(|mut session| {
                session.delete(&Query::default())?;
                session.commit()
            })
            .map_err(|error| error.to_string())
    }
}

impl Drop for Probe<'_> {
    /// For the ways out that nobody thought of.
    fn drop(&mut self) {
        if let Some(finding) = self.finish() {
            log::warn!("{}", finding.what);
        }
    }
}

/// Whether anything may be written from here. Files that somebody else than the server's user makes are
/// closed to the server.
fn fit(exam: &Exam<'_>) -> Result<(), Finding> {
    let config = &exam.doctor.config;
    let folder = &config.data.dir;
    let Ok(about) = std::fs::metadata(folder.0.as_path()) else {
        return Err(Finding::fault(
            "installation",
            format!(
                "A server answers at {}, but the data folder {} of these settings does not exist.",
                exam.url,
                folder.display()
            ),
        )
        .because(
            "Either it is gone (moved, deleted, or its disk is not there: put it back, and the server \
             goes on), or the server has other settings than these.",
        )
        .cure(
            "use the settings of the server: in the folder of its program, run",
            "./weft doctor --config weft.toml",
        ));
    };
    match config.origin.user {
        Some(user) if user != about.uid() => Err(Finding::skipped(
            "user",
            "Passwords, uploads and nodes were not tried: the data folder belongs to another user, and \
             files that were made now could be closed to the server.",
        )
        .cure(
            "as the user that the server runs as, run",
            format!("sudo -u '#{}' weft doctor {}", about.uid(), exam.url),
        )),
        _ => Ok(()),
    }
}

/// Removes what a doctor who was killed left behind.
fn sweep(api: &Api) {
    let now = (api.clock)().seconds();
    for account in api.accounts.list().unwrap_or_default() {
        let Some(rest) = account.name.as_str().strip_prefix(NAME) else {
            continue;
        };
        // The last eight letters are random.
        let made = rest.len().checked_sub(8).and_then(|end| rest.get(..end));
        let made = made.and_then(|made| made.parse::<i64>().ok());
        if made.is_some_and(|made| now.saturating_sub(made) > LEFT_BEHIND) {
            let _ = api.remove_account(&account);
        }
    }
}

fn no_accounts() -> Finding {
    Finding::skipped(
        "user",
        "Passwords, uploads and nodes were not tried: the engine that keeps the accounts can't make \
         one for the doctor.",
    )
    .because("It needs a user to log in as. Nothing of that user's data is touched.")
    .cure("run", "weft doctor --user NAME")
}

fn cant_write(exam: &Exam<'_>, what: &'static str, why: &str) -> Finding {
    let check = if what == "records" {
        "records"
    } else {
        "accounts"
    };
    super::backends::failed(exam.doctor, check, what, why)
}
