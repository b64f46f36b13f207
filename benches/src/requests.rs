//! Each kind of request by itself, and the mix: all contenders by turns, as often as there are rounds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use serde_json::{Value, json};

use crate::contender::Contender;
use crate::figures::{Figures, rounded, table};
use crate::harness::MariaDb;
use crate::load::{Load, Script, put_on};
use crate::mix::Mix;
use crate::options::{Options, Thing};
use crate::person::{Dice, Kind};
use crate::processes::{Group, between};

/// What takes part.
pub struct Field {
    /// Those that know accounts.
    pub servers: Vec<Contender>,
    /// The least that is possible: they answer anything, and are asked one thing only.
    pub floors: Vec<Contender>,
    /// The database that `select 1` is asked of: the first contender's.
    pub select: bool,
}

/// Figures by what was asked and of whom, in the order of the table.
#[derive(Default)]
pub struct Results {
    figures: Vec<(String, String, Figures)>,
    memory: Vec<(String, Vec<u64>)>,
}

const MIX: &str = "mix";
const SELECT: &str = "select 1";

/// Measures.
pub fn measure(options: &Options, field: &Field) -> Result<Results, String> {
    let mut kinds: Vec<Option<Kind>> = Vec::new();
    if options.measures(Thing::Requests) {
        kinds.extend(Kind::ALL.map(Some));
    }
    if options.measures(Thing::Mix) {
        kinds.push(None);
    }
    let mut mixes = Vec::new();
    for server in &field.servers {
        let takes_part = options.measures(Thing::Mix);
        let accounts = options.accounts * usize::from(takes_part);
        mixes.push(Mix::prepare(server, accounts)?);
    }
    let mut results = Results::default();
    results.lay(&kinds, field);
    for (server, mix) in field.servers.iter().zip(&mixes) {
        if server.marks.is_cgi {
            continue;
        }
        // Long answers, and more clients than there will be, so that no turn finds too few workers.
        let more = options.clients + 2;
        warm_up(server, options, || server.asking(Kind::History, more, 0))?;
        learn(server, || server.asking(Kind::Info, more, 0))?;
        if options.measures(Thing::Mix) {
            learn(server, || mix.scripts(more, 0))?;
        }
    }
    for floor in &field.floors {
        warm_up(floor, options, || {
            floor.asking_anything(options.clients * 2)
        })?;
    }
    for round in 0..=options.rounds() {
        // The round before the first is for caches to fill, and counts for nothing.
        let counts = round > 0;
        for kind in &kinds {
            for place in 0..field.servers.len() {
                let place = (place + round) % field.servers.len();
                let server = &field.servers[place];
                let turn = if counts { options.turn() } else { SETTLING };
                let (load, spent) = match kind {
                    Some(kind) => {
                        server.turn(turn, server.asking(*kind, options.clients, round))?
                    }
                    None => server.turn(turn, mixes[place].scripts(options.clients, round))?,
                };
                if counts {
                    let name = kind.map_or(MIX, Kind::name);
                    results.of(name, &server.name).add(load, spent);
                }
            }
            if *kind == Some(Kind::Info) {
                results.floors(options, field, counts)?;
            }
        }
    }
    // Whose turn was the last is still at work, and gives memory back when it has nothing to do.
    std::thread::sleep(REST);
    for contender in field.servers.iter().chain(&field.floors) {
        let memory = contender.marks.worker_memory();
        if !memory.is_empty() && !contender.marks.is_cgi {
            results.memory.push((contender.name.clone(), memory));
        }
    }
    Ok(results)
}

/// Before memory is looked at.
const REST: Duration = Duration::from_secs(1);

/// How long each kind is asked for before it is measured.
const SETTLING: Duration = Duration::from_millis(150);

/// Until Apache has started more workers than clients: it starts one when a request has found none idle for
/// a second.
pub fn warm_up<'s>(
    server: &Contender,
    options: &Options,
    scripts: impl Fn() -> Vec<Script<'s>>,
) -> Result<(), String> {
    for _ in 0..8 {
        server.turn(Duration::from_millis(250), scripts())?;
        if !server.grows || server.marks.workers() > options.clients {
            break;
        }
    }
    Ok(())
}

