//! `weft user`: accounts, by hand.
//!
//! Passwords are never options, which everybody on the machine could read in the list of processes:
//! they are asked for, or read from standard input.

mod account;
pub(super) mod ask;

pub(crate) use account::size;
pub(super) use account::time;
pub use account::{Account, Collection, Invited, Link, Usage};

use super::{Caller, Common, Failure, Program, Role, json, print, start};
use crate::config::value::{ByteSize, Item, Value};
use account::{row, sheet};
use clap::Subcommand;

/// Create, show, change and delete accounts; reset links and invitations.
///
/// The exit code is 0 when it was done and 1 when not, with the reason on standard error; "user show"
/// ends with 1 when there is no such user.
#[derive(clap::Args, Debug)]
pub struct UserCommand {
    #[command(subcommand)]
    action: Action,
}

/// Whose account it is about.
#[derive(clap::Args, Debug)]
struct Name {
    /// The user's name, or the e-mail address that the user types into the browser.
    name: String,
}

/// How it is told.
#[derive(clap::Args, Debug)]
struct AsJson {
    /// Print JSON, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create an account; its password is asked for, or read from standard input.
    Add {
        #[command(flatten)]
        name: Name,
        /// Where the user can be reached.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
    },
    /// List all accounts.
    List(AsJson),
    /// Show an account and what it stores.
    Show {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        json: AsJson,
    },
    /// Give an account a new password, which is asked for, or read from standard input.
    Password(Name),
    /// Change where the user can be reached.
    Email {
        #[command(flatten)]
        name: Name,
        /// The new address.
        address: String,
    },
    /// Let nobody log in to an account; its data stays.
    Disable(Name),
    /// Let the user log in again.
    Enable(Name),
    /// Limit how much a user may store.
    Quota {
        #[command(flatten)]
        name: Name,
        /// Such as "50 MB", or "default" for what the server's settings say.
        size: String,
    },
    /// Tell the user's browsers something: a short sentence, in English letters.
    Alert {
        #[command(flatten)]
        name: Name,
        /// The sentence; without one they are told nothing any more.
        text: Option<String>,
    },
    /// Make a link with which the user sets a new password, to be handed on by other ways than mail.
    ///
    /// It is good for six hours and for one use; an earlier one is void.
    ResetLink {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        json: AsJson,
    },
    /// Make an invitation, with which somebody may sign up; list them, or take one back.
    Invite {
        /// How many days it is good for.
        #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// For whom, for your own list.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// List all invitations instead.
        #[arg(long, conflicts_with_all = ["days", "note", "revoke"])]
        list: bool,
        /// Take back the one with this number instead.
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["days", "note"])]
        revoke: Option<i64>,
        #[command(flatten)]
        json: AsJson,
    },
    /// Delete an account with all its data, for ever.
    Delete {
        #[command(flatten)]
        name: Name,
        /// Don't ask whether it is meant.
        #[arg(long)]
        yes: bool,
    },
}

/// The accounts of an installation, for changes by hand. Failures are sentences for the operator.
pub trait Accounts {
    /// Creates an account.
    fn add(&self, name: &str, password: &str, email: Option<&str>) -> Result<(), Failure>;

    /// Visits every account, by name.
    fn list(&self, visit: &mut dyn FnMut(&Account)) -> Result<(), Failure>;

    /// An account and what it stores.
    fn show(&self, name: &str) -> Result<Usage, Failure>;

    /// Visits every account with what it stores, by name.
    fn usages(&self, visit: &mut dyn FnMut(&Usage)) -> Result<(), Failure>;

    /// Gives an account a new password.
    fn set_password(&self, name: &str, password: &str) -> Result<(), Failure>;

    /// Changes something else.
    fn set(&self, name: &str, change: &Change) -> Result<(), Failure>;

    /// Makes a link for a forgotten password.
    fn reset_link(&self, name: &str) -> Result<Link, Failure>;

    /// Makes an invitation.
    fn invite(&self, days: u32, note: Option<&str>) -> Result<Link, Failure>;

    /// All invitations.
    fn invitations(&self) -> Result<Vec<Invited>, Failure>;

    /// Takes an invitation back.
    fn revoke(&self, number: i64) -> Result<(), Failure>;

    /// Deletes an account with all its data.
    fn delete(&self, name: &str) -> Result<(), Failure>;
}

/// What of an account can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Where the user can be reached.
    Email(String),
    /// Whether the user may log in.
    Enabled(bool),
    /// The bytes that the user may store; nothing for the server's default.
    Quota(Option<u64>),
    /// What the user's browsers are told; nothing for nothing.
    Alert(Option<String>),
}

