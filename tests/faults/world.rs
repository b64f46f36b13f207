//! What all clients of a round share: the users, the way to the server, and what was counted.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::SHORTEST;
use crate::client::seen_in;
use crate::harness::api::{PYTHON, User, centiseconds};
use crate::harness::http::Response;
use crate::harness::{Memcached, Proxy, Server};
use crate::history::{History, State};
use crate::recount::Told;
use crate::violation::{Broken, must_hold, promised};

/// The collections of each user that change.
const COLLECTIONS: [&str; 3] = ["bookmarks", "tabs", "own"];

/// The records whose loss costs everything.
const PRECIOUS: [(&str, &str); 2] = [("crypto", "keys"), ("meta", "global")];

/// A request that Apache forgets has begun at most so long before it was restarted, or so long after: it
/// takes a moment until the processes of before take no more connections.
const LEFT: Duration = Duration::from_secs(3);

/// How often all clients together may be late when all runs: some times each.
const MOST_LATE: u64 = 20;

/// How often is asked again what was late.
pub const TRIES: usize = 3;

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
    mended: AtomicBool,
    over: AtomicBool,
    numbers: AtomicU64,
    requests: AtomicU64,
    /// The longest request over a sound network and over a bad one, in milliseconds.
    longest: [AtomicU64; 2],
    answers: Mutex<BTreeMap<Option<u16>, u64>>,
    graceful: Mutex<Vec<Instant>>,
    left: AtomicU64,
    late: AtomicU64,
}

