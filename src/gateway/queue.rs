//! How long requests stood in line in the front server before a worker had time for them.
//!
//! A front server has its own line, and no word for who may go on and who is to come back later. So it
//! tells when each request came, in `X-Request-Start` (the files in `apache/` do), and who waited too
//! long and only begins a sync is told to come back; requests of syncs that run are served whatever
//! their wait. That empties the line: a refusal costs next to nothing.
//!
//! The front's clock and ours may differ. A request that finds workers at rest has not stood in line, so
//! what it seems to have waited is that difference; and so is the least that any seems to have waited of
//! late. A worker that begins in a rush therefore refuses nobody until one has come who waited less, and a
//! clock that is set makes a worker without any rest refuse new syncs for five minutes at most.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method};

/// After so long without all workers at work nobody stands in line any more. mod_fcgid looks for a free
/// worker once a second.
const REST: Duration = Duration::from_millis(1_500);

/// The least wait of this time and of as much before is what the clocks differ by. In a rush without any
/// rest the line itself may be all that is seen, and would pass for that difference: so it is long, and a
/// rush of minutes does not make the line longer and longer.
const LATE: Duration = Duration::from_secs(150);

/// How often at most the log is told.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// The line before the workers of this process.
pub struct Queue {
    most: Duration,
    workers: usize,
    /// One moment by both clocks: what happens to the clock of the day afterwards does not count.
    begun: (Instant, SystemTime),
    state: Mutex<State>,
}

struct State {
    busy: usize,
    /// When all workers were at work last, or this process began.
    full: Instant,
    least: Least,
    told: Option<Instant>,
}

/// The least of late, in milliseconds.
struct Least {
    since: Instant,
    now: Option<i64>,
    before: Option<i64>,
}

impl Least {
    fn new(now: Instant) -> Self {
        Least {
            since: now,
            now: None,
            before: None,
        }
    }

    /// The least, with this one.
    fn with(&mut self, waited: i64, now: Instant) -> i64 {
        if now.saturating_duration_since(self.since) > LATE {
            self.before = self.now.take();
            self.since = now;
        }
        let least = self.now.map_or(waited, |least| least.min(waited));
        self.now = Some(least);
        self.before.map_or(least, |before| before.min(least))
    }
}

/// A request that is being worked on.
pub struct Turn<'q>(&'q Queue);

impl Queue {
    /// For so many workers; who waits for `most` has waited too long.
    pub fn new(workers: usize, most: Duration, now: (Instant, SystemTime)) -> Self {
        Queue {
            most,
            workers: workers.max(1),
            begun: now,
            state: Mutex::new(State {
                busy: 0,
                full: now.0,
                least: Least::new(now.0),
                told: None,
            }),
        }
    }

    /// A request's turn has come. Answers whether it has waited too long for a new sync.
    pub fn turn(&self, method: &Method, headers: &HeaderMap, now: Instant) -> (Turn<'_>, bool) {
        let mut state = self.lock();
        state.busy += 1;
        let rested = now.saturating_duration_since(state.full) > REST;
        if state.busy >= self.workers {
            state.full = now;
        }
        let header = headers.get("x-request-start");
        let began = header.and_then(|value| began(value.to_str().ok()?));
        // A front reads all of a body before it looks for a worker.
        let (Some(began), &Method::GET) = (began, method) else {
            return (Turn(self), false);
        };
        let (start, time) = self.begun;
        let since = now.saturating_duration_since(start);
        let time = milliseconds(time.checked_add(since).unwrap_or(time));
        let waited = time.saturating_sub(began);
        if rested {
            state.least = Least::new(now);
        }
        let stood = waited.saturating_sub(state.least.with(waited, now));
        let is_long = u128::try_from(stood).is_ok_and(|stood| stood >= self.most.as_millis());
        (Turn(self), is_long)
    }

