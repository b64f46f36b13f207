//! The command line: what can be asked of the program, one file per command.
//!
//! A command gathers what it needs and calls [`Program`], which stands for everything below: the
//! application and its gateways. So a command knows no engine, and its tests need none.

mod backup;
mod config;
mod counts;
mod doctor;
mod failure;
mod fastcgi;
mod from_php;
mod log_file;
mod logger;
mod mail;
mod manual;
mod migrate;
mod node;
mod panics;
mod purge;
mod restore;
mod serve;
mod start;
mod stats;
#[cfg(test)]
mod tests;
mod undo;
mod user;

pub(crate) use backup::some_of;
pub use backup::{BackedUp, Failed, Goal, What};
pub use config::Answer;
pub(crate) use counts::{records, users};
pub use failure::Failure;
pub use fastcgi::{ListenAt, Socket};
pub use logger::Logger;
pub use migrate::{Migrate, Migrated};
pub use node::{Node, Nodes};
pub use panics::tell_panics;
pub use restore::{Became, Origin, Restored, RestoredUser, Restoring};
pub use start::{Role, options, start};
pub use undo::Undoing;
pub(crate) use user::size;
pub use user::{Account, Accounts, Change, Collection, Invited, Link, Usage};

use crate::config::{Config, Surroundings};
use crate::doctor::{Order, Report};
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

/// Who called the program, and how it can answer.
pub struct Caller<'a> {
    /// What surrounds the process.
    pub surroundings: Surroundings,
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// Standard input is a terminal, with a person before it.
    pub terminal: bool,
    /// Standard output is one.
    pub to_terminal: bool,
    /// Standard output.
    pub output: &'a mut dyn Write,
    /// Standard error.
    pub errors: &'a mut dyn Write,
    /// The time now.
    pub clock: fn() -> SystemTime,
    /// Makes a logger the one of the process; there can be one only.
    pub install: fn(Logger),
}

/// What commands do with a configuration.
pub trait Program {
    /// Runs the built-in web server at `server.listen` until it is told to end, and calls `started`
    /// with its address once it can be reached.
    fn serve(&self, config: &Config, started: &mut dyn FnMut(SocketAddr)) -> Result<(), Failure>;

    /// Answers FastCGI requests from `socket` until it is told to end.
    fn fastcgi(&self, config: &Config, socket: Socket) -> Result<(), Failure>;

    /// Removes records whose time to live has passed; answers how many there were. While more are left,
    /// `tell` is called with how many are gone.
    fn purge(&self, config: &Config, tell: &mut dyn FnMut(u64)) -> Result<u64, Failure>;

    /// Adds to the MySQL databases what they lack; a rehearsal only answers what that is.
    fn migrate(&self, config: &Config, order: Migrate) -> Result<Vec<Migrated>, Failure>;

    /// Asks every server of the configuration whether it answers.
    fn check(&self, config: &Config) -> Result<Vec<Answer>, Failure>;

    /// Examines the server through its public address, and what is behind it.
    fn examine(&self, config: &Config, order: &Order) -> Result<Report, Failure>;

    /// The accounts, for changes by hand.
    fn accounts(&self, config: &Config) -> Result<Box<dyn Accounts>, Failure>;

    /// What browsers did, to be undone.
    fn undo(&self, config: &Config) -> Result<Box<dyn Undoing>, Failure>;

    /// Sends a letter to try the mail settings; answers sentences about what else looks wrong.
    fn mail(&self, config: &Config, address: &str) -> Result<Vec<String>, Failure>;

    /// The list of nodes.
    fn nodes(&self, config: &Config) -> Result<Box<dyn Nodes>, Failure>;

    /// Moves a user from the first node to the second, and calls `tell` with each step. Answers the
    /// second one's URL.
    fn move_user(
        &self,
        nodes: (&Config, &Config),
        name: &str,
        tell: &mut dyn FnMut(&str),
    ) -> Result<String, Failure>;

