//! Clients that write, read back and list without pause, and know what they were promised.

use crate::harness::Server;
use crate::harness::api::{User, centiseconds};
use crate::harness::http::Response;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many clients there are to each user.
const CLIENTS: usize = 2;

/// How long some rounds of all clients may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(300);

/// What clients hear while something is away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    Refused,
    Unnoticed,
}

/// An answer, and when it was asked for.
struct Answered {
    what: String,
    begun: Instant,
    ended: Instant,
    status: u16,
}

/// Clients at work.
pub struct Load {
    meanwhile: Meanwhile,
    /// How many rounds each client has done.
    rounds: Vec<AtomicUsize>,
    answers: Mutex<Vec<Answered>>,
    /// From when until when something was away.
    away: Mutex<Vec<(Instant, Instant)>>,
    done: AtomicBool,
}

impl Load {
    /// Runs the clients while `disturb` disturbs them, and checks all that they heard.
    pub fn run(server: &Server, users: &[User], meanwhile: Meanwhile, disturb: impl FnOnce(&Load)) {
        let clients: Vec<&User> = users.iter().flat_map(|user| [user; CLIENTS]).collect();
        for user in users {
            let global = user.put("storage/meta/global", r#"{"payload":"global"}"#);
            assert_eq!(global.status, 200, "{global:?}");
        }
        let load = Load {
            meanwhile,
            rounds: clients.iter().map(|_| AtomicUsize::new(0)).collect(),
            answers: Mutex::default(),
            away: Mutex::default(),
            done: AtomicBool::new(false),
        };
        let acknowledged: Vec<BTreeSet<String>> = thread::scope(|scope| {
            let load = &load;
            // Also when the disturbance fails, the clients are told to end.
            let end = Ended(&load.done);
            let running: Vec<_> = (clients.iter().enumerate())
                .map(|(number, user)| scope.spawn(move || load.client(number, user)))
                .collect();
            load.wait_for_rounds(2);
            let before = server.worker_pids();
            assert!(before.len() > 1, "several workers");
            disturb(load);
            let after = server.worker_pids();
            let lost: Vec<_> = before.iter().filter(|pid| !after.contains(pid)).collect();
            assert!(lost.is_empty(), "workers {lost:?} are gone");
            drop(end);
            let ended = running.into_iter().map(|client| client.join());
            ended.map(|told| told.expect("a client")).collect()
        });
        load.judge();
        for (user, ids) in clients.iter().zip(acknowledged) {
            let stored: BTreeSet<String> = user.ids("storage/forms").into_iter().collect();
            let lost: Vec<_> = ids.difference(&stored).collect();
            assert!(lost.is_empty(), "answered with success, and gone: {lost:?}");
        }
    }

    /// Takes something away for some rounds, and gives it back.
    pub fn outage(&self, take: impl FnOnce(), give: impl FnOnce()) {
        self.outage_of(&mut (), |()| take(), |()| give());
    }

    /// The same with what has to be changed for that.
    pub fn outage_of<T>(&self, what: &mut T, take: impl FnOnce(&mut T), give: impl FnOnce(&mut T)) {
        let from = Instant::now();
        take(what);
        self.wait_for_rounds(2);
        give(what);
        self.away.lock().unwrap().push((from, Instant::now()));
        self.wait_for_rounds(2);
    }

    /// Waits until every client has done so many more rounds.
    fn wait_for_rounds(&self, more: usize) {
        let deadline = Instant::now() + PATIENCE;
        let now = (self.rounds.iter()).map(|round| round.load(Ordering::SeqCst) + more);
        let ends: Vec<usize> = now.collect();
        for (round, end) in self.rounds.iter().zip(ends) {
            while round.load(Ordering::SeqCst) < end {
                assert!(Instant::now() < deadline, "a client got no further");
                thread::sleep(Duration::from_millis(2));
            }
        }
    }

    fn ask(&self, what: &str, ask: impl FnOnce() -> Response) -> Response {
        let begun = Instant::now();
        let answer = ask();
        self.answers.lock().unwrap().push(Answered {
            what: what.to_owned(),
            begun,
            ended: Instant::now(),
            status: answer.status,
        });
        answer
    }

    /// Answers the ids of the records whose writing was acknowledged.
    fn client(&self, number: usize, user: &User) -> BTreeSet<String> {
        let mut acknowledged = BTreeSet::new();
        let mut latest = 0;
        for round in 0.. {
            if self.done.load(Ordering::SeqCst) {
                break;
            }
            let id = format!("{number}-{round}");
            let path = format!("storage/forms/{id}");
            let body = format!(r#"{{"payload":"of {id}"}}"#);
            let written = self.ask("PUT", || user.put(&path, body));
            if written.status == 200 {
                acknowledged.insert(id.clone());
            }
            let read = self.ask("GET", || user.get(&path));
            match read.status {
                200 => assert_eq!(read.json()["payload"], format!("of {id}")),
                404 => assert!(written.status != 200, "written and not there: {read:?}"),
                _ => {}
            }
            let listed = self.ask("info/collections", || user.get("info/collections"));
            if listed.status == 200 {
                let listed = listed.json();
                assert!(listed["meta"].is_number(), "{listed}");
                let time = match acknowledged.is_empty() {
                    true => 0,
                    false => centiseconds(&listed["forms"].to_string()),
                };
                assert!(time >= latest, "{time} after {latest}");
                latest = time;
            }
            let global = self.ask("meta/global", || user.get("storage/meta/global"));
            if global.status == 200 {
                assert_eq!(global.json()["payload"], "global");
            }
            self.rounds[number].fetch_add(1, Ordering::SeqCst);
        }
        acknowledged
    }

    /// Whether each answer's status is one that may be given at its time.
    fn judge(&self) {
        let (answers, away) = (self.answers.lock().unwrap(), self.away.lock().unwrap());
        let mut refused = 0;
        for answer in answers.iter() {
            let during = (self.meanwhile == Meanwhile::Refused)
                && (away.iter()).any(|(from, to)| answer.ended >= *from && answer.begun <= *to);
            let refusal = match &*answer.what {
                "meta/global" => 401,
                _ => 503,
            };
            // Whose writing was refused reads nothing; the client has checked that it was.
            let missing = answer.status == 404 && answer.what == "GET";
            let right = answer.status == 200 || missing || during && answer.status == refusal;
            refused += usize::from(answer.status == refusal);
            let late = away.iter().map(|(_, to)| {
                let since = answer.begun.saturating_duration_since(*to);
                format!("{since:?}")
            });
            let late: Vec<_> = late.collect();
            assert!(
                right,
                "{} was answered {} after {:?}, begun {late:?} after the ends of the outages",
                answer.what,
                answer.status,
                answer.ended - answer.begun
            );
        }
        assert_eq!(refused > 0, self.meanwhile == Meanwhile::Refused);
        println!("{} answers, {refused} refusals", answers.len());
    }
}

/// Says that all is over when it goes.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
