//! A model of the desktop client (Pale Moon, Basilisk): one device of one person.
//!
//! It holds what the client holds between syncs: the node, the times of `meta/global` and
//! `crypto/keys` that it has seen, and per engine the time of its last sync and its records.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::desktop_engines::{ENGINES, Engine};
use crate::harness::Server;
use crate::harness::browser::Profile;
use crate::harness::http::{Request, Response};

/// Why a sync ended early without harm: the next one tries again.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user is told that name or password are wrong.
    LoginRejected,
    /// Nothing is told, and the next sync is an ordinary one.
    Quietly,
}

/// One device.
pub struct Desktop<'a> {
    server: &'a Server,
    pub profile: Profile,
    node: Option<Profile>,
    pub engines: BTreeMap<&'static str, Engine>,
    meta: Option<Value>,
    meta_time: Option<f64>,
    keys_time: Option<f64>,
    keys: Option<String>,
    /// The `syncID` that the device knows, also after a restart.
    sync_id: Option<Value>,
    /// What tells the keys and ids that this device makes from those of others.
    pub mark: &'static str,
    /// Whether the person asked for what deletes data on the server.
    pub may_wipe: bool,
    asked: Vec<String>,
}

impl<'a> Desktop<'a> {
    /// A device that was never set up.
    pub fn new(server: &'a Server, profile: Profile) -> Desktop<'a> {
        let engines = ENGINES.map(|(name, _)| (name, Engine::default()));
        let mut device = Desktop {
            server,
            profile,
            node: None,
            engines: engines.into(),
            meta: None,
            meta_time: None,
            keys_time: None,
            keys: None,
            sync_id: None,
            mark: "",
            may_wipe: false,
            asked: Vec::new(),
        };
        device.restart();
        device
    }

    /// A device of a new account, after the set-up dialog and the first sync.
    pub fn of_new_account(server: &'a Server, name: &str) -> Desktop<'a> {
        Desktop::of_new_account_within(Duration::ZERO, server, name)
    }

    /// The same, of a user who tries again for so long where the server says that it is too busy.
    pub fn of_new_account_within(
        patience: Duration,
        server: &'a Server,
        name: &str,
    ) -> Desktop<'a> {
        let mut device = Desktop::new(server, Profile::new(server, name, "a long password"));
        device.sign_up();
        device.may_wipe = true;
        let first = device.again_within(patience, |device| {
            device.log_in().and_then(|()| device.sync("?v=1.45.0"))
        });
        first.expect("a first sync");
        device.may_wipe = false;
        device.requests();
        device
    }

    /// Does something, and again for so long where the server says that it is too busy.
    pub fn again_within(
        &mut self,
        patience: Duration,
        mut what: impl FnMut(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let begun = Instant::now();
        loop {
            match what(self) {
                Err(Ended::Quietly) if begun.elapsed() < patience => {
                    thread::sleep(Duration::from_millis(100));
                }
                done => return done,
            }
        }
    }

    /// The requests since the last call of this, below the user's URL.
    pub fn requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    /// A change on this device.
    pub fn change(&mut self, engine: &str, id: &str, payload: &str) {
        let engine = self.engines.get_mut(engine).expect("an engine");
        engine.items.insert(id.to_owned(), payload.to_owned());
        engine.changed.insert(id.to_owned());
    }

    /// The browser starts: the node and the engines' times are remembered, the caches of the two
    /// records are not, and the device announces itself anew.
    pub fn restart(&mut self) {
        self.meta = None;
        self.meta_time = None;
        self.keys_time = None;
        let clients = self.engines.get_mut("clients").expect("an engine");
        clients.last_sync = 0.0;
        self.change("clients", "this-device", r#"{"name":"a desktop"}"#);
    }

    /// The set-up dialog: is the name free? Then it is taken.
    pub fn sign_up(&mut self) {
        let request = self.profile.desktop().exists();
        assert_eq!(
            self.ask("GET user", &request).text(),
            "0",
            "compared as a string"
        );
        let request = self.profile.desktop().create("ada@example.com");
        let created = self.ask("PUT user", &request);
        assert_eq!(created.status, 200, "all else is a failure: {created:?}");
    }

    /// From the credentials to both records: what comes before every first sync of a session.
    pub fn log_in(&mut self) -> Result<(), Ended> {
        let new = self.node.is_none();
        if new {
            self.find_node();
        }
        let info = self.info("")?;
        self.read_meta(&info)?;
        if self.meta.is_none() {
            return self.start_fresh();
        }
        self.read_keys(&info)?;
        if new {
            // Seen in every first login of a device: it looks at all of it once more.
            self.meta_time = None;
            let info = self.info("")?;
            self.read_meta(&info)?;
        }
        Ok(())
    }

    /// A sync: the collections' times, then every engine in its order.
    pub fn sync(&mut self, query: &str) -> Result<(), Ended> {
        let info = self.info(query)?;
        self.read_meta(&info)?;
        self.read_keys(&info)?;
        let mut meta = self.meta.clone().expect("a set-up device");
        let mut added = false;
        for (name, query) in ENGINES {
            if meta["engines"].get(name).is_none() {
                self.delete_collection(name);
                meta["engines"][name] = json!({"version": 1, "syncID": format!("sync-id-{name}")});
                self.engines.get_mut(name).expect("an engine").last_sync = 0.0;
                added = true;
            } else {
                self.download(name, query, &info);
            }
            self.upload(name);
        }
        if added {
            self.write_meta(meta);
        }
        Ok(())
    }

    /// A request for something below the storage, beyond what a sync asks.
    pub fn ask_storage(&mut self, method: &str, path: &str) -> Response {
        let request = match method {
            "DELETE" => self.at_node().desktop().delete(path),
            _ => self.at_node().desktop().get(path),
        };
        self.ask(&format!("{method} {path}"), &request)
    }

    /// The bare word `null`, or an absolute address with its slash; 404 means this very server.
    pub fn find_node(&mut self) {
        let request = self.profile.desktop().node();
        let answer = self.ask("GET node/weave", &request);
        let text = answer.text();
        self.node = match answer.status {
            404 => Some(self.profile.clone()),
            200 => {
                let host = format!("http://{}", self.profile.host);
                let base = text.strip_prefix(&host);
                let base = base.unwrap_or_else(|| panic!("this host in no quotes: {text:?}"));
                assert!(base.ends_with('/'), "the client appends 1.1/ to {text:?}");
                Some(Profile {
                    base: base.to_owned(),
                    ..self.profile.clone()
                })
            }
            _ => panic!("login fails: {answer:?}"),
        };
    }

    pub fn at_node(&self) -> &Profile {
        self.node.as_ref().expect("the node is known")
    }

    pub fn ask(&mut self, what: &str, request: &Request) -> Response {
        self.asked.push(what.to_owned());
        let answer = self.server.send(request);
        assert!(
            !(300..400).contains(&answer.status),
            "no redirects: {answer:?}"
        );
        answer
    }

    pub fn get(&mut self, path: &str) -> Response {
        let request = self.at_node().desktop().get(path);
        self.ask(&format!("GET {path}"), &request)
    }

    /// Numbers by name; 401 and 404 lead to the node, and the same node to a rejected login.
    fn info(&mut self, query: &str) -> Result<BTreeMap<String, f64>, Ended> {
        let answer = self.get(&format!("info/collections{query}"));
        match answer.status {
            200 => {
                let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
                assert!(
                    told.is_object(),
                    "what is no map wipes the account: {answer:?}"
                );
                Ok(serde_json::from_value(told).expect("numbers"))
            }
            401 | 404 => {
                assert_eq!(answer.status, 401, "a 404 is for nobody: {answer:?}");
                self.find_node();
                Err(Ended::LoginRejected)
            }
            _ => Err(Ended::Quietly),
        }
    }

    /// Two failures in a row other than 401, while the record is listed, and the client overwrites it
    /// and deletes every collection.
    fn read_meta(&mut self, info: &BTreeMap<String, f64>) -> Result<(), Ended> {
        let listed = info.get("meta").copied();
        if self.meta.is_some() && listed == self.meta_time {
            return Ok(());
        }
        let first = self.get("storage/meta/global");
        // A new device, or one that was started again, looks twice.
        let again = self.meta.is_none() && listed.is_some();
        let answer = if again {
            self.get("storage/meta/global")
        } else {
            first
        };
        match answer.status {
            200 => {
                let record: Value = serde_json::from_slice(&answer.body).expect("JSON");
                let payload = record["payload"].as_str().expect("a payload");
                let meta: Value = serde_json::from_str(payload).expect("JSON in the payload");
                assert_eq!(meta["storageVersion"], json!(5), "less would wipe");
                let crypto = info.contains_key("crypto") || self.keys_time.is_none();
                assert!(crypto, "a list without crypto wipes");
                self.meet(&meta);
                self.meta = Some(meta);
                self.meta_time = listed;
                Ok(())
            }
            401 => Err(Ended::Quietly),
            404 if listed.is_none() => Ok(()),
            _ => self.wipes(&format!(
                "meta/global is listed and can't be read: {answer:?}"
            )),
        }
    }

    /// A `syncID` other than the known one: nothing is deleted, but everything is downloaded and
    /// uploaded again.
    fn meet(&mut self, meta: &Value) {
        let known = self.sync_id.replace(meta["syncID"].clone());
        if known.is_some() && known != self.sync_id {
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        for engine in self.engines.values_mut() {
            engine.last_sync = 0.0;
            engine.changed = engine.items.keys().cloned().collect();
        }
    }

    /// What the device encrypts with, as it has it from the server.
    pub fn keys(&self) -> Option<&str> {
        self.keys.as_deref()
    }

    /// A list without `crypto`, or a 404 for the keys, and the client starts fresh.
    fn read_keys(&mut self, info: &BTreeMap<String, f64>) -> Result<(), Ended> {
        let Some(listed) = info.get("crypto").copied() else {
            return self.wipes("crypto is not listed");
        };
        if self.keys_time == Some(listed) {
            return Ok(());
        }
        let answer = self.get("storage/crypto/keys");
        match answer.status {
            200 => {
                let record: Value = serde_json::from_slice(&answer.body).expect("JSON");
                self.keys = record["payload"].as_str().map(str::to_owned);
                self.keys_time = Some(listed);
                Ok(())
            }
            404 => self.wipes("crypto/keys are not found"),
            _ => Err(Ended::Quietly),
        }
    }

    fn wipes(&mut self, why: &str) -> Result<(), Ended> {
        assert!(self.may_wipe, "the client wipes the account: {why}");
        self.start_fresh()
    }

    /// New records on an emptied server, and a look whether they arrived.
    pub fn start_fresh(&mut self) -> Result<(), Ended> {
        assert!(self.may_wipe, "the client wipes the account");
        let request = self.at_node().desktop().wipe();
        let wiped = self.ask("DELETE storage", &request);
        assert!(
            [200, 404].contains(&wiped.status),
            "all else is a failure: {wiped:?}"
        );
        wiped.timestamp();
        self.write_meta(json!({
            "syncID": format!("sync-id-of-all{}", self.mark), "storageVersion": 5, "engines": {}, "declined": [],
        }));
        let payload = format!("{{\"ciphertext\":\"a+b/c=={}\"}}", self.mark);
        let keys = json!({"id": "keys", "payload": payload}).to_string();
        let request = self
            .at_node()
            .desktop()
            .put("storage/crypto/keys", keys.as_bytes());
        let written = self.ask("PUT storage/crypto/keys", &request);
        assert_eq!(written.status, 200, "exactly: {written:?}");
        let time: f64 = serde_json::from_slice(&written.body).expect("a number");
        let info = self.info("")?;
        assert!(
            info["crypto"] >= time,
            "symmetric key upload failed: {info:?}, {written:?}"
        );
        self.meta_time = info.get("meta").copied();
        self.keys_time = None;
        self.read_keys(&info)?;
        self.begin_anew();
        Ok(())
    }

    fn write_meta(&mut self, meta: Value) {
        let record = json!({"id": "global", "payload": meta.to_string()}).to_string();
        let request = self
            .at_node()
            .desktop()
            .put("storage/meta/global", record.as_bytes());
        let written = self.ask("PUT storage/meta/global", &request);
        assert_eq!(written.status, 200, "{written:?}");
        self.sync_id = Some(meta["syncID"].clone());
        self.meta = Some(meta);
    }
}
