//! The part of the desktop's model that moves records: which collections there are, how each is asked for,
//! how lists are parsed, and what an upload's answer means.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::desktop::Desktop;

/// The collections in the order in which the client syncs them, and how it asks for each.
pub const ENGINES: [(&str, &str); 7] = [
    ("clients", ""),
    ("prefs", ""),
    ("passwords", ""),
    ("tabs", ""),
    ("bookmarks", "&sort=index"),
    ("forms", ""),
    ("history", "&limit=5000"),
];
const LIMIT: usize = 5_000;

/// One collection as this device knows it.
#[derive(Default)]
pub struct Engine {
    pub last_sync: f64,
    /// What the device has: ids and payloads.
    pub items: BTreeMap<String, String>,
    /// What it has still to upload.
    pub changed: BTreeSet<String>,
}

impl Desktop<'_> {
    /// Everything on the server is to be replaced by what this device has.
    pub fn wipe_remote(&mut self) {
        assert!(self.may_wipe, "the person asks for it");
        for (name, _) in ENGINES.into_iter().filter(|(name, _)| *name != "clients") {
            self.delete_collection(name);
            let engine = self.engines.get_mut(name).expect("an engine");
            engine.changed = engine.items.keys().cloned().collect();
        }
        self.change(
            "clients",
            "another-device",
            r#"{"commands":[{"command":"wipeAll"}]}"#,
        );
        for (name, _) in ENGINES {
            self.upload(name);
        }
    }

    pub fn delete_collection(&mut self, name: &str) {
        let deleted = self.ask_storage("DELETE", &format!("storage/{name}"));
        assert!(
            [200, 404].contains(&deleted.status),
            "all else fails the engine: {deleted:?}"
        );
    }

    /// What others changed since this device's last sync.
    pub fn download(&mut self, name: &'static str, query: &str, info: &BTreeMap<String, f64>) {
        let listed = info.get(name).copied().unwrap_or(0.0);
        let last_sync = self.engines[name].last_sync;
        if listed <= last_sync {
            return;
        }
        // A time is written as JavaScript writes a number: without trailing zeros.
        let newer = if last_sync > 0.0 {
            format!("newer={last_sync}&")
        } else {
            String::new()
        };
        let mut records = self.get_records(&format!("storage/{name}?{newer}full=1{query}"));
        if query.contains("limit") && records.len() == LIMIT {
            let backlog = self.get(&format!("storage/{name}?{newer}sort=index&limit={LIMIT}"));
            assert_eq!(backlog.status, 200, "{backlog:?}");
            let ids: Vec<String> = serde_json::from_slice(&backlog.body).expect("a list of ids");
            let rest: Vec<String> = ids
                .into_iter()
                .filter(|id| !records.contains_key(id))
                .collect();
            for batch in rest.chunks(50) {
                let path = format!("storage/{name}?full=1&ids={}", batch.join(","));
                records.extend(self.get_records(&path));
            }
        }
        let engine = self.engines.get_mut(name).expect("an engine");
        engine.items.extend(records);
        engine.last_sync = listed;
    }

    fn get_records(&mut self, path: &str) -> BTreeMap<String, String> {
        let request = self.at_node().desktop().get_lines(path);
        let answer = self.ask(&format!("GET {path}"), &request);
        assert_eq!(answer.status, 200, "the engine can't download: {answer:?}");
        let records = as_the_client_parses(&answer.text());
        let told = records.len().to_string();
        let header = answer.header("X-Weave-Records").unwrap_or("0");
        assert_eq!(header, told, "the client lost records without a word");
        records
    }

    /// A hundred records at a time; the answer's own time becomes the time of the last sync.
    pub fn upload(&mut self, name: &'static str) {
        let engine = &self.engines[name];
        let records: Vec<Value> = engine
            .changed
            .iter()
            .enumerate()
            .map(|(index, id)| {
                json!({"id": id, "payload": engine.items[id], "sortindex": index, "ttl": 1_814_400})
            })
            .collect();
        for batch in records.chunks(100) {
            let body = json!(batch).to_string();
            let path = format!("storage/{name}");
            let request = self.at_node().desktop().post(&path, body.as_bytes());
            let answer = self.ask(&format!("POST {path}"), &request);
            assert_eq!(answer.status, 200, "{answer:?}");
            let said: Value = serde_json::from_slice(&answer.body).expect("JSON");
            let failed = said["failed"]
                .as_object()
                .expect("Object.keys(failed) throws");
            assert!(
                failed.is_empty(),
                "uploaded again at every sync: {failed:?}"
            );
            let success: Vec<String> =
                serde_json::from_value(said["success"].clone()).expect("an array of ids");
            let engine = self.engines.get_mut(name).expect("an engine");
            engine.last_sync = engine
                .last_sync
                .max(answer.timestamp().parse().expect("a number"));
            for id in success {
                engine.changed.remove(&id);
            }
        }
    }
}

/// Line by line as they come in: an unended last line is dropped, an empty one ends it all.
fn as_the_client_parses(body: &str) -> BTreeMap<String, String> {
    let mut records = BTreeMap::new();
    let mut rest = body;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        let Ok(record) = serde_json::from_str::<Value>(line) else {
            break;
        };
        let (Some(id), Some(payload)) = (record["id"].as_str(), record["payload"].as_str()) else {
            break;
        };
        assert!(record["modified"].is_number(), "{record}");
        records.insert(id.to_owned(), payload.to_owned());
    }
    records
}
