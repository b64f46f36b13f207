//! One device that syncs, and what it saw.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::browser::Profile;
use crate::harness::http::{Connection, Request, Response};
use crate::harness::{Dice, Server};
use crate::people::{PASSWORD, name};

const COLLECTIONS: [&str; 5] = ["bookmarks", "forms", "passwords", "history", "prefs"];

/// How many of them a sync reads, and writes, of a hundred syncs (Mozilla's load test).
const READS: [u64; 5] = [71, 15, 7, 4, 3];
const WRITES: [u64; 5] = [67, 18, 9, 4, 2];

/// What devices saw.
#[derive(Default)]
pub struct Seen {
    /// How long each request took that was not refused.
    took: Vec<Duration>,
    syncs: u64,
    /// Syncs that were told to come back before they began.
    pub refused: u64,
    took_refused: Vec<Duration>,
}

impl Seen {
    pub fn add(&mut self, other: Seen) {
        self.took.extend(other.took);
        self.took_refused.extend(other.took_refused);
        self.syncs += other.syncs;
        self.refused += other.refused;
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |all: &[Duration], part: usize| {
            let mut sorted = all.to_vec();
            sorted.sort_unstable();
            let at = (sorted.len() * part / 1_000).min(sorted.len().saturating_sub(1));
            sorted.get(at).copied().unwrap_or_default()
        };
        let (all, away) = (&self.took, &self.took_refused);
        write!(
            out,
            "{} requests of {} syncs, p50 {:.1?}, p99 {:.1?}, longest {:.1?}; {} syncs refused, p99 {:.1?}",
            all.len(),
            self.syncs,
            of(all, 500),
            of(all, 990),
            of(all, 1_000),
            self.refused,
            of(away, 990)
        )
    }
}

/// The device.
pub struct Device<'s> {
    server: &'s Server,
    profile: Profile,
    dice: Dice,
    line: Option<Connection>,
}

impl<'s> Device<'s> {
    pub fn new(server: &'s Server, number: u64) -> Device<'s> {
        static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        Device {
            server,
            profile: Profile::new(server, &name(number), PASSWORD),
            dice: Dice::new(number, MADE.fetch_add(1, Ordering::Relaxed)),
            line: None,
        }
    }

    /// Waits for about `pause`, each time another.
    pub fn wait(&mut self, pause: Duration, over: &AtomicBool) {
        let most = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) * 2;
        if most == 0 {
            return;
        }
        let end = Instant::now() + Duration::from_millis(self.dice.roll(most));
        while Instant::now() < end && !over.load(Ordering::Relaxed) {
            let left = end.saturating_duration_since(Instant::now());
            thread::sleep(left.min(Duration::from_millis(100)));
        }
        // Browsers close what they have not used for a while, and so does Apache.
        self.line = None;
    }

    /// One sync. Fails where a browser would wipe its account, and where a sync that has begun is refused.
    pub fn sync(&mut self, seen: &mut Seen) {
        let begun = Instant::now();
        let answer = self.ask(&self.profile.desktop().get("info/collections"));
        if answer.status == 503 {
            let wait = answer.header("Retry-After").map(str::parse::<u32>);
            assert!(matches!(wait, Some(Ok(1..))), "{answer:?}");
            seen.refused += 1;
            seen.took_refused.push(begun.elapsed());
            return;
        }
        seen.took.push(begun.elapsed());
        let told = answer.json();
        assert!(
            told["meta"].is_number() && told["crypto"].is_number(),
            "{told}"
        );
        if self.dice.roll(100) < 60 {
            let get = self.profile.desktop().get("storage/meta/global");
            self.succeed(&get, seen);
        }
        for _ in 0..self.many(READS) {
            let name = *self.dice.choose(&COLLECTIONS);
            let since = 1_700_000_000 + self.dice.roll(300);
            let path = format!("storage/{name}?full=1&newer={since}");
            self.succeed(&self.profile.desktop().get_lines(&path), seen);
        }
        for _ in 0..self.many(WRITES) {
            let name = *self.dice.choose(&COLLECTIONS);
            let size = 50 + self.dice.roll(150) as usize;
            let first = self.dice.roll(1_000_000);
            let records: Vec<_> = (0..10)
                .map(|n| {
                    let payload = "0123456789".repeat(size);
                    serde_json::json!({"id": format!("new-{}", first + n), "payload": payload})
                })
                .collect();
            let body = serde_json::to_vec(&records).expect("JSON");
            let post = (self.profile.desktop()).post(&format!("storage/{name}"), &body);
            let answer = self.succeed(&post, seen);
            let done = answer.json()["success"].as_array().map(Vec::len);
            assert_eq!(done, Some(10), "{answer:?}");
        }
        seen.syncs += 1;
    }

    fn many(&mut self, weights: [u64; 5]) -> u64 {
        let mut rolled = self.dice.roll(100);
        for (many, weight) in (0..).zip(weights) {
            if rolled < weight {
                return many;
            }
            rolled -= weight;
        }
        0
    }

    fn succeed(&mut self, request: &Request, seen: &mut Seen) -> Response {
        let begun = Instant::now();
        let answer = self.ask(request);
        assert_eq!(answer.status, 200, "{} {answer:?}", request.target);
        seen.took.push(begun.elapsed());
        answer
    }

    /// Over the connection that is there, or a new one when Apache has closed it meanwhile.
    fn ask(&mut self, request: &Request) -> Response {
        if let Some(answer) = self
            .line
            .as_mut()
            .and_then(|line| line.exchange(request).ok())
        {
            return answer;
        }
        let mut line = Connection::open(self.server.address()).expect("Apache takes connections");
        let answer = line.exchange(request).expect("an answer");
        assert!(!answer.truncated, "{answer:?}");
        self.line = Some(line);
        answer
    }
}
