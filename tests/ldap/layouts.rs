//! What is written into the directory, what is read from it, and who else may change it.

use super::{HOST, Place};
use crate::accounts_suite::{login_with, name, password};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use weft::auth::ldap::Layout;
use weft::auth::{Accounts, AuthError, Authenticator, Login, NewAccount, Refusal};

fn values<'l>(ldif: &'l str, attribute: &str) -> Vec<&'l str> {
    let start = format!("{attribute}: ");
    ldif.lines()
        .filter_map(|line| line.strip_prefix(&start))
        .collect()
}

#[test]
fn accounts_are_written_as_the_legacy_servers_wrote_them() {
    let cases = [
        (Layout::Php, "uid=ada,ou=users,dc=example"),
        (
            Layout::Mozilla,
            "uid=ada,dc=8c8d3,dc=c8d3,dc=8d3,dc=d3,dc=3,ou=users,dc=example",
        ),
        (Layout::Python, "uidNumber=1000,ou=users,dc=example"),
    ];
    for (layout, dn) in cases {
        let place = Place::new(layout);
        let engine = place.engine(|options| options.node = HOST.to_owned());
        let new = NewAccount {
            name: &name("ada"),
            password: &password("testpass"),
            email: Some("ada@example.com"),
        };
        assert_eq!(engine.create(&new).unwrap().unwrap().number(), 1000);
        let ldif = place.slapd().search("(uid=ada)");
        let node = format!("weave:{HOST}");
        for (attribute, value) in [
            ("dn", dn),
            ("cn", "ada"),
            ("sn", "ada"),
            ("uid", "ada"),
            ("uidNumber", "1000"),
            ("mail", "ada@example.com"),
            ("account-enabled", "Yes"),
            ("primaryNode", &node),
        ] {
            assert_eq!(values(&ldif, attribute), [value], "{layout:?}");
        }
        let classes: BTreeSet<_> = values(&ldif, "objectClass").into_iter().collect();
        assert_eq!(classes, BTreeSet::from(["dataStore", "inetOrgPerson"]));
        // {SSHA}, in the base64 of LDIF.
        assert!(ldif.contains("userPassword:: e1NTSEF9"), "{ldif}");
        assert_eq!(values(&ldif, "mail-verified")[0].len(), 40);
        let (own, value) = match layout {
            Layout::Python => ("accountStatus", "1"),
            _ => ("rescueNode", node.as_str()),
        };
        assert_eq!(values(&ldif, own), [value], "{layout:?}");
        let counter = place.slapd().search("(cn=maxuid)");
        assert_eq!(values(&counter, "uidNumber"), ["1001"]);
    }
}

#[test]
fn a_user_of_another_node_is_refused_there() {
    let place = Place::new(Layout::Mozilla);
    place.add("ada");
    let engine = place.engine(|options| options.remember = Duration::from_secs(60));
    let ask = |host| {
        let text = password("testpass");
        engine
            .authenticate(&name("ada"), &text, host, Instant::now())
            .unwrap()
    };
    for _ in ["asked", "remembered"] {
        for here in [Some(HOST), Some("SYNC.example.com"), None] {
            assert!(matches!(ask(here), Login::Accepted(_)), "{here:?}");
        }
        for other in ["other.example.com", "", "sync.example.com:8080"] {
            let answer = ask(Some(other));
            assert_eq!(answer, Login::Refused(Refusal::WrongNode), "{other}");
        }
    }
    let account = engine.lookup(&name("ada")).unwrap().unwrap();
    assert_eq!(account.node.as_deref(), Some("https://sync.example.com/"));
    // Who has no node yet has to ask for one.
    let dn = place.dn("ada");
    place.slapd().modify(&format!(
        "dn: {dn}\nchangetype: modify\nreplace: primaryNode\nprimaryNode: weave:\n"
    ));
    let fresh = place.engine(|_| {});
    let refused = login_with(&fresh, "ada", "testpass");
    assert_eq!(refused, Err(Refusal::WrongNode));
}