    /// Saves accounts and records, and calls `tell` with how far it has come.
    fn backup(
        &self,
        config: &Config,
        what: &What,
        goal: Goal<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<BackedUp, Failure>;

    /// Restores what was saved, and calls `tell` with how far it has come.
    fn restore(
        &self,
        config: &Config,
        origin: Origin<'_>,
        wanted: &Restoring,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Restored, Failure>;
}

/// A Firefox Sync server for Pale Moon, Basilisk and older Firefox.
///
/// To try it, run "weft serve" and put the URL that it prints into your browser. Nothing has to be
/// configured: accounts and data go into the folder "weft-data". Under Apache, the same file is a
/// CGI program or a FastCGI worker by itself, without any option.
#[derive(Debug, Parser)]
#[command(name = "weft", version = version(), arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// What every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// Read the settings from this file.
    ///
    /// Without it: the file that the variable WEFT_CONFIG names, or weft.toml beside the program, or
    /// /etc/weft/weft.toml, or none at all.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Keep the data in this folder (setting data.dir).
    ///
    /// It is made when it is missing, open to nobody else.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Fastcgi(fastcgi::FastCgi),
    Config(config::ConfigCommand),
    Doctor(doctor::DoctorCommand),
    Purge(purge::Purge),
    Migrate(migrate::Migrate),
    User(user::UserCommand),
    Undo(undo::UndoCommand),
    Mail(mail::MailCommand),
    Stats(stats::Stats),
    Node(node::NodeCommand),
    Manual(manual::Manual),
    Backup(backup::BackupCommand),
    Restore(restore::RestoreCommand),
}

/// The version and what was built, in one line.
pub fn version() -> &'static str {
    if cfg!(debug_assertions) {
        concat!(env!("CARGO_PKG_VERSION"), " (debug build)")
    } else {
        concat!(env!("CARGO_PKG_VERSION"), " (release build)")
    }
}

/// Does what `arguments` ask, of which the first is the program's name. Answers the exit code: 0 for
/// done, 1 for a failure, which was explained, 2 for a command line that means nothing.
pub fn run(arguments: Vec<OsString>, caller: &mut Caller<'_>, program: &dyn Program) -> u8 {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(told) => {
            let to: &mut dyn Write = if told.use_stderr() {
                &mut *caller.errors
            } else {
                &mut *caller.output
            };
            // When the reader has gone there is nobody left to tell.
            let _ = write!(to, "{told}");
            return u8::try_from(told.exit_code()).unwrap_or(2);
        }
    };
    let CommandLine { command, common } = line;
    let done = match command {
        Command::Serve(command) => command.run(&common, caller, program),
        Command::Fastcgi(command) => command.run(&common, caller, program),
        Command::Config(command) => command.run(&common, caller, program),
        Command::Doctor(command) => command.run(&common, caller, program),
        Command::Migrate(command) => command.run(&common, caller, program),
        Command::Purge(command) => command.run(&common, caller, program),
        Command::User(command) => command.run(&common, caller, program),
        Command::Undo(command) => command.run(&common, caller, program),
        Command::Mail(command) => command.run(&common, caller, program),
        Command::Stats(command) => command.run(&common, caller, program),
        Command::Node(command) => command.run(&common, caller, program),
        Command::Manual(command) => command.run(caller),
        Command::Backup(command) => command.run(&common, caller, program),
        Command::Restore(command) => command.run(&common, caller, program),
    };
    match done {
        Ok(()) => 0,
        Err(failure) => {
            let _ = writeln!(caller.errors, "{}", explain(&failure));
            1
        }
    }
}

/// The lines that a person reads when a command has failed.
pub fn explain(failure: &Failure) -> String {
    let lines = failure.to_string();
    let lines: Vec<String> = lines.lines().map(|line| format!("weft: {line}")).collect();
    lines.join("\n")
}

/// What a script reads, with a line end behind it.
fn json(value: &impl serde::Serialize) -> String {
    // Nothing that commands print can fail to be JSON: there are no maps but those with text for keys.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Writes to standard output. That the reader has gone (`weft config | head`) is no failure.
fn print(caller: &mut Caller<'_>, text: &str) -> Result<(), Failure> {
    let written = caller
        .output
        .write_all(text.as_bytes())
        .and_then(|()| caller.output.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::File {
            doing: "write to standard output".to_owned(),
            error,
        }),
        _ => Ok(()),
    }
}
