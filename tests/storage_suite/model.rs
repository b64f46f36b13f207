//! A long random series of everything, beside a model that is too simple to be wrong.

use super::{Bench, Kept, id, name, scan};
use std::collections::BTreeMap;
use weft::sync::{Query, Sort, Timestamp, Ttl, WboWrite};

const COLLECTIONS: [&str; 3] = ["bookmarks", "history", "tabs"];
const STEPS: usize = 700;

/// Random numbers that are the same in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const LOADED: Dice = Dice(0x5eed_2026_1123);

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn maybe<T>(&mut self, one_in: usize, value: impl FnOnce(&mut Dice) -> T) -> Option<T> {
        (self.below(one_in) == 0).then(|| value(self))
    }

    fn id(&mut self) -> String {
        [
            "a", "b", "é", "日本", "B", "a.", "-", "0", "10", "9", "zz", "🦊",
        ][self.below(12)]
        .to_owned()
    }

    fn write(&mut self) -> WboWrite {
        WboWrite {
            parentid: self.maybe(3, Dice::id),
            predecessorid: self.maybe(4, Dice::id),
            sortindex: self.maybe(2, |dice| i32::try_from(dice.below(5)).unwrap() - 2),
            payload: self.maybe(2, |dice| "é".repeat(dice.below(30))),
            ttl: self.maybe(3, |dice| {
                Ttl::from_seconds([0, 1000, 2000][dice.below(3)]).unwrap()
            }),
            touch: self.below(3) == 0,
            create: self.below(3) == 0,
            ..WboWrite::new(id(&self.id()))
        }
    }

    fn query(&mut self, times: &[Timestamp]) -> Query {
        let time = |dice: &mut Dice| times[dice.below(times.len())];
        let sorts = [Sort::Oldest, Sort::Newest, Sort::Index];
        Query {
            ids: self.maybe(4, |dice| {
                (0..dice.below(6)).map(|_| id(&dice.id())).collect()
            }),
            parentid: self.maybe(6, Dice::id),
            predecessorid: self.maybe(8, Dice::id),
            newer: self.maybe(4, time),
            older: self.maybe(6, time),
            index_above: self.maybe(6, |dice| dice.below(5) as i64 - 3),
            index_below: self.maybe(6, |dice| dice.below(5) as i64 - 1),
            sort: self.maybe(2, |dice| sorts[dice.below(3)]),
            limit: self.maybe(3, |dice| dice.below(6) as u64),
            offset: self.maybe(4, |dice| dice.below(4) as u64),
        }
    }
}

#[derive(Clone, Default)]
struct Collection {
    modified: Option<Timestamp>,
    /// Records and the time at which they cease to exist.
    records: BTreeMap<String, (Kept, Option<Timestamp>)>,
}

impl Collection {
    fn living(&self, time: Timestamp) -> impl Iterator<Item = &Kept> {
        let lives = move |end: &Option<Timestamp>| end.is_none_or(|end| end > time);
        self.records
            .values()
            .filter(move |(_, end)| lives(end))
            .map(|(wbo, _)| wbo)
    }

    /// A busy collection may run ahead of the clock, and is then looked at in its own time.
    fn at(&self, time: Timestamp) -> Timestamp {
        self.modified.map_or(time, |modified| modified.max(time))
    }

    fn bytes(&self, time: Timestamp) -> u64 {
        self.living(time)
            .map(|wbo| wbo.payload.as_ref().unwrap().len() as u64)
            .sum()
    }

    fn put(&mut self, write: &WboWrite, time: Timestamp) -> Option<Timestamp> {
        let key = write.id.as_str().to_owned();
        let end = write.ttl.map(|ttl| time.plus_seconds(ttl.seconds().into()));
        if self.living(time).all(|wbo| wbo.id != key) {
            self.records.remove(&key);
        }
        let stored = self.records.get_mut(&key);
        if let (None, Some((wbo, old_end))) = (&write.payload, stored) {
            let named = (
                &write.parentid,
                &write.predecessorid,
                write.sortindex,
                write.ttl,
            );
            if write.touch || named != (&None, &None, None, None) {
                self.modified = Some(time);
            }
            wbo.parentid = write.parentid.clone().or(wbo.parentid.take());
            wbo.predecessorid = write.predecessorid.clone().or(wbo.predecessorid.take());
            wbo.sortindex = write.sortindex.or(wbo.sortindex);
            wbo.modified = if write.touch { time } else { wbo.modified };
            *old_end = end.or(*old_end);
            return Some(wbo.modified);
        }
        if write.payload.is_none() && !write.create {
            return None;
        }
        let wbo = Kept {
            id: key.clone(),
            modified: time,
            parentid: write.parentid.clone(),
            predecessorid: write.predecessorid.clone(),
            sortindex: write.sortindex,
            payload: Some(write.payload.clone().unwrap_or_default()),
        };
        self.records.insert(key, (wbo, end));
        self.modified = Some(time);
        Some(time)
    }

