//! `weft migrate`: the databases get what they lack.

use super::{Caller, Common, Failure, Program, Role, print, start};

/// Add to the MySQL databases of the configuration what this program needs and they lack.
///
/// Without --without-php these are only additions, each safe while PHP servers run on the same tables;
/// what is there already is left alone, so running it again does nothing. An ALTER of a large table takes its time; a database
/// administrator may prefer to run the statements that --dry-run prints.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Migrate {
    /// Change nothing: print the statements, as SQL.
    #[arg(long)]
    pub dry_run: bool,
    /// PHP is gone for good: also drop the indexes of its tables that only PHP needed, and keep count
    /// of what each collection has. The manual on migration says what it needs and how to go back.
    #[arg(long)]
    pub without_php: bool,
}

/// A database, and what it lacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Which database it is.
    pub database: String,
    /// The statements that add what it lacked, without a semicolon at their ends; or why that could
    /// not be found out or done.
    pub outcome: Result<Vec<String>, String>,
}

impl Migrate {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let databases = program.migrate(&config, self)?;
        if databases.is_empty() {
            let text = "-- No MySQL database is configured, so there is nothing to do.\n";
            return print(caller, text);
        }
        let (mut text, mut failures) = (String::new(), Vec::new());
        for Migrated { database, outcome } in databases {
            match outcome {
                Ok(statements) => text += &self.told(&database, &statements),
                Err(why) => failures.push(format!("{database}: {why}")),
            }
        }
        print(caller, &text)?;
        match failures.is_empty() {
            true => Ok(()),
            false => Err(Failure::Other(failures.join("\n"))),
        }
    }

    fn told(&self, database: &str, statements: &[String]) -> String {
        let what = match (statements.len(), self.dry_run) {
            (0, _) => "lacks nothing",
            (_, true) => "lacks",
            (_, false) => "got",
        };
        // Whoever names a database may put a line break into its name.
        let database: String = database
            .chars()
            .map(|letter| if letter.is_control() { '?' } else { letter })
            .collect();
        let mut text = format!("-- {database} {what}\n");
        text.extend(statements.iter().map(|statement| format!("{statement};\n")));
        text
    }
}
