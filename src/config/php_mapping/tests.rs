//! The settings that come of constants, and what is left to a person.

use std::collections::HashSet;

use super::*;
use crate::config::php::{PhpSource, read_constants};

fn toml_of(php: &str) -> (String, toml::Table) {
    let file = PhpSource {
        path: "a.php".to_owned(),
        text: format!("<?php {php}").into_bytes(),
    };
    let text = to_toml(&read_constants(vec![file], &|_| None));
    let table = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    (text, table)
}

/// The value of a setting, by its name with dots, as TOML text.
fn setting(table: &toml::Table, name: &str) -> Option<String> {
    let mut parts = name.split('.');
    let first = table.get(parts.next()?)?;
    parts
        .try_fold(first, |value, part| value.get(part))
        .map(toml::Value::to_string)
}

#[test]
fn each_constant_becomes_its_setting() {
    let cases = [
        (
            "'WEAVE_STORAGE_ENGINE', 'mysql'",
            "storage.engine",
            "\"mysql\"",
        ),
        (
            "'WEAVE_MYSQL_STORE_READ_PORT', '3307'",
            "mysql.read.port",
            "3307",
        ),
        (
            "'WEAVE_MYSQL_STORE_WRITE_PASS', 'a\"b\\\\c'",
            "mysql.write.password",
            r#"'a"b\c'"#,
        ),
        (
            "'WEAVE_USER_TABLE_MODULO', 10",
            "mysql.user_table_modulo",
            "10",
        ),
        ("'WEAVE_MD5_FALLBACK', 1", "auth.legacy_md5", "true"),
        ("'WEAVE_MD5_FALLBACK', '0'", "auth.legacy_md5", "false"),
        ("'WEAVE_AUTH_ENGINE', 'mozilla'", "auth.engine", "\"ldap\""),
        (
            "'WEAVE_AUTH_ENGINE', 'mozilla'",
            "ldap.layout",
            "\"mozilla\"",
        ),
        ("'WEAVE_AUTH_ENGINE', 'mozilla'", "ldap.start_tls", "true"),
        (
            "'WEAVE_LDAP_AUTH_HOST', 'ldap.example.com'",
            "ldap.url",
            "\"ldap://ldap.example.com\"",
        ),
        (
            "'WEAVE_LDAP_AUTH_HOST', 'ldaps://l:1636'",
            "ldap.url",
            "\"ldaps://l:1636\"",
        ),
        ("'WEAVE_QUOTA', 1.5 * 1024", "quota.bytes", "1536"),
        ("'WEAVE_PAYLOAD_MAX_SIZE', 0", "limits.payload_bytes", "0"),
    ];
    for (constant, name, value) in cases {
        let (text, table) = toml_of(&format!("define({constant});"));
        assert_eq!(setting(&table, name).as_deref(), Some(value), "{text}");
        assert!(!text.contains("CHECK:"), "{text}");
    }
}

