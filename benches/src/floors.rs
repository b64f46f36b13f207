//! The least that is possible: responders that answer anything with the same 200 bytes. What they take is
//! what Apache and FastCGI take, and with the questions of a request for `info/collections`, what any server
//! takes that puts these.

use std::path::Path;

use crate::contender::{Contender, Questions, place};
use crate::harness::Site;
use crate::options::Options;

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
pub const PHP: &str = "PHP asking memcached and MariaDB, mod_fcgid";

/// The legacy server asked MariaDB for the account and memcached for the rest.
const OF_PHP: Questions = Questions {
    statements: 1,
    memcached: true,
};

/// PHP's program for FastCGI, and the script that it runs.
const PHP_CGI: &str = "/usr/bin/php-cgi";
const SCRIPT: &str = include_str!("asking.php");

/// PHP would end after 500 requests, and Apache takes half a second to start another.
const PHP_GOES_ON: &str = "FcgidInitialEnv PHP_FCGI_MAX_REQUESTS 1000000\n";

/// Starts all of them; PHP's only where PHP is installed.
pub fn start(options: &Options) -> Result<Vec<Contender>, String> {
    let nothing = Contender::under_mod_fcgid(crate::NOTHING, &options.nothing);
    let mut floors = vec![nothing?];
    for (name, questions) in ASKING {
        let lay = |site: &Site| place(site, &options.asking, "weft", "").map(|_| String::new());
        floors.push(Contender::that_asks(name, &questions, lay)?);
    }
    if Path::new(PHP_CGI).exists() {
        floors.push(Contender::that_asks(PHP, &OF_PHP, lay_php)?);
    }
    floors.push(Contender::file("a file, Apache")?);
    Ok(floors)
}

/// The script is the program: its first line names a copy of PHP in the same folder, by which its processes are
/// known.
fn lay_php(site: &Site) -> Result<String, String> {
    let php = place(site, Path::new(PHP_CGI), "php-cgi", "")?;
    let script = SCRIPT.replacen("PHP-CGI", &php.display().to_string(), 1);
    site.write("asking.php", script);
    place(site, &site.path("asking.php"), "weft", "")?;
    Ok(PHP_GOES_ON.to_owned())
}
