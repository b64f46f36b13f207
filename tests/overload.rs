//! Many more browsers than the machine can serve: new syncs are told to come back, those that run come
//! to their end, nobody's account is wiped, and right after it all is as before.

mod harness;

#[allow(dead_code, reason = "the models do more than is tried here")]
mod browsers {
    pub mod desktop;
    pub mod desktop_engines;
}

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
        .map(|number| Desktop::of_new_account(&server, &format!("crowd{number}")))
        .collect();

    let (done, sent_away) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let end = Instant::now() + Duration::from_secs(180);
    let goes_on = || {
        let enough = done.load(SeqCst) >= ENOUGH && sent_away.load(SeqCst) >= browsers;
        !enough && Instant::now() < end
    };
    thread::scope(|scope| {
        for device in &mut devices {
            scope.spawn(|| {
                let mut number = 0;
                while goes_on() {
                    // The model fails where a browser would wipe, or where a sync that runs is refused.
                    match sync(device, number) {
                        Ok(()) => done.fetch_add(1, SeqCst),
                        Err(Ended::Quietly) => {
                            // Where it ended is where it began.
                            let last = device.requests().pop().unwrap();
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
            let mut refused = 0;
            while goes_on() {
                let answer = server.send(&info);
                if answer.status != 200 {
                    is_told_to_wait(&answer);
                    refused += 1;
                }
            }
            assert!(refused > 0, "nobody is sent away");
        });
    });
    let (done, sent_away) = (done.load(SeqCst), sent_away.load(SeqCst));
    println!("{done} syncs came to their end, {sent_away} were told to come back");
    assert!(done >= ENOUGH, "{done}");
    assert!(sent_away >= browsers, "{sent_away}");

    // And at once all is as before, with everything that anybody has written.
    for device in &mut devices {
        sync(device, 1_000).expect("an ordinary sync");
        for path in [
            "storage/meta/global",
            "storage/crypto/keys",
            "storage/history/visit-1000",
        ] {
            assert_eq!(device.get(path).status, 200, "{path}");
        }
    }
}
