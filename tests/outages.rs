//! The database, the directory and memcached go away and come back while browsers sync through Apache
//! and its workers.
//!
//! In between, a client hears 503 (a desktop that reads `meta/global` 401, see docs/wipe-guard.md), and
//! nothing at all of a memcached that is away. The first request after the return is answered right, by
//! the same worker processes, and every write that was answered with success is there.

mod harness;
#[path = "outages/load.rs"]
mod load;

use harness::api::{PHP, PYTHON, User};
use harness::legacy::Legacy;
use harness::slapd::{ADMIN, SERVICE, Slapd};
use harness::{Gateway, Memcached, Server, certificates};
use load::{Load, Meanwhile};
use std::fs;

/// Waits of an operator who is in a hurry. Where the machine does much else, the database may take seconds
/// although it is there.
const SHORT: &str = "storage.wipe_guard = \"500ms\"\nstorage.busy_timeout = \"3s\"\nmysql.io_timeout = \"3s\"\n\
                     mysql.connect_timeout = \"3s\"\n";

/// Waits of an operator who has time: nothing is to happen to the database.
const LONG: &str = "storage.busy_timeout = \"1min\"\nmysql.io_timeout = \"1min\"\nmysql.connect_timeout = \"1min\"\n";

/// The people of the load, who have their accounts already.
fn recorded(server: &Server) -> Vec<User<'_>> {
    [("testuser", PYTHON), ("testuser", PHP), ("md5user", PYTHON)]
        .map(|(name, version)| User {
            server,
            version,
            name: name.to_owned(),
            password: "testpass".to_owned(),
        })
        .into()
}

fn registered(server: &Server) -> Vec<User<'_>> {
    let first = User::new(server, PYTHON, "ada");
    let second = User::new(server, PYTHON, "eve");
    vec![first.at(PHP), first, second]
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "mariadb"),
    ignore = "apache or mariadb is not installed"
)]
fn a_database_that_stops_is_a_503_and_the_same_workers_go_on_when_it_is_back() {
    let database = Legacy::new();
    let server = Gateway::ModFcgid.start(&format!("{SHORT}{}", database.settings("")));
    let users = recorded(&server);
    Load::run(&server, &users, Meanwhile::Refused, |load| {
        load.outage(|| database.server.stop(), || database.server.start_again());
        load.outage(|| database.server.kill(), || database.server.start_again());
        load.outage(|| database.server.pause(), || database.server.resume());
    });
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "slapd"),
    ignore = "apache or slapd is not installed"
)]
fn a_directory_that_stops_is_a_503_and_the_same_workers_go_on_when_it_is_back() {
    let mut slapd = Slapd::start();
    let authority = fs::read(certificates::authority()).expect("it was made");
    let authority = slapd.site.write("authority.pem", authority);
    // SQLite waits its usual time: nothing is to happen to it, and its writers may wait for a busy disk.
    let server = Gateway::ModFcgid.start(&format!(
        "storage.wipe_guard = \"500ms\"\nauth.engine = \"ldap\"\n\
         [ldap]\ntimeout = \"3s\"\nurl = [\"{}\"]\nlayout = \"search\"\n\
         start_tls = true\nca_file = \"{}\"\nbase = \"ou=users,dc=example\"\n\
         bind_dn = \"{}\"\nbind_password = \"{}\"\nadmin_dn = \"{}\"\nadmin_password = \"{}\"\n",
        slapd.url(),
        authority.display(),
        SERVICE.0,
        SERVICE.1,
        ADMIN.0,
        ADMIN.1,
    ));
    let users = registered(&server);
    Load::run(&server, &users, Meanwhile::Refused, |load| {
        for _ in 0..2 {
            load.outage_of(&mut slapd, Slapd::stop, Slapd::go_on);
        }
        load.outage(|| slapd.pause(), || slapd.resume());
    });
}

#[test]
#[cfg_attr(
    any(without = "apache", without = "mariadb", without = "memcached"),
    ignore = "apache, mariadb or memcached is not installed"
)]
fn nobody_hears_of_a_memcached_that_stops() {
    let mut cache = Memcached::start();
    let database = Legacy::new();
    let server = Gateway::ModFcgid.start(&format!(
        "{LONG}{}[memcached]\nservers = [\"{}\"]\n[legacy]\nphp_beside = true\n\
         [quota]\ndaily_write_bytes = \"100 MiB\"\n",
        database.settings(""),
        cache.address()
    ));
    let users = recorded(&server);
    Load::run(&server, &users, Meanwhile::Unnoticed, |load| {
        for _ in 0..2 {
            load.outage_of(&mut cache, Memcached::kill, Memcached::start_again);
        }
        load.outage(|| cache.pause(), || cache.go_on());
    });
}