    /// Whether the log is to be told now that new syncs are refused.
    pub fn is_to_be_told(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let due = (state.told).is_none_or(|told| now.saturating_duration_since(told) >= TELL_EVERY);
        if due {
            state.told = Some(now);
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The worker is free again.
    pub fn end(self, now: Instant) {
        let mut state = self.0.lock();
        if state.busy >= self.0.workers {
            state.full = now;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy = state.busy.saturating_sub(1);
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970 from what fronts write: `t=` and microseconds (Apache's `%t`), seconds with
/// decimals (nginx' `$msec`), or milliseconds.
fn began(text: &str) -> Option<i64> {
    let number = text.trim();
    let number = number.strip_prefix("t=").unwrap_or(number);
    if let Some((seconds, decimals)) = number.split_once('.') {
        plain(decimals)?;
        let thousandths = plain(decimals.get(..3)?)?;
        return plain(seconds)?.checked_mul(1_000)?.checked_add(thousandths);
    }
    match number.len() {
        16 => Some(plain(number)? / 1_000),
        13 => plain(number),
        _ => None,
    }
}

/// Digits, and nothing else.
fn plain(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_772_368_205_000;

    /// A worker, asked at moments after its start by requests that came so much before.
    struct Worker {
        queue: Queue,
        start: Instant,
    }

    impl Worker {
        fn new(workers: usize) -> Worker {
            let start = Instant::now();
            Worker {
                queue: Queue::new(
                    workers,
                    Duration::from_secs(2),
                    (start, UNIX_EPOCH + Duration::from_millis(NOW)),
                ),
                start,
            }
        }

        fn begin(&self, at: u64, waited: i64) -> (Turn<'_>, bool) {
            let mut headers = HeaderMap::new();
            let began = (NOW + at).saturating_add_signed(-waited) * 1_000;
            headers.insert("x-request-start", format!("t={began}").parse().unwrap());
            let now = self.start + Duration::from_millis(at);
            self.queue.turn(&Method::GET, &headers, now)
        }

        fn is_long(&self, at: u64, waited: i64) -> bool {
            let (turn, is_long) = self.begin(at, waited);
            turn.end(self.start + Duration::from_millis(at + 5));
            is_long
        }
    }

    #[test]
    fn who_waited_while_all_worked_waited_too_long_and_who_came_at_once_did_not() {
        let worker = Worker::new(1);
        assert!(!worker.is_long(10, 0));
        assert!(!worker.is_long(500, 1_999));
        assert!(worker.is_long(600, 2_000));
        assert!(worker.is_long(700, 60_000));
        assert!(!worker.is_long(800, 30));
    }

    #[test]
    fn a_clock_that_differs_is_found_out_at_rest() {
        for ahead in [90_000, -90_000, 4_000_000_000] {
            let worker = Worker::new(1);
            assert!(!worker.is_long(5_000, ahead), "at rest");
            assert!(!worker.is_long(5_100, ahead + 100));
            assert!(worker.is_long(5_200, ahead + 2_000));
            // It is set right meanwhile.
            assert!(!worker.is_long(9_000, 0));
            assert!(worker.is_long(9_100, 2_500));
        }
    }

    #[test]
    fn who_begins_in_a_rush_learns_from_who_waited_least() {
        let worker = Worker::new(1);
        assert!(!worker.is_long(100, 9_000));
        assert!(!worker.is_long(200, 8_000));
        assert!(!worker.is_long(300, 9_000));
        assert!(!worker.is_long(400, 20));
        assert!(worker.is_long(500, 8_000));
    }

    #[test]
    fn a_clock_that_is_set_while_there_is_no_rest_is_found_out_in_minutes() {
        let worker = Worker::new(1);
        let waited = |at| if at < 10_000 { 0 } else { 90_000 };
        let turns = (0..400).map(|n| n * 1_000 + 500);
        let refused: Vec<u64> = turns
            .filter(|at| worker.is_long(*at, waited(*at)))
            .collect();
        assert!(!refused.is_empty() && refused.len() <= 301, "{refused:?}");
    }

    #[test]
    fn a_line_that_lasts_for_minutes_is_no_clock_that_differs() {
        let worker = Worker::new(1);
        assert!(!worker.is_long(500, 0));
        let turns = (1..140).map(|n| n * 1_000 + 500);
        assert!(turns.into_iter().all(|at| worker.is_long(at, 2_000)));
    }

    #[test]
    fn of_several_workers_one_at_rest_is_enough() {
        let worker = Worker::new(2);
        let (one, _) = worker.begin(5_000, 0);
        assert!(!worker.is_long(8_000, 2_500), "the other was free");
        let (two, is_long) = worker.begin(8_100, 5_100);
        assert!(is_long, "both were at work before it");
        drop((one, two));
        assert!(!worker.is_long(8_200, 2_600));
    }

    #[test]
    fn fronts_write_the_time_in_three_ways_and_nonsense_is_none() {
        for text in [
            "t=1772368205123456",
            " 1772368205.123",
            "t=1772368205.123",
            "1772368205123",
        ] {
            assert_eq!(began(text), Some(1_772_368_205_123), "{text}");
        }
        let nonsense = [
            "",
            "t=",
            "t=-772368205123456",
            "t=1.2",
            "99999999999999999.999",
            "t=1772368205.1234é",
            "1772368205",
            "+772368205123",
            ".123",
        ];
        for text in nonsense {
            assert_eq!(began(text), None, "{text}");
        }
    }
}
