//! The rules of the house that a program can check: which way imports may point, that every module says
//! what it is, and that no file has grown past the size at which it is asked whether it is two.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module of the library, and the ones it may import from. What is not listed may import nothing
/// of ours.
const MAY_IMPORT: [(&str, &[&str]); 18] = [
    ("accounts", &["auth", "storage", "sync"]),
    (
        "api",
        &[
            "accounts",
            "auth",
            "exchange",
            "routes",
            "security_log",
            "storage",
            "sync",
        ],
    ),
    ("auth", &["cache", "mysql", "storage", "sync"]),
    ("backup", &["storage", "sync"]),
    ("cache", &["sync"]),
    ("config", &["cache", "sync"]),
    (
        "doctor",
        &["accounts", "api", "auth", "config", "storage", "sync"],
    ),
    ("exchange", &[]),
    ("gateway", &["exchange"]),
    ("mysql", &[]),
    ("routes", &["exchange"]),
    ("security_log", &["exchange", "sync"]),
    ("storage", &["cache", "mysql", "sync"]),
    ("sync", &[]),
    (
        "web",
        &[
            "accounts",
            "api",
            "auth",
            "doctor",
            "exchange",
            "routes",
            "security_log",
            "storage",
            "sync",
        ],
    ),
    // Where the parts are joined.
    ("app", ANYTHING),
    ("program", ANYTHING),
    ("cli", ANYTHING),
];

const ANYTHING: &[&str] = &["*"];

/// A file longer than this is two rooms.
const LONGEST: usize = 480;

#[test]
fn imports_point_down() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some(allowed) = allowed.get(module.as_str()) else {
            wrong.push(format!(
                "{} is in no module that is listed here",
                path.display()
            ));
            continue;
        };
        for (line, imported) in imports(&text) {
            if imported != module && !allowed.contains(&imported.as_str()) && **allowed != *ANYTHING
            {
                let path = path.display();
                wrong.push(format!(
                    "{path}:{line}: {module} must not import {imported}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_opens_with_prose() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no opening prose: {silent:?}");
}

#[test]
fn no_file_has_become_two() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// The LDAP package waits for ever and panics unless it is handled with care, in one place.
#[test]
fn the_ldap_package_is_known_to_one_file() {
    let knowing: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("ldap3::"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(
        matches!(&knowing[..], [one] if one.ends_with("src/auth/ldap/connection.rs")),
        "{knowing:?}"
    );
}

#[test]
fn nothing_is_unsafe() {
    for root in ["src/lib.rs", "src/fastcgi/src/lib.rs"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(root)).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{root}");
    }
}

/// The sources of the library and the program.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("src/fastcgi") && !path.ends_with("src/heap") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found.sort();
    found
}

/// The first folder or file below `src`.
fn module_of(path: &Path) -> String {
    let below = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = below
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules named in `crate::…` paths, with their lines; comments don't count.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for after in line.split("crate::").skip(1) {
            let name: String = after
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            if !name.is_empty() {
                found.push((number + 1, name));
            }
        }
    }
    found
}
