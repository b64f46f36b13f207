//! From the PHP server to Weft: the guide's own commands, and life beside real PHP.
//!
//! The commands of `docs/migration.md` are taken from its text and run on what PHP left. On one host,
//! a running Weft and PHP's own functions read what the other wrote.

mod harness;

use harness::api::{PHP, User, basic, centiseconds};
use harness::http::Request;
use harness::legacy::Legacy;
use harness::{Gateway, Installation, MariaDb, Memcached, php};
use serde_json::{Value, json};
use std::fs;

/// What the guide says to type in one of its sections.
fn commands(section: &str) -> String {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/migration.md");
    let guide = fs::read_to_string(guide).expect("the guide is there");
    let (_, rest) = guide.split_once(section).expect("the section is there");
    let (section, _) = rest.split_once("\n## ").unwrap_or((rest, ""));
    let typed = section.lines().filter_map(|line| line.strip_prefix("    "));
    typed.flat_map(|line| [line, "\n"]).collect()
}

/// The settings of the PHP server that worked on these.
fn default_constants(legacy: &Legacy, cache: &Memcached) -> String {
    let mut lines = String::from("<?php\n");
    let port = legacy.server.port().to_string();
    let cache_port = cache.port().to_string();
    let (database, user, password) = (&legacy.database, MariaDb::USER, MariaDb::PASSWORD);
    for what in ["STORE_READ", "STORE_WRITE", "AUTH"] {
        for (name, value) in [
            ("HOST", "127.0.0.1"),
            ("PORT", &port),
            ("DB", database),
            ("USER", user),
            ("PASS", password),
        ] {
            let name = format!("WEAVE_MYSQL_{what}_{name}");
            let value = value.replace('\'', "\\'");
            lines += &format!("if (!defined('{name}')) {{ define('{name}', '{value}'); }}\n");
        }
    }
    for (name, value) in [
        ("WEAVE_STORAGE_ENGINE", "mysql"),
        ("WEAVE_AUTH_ENGINE", "mysql"),
        ("WEAVE_SHA_SALT", "salty"),
        ("WEAVE_STORAGE_MEMCACHE_HOST", "127.0.0.1"),
        ("WEAVE_STORAGE_MEMCACHE_PORT", &cache_port),
    ] {
        lines += &format!("define('{name}', '{value}');\n");
    }
    lines + "define('WEAVE_MD5_FALLBACK', 1);\n"
}

