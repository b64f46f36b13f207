//! `weft restore`: what `weft backup` saved, put back while the server runs.

use super::backup::{Failed, What, some_of};
use super::counts::users;
use super::user::size;
use super::{Caller, Common, Failure, Program, Role, json, print, start};
use serde::Serialize;
use std::fs::File;
use std::path::PathBuf;

/// Put back what "weft backup" saved, while the server runs.
///
/// The whole file is looked through first; nothing is done with one that was cut off or changed. Each
/// user's records come back all together or not at all, as they were, with crypto/keys and meta/global,
/// and with times by which every device learns of them at its next sync. Accounts that are missing are
/// made, with the password that they had. Accounts and records that are there are not touched unless
/// you say so. The exit code is 0 when all was restored, and 1 when not, with the reason.
#[derive(clap::Args, Debug)]
pub struct RestoreCommand {
    /// The backup, or "-" for standard input.
    #[arg(value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    what: What,
    /// Give the records and the account to a user of this name instead.
    #[arg(long = "as", value_name = "NEWNAME", requires = "user")]
    name: Option<String>,
    /// Let the records that a user has now go, for those in the backup.
    #[arg(long)]
    replace: bool,
    /// Let what an account has now go too: password, e-mail address, quota, alert, node, state.
    #[arg(long)]
    replace_accounts: bool,
    /// Leave all times as they are in the backup, so that no device has to fetch anything.
    ///
    /// For moving to another server only: when nobody has written since the backup was made. Otherwise
    /// devices would miss what differs.
    #[arg(long, conflicts_with = "replace")]
    keep_times: bool,
    /// Restore those users of a damaged or unfinished backup who are in it whole.
    #[arg(long)]
    salvage: bool,
    /// Go on with a restore that was stopped: whoever is done already is passed over.
    #[arg(long)]
    resume: bool,
    /// Look through the backup and tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Say nothing of how far it has come.
    #[arg(long)]
    quiet: bool,
    /// Tell what was done as JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Where a backup comes from.
pub enum Origin<'o> {
    /// A file, and where to note who is done, so that a restore can be gone on with.
    File(File, PathBuf),
    /// A stream.
    Stream(&'o mut dyn std::io::BufRead),
}

/// What is to be restored, and how.
#[derive(Clone, Debug, Default)]
pub struct Restoring {
    /// Whose, and what of it.
    pub what: What,
    /// The name of the user who gets it, if it is another one.
    pub name: Option<String>,
    /// Records that are there may go.
    pub replace: bool,
    /// What is known of accounts that are there may go.
    pub replace_accounts: bool,
    /// The times in the backup stay.
    pub keep_times: bool,
    /// A file that is damaged will do.
    pub salvage: bool,
    /// Those who are done already are passed over.
    pub resume: bool,
    /// Nothing is to be done yet.
    pub dry_run: bool,
}

/// What was restored, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Nothing was done yet.
    pub dry_run: bool,
    /// When the backup was begun, in seconds since 1970.
    pub made: i64,
    /// The users.
    pub users: Vec<RestoredUser>,
    /// Users who were not restored, and why.
    pub failed: Vec<Failed>,
    /// What is wrong with the file.
    pub flaws: Vec<String>,
}

/// What was done with a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestoredUser {
    /// The name.
    pub user: String,
    /// What became of the account.
    pub account: Became,
    /// What became of the records.
    pub records: Became,
    /// How many records came.
    pub count: u64,
    /// The bytes of their payloads.
    pub bytes: u64,
    /// The moment to which `weft undo` takes this back, if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// What becomes of something that there is in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Became {
    /// It was not there, and is now.
    Created,
    /// It took the place of what was there.
    Replaced,
    /// What is there stayed.
    Kept,
    /// It had been restored before this was interrupted.
    Done,
    /// It was not asked for, or is not in the backup.
    None,
}

impl RestoreCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let silent = self.quiet || self.json;
        let as_json = self.json;
        let from = caller.surroundings.folder.join(&self.from);
        let (origin, wanted) = self.open(from, &mut *caller.input)?;
        let errors = &mut *caller.errors;
        let done = program.restore(&config, origin, &wanted, &mut |step| {
            if !silent {
                // Only a sign of life.
                let _ = writeln!(errors, "{step}");
            }
        })?;
        print(caller, &if as_json { json(&done) } else { done.sheet() })?;
        match done.failed.len() {
            0 => Ok(()),
            some => Err(Failure::Other(format!(
                "{} could not be restored",
                users(some as u64)
            ))),
        }
    }

    fn open<'o>(
        self,
        from: PathBuf,
        input: &'o mut dyn std::io::BufRead,
    ) -> Result<(Origin<'o>, Restoring), Failure> {
        let stdin = self.from.as_os_str() == "-";
        if stdin && self.resume {
            return Err(Failure::Other(
                "what comes from standard input can't be gone on with; put it into a file first"
                    .to_owned(),
            ));
        }
        let origin = if stdin {
            Origin::Stream(input)
        } else {
            let mut note = from.clone().into_os_string();
            note.push(".restored");
            let file = File::open(&from).map_err(|error| {
                Failure::Other(format!("can't read {}: {error}", from.display()))
            })?;
            Origin::File(file, note.into())
        };
        let wanted = Restoring {
            what: self.what,
            name: self.name,
            replace: self.replace,
            replace_accounts: self.replace_accounts,
            keep_times: self.keep_times,
            salvage: self.salvage,
            resume: self.resume,
            dry_run: self.dry_run,
        };
        Ok((origin, wanted))
    }
}

/// How many users are told one by one how to take a restore back.
const NAMED: usize = 5;

impl Restored {
    fn sheet(&self) -> String {
        let count = |fits: &dyn Fn(&RestoredUser) -> bool| {
            self.users.iter().filter(|user| fits(user)).count() as u64
        };
        let came = |what| matches!(what, Became::Created | Became::Replaced);
        let records = self.users.iter().filter(|user| came(user.records));
        let (number, bytes) = records.fold((0, 0), |(number, bytes), user| {
            (number + user.count, bytes + user.bytes)
        });
        let would = if self.dry_run { "would be " } else { "" };
        let mut text = format!(
            "records of {} {would}restored: {number}, {}\n",
            users(count(&|user| came(user.records))),
            size(bytes)
        );
        let kinds = [
            (Became::Created, "created"),
            (Became::Replaced, "replaced"),
            (Became::Kept, "left as they are"),
        ];
        for (what, word) in kinds {
            match count(&|user| user.account == what) {
                0 => {}
                number => text += &format!("accounts {would}{word}: {number}\n"),
            }
        }
        match count(&|user| user.records == Became::Done) {
            0 => {}
            number => text += &format!("restored before: {number}\n"),
        }
        for flaw in &self.flaws {
            text += &format!("the backup is damaged: {flaw}\n");
        }
        for Failed { user, why } in &self.failed {
            text += &format!("{user} was not restored: {why}\n");
        }
        let undoable = self.users.iter();
        let undoable = undoable.filter_map(|user| Some((&user.user, user.before.as_ref()?)));
        match undoable.clone().count() {
            0..=NAMED => {
                for (user, before) in undoable {
                    text += &format!("to take this back: weft undo {user} --to {before}\n");
                }
            }
            _ => {
                text +=
                    "weft undo NAME takes this back for a user; --json tells the moment of each\n"
            }
        }
        if self.dry_run {
            let names = self.users.iter().map(|user| &user.user);
            text += &format!("users: {}\n", some_of(names));
        }
        text
    }
}
