//! What the program is built from keeps to `deny.toml`: known licences, nothing that is banned, nothing
//! twice unless it is said, everything from crates.io.
//!
//! cargo-deny reads the same file and can do more, but building it takes longer than all other checks
//! of a change together.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

struct Policy(toml::Table);

impl Policy {
    fn read() -> Policy {
        Policy(include_str!("../deny.toml").parse().unwrap())
    }

    fn list(&self, section: &str, name: &str) -> BTreeSet<&str> {
        let list = self.0[section][name].as_array().unwrap();
        list.iter().map(|item| item.as_str().unwrap()).collect()
    }
}

/// The packages that a build on this machine takes in, tests included.
fn packages() -> Vec<Value> {
    let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let asked = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", host.unwrap()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        asked.status.success(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    let mut told: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let nodes = told["resolve"]["nodes"].as_array().unwrap();
    let used: BTreeSet<String> = nodes.iter().map(|node| text(node, "id")).collect();
    let Value::Array(packages) = told["packages"].take() else {
        panic!("no packages")
    };
    let packages: Vec<Value> = packages
        .into_iter()
        .filter(|package| used.contains(&text(package, "id")))
        .collect();
    assert!(packages.len() > 100, "{}", packages.len());
    packages
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn everything_comes_from_where_it_should_and_nothing_is_banned() {
    let policy = Policy::read();
    let banned = policy.list("bans", "deny");
    let sources = policy.list("sources", "allow-registry");
    for package in packages() {
        let name = text(&package, "name");
        assert!(
            !banned.contains(name.as_str()),
            "{name} is banned in deny.toml"
        );
        let source = text(&package, "source");
        let is_known = match source.strip_prefix("registry+") {
            Some(registry) => sources.contains(registry),
            // Ours.
            None => {
                source.is_empty()
                    && ["weft", "weft-bench", "fastcgi", "heap"].contains(&name.as_str())
            }
        };
        assert!(
            is_known,
            "{name} comes from {source:?}, which deny.toml does not know"
        );
    }
}

/// Of each package that the program asks for, the README says what for.
#[test]
fn the_readme_says_why_each_dependency_is_there() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    let readme = include_str!("../README.md");
    let (_, table) = readme.split_once("\n## Dependencies\n").unwrap();
    let said: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" |").next())
        .flat_map(|names| names.split(", "))
        .map(|name| name.trim_matches('`'))
        .collect();
    let used = manifest["dependencies"].as_table().unwrap();
    let used: BTreeSet<&str> = used.keys().map(String::as_str).collect();
    assert_eq!(said, used);
}

#[test]
fn nothing_is_there_twice_that_is_not_said() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let found = versions.entry(text(&package, "name")).or_default();
        found.insert(text(&package, "version"));
    }
    let twice = versions.iter().filter(|(_, versions)| versions.len() > 1);
    let twice: BTreeSet<&str> = twice.map(|(name, _)| name.as_str()).collect();
    let policy = Policy::read();
    let said = policy.list("bans", "skip");
    let new: Vec<_> = twice.difference(&said).collect();
    assert!(
        new.is_empty(),
        "in several versions, and not in bans.skip of deny.toml: {new:?}"
    );
    let gone: Vec<_> = said.difference(&twice).collect();
    assert!(
        gone.is_empty(),
        "in one version now, so not for bans.skip of deny.toml: {gone:?}"
    );
}

#[test]
fn every_licence_is_one_that_we_may_pass_on() {
    let policy = Policy::read();
    let allowed = policy.list("licenses", "allow");
    for package in packages() {
        let (name, licence) = (text(&package, "name"), text(&package, "license"));
        assert!(
            may_be_used(&licence, &allowed),
            "{name} is licensed as {licence:?}, which deny.toml does not allow"
        );
    }
}

/// Whether a licence expression can be met by `allowed` ones. AND binds stronger than OR.
fn may_be_used(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'e> = std::iter::Peekable<std::str::SplitWhitespace<'e>>;

fn any(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    match words.next() {
        Some("(") => {
            let met = any(words, allowed);
            met && words.next() == Some(")")
        }
        Some(licence) => {
            // An exception only allows more, but it is another licence until somebody has read it.
            let excepted = words.next_if_eq(&"WITH").and_then(|_| words.next());
            allowed.contains(licence) && excepted.is_none()
        }
        None => false,
    }
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 OR MIT", true),
        ("Apache-2.0 AND MIT", false),
        ("MIT AND ISC", true),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(GPL-3.0 OR AGPL-3.0) AND ISC", false),
        ("GPL-3.0 AND ISC OR MIT", true),
        ("MIT WITH Some-exception", false),
        ("MIT MIT", false),
    ] {
        assert_eq!(may_be_used(expression, &allowed), expected, "{expression}");
    }
}