#[test]
#[cfg_attr(
    any(without = "mariadb", without = "memcached", without = "curl"),
    ignore = "mariadb, memcached or curl is not installed"
)]
fn the_guides_commands_do_what_it_says() {
    let legacy = Legacy::of_php();
    let cache = Memcached::start();
    let operator = Installation::new();
    let constants = default_constants(&legacy, &cache);
    operator.site.write("default_constants.php", constants);

    let typed = commands("\n## 1. Make the settings from PHP's\n").replace(
        "/var/www/weave/1.0/default_constants.php",
        "default_constants.php",
    );
    let ran = operator.shell(&typed);
    assert!(ran.output.contains("Nothing is wrong."), "{ran:?}");
    assert!(ran.errors.contains("run `weft migrate`"), "{ran:?}");
    let settings = fs::read_to_string(operator.site.path("weft.toml")).expect("it was made");
    assert!(settings.contains("php_beside = true"), "{settings}");

    let ran = operator.shell(&commands("\n## 2. Prepare the database\n"));
    let output = ran.expect();
    let (rehearsed, done) = output.split_at(output.len() / 2 + output.len() % 2);
    assert!(rehearsed.contains("CREATE TABLE `weft_times`"), "{output}");
    assert!(done.contains("CREATE TABLE `weft_times`"), "{output}");
    let checked = operator.shell("weft --config weft.toml config --check --connect");
    assert!(checked.clone().expect().contains("Answers:"), "{checked:?}");

    // Another host plays the part of the one on which PHP still runs.
    let [php, first] = ["php", "first"].map(|log| operator.serve("weft", log, None));
    operator.site.write(
        ".netrc",
        "machine 127.0.0.1 login testuser password testpass\n",
    );
    for (id, collection) in [("global", "meta"), ("a", "bookmarks"), ("t", "tabs")] {
        let path = format!("/1.0/testuser/storage/{collection}/{id}");
        let record = php.request("PUT", &path).body(r#"{"payload":"x"}"#);
        let written = php.send(&record.header("Authorization", basic("testuser:testpass")));
        assert_eq!(written.status, 200, "{written:?}");
    }
    let typed = commands("\n## 3. Compare before anybody is served\n")
        .replace(
            "weft --config /etc/weft/weft.toml serve --listen 127.0.0.1:5000\n",
            "",
        )
        .replace("https://php1.internal", &format!("http://{}", php.address))
        .replace(
            "http://127.0.0.1:5000",
            &format!("http://{}", first.address),
        )
        // As the guide says, to be asked for no password.
        .replace("-u testuser", "-n");
    let output = operator.shell(&typed).expect();
    assert_eq!(output.matches("same: ").count(), 7, "{output}");
    assert!(
        output.contains("[\"a\"]") && output.contains("[\"a\",\"b\"]"),
        "{output}"
    );
    let left = "SELECT COUNT(*) FROM wbo WHERE collection > 100";
    assert_eq!(legacy.server.rows(&legacy.database, left), ["0"]);
}

#[test]
#[cfg_attr(
    any(without = "mariadb", without = "memcached", without = "php"),
    ignore = "mariadb, memcached or php is not installed"
)]
fn php_and_a_running_weft_read_what_the_other_wrote() {
    let legacy = Legacy::new();
    let cache = Memcached::start();
    let server = Gateway::Builtin.start(&format!(
        "{}{}[legacy]\nphp_beside = true\n",
        legacy.settings(""),
        cache.settings()
    ));
    let user = User {
        server: &server,
        version: PHP,
        name: "testuser".to_owned(),
        password: "testpass".to_owned(),
    };
    let php = |verb: &str, key: &str, value: Option<&Value>| {
        let text = php::shared_cache(verb, "127.0.0.1", cache.port(), key, value);
        serde_json::from_slice::<Value>(&text).unwrap_or_default()
    };

    let forms = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
    let tabs = user
        .put("storage/tabs/12", r#"{"payload":"one \u00e9"}"#)
        .written();
    // PHP makes the entry at its first listing, and so does Weft.
    user.get("info/collections").json();
    let (forms, tabs) = (centiseconds(&forms), centiseconds(&tabs));
    let mut list = php("get", "coll:1", None);
    assert_eq!(list["forms"], json!([forms.to_string(), "1"]), "{list}");
    assert_eq!(list["tabs"][1], "1", "{list}");
    let mut stored = php("get", "tabs:1", None);
    assert_eq!(stored["12"], json!([tabs, "one \u{e9}"]), "{stored}");

    // PHP stores another tab, as another device would have it.
    let later = (tabs + 100) as f64;
    stored["phps"] = json!([later, "from php \u{fc}"]);
    list["tabs"] = json!([later, "2"]);
    php("set", "tabs:1", Some(&stored));
    php("set", "coll:1", Some(&list));
    assert_eq!(user.ids("storage/tabs"), ["12", "phps"]);
    let read = user.get("storage/tabs/phps").json();
    assert_eq!(read["payload"], "from php \u{fc}");
    let listed = user.get("info/collections").json();
    let time = centiseconds(&listed["tabs"].to_string());
    assert!(time >= tabs + 100, "{listed}");
}

#[test]
#[cfg_attr(
    any(without = "mariadb", without = "php"),
    ignore = "mariadb or php is not installed"
)]
fn php_verifies_the_passwords_that_a_running_weft_wrote() {
    let legacy = Legacy::new();
    let server = Gateway::Builtin.start(&format!(
        "{}[legacy]\nphp_beside = true\n",
        legacy.settings("")
    ));
    let verify = |password: &str| {
        let sql = "SELECT password_hash FROM users WHERE username = 'newcomer'";
        let hash = legacy.server.rows(&legacy.database, sql).remove(0);
        php::run(php::VERIFY_PASSWORD, &[&hash, password])
    };
    let user = User::new(&server, PHP, "newcomer");
    assert_eq!(verify(&user.password), "right");
    assert_eq!(verify("another"), "wrong");

    let target = format!("{}user/1.0/newcomer/password", server.prefix());
    let credentials = basic(format!("newcomer:{}", user.password));
    let change = Request::new("POST", target)
        .header("Host", server.host())
        .header("Authorization", credentials)
        .body("p\u{e4}ssw\u{f6}rd\u{20ac}");
    let changed = server.send(&change);
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(verify("p\u{e4}ssw\u{f6}rd\u{20ac}"), "right");
    assert_eq!(verify(&user.password), "wrong");
}
