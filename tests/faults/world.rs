//! What all clients of a round share: the users, the way to the server, and what was counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value;

use crate::client::seen_in;
use crate::harness::api::{PYTHON, User, centiseconds};
use crate::harness::{Proxy, Server};
use crate::history::{History, Seen};

/// The collections of each user that change.
const COLLECTIONS: [&str; 3] = ["bookmarks", "tabs", "own"];

/// A user, and what clients did.
pub struct Account<'w> {
    pub user: User<'w>,
    pub collections: Vec<History>,
}

/// The round.
pub struct World<'w> {
    /// A bad network between clients and Apache.
    pub network: Option<&'w Proxy>,
    calm: AtomicBool,
    over: AtomicBool,
    numbers: AtomicU64,
    requests: AtomicU64,
    answers: Mutex<BTreeMap<Option<u16>, u64>>,
}

impl<'w> Account<'w> {
    /// A new user with the records whose loss costs everything.
    pub fn new(server: &'w Server, name: &str) -> Account<'w> {
        let user = User::new(server, PYTHON, name);
        for path in ["storage/meta/global", "storage/crypto/keys"] {
            user.put(path, r#"{"payload":"0 precious"}"#).written();
        }
        Account {
            user,
            collections: COLLECTIONS.map(History::new).into(),
        }
    }

    /// What is stored in each collection, which must be what the operations left.
    pub fn check(&self) -> Vec<BTreeMap<String, Seen>> {
        self.counts_what_is_there();
        let states = self.collections.iter().map(|history| {
            let state = self.state(&history.name);
            history.check(&state);
            state
        });
        states.collect()
    }

    fn state(&self, collection: &str) -> BTreeMap<String, Seen> {
        let path = format!("storage/{collection}?full=1");
        let answer = self.user.get_as("application/newlines", &path);
        assert_eq!(answer.status, 200, "{answer:?}");
        seen_in(&answer).into_iter().collect()
    }

    /// Whether counts, usage, quota and the list of times agree with the records.
    fn counts_what_is_there(&self) {
        let (mut counts, mut usage) = (BTreeMap::new(), BTreeMap::new());
        for name in COLLECTIONS {
            let state = self.state(name);
            if !state.is_empty() {
                let bytes: usize = state.values().map(|seen| seen.bytes).sum();
                counts.insert(name.to_owned(), state.len() as f64);
                usage.insert(name.to_owned(), bytes as f64 / 1024.0);
            }
        }
        for name in ["crypto", "meta"] {
            counts.insert(name.to_owned(), 1.0);
            usage.insert(name.to_owned(), "0 precious".len() as f64 / 1024.0);
        }
        let told = self.numbers("info/collection_counts");
        assert_eq!(told, counts, "what is counted, and what is there");
        let told = self.numbers("info/collection_usage");
        let near = |(told, right): (&f64, &f64)| (told - right).abs() < 0.01;
        let right = told.keys().eq(usage.keys()) && told.values().zip(usage.values()).all(near);
        assert!(right, "{told:?} is told of {usage:?}");
        let quota = self.user.get("info/quota").json();
        let (used, right) = (quota[0].as_f64(), usage.values().sum::<f64>());
        let exact = used.is_some_and(|used| (used - right).abs() < 0.01);
        assert!(exact, "{quota} is told of {right}");
        let listed: BTreeSet<String> = self.numbers("info/collections").into_keys().collect();
        assert!(
            listed.iter().eq(counts.keys()),
            "{listed:?} is told of {counts:?}"
        );
    }

    fn numbers(&self, path: &str) -> BTreeMap<String, f64> {
        let told = self.user.get(path).json();
        let Value::Object(told) = told else {
            panic!("{path}: {told}");
        };
        told.into_iter()
            .map(|(name, number)| (name, number.as_f64().expect("a number")))
            .collect()
    }

    /// One of each kind of request: each must be answered as on an ordinary day.
    pub fn is_served(&self) -> Result<(), String> {
        let normal = |what: &str, status: u16| match status {
            200 => Ok(()),
            status => Err(format!("{what} of {} is {status}", self.user.name)),
        };
        for path in [
            "info/collections",
            "info/quota",
            "storage/meta/global",
            "storage/crypto/keys",
            "storage/bookmarks?full=1",
        ] {
            normal(path, self.user.get(path).status)?;
        }
        let written = self.user.put("storage/own2/a", r#"{"payload":"1 x"}"#);
        normal("a write", written.status)?;
        let since = centiseconds(written.timestamp());
        let since = format!("{}.{:02}", since / 100, since % 100);
        let path = "storage/own2";
        let deleted = self.user.unless_modified(&since, "DELETE", path, "");
        normal("a deletion", deleted.status)
    }
}

impl<'w> World<'w> {
    pub fn new(network: Option<&'w Proxy>) -> World<'w> {
        World {
            network,
            calm: AtomicBool::new(false),
            over: AtomicBool::new(false),
            // Zero is the mark of what was there before.
            numbers: AtomicU64::new(1),
            requests: AtomicU64::new(0),
            answers: Mutex::default(),
        }
    }

    /// No fault is made any more.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    /// The clients are to end.
    pub fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    pub fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
    }

    pub fn count_answer(&self, status: Option<u16>) {
        *self.answers.lock().unwrap().entry(status).or_default() += 1;
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many answers there were of each status, and how many requests without one.
    pub fn answers(&self) -> BTreeMap<Option<u16>, u64> {
        self.answers.lock().unwrap().clone()
    }
}