    fn select(&self, query: &Query, time: Timestamp) -> Vec<Kept> {
        let index = |wbo: &Kept| wbo.sortindex.map(i64::from);
        let wanted = |wbo: &&Kept| {
            query
                .ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&id(&wbo.id)))
                && (query.parentid.is_none() || query.parentid == wbo.parentid)
                && (query.predecessorid.is_none() || query.predecessorid == wbo.predecessorid)
                && query.newer.is_none_or(|newer| wbo.modified > newer)
                && query.older.is_none_or(|older| wbo.modified < older)
                && query
                    .index_above
                    .is_none_or(|above| index(wbo).is_some_and(|i| i > above))
                && query
                    .index_below
                    .is_none_or(|below| index(wbo).is_some_and(|i| i < below))
        };
        let mut found: Vec<Kept> = self.living(time).filter(wanted).cloned().collect();
        match query.sort {
            None => {}
            Some(Sort::Oldest) => found.sort_by_key(|wbo| wbo.modified),
            Some(Sort::Newest) => found.sort_by_key(|wbo| std::cmp::Reverse(wbo.modified)),
            Some(Sort::Index) => found.sort_by_key(|wbo| std::cmp::Reverse(wbo.sortindex)),
        }
        let limit = query
            .limit
            .map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
        let offset = usize::try_from(query.offset.unwrap_or(0)).unwrap();
        found.into_iter().skip(offset).take(limit).collect()
    }

    fn delete(&mut self, query: &Query, time: Timestamp) -> u64 {
        let gone = self.select(query, time);
        for wbo in &gone {
            self.records.remove(&wbo.id);
            self.modified = Some(time);
        }
        gone.len() as u64
    }
}

type Model = BTreeMap<&'static str, Collection>;

pub fn a_long_random_series_agrees_with_a_simple_model(bench: &Bench) {
    let mut dice = Dice::LOADED;
    let mut model = Model::new();
    let mut times = vec![Timestamp::ZERO];
    for step in 0..STEPS {
        match dice.below(30) {
            0 => {
                bench.storage.purge(dice.below(4) as u64).unwrap();
            }
            1 => {
                let time = bench.storage.delete_records(bench.user).unwrap();
                for collection in model.values_mut() {
                    collection.delete(&Query::default(), time);
                }
            }
            2..=5 => {
                if let Some(clock) = &bench.clock {
                    clock.move_seconds(dice.below(1200) as i64 - 200);
                }
            }
            _ => times.push(one_session(bench, &mut model, &mut dice, &times)),
        }
        compare(bench, &model, &dice.query(&times), step);
    }
}

/// Writes and deletes in one session, and sometimes thinks better of it.
fn one_session(
    bench: &Bench,
    model: &mut Model,
    dice: &mut Dice,
    times: &[Timestamp],
) -> Timestamp {
    let which = COLLECTIONS[dice.below(3)];
    let mut after = model.get(which).cloned().unwrap_or_default();
    let mut session = bench.write(which);
    let time = session.time();
    assert!(times.iter().all(|told| *told < time) || after.modified.is_none_or(|last| last < time));
    for _ in 0..=dice.below(2) {
        if dice.below(4) == 0 {
            let query = dice.query(times);
            assert_eq!(
                session.delete(&query).unwrap(),
                after.delete(&query, time),
                "{query:?}"
            );
        } else {
            let writes: Vec<_> = (0..dice.below(5)).map(|_| dice.write()).collect();
            let expected: Vec<_> = writes.iter().map(|write| after.put(write, time)).collect();
            assert_eq!(session.put(&writes).unwrap(), expected, "{writes:?}");
        }
    }
    let others = model.iter().filter(|(name, _)| **name != which);
    let others: u64 = others.map(|(_, c)| c.bytes(c.at(time))).sum();
    assert_eq!(session.used_bytes().unwrap(), others + after.bytes(time));
    let everything = Query::default();
    assert_eq!(
        scan(&mut *session, &everything),
        after.select(&everything, time)
    );
    if dice.below(5) > 0 {
        session.commit().unwrap();
        model.insert(which, after);
    }
    time
}

fn compare(bench: &Bench, model: &Model, query: &Query, step: usize) {
    let mut account = bench.storage.read_account(bench.user).unwrap();
    let told = account.time();
    let living = |c: &Collection| c.living(c.at(told)).count() as u64;
    let listed: Vec<_> = model.iter().filter(|(_, c)| living(c) > 0).collect();
    let times: Vec<_> = listed
        .iter()
        .map(|(n, c)| (name(n), c.modified.unwrap()))
        .collect();
    let counts: Vec<_> = listed.iter().map(|(n, c)| (name(n), living(c))).collect();
    let usage: Vec<_> = listed
        .iter()
        .map(|(n, c)| (name(n), c.bytes(c.at(told))))
        .collect();
    assert_eq!(account.times().unwrap(), times, "step {step}");
    assert_eq!(account.counts().unwrap(), counts, "step {step}");
    assert_eq!(account.usage().unwrap(), usage, "step {step}");
    let sum: u64 = usage.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(account.used_bytes().unwrap(), sum, "step {step}");
    for which in COLLECTIONS {
        let known = model.get(which).cloned().unwrap_or_default();
        let mut session = bench.read(which);
        let time = session.time();
        assert_eq!(session.modified().unwrap(), known.modified, "step {step}");
        let selected = known.select(query, time);
        assert_eq!(
            session.count(query).unwrap(),
            selected.len() as u64,
            "step {step}: {query:?}"
        );
        assert_eq!(
            scan(&mut *session, query),
            selected,
            "step {step}: {query:?}"
        );
    }
}
