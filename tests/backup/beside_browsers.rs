//! While browsers go on: a backup is of one moment, and a restore is learnt of by everybody.

use crate::harness::Installation;
use crate::{Login, PASSWORD, centis, mysql, sqlite};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn one(settings: fn(&str) -> String) -> Installation {
    let at = Installation::new();
    at.configure("one", &settings("one"));
    at.run("one", &["migrate"], "");
    at.run("one", &["user", "add", "ada"], PASSWORD).expect();
    at
}

/// The number that a collection's one record has in a backup.
fn number(lines: &str, collection: &str) -> u64 {
    let mut within = false;
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(found) = line.get("collection") {
            within = found["name"] == collection;
        }
        if within && let Some(record) = line.get("record") {
            return record["payload"].as_str().unwrap().parse().unwrap();
        }
    }
    panic!("no {collection}");
}

fn a_backup_is_of_one_moment(settings: fn(&str) -> String) {
    let at = one(settings);
    let node = at.serve("one", "serve", None);
    let ada = Login {
        node: &node,
        name: "ada",
    };
    let write = |collection: &str, number: u64| {
        let record = |id: &str| json!({"id": id, "payload": number.to_string()});
        ada.post(collection, &json!([record("a"), record("b")]));
    };
    // Walked last, written first.
    let (first, second) = ("zebra", "antelope");
    write(first, 0);
    write(second, 0);
    let enough = AtomicBool::new(false);
    let mut seen = Vec::new();
    thread::scope(|scope| {
        let _end = End(&enough);
        scope.spawn(|| {
            for number in 1.. {
                if enough.load(Ordering::Relaxed) {
                    return;
                }
                write(first, number);
                write(second, number);
            }
        });
        // On a machine that does much else, the writer may not have its turn during the first ones.
        while seen.len() < 6 || (seen.first() == seen.last() && seen.len() < 60) {
            let saved = at.run("one", &["backup", "--quiet"], "").expect();
            let (first, second) = (number(&saved, first), number(&saved, second));
            assert!(first == second || first == second + 1, "{first} {second}");
            seen.push(first);
        }
        enough.store(true, Ordering::Relaxed);
    });
    assert!(
        seen.first() < seen.last(),
        "nothing was written meanwhile: {seen:?}"
    );
}

/// Ends the browsers, also when a test fails: else they would go on for ever.
struct End<'e>(&'e AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A browser that has everything, and asks for what is newer.
#[derive(Default)]
struct Follower {
    records: BTreeMap<(String, String), String>,
    told: BTreeMap<String, i64>,
    listed: BTreeMap<String, i64>,
}

impl Follower {
    fn sync(&mut self, login: &Login<'_>) {
        let listed = login.times();
        for (collection, time) in &self.listed {
            let now = listed.get(collection);
            assert!(
                now.is_none_or(|now| now >= time),
                "{collection} went back to {now:?}"
            );
        }
        for (collection, time) in &listed {
            let told = self.told.get(collection).copied().unwrap_or(0);
            if *time > told {
                self.fetch(login, collection, told);
            }
        }
        self.listed.extend(listed);
    }

    fn fetch(&mut self, login: &Login<'_>, collection: &str, told: i64) {
        let (whole, rest) = (told / 100, told % 100);
        let answer = login.get(&format!(
            "storage/{collection}?full=1&newer={whole}.{rest:02}"
        ));
        assert_eq!(answer.status, 200, "{answer:?}");
        for record in answer.json().as_array().unwrap() {
            let id = record["id"].as_str().unwrap().to_owned();
            let payload = record["payload"].as_str().unwrap().to_owned();
            self.records.insert((collection.to_owned(), id), payload);
        }
        let time: Value = serde_json::from_str(answer.timestamp()).unwrap();
        assert!(centis(&time) >= told);
        self.told.insert(collection.to_owned(), centis(&time));
    }
}

