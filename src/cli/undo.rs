//! `weft undo`: brings an account that was wiped or mangled back to a moment.

use super::counts::records;
use super::{Caller, Common, Failure, Program, Role, json, print, start};
use crate::storage::undo::{History, Moment, Restored, Undo, Undone};
use crate::sync::{CollectionName, Timestamp};
use crate::sync::{moment, parse_moment};
use crate::web::thousands_apart;
use serde::Serialize;
use std::collections::BTreeMap;

/// Bring an account that was wiped or mangled back to a moment before.
///
/// Without --to it lists the moments that make sense: each is just before something that deleted or
/// replaced much. What browsers have replaced or deleted is kept for some days (settings of the section
/// undo). Browsers pick up what comes back at their next sync; nothing needs to be restarted. What was
/// there before the undo is kept too, so that it can be undone itself.
#[derive(clap::Args, Debug)]
pub struct UndoCommand {
    /// The user's name, or the e-mail address that the user types into the browser.
    name: String,

    /// Bring back this collection only, such as bookmarks.
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,

    /// The moment, as --list prints it: 2026-11-24T16:05:07.49Z, in UTC; or in seconds since 1970.
    #[arg(long, value_name = "TIME", conflicts_with = "list")]
    to: Option<String>,

    /// List the moments that make sense.
    #[arg(long)]
    list: bool,

    /// Only tell what would be done.
    #[arg(long, requires = "to")]
    dry_run: bool,

    /// Print JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// What can be undone, and undoing it.
pub trait Undoing {
    /// What was taken away of what the user has.
    fn history(&self, name: &str) -> Result<History, Failure>;

    /// Brings it back, and calls `tell` with what was done to each collection.
    fn undo(
        &self,
        name: &str,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> Result<Undone, Failure>;
}

/// A moment as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    to: String,
    deleted: u64,
    replaced: u64,
    collections: BTreeMap<String, Taken>,
}

#[derive(Debug, Serialize)]
struct Taken {
    deleted: u64,
    replaced: u64,
}

#[derive(Debug, Serialize)]
struct Moments {
    earliest: String,
    moments: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Report {
    to: String,
    dry_run: bool,
    collections: BTreeMap<String, Back>,
}

#[derive(Debug, Serialize)]
struct Back {
    returned: u64,
    reverted: u64,
    removed: u64,
}

impl UndoCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let collection = self.collection.as_deref().map(collection).transpose()?;
        let to = self.to.as_deref().map(time).transpose()?;
        let undoing = program.undo(&config)?;
        let told = match to {
            None => self.list(&undoing.history(&self.name)?, collection.as_ref()),
            Some(to) => {
                let undo = Undo {
                    to,
                    collection,
                    rehearsal: self.dry_run,
                };
                let (errors, watched) = (&mut *caller.errors, caller.terminal);
                let undone = undoing.undo(&self.name, &undo, &mut |restored| {
                    if watched && !self.json {
                        // Only a sign of life.
                        let _ = writeln!(errors, "{}", line(restored));
                    }
                })?;
                self.report(to, &undone)
            }
        };
        print(caller, &told)
    }

    fn list(&self, history: &History, collection: Option<&CollectionName>) -> String {
        let moments = history.moments(collection);
        let earliest = match collection {
            Some(name) => history.reaches.get(name).copied().unwrap_or_default(),
            None => history.reach(),
        };
        if self.json {
            return json(&Moments {
                earliest: moment(earliest),
                moments: moments.iter().map(listed).collect(),
            });
        }
        if moments.is_empty() {
            return format!("nothing that was taken away from {} is kept\n", self.name);
        }
        let mut text = String::new();
        for one in &moments {
            let total = one.total();
            text += &format!(
                "{}  before {}\n",
                moment(one.to),
                taken(total.deleted, total.replaced)
            );
            for (name, change) in &one.changes {
                text += &format!("    {name}: {}\n", taken(change.deleted, change.replaced));
            }
        }
        text += &format!(
            "To go back to one of them: weft undo {} --to TIME\n",
            self.name
        );
        text
    }

    fn report(&self, to: Timestamp, undone: &Undone) -> String {
        if self.json {
            let back = |one: &Restored| {
                let back = Back {
                    returned: one.returned,
                    reverted: one.reverted,
                    removed: one.removed,
                };
                (one.collection.to_string(), back)
            };
            return json(&Report {
                to: moment(to),
                dry_run: self.dry_run,
                collections: undone.collections.iter().map(back).collect(),
            });
        }
        if undone.collections.is_empty() {
            return format!("nothing to do: all is as it was at {}\n", moment(to));
        }
        let lines: Vec<_> = undone.collections.iter().map(line).collect();
        let end = match self.dry_run {
            true => "this was a rehearsal: nothing was changed".to_owned(),
            false => format!(
                "{} is as it was at {}; the browsers see it at their next sync\n\
                 to take this back: weft undo {}{} --to {}",
                self.name,
                moment(to),
                self.name,
                self.collection
                    .as_ref()
                    .map_or_else(String::new, |name| format!(" --collection {name}")),
                moment(undone.time.previous()),
            ),
        };
        format!("{}\n{end}\n", lines.join("\n"))
    }
}

fn collection(text: &str) -> Result<CollectionName, Failure> {
    CollectionName::new(text)
        .map_err(|_| Failure::Other(format!("\"{text}\" can't be the name of a collection")))
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    parse_moment(text).or_else(|| Timestamp::parse(text)).ok_or_else(|| {
        Failure::Other(format!(
            "\"{text}\" is no time; write it as 2026-11-24T16:05:07.49Z, in UTC, or choose one of: \
             weft undo NAME --list"
        ))
    })
}

fn listed(one: &Moment) -> Listed {
    let total = one.total();
    let changes = one.changes.iter().map(|(name, change)| {
        let taken = Taken {
            deleted: change.deleted,
            replaced: change.replaced,
        };
        (name.to_string(), taken)
    });
    Listed {
        to: moment(one.to),
        deleted: total.deleted,
        replaced: total.replaced,
        collections: changes.collect(),
    }
}

/// `3,412 records deleted, 12 replaced`.
fn taken(deleted: u64, replaced: u64) -> String {
    match (deleted, replaced) {
        (deleted, 0) => format!("{} deleted", records(deleted)),
        (0, replaced) => format!("{} replaced", records(replaced)),
        _ => format!(
            "{} deleted, {} replaced",
            records(deleted),
            thousands_apart(replaced)
        ),
    }
}

fn line(restored: &Restored) -> String {
    let counts = [
        (restored.returned, "back again"),
        (restored.reverted, "as before"),
        (restored.removed, "gone that were newer"),
    ];
    let counts = counts.iter().filter(|(number, _)| *number > 0);
    let counts: Vec<_> = counts
        .map(|(number, what)| format!("{} {what}", thousands_apart(*number)))
        .collect();
    format!("{}: {}", restored.collection, counts.join(", "))
}
