//! What a request costs when a collection has more records, and the server more accounts. One worker is asked
//! directly, one request after the other.

use std::time::Instant;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::figures::{median, rounded, table};
use crate::harness::MariaDb;
use crate::house::{DATABASES, House};
use crate::options::Options;
use crate::person::{Dice, Kind, batch, known_id, record, what};
use crate::processes::{Group, Marks, between};
use crate::worker::{Worker, request};

/// Requests of each kind at each size.
const TIMES: usize = 40;

/// Requests whose reads are counted.
const COUNTED: usize = 10;

/// The kinds: those that read, and writes of the same size each time into the collection that grows.
const KINDS: [Kind; 5] = [
    Kind::Info,
    Kind::Meta,
    Kind::History,
    Kind::Put,
    Kind::Repost,
];

/// The records of each account that is there for the number.
const EACH: u64 = 10;

struct Line {
    database: &'static str,
    kind: Kind,
    points: Vec<Point>,
}

/// How one kind of request fared at one size.
struct Point {
    kind: Kind,
    /// The number that grew.
    size: u64,
    /// Milliseconds, in the middle.
    taken: f64,
    /// Milliseconds of processor time of one request, on average.
    worker: f64,
    database: Option<f64>,
    /// Rows and index entries that MariaDB looked at for one request, in the middle: one change in some
    /// tidies up what is kept for an undo, and reads all of that.
    reads: Option<f64>,
}

/// What grows, and how requests fared.
pub struct Results(Vec<(&'static str, Vec<Line>)>);

/// Measures.
pub fn measure(options: &Options) -> Result<Results, String> {
    let (records, accounts): (&[u64], &[u64]) = match options.quick {
        true => (&[100, 1_000], &[10, 100]),
        false => (&[100, 1_000, 10_000, 100_000], &[10, 10_000]),
    };
    let mut by_records = Vec::new();
    let mut by_accounts = Vec::new();
    for database in DATABASES.into_iter().filter(|name| options.invites(name)) {
        eprintln!("growing: {database}");
        let house = House::on(database, &options.program)?;
        let grown = grow(&house, accounts, |house, from, to| {
            if from == 0 {
                more_records(house, 0, 1_000)?;
            }
            more_accounts(house, from, to)
        });
        add(
            &mut by_accounts,
            database,
            grown.map_err(|why| house.told(why))?,
        );
        let house = House::on(database, &options.program)?;
        let grown = grow(&house, records, more_records);
        add(
            &mut by_records,
            database,
            grown.map_err(|why| house.told(why))?,
        );
    }
    Ok(Results(vec![
        ("records in the collection", by_records),
        ("accounts", by_accounts),
    ]))
}

fn add(lines: &mut Vec<Line>, database: &'static str, mut points: Vec<Point>) {
    for kind in KINDS {
        let of_kind = points.extract_if(.., |point| point.kind == kind);
        lines.push(Line {
            database,
            kind,
            points: of_kind.collect(),
        });
    }
}

/// Measures at each size; `more` takes the house from one to the next.
fn grow(
    house: &House,
    sizes: &[u64],
    more: impl Fn(&House, u64, u64) -> Result<(), String>,
) -> Result<Vec<Point>, String> {
    let mut points = Vec::new();
    let mut from = 0;
    for size in sizes {
        more(house, from, *size)?;
        from = *size;
        let worker = house.worker(&[])?;
        for kind in KINDS {
            let known = if sizes.len() > 2 { *size } else { 1_000 };
            let ask = Asking {
                worker: &worker,
                house,
                kind,
                known,
            };
            // Caches fill, and prepared statements are prepared.
            ask.times(5)?;
            let marks = Marks {
                folder: house.site.folder.clone(),
                mariadb: house.mariadb.as_ref().map(|(mariadb, _)| mariadb.port()),
                ..Marks::default()
            };
            let before = marks.spent();
            let taken = ask.times(TIMES)?;
            let spent = between(&before, &marks.spent());
            let of = |group| {
                spent
                    .get(&group)
                    .map(|time| *time as f64 / 1e6 / TIMES as f64)
            };
            let reads = match &house.mariadb {
                Some((mariadb, _)) => Some(ask.reads(mariadb)?),
                None => None,
            };
            points.push(Point {
                kind,
                size: *size,
                taken: median(&taken),
                worker: of(Group::Worker).unwrap_or_default(),
                database: of(Group::MariaDb),
                reads,
            });
        }
    }
    Ok(points)
}

struct Asking<'h> {
    worker: &'h Worker,
    house: &'h House,
    kind: Kind,
    /// Records that are there.
    known: u64,
}

impl Asking<'_> {
    /// Milliseconds of each.
    fn times(&self, times: usize) -> Result<Vec<f64>, String> {
        let mut dice = Dice::new(self.known + times as u64);
        (0..times).map(|_| self.once(&mut dice)).collect()
    }

    /// Milliseconds of one.
    fn once(&self, dice: &mut Dice) -> Result<f64, String> {
        let (method, path, body) = self.next(dice);
        let records = request(&self.house.person, method, &path, &body);
        let start = Instant::now();
        let answer = self.worker.send(&records).map_err(|why| why.to_string())?;
        let taken = start.elapsed().as_secs_f64() * 1_000.0;
        let head = String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned();
        match head.contains("Status:") && !head.contains("Status: 200") {
            true => Err(format!("{method} {path}: {head}")),
            false => Ok(taken),
        }
    }

    fn next(&self, dice: &mut Dice) -> (&'static str, String, Vec<u8>) {
        match self.kind {
            Kind::Put => {
                let id = known_id(dice.below(self.known));
                let body = record(&id, 400, dice).into_bytes();
                ("PUT", format!("storage/history/{id}"), body)
            }
            Kind::Repost => {
                let first = dice.below(self.known.saturating_sub(100));
                let ids: Vec<String> = (first..first + 100).map(known_id).collect();
                ("POST", "storage/history".to_owned(), batch(&ids, 400, dice))
            }
            other => what(other, dice),
        }
    }

    /// Rows and index entries that MariaDB looked at for one request.
    fn reads(&self, mariadb: &MariaDb) -> Result<f64, String> {
        let mut root = mariadb.root("mysql");
        let mut read = || {
            let sql = "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) \
                       FROM information_schema.GLOBAL_STATUS \
                       WHERE VARIABLE_NAME LIKE 'HANDLER\\_READ\\_%'";
            let first: Option<Result<i64, _>> =
                root.query_first_opt(sql).map_err(|why| why.to_string())?;
            first.ok_or("no status")?.map_err(|why| why.to_string())
        };
        // The question reads too: what two in a row differ by is its own.
        let (zero, mut before) = (read()?, read()?);
        let own = before - zero;
        let mut reads = Vec::new();
        let mut dice = Dice::new(self.known);
        for _ in 0..COUNTED {
            self.once(&mut dice)?;
            let after = read()?;
            reads.push((after - before - own) as f64);
            before = after;
        }
        Ok(median(&reads))
    }
}

