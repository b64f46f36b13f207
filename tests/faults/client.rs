//! A client: does what browsers do, at random, and checks each answer against what it knows.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::SHORTEST;
use crate::harness::Dice;
use crate::harness::api::{User, centiseconds};
use crate::harness::http::{Connection, Request, Response};
use crate::history::{History, Operation, Outcome, Seen, State, What};
use crate::violation::must_hold;
use crate::world::{Account, TRIES, World};

/// How long a request may take, on a machine that does much else. Apache itself takes up to eleven seconds
/// to restart where it waits for processes that don't end.
const DEADLINE: Duration = Duration::from_secs(20);

/// A record of each collection has one of so many ids, so that clients meet.
const IDS: u64 = 25;

/// The longest life of a record that does not live for ever, in seconds.
pub const LONGEST_LIFE: u32 = 3;

/// One device of one user.
pub struct Client<'w> {
    world: &'w World<'w>,
    user: User<'w>,
    dice: Dice,
    collections: Vec<Followed<'w>>,
}

/// What the client knows of a collection.
struct Followed<'w> {
    history: &'w History,
    /// By `X-Weave-Timestamp`, and by the collection's time in the list.
    by_answer: Follower,
    by_list: Follower,
    /// The latest time that the client knows.
    latest: i64,
}

/// A copy that is kept up to date by `newer`.
#[derive(Default)]
struct Follower {
    since: i64,
    records: State,
}

