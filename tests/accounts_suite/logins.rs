//! Who comes in, and who does not.

use super::{Bench, login, login_with, name, password};
use std::time::{Duration, Instant};
use weft::auth::{Accounts, Password, Refusal};

pub fn the_right_password_and_no_other_is_accepted(bench: &Bench) {
    bench.add("ada", "testpass");
    bench.add("bob", "other password");
    let accounts = bench.open();
    for _ in ["verified", "remembered"] {
        assert!(login_with(&*accounts, "ada", "testpass").is_ok());
        for wrong in [
            "testpasS",
            "testpas",
            "testpass ",
            "other password",
            "*",
            "0",
        ] {
            let refused = login_with(&*accounts, "ada", wrong);
            assert_eq!(refused, Err(Refusal::WrongPassword), "{wrong}");
        }
    }
}

pub fn an_unknown_user_is_refused(bench: &Bench) {
    bench.add("ada", "testpass");
    for text in ["ad", "ada.", "adaa", "a", "_"] {
        let refused = login(bench, text, "testpass");
        assert_eq!(refused, Err(Refusal::UnknownUser), "{text}");
    }
}

pub fn a_disabled_account_is_refused_at_once_and_lives_again(bench: &Bench) {
    bench.add("ada", "testpass");
    let accounts = bench.open();
    let ada = login_with(&*accounts, "ada", "testpass");
    assert!(ada.is_ok());
    bench.backend.enable(&name("ada"), false);
    assert_eq!(
        login_with(&*accounts, "ada", "testpass"),
        Err(Refusal::Disabled)
    );
    assert!(login_with(&*accounts, "ada", "wrong password").is_err());
    let found = accounts.lookup(&name("ada")).unwrap().unwrap();
    assert!(!found.enabled);
    bench.backend.enable(&name("ada"), true);
    assert_eq!(login_with(&*accounts, "ada", "testpass"), ada);
}

pub fn a_changed_password_counts_at_once_everywhere(bench: &Bench) {
    if !bench.backend.can().set_password {
        return;
    }
    bench.add("ada", "testpass");
    let (one, other) = (bench.open(), bench.open());
    for accounts in [&one, &other] {
        assert!(login_with(&**accounts, "ada", "testpass").is_ok());
    }
    let changed = one.set_password(&name("ada"), &password("new password"));
    assert!(changed.unwrap());
    for accounts in [&one, &other] {
        let old = login_with(&**accounts, "ada", "testpass");
        assert_eq!(old, Err(Refusal::WrongPassword));
        assert!(login_with(&**accounts, "ada", "new password").is_ok());
    }
}

pub fn a_deleted_account_is_refused_at_once_everywhere(bench: &Bench) {
    if !bench.backend.can().delete {
        return;
    }
    bench.add("ada", "testpass");
    bench.add("bob", "testpass");
    let (one, other) = (bench.open(), bench.open());
    assert!(login_with(&*other, "ada", "testpass").is_ok());
    assert!(one.delete(&name("ada")).unwrap());
    let refused = login_with(&*other, "ada", "testpass");
    assert_eq!(refused, Err(Refusal::UnknownUser));
    assert!(login_with(&*other, "bob", "testpass").is_ok());
}

pub fn passwords_are_any_text(bench: &Bench) {
    let long = "x".repeat(200);
    let texts = [
        "test:pass",
        "0",
        "pässwörd€",
        "\u{1f511} key",
        " ",
        ":",
        "'\"\\%_",
        &long,
    ];
    for (n, text) in texts.into_iter().enumerate() {
        let user = format!("user{n}");
        bench.add(&user, text);
        assert!(login(bench, &user, text).is_ok(), "{text}");
        let refused = login(bench, &user, &format!("{text}x"));
        assert_eq!(refused, Err(Refusal::WrongPassword), "{text}");
    }
}

pub fn a_password_in_latin_1_is_the_same_in_utf_8(bench: &Bench) {
    bench.add("ada", "pässwörd");
    let latin_1 = Password::from_wire(b"p\xe4ssw\xf6rd").unwrap();
    assert!(login(bench, "ada", latin_1.as_str()).is_ok());
    bench.backend.add(&name("bob"), &latin_1);
    assert!(login(bench, "bob", "pässwörd").is_ok());
}

pub fn a_login_says_who_it_was(bench: &Bench) {
    bench.add("ada", "testpass");
    let accounts = bench.open();
    let known = accounts.lookup(&name("ada")).unwrap().unwrap();
    for _ in ["verified", "remembered"] {
        assert_eq!(login_with(&*accounts, "ada", "testpass"), Ok(known.id));
    }
}

pub fn a_wrong_password_and_an_unknown_user_take_the_same_time(bench: &Bench) {
    bench.add("ada", "testpass");
    let accounts = bench.open();
    assert_alike(&*accounts, "ada", "nobody");
}

/// That refusing `one` takes about the time of refusing `other`: the shortest of some tries, and of
/// more where a machine that does much else disturbs them, so that nothing but the engine counts.
pub fn assert_alike(accounts: &dyn Accounts, one: &str, other: &str) {
    let mut shortest = [Duration::MAX; 2];
    for tries in 1..=200 {
        for (user, shortest) in [one, other].into_iter().zip(&mut shortest) {
            let start = Instant::now();
            assert!(login_with(accounts, user, "wrong password").is_err());
            *shortest = start.elapsed().min(*shortest);
        }
        let ratio = shortest[0].as_secs_f64() / shortest[1].as_secs_f64();
        if tries >= 9 && (0.4..2.5).contains(&ratio) {
            return;
        }
    }
    panic!("refusing {one} and {other} took {shortest:?}");
}
