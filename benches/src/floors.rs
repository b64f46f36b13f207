//! The least that is possible: responders that answer anything with the same 200 bytes. What they take is
//! what Apache and FastCGI take, and with the questions of a request for `info/collections`, what any server
//! takes that puts these.

use crate::contender::{Contender, Started, place};
use crate::harness::{MariaDb, Memcached, Site};
use crate::options::Options;
use crate::php;

/// What is asked for each request.
#[derive(Clone, Copy, Debug)]
struct Questions {
    /// Statements, one after the other.
    statements: usize,
    /// Whether memcached is asked as well.
    memcached: bool,
}

/// Their names and what they ask. One statement is all that is left where the account is remembered and no
/// lockout is looked for; a server must ask the database at least once, or it may tell an older time than it
/// told before.
const ASKING: [(&str, Questions); 3] = [
    (
        "asking MariaDB, mod_fcgid",
        Questions {
            statements: 1,
            memcached: false,
        },
    ),
    (
        "asking memcached and MariaDB, mod_fcgid",
        Questions {
            statements: 1,
            memcached: true,
        },
    ),
    (
        "asking memcached and MariaDB twice, mod_fcgid",
        Questions {
            statements: 2,
            memcached: true,
        },
    ),
];

/// The same in PHP.
const PHP: &str = "PHP asking memcached and MariaDB, mod_fcgid";

/// The legacy server asked MariaDB for the account and memcached for the rest.
const OF_PHP: Questions = Questions {
    statements: 1,
    memcached: true,
};

const SCRIPT: &str = include_str!("asking.php");

/// Starts all of them; PHP's only where PHP is installed.
pub fn start(options: &Options) -> Result<Vec<Contender>, String> {
    let nothing = Contender::under_mod_fcgid(crate::NOTHING, &options.nothing);
    let mut floors = vec![nothing?];
    for (name, questions) in ASKING {
        let lay = |site: &Site| place(site, &options.asking, "weft", "").map(|_| String::new());
        floors.push(that_asks(name, questions, lay)?);
    }
    if php::is_there_for(PHP) {
        let lay = |site: &Site| php::lay(site, SCRIPT);
        floors.push(that_asks(PHP, OF_PHP, lay)?);
    }
    floors.push(Contender::file("a file, Apache")?);
    Ok(floors)
}

/// Whom a responder asks stands in the file `asks` beside it: the socket of MariaDB, the user, the password,
/// how many statements, and the port of memcached or nothing, a line each.
fn that_asks(
    name: &str,
    questions: Questions,
    lay: impl FnOnce(&Site) -> Result<String, String>,
) -> Started {
    let memcached = questions.memcached.then(Memcached::start);
    let port = memcached.as_ref().map(Memcached::port);
    Contender::that_asks(name, memcached, |site, mariadb| {
        let asks = format!(
            "{}\n{}\n{}\n{}\n{}\n",
            mariadb.socket().display(),
            MariaDb::USER,
            MariaDb::PASSWORD,
            questions.statements,
            port.map_or(String::new(), |port| port.to_string()),
        );
        site.write("asks", asks);
        lay(site)
    })
}
