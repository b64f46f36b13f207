//! `weft config`: the settings in force, and what is wrong with them.

use super::from_php::FromPhp;
use super::{Caller, Common, Failure, Program, print, start};
use crate::config::settings::{AuthEngine, MysqlServer, StorageEngine};
use crate::config::{Config, Loaded, data, load, markdown, sample};

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
            let verdict = check(&loaded, caller)?;
            if self.connect {
                connect(&program.check(&loaded.config)?, caller)?;
            }
            return print(caller, verdict);
        }
        print(caller, &sample(&loaded))
    }
}

/// A configuration that could be loaded has no mistakes in itself. What is left to look at is the
/// machine; but nothing is made, because a check may well run as another user than the server. Answers
/// what is to be said at the end, if nothing else turns out to be wrong.
fn check(loaded: &Loaded, caller: &mut Caller<'_>) -> Result<&'static str, Failure> {
    let folder = &loaded.config.data.dir;
    let about_folder = data::inspect(folder, caller.surroundings.user)?;
    let state = if folder.exists() {
        ""
    } else {
        " (made at the first start)"
    };
    let mut text = format!("Configuration: {}\n", loaded.found);
    text += &format!("Data folder:   {}{state}\n", folder.display());
    text += &databases(loaded);
    let warnings: Vec<&String> = loaded.warnings.iter().chain(&about_folder).collect();
    for warning in &warnings {
        text += &format!("Warning:       {warning}\n");
    }
    print(caller, &text)?;
    Ok(match warnings.is_empty() {
        true => "Nothing is wrong.\n",
        false => "It works as it is.\n",
    })
}

/// Which databases on servers will be used, and what of that nobody has written down: a section that was
/// forgotten looks like one that is right.
fn databases(loaded: &Loaded) -> String {
    let Config {
        storage,
        auth,
        mysql_write,
        auth_mysql,
        ..
    } = &loaded.config;
    let records = mysql_write.server();
    let line = |what: &str, server: MysqlServer<'_>| {
        format!("{what:<15}{server}, as user {}\n", server.user)
    };
    let mut text = String::new();
    if storage.engine == StorageEngine::Mysql {
        text += &line("Records:", records);
    }
    if auth.engine == AuthEngine::Mysql {
        text += &line("Accounts:", auth_mysql.server().or(records));
    }
    let written = |name| loaded.places.contains_key(&*format!("mysql.write.{name}"));
    let mut left_open = Vec::new();
    if !written("host") && !written("socket") {
        left_open.push("host (or socket)");
    }
    let others = ["database", "user", "password"];
    left_open.extend(others.into_iter().filter(|name| !written(name)));
    if storage.engine == StorageEngine::Mysql && !left_open.is_empty() {
        text += &format!(
            "Note:          [mysql.write] does not say {}; that is as it is by default\n",
            left_open.join(", ")
        );
    }
    text
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
