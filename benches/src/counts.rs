//! What repeats exactly: statements, exchanges with the database, system calls, instructions. One worker
//! is asked directly, one request after the other.

use std::fmt::Display;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::{Map, Value, json};

use crate::figures::{rounded, table};
use crate::harness::{MariaDb, Wire};
use crate::house::{DATABASES, House};
use crate::options::Options;
use crate::person::{Dice, Kind};
use crate::worker::Worker;

/// Requests until a worker has seen all it wants to know.
const WARM: usize = 4;

/// Counted requests.
const COUNTED: usize = 20;

/// Under valgrind, where each takes fifty times as long.
const COUNTED_SLOWLY: usize = 5;

/// How often workers were asked so far.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// What was counted for one kind of request with one database.
struct Line {
    database: &'static str,
    kind: Kind,
    statements: Option<f64>,
    exchanges: Option<f64>,
    calls: Option<f64>,
    instructions: Option<f64>,
    /// The statements of one request, as the database's log has them.
    log: Vec<String>,
}

pub struct Results(Vec<Line>);

/// Counts.
pub fn measure(options: &Options) -> Result<Results, String> {
    let mut results = Results(Vec::new());
    for database in DATABASES.into_iter().filter(|name| options.invites(name)) {
        let house = House::on(database, &options.program)?;
        eprintln!("counting: {database}");
        fill(&house)?;
        for kind in Kind::ALL {
            let line = count(options, database, &house, kind).map_err(|why| house.told(why))?;
            results.0.push(line);
        }
    }
    Ok(results)
}

/// A history that is long enough for a page.
pub fn fill(house: &House) -> Result<(), String> {
    let worker = house.worker(&[])?;
    let mut dice = Dice::new(1);
    let mut post = |path: &str, ids: Vec<String>| {
        let body = crate::person::batch(&ids, 400, &mut dice);
        let records = crate::worker::request(&house.person, "POST", path, &body);
        worker.send(&records).map_err(|why| house.told(why))
    };
    post("storage/meta", vec!["global".to_owned()])?;
    for first in (0..crate::person::HISTORY).step_by(100) {
        let ids = (first..first + 100).map(crate::person::known_id);
        post("storage/history", ids.collect())?;
    }
    Ok(())
}

fn count(
    options: &Options,
    database: &'static str,
    house: &House,
    kind: Kind,
) -> Result<Line, String> {
    let mut line = Line {
        database,
        kind,
        statements: None,
        exchanges: None,
        calls: None,
        instructions: None,
        log: Vec::new(),
    };
    if let Some((mariadb, _)) = &house.mariadb {
        let worker = house.worker(&[])?;
        ask(&worker, house, kind, WARM)?;
        // One connection for all readings: a new one asks by itself.
        let mut root = mariadb.root("mysql");
        let before = questions(&mut root)?;
        ask(&worker, house, kind, COUNTED)?;
        // The question itself is one of them.
        let asked = questions(&mut root)? - before - 1;
        line.statements = Some(asked as f64 / COUNTED as f64);
        line.log = logged(mariadb, || ask(&worker, house, kind, 1))?;
        let wire = Wire::to(mariadb.port());
        house.through(wire.port);
        let worker = house.worker(&[])?;
        ask(&worker, house, kind, WARM)?;
        let mut done = Ok(());
        let turns = wire.count(|| done = ask(&worker, house, kind, COUNTED));
        done?;
        line.exchanges = Some(turns as f64 / COUNTED as f64);
        house.through(mariadb.port());
    }
    if Path::new("/usr/bin/strace").exists() {
        let file = house.site.path("calls");
        let file = file.to_string_lossy();
        let strace = ["strace", "-c", "-f", "-o", &file];
        line.calls = Some(difference(house, kind, &strace, COUNTED, || calls(&file))?);
    }
    if Path::new("/usr/bin/valgrind").exists() && !options.quick {
        let file = house.site.path("callgrind");
        let out = format!("--callgrind-out-file={}", file.display());
        let valgrind = ["valgrind", "-q", "--tool=callgrind", &out];
        let file = file.to_string_lossy();
        let read = || instructions(&file);
        line.instructions = Some(difference(house, kind, &valgrind, COUNTED_SLOWLY, read)?);
    }
    Ok(line)
}