/// Until each worker has seen each account: passwords are hashed slowly on purpose, and remembered by the
/// worker that did it. Then a request takes no less than it did in the turn before.
fn learn<'s>(server: &Contender, scripts: impl Fn() -> Vec<Script<'s>>) -> Result<(), String> {
    let mut last = f64::INFINITY;
    let mut steady = 0;
    for _ in 0..16 {
        let (load, spent) = server.turn(Duration::from_millis(500), scripts())?;
        let worker = spent.get(&Group::Worker).copied().unwrap_or_default() as f64;
        let each = worker / load.requests().max(1) as f64;
        steady = if each > last * 0.8 { steady + 1 } else { 0 };
        last = each;
        if steady == 3 {
            break;
        }
    }
    Ok(())
}

impl Contender {
    /// One turn, and the nanoseconds that it took of each group of processes.
    pub fn turn(
        &self,
        length: Duration,
        scripts: Vec<Script<'_>>,
    ) -> Result<(Load, BTreeMap<Group, u64>), String> {
        let before = self.marks.spent();
        // 404: what a session of the mix asks for may not be there yet.
        let load = put_on(self.address, length, scripts, |status| {
            matches!(status, 200 | 404)
        });
        let load = load.map_err(|why| format!("{}: {why}\n{}", self.name, self.logs()))?;
        Ok((load, between(&before, &self.marks.spent())))
    }

    /// Clients who ask for one kind of thing, each with an account of its own as far as there are so many.
    pub fn asking(&self, kind: Kind, clients: usize, round: usize) -> Vec<Script<'static>> {
        (0..clients)
            .map(|client| {
                let person = self.people[client % self.people.len()].clone();
                let mut dice = Dice::new((round * 1_000 + client + 1) as u64);
                Box::new(move |_| person.asks(kind, &mut dice)) as Script<'static>
            })
            .collect()
    }

    /// Clients who ask as a browser does, of a server that does not know them.
    pub fn asking_anything(&self, clients: usize) -> Vec<Script<'static>> {
        let request = self
            .person("ada0")
            .asks(Kind::Info, &mut Dice::new(1))
            .into_boxed_slice();
        (0..clients)
            .map(|_| {
                let request = request.clone();
                Box::new(move |_| request.to_vec()) as Script<'static>
            })
            .collect()
    }
}

impl Results {
    fn of(&mut self, what: &str, whose: &str) -> &mut Figures {
        let known = |(a, b, _): &(String, String, Figures)| a == what && b == whose;
        let place = self.figures.iter().position(known).unwrap_or_else(|| {
            let new = (what.to_owned(), whose.to_owned(), Figures::default());
            self.figures.push(new);
            self.figures.len() - 1
        });
        &mut self.figures[place].2
    }

    /// The order of the table.
    fn lay(&mut self, kinds: &[Option<Kind>], field: &Field) {
        for kind in kinds {
            let floors = field.floors.iter().filter(|_| *kind == Some(Kind::Info));
            for contender in field.servers.iter().chain(floors) {
                self.of(kind.map_or(MIX, Kind::name), &contender.name);
            }
            if *kind == Some(Kind::Info) && field.select {
                self.of(Kind::Info.name(), SELECT);
            }
        }
    }

    fn floors(&mut self, options: &Options, field: &Field, counts: bool) -> Result<(), String> {
        let turn = if counts { options.turn() } else { SETTLING };
        for floor in &field.floors {
            let (load, spent) = floor.turn(turn, floor.asking_anything(options.clients))?;
            if counts {
                self.of(Kind::Info.name(), &floor.name).add(load, spent);
            }
        }
        let database = field.servers.iter().find(|server| server.mariadb.is_some());
        let Some((mariadb, marks)) = database
            .and_then(|server| Some((&server.mariadb.as_ref()?.0, &server.marks)))
            .filter(|_| field.select)
        else {
            return Ok(());
        };
        let before = marks.spent();
        let load = select_one(mariadb, options.clients, turn)?;
        let mut spent = between(&before, &marks.spent());
        spent.retain(|group, _| *group == Group::MariaDb);
        if counts {
            self.of(Kind::Info.name(), SELECT).add(load, spent);
        }
        Ok(())
    }

    /// How many times as fast the first answers info/collections as the second, in the middle of the rounds.
    fn ratio(&self, one: &str, other: &str) -> Option<f64> {
        let rates = |whose: &str| Some(&self.find(Kind::Info.name(), whose)?.rates);
        let pairs = rates(one)?.iter().zip(rates(other)?);
        let ratios: Vec<f64> = pairs.map(|(one, other)| one / other).collect();
        Some(crate::figures::median(&ratios))
    }