#[test]
fn memcached_hosts_share_one_port_and_keep_their_order() {
    let (_, table) = toml_of(
        "define('WEAVE_STORAGE_MEMCACHE_HOST', 'b:a'); define('WEAVE_STORAGE_MEMCACHE_PORT', 11311);",
    );
    let servers = setting(&table, "memcached.servers");
    assert_eq!(servers.as_deref(), Some(r#"["b:11311", "a:11311"]"#));
}

#[test]
fn what_needs_a_decision_is_a_comment_and_no_setting() {
    let cases = [
        (
            "'WEAVE_USER_TABLE_MODULO', '10'",
            "PHP ignores this constant when it is a string",
        ),
        (
            "'WEAVE_AUTH_ENGINE', 'none'",
            "PHP checked no password at all",
        ),
        (
            "'WEAVE_STORAGE_ENGINE', 'sqlite'",
            "there is no counterpart",
        ),
        ("'WEAVE_QUOTA', 'lots'", "it is no whole number"),
        ("'WEAVE_QUOTA', -1", "it is no whole number"),
        ("'WEAVE_LDAP_AUTH_HOST', 'a b'", "exactly one server"),
        ("'WEAVE_OURS', 'hunter2'", "CHECK: WEAVE_OURS, a.php:1"),
        ("'WEAVE_QUOTA', getenv('Q')", "getenv() is not followed"),
    ];
    for (constant, why) in cases {
        let (text, table) = toml_of(&format!("define({constant});"));
        assert!(text.contains("# CHECK:") && text.contains(why), "{text}");
        let settings = table
            .values()
            .filter_map(toml::Value::as_table)
            .map(toml::Table::len);
        // The one that is always there: legacy.php_beside.
        assert_eq!(settings.sum::<usize>(), 1, "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn doubtful_values_are_set_and_marked() {
    let latin1 = b"<?php define('WEAVE_SHA_SALT', 'p\xe9');".to_vec();
    let file = PhpSource {
        path: "a.php".to_owned(),
        text: latin1,
    };
    let text = to_toml(&read_constants(vec![file], &|_| None));
    assert!(text.contains("# CHECK: the file is not UTF-8"), "{text}");
    assert!(text.contains("legacy_sha_salt = \"pé\""), "{text}");

    let (text, _) = toml_of("define('WEAVE_STORAGE_MEMCACHE_HOST', 'a');");
    assert!(
        text.contains("CHECK: WEAVE_STORAGE_MEMCACHE_PORT gives no port"),
        "{text}"
    );
}

#[test]
fn commented_out_defaults_are_shown_and_not_set() {
    let (text, table) = toml_of("\n#define('WEAVE_MYSQL_STORE_TABLE_NAME', 'wbo');\n");
    assert!(
        text.contains("# wbo_table = \"wbo\"  # not set: commented out, "),
        "{text}"
    );
    assert_eq!(setting(&table, "mysql.wbo_table"), None);
}

#[test]
fn hosts_hold_what_differs_and_nothing_else() {
    let (text, table) = toml_of(
        "switch ($_SERVER['HTTP_HOST']) {
            case 'a': case 'b': define('WEAVE_QUOTA', 5); break;
            case 'c': define('WEAVE_CEF_DEVICE', 'd'); break;
            default: define('WEAVE_CEF_DEVICE', 'd'); }
         define('WEAVE_MYSQL_STORE_READ_HOST', 'db');",
    );
    let hosts = table.get("host").and_then(toml::Value::as_array).unwrap();
    assert_eq!(hosts.len(), 1, "{text}");
    assert_eq!(hosts[0].get("names").unwrap().to_string(), r#"["a", "b"]"#);
    assert_eq!(hosts[0].as_table().unwrap().len(), 2, "{text}");
    assert!(
        text.contains("CHECK: PHP has no WEAVE_CEF_DEVICE (security_log.device)"),
        "{text}"
    );
}

#[test]
fn settings_of_one_table_stand_together_and_none_is_named_twice() {
    let mut tables = HashSet::new();
    let mut settings = HashSet::new();
    let mut last = "";
    for mapping in MAPPINGS {
        let (table, _) = mapping.setting.rsplit_once('.').unwrap();
        assert!(
            table == last || tables.insert(table),
            "{} stands apart",
            mapping.setting
        );
        assert!(
            settings.insert(mapping.setting),
            "{} is named twice",
            mapping.setting
        );
        last = table;
    }
}

#[test]
fn every_setting_that_is_printed_is_one() {
    for mapping in MAPPINGS {
        let setting = crate::config::read::setting(mapping.setting);
        assert!(setting.is_some(), "{}", mapping.setting);
    }
}

#[test]
fn a_value_that_our_setting_refuses_is_left_to_a_person() {
    let cases = [
        ("'WEAVE_STORAGE_MEMCACHE_DECAY', 0", "memcached.ttl must be"),
        (
            "'WEAVE_MYSQL_STORE_TABLE_NAME', 'a b'",
            "mysql.wbo_table must be",
        ),
        (
            "'WEAVE_MYSQL_STORE_WRITE_PORT', 70000",
            "mysql.write.port must be",
        ),
        (
            "'WEAVE_MYSQL_STORE_WRITE_HOST', ':/run/m.sock'",
            "socket = \"/run/m.sock\"",
        ),
    ];
    for (constant, why) in cases {
        let (text, table) = toml_of(&format!("define({constant});"));
        assert!(text.contains("# CHECK:") && text.contains(why), "{text}");
        assert_eq!(table.len(), 2, "{text}");
    }
}

#[test]
fn php_is_taken_to_run_on_until_a_person_says_otherwise() {
    let (_, table) = toml_of("");
    assert_eq!(
        setting(&table, "legacy.php_beside").as_deref(),
        Some("true")
    );
}

#[test]
fn a_mysql_server_at_localhost_and_a_node_without_a_scheme_want_a_look() {
    let cases = [
        (
            "'WEAVE_MYSQL_AUTH_HOST', 'localhost'",
            "auth.mysql.host",
            "\"localhost\"",
        ),
        (
            "'WEAVE_REGISTER_STORAGE_LOCATION', 'n.example.org'",
            "api.node",
            "\"https://n.example.org/\"",
        ),
    ];
    for (constant, name, value) in cases {
        let (text, table) = toml_of(&format!("define({constant});"));
        assert_eq!(setting(&table, name).as_deref(), Some(value), "{text}");
        assert!(text.contains("# CHECK:"), "{text}");
    }
}