/// Lets the history of the account grow.
fn more_records(house: &House, from: u64, to: u64) -> Result<(), String> {
    let worker = house.worker(&[])?;
    let mut dice = Dice::new(to);
    let person = crate::person::Person {
        api: "1.0".to_owned(),
        ..house.person.clone()
    };
    let mut post = |collection: &str, ids: Vec<String>| {
        let body = batch(&ids, 400, &mut dice);
        let path = format!("storage/{collection}");
        let sent = worker.send(&request(&person, "POST", &path, &body));
        sent.map_err(|why| why.to_string())
    };
    post("meta", vec!["global".to_owned()])?;
    let all: Vec<u64> = (from..to).collect();
    for some in all.chunks(1_000) {
        post("history", some.iter().copied().map(known_id).collect())?;
    }
    Ok(())
}

/// Makes accounts with a few records each, all at once: copies of one, restored from a backup that is
/// written here as `docs/backup-command.md` says.
fn more_accounts(house: &House, from: u64, to: u64) -> Result<(), String> {
    let run = |arguments: &[&str], input: &str| {
        let ran = crate::harness::command::run(&house.site, &house.program, arguments, input);
        match ran.code {
            0 => Ok(ran.output),
            _ => Err(format!("weft {arguments:?}: {}{}", ran.output, ran.errors)),
        }
    };
    let name = format!("model{from}");
    run(&["user", "add", &name], crate::contender::PASSWORD)?;
    let worker = house.worker(&[])?;
    let model = crate::person::Person {
        name: name.clone(),
        ..house.person.clone()
    };
    let ids: Vec<String> = (0..EACH).map(known_id).collect();
    let body = batch(&ids, 400, &mut Dice::new(to));
    let sent = worker.send(&request(&model, "POST", "storage/history", &body));
    sent.map_err(|why| why.to_string())?;
    let saved = run(&["backup", "--user", &name], "")?;
    let file = house
        .site
        .write("many.backup", copies(&saved, &name, from..to)?);
    flush(house, 0)?;
    let done = run(&["restore", &file.to_string_lossy(), "--quiet"], "");
    flush(house, 1)?;
    done.map(drop)
}

