//! Whether what the server tells about collections is what is in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::State;
use crate::violation::{Broken, Verdict, promised};

/// What a user is told about all collections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// `info/collection_counts`.
    pub counts: BTreeMap<String, f64>,
    /// `info/collection_usage`, in KiB.
    pub usage: BTreeMap<String, f64>,
    /// What is used according to `info/quota`, in KiB.
    pub used: f64,
    /// `info/collections`: the time of each.
    pub times: BTreeMap<String, i64>,
}

impl Told {
    /// Whether counts, usage, quota and the list of times are those of these records.
    pub fn is_a_recount_of(&self, collections: &BTreeMap<String, State>) -> Verdict {
        let (mut counts, mut usage) = (BTreeMap::new(), BTreeMap::new());
        for (name, state) in collections.iter().filter(|(_, state)| !state.is_empty()) {
            let bytes: usize = state.values().map(|seen| seen.bytes).sum();
            counts.insert(name.clone(), state.len() as f64);
            usage.insert(name.clone(), bytes as f64 / 1024.0);
        }
        let used: f64 = usage.values().sum();
        let names: BTreeSet<&String> = counts.keys().collect();
        let near = |(told, right): (&f64, &f64)| (told - right).abs() < 0.01;
        let right = self.counts == counts
            && self.usage.keys().eq(usage.keys())
            && self.usage.values().zip(usage.values()).all(near)
            && near((&self.used, &used))
            && self.times.keys().eq(names);
        promised(right, Broken::Miscounted, || {
            format!("{self:?} is told of {counts:?}, {usage:?}, {used} in all")
        })
    }

    /// Whether the same is told when the cache is empty.
    pub fn is_what_the_database_says(&self, database: &Told) -> Verdict {
        promised(self == database, Broken::CacheDiffers, || {
            format!("{self:?} with the cache, {database:?} without")
        })
    }
}