impl<'w> Client<'w> {
    pub fn new(world: &'w World<'w>, account: &'w Account<'w>, mut dice: Dice) -> Client<'w> {
        let version = *dice.choose(&[crate::harness::api::PHP, crate::harness::api::PYTHON]);
        let collections = account.collections.iter().map(|history| Followed {
            history,
            by_answer: Follower::default(),
            by_list: Follower::default(),
            latest: 0,
        });
        Client {
            world,
            user: account.user.at(version),
            collections: collections.collect(),
            dice,
        }
    }

    /// Works until all is over.
    pub fn run(mut self) -> Self {
        while !self.world.is_over() {
            self.act();
        }
        self
    }

    /// What stands in the client's copies must at last be what is stored.
    pub fn check_copies(&mut self, states: &[State]) {
        for (n, state) in states.iter().enumerate() {
            // All but what is late was looked at when it was sent.
            let followed = (0..TRIES).any(|_| self.follow_by_answer(n));
            assert!(followed, "everything is served normally");
            let followed = (0..TRIES).any(|_| self.follow_by_list(n));
            assert!(followed, "everything is served normally");
            let followed = &self.collections[n];
            for (way, copy) in [
                ("X-Weave-Timestamp", &followed.by_answer),
                ("the collection's time", &followed.by_list),
            ] {
                let (since, records) = (copy.since, &copy.records);
                must_hold(followed.history.followed(way, since, records, state));
            }
        }
    }

    fn act(&mut self) {
        let n = self.dice.roll(self.collections.len() as u64) as usize;
        match self.dice.roll(16) {
            0..=3 => self.put(n),
            4..=5 => self.post(n, None),
            6..=7 => self.post(n, Some(self.collections[n].latest)),
            8 => self.delete(n),
            9..=10 => drop(self.follow_by_answer(n)),
            11..=12 => drop(self.follow_by_list(n)),
            13 => self.read_one(n),
            _ => self.read_what_is_precious(),
        }
    }

    /// Sends a request over a good network or a bad one. Nothing if no whole answer came.
    fn send(&mut self, request: &Request) -> Option<Response> {
        let (address, good) = self.way();
        let (begun, mended) = (Instant::now(), self.world.is_mended());
        let answer = (Connection::open_for(address, DEADLINE))
            .and_then(|mut line| line.exchange(request))
            .ok()
            .filter(|answer| !answer.truncated);
        let took = begun.elapsed();
        let (method, target) = (&request.method, &request.target);
        let status = answer.as_ref().map(|answer| answer.status);
        if took < DEADLINE {
            self.world.count(good, took, status);
        } else {
            let left = status.is_none() && self.world.was_left_by_apache(begun);
            assert!(left, "{method} {target} took {took:?}: {answer:?}");
        }
        let served = status.is_some_and(|status| ![401, 503].contains(&status));
        let excused = !mended || took >= SHORTEST && self.world.may_be_late();
        assert!(
            served || excused,
            "{method} {target}, when all runs, after {took:?}: {answer:?}"
        );
        if answer.is_none() {
            // Nobody asks a server that is away without pause.
            thread::sleep(Duration::from_millis(20));
        }
        answer
    }

    fn way(&mut self) -> (SocketAddr, bool) {
        match (&self.world.network, self.dice.roll(3)) {
            (Some(network), 0) if !self.world.is_calm() => (network.address(), false),
            _ => (self.user.server.address(), true),
        }
    }

    fn put(&mut self, n: usize) {
        let id = format!("r{}", self.dice.roll(IDS));
        let (number, ttl) = (self.world.next_number(), self.ttl());
        let body = self.body(number, ttl, None);
        let path = format!("storage/{}/{id}", self.collections[n].history.name);
        let request = self.user.request("PUT", &path).body(body);
        let what = What::Write { ids: vec![id], ttl };
        self.write(n, number, request, what, None);
    }

    fn post(&mut self, n: usize, since: Option<i64>) {
        let first = self.dice.roll(IDS);
        let count = 1 + self.dice.roll(12);
        let ids: Vec<String> = (first..first + count)
            .map(|id| format!("r{}", id % IDS))
            .collect();
        let (number, ttl) = (self.world.next_number(), self.ttl());
        let records: Vec<String> = (ids.iter())
            .map(|id| self.body(number, ttl, Some(id)))
            .collect();
        let path = format!("storage/{}", self.collections[n].history.name);
        let mut request = self.user.request("POST", &path);
        if let Some(since) = since {
            request = request.header("X-If-Unmodified-Since", decimal(since));
        }
        let request = request.body(format!("[{}]", records.join(",")));
        self.write(n, number, request, What::Write { ids, ttl }, since);
    }

    fn delete(&mut self, n: usize) {
        let name = &self.collections[n].history.name;
        let first = self.dice.roll(IDS);
        let some: Vec<String> = (first..first + 3)
            .map(|id| format!("r{}", id % IDS))
            .collect();
        let (path, ids) = match self.dice.roll(8) {
            0 => (format!("storage/{name}"), None),
            1..=3 => (format!("storage/{name}?ids={}", some.join(",")), Some(some)),
            _ => (
                format!("storage/{name}/{}", some[0]),
                Some(vec![some[0].clone()]),
            ),
        };
        let request = self.user.request("DELETE", &path);
        let number = self.world.next_number();
        self.write(n, number, request, What::Delete { ids }, None);
    }

    fn write(&mut self, n: usize, number: u64, request: Request, what: What, since: Option<i64>) {
        let history = self.collections[n].history;
        let (_, told) = history.floors();
        let outcome = match self.send(&request) {
            Some(answer) => match answer.status {
                200 => {
                    let time = centiseconds(answer.timestamp());
                    must_hold(history.later(time, told));
                    // A deletion of nothing does not change the collection.
                    match what {
                        What::Write { .. } => history.listed(time),
                        What::Delete { .. } => history.told(time),
                    }
                    self.collections[n].latest = self.collections[n].latest.max(time);
                    if request.method == "POST" {
                        let text = answer.text();
                        assert!(!text.contains("failed\":{\""), "{answer:?}");
                    }
                    Outcome::Done(time)
                }
                412 if since.is_some() => Outcome::Refused,
                503 => Outcome::Unknown,
                _ => panic!("{request:?} was answered {answer:?}"),
            },
            None => Outcome::Unknown,
        };
        history.add(Operation {
            number,
            what,
            since,
            outcome,
        });
    }

    /// Fetches what is newer than the last answer. Whether there was an answer.
    fn follow_by_answer(&mut self, n: usize) -> bool {
        let since = self.collections[n].by_answer.since;
        let Some((answer, records)) = self.newer(n, since) else {
            return false;
        };
        let followed = &mut self.collections[n];
        let time = centiseconds(answer.timestamp());
        for (id, seen) in records {
            assert!(seen.modified <= time, "{id} {seen:?} with {answer:?}");
            followed.latest = followed.latest.max(seen.modified);
            followed.by_answer.records.insert(id, seen);
        }
        followed.history.told(time);
        followed.by_answer.since = since.max(time);
        true
    }

    /// Asks for the list of times, then for what is newer than the last list said.
    fn follow_by_list(&mut self, n: usize) -> bool {
        let floors: Vec<i64> = (self.collections.iter())
            .map(|followed| followed.history.floors().0)
            .collect();
        let request = self.user.request("GET", "info/collections");
        let Some(listed) = self.read(&request) else {
            return false;
        };
        let times = listed.json();
        for precious in ["meta", "crypto"] {
            assert!(times[precious].is_number(), "{precious} in {listed:?}");
        }
        for (followed, floor) in self.collections.iter().zip(floors) {
            let name = &followed.history.name;
            if let Some(time) = times.get(name) {
                let time = centiseconds(&time.to_string());
                must_hold(followed.history.not_before(time, floor));
                followed.history.listed(time);
            }
        }
        let followed = &self.collections[n];
        let Some(time) = times.get(&followed.history.name) else {
            return true;
        };
        let time = centiseconds(&time.to_string());
        let since = followed.by_list.since;
        if time > since {
            let Some((_, records)) = self.newer(n, since) else {
                return false;
            };
            self.collections[n].by_list.records.extend(records);
            self.collections[n].by_list.since = time;
        }
        true
    }

    fn newer(&mut self, n: usize, since: i64) -> Option<(Response, Vec<(String, Seen)>)> {
        let history = self.collections[n].history;
        let path = format!("storage/{}?newer={}&full=1", history.name, decimal(since));
        let request = (self.user.request("GET", &path)).header("Accept", "application/newlines");
        let answer = self.read(&request)?;
        let records = seen_in(&answer);
        for (_, seen) in &records {
            must_hold(history.saw(seen));
        }
        Some((answer, records))
    }

    fn read_one(&mut self, n: usize) {
        let name = &self.collections[n].history.name;
        let path = format!("storage/{name}/r{}", self.dice.roll(IDS));
        let request = self.user.request("GET", &path);
        if let Some(answer) = self.send(&request) {
            assert!(
                [200, 404, 503].contains(&answer.status),
                "{path}: {answer:?}"
            );
        }
    }

    /// The two records whose failed reading makes browsers delete everything.
    fn read_what_is_precious(&mut self) {
        let (path, refusal) = match self.dice.roll(2) {
            0 => ("storage/meta/global", 401),
            _ => ("storage/crypto/keys", 503),
        };
        let request = self.user.request("GET", path);
        if let Some(answer) = self.send(&request) {
            assert!(
                [200, refusal].contains(&answer.status),
                "{path}: {answer:?}"
            );
        }
    }

    /// The answer to a question that is answered, or that the fault of something refuses.
    fn read(&mut self, request: &Request) -> Option<Response> {
        let answer = self.send(request)?;
        assert!(
            [200, 503].contains(&answer.status),
            "{request:?}: {answer:?}"
        );
        (answer.status == 200).then_some(answer)
    }

    fn ttl(&mut self) -> Option<u32> {
        (self.dice.roll(6) == 0).then(|| 1 + self.dice.roll(u64::from(LONGEST_LIFE)) as u32)
    }

    /// A record, marked with the operation that writes it.
    fn body(&mut self, number: u64, ttl: Option<u32>, id: Option<&str>) -> String {
        let length = match self.dice.roll(8) {
            0 => 30_000,
            _ => self.dice.roll(600) as usize,
        };
        let payload = format!("{number} {}", "x".repeat(length));
        let id = id.map_or(String::new(), |id| format!("\"id\":\"{id}\","));
        let ttl = ttl.map_or(String::new(), |ttl| format!(",\"ttl\":{ttl}"));
        format!("{{{id}\"payload\":\"{payload}\"{ttl}}}")
    }
}

/// The records of an answer in lines.
pub fn seen_in(answer: &Response) -> Vec<(String, Seen)> {
    let record = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).expect("a record");
        let payload = record["payload"].as_str().expect("a payload");
        let (number, _) = payload.split_once(' ').expect("a mark");
        let seen = Seen {
            by: number.parse().expect("a number"),
            modified: centiseconds(&record["modified"].to_string()),
            bytes: payload.len(),
        };
        (record["id"].as_str().expect("an id").to_owned(), seen)
    };
    answer.text().lines().map(record).collect()
}

fn decimal(centis: i64) -> String {
    format!("{}.{:02}", centis / 100, centis % 100)
}
