//! The settings of a deployment as operators have them, with hosts that differ.

use super::super::*;
use super::{source, text};

pub(super) const DEFAULTS: &[u8] =
    include_bytes!("../../../../tests/data/legacy-php/default_constants.php");
pub(super) const SHARDS: &[u8] =
    include_bytes!("../../../../tests/data/legacy-php/shard_constants.php");

fn deployment() -> PhpConstants {
    let files = vec![source("default_constants.php", DEFAULTS)];
    read_constants(files, &|path| {
        (path == "shard_constants.php").then(|| SHARDS.to_vec())
    })
}

#[test]
fn a_realistic_deployment_is_read_without_findings() {
    let read = deployment();
    assert_eq!(read.findings, []);
    let value = |name: &str| read.global.get(name).map(|found| found.value.clone());
    assert_eq!(value("WEAVE_STORAGE_ENGINE"), Some(text("mysql")));
    assert_eq!(
        value("WEAVE_MYSQL_STORE_READ_PASS"),
        Some(text("r3ad's \\ secret"))
    );
    assert_eq!(
        value("WEAVE_MYSQL_STORE_WRITE_PASS"),
        Some(text("write$\"secret\""))
    );
    assert_eq!(
        value("WEAVE_MYSQL_STORE_WRITE_HOST"),
        Some(text("db-read.example.com"))
    );
    assert_eq!(value("WEAVE_MYSQL_AUTH_DB"), Some(text("weave_auth")));
    assert_eq!(value("WEAVE_QUOTA"), Some(PhpScalar::Int(26_214_400)));
    assert_eq!(
        value("WEAVE_STORAGE_LOCKOUT_COUNT"),
        Some(PhpScalar::Int(3))
    );
    assert_eq!(value("WEAVE_CEF_DEVICE"), Some(text("weave")));
    assert_eq!(
        value("WEAVE_REGISTER_NODE"),
        Some(text("register.example.com"))
    );
    assert_eq!(value("WEAVE_SQLITE_STORE_DIRECTORY"), None);
    assert_eq!(value("WEAVE_USER_TABLE_MODULO"), None);
    let quota = read.global.get("WEAVE_QUOTA").unwrap();
    assert_eq!(
        (quota.file.as_str(), quota.line),
        ("default_constants.php", 67)
    );
}

#[test]
fn each_host_has_what_php_would_know_there() {
    let read = deployment();
    let names: Vec<Vec<&str>> = read
        .hosts
        .iter()
        .map(|host| host.names.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(
        names,
        [
            vec!["sync1.example.com", "sync2.example.com"],
            vec!["sync3.example.com"],
            vec!["sync4.example.com"],
            vec!["ldap.example.com:8080"],
            vec!["staging.example.com"],
        ]
    );
    let value = |host: usize, name: &str| {
        read.hosts[host]
            .constants
            .get(name)
            .map(|found| found.value.clone())
    };
    assert_eq!(
        value(0, "WEAVE_MYSQL_STORE_READ_HOST"),
        Some(text("shard-a.example.com"))
    );
    // The default refers to the constant that the host changed.
    assert_eq!(
        value(0, "WEAVE_MYSQL_STORE_WRITE_HOST"),
        Some(text("shard-a.example.com"))
    );
    assert_eq!(
        value(0, "WEAVE_USER_TABLE_MODULO"),
        Some(PhpScalar::Int(16))
    );
    assert_eq!(value(0, "WEAVE_REGISTER_NODE"), None);
    assert_eq!(value(1, "WEAVE_QUOTA"), Some(PhpScalar::Int(0)));
    assert_eq!(
        value(1, "WEAVE_STORAGE_MEMCACHE_PORT"),
        Some(PhpScalar::Int(11311))
    );
    assert_eq!(value(2, "WEAVE_QUOTA"), Some(PhpScalar::Int(26_214_400)));
    assert_eq!(
        value(3, "WEAVE_LDAP_AUTH_HOST"),
        Some(text("ldap.example.com"))
    );
    assert_eq!(value(3, "WEAVE_MYSQL_AUTH_HOST"), None);
    assert_eq!(value(4, "WEAVE_QUOTA"), Some(PhpScalar::Float(1_572_864.0)));
}

#[test]
fn commented_out_definitions_are_remembered_but_are_no_values() {
    let read = deployment();
    let remembered: Vec<_> = read
        .commented_out
        .iter()
        .map(|(name, constant)| (name, constant.value.clone(), constant.line))
        .collect();
    assert_eq!(
        remembered,
        [
            ("WEAVE_MYSQL_STORE_TABLE_NAME", text("wbo"), 28),
            ("WEAVE_MYSQL_COLLECTION_TABLE_NAME", text("collections"), 29),
            ("WEAVE_USER_TABLE_MODULO", PhpScalar::Int(10), 32),
            ("WEAVE_MD5_FALLBACK", PhpScalar::Int(1), 61),
            ("WEAVE_QUOTA_WRITE_CAP", PhpScalar::Int(104_857_600), 68),
        ]
    );
    assert_eq!(read.global.get("WEAVE_QUOTA_WRITE_CAP"), None);
}

#[test]
fn a_file_that_was_given_and_is_included_runs_where_it_is_included() {
    let files = vec![
        source("etc/default_constants.php", DEFAULTS),
        source("etc/shard_constants.php", SHARDS),
    ];
    let read = read_constants(files, &|_| None);
    assert_eq!(read.findings, []);
    assert_eq!(read.hosts.len(), 5);
}

#[test]
fn no_password_shows_in_debug_output_or_findings() {
    let mut read = deployment();
    let php = "<?php define('A_PASS', rand() . 'hunter3');\nconnect('hunter3', \"hunter3 $x\");";
    let more = read_constants(vec![source("a.php", php)], &|_| None);
    assert_eq!(more.findings.len(), 2);
    assert_eq!(more.findings[0].text, "define('A_PASS', rand() . …);");
    read.findings = more.findings;
    let shown = format!("{read:?}");
    for secret in [
        "r3ad",
        "hunter2",
        "hunter3",
        "auth secret",
        "shard a\"",
        "pepper",
    ] {
        assert!(!shown.contains(secret), "{secret}");
    }
    assert!(shown.contains("WEAVE_MYSQL_STORE_READ_PASS"));
}
