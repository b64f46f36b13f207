//! Hashes as predecessors stored them, for engines that store hashes.

use super::logins::assert_alike;
use super::{Bench, login, login_with, name, password};
use weft::auth::Refusal;

/// Of `testpass`.
const OLD: [(&str, &str); 7] = [
    ("md5", "179ad45c6ce2cb97cf1029e212046e81"),
    (
        "site-salted",
        "8320a186faf086250bd65dca091ee41e3f559677d92cf8fe3913a1507f503d1a",
    ),
    (
        "ssha-256",
        "{SSHA-256}fuQZ+zDDSzwlLYoQUfsvhKDQrn56nUj5NQ8CjzNWhZtzYWx0c2FsdA==",
    ),
    ("ssha", "{SSHA}gIZQH6s90mFdDkKAAiFhe7gbL9ZzYWx0c2FsdA=="),
    (
        "bcrypt",
        "$2y$04$abcdefghijklmnopqrstuutOjAZBsRJeA9YeX4UkLnwZmoXyyC87K",
    ),
    (
        "weak-argon2",
        "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\
         $R3Y4ayxj8ZdvGdVqkWGU8ppyYAU6+dhPgQ+GsJxN0xg",
    ),
    (
        "sscrypt",
        "{SSCRYPT}vqOMEQIKEJ50NXWD3NoRsJAJ/nNk5AYeCOSu6GDbdIlwQUn2EUgG3lFTi/STACZ8\
         /0b7cHosDevBMaMZ8L9ltXNhbHRzYWx0",
    ),
];

pub fn every_old_hash_is_accepted_and_renewed(bench: &Bench) {
    for (user, old) in OLD {
        let name = name(user);
        if !bench.backend.plant(&name, old) {
            return;
        }
        let accounts = bench.open();
        let id = login_with(&*accounts, user, "testpass");
        assert!(id.is_ok(), "{user}");
        let new = bench.backend.hash_of(&name);
        assert_ne!(new, old, "{user}");
        // By the one that renewed it, who remembers, and by one who doesn't.
        assert_eq!(login_with(&*accounts, user, "testpass"), id);
        assert_eq!(login(bench, user, "testpass"), id);
        assert_eq!(login(bench, user, "testpasS"), Err(Refusal::WrongPassword));
        assert_eq!(bench.backend.hash_of(&name), new, "{user}: once is enough");
    }
}

pub fn a_wrong_password_leaves_an_old_hash_as_it_is(bench: &Bench) {
    for (user, old) in OLD {
        if !bench.backend.plant(&name(user), old) {
            return;
        }
        assert_eq!(login(bench, user, "testpasS"), Err(Refusal::WrongPassword));
        assert_eq!(bench.backend.hash_of(&name(user)), old);
    }
}

pub fn what_is_no_hash_is_nobody_s_password(bench: &Bench) {
    let texts = [
        "testpass",
        "*",
        "!",
        "",
        "{CLEARTEXT}testpass",
        "{SSHA}",
        "$2y$",
    ];
    for (n, text) in texts.into_iter().enumerate() {
        let user = format!("user{n}");
        if !bench.backend.plant(&name(&user), text) {
            return;
        }
        for tried in ["testpass", text] {
            if !tried.is_empty() {
                let refused = login(bench, &user, tried);
                assert_eq!(refused, Err(Refusal::WrongPassword), "{text:?} {tried}");
            }
        }
        assert_eq!(bench.backend.hash_of(&name(&user)), text);
    }
}

pub fn a_new_hash_is_kept(bench: &Bench) {
    if !bench.backend.plant(&name("other"), OLD[0].1) {
        return;
    }
    bench.add("ada", "testpass");
    let hash = bench.backend.hash_of(&name("ada"));
    assert!(!hash.contains("testpass"));
    assert!(login(bench, "ada", "testpass").is_ok());
    assert_eq!(bench.backend.hash_of(&name("ada")), hash);
    bench.add("bob", "testpass");
    assert_ne!(
        bench.backend.hash_of(&name("bob")),
        hash,
        "each has its salt"
    );
}

pub fn a_renewal_undoes_no_change_of_password(bench: &Bench) {
    let engines = [bench.open(), bench.open()];
    for round in 0..10 {
        let user = format!("user{round}");
        if !bench.backend.plant(&name(&user), OLD[0].1) {
            return;
        }
        // Both hash for a while between reading and writing, so the renewal is often the later one.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let new = password("new password");
                assert!(engines[0].set_password(&name(&user), &new).unwrap());
            });
            scope.spawn(|| login_with(&*engines[1], &user, "testpass"));
        });
        assert!(login(bench, &user, "new password").is_ok(), "{user}");
    }
}

pub fn old_and_new_hashes_take_the_same_time_to_refuse(bench: &Bench) {
    if !bench.backend.plant(&name("old"), OLD[0].1) {
        return;
    }
    bench.backend.add(&name("new"), &password("testpass"));
    assert_alike(&*bench.open(), "old", "new");
}
