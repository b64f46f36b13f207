//! Directories that are away, hang, come back, or are not who they say.

use super::{HOST, Place};
use crate::accounts_suite::{login_with, name, password};
use crate::harness::certificates;
use crate::harness::slapd::Slapd;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use weft::auth::ldap::{Bind, Layout, LdapOptions};
use weft::auth::{Accounts, AuthError, AuthResult, Authenticator, Login};

/// What an operator might set, and not three times as much: a machine that does much else needs some of it
/// where the directory answers, too.
const TIMEOUT: Duration = Duration::from_secs(3);
const IN_TIME: Duration = Duration::from_millis(8_800);

fn login(engine: &dyn Authenticator, user: &str) -> AuthResult<Login> {
    let text = password("testpass");
    engine.authenticate(&name(user), &text, Some(HOST), Instant::now())
}

fn is_away<T: std::fmt::Debug>(answer: AuthResult<T>) {
    assert!(
        matches!(answer, Err(AuthError::Unavailable(_))),
        "{answer:?}"
    );
}

#[test]
fn a_directory_that_hangs_is_unavailable_in_time_and_works_when_it_goes_on() {
    // What they wait for, they wait for together.
    thread::scope(|scope| {
        for layout in [Layout::Php, Layout::Mozilla, Layout::Python, Layout::Search] {
            scope.spawn(move || is_unavailable_in_time(layout));
        }
    });
}

fn is_unavailable_in_time(layout: Layout) {
    let place = Place::new(layout);
    place.add("ada");
    let engines = [(), ()].map(|()| place.engine(|options| options.timeout = TIMEOUT));
    let [used, _unused] = &engines;
    assert!(login(used, "ada").is_ok());
    place.slapd().pause();
    thread::scope(|scope| {
        for engine in &engines {
            scope.spawn(move || {
                for user in ["ada", "nobody"] {
                    let start = Instant::now();
                    is_away(login(engine, user));
                    let took = start.elapsed();
                    assert!(took < IN_TIME, "{layout:?}: {took:?}");
                }
                is_away(engine.lookup(&name("ada")));
            });
        }
    });
    place.slapd().resume();
    for engine in &engines {
        let answer = login(engine, "ada");
        assert!(
            matches!(answer, Ok(Login::Accepted(_))),
            "{layout:?}: {answer:?}"
        );
    }
}

#[test]
fn the_first_login_after_a_restart_works() {
    for layout in [Layout::Php, Layout::Mozilla, Layout::Python, Layout::Search] {
        let place = Place::new(layout);
        place.add("ada");
        let engine = place.engine(|_| {});
        assert!(matches!(login(&engine, "ada"), Ok(Login::Accepted(_))));
        // With connections that the engine kept and the server closed.
        place.slapd().stop();
        place.slapd().go_on();
        assert!(
            matches!(login(&engine, "ada"), Ok(Login::Accepted(_))),
            "{layout:?}"
        );
        place.slapd().stop();
        is_away(login(&engine, "ada"));
        is_away(engine.check());
        place.slapd().go_on();
        assert!(
            matches!(login(&engine, "ada"), Ok(Login::Accepted(_))),
            "{layout:?}"
        );
        engine.check().unwrap();
    }
}

#[test]
fn a_dead_server_among_two_costs_one_request_and_no_more() {
    let place = Place::new(Layout::Search);
    place.add("ada");
    let mut gone = Slapd::start();
    gone.stop();
    let engine = place.engine(|options| options.urls.insert(0, gone.url()));
    assert!(matches!(login(&engine, "ada"), Ok(Login::Accepted(_))));

    // One that takes connections and answers nothing, and counts them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = format!("ldap://{}", listener.local_addr().unwrap());
    let connections = Arc::new(Mutex::new(Vec::new()));
    let counted = Arc::clone(&connections);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            counted.lock().unwrap().push(client);
        }
    });
    let engine = place.engine(|options| {
        options.urls.insert(0, hanging);
        // Half of it is the share of each server.
        options.timeout = Duration::from_secs(6);
    });
    let begun = Instant::now();
    let costs_no_more = || {
        let tried = connections.lock().unwrap().len() as u64;
        // It is tried again every ten seconds.
        let most = 1 + begun.elapsed().as_secs() / 10;
        assert!((1..=most).contains(&tried), "{tried} times");
    };
    for _ in 0..5 {
        assert!(matches!(login(&engine, "ada"), Ok(Login::Accepted(_))));
        costs_no_more();
    }
    let changed = engine.set_email(&name("ada"), "ada@example.com");
    assert!(changed.unwrap(), "changes go to the server that is well");
    costs_no_more();
}

#[test]
fn a_certificate_of_somebody_else_s_or_of_the_past_is_refused() {
    let cases = [
        ("good", certificates::authority(), true),
        ("good", certificates::other_authority(), false),
        ("stranger", certificates::authority(), false),
        ("expired", certificates::authority(), false),
    ];
    for (certificate, authority, right) in cases {
        let place = Place::at(Slapd::start_with(certificate), Layout::Search);
        let plain = place.slapd().url();
        let encrypted = place.slapd().encrypted_url();
        for url in [plain, encrypted] {
            let engine = place.engine(|options| {
                options.urls = vec![url.clone()];
                options.ca_file = Some(authority.clone());
            });
            let checked = engine.check();
            assert_eq!(
                checked.is_ok(),
                right,
                "{certificate} at {url}: {checked:?}"
            );
            if !right {
                is_away(checked);
                is_away(login(&engine, "ada"));
            }
        }
    }
}