fn ask(worker: &Worker, house: &House, kind: Kind, times: usize) -> Result<(), String> {
    // Of each call its own: what is sent as new was not sent before.
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut dice = Dice::new(call + 1);
    for _ in 0..times {
        let asked = worker.ask(&house.person, kind, &mut dice);
        asked.map_err(|why| format!("{}: {why}", kind.name()))?;
    }
    Ok(())
}

/// What one request more takes: that of some, less that of none, by two runs of a whole process.
fn difference(
    house: &House,
    kind: Kind,
    wrapper: &[&str],
    times: usize,
    read: impl Fn() -> Option<u64>,
) -> Result<f64, String> {
    let run = |times| {
        let worker = house.worker(wrapper)?;
        ask(&worker, house, kind, WARM + times)?;
        let program = wrapper.first().copied().unwrap_or_default();
        let ended = worker.end();
        ended.map_err(|why| format!("{program}: {why}"))?;
        read().ok_or_else(|| format!("{program} tells nothing"))
    };
    let (none, some) = (run(0)?, run(times)?);
    Ok((some as f64 - none as f64) / times as f64)
}

/// The sum of a summary of strace's: per cent, seconds, microseconds each, calls, perhaps errors.
fn calls(file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().rfind(|line| line.ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

fn instructions(file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let total = |line: &str| {
        let told = line.strip_prefix("summary: ")?;
        told.split(' ').next()?.parse().ok()
    };
    text.lines().find_map(total)
}

fn questions(root: &mut Conn) -> Result<i64, String> {
    let sql = "SELECT CAST(VARIABLE_VALUE AS SIGNED) FROM information_schema.GLOBAL_STATUS \
               WHERE VARIABLE_NAME = 'QUESTIONS'";
    let first: Option<Result<i64, _>> = root.query_first_opt(sql).map_err(said)?;
    first.ok_or("no status")?.map_err(said)
}

/// The statements that the server's log has of some work.
fn logged(
    mariadb: &MariaDb,
    work: impl FnOnce() -> Result<(), String>,
) -> Result<Vec<String>, String> {
    let mut root = mariadb.root("mysql");
    root.query_drop(
        "SET GLOBAL log_output = 'TABLE'; TRUNCATE mysql.general_log; SET GLOBAL general_log = 1",
    )
    .map_err(said)?;
    let done = work();
    root.query_drop("SET GLOBAL general_log = 0")
        .map_err(said)?;
    done?;
    let sql = "SELECT CAST(argument AS CHAR) FROM mysql.general_log \
               WHERE command_type IN ('Query', 'Execute') AND user_host LIKE 'weft%'";
    let rows: Vec<Result<String, _>> = root.query_opt(sql).map_err(said)?;
    let mut statements = Vec::new();
    for row in rows {
        let statement = row.map_err(said)?;
        statements.push(statement.chars().take(300).collect());
    }
    Ok(statements)
}

fn said(why: impl Display) -> String {
    why.to_string()
}

impl Results {
    pub fn print(&self) {
        let head = [
            "per request",
            "statements",
            "exchanges",
            "system calls",
            "instructions",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for line in &self.0 {
            let shown =
                |count: Option<f64>| count.map_or("-".to_owned(), |count| format!("{count:.1}"));
            rows.push(vec![
                format!("  {}, {}", line.kind.name(), line.database),
                shown(line.statements),
                shown(line.exchanges),
                shown(line.calls),
                line.instructions
                    .map_or("-".to_owned(), |count| format!("{count:.0}")),
            ]);
        }
        println!("{}", table(&rows));
    }

    pub fn json(&self) -> Value {
        let lines = self.0.iter().map(|line| {
            let mut all = Map::new();
            let counts = [
                ("statements", line.statements),
                ("exchanges", line.exchanges),
                ("system_calls", line.calls),
                ("instructions", line.instructions),
            ];
            for (name, count) in counts {
                all.insert(name.to_owned(), json!(count.map(|count| rounded(count, 2))));
            }
            json!({
                "request": line.kind.name(),
                "database": line.database,
                "counts": all,
                "log": line.log,
            })
        });
        lines.collect()
    }
}
