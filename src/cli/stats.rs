//! `weft stats`: how much there is.

use super::counts::{records, users};
use super::user::{Usage, size, time};
use super::{Caller, Common, Failure, Program, Role, json, print, start};
use serde::Serialize;
use std::collections::BTreeMap;

/// Count users, records and bytes.
#[derive(clap::Args, Debug)]
pub struct Stats {
    /// A line per user too, with size and last change.
    #[arg(long)]
    users: bool,

    /// Print JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// After so many users a person who waits is told how far it got.
const STEP: u64 = 500;

#[derive(Debug, Default, Serialize)]
struct Totals {
    users: u64,
    disabled: u64,
    /// Those who store anything.
    active: u64,
    records: u64,
    bytes: u64,
    collections: BTreeMap<String, Total>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<Usage>,
}

#[derive(Debug, Default, Serialize)]
struct Total {
    users: u64,
    records: u64,
    bytes: u64,
}

impl Totals {
    fn add(&mut self, usage: &Usage, keep: bool) {
        self.users += 1;
        self.disabled += u64::from(!usage.account.enabled);
        self.active += u64::from(!usage.collections.is_empty());
        self.records += usage.records();
        self.bytes += usage.bytes();
        for one in &usage.collections {
            let total = self.collections.entry(one.name.clone()).or_default();
            total.users += 1;
            total.records += one.records;
            total.bytes += one.bytes;
        }
        if keep {
            self.accounts.push(usage.clone());
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "Users:   {} ({} disabled, {} store something)\nStored:  {}, {}\n",
            self.users,
            self.disabled,
            self.active,
            records(self.records),
            size(self.bytes)
        );
        for (name, total) in &self.collections {
            text += &format!(
                "  {name:<12} {:>12} {:>18} {:>10}\n",
                users(total.users),
                records(total.records),
                size(total.bytes)
            );
        }
        for usage in &self.accounts {
            let changed = usage.modified().map_or_else(|| "never".to_owned(), time);
            text += &format!(
                "{}\t{}\t{}\t{changed}\n",
                usage.account.name,
                size(usage.bytes()),
                records(usage.records())
            );
        }
        text
    }
}

impl Stats {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let mut totals = Totals::default();
        let (errors, watched) = (&mut *caller.errors, caller.terminal);
        program.accounts(&config)?.usages(&mut |usage| {
            totals.add(usage, self.users);
            if watched && totals.users.is_multiple_of(STEP) {
                // Only a sign of life.
                let _ = write!(errors, "\r{} users so far ", totals.users);
            }
        })?;
        if watched && totals.users >= STEP {
            let _ = writeln!(errors);
        }
        let told = if self.json {
            json(&totals)
        } else {
            totals.text()
        };
        print(caller, &told)
    }
}
