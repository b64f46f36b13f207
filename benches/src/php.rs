//! PHP under the same mod_fcgid, where the distribution's php-cgi is installed: with its opcache, the
//! connections that it keeps, and as many processes as the other contenders have.
//!
//! [`statements`] is the least that a PHP server takes which does what Mozilla's did: for each kind of request
//! the same statements, on the same tables, the same looks into memcached, the password's hash, and JSON read
//! and written. It is not that server, which took more; whoever has that puts it beside as `--peer`.

use std::path::Path;
use std::process::Command;

use crate::contender::{Contender, Started, place};
use crate::harness::{MariaDb, Memcached, Site, legacy};

/// The statements of the legacy server, with the least that PHP can do around them.
pub const STATEMENTS: &str = "the statements of PHP, mod_fcgid, MariaDB";

/// Their names, and how they are connected to MariaDB. The legacy server connected anew for each request, once for
/// the account and once for the records.
pub const ALL: [(&str, Connections); 2] = [
    (STATEMENTS, Connections::Kept),
    (
        "the statements of PHP and its connections, mod_fcgid, MariaDB",
        Connections::New,
    ),
];

/// Whether a process of PHP goes on with the connections of the request before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    Kept,
    New,
}

const PROGRAM: &str = "/usr/bin/php-cgi";

/// What the scripts need of PHP's modules.
const MODULES: [&str; 2] = ["pdo_mysql", "memcache"];

const SCRIPT: &str = include_str!("statements.php");

/// PHP would end after 500 requests, and Apache takes half a second to start another.
const GOES_ON: &str = "FcgidInitialEnv PHP_FCGI_MAX_REQUESTS 1000000\n";

/// The session that the legacy server had on a database of its time.
const OF_ITS_TIME: &str = "SET GLOBAL sql_mode = ''";

/// Whether PHP is installed with all that is needed; says so if it is not, and who is left out therefore.
pub fn is_there_for(name: &str) -> bool {
    let modules = Command::new(PROGRAM).arg("-m").output();
    let modules = modules.map(|told| String::from_utf8_lossy(&told.stdout).into_owned());
    let missing = match &modules {
        Ok(told) => MODULES
            .into_iter()
            .find(|module| !told.lines().any(|line| line == *module)),
        Err(_) => Some(PROGRAM),
    };
    if let Some(missing) = missing {
        eprintln!("left out, for want of {missing}: {name}");
    }
    missing.is_none()
}

/// Lets a script be the program of a site, and tells what Apache has to know. Its first line, `#!PHP-CGI`, is
/// made to name a copy of PHP in the same folder, by which its processes are known.
pub fn lay(site: &Site, script: &str) -> Result<String, String> {
    let php = place(site, Path::new(PROGRAM), "php-cgi", "")?;
    let script = script.replacen("PHP-CGI", &php.display().to_string(), 1);
    site.write("script.php", script);
    place(site, &site.path("script.php"), "weft", "")?;
    Ok(GOES_ON.to_owned())
}

/// Starts the statements of the legacy server, on its tables with its indexes and none of Weft's.
pub fn statements(name: &str, connections: Connections) -> Started {
    let memcached = Memcached::start();
    let port = memcached.port();
    Contender::that_asks(name, Some(memcached), |site, mariadb| {
        let database = mariadb.database("latin1");
        for sql in [OF_ITS_TIME, legacy::RECORDS, legacy::USERS] {
            mariadb.run(&database, sql);
        }
        let place = format!(
            "mysql:unix_socket={};dbname={database};charset=latin1",
            mariadb.socket().display()
        );
        let (user, password) = (MariaDb::USER, MariaDb::PASSWORD);
        let kept = connections == Connections::Kept;
        let asks = format!("<?php return [{place:?}, {user:?}, {password:?}, {port}, {kept}];\n");
        site.write("asks.php", asks);
        lay(site, SCRIPT)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::client::Client;
    use crate::filling;
    use crate::person::{Dice, Kind, Person};

    #[test]
    #[cfg_attr(
        any(without = "apache", without = "mariadb", without = "memcached"),
        ignore
    )]
    fn it_answers_all_that_is_measured() {
        for (name, connections) in ALL {
            if is_there_for(name) {
                answers_all(&statements(name, connections).unwrap());
            }
        }
    }

    fn answers_all(php: &Contender) {
        let ada = filling::people(php, 1).unwrap().remove(0);
        let mut dice = Dice::new(1);
        let mut asks = |kind| asked(php, &ada.asks(kind, &mut dice), 200);
        assert_eq!(asks(Kind::Meta)["id"], "global");
        let page = asks(Kind::History);
        assert_eq!(page.as_array().unwrap().len(), 1_000);
        assert_eq!(page[999]["payload"].as_str().unwrap().len(), 400);
        for kind in [Kind::Post, Kind::Repost] {
            assert_eq!(asks(kind)["success"].as_array().unwrap().len(), 100);
        }
        let put = asks(Kind::Put);
        let known = asks(Kind::Info);
        assert_eq!(known.as_object().unwrap().len(), 10);
        assert_eq!(known["history"], put);
        let newer = format!("storage/history?full=1&newer={put}");
        let newer = asked(php, &ada.request("GET", &newer, b""), 200);
        assert_eq!(newer, serde_json::json!([]));
        asked(php, &ada.request("DELETE", "storage/meta", b""), 200);
        asked(php, &ada.asks(Kind::Meta, &mut dice), 404);
        let stranger = Person {
            password: "wrong".to_owned(),
            ..ada
        };
        asked(php, &stranger.asks(Kind::Info, &mut dice), 401);
    }

    fn asked(php: &Contender, request: &[u8], status: u16) -> Value {
        let mut client = Client::new(php.address);
        let answer = client.ask(request).unwrap();
        let text = client.text();
        assert_eq!(answer.status, status, "{text}\n{}", php.logs());
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}
