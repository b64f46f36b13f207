//! From the start of a process to its first answer, and a whole request where each starts a process.
//!
//! The first answer is one to info/collections, credentials and all, from a worker that has seen nothing
//! before. The password's hash is one that takes no time, in all but one of the lines.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::contender::{Contender, Front};
use crate::figures::{median, rounded, table};
use crate::filling;
use crate::harness::Site;
use crate::house::{DATABASES, House, QUICK_HASH};
use crate::options::Options;
use crate::person::{Dice, Kind};
use crate::worker::{Worker, request};

/// Milliseconds, by what was started.
pub struct Results(Vec<(String, Vec<f64>)>);

/// Measures, all by turns.
pub fn measure(options: &Options) -> Result<Results, String> {
    let mut houses = Vec::new();
    let programs = [
        ("Weft", Some(&options.program)),
        ("compared", options.compare.as_ref()),
    ];
    for (name, program) in programs {
        let Some(program) = program else { continue };
        houses.push((format!("{name}, worker, SQLite"), House::sqlite(program)?));
        let mariadb = House::on(DATABASES[0], program)?;
        houses.push((format!("{name}, worker, MariaDB"), mariadb));
    }
    let cgi = |name: &str, settings: &str| {
        let mut contender = Contender::sqlite_with(name, &options.program, Front::Cgi, settings)?;
        let person = contender.person("ada");
        filling::sign_up(&contender, &person)?;
        contender.people.push(person);
        Ok::<Contender, String>(contender)
    };
    let cgis = [
        cgi("Weft, CGI behind Apache, SQLite", QUICK_HASH)?,
        cgi("the same with the usual hash of passwords", "")?,
    ];
    let nothing = Site::new();
    let program = crate::contender::place(&nothing, &options.nothing, "nothing", "")?;
    let mut results = Results(Vec::new());
    let times = if options.quick { 5 } else { 25 };
    for _ in 0..times {
        for (name, house) in &houses {
            let taken = first_answer(house).map_err(|why| house.told(why))?;
            results.add(name, taken);
        }
        let start = Instant::now();
        let worker = Worker::start(&nothing, &program, &[]).map_err(|why| why.to_string())?;
        let records = request(&houses[0].1.person, "GET", "info/collections", b"");
        worker.send(&records).map_err(|why| why.to_string())?;
        results.add("nothing, worker", start.elapsed());
        for cgi in &cgis {
            let asked = cgi.people[0].asks(Kind::Info, &mut Dice::new(1));
            let mut client = Client::new(cgi.address);
            let start = Instant::now();
            let answer = client.ask(&asked).map_err(|why| why.to_string())?;
            let taken = start.elapsed();
            if answer.status != 200 {
                return Err(format!("{}: {}", cgi.name, client.text()));
            }
            results.add(&cgi.name, taken);
        }
    }
    Ok(results)
}

fn first_answer(house: &House) -> Result<Duration, String> {
    let start = Instant::now();
    let worker = house.worker(&[])?;
    worker
        .ask(&house.person, Kind::Info, &mut Dice::new(1))
        .map_err(|why| why.to_string())?;
    Ok(start.elapsed())
}

impl Results {
    fn add(&mut self, name: &str, taken: Duration) {
        let milliseconds = taken.as_secs_f64() * 1_000.0;
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, all)) => all.push(milliseconds),
            None => self.0.push((name.to_owned(), vec![milliseconds])),
        }
    }

    pub fn print(&self) {
        let mut rows = vec![
            [
                "from the start to the first answer",
                "median ms",
                "least",
                "most",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        for (name, all) in &self.0 {
            let (least, most) = extremes(all);
            let shown = [median(all), least, most].map(|figure| format!("{figure:.1}"));
            rows.push([vec![format!("  {name}")], shown.to_vec()].concat());
        }
        println!("{}", table(&rows));
    }

    pub fn json(&self) -> Value {
        let lines = self.0.iter().map(|(name, all)| {
            let (least, most) = extremes(all);
            json!({
                "what": name,
                "median_ms": rounded(median(all), 2),
                "least_ms": rounded(least, 2),
                "most_ms": rounded(most, 2),
                "times": all.len(),
            })
        });
        lines.collect()
    }
}

fn extremes(all: &[f64]) -> (f64, f64) {
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    (least, all.iter().copied().fold(0.0, f64::max))
}
