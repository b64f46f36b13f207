//! `benches/run`: what Weft takes, beside what Apache, FastCGI and MariaDB take by themselves.
//!
//! - [`contender`] starts what is measured, with the servers of the tests, and [`filling`] fills its
//!   accounts; [`person`] knows the requests.
//! - [`requests`] measures each kind of request by itself and the mix of [`mix`], all contenders by turns;
//!   [`load`] and [`client`] ask, [`processes`] reads what it took.
//! - [`floors`] are the least that is possible: responders that do nothing, or ask and do nothing; [`php`] is
//!   the least that PHP can do with the statements of the legacy server.
//! - [`fronts`] compares Apache's modules; [`start`] takes the time of first answers, with a [`worker`] that
//!   is asked directly, in a [`house`] of its own.
//! - [`counts`] counts what repeats exactly; [`growth`] asks what more records and more accounts cost.
//! - [`figures`] makes medians, tables and JSON of it, [`charts`] pictures.

mod charts;
mod client;
mod contender;
mod counts;
mod figures;
mod filling;
mod floors;
mod fronts;
mod growth;
#[path = "../../tests/harness/mod.rs"]
mod harness;
mod house;
mod load;
mod mix;
mod options;
mod person;
mod php;
mod processes;
mod requests;
mod start;
mod worker;

use std::process::{Command, ExitCode};
use std::thread;

use clap::Parser;
use serde_json::json;

use contender::{Contender, DURABILITY, Front, Tables};
use options::{Options, Thing};
use requests::Field;

/// The responder that does nothing, as tables call it.
const NOTHING: &str = "nothing, mod_fcgid";

/// Weft in the place of PHP.
const MARIADB: &str = "Weft, mod_fcgid, MariaDB";

/// The same with nothing beside Apache.
const SQLITE: &str = "Weft, mod_fcgid, SQLite";

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("benches/run: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let machine = machine();
    println!("{}\n{DURABILITY}\n", machine.join("\n"));
    let mut report = json!({ "machine": machine, "durability": DURABILITY });
    if options.measures(Thing::Requests) || options.measures(Thing::Mix) {
        let field = field(options)?;
        let results = requests::measure(options, &field)?;
        results.print();
        report["requests"] = results.json();
        if let Some(folder) = &options.charts {
            charts::write(&results, folder)?;
        }
    }
    if options.measures(Thing::Fronts) {
        let results = fronts::measure(options)?;
        results.print();
        report["fronts"] = results.json();
    }
    if options.measures(Thing::Start) {
        let results = start::measure(options)?;
        results.print();
        report["start"] = results.json();
    }
    if options.measures(Thing::Counts) {
        let results = counts::measure(options)?;
        results.print();
        report["counts"] = results.json();
    }
    if options.measures(Thing::Growth) {
        let results = growth::measure(options)?;
        results.print();
        report["growth"] = results.json();
    }
    if let Some(file) = &options.json {
        let text = format!("{report:#}\n");
        std::fs::write(file, text).map_err(|why| format!("{}: {why}", file.display()))?;
    }
    Ok(())
}

/// Starts what takes part, and fills its accounts.
fn field(options: &Options) -> Result<Field, String> {
    // First, so that a wrong address or password is told before anything took its time.
    let peer = options.peer()?;
    let peer = peer.map(|peer| Contender::peer(&peer)).transpose()?;
    if let Some(peer) = &peer {
        eprintln!("filling: {}", peer.name);
        filling::fill(peer, &peer.people[0])?;
    }
    let mut servers = Vec::new();
    let mut start = |name: &str, start: &dyn Fn(&str) -> Result<Contender, String>| {
        if options.invites(name) {
            eprintln!("starting: {name}");
            servers.push(start(name)?);
        }
        Ok::<(), String>(())
    };
    let program = &options.program;
    start(MARIADB, &|name| {
        Contender::mariadb(name, program, Tables::Php)
    })?;
    start("Weft, mod_fcgid, MariaDB, own tables", &|name| {
        Contender::mariadb(name, program, Tables::Own)
    })?;
    if let Some(other) = &options.compare {
        start("compared, mod_fcgid, MariaDB", &|name| {
            Contender::mariadb(name, other, Tables::Php)
        })?;
    }
    for (name, connections) in php::ALL {
        if options.invites(name) && php::is_there_for(name) {
            start(name, &|name| php::statements(name, connections))?;
        }
    }
    start(SQLITE, &|name| {
        Contender::sqlite(name, program, Front::ModFcgid)
    })?;
    if let Some(other) = &options.compare {
        start("compared, mod_fcgid, SQLite", &|name| {
            Contender::sqlite(name, other, Front::ModFcgid)
        })?;
    }
    start("Weft, built-in server, SQLite", &|name| {
        Contender::sqlite(name, program, Front::Builtin)
    })?;
    start("Weft, CGI, SQLite", &|name| {
        Contender::sqlite(name, program, Front::Cgi)
    })?;
    let accounts = if peer.is_some() { 1 } else { options.clients };
    fill(&mut servers, accounts)?;
    servers.extend(peer);
    let floors = match options.measures(Thing::Requests) {
        true => floors::start(options)?,
        false => Vec::new(),
    };
    Ok(Field {
        servers,
        floors,
        select: options.measures(Thing::Requests),
    })
}

/// Fills all at the same time.
fn fill(servers: &mut [Contender], accounts: usize) -> Result<(), String> {
    if servers.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = servers.iter().map(|server| &*server.name).collect();
    eprintln!("filling: {}", names.join("; "));
    let people: Vec<_> = thread::scope(|scope| {
        let fillings: Vec<_> = servers
            .iter()
            .map(|server| {
                // Where each request hashes a password, a few accounts take long enough.
                let accounts = if server.marks.is_cgi { 2 } else { accounts };
                scope.spawn(move || filling::people(server, accounts))
            })
            .collect();
        let ended = fillings.into_iter().map(|filling| filling.join());
        let told =
            ended.map(|people| people.unwrap_or_else(|_| Err("a thread panicked".to_owned())));
        told.collect()
    });
    for (server, people) in servers.iter_mut().zip(people) {
        server.people = people?;
    }
    Ok(())
}

/// What the figures belong to.
fn machine() -> Vec<String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let asked = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok()?;
        Some(first_line(
            String::from_utf8_lossy(&output.stdout).into_owned(),
        ))
    };
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|name| name.trim_start_matches([' ', '\t', ':']).to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let lines = [
        Some(format!("{cores} cores, {}", model.unwrap_or_default())),
        asked("uname", "-sr"),
        asked("/usr/sbin/apache2", "-v"),
        asked("/usr/sbin/mariadbd", "--version"),
        asked("/usr/bin/memcached", "--version"),
        asked("date", "-u"),
        load.split(' ')
            .next()
            .map(|load| format!("load before the start: {load}")),
    ];
    lines.into_iter().flatten().collect()
}
