//! A folder with the program, its settings and one account, for a worker that is asked directly.

use std::path::{Path, PathBuf};

use crate::contender::{PASSWORD, Tables, database, migrate, mysql_settings, place};
use crate::harness::{MariaDb, Site, command};
use crate::person::Person;
use crate::worker::Worker;

/// Passwords whose check takes no time worth mentioning: what hashing takes is chosen, not found.
pub const QUICK_HASH: &str = "[auth]\nargon2_memory_kib = 8\nargon2_iterations = 1\n";

/// The folder.
pub struct House {
    pub site: Site,
    pub program: PathBuf,
    pub person: Person,
    /// The MariaDB and the name of its database; none with SQLite.
    pub mariadb: Option<(MariaDb, String)>,
}

/// Where records and accounts may be.
pub const DATABASES: [&str; 3] = [MARIADB, OWN_TABLES, "SQLite"];
const MARIADB: &str = "MariaDB";
const OWN_TABLES: &str = "MariaDB, own tables";

impl House {
    /// With one of the [`DATABASES`].
    pub fn on(database: &str, program: &Path) -> Result<House, String> {
        match database {
            MARIADB => House::mariadb(program, Tables::Php),
            OWN_TABLES => House::mariadb(program, Tables::Own),
            _ => House::sqlite(program),
        }
    }

    /// With accounts and records in files.
    pub fn sqlite(program: &Path) -> Result<House, String> {
        House::with(Site::new(), program, QUICK_HASH, None)
    }

    /// With a MariaDB of its own.
    pub fn mariadb(program: &Path, tables: Tables) -> Result<House, String> {
        let (mariadb, name, settings) = database();
        let settings = quick(&settings);
        let site = Site::new();
        migrate(&site, program, &settings, tables)?;
        House::with(site, program, &settings, Some((mariadb, name)))
    }

    fn with(
        site: Site,
        program: &Path,
        settings: &str,
        mariadb: Option<(MariaDb, String)>,
    ) -> Result<House, String> {
        let program = place(&site, program, "weft", settings)?;
        let ran = command::run(&site, &program, &["user", "add", "ada"], PASSWORD);
        if ran.code != 0 {
            return Err(format!("weft user add: {}{}", ran.output, ran.errors));
        }
        let person = Person {
            name: "ada".to_owned(),
            password: PASSWORD.to_owned(),
            prefix: "/".to_owned(),
            api: "1.1".to_owned(),
            host: "127.0.0.1".to_owned(),
        };
        Ok(House {
            site,
            program,
            person,
            mariadb,
        })
    }

    /// Lets the program reach its MariaDB at this port of 127.0.0.1.
    pub fn through(&self, port: u16) {
        if let Some((_, database)) = &self.mariadb {
            let place = format!("host = \"127.0.0.1\"\nport = {port}");
            let settings = quick(&mysql_settings(&place, database));
            self.site.write("weft.toml", settings);
        }
    }

    /// Starts a worker.
    pub fn worker(&self, wrapper: &[&str]) -> Result<Worker, String> {
        Worker::start(&self.site, &self.program, wrapper)
            .map_err(|why| format!("{}: {why}", self.program.display()))
    }

    /// What a worker said in its log when something is wrong.
    pub fn told(&self, why: impl std::fmt::Display) -> String {
        format!("{why}\n{}", self.site.logs())
    }
}

fn quick(settings: &str) -> String {
    settings.replace("[auth]\n", QUICK_HASH)
}
