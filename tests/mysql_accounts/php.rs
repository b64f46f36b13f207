//! Real PHP and Weft on one table: each lets in whom the other has given a password.

use super::Place;
use crate::accounts_suite::{login_with, name, password};
use crate::harness::MariaDb;
use crate::harness::php::{VERIFY_PASSWORD, run as php};
use weft::auth::{Accounts, NewAccount, Refusal};

const HASH: &str = r#"
    [$_, $kind, $password, $salt] = $argv;
    $half = intdiv(strlen($password), 2) + 1;
    echo match ($kind) {
        '{SSHA-256}' =>
            '{SSHA-256}' . base64_encode(hash('sha256', $password . $salt, true) . $salt),
        'md5' => md5($password),
        'sha256' => hash('sha256',
            substr($password, 0, $half) . 'salty' . substr($password, $half)),
    };
"#;

#[test]
fn php_verifies_every_password_that_weft_has_written() {
    let place = Place::of_php(MariaDb::shared());
    let host = place.host_beside_php();
    for text in ["testpass", "pässwörd€", "test:pass", "0"] {
        let (user, word) = (name("ada"), password(text));
        let new = NewAccount {
            name: &user,
            password: &word,
            email: None,
        };
        assert!(host.create(&new).unwrap().is_some());
        let created = place.php_sees_hash("ada");
        assert_eq!(php(VERIFY_PASSWORD, &[&created, text]), "right");
        assert_eq!(php(VERIFY_PASSWORD, &[&created, "testpasS"]), "wrong");
        assert!(host.set_password(&user, &password("new password")).unwrap());
        let changed = place.php_sees_hash("ada");
        assert_eq!(php(VERIFY_PASSWORD, &[&changed, "new password"]), "right");
        assert!(host.delete(&user).unwrap());
    }
}

#[test]
fn weft_verifies_every_kind_that_php_has_written_and_renews_it_as_php_did() {
    let place = Place::of_php(MariaDb::shared());
    let host = place.host_beside_php();
    for (n, (kind, text)) in [
        ("{SSHA-256}", "testpass"),
        ("{SSHA-256}", "pässwörd€"),
        ("md5", "testpass"),
        ("sha256", "testpass"),
        ("sha256", "abcde"),
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user{n}");
        let hash = php(HASH, &[kind, text, "saltsalt"]);
        place.php_registers(&user, &hash);
        let wrong = login_with(&host, &user, "testpasS");
        assert_eq!(wrong, Err(Refusal::WrongPassword), "{kind} {text}");
        assert!(login_with(&host, &user, text).is_ok(), "{kind} {text}");
        let now = place.php_sees_hash(&user);
        assert_eq!(
            php(VERIFY_PASSWORD, &[&now, text]),
            "right",
            "{kind} {text}"
        );
        assert_eq!(now == hash, kind == "{SSHA-256}", "{kind} {text}");
    }
}