impl UserCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let accounts = program.accounts(&config)?;
        self.action.run(caller, &*accounts)
    }
}

impl Action {
    fn run(self, caller: &mut Caller<'_>, accounts: &dyn Accounts) -> Result<(), Failure> {
        let told = match self {
            Action::Add {
                name: Name { name },
                email,
            } => {
                let password = ask::password(caller)?;
                accounts.add(&name, &password, email.as_deref())?;
                format!("account {name} created\n")
            }
            Action::List(AsJson { json }) => list(accounts, json)?,
            Action::Show { name, json } => {
                let usage = accounts.show(&name.name)?;
                if json.json {
                    self::json(&usage)
                } else {
                    sheet(&usage)
                }
            }
            Action::Password(Name { name }) => {
                let password = ask::password(caller)?;
                accounts.set_password(&name, &password)?;
                format!("password of {name} changed\n")
            }
            Action::ResetLink { name, json } => {
                let link = accounts.reset_link(&name.name)?;
                told_link(&link, json.json, "Good for six hours and one use:")
            }
            Action::Invite {
                days,
                note,
                list,
                revoke,
                json: AsJson { json },
            } => match revoke {
                Some(number) => {
                    accounts.revoke(number)?;
                    format!("invitation {number} taken back\n")
                }
                None if list => told_invitations(&accounts.invitations()?, json),
                None => {
                    let link = accounts.invite(days, note.as_deref())?;
                    told_link(
                        &link,
                        json,
                        &format!("Good for {days} days and one account:"),
                    )
                }
            },
            Action::Delete {
                name: Name { name },
                yes,
            } => {
                if !yes && !ask::means_it(caller, &name)? {
                    return Err(Failure::Other("nothing was deleted".to_owned()));
                }
                accounts.delete(&name)?;
                format!("account {name} and all its data deleted\n")
            }
            change => {
                let (name, change, told) = change.into_change()?;
                accounts.set(&name, &change)?;
                told
            }
        };
        print(caller, &told)
    }

    /// Whose account is changed, what in it, and what is told about it.
    fn into_change(self) -> Result<(String, Change, String), Failure> {
        let (name, change, told) = match self {
            Action::Email { name, address } => {
                let told = format!("address of {} is {address} now\n", name.name);
                (name, Change::Email(address), told)
            }
            Action::Disable(name) => {
                let told = format!("account {} disabled\n", name.name);
                (name, Change::Enabled(false), told)
            }
            Action::Enable(name) => {
                let told = format!("account {} enabled\n", name.name);
                (name, Change::Enabled(true), told)
            }
            Action::Quota { name, size } => {
                let bytes = quota(&size)?;
                let is = bytes.map_or_else(|| "the server's".to_owned(), self::size);
                let told = format!("quota of {} is {is} now\n", name.name);
                (name, Change::Quota(bytes), told)
            }
            Action::Alert { name, text } => {
                let what = text.as_deref().unwrap_or("nothing");
                let told = format!("browsers of {} are told {what}\n", name.name);
                (name, Change::Alert(text), told)
            }
            _ => return Err(Failure::Other("nothing was changed".to_owned())),
        };
        Ok((name.name, change, told))
    }
}

fn list(accounts: &dyn Accounts, as_json: bool) -> Result<String, Failure> {
    let mut all = Vec::new();
    accounts.list(&mut |account| all.push(account.clone()))?;
    Ok(match as_json {
        true => json(&all),
        false => all.iter().map(row).collect(),
    })
}

fn quota(size: &str) -> Result<Option<u64>, Failure> {
    if size == "default" {
        return Ok(None);
    }
    match ByteSize::read(&Item::Text(size.to_owned())) {
        Ok(size) => Ok(Some(size.bytes())),
        Err(why) => Err(Failure::Other(format!("the quota {why}, or \"default\""))),
    }
}

fn told_link(link: &Link, as_json: bool, what: &str) -> String {
    match &link.link {
        _ if as_json => json(link),
        Some(url) => format!("{what}\n{url}\n"),
        None => format!(
            "{what}\n{}\n(below the server's URL; set server.public_url to see whole links)\n",
            link.page
        ),
    }
}

fn told_invitations(all: &[Invited], as_json: bool) -> String {
    if as_json {
        return json(&all);
    }
    let row = |one: &Invited| {
        let note = one.note.as_deref().unwrap_or("-");
        let used = match &one.used_by {
            Some(name) => format!("used by {name}"),
            None => format!("until {}", time(one.expires)),
        };
        format!("{}\t{note}\t{used}\n", one.number)
    };
    all.iter().map(row).collect()
}