/// Whether MariaDB flushes its log at each commit; not worth waiting for while accounts are made.
fn flush(house: &House, value: u8) -> Result<(), String> {
    let Some((mariadb, _)) = &house.mariadb else {
        return Ok(());
    };
    let sql = format!("SET GLOBAL innodb_flush_log_at_trx_commit = {value}");
    let done = mariadb.root("mysql").query_drop(sql);
    done.map_err(|why| why.to_string())
}

/// A backup of one user, made one of many.
fn copies(saved: &str, name: &str, numbers: std::ops::Range<u64>) -> Result<String, String> {
    let lines: Vec<&str> = saved.lines().collect();
    let [head, section @ .., _, _, _] = &lines[..] else {
        return Err(format!("no backup: {saved}"));
    };
    let mut chain = Sha256::new_with_prefix(format!("{head}\n"));
    let mut text = format!("{head}\n");
    let users = numbers.end - numbers.start;
    for number in numbers {
        let mut own = String::new();
        for line in section {
            let line = match line.starts_with("{\"user\"") {
                true => renamed(line, name, number)?,
                false => (*line).to_owned(),
            };
            own += &format!("{line}\n");
        }
        let sum = hex(&Sha256::digest(&own));
        chain.update(&sum);
        text += &format!("{own}{{\"sha256\":\"{sum}\"}}\n");
    }
    let (records, bytes) = (users * EACH, users * EACH * 400);
    text +=
        &format!("{{\"whole\":{{\"users\":{users},\"records\":{records},\"bytes\":{bytes}}}}}\n");
    text += &format!("{{\"sha256\":\"{}\"}}\n", hex(&chain.finalize()));
    Ok(text)
}

fn renamed(line: &str, name: &str, number: u64) -> Result<String, String> {
    let user: Value = serde_json::from_str(line).map_err(|why| why.to_string())?;
    let old = user["user"]["number"].as_u64().ok_or("no number")?;
    let named = line.replace(&format!("\"{name}\""), &format!("\"many{number}\""));
    let (was, is) = (
        format!("\"number\":{old}"),
        format!("\"number\":{}", 1_000_000 + number),
    );
    Ok(named.replace(&was, &is))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Point {
    fn shown(&self) -> String {
        let database = self.database.map(|time| format!(" + {time:.2}"));
        let reads = self.reads.map(|reads| format!(" ({reads:.0})"));
        let rest = [database, reads].into_iter().flatten().collect::<String>();
        format!("{:.2}{rest}", self.worker)
    }
}

impl Results {
    pub fn print(&self) {
        for (what, lines) in &self.0 {
            let sizes = lines.first().map(|line| &line.points);
            let what = format!("ms of worker + MariaDB (rows read), by {what}");
            let mut head = vec![what];
            head.extend(
                sizes
                    .into_iter()
                    .flatten()
                    .map(|point| point.size.to_string()),
            );
            let mut rows = vec![head];
            for line in lines {
                let mut row = vec![format!("  {}, {}", line.kind.name(), line.database)];
                row.extend(line.points.iter().map(Point::shown));
                rows.push(row);
            }
            println!("{}", table(&rows));
        }
    }

    pub fn json(&self) -> Value {
        let all = self.0.iter().flat_map(|(what, lines)| {
            lines.iter().map(move |line| {
                let points = line.points.iter().map(|point| {
                    json!({
                        "size": point.size,
                        "median_ms": rounded(point.taken, 3),
                        "worker_ms": rounded(point.worker, 3),
                        "mariadb_ms": point.database.map(|time| rounded(time, 3)),
                        "rows_read": point.reads,
                    })
                });
                json!({
                    "by": what,
                    "request": line.kind.name(),
                    "database": line.database,
                    "points": points.collect::<Vec<_>>(),
                })
            })
        });
        all.collect()
    }
}
