//! `weft backup`: accounts and records into one file, while the server runs.

use super::counts::{records, users};
use super::user::size;
use super::{Caller, Common, Failure, Program, Role, json, print, start};
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Save accounts and records into one file, while the server runs.
///
/// Each user's records are of one moment, so they belong together. The file holds the users' data and
/// the hashes of their passwords: nobody else can read it, and it should be kept so. Without --to it
/// goes to standard output, for "weft backup | gzip | ssh ...", but never to a terminal. "weft restore"
/// puts it back, into any storage. The exit code is 0 when all was saved, and 1 when not, with the
/// reason.
#[derive(clap::Args, Debug)]
pub struct BackupCommand {
    /// The file to be made. Until it is whole it is called FILE.part.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Go on with FILE.part, which a backup left that was stopped.
    ///
    /// Whoever is in it whole stays as saved then.
    #[arg(long, requires = "to")]
    resume: bool,
    /// Take the place of a FILE, or of a FILE.part, that is there.
    #[arg(long, requires = "to", conflicts_with = "resume")]
    force: bool,
    #[command(flatten)]
    what: What,
    /// Say nothing of how far it has come.
    #[arg(long)]
    quiet: bool,
    /// Tell what was done as JSON, for scripts: on standard output, or on standard error if the backup
    /// goes there.
    #[arg(long)]
    json: bool,
}

/// Whose, and what of it.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct What {
    /// This user only: the name, or the e-mail address that the user types into the browser.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Accounts only, without records.
    #[arg(long, conflicts_with = "only_records")]
    pub only_accounts: bool,
    /// Records only, without accounts.
    #[arg(long)]
    pub only_records: bool,
}

/// Where a backup goes.
pub enum Goal<'g> {
    /// Into a file; one that is not empty is gone on with.
    File(&'g File),
    /// Into a stream.
    Stream(&'g mut dyn Write),
}

/// What was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// All users in the file.
    pub users: u64,
    /// All their records.
    pub records: u64,
    /// The bytes of payload of these.
    pub bytes: u64,
    /// How many users were in it already, from before.
    pub resumed: u64,
    /// Users whose records are on another node.
    pub elsewhere: Vec<String>,
    /// Numbers of which there are records and no account. They are not in the file.
    pub nameless: Vec<u32>,
    /// Users who are not in the file, and why. Then the file is not finished.
    pub failed: Vec<Failed>,
}

/// A user with whom something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// Whose.
    pub user: String,
    /// A sentence.
    pub why: String,
}

impl BackupCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        if self.to.is_none() && caller.to_terminal {
            return Err(Failure::Other(
                "a backup is not for the screen: name a file, as in weft backup --to all.backup, or send \
                 it on, as in weft backup | gzip > all.backup.gz"
                    .to_owned(),
            ));
        }
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let to = self.to.map(|to| caller.surroundings.folder.join(to));
        let silent = self.quiet || self.json;
        let (output, errors) = (&mut *caller.output, &mut *caller.errors);
        let mut tell = |step: &str| {
            if !silent {
                // Only a sign of life.
                let _ = writeln!(errors, "{step}");
            }
        };
        let done = match &to {
            None => program.backup(&config, &self.what, Goal::Stream(output), &mut tell)?,
            Some(path) => {
                let part = Part::open(path, self.resume, self.force)?;
                let made = program.backup(&config, &self.what, Goal::File(&part.file), &mut tell);
                if made.is_err() {
                    part.leave();
                }
                let done = made?;
                if done.failed.is_empty() {
                    part.finish(path)?;
                }
                done
            }
        };
        let told = if self.json { json(&done) } else { done.sheet() };
        match to {
            Some(_) => print(caller, &told)?,
            None => drop(caller.errors.write_all(told.as_bytes())),
        }
        match done.failed.len() {
            0 => Ok(()),
            some => Err(Failure::Other(format!(
                "the backup is not whole: {some} could not be saved; when that is mended, run it \
                 again{}",
                if to.is_some() { " with --resume" } else { "" }
            ))),
        }
    }
}

impl BackedUp {
    fn sheet(&self) -> String {
        let mut text = format!(
            "{} saved with {}, {}\n",
            users(self.users),
            records(self.records),
            size(self.bytes)
        );
        if self.resumed > 0 {
            text += &format!("{} were saved before\n", users(self.resumed));
        }
        if !self.elsewhere.is_empty() {
            text += &format!(
                "the records of {} are on other nodes; save them there\n",
                users(self.elsewhere.len() as u64)
            );
        }
        if !self.nameless.is_empty() {
            text += &format!(
                "records of {} were left out, because no account has their numbers: {}\n",
                users(self.nameless.len() as u64),
                some_of(self.nameless.iter())
            );
        }
        for Failed { user, why } in &self.failed {
            text += &format!("{user} was not saved: {why}\n");
        }
        text
    }
}

/// The first few, for a person.
pub(crate) fn some_of<T: ToString>(all: impl ExactSizeIterator<Item = T>) -> String {
    const SHOWN: usize = 20;
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown: Vec<_> = all.take(SHOWN).map(|one| one.to_string()).collect();
    shown.join(", ") + &more
}

/// A file that is being made.
struct Part {
    file: File,
    path: PathBuf,
}

impl Part {
    fn open(path: &Path, resume: bool, force: bool) -> Result<Self, Failure> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        if !force && path.exists() {
            return Err(Failure::Other(format!(
                "{} exists; choose another name, or let --force take its place",
                path.display()
            )));
        }
        if !force && !resume && part.exists() {
            return Err(Failure::Other(format!(
                "{} was left by a backup that was stopped; go on with it by --resume, or begin anew \
                 by --force",
                part.display()
            )));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let failed = |error| Failure::File {
            doing: format!("write {}", part.display()),
            error,
        };
        let file = options.open(&part).map_err(failed)?;
        if file.try_lock().is_err() {
            return Err(Failure::Other(format!(
                "another backup is being written to {} right now",
                part.display()
            )));
        }
        if !resume {
            file.set_len(0).map_err(failed)?;
        }
        Ok(Part { file, path: part })
    }

    /// Leaves the file to be gone on with, if there is anything in it: an empty one would only be in the
    /// way of the next backup, which can begin as well.
    fn leave(&self) {
        if self.file.metadata().is_ok_and(|about| about.len() == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Gives the file its name, when all of it is on the disk.
    fn finish(self, path: &Path) -> Result<(), Failure> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let finish = || -> io::Result<()> {
            self.file.sync_all()?;
            fs::rename(&self.path, path)?;
            File::open(folder)?.sync_all()
        };
        finish().map_err(|error| Failure::File {
            doing: format!("finish {}", path.display()),
            error,
        })
    }
}
