//! Figures of many turns, and what is told of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::load::Load;
use crate::processes::Group;

/// What one contender came to at one kind of request.
#[derive(Debug, Default)]
pub struct Figures {
    /// Requests a second of each turn.
    pub rates: Vec<f64>,
    /// Microseconds of every answer.
    waits: Vec<u32>,
    /// Microseconds of processor time per request, of each turn.
    pub cpu: BTreeMap<Group, Vec<f64>>,
    /// Bytes of an answer's body on average.
    pub bytes: usize,
}

impl Figures {
    /// Adds a turn, and the nanoseconds that it took of each group of processes.
    pub fn add(&mut self, load: Load, spent: BTreeMap<Group, u64>) {
        let requests = load.requests().max(1);
        self.rates.push(load.rate());
        self.bytes = load.bytes / requests;
        self.waits.extend(load.waits);
        for (group, nanoseconds) in spent {
            let each = nanoseconds as f64 / 1_000.0 / requests as f64;
            self.cpu.entry(group).or_default().push(each);
        }
    }

    /// Requests a second, in the middle of the turns.
    pub fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// Milliseconds within which so much (0 to 1) of the answers came.
    pub fn wait(&self, part: f64) -> f64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let place = (waits.len() as f64 * part).ceil() as usize;
        let wait = waits.get(place.saturating_sub(1));
        wait.copied().unwrap_or_default() as f64 / 1_000.0
    }

    /// Milliseconds of processor time per request, in the middle of the turns.
    pub fn cpu(&self, group: Group) -> Option<f64> {
        let turns = self.cpu.get(&group)?;
        Some(median(turns) / 1_000.0)
    }

    /// All of it, for programs.
    pub fn json(&self) -> Value {
        let cpu: BTreeMap<&str, f64> = Group::ALL
            .iter()
            .filter_map(|group| Some((group.name(), rounded(self.cpu(*group)?, 4))))
            .collect();
        json!({
            "per_second": rounded(self.rate(), 1),
            "per_second_of_each_turn": self.rates.iter().map(|rate| rounded(*rate, 1)).collect::<Vec<_>>(),
            "p50_ms": self.wait(0.5),
            "p99_ms": self.wait(0.99),
            "longest_ms": self.wait(1.0),
            "cpu_ms": cpu,
            "answer_bytes": self.bytes,
        })
    }
}

/// The one in the middle, or between the two in the middle.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[half],
        _ => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}

/// With so many decimals.
pub fn rounded(figure: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (figure * scale).round() / scale
}

/// Lines of a table: the first column to the left, all others to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column| {
        let cells = rows.iter().filter_map(|row: &Vec<String>| row.get(column));
        cells
            .map(|cell: &String| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            text += &match column {
                0 => format!("{cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_tail() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        let mut figures = Figures::default();
        let load = Load {
            seconds: 1.0,
            waits: (1..=100).map(|wait| wait * 1_000).collect(),
            bytes: 0,
        };
        figures.add(load, BTreeMap::from([(Group::Worker, 5_000_000)]));
        assert_eq!((figures.wait(0.5), figures.wait(0.99)), (50.0, 99.0));
        assert_eq!(figures.cpu(Group::Worker), Some(0.05));
    }
}
