//! `weft backup` and `weft restore` as an operator uses them: between all engines, beside browsers that
//! go on, with files that came to harm, and stopped anywhere.

mod harness;
mod backup {
    mod beside_browsers;
    mod choices;
    mod engines;
    mod harm;
    mod memory;
    mod stopped;
}

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::http::{Request, Response};
use harness::{Installation, MariaDb, Node};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use weft::backup::{Chain, Held, Person, SectionWriter};
use weft::storage::Carried;
use weft::sync::{CollectionName, Timestamp, WboRef};

const PASSWORD: &str = "a long password";

/// Settings for a data folder of that name.
fn sqlite(name: &str) -> String {
    format!("data.dir = \"{name}-data\"\n")
}

/// Settings for records and accounts in a new database.
fn mysql(name: &str) -> String {
    let server = MariaDb::shared();
    format!(
        "data.dir = \"{name}-data\"\nstorage.engine = \"mysql\"\nauth.engine = \"mysql\"\n\
         [mysql.write]\nhost = \"127.0.0.1\"\nport = {}\ndatabase = \"{}\"\nuser = \"{}\"\n\
         password = '''{}'''\n",
        server.port(),
        server.database("latin1"),
        MariaDb::USER,
        MariaDb::PASSWORD,
    )
}

/// A command that is not waited for, as the account that servers run as.
fn command(at: &Installation, name: &str, arguments: &[&str]) -> Command {
    let mut command = match &at.site.account {
        Some(account) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={}", account.uid));
            command.arg(format!("--regid={}", account.gid));
            command.args(["--clear-groups", "--"]).arg(&at.program);
            command
        }
        None => Command::new(&at.program),
    };
    command
        .args(arguments)
        .arg("--config")
        .arg(at.site.path(&format!("{name}.toml")))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir(&at.site.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// One person at one server.
struct Login<'n> {
    node: &'n Node,
    name: &'n str,
}

impl Login<'_> {
    fn request(&self, method: &str, rest: &str) -> Request {
        let login = STANDARD.encode(format!("{}:{PASSWORD}", self.name));
        self.node
            .request(method, &format!("/1.1/{}/{rest}", self.name))
            .header("Authorization", format!("Basic {login}"))
    }

    fn get(&self, rest: &str) -> Response {
        self.node.send(&self.request("GET", rest))
    }

    /// Posts records, as many at once as may be; answers the last answer.
    fn post(&self, collection: &str, records: &Value) -> Response {
        let records = records.as_array().expect("a list").chunks(100);
        let mut answer = None;
        for part in records {
            answer = Some(self.post_once(collection, part));
        }
        answer.expect("some records")
    }

    /// Posts until that succeeds: while a user is being restored, writers may have to wait.
    fn post_once(&self, collection: &str, records: &[Value]) -> Response {
        let request = self.request("POST", &format!("storage/{collection}"));
        let request = request.body(Value::from(records).to_string());
        loop {
            let answer = self.node.send(&request);
            match answer.status {
                200 => {
                    let stored = answer.json()["success"].as_array().map(Vec::len);
                    assert_eq!(stored, Some(records.len()), "{answer:?}");
                    return answer;
                }
                503 => assert!(answer.header("Retry-After").is_some(), "{answer:?}"),
                _ => panic!("{answer:?}"),
            }
        }
    }

    /// The collections and their times, in hundredths.
    fn times(&self) -> BTreeMap<String, i64> {
        let answer = self.get("info/collections");
        assert_eq!(answer.status, 200, "{answer:?}");
        let times = answer.json();
        let times = times.as_object().expect("an object").iter();
        times
            .map(|(name, time)| (name.clone(), centis(time)))
            .collect()
    }

    /// Everything, by collection and id, without times.
    fn everything(&self) -> BTreeMap<(String, String), Value> {
        let mut all = BTreeMap::new();
        for collection in self.times().into_keys() {
            let answer = self.get(&format!("storage/{collection}?full=1"));
            for mut record in answer.json().as_array().expect("a list").clone() {
                record["modified"] = Value::Null;
                let id = record["id"].as_str().expect("an id").to_owned();
                all.insert((collection.clone(), id), record);
            }
        }
        all
    }
}

/// A time in a body, in hundredths.
fn centis(value: &Value) -> i64 {
    (value.as_f64().expect("a time") * 100.0).round() as i64
}

/// A backup of so many users `u000`, `u001`, … with so many records of so many bytes each.
fn made_backup(users: usize, records: usize, bytes: usize) -> Vec<u8> {
    let at = Timestamp::from_centis(179_000_000_000);
    let payload = "x".repeat(bytes);
    let mut out = Vec::new();
    let mut chain = Chain::begin(&mut out, at).unwrap();
    for user in 0..users {
        let person = Person {
            name: format!("u{user:03}"),
            number: 0,
            account: Some(Held {
                hash: Some("{SSHA-256}nobody".to_owned()),
                enabled: true,
                ..Held::default()
            }),
            records: true,
        };
        let mut section = SectionWriter::begin(&mut out, person).unwrap();
        for collection in ["crypto", "history"] {
            let name = CollectionName::new(collection).unwrap();
            let modified = at;
            let piece = Carried::Collection {
                name: &name,
                modified,
            };
            section.carry(piece).unwrap();
            let count = if collection == "crypto" { 1 } else { records };
            for number in 0..count {
                let record = WboRef {
                    id: &format!("{number:07}"),
                    modified: at,
                    parentid: None,
                    predecessorid: None,
                    sortindex: Some(7),
                    payload: Some(&payload),
                };
                let expires = None;
                section.carry(Carried::Record { record, expires }).unwrap();
            }
        }
        chain.add(&section.end(at).unwrap());
    }
    chain.end(&mut out).unwrap();
    out
}

/// What `weft user show` tells of everybody, with times left out.
fn shown(at: &Installation, name: &str) -> BTreeMap<String, Value> {
    let list = at.run(name, &["user", "list", "--json"], "").json();
    let mut all = BTreeMap::new();
    for account in list.as_array().expect("a list") {
        let user = account["name"].as_str().expect("a name").to_owned();
        let mut sheet = at.run(name, &["user", "show", &user, "--json"], "").json();
        for collection in sheet["collections"].as_array_mut().expect("a list") {
            collection["modified"] = Value::Null;
        }
        all.insert(user, sheet);
    }
    all
}