fn a_restore_is_learnt_of_by_all_who_follow(settings: fn(&str) -> String) {
    let at = one(settings);
    let node = at.serve("one", "serve", None);
    let ada = Login {
        node: &node,
        name: "ada",
    };
    for collection in ["bookmarks", "history", "meta", "crypto"] {
        let records: Vec<_> = (0..300)
            .map(|n| json!({"id": format!("r{n:03}"), "payload": format!("good {collection}")}))
            .collect();
        ada.post(collection, &json!(records));
    }
    let file = at.site.path("ada.backup").display().to_string();
    at.run("one", &["backup", "--to", &file], "").expect();
    let mut early = Follower::default();
    early.sync(&ada);
    // The account is mangled, and all devices have seen it.
    ada.post(
        "bookmarks",
        &json!([{"id": "r007", "payload": "bad"}, {"id": "new", "payload": "bad"}]),
    );
    let gone = node.send(&ada.request("DELETE", "storage/history"));
    assert_eq!(gone.status, 200, "{gone:?}");
    let mut late = Follower::default();
    late.sync(&ada);
    let refused = at.run("one", &["restore", &file], "");
    assert!(
        refused.code == 1 && refused.errors.contains("ada"),
        "{refused:?}"
    );

    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = End(&enough);
        let writer = scope.spawn(|| {
            let mut last = 0;
            let mut count = 0;
            while !enough.load(Ordering::Relaxed) {
                let record = json!([{"id": format!("w{}", count % 7), "payload": "written"}]);
                let time = centis(&ada.post("bookmarks", &record).json()["modified"]);
                assert!(time > last, "{time} after {last}");
                (last, count) = (time, count + 1);
            }
            count
        });
        let follower = scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                late.sync(&ada);
            }
        });
        for _ in 0..4 {
            at.run("one", &["restore", &file, "--replace"], "").expect();
        }
        enough.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 0);
        follower.join().unwrap();
    });
    let there = ada.everything();
    assert!(there.len() >= 1_200);
    for mut follower in [early, late] {
        follower.sync(&ada);
        for (key, record) in &there {
            let known = follower.records.get(key).map(String::as_str);
            assert_eq!(known, record["payload"].as_str(), "{key:?}");
        }
    }
    assert_eq!(
        there[&("bookmarks".into(), "r007".into())]["payload"],
        "good bookmarks"
    );
    assert_eq!(there.get(&("bookmarks".into(), "new".into())), None);
    assert!(!fs::exists(format!("{file}.restored")).unwrap());
}

/// A restore that should not have been: of the wrong file, or of one that was too old.
fn a_restore_can_be_undone(settings: fn(&str) -> String) {
    let at = one(settings);
    let node = at.serve("one", "serve", None);
    let ada = Login {
        node: &node,
        name: "ada",
    };
    ada.post("meta", &json!([{"id": "global", "payload": "good"}]));
    ada.post("crypto", &json!([{"id": "keys", "payload": "good"}]));
    let records = |count: usize, payload: &str| -> Value {
        let record = |n| json!({"id": format!("r{n:03}"), "payload": payload});
        (0..count).map(record).collect()
    };
    ada.post("bookmarks", &records(250, "old"));
    let file = at.site.path("ada.backup").display().to_string();
    at.run("one", &["backup", "--to", &file], "").expect();
    ada.post("bookmarks", &records(270, "new"));
    ada.post("history", &records(30, "new"));
    let mine = ada.everything();
    let mut device = Follower::default();
    device.sync(&ada);

    let restored = at.run("one", &["restore", &file, "--replace"], "").expect();
    device.sync(&ada);
    let key = ("bookmarks".to_owned(), "r007".to_owned());
    assert_eq!(device.records.get(&key).map(String::as_str), Some("old"));
    assert_ne!(ada.everything(), mine);

    let told = restored
        .lines()
        .find_map(|line| line.split_once("weft undo ada --to "));
    let (_, to) = told.expect("it is told how to take it back");
    at.run("one", &["undo", "ada", "--to", to], "").expect();
    assert_eq!(ada.everything(), mine);
    device.sync(&ada);
    for (key, record) in &mine {
        let known = device.records.get(key).map(String::as_str);
        assert_eq!(known, record["payload"].as_str(), "{key:?}");
    }
}

#[test]
fn a_restore_into_sqlite_can_be_undone() {
    a_restore_can_be_undone(sqlite);
}

#[test]
fn a_restore_into_mysql_can_be_undone() {
    a_restore_can_be_undone(mysql);
}

#[test]
fn a_backup_of_sqlite_is_of_one_moment() {
    a_backup_is_of_one_moment(sqlite);
}

#[test]
fn a_backup_of_mysql_is_of_one_moment() {
    a_backup_is_of_one_moment(mysql);
}

#[test]
fn a_restore_into_sqlite_is_learnt_of_by_all_who_follow() {
    a_restore_is_learnt_of_by_all_who_follow(sqlite);
}

#[test]
fn a_restore_into_mysql_is_learnt_of_by_all_who_follow() {
    a_restore_is_learnt_of_by_all_who_follow(mysql);
}
