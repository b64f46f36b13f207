//! Apache's modules and their settings, when as many clients ask without a pause as there were workers.
//!
//! mod_fcgid sleeps for a second when it finds no worker that is idle, and starts another only then. A
//! worker is idle a moment after its answer has left, so that as many workers as clients are too few.

use std::time::Duration;

use serde_json::{Value, json};

use crate::contender::{Contender, Front};
use crate::figures::{Figures, table};
use crate::filling;
use crate::harness::project;
use crate::options::Options;
use crate::person::Kind;

/// An answer after so many microseconds met mod_fcgid asleep.
const ASLEEP: u32 = 500_000;

/// What one front came to.
struct Line {
    name: String,
    figures: Figures,
    /// Answers of the first seconds after Apache's start, and how many of them came late.
    first: (usize, usize),
    asleep: usize,
}

pub struct Results(Vec<Line>);

/// Measures, all by turns.
pub fn measure(options: &Options) -> Result<Results, String> {
    let conf = |name: &str| {
        let file = project().join("apache").join(name);
        std::fs::read_to_string(&file).map_err(|why| format!("{}: {why}", file.display()))
    };
    let ours = conf("weft-fcgid.conf")?;
    let eight = set(&ours, "FcgidMaxProcessesPerClass", "8");
    let sixteen = set(&ours, "FcgidMaxProcessesPerClass", "16");
    let proxy = conf("weft-proxy-fcgi.conf")?;
    let (weft, nothing) = (&options.program, &options.nothing);
    let fcgid = Front::ModFcgid;
    let fronts = [
        ("nothing, mod_fcgid, 8 processes", nothing, fcgid, &eight),
        ("nothing, mod_fcgid as set up here", nothing, fcgid, &ours),
        ("Weft, mod_fcgid, 8 processes", weft, fcgid, &eight),
        ("Weft, mod_fcgid, 16 processes", weft, fcgid, &sixteen),
        ("Weft, mod_fcgid as set up here", weft, fcgid, &ours),
        (
            "Weft, mod_proxy_fcgi, 8 workers",
            weft,
            Front::ModProxyFcgi,
            &proxy,
        ),
    ];
    let mut contenders = Vec::new();
    let mut lines = Vec::new();
    for (name, program, front, conf) in fronts {
        eprintln!("starting: {name}");
        let mut contender = Contender::under(name, program, front, conf)?;
        let people = if program == nothing {
            0
        } else {
            options.clients
        };
        for number in 0..people {
            let person = contender.person(&format!("ada{number}"));
            filling::sign_up(&contender, &person)?;
            contender.people.push(person);
        }
        let (load, _) = contender.turn(Duration::from_secs(2), asking(&contender, options))?;
        let late = load.waits.iter().filter(|wait| **wait > ASLEEP).count();
        lines.push(Line {
            name: name.to_owned(),
            figures: Figures::default(),
            first: (load.requests(), late),
            asleep: 0,
        });
        contenders.push(contender);
    }
    for contender in &contenders {
        crate::requests::warm_up(contender, options, || asking(contender, options))?;
    }
    for _ in 0..options.rounds() {
        for (contender, line) in contenders.iter().zip(&mut lines) {
            let (load, spent) = contender.turn(options.turn(), asking(contender, options))?;
            line.asleep += load.waits.iter().filter(|wait| **wait > ASLEEP).count();
            line.figures.add(load, spent);
        }
    }
    Ok(Results(lines))
}

fn asking(contender: &Contender, options: &Options) -> Vec<crate::load::Script<'static>> {
    match contender.people.is_empty() {
        true => contender.asking_anything(options.clients),
        false => contender.asking(Kind::Info, options.clients, 0),
    }
}

/// A configuration in which a directive has another value.
fn set(conf: &str, directive: &str, value: &str) -> String {
    let lines = conf.lines().map(|line| {
        let is_it = line.trim_start().split(' ').next() == Some(directive);
        match is_it {
            true => format!("    {directive} {value}\n"),
            false => format!("{line}\n"),
        }
    });
    lines.collect()
}

impl Results {
    pub fn print(&self) {
        let head = [
            "info/collections",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "longest ms",
            "over 0.5 s",
            "of the first 2 s",
            "worker ms",
            "Apache ms",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for line in &self.0 {
            let figures = &line.figures;
            let cpu = |group| {
                let spent = figures.cpu(group);
                spent.map_or("-".to_owned(), |spent| format!("{spent:.3}"))
            };
            rows.push(vec![
                format!("  {}", line.name),
                format!("{:.0}", figures.rate()),
                format!("{:.2}", figures.wait(0.5)),
                format!("{:.2}", figures.wait(0.99)),
                format!("{:.1}", figures.wait(1.0)),
                line.asleep.to_string(),
                format!("{} of {}", line.first.1, line.first.0),
                cpu(crate::processes::Group::Worker),
                cpu(crate::processes::Group::Apache),
            ]);
        }
        println!("{}", table(&rows));
    }

    pub fn json(&self) -> Value {
        let lines = self.0.iter().map(|line| {
            json!({
                "front": line.name,
                "figures": line.figures.json(),
                "answers_after_half_a_second": line.asleep,
                "of_the_first_two_seconds": { "answers": line.first.0, "late": line.first.1 },
            })
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directive_is_changed_and_no_comment() {
        let conf = "# FcgidIdle 1\n    FcgidIdle 300\nFcgidIdleMore 2\n";
        let changed = "# FcgidIdle 1\n    FcgidIdle 7\nFcgidIdleMore 2\n";
        assert_eq!(set(conf, "FcgidIdle", "7"), changed);
    }
}
