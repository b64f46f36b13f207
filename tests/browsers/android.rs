//! A model of the Android client: one phone of one person.
//!
//! Stricter than the desktop: success is the status 200 and nothing else, numbers are numbers, any wish
//! for a pause ends the sync, and what it asks next time begins at the `X-Weave-Timestamp` of what it
//! read last.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::api::centiseconds;
use crate::harness::browser::Profile;
use crate::harness::http::{Request, Response};

/// The stages in their order, and how each collection is asked for.
const STAGES: [(&str, &str); 5] = [
    ("tabs", ""),
    ("passwords", ""),
    ("bookmarks", "&limit=5000&sort=index"),
    ("history", "&limit=250&sort=index"),
    ("forms", "&limit=5000&sort=index"),
];

/// One phone.
pub struct Phone<'a> {
    server: &'a Server,
    profile: Profile,
    node: Option<Profile>,
    /// The time of the last download of each collection, with three decimals.
    since: BTreeMap<&'static str, String>,
    pub items: BTreeMap<&'static str, BTreeMap<String, Value>>,
    pub outgoing: BTreeMap<&'static str, BTreeMap<String, Value>>,
    /// The server's time when each of the two records was read.
    read: BTreeMap<&'static str, f64>,
    asked: Vec<String>,
}

impl<'a> Phone<'a> {
    pub fn new(server: &'a Server, profile: Profile) -> Phone<'a> {
        Phone {
            server,
            profile,
            node: None,
            since: BTreeMap::new(),
            items: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            read: BTreeMap::new(),
            asked: Vec::new(),
        }
    }

    pub fn requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    /// A change on the phone.
    pub fn change(&mut self, collection: &'static str, id: &str, payload: Value) {
        self.outgoing
            .entry(collection)
            .or_default()
            .insert(id.to_owned(), payload);
    }

    /// The set-up: does the account exist, where is its node, is the password right?
    pub fn set_up(&mut self) {
        let request = self.profile.android().exists();
        let exists = self.ask("GET user", &request);
        assert_eq!((exists.status, first_line(&exists).as_str()), (200, "1"));
        self.find_node();
        let request = self.at_node().android().check_password();
        let checked = self.ask("GET info/collections/", &request);
        assert_eq!(checked.status, 200, "{checked:?}");
    }

    /// A whole sync; fails where the client would give up or wipe.
    pub fn sync(&mut self) {
        self.find_node();
        let info = self.times("info/collections");
        self.read_record("meta", "storage/meta/global", &info);
        self.read_record("crypto", "storage/crypto/keys", &info);
        self.sync_clients();
        for (collection, query) in STAGES {
            if collection == "bookmarks" && !self.since.contains_key("bookmarks") {
                let counts = self.times("info/collection_counts");
                let count = counts.get("bookmarks").copied().unwrap_or(0.0);
                assert!(
                    count.fract() == 0.0 && count <= 5_000.0,
                    "skipped: {counts:?}"
                );
            }
            let listed = info.get(collection).copied();
            let since = self.since.get(collection).cloned();
            let since = since.unwrap_or_else(|| "0.000".to_owned());
            if listed.is_some_and(|time| time > since.parse().expect("a number")) {
                self.download(collection, &format!("full=1&newer={since}{query}"));
            }
            self.upload(collection);
        }
    }

    /// The phone is taken out of the account.
    pub fn leave(&mut self) {
        let request = self.at_node().android().delete("storage/clients/the-phone");
        let left = self.ask("DELETE storage/clients/the-phone", &request);
        assert_eq!(left.status, 200, "{left:?}");
    }

    fn at_node(&self) -> &Profile {
        self.node.as_ref().expect("the node is known")
    }

    fn find_node(&mut self) {
        let request = self.profile.android().node();
        let answer = self.ask("GET node/weave", &request);
        let line = first_line(&answer);
        assert!(!["", "null"].contains(&line.as_str()), "aborts: {answer:?}");
        let base = line.strip_prefix(&format!("http://{}", self.profile.host));
        let base = base
            .unwrap_or_else(|| panic!("this host: {line:?}"))
            .to_owned();
        assert!(base.ends_with('/'), "{line:?}");
        self.node = Some(Profile {
            base,
            ..self.profile.clone()
        });
    }

    fn ask(&mut self, what: &str, request: &Request) -> Response {
        self.asked.push(what.to_owned());
        let answer = self.server.send(request);
        for name in ["X-Weave-Backoff", "X-Backoff", "Retry-After"] {
            assert_eq!(
                answer.header(name),
                None,
                "ends the sync at its next stage: {answer:?}"
            );
        }
        answer
    }

    fn get(&mut self, path: &str) -> Response {
        let request = self.at_node().android().get(path);
        self.ask(&format!("GET {path}"), &request)
    }

    /// Numbers by name; strings are skipped by this client, so there must be none.
    fn times(&mut self, path: &str) -> BTreeMap<String, f64> {
        let answer = self.get(path);
        serde_json::from_value(answer.json()).expect("numbers by name")
    }

    /// A 404 of a record that is listed wipes; other errors only end the sync.
    fn read_record(&mut self, name: &'static str, path: &str, info: &BTreeMap<String, f64>) {
        let listed = info
            .get(name)
            .copied()
            .expect("its absence wipes the account");
        if self.read.get(name).is_some_and(|read| *read >= listed) {
            return;
        }
        let answer = self.get(path);
        assert_ne!(answer.status, 404, "wipes the account");
        check_record(&answer.json());
        self.read
            .insert(name, answer.timestamp().parse().expect("a number"));
    }

    /// The list of devices is read, and written unless it has changed since.
    fn sync_clients(&mut self) {
        let time = self.download("clients", "full=1");
        let record =
            json!({"id": "the-phone", "payload": "{\"name\":\"phone\"}", "ttl": 1_814_400});
        let request = self.at_node().android().post_unless_modified(
            "storage/clients",
            &time,
            &[&record.to_string()],
        );
        let answer = self.ask("POST storage/clients", &request);
        check_batch(&answer, 1);
    }

    /// Answers the time from which on to ask the next time.
    fn download(&mut self, collection: &'static str, query: &str) -> String {
        let path = format!("storage/{collection}?{query}");
        let request = self.at_node().android().get_lines(&path);
        let answer = self.ask(&format!("GET {path}"), &request);
        assert_eq!(answer.status, 200, "{answer:?}");
        let kind = answer.header("Content-Type").expect("a missing one throws");
        assert!(
            kind.starts_with("application/newlines"),
            "counts as no records: {kind}"
        );
        let items = self.items.entry(collection).or_default();
        for line in answer.text().lines() {
            let record: Value = serde_json::from_str(line).expect("an empty line fails the fetch");
            check_record(&record);
            items.insert(record["id"].as_str().expect("an id").to_owned(), record);
        }
        let time = centiseconds(answer.timestamp());
        let time = format!("{}.{:02}0", time / 100, time % 100);
        self.since.insert(collection, time.clone());
        time
    }

    /// At most fifty records at a time.
    fn upload(&mut self, collection: &'static str) {
        let records: Vec<String> = self
            .outgoing
            .remove(collection)
            .unwrap_or_default()
            .into_iter()
            .map(|(id, payload)| {
                json!({"id": id, "payload": payload.to_string(), "sortindex": 100}).to_string()
            })
            .collect();
        for batch in records.chunks(50) {
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            let path = format!("storage/{collection}");
            let request = self.at_node().android().post(&path, &batch);
            let answer = self.ask(&format!("POST {path}"), &request);
            check_batch(&answer, batch.len());
        }
    }
}

fn first_line(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text().lines().next().unwrap_or_default().to_owned()
}

/// The types that this client insists on.
fn check_record(record: &Value) {
    let modified = &record["modified"];
    assert!(modified.is_i64() || modified.is_f64(), "{record}");
    for whole in ["sortindex", "ttl"] {
        let whole = record.get(whole);
        assert!(
            whole.is_none_or(Value::is_i64),
            "null or 1.0 fails the record: {record}"
        );
    }
    let payload = record["payload"].as_str().expect("a string");
    let payload: Value = serde_json::from_str(payload).expect("JSON in the payload");
    assert!(payload.is_object(), "{record}");
}

fn check_batch(answer: &Response, count: usize) {
    let said = answer.json();
    answer.timestamp();
    assert!(said["modified"].is_number(), "{said}");
    let success = said["success"].as_array().expect("an array");
    assert!(success.iter().all(Value::is_string), "{said}");
    assert_eq!(said["failed"], json!({}), "an object");
    assert_eq!(success.len(), count, "{said}");
}