impl<'w> Account<'w> {
    /// A new user with the records whose loss costs everything.
    pub fn new(server: &'w Server, name: &str) -> Account<'w> {
        let user = User::new(server, PYTHON, name);
        for (name, id) in PRECIOUS {
            let path = format!("storage/{name}/{id}");
            user.put(&path, r#"{"payload":"0 precious"}"#).written();
        }
        Account {
            user,
            collections: COLLECTIONS.map(History::new).into(),
        }
    }

    /// What is stored in each collection, which must be what the operations left; and all that is told
    /// about it must be right, also by `cache`.
    pub fn check(&self, cache: &Memcached) -> Vec<State> {
        // What faults left in the cache, this may mend.
        self.numbers("info/collections");
        let (cached, tabs) = (self.told(), self.tabs());
        cache.flush();
        must_hold(cached.is_what_the_database_says(&self.told()));
        let same = tabs == self.tabs();
        must_hold(promised(same, Broken::CacheDiffers, || tabs));
        let states: Vec<State> = (self.collections.iter()).map(|h| self.state(h)).collect();
        let names = COLLECTIONS.map(str::to_owned).into_iter();
        let mut all: BTreeMap<String, State> = names.zip(states.iter().cloned()).collect();
        for (name, id) in PRECIOUS {
            let history = History::new(name);
            let state = self.state(&history);
            assert!(state.contains_key(id), "{name}/{id} is gone");
            all.insert(name.to_owned(), state);
        }
        must_hold(cached.is_a_recount_of(&all));
        for (history, state) in self.collections.iter().zip(&states) {
            must_hold(history.check(state));
        }
        states
    }

    /// The latest time of any collection.
    pub fn latest(&self) -> i64 {
        let times = self.told().times.into_values();
        times.max().expect("there are collections")
    }

    fn state(&self, history: &History) -> State {
        let path = format!("storage/{}?full=1", history.name);
        let answer = in_time(|| self.user.get_as("application/newlines", &path));
        assert_eq!(answer.status, 200, "{answer:?}");
        must_hold(history.once(seen_in(&answer)))
    }

    /// The one collection that caches hold whole.
    fn tabs(&self) -> String {
        in_time(|| self.user.get("storage/tabs?full=1&sort=newest")).text()
    }

    fn told(&self) -> Told {
        let times = self.numbers("info/collections").into_iter();
        let quota = in_time(|| self.user.get("info/quota")).json();
        Told {
            counts: self.numbers("info/collection_counts"),
            usage: self.numbers("info/collection_usage"),
            used: quota[0].as_f64().expect("a number"),
            times: times
                .map(|(name, time)| (name, (time * 100.0).round() as i64))
                .collect(),
        }
    }

    fn numbers(&self, path: &str) -> BTreeMap<String, f64> {
        let told = in_time(|| self.user.get(path)).json();
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
            normal(path, in_time(|| self.user.get(path)).status)?;
        }
        let written = in_time(|| self.user.put("storage/own2/a", r#"{"payload":"1 x"}"#));
        normal("a write", written.status)?;
        let since = centiseconds(written.timestamp());
        let since = format!("{}.{:02}", since / 100, since % 100);
        let path = "storage/own2";
        let deleted = in_time(|| self.user.unless_modified(&since, "DELETE", path, ""));
        normal("a deletion", deleted.status)
    }
}

/// The answer to a request, which is asked again if it was refused after as long as servers wait.
fn in_time(ask: impl Fn() -> Response) -> Response {
    for _ in 1..TRIES {
        let begun = Instant::now();
        let answer = ask();
        if answer.status == 200 || begun.elapsed() < SHORTEST {
            return answer;
        }
    }
    ask()
}

impl<'w> World<'w> {
    pub fn new(network: Option<&'w Proxy>) -> World<'w> {
        World {
            network,
            calm: AtomicBool::new(false),
            mended: AtomicBool::new(false),
            over: AtomicBool::new(false),
            // Zero is the mark of what was there before.
            numbers: AtomicU64::new(1),
            requests: AtomicU64::new(0),
            longest: Default::default(),
            answers: Mutex::default(),
            graceful: Mutex::default(),
            left: AtomicU64::new(0),
            late: AtomicU64::new(0),
        }
    }

    /// No fault is made any more.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    /// The last fault is so long ago that every request is served from now on.
    pub fn mend(&self) {
        self.mended.store(true, Ordering::SeqCst);
    }

    pub fn is_mended(&self) -> bool {
        self.mended.load(Ordering::SeqCst)
    }

    /// Counts a request that took as long as servers wait and was refused when all runs. Whether that may be.
    pub fn may_be_late(&self) -> bool {
        self.late.fetch_add(1, Ordering::SeqCst) < MOST_LATE
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

    /// A request over a network that is `good`, which took so long and was answered so, or not at all.
    pub fn count(&self, good: bool, took: Duration, status: Option<u16>) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let took = took.as_millis().try_into().unwrap_or(u64::MAX);
        self.longest[usize::from(!good)].fetch_max(took, Ordering::SeqCst);
        *self.answers.lock().unwrap().entry(status).or_default() += 1;
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// The longest request over a sound network and over a bad one, in milliseconds.
    pub fn longest(&self) -> (u64, u64) {
        let [good, bad] = &self.longest;
        (good.load(Ordering::SeqCst), bad.load(Ordering::SeqCst))
    }

    /// Apache is about to be restarted gracefully.
    pub fn restarts_gracefully(&self) {
        self.graceful.lock().unwrap().push(Instant::now());
    }

    /// Whether Apache may have forgotten a request that began then.
    ///
    /// mod_fcgid's process manager ends at once when Apache is restarted gracefully. Requests that wait
    /// for it to start a worker wait for ever, before any worker has seen them.
    pub fn was_left_by_apache(&self, begun: Instant) -> bool {
        let graceful = self.graceful.lock().unwrap();
        let left =
            (graceful.iter()).any(|restart| *restart + LEFT > begun && *restart < begun + LEFT);
        self.left.fetch_add(left.into(), Ordering::SeqCst);
        left
    }

    /// How many requests Apache has forgotten.
    pub fn left_by_apache(&self) -> u64 {
        self.left.load(Ordering::SeqCst)
    }

    /// How many answers there were of each status, and how many requests without one.
    pub fn answers(&self) -> BTreeMap<Option<u16>, u64> {
        self.answers.lock().unwrap().clone()
    }
}
