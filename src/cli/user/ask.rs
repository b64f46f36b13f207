//! What commands ask a person: passwords, and whether it is meant.

use crate::cli::{Caller, Failure, print};
use std::process::{Command, Stdio};

/// A password, from a person or from standard input.
pub(in crate::cli) fn password(caller: &mut Caller<'_>) -> Result<String, Failure> {
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

/// Whether a person means to delete `name`.
pub(super) fn means_it(caller: &mut Caller<'_>, name: &str) -> Result<bool, Failure> {
    print(
        caller,
        &format!("This deletes {name} and all its data. Type the name again: "),
    )?;
    Ok(read_line(caller)? == name)
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
