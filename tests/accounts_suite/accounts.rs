//! Accounts are made, found, changed and deleted.

use super::{Bench, login, name, password};
use weft::auth::Account;

pub fn a_new_account_is_found_with_what_it_was_made_of(bench: &Bench) {
    if !bench.backend.can().create {
        return;
    }
    let id = bench.create("ada", Some("ada@example.com")).unwrap();
    assert!(id.number() > 0 && id.number() < 1 << 31);
    let found = bench.open().lookup(&name("ada")).unwrap();
    let expected = Account {
        id,
        name: name("ada"),
        email: Some("ada@example.com".to_owned()),
        enabled: true,
        alert: None,
        quota_bytes: None,
        node: bench.backend.node(),
    };
    assert_eq!(found, Some(expected));
}

pub fn a_name_that_is_taken_is_not_given_again(bench: &Bench) {
    if !bench.backend.can().create {
        return;
    }
    let first = bench.create("ada", Some("ada@example.com")).unwrap();
    assert_eq!(bench.create("ada", None), None);
    assert_eq!(bench.create("ADA", Some("eve@example.com")), None);
    let found = bench.open().lookup(&name("ada")).unwrap().unwrap();
    assert_eq!(
        (found.id, found.email.as_deref()),
        (first, Some("ada@example.com"))
    );
    assert_eq!(login(bench, "ada", "testpass"), Ok(first));
}

pub fn names_are_found_in_any_letter_case(bench: &Bench) {
    bench.add("MixedCase", "testpass");
    for text in ["mixedcase", "MIXEDCASE", "MixedCase"] {
        let found = bench.open().lookup(&name(text)).unwrap();
        assert_eq!(found.map(|account| account.name), Some(name("mixedcase")));
        assert!(login(bench, text, "testpass").is_ok(), "{text}");
    }
}

pub fn nobody_is_known_in_an_empty_backend(bench: &Bench) {
    assert_eq!(bench.open().lookup(&name("ada")).unwrap(), None);
}

pub fn names_of_one_and_of_thirty_two_characters_are_names(bench: &Bench) {
    let names = [
        "a",
        "0",
        "-",
        "user.with-odd_chars",
        "abcdefghijklmnopqrstuvwxyz123456",
    ];
    for text in names {
        bench.add(text, "testpass");
        assert!(login(bench, text, "testpass").is_ok(), "{text}");
    }
    let ids: std::collections::BTreeSet<_> = names
        .iter()
        .map(|text| bench.open().lookup(&name(text)).unwrap().unwrap().id)
        .collect();
    assert_eq!(ids.len(), names.len(), "each has a number of its own");
    // Not a shorter one, nor one that only looks like a pattern of it.
    for text in ["abcdefghijklmnopqrstuvwxyz12345", "user_with-odd_chars"] {
        assert_eq!(bench.open().lookup(&name(text)).unwrap(), None, "{text}");
    }
}

pub fn an_account_made_anew_gets_another_number(bench: &Bench) {
    let can = bench.backend.can();
    if !(can.create && can.delete) {
        return;
    }
    let first = bench.create("ada", None).unwrap();
    assert!(bench.open().delete(&name("ada")).unwrap());
    assert_eq!(bench.open().lookup(&name("ada")).unwrap(), None);
    let second = bench.create("ada", None).unwrap();
    assert_ne!(first, second, "the records of the first are not inherited");
}

pub fn an_email_address_is_changed(bench: &Bench) {
    if !bench.backend.can().set_email {
        return;
    }
    bench.add("ada", "testpass");
    for email in ["ada@example.com", "\"o'hara\"@example.org"] {
        assert!(bench.open().set_email(&name("ada"), email).unwrap());
        let found = bench.open().lookup(&name("ada")).unwrap().unwrap();
        assert_eq!(found.email.as_deref(), Some(email));
    }
    assert!(login(bench, "ada", "testpass").is_ok());
}

pub fn accounts_are_listed_by_name(bench: &Bench) {
    if !bench.backend.can().list {
        return;
    }
    assert_eq!(bench.open().list().unwrap(), []);
    for text in ["cleo", "Ada", "bob"] {
        bench.add(text, "testpass");
    }
    let listed = bench.open().list().unwrap();
    let names: Vec<&str> = listed.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["ada", "bob", "cleo"]);
    for account in listed {
        let found = bench.open().lookup(&account.name).unwrap();
        assert_eq!(found, Some(account));
    }
}

pub fn what_is_not_there_is_not_changed(bench: &Bench) {
    bench.add("bob", "testpass");
    let (can, accounts, nobody) = (bench.backend.can(), bench.open(), name("nobody"));
    if can.set_password {
        assert!(!accounts.set_password(&nobody, &password("new")).unwrap());
    }
    if can.set_email {
        assert!(!accounts.set_email(&nobody, "a@example.com").unwrap());
    }
    if can.delete {
        assert!(!accounts.delete(&nobody).unwrap());
    }
    if let Some(admin) = bench.backend.admin() {
        assert!(!admin.set_enabled(&nobody, false).unwrap());
        assert!(!admin.set_alert(&nobody, Some("text")).unwrap());
        assert!(!admin.set_quota(&nobody, Some(1)).unwrap());
        assert!(!admin.set_node(&nobody, None).unwrap());
    }
    assert_eq!(accounts.lookup(&nobody).unwrap(), None);
    assert!(login(bench, "bob", "testpass").is_ok());
}

pub fn the_operator_sets_alert_quota_and_node(bench: &Bench) {
    let Some(admin) = bench.backend.admin() else {
        return;
    };
    bench.add("ada", "testpass");
    bench.add("bob", "testpass");
    let (ada, url) = (name("ada"), "https://node.example.com/");
    assert!(
        admin
            .set_alert(&ada, Some("Wartung am Süd-Knoten"))
            .unwrap()
    );
    assert!(admin.set_quota(&ada, Some(5 << 30)).unwrap());
    assert!(admin.set_node(&ada, Some(url)).unwrap());
    let found = bench.open().lookup(&ada).unwrap().unwrap();
    assert_eq!(found.alert.as_deref(), Some("Wartung am Süd-Knoten"));
    assert_eq!(found.quota_bytes, Some(5 << 30));
    assert_eq!(found.node.as_deref(), Some(url));
    assert!(admin.set_quota(&ada, Some(0)).unwrap());
    assert_eq!(admin.lookup(&ada).unwrap().unwrap().quota_bytes, Some(0));

    assert!(admin.set_alert(&ada, None).unwrap());
    assert!(admin.set_quota(&ada, None).unwrap());
    assert!(admin.set_node(&ada, None).unwrap());
    for text in ["ada", "bob"] {
        let found = bench.open().lookup(&name(text)).unwrap().unwrap();
        assert_eq!(
            (found.alert, found.quota_bytes, found.node),
            (None, None, None)
        );
    }
}
