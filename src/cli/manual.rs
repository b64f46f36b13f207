//! `weft manual`: the manual's page of commands.
//!
//! It is written from the declarations that also make `--help` and read the command line, so that a
//! command, an option or a change of either appears there without anybody's doing.

use super::{Caller, CommandLine, Failure, print};
use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command, CommandFactory};

/// Print the manual's page of all commands.
#[derive(clap::Args, Debug)]
#[command(hide = true)]
pub struct Manual {}

impl Manual {
    pub(super) fn run(self, caller: &mut Caller<'_>) -> Result<(), Failure> {
        print(caller, &page())
    }
}

fn page() -> String {
    let mut program = CommandLine::command();
    program.build();
    let mut page = String::from(
        "# Commands\n\n\
         <!-- Written by `weft manual`; change the declarations in src/cli instead. -->\n\n\
         `weft COMMAND --help` says the same. The exit code is 0 when it was done, 1 when not, with the \
         reason on standard error, and 2 when the command line means nothing. Answers go to standard \
         output, and with `--json`, where there is one, for scripts; signs of life and the log go to \
         standard error.\n\n\
         Run commands as the account that the server runs as, so that files in the data folder keep \
         their owner: `sudo -u www-data weft …`.\n\n\
         ## Options of every command\n\n",
    );
    page.extend(
        program
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .map(item),
    );
    commands(&program, &mut page);
    page
}

/// The commands below `parent`, each with those below it.
fn commands(parent: &Command, page: &mut String) {
    for command in parent.get_subcommands() {
        if command.is_hide_set() || command.get_name() == "help" {
            continue;
        }
        let about = command.get_long_about().or(command.get_about());
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        let name = command.get_bin_name().unwrap_or(command.get_name());
        *page += &format!("\n## {name}\n\n{}\n", prose(about));
        if command.get_subcommands().next().is_none() || !command.is_subcommand_required_set() {
            *page += &format!("\n```text\n{}\n```\n", usage.trim());
        }
        let items: String = command
            .get_arguments()
            .filter(|arg| shown(arg))
            .map(item)
            .collect();
        if !items.is_empty() {
            *page += &format!("\n{items}");
        }
        commands(command, page);
    }
}

fn shown(arg: &Arg) -> bool {
    let own = !matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    );
    own && !arg.is_global_set() && !arg.is_hide_set()
}

/// An argument or option with its meaning, as a line of a list.
fn item(arg: &Arg) -> String {
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let value = arg.get_value_names().and_then(<[_]>::first);
    let value = value.map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string);
    let name = match arg.get_long() {
        Some(long) if takes_value => format!("--{long} {value}"),
        Some(long) => format!("--{long}"),
        None => value,
    };
    let help = prose(arg.get_long_help().or(arg.get_help())).replace("\n\n", " ");
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|v| v.to_string_lossy())
        .collect();
    let default = match defaults.is_empty() || !takes_value {
        true => String::new(),
        false => format!(" Without it: `{}`.", defaults.join(" ")),
    };
    let mut text = help.trim().to_owned();
    if !text.ends_with('.') {
        text.push('.');
    }
    format!("- `{name}`: {text}{default}\n")
}

/// A comment's paragraphs, ending as sentences do.
fn prose(text: Option<&StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    let mut text = text.trim().to_owned();
    if !text.is_empty() && !text.ends_with(['.', '!', '?', ':']) {
        text.push('.');
    }
    text
}