    /// What somebody came to.
    pub fn find(&self, what: &str, whose: &str) -> Option<&Figures> {
        let mut known = self.figures.iter();
        let found = known.find(|(known, who, _)| known == what && who == whose)?;
        (!found.2.rates.is_empty()).then_some(&found.2)
    }

    /// As people read it.
    pub fn print(&self) {
        let mut rows = vec![
            [
                "",
                "requests/s",
                "p50 ms",
                "p99 ms",
                "worker ms",
                "Apache ms",
                "MariaDB ms",
                "memcached ms",
                "bytes",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        let mut last = "";
        for (what, whose, figures) in &self.figures {
            if figures.rates.is_empty() {
                continue;
            }
            if what != last {
                rows.push(vec![what.clone()]);
                last = what;
            }
            let mut row = vec![
                format!("  {whose}"),
                format!("{:.0}", figures.rate()),
                format!("{:.2}", figures.wait(0.5)),
                format!("{:.2}", figures.wait(0.99)),
            ];
            row.extend(Group::ALL.map(|group| {
                let cpu = figures.cpu(group).filter(|cpu| *cpu > 0.000_05);
                cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.3}"))
            }));
            row.push(figures.bytes.to_string());
            rows.push(row);
        }
        if rows.len() > 1 {
            println!("{}", table(&rows));
        }
        for (whose, _) in &self.memory {
            if let Some(ratio) = self.ratio(whose, crate::NOTHING) {
                println!(
                    "{whose}: info/collections at {ratio:.2} of the responder that does nothing"
                );
            }
        }
        for (whose, memory) in &self.memory {
            println!(
                "{whose}: {} workers of {:.1} MB proportional memory, the largest {:.1} MB",
                memory.len(),
                average(memory) / 1e6,
                memory.iter().max().map_or(0.0, |most| *most as f64 / 1e6)
            );
        }
    }

    /// As programs read it.
    pub fn json(&self) -> Value {
        let measured = self
            .figures
            .iter()
            .filter(|(_, _, figures)| !figures.rates.is_empty());
        let figures = measured.map(|(what, whose, figures)| {
            json!({ "request": what, "contender": whose, "figures": figures.json() })
        });
        let memory = self.memory.iter().map(|(whose, memory)| {
            json!({
                "contender": whose,
                "workers": memory.len(),
                "average_bytes": rounded(average(memory), 0),
                "largest_bytes": memory.iter().max(),
                "info_collections_beside_nothing": self.ratio(whose, crate::NOTHING),
            })
        });
        json!({
            "figures": figures.collect::<Vec<_>>(),
            "workers": memory.collect::<Vec<_>>(),
        })
    }
}

fn average(memory: &[u64]) -> f64 {
    memory.iter().sum::<u64>() as f64 / memory.len().max(1) as f64
}

/// The least that a question to the database takes, through the package that Weft uses.
fn select_one(mariadb: &MariaDb, clients: usize, length: Duration) -> Result<Load, String> {
    let connect = || {
        let options = OptsBuilder::new()
            .socket(mariadb.socket().to_str())
            .user(Some(MariaDb::USER))
            .pass(Some(MariaDb::PASSWORD));
        Conn::new(options).map_err(|why| why.to_string())
    };
    let connections: Result<Vec<Conn>, String> = (0..clients).map(|_| connect()).collect();
    let start = Instant::now();
    let waits: Result<Vec<Vec<u32>>, String> = std::thread::scope(|scope| {
        let threads: Vec<_> = connections?
            .into_iter()
            .map(|mut connection| {
                scope.spawn(move || {
                    let mut waits = Vec::new();
                    while start.elapsed() < length {
                        let asked = Instant::now();
                        connection
                            .query_drop("SELECT 1")
                            .map_err(|why| why.to_string())?;
                        waits.push(asked.elapsed().as_micros() as u32);
                    }
                    Ok(waits)
                })
            })
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|waits| waits.unwrap_or_else(|_| Err("a client panicked".to_owned())))
            .collect()
    });
    Ok(Load {
        seconds: start.elapsed().as_secs_f64(),
        waits: waits?.concat(),
        bytes: 0,
    })
}
