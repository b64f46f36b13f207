//! Backends that are away, and many who want the same.

use super::{Bench, login_with, name, password};
use std::sync::Barrier;
use std::time::{Duration, Instant};
use weft::auth::{AuthError, AuthResult, NewAccount};

pub fn a_healthy_engine_checks_well(bench: &Bench) {
    let accounts = bench.open();
    accounts.check().unwrap();
    bench.add("ada", "testpass");
    accounts.check().unwrap();
}

/// A user who is told that there is no such user believes it: browsers act on it.
pub fn a_dead_backend_is_an_error_and_nobody_is_unknown(bench: &Bench) {
    bench.add("ada", "testpass");
    let old = bench.open();
    assert!(login_with(&*old, "ada", "testpass").is_ok());
    bench.backend.kill();
    for (which, accounts) in [
        ("one that was there before", old),
        ("a new one", bench.open()),
    ] {
        for user in ["ada", "nobody"] {
            let (user, password) = (name(user), password("testpass"));
            let new = NewAccount {
                name: &user,
                password: &password,
                email: None,
            };
            let start = Instant::now();
            away(which, accounts.check());
            away(which, accounts.lookup(&user));
            away(which, accounts.create(&new));
            away(
                which,
                accounts.authenticate(&user, &password, None, Instant::now()),
            );
            let took = start.elapsed();
            assert!(took < Duration::from_secs(60), "{which}: {took:?}");
        }
    }
}

fn away<T: std::fmt::Debug>(which: &str, answer: AuthResult<T>) {
    match answer {
        Err(AuthError::Unavailable(_) | AuthError::Broken(_) | AuthError::Unsupported(_)) => {}
        Ok(answer) => panic!("{which} answered {answer:?}"),
    }
}

pub fn one_of_many_makes_the_account(bench: &Bench) {
    if !bench.backend.can().create {
        return;
    }
    let engines = [(); 6].map(|()| bench.open());
    for round in 0..5 {
        let user = name(&format!("user{round}"));
        let start = Barrier::new(engines.len());
        let made: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = engines
                .iter()
                .enumerate()
                .map(|(n, accounts)| {
                    let (start, user) = (&start, &user);
                    scope.spawn(move || {
                        let text = password(&format!("password {n}"));
                        let new = NewAccount {
                            name: user,
                            password: &text,
                            email: None,
                        };
                        start.wait();
                        accounts.create(&new).unwrap().map(|id| (n, id))
                    })
                })
                .collect();
            all.into_iter()
                .filter_map(|thread| thread.join().unwrap())
                .collect()
        });
        let [(winner, id)] = made[..] else {
            panic!("made: {made:?}");
        };
        for (n, accounts) in engines.iter().enumerate() {
            let login = login_with(&**accounts, user.as_str(), &format!("password {n}"));
            assert_eq!(login.is_ok(), n == winner, "the password is the winner's");
            assert_eq!(accounts.lookup(&user).unwrap().unwrap().id, id);
        }
    }
}

pub fn two_instances_see_the_same_accounts(bench: &Bench) {
    let (one, other) = (bench.open(), bench.open());
    assert_eq!(one.lookup(&name("ada")).unwrap(), None);
    assert_eq!(other.lookup(&name("ada")).unwrap(), None);
    bench.add("ada", "testpass");
    let id = login_with(&*one, "ada", "testpass");
    assert!(id.is_ok());
    assert_eq!(login_with(&*other, "ada", "testpass"), id);
}
