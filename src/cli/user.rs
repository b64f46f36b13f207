//! `weft user`: accounts, by hand.
//!
//! Passwords are never options, which everybody on the machine could read in the list of processes:
//! they are asked for, or read from standard input.

use super::{Caller, Common, Failure, Program, Role, print, start};
use clap::Subcommand;
use std::process::{Command, Stdio};

/// Create, list and delete accounts, and change passwords.
#[derive(clap::Args, Debug)]
pub struct UserCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create an account; its password is asked for, or read from standard input.
    Add {
        /// The user's name, or the e-mail address that the user types into the browser.
        name: String,
        /// Where the user can be reached.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
    },
    /// List all accounts.
    List,
    /// Give an account a new password, which is asked for, or read from standard input.
    Password {
        /// The user's name.
        name: String,
    },
    /// Delete an account with all its data, for ever.
    Delete {
        /// The user's name.
        name: String,
        /// Don't ask whether it is meant.
        #[arg(long)]
        yes: bool,
    },
}

/// An account as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's name.
    pub name: String,
    /// Where the user can be reached, if that is known.
    pub email: Option<String>,
    /// It may be used.
    pub enabled: bool,
}

/// The accounts of an installation, for changes by hand. Failures are sentences for the operator.
pub trait Accounts {
    /// Creates an account.
    fn add(&self, name: &str, password: &str, email: Option<&str>) -> Result<(), Failure>;

    /// Visits every account, by name.
    fn list(&self, visit: &mut dyn FnMut(&Account)) -> Result<(), Failure>;

    /// Gives an account a new password.
    fn set_password(&self, name: &str, password: &str) -> Result<(), Failure>;

    /// Deletes an account with all its data.
    fn delete(&self, name: &str) -> Result<(), Failure>;
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
        match self.action {
            Action::Add { name, email } => {
                let password = ask_password(caller)?;
                accounts.add(&name, &password, email.as_deref())?;
                print(caller, &format!("account {name} created\n"))
            }
            Action::List => {
                let mut text = String::new();
                accounts.list(&mut |account| text += &row(account))?;
                print(caller, &text)
            }
            Action::Password { name } => {
                let password = ask_password(caller)?;
                accounts.set_password(&name, &password)?;
                print(caller, &format!("password of {name} changed\n"))
            }
            Action::Delete { name, yes } => {
                if !yes && !means_it(caller, &name)? {
                    return Err(Failure::Other("nothing was deleted".to_owned()));
                }
                accounts.delete(&name)?;
                print(
                    caller,
                    &format!("account {name} and all its data deleted\n"),
                )
            }
        }
    }
}

fn row(account: &Account) -> String {
    let disabled = if account.enabled { "" } else { "\tdisabled" };
    format!(
        "{}\t{}{disabled}\n",
        account.name,
        account.email.as_deref().unwrap_or("-")
    )
}

fn means_it(caller: &mut Caller<'_>, name: &str) -> Result<bool, Failure> {
    print(
        caller,
        &format!("This deletes {name} and all its data. Type the name again: "),
    )?;
    Ok(read_line(caller)? == name)
}

fn ask_password(caller: &mut Caller<'_>) -> Result<String, Failure> {
    let hidden = caller.terminal.then(|| {
        let _ = print(caller, "Password (nothing shows while you type): ");
        Hidden::new()
    });
    let password = read_line(caller);
    if hidden.is_some() {
        print(caller, "\n")?;
    }
    let password = password?;
    if password.is_empty() {
        return Err(Failure::Other(
            "a password must not be empty; nothing was done".to_owned(),
        ));
    }
    Ok(password)
}

/// One line of standard input, without its end.
fn read_line(caller: &mut Caller<'_>) -> Result<String, Failure> {
    let mut line = String::new();
    caller
        .input
        .read_line(&mut line)
        .map_err(|error| Failure::File {
            doing: "read standard input".to_owned(),
            error,
        })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal shows nothing of what is typed, as long as this lives.
struct Hidden;

impl Hidden {
    fn new() -> Self {
        terminal("-echo");
        Hidden
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        terminal("echo");
    }
}

/// Without the program that changes a terminal, what is typed shows, and all else works.
fn terminal(mode: &str) {
    let _ = Command::new("stty")
        .arg(mode)
        .stderr(Stdio::null())
        .status();
}