#[test]
fn numbers_of_users_who_register_at_once_differ() {
    for layout in [Layout::Php, Layout::Mozilla, Layout::Python, Layout::Search] {
        let place = Place::new(layout);
        let engines: Vec<_> = (0..8).map(|_| place.engine(|_| {})).collect();
        let start = Barrier::new(engines.len());
        let ids: BTreeSet<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = engines
                .iter()
                .enumerate()
                .map(|(thread, engine)| {
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        let make = |round: usize| {
                            let new = NewAccount {
                                name: &name(&format!("user{thread}-{round}")),
                                password: &password("testpass"),
                                email: None,
                            };
                            engine.create(&new).unwrap().unwrap()
                        };
                        (0..3).map(make).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(ids.len(), 24, "{layout:?}");
        let listed: BTreeSet<_> = engines[0].list().unwrap().iter().map(|a| a.id).collect();
        assert_eq!(listed, ids, "{layout:?}");
    }
}

#[test]
fn a_registration_that_stopped_half_way_stops_nobody_else() {
    let place = Place::new(Layout::Python);
    // Its entry is there, under the number that is still the next one.
    place.slapd().add(
        "dn: uidNumber=1000,ou=users,dc=example\nobjectClass: inetOrgPerson\n\
         objectClass: dataStore\ncn: half\nsn: half\nuid: half\nuidNumber: 1000\n\
         account-enabled: Yes\nuserPassword: testpass\n",
    );
    place.add("ada");
    let engine = place.engine(|_| {});
    let ids = ["half", "ada"].map(|user| login_with(&engine, user, "testpass").unwrap().number());
    assert_eq!(ids, [1000, 1001]);
}

#[test]
fn who_may_change_nothing_registers_nobody() {
    for layout in [Layout::Php, Layout::Python, Layout::Search] {
        let place = Place::new(layout);
        place.add("ada");
        let engine = place.engine(|options| options.admin = None);
        let (ada, text) = (name("ada"), password("testpass"));
        let new = NewAccount {
            name: &name("bob"),
            password: &text,
            email: None,
        };
        let unsupported = |answer: Result<_, AuthError>| {
            assert!(
                matches!(answer, Err(AuthError::Unsupported(_))),
                "{answer:?}"
            );
        };
        unsupported(engine.create(&new).map(drop));
        unsupported(engine.set_password(&ada, &text).map(drop));
        unsupported(engine.set_email(&ada, "ada@example.com").map(drop));
        unsupported(engine.delete(&ada).map(drop));
        assert!(login_with(&engine, "ada", "testpass").is_ok());
    }
    // A number that nobody hands out can't be given.
    let place = Place::new(Layout::Php);
    let engine = place.engine(|options| options.next_id_dn.clear());
    let new = NewAccount {
        name: &name("bob"),
        password: &password("testpass"),
        email: None,
    };
    let answer = engine.create(&new);
    assert!(
        matches!(answer, Err(AuthError::Unsupported(_))),
        "{answer:?}"
    );
}

#[test]
fn a_remembered_login_asks_nobody_until_this_server_changes_it() {
    let place = Place::new(Layout::Search);
    place.add("ada");
    let engine = place.engine(|options| options.remember = Duration::from_secs(60));
    let ada = login_with(&engine, "ada", "testpass");
    place.slapd().stop();
    assert_eq!(login_with(&engine, "ada", "testpass"), ada);
    let (user, wrong) = (name("ada"), password("wrong password"));
    let asked = engine.authenticate(&user, &wrong, None, Instant::now());
    assert!(matches!(asked, Err(AuthError::Unavailable(_))), "{asked:?}");
    place.slapd().go_on();
    let changed = engine.set_password(&name("ada"), &password("new password"));
    assert!(changed.unwrap());
    let old = login_with(&engine, "ada", "testpass");
    assert_eq!(old, Err(Refusal::WrongPassword));
    assert_eq!(login_with(&engine, "ada", "new password"), ada);
}

#[test]
fn long_lists_come_whole() {
    let place = Place::new(Layout::Search);
    let people: String = (0..1_203)
        .map(|n| {
            format!(
                "dn: uid=u{n},ou=users,dc=example\nobjectClass: inetOrgPerson\ncn: u{n}\n\
                 sn: u{n}\nuid: u{n}\nemployeeNumber: {}\n\n",
                n + 1
            )
        })
        .collect();
    place.slapd().add_offline(&people);
    let engine = place.engine(|options| {
        options.ids = weft::auth::ldap::IdSource::Attribute("employeeNumber".into());
    });
    let listed = engine.list().unwrap();
    assert_eq!(listed.len(), 1_203);
    assert!(listed.is_sorted_by(|one, other| one.name < other.name));
}

/// What a login costs; run with `--nocapture --ignored` to see it.
#[test]
#[ignore = "a measurement, not a promise"]
fn the_time_of_a_login() {
    for layout in [Layout::Php, Layout::Mozilla, Layout::Python, Layout::Search] {
        let place = Place::new(layout);
        place.add("ada");
        let kept = place.engine(|_| {});
        assert!(login_with(&kept, "ada", "testpass").is_ok());
        let (times, start) = (200, Instant::now());
        for _ in 0..times {
            assert!(login_with(&kept, "ada", "testpass").is_ok());
        }
        let with_kept = start.elapsed() / times;
        let engines: Vec<_> = (0..times).map(|_| place.engine(|_| {})).collect();
        let start = Instant::now();
        for engine in &engines {
            assert!(login_with(engine, "ada", "testpass").is_ok());
        }
        println!(
            "{layout:?}: {with_kept:?} with kept connections, {:?} with new ones",
            start.elapsed() / times
        );
    }
}
