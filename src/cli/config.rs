//! `weft config`: the settings in force, and what is wrong with them.

use super::from_php::FromPhp;
use super::{Caller, Common, Failure, Program, print, start};
use crate::config::{Loaded, data, load, markdown, sample};

/// Print the settings in force, as a file to begin with, or check them.
///
/// "weft config >weft.toml" makes a file that holds every setting with its explanation.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ConfigCommand {
    #[command(subcommand)]
    command: Option<Other>,

    /// Say where the settings come from and what is wrong with them.
    #[arg(long, conflicts_with = "markdown")]
    check: bool,

    /// Ask every server of the settings whether it answers, too: databases, directory, memcached.
    #[arg(long, requires = "check")]
    connect: bool,

    /// Print the manual's page of all settings.
    #[arg(long)]
    markdown: bool,
}

#[derive(clap::Subcommand, Debug)]
enum Other {
    FromPhp(FromPhp),
}

/// What a server answered to the question whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which server, and what for.
    pub server: String,
    /// What is wrong, if anything is.
    pub trouble: Option<String>,
}

impl ConfigCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        if let Some(Other::FromPhp(command)) = self.command {
            return command.run(caller);
        }
        if self.markdown {
            return print(caller, &markdown());
        }
        let loaded = load(&caller.surroundings, &start::options(common))?;
        if self.check {
            check(&loaded, caller)?;
            return match self.connect {
                true => connect(&program.check(&loaded.config)?, caller),
                false => Ok(()),
            };
        }
        print(caller, &sample(&loaded))
    }
}

/// A configuration that could be loaded has no mistakes in itself. What is left to look at is the
/// machine; but nothing is made, because a check may well run as another user than the server.
fn check(loaded: &Loaded, caller: &mut Caller<'_>) -> Result<(), Failure> {
    let folder = &loaded.config.data.dir;
    let about_folder = data::inspect(folder, caller.surroundings.user)?;
    let state = if folder.exists() {
        ""
    } else {
        " (made at the first start)"
    };
    let mut text = format!("Configuration: {}\n", loaded.found);
    text += &format!("Data folder:   {}{state}\n", folder.display());
    let warnings: Vec<&String> = loaded.warnings.iter().chain(&about_folder).collect();
    for warning in &warnings {
        text += &format!("Warning:       {warning}\n");
    }
    text += if warnings.is_empty() {
        "Nothing is wrong.\n"
    } else {
        "It works as it is.\n"
    };
    print(caller, &text)
}

fn connect(answers: &[Answer], caller: &mut Caller<'_>) -> Result<(), Failure> {
    let mut failures = Vec::new();
    for Answer { server, trouble } in answers {
        match trouble {
            None => print(caller, &format!("Answers:       {server}\n"))?,
            Some(why) => failures.push(format!("{server}: {why}")),
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(Failure::Other(failures.join("\n"))),
    }
}
