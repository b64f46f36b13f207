//! `weft config`: the settings in force, and what is wrong with them.

use super::{Caller, Common, Failure, print, start};
use crate::config::{Loaded, data, load, markdown, sample};

/// Print the settings in force, as a file to begin with, or check them.
///
/// "weft config >weft.toml" makes a file that holds every setting with its explanation.
#[derive(clap::Args, Debug)]
pub struct ConfigCommand {
    /// Say where the settings come from and what is wrong with them.
    #[arg(long, conflicts_with = "markdown")]
    check: bool,

    /// Print the manual's page of all settings.
    #[arg(long)]
    markdown: bool,
}

impl ConfigCommand {
    pub(super) fn run(self, common: &Common, caller: &mut Caller<'_>) -> Result<(), Failure> {
        if self.markdown {
            return print(caller, &markdown());
        }
        let loaded = load(&caller.surroundings, &start::options(common))?;
        if self.check {
            return check(&loaded, caller);
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
