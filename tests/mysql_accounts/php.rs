//! Real PHP and Weft on one table: each lets in whom the other has given a password.

use super::Place;
use crate::accounts_suite::{login_with, name, password};
use crate::harness::MariaDb;
use std::process::Command;
use weft::auth::{Accounts, NewAccount, Refusal};

/// The password check of the legacy server, in the words of today's PHP.
const VERIFY: &str = r#"
    [$_, $stored, $password] = $argv;
    function salted($password, $salt) {
        return '{SSHA-256}' . base64_encode(hash('sha256', $password . $salt, true) . $salt);
    }
    $salt = substr(base64_decode(substr($stored, 10)), 32);
    $right = substr($stored, 0, 10) === '{SSHA-256}' && strlen($salt) === 8
        && $stored === salted($password, $salt);
    echo $right ? 'right' : 'wrong';
"#;

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

fn php(program: &str, arguments: &[&str]) -> String {
    let output = Command::new("php")
        .args(["-n", "-r", program, "--"])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

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
        assert_eq!(php(VERIFY, &[&created, text]), "right");
        assert_eq!(php(VERIFY, &[&created, "testpasS"]), "wrong");
        assert!(host.set_password(&user, &password("new password")).unwrap());
        let changed = place.php_sees_hash("ada");
        assert_eq!(php(VERIFY, &[&changed, "new password"]), "right");
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
        assert_eq!(php(VERIFY, &[&now, text]), "right", "{kind} {text}");
        assert_eq!(now == hash, kind == "{SSHA-256}", "{kind} {text}");
    }
}
