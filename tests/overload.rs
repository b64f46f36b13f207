//! Many more browsers than the machine can serve: new syncs are told to come back, those that run come
//! to their end, nobody's account is wiped, and soon after it all is as before.
//!
//! With `WEFT_OVERLOAD_SECONDS` the rush lasts so long, and whoever is told to come back must not be told
//! so later and later.

mod harness;

#[allow(dead_code, reason = "the models do more than is tried here")]
mod browsers {
    pub mod desktop;
    pub mod desktop_engines;
}

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use browsers::desktop::{Desktop, Ended};
use harness::Gateway;
use harness::http::Response;

/// Every request costs a password's hash, and few are worked on at a time: a tenth of what these
/// browsers ask for.
const SMALL: &str = "[server]\nworkers = 2\nqueue = 2\nqueue_time = \"100ms\"\n[auth]\nremember = 0\nargon2_memory_kib = 4096\nargon2_iterations = 5\n[storage]\nwipe_guard = \"1s\"\n";

/// They all come back as soon as they may, until so many syncs came to their end and as many as there are
/// browsers were sent away.
const ENOUGH: usize = 6;

/// Who is alone with the server is served by then, on a machine that does much else: there it may take a
/// request longer than `queue_time` to reach a worker.
const SOON: Duration = Duration::from_secs(60);

/// How long the rush lasts at most, and whether it lasts so long in any case.
fn length() -> (Duration, bool) {
    match std::env::var("WEFT_OVERLOAD_SECONDS") {
        Ok(seconds) => {
            let seconds = seconds.parse().expect("a number of seconds");
            (Duration::from_secs(seconds), true)
        }
        Err(_) => (Duration::from_secs(180), false),
    }
}

/// The longest that anybody waited to be told to come back, in each half minute of the rush.
struct Waits {
    begun: Instant,
    longest: Mutex<Vec<Duration>>,
}

impl Waits {
    const PART: u64 = 30;

    /// Somebody who asked at this moment is told so now.
    fn note(&self, asked: Instant) {
        let part = (asked - self.begun).as_secs() / Waits::PART;
        let mut longest = self.longest.lock().expect("nobody panicked");
        while longest.len() as u64 <= part {
            longest.push(Duration::ZERO);
        }
        let here = &mut longest[part as usize];
        *here = asked.elapsed().max(*here);
    }

    /// Later in a long rush nobody waits much longer than in its second minute.
    fn do_not_grow(&self) {
        let longest = self.longest.lock().expect("nobody panicked");
        println!("the longest waits in each half minute: {longest:.1?}");
        if longest.len() > 6 {
            let early = longest[2..4].iter().max().expect("it lasted for minutes");
            let late = longest[4..].iter().max().expect("it lasted for minutes");
            let bound = *early * 2 + Duration::from_secs(5);
            assert!(*late < bound, "the line grows: {longest:?}");
        }
    }
}

/// One sync of a browser that has just started.
fn sync(device: &mut Desktop<'_>, number: usize) -> Result<(), Ended> {
    device.restart();
    device.log_in()?;
    device.change("history", &format!("visit-{number}"), r#"{"visited":true}"#);
    device.sync("?v=1.45.0")
}

fn is_told_to_wait(answer: &Response) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let pause = answer
        .header("Retry-After")
        .and_then(|text| text.parse().ok());
    assert!(pause.is_some_and(|seconds: u32| seconds > 0), "{answer:?}");
}

#[test]
fn the_built_in_server_turns_new_syncs_away_and_harms_none_that_runs() {
    overload(Gateway::Builtin, 16);
}

/// Apache starts up to eight workers, and has a line of its own before them.
#[test]
#[cfg_attr(without = "apache", ignore = "apache is not installed")]
fn workers_of_apache_turn_new_syncs_away_and_harm_none_that_runs() {
    overload(Gateway::ModFcgid, 48);
}

#[test]
#[cfg_attr(without = "apache", ignore = "apache is not installed")]
fn workers_behind_apache_turn_new_syncs_away_and_harm_none_that_runs() {
    overload(Gateway::ModProxyFcgi, 32);
}

#[test]
#[cfg_attr(without = "nginx", ignore = "nginx is not installed")]
fn workers_behind_nginx_turn_new_syncs_away_and_harm_none_that_runs() {
    overload(Gateway::Nginx, 32);
}

fn overload(gateway: Gateway, browsers: usize) {
    let server = gateway.start(SMALL);
    let mut devices: Vec<Desktop<'_>> = (0..browsers)
        .map(|number| Desktop::of_new_account_within(SOON, &server, &format!("crowd{number}")))
        .collect();

    let [done, sent_away, looked] = [const { AtomicUsize::new(0) }; 3];
    let (most, whole) = length();
    let waits = Waits {
        begun: Instant::now(),
        longest: Mutex::default(),
    };
    let goes_on = || {
        let looked = looked.load(SeqCst) > 0;
        let enough = done.load(SeqCst) >= ENOUGH && sent_away.load(SeqCst) >= browsers && looked;
        (whole || !enough) && waits.begun.elapsed() < most
    };
    thread::scope(|scope| {
        for device in &mut devices {
            scope.spawn(|| {
                let mut number = 0;
                while goes_on() {
                    device.requests();
                    let asked = Instant::now();
                    // The model fails where a browser would wipe, or where a sync that runs is refused.
                    match sync(device, number) {
                        Ok(()) => done.fetch_add(1, SeqCst),
                        Err(Ended::Quietly) => {
                            // Where it ended is where it began.
                            let requests = device.requests();
                            if requests.len() == 1 {
                                waits.note(asked);
                            }
                            let last = requests.last().expect("it asked");
                            assert!(last.starts_with("GET info/collections"), "{last}");
                            thread::sleep(Duration::from_millis(200));
                            sent_away.fetch_add(1, SeqCst)
                        }
                        Err(Ended::LoginRejected) => panic!("a right password is refused"),
                    };
                    number += 1;
                }
            });
        }
        scope.spawn(|| {
            // Somebody who looks, and does nothing more, sees how they are told.
            let profile = harness::browser::Profile::new(&server, "crowd0", "a long password");
            let info = profile.desktop().get("info/collections");
            while goes_on() {
                let asked = Instant::now();
                let answer = server.send(&info);
                if answer.status != 200 {
                    is_told_to_wait(&answer);
                    waits.note(asked);
                    looked.fetch_add(1, SeqCst);
                }
            }
            assert!(looked.load(SeqCst) > 0, "nobody is sent away");
        });
    });
    let (done, sent_away) = (done.load(SeqCst), sent_away.load(SeqCst));
    println!("{done} syncs came to their end, {sent_away} were told to come back");
    waits.do_not_grow();
    assert!(done >= ENOUGH, "{done}");
    assert!(sent_away >= browsers, "{sent_away}");

    // And soon all is as before, with everything that anybody has written.
    for device in &mut devices {
        let ordinary = device.again_within(SOON, |device| sync(device, 1_000));
        ordinary.expect("an ordinary sync");
        for path in [
            "storage/meta/global",
            "storage/crypto/keys",
            "storage/history/visit-1000",
        ] {
            assert_eq!(device.get(path).status, 200, "{path}");
        }
    }
}