#[test]
fn a_name_that_the_certificate_does_not_hold_is_refused() {
    let place = Place::new(Layout::Search);
    let url = place.slapd().url().replace("127.0.0.1", "127.0.0.2");
    let any = place.slapd().url();
    let engine = place.engine(|options| options.urls = vec![any]);
    engine.check().unwrap();
    // slapd listens at 127.0.0.1 only: somebody between passes everything on.
    let between = TcpListener::bind("127.0.0.2:0").unwrap();
    let port = between.local_addr().unwrap().port();
    let target = url.rsplit(':').next().unwrap().to_owned();
    thread::spawn(move || {
        for client in between.incoming().flatten() {
            let server = std::net::TcpStream::connect(format!("127.0.0.1:{target}")).unwrap();
            pass_on(client.try_clone().unwrap(), server.try_clone().unwrap());
            pass_on(server, client);
        }
    });
    let engine = place.engine(|options| options.urls = vec![format!("ldap://127.0.0.2:{port}")]);
    is_away(engine.check());
}

fn pass_on(mut from: std::net::TcpStream, mut to: std::net::TcpStream) {
    thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut part) {
            if to.write_all(&part[..length]).is_err() {
                break;
            }
        }
    });
}

/// A server that answers StartTLS with "protocol error", and notes whatever else it is told.
#[test]
fn without_encryption_nothing_is_told_to_a_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut told = vec![0; 4096];
        let length = client.read(&mut told).unwrap();
        let request = told[..length].to_vec();
        // Message 1, extended response, result 2, no DN, no text.
        let refusal = [0x30, 12, 2, 1, 1, 0x78, 7, 0x0a, 1, 2, 4, 0, 4, 0];
        client.write_all(&refusal).unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).ok();
        (request, rest)
    });
    let place = Place::new(Layout::Mozilla);
    let engine = place.engine(|options| options.urls = vec![url.clone()]);
    is_away(login(&engine, "ada"));
    let (request, rest) = server.join().unwrap();
    let start_tls = b"1.3.6.1.4.1.1466.20037";
    assert!(
        request
            .windows(start_tls.len())
            .any(|part| part == start_tls)
    );
    assert_eq!(rest, b"", "nothing follows");
}

/// What LDAP answers look like from a server that has gone mad.
#[test]
fn answers_that_make_no_sense_are_errors_and_nothing_else() {
    let answers: [&[u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        // A bind response without a result code, one with a wrong type, one that is cut off.
        &[0x30, 5, 2, 1, 1, 0x61, 0],
        &[0x30, 12, 2, 1, 1, 0x61, 7, 2, 1, 0, 4, 0, 4, 0],
        &[0x30, 13, 2, 1, 1, 0x61, 8, 0x0a, 1, 0, 4, 1, 0xff, 4, 0],
        &[0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1],
        // An empty message, which ends with the connection.
        &[0x30, 0],
    ];
    for answer in answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let answer = answer.to_vec();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut request = [0; 4096];
                while let Ok(1..) = client.read(&mut request) {
                    client.write_all(&answer).ok();
                }
            }
        });
        let mut options = LdapOptions::new(Layout::Php, &url, "dc=example");
        options.timeout = Duration::from_millis(500);
        let engine =
            weft::auth::ldap::LdapAccounts::new(options, None, |bytes| bytes.fill(0)).unwrap();
        for _ in 0..2 {
            let answered = login(&engine, "ada");
            assert!(answered.is_err(), "{answered:?}");
        }
    }
}

#[test]
fn a_service_that_may_not_log_in_is_the_operator_s_to_mend() {
    let place = Place::new(Layout::Search);
    place.add("ada");
    let engine = place.engine(|options| {
        options.bind = Bind::new("cn=service,dc=example", "an old password");
    });
    let answer = login(&engine, "ada");
    assert!(matches!(answer, Err(AuthError::Broken(_))), "{answer:?}");
    let lost = place.engine(|options| options.base = "ou=nowhere,dc=example".to_owned());
    let answer = login(&lost, "ada");
    assert!(matches!(answer, Err(AuthError::Broken(_))), "{answer:?}");
}

#[test]
fn many_at_once_are_answered_each_for_himself() {
    let place = Place::new(Layout::Search);
    for user in 0..4 {
        place.add(&format!("user{user}"));
    }
    let engine = place.engine(|_| {});
    let ids: Vec<_> = (0..4)
        .map(|user| {
            engine
                .lookup(&name(&format!("user{user}")))
                .unwrap()
                .unwrap()
                .id
        })
        .collect();
    thread::scope(|scope| {
        for thread in 0..8 {
            let (engine, ids) = (&engine, &ids);
            scope.spawn(move || {
                for round in 0..20 {
                    let user = (thread + round) % 4;
                    let login = login_with(engine, &format!("user{user}"), "testpass");
                    assert_eq!(login, Ok(ids[user]));
                    let wrong = login_with(engine, &format!("user{user}"), "wrong password");
                    assert!(wrong.is_err());
                }
            });
        }
    });
}
