//! `[[host]]`: other settings for some of the names by which browsers call this server, as the
//! legacy PHP server chose its shard by `HTTP_HOST`.
//!
//! Each is a whole configuration of its own: the one of all others, with what it says otherwise. What
//! belongs to the process, such as the port on which it listens, can't differ.

use super::read::{Entry, HostEntries};
use super::{Config, Place, Problem, check};
use std::collections::BTreeMap;

/// The name of the table, and of its member that says for whom it is.
pub(super) const TABLE: &str = "host";
pub(super) const NAMES: &str = "names";

/// More hosts than this are a mistake. Each may have its own connections.
const MOST: usize = 256;

/// The settings and sections of the process, which no host can have for itself.
const OF_THE_PROCESS: &[&str] = &[
    "server.listen",
    "server.workers",
    "server.queue",
    "server.max_connections",
    "server.idle_timeout",
    "server.read_timeout",
    "server.write_timeout",
    "server.trusted_proxies",
    "server.allow_root",
    "data.",
    "log.",
];

/// What some names want otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// The names, in lower case, with a port where it was written.
    pub names: Vec<String>,
    /// What is in force for them. Its own `hosts` are none.
    pub config: Config,
    /// Where their own settings were written, by name.
    pub places: BTreeMap<&'static str, Place>,
}

/// Which of `groups`, each with its names in lower case, a request is for whose `Host` is this. A
/// name with a port goes before one without; a dot at the end of a name means nothing.
pub fn choose<'n>(groups: impl Iterator<Item = &'n [String]> + Clone, host: &str) -> Option<usize> {
    let host = host.to_ascii_lowercase();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, Some(port)),
        _ => (host.as_str(), None),
    };
    let name = name.trim_end_matches('.');
    let find = |wanted: &str| {
        groups
            .clone()
            .position(|names| names.iter().any(|n| n == wanted))
    };
    port.and_then(|port| find(&format!("{name}:{port}")))
        .or_else(|| find(name))
}

/// The hosts that were written, each on top of `base`.
pub(super) fn hosts(
    base: &Config,
    written: Vec<HostEntries>,
    problems: &mut Vec<Problem>,
) -> Vec<Host> {
    if let Some(beyond) = written.get(MOST) {
        let text = format!("there are more than {MOST} [[host]]");
        problems.push(Problem::at(beyond.place.clone(), text));
    }
    let mut hosts: Vec<Host> = Vec::new();
    for HostEntries {
        place,
        names,
        entries,
    } in written
    {
        let names: Vec<String> = names
            .iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        for (index, name) in names.iter().enumerate() {
            let twice =
                names[..index].contains(name) || hosts.iter().any(|h| h.names.contains(name));
            if let Some(why) = wrong(name, twice) {
                problems.push(Problem::at(place.clone(), why));
            }
        }
        let mut config = base.clone();
        config.hosts = Vec::new();
        let places = apply(&mut config, entries, problems);
        for problem in check::together(&config) {
            problems.push(Problem::at(place.clone(), problem.text));
        }
        hosts.push(Host {
            names,
            config,
            places,
        });
    }
    hosts
}

fn wrong(name: &str, twice: bool) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Some(format!(
            "\"{name}\" is not the name of a host, such as \"sync.example.org\""
        ));
    }
    twice.then(|| format!("{name} has its settings twice; which of them shall hold?"))
}

fn apply(
    config: &mut Config,
    entries: Vec<Entry>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'static str, Place> {
    let mut places = BTreeMap::new();
    for (setting, written) in entries {
        let whole = OF_THE_PROCESS
            .iter()
            .any(|prefix| match prefix.ends_with('.') {
                true => setting.name.starts_with(prefix),
                false => setting.name == *prefix,
            });
        let outcome = match whole {
            true => Err("is one for all hosts; write it outside [[host]]".to_owned()),
            false => setting.set(config, &written.item, &written.folder),
        };
        match outcome {
            Ok(()) => {
                places.insert(setting.name, written.place);
            }
            Err(why) => {
                let text = format!("{} {why}", setting.name);
                problems.push(Problem::at(written.place, text));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::declare;

    #[test]
    fn a_host_is_found_by_its_name_with_or_without_a_port() {
        let groups = [
            vec!["a.org".to_owned(), "b.org".to_owned()],
            vec!["a.org:8080".to_owned()],
        ];
        let cases = [
            ("a.org", Some(0)),
            ("A.ORG", Some(0)),
            ("b.org.", Some(0)),
            ("a.org:80", Some(0)),
            ("a.org:8080", Some(1)),
            ("a.org.:8080", Some(1)),
            ("c.org", None),
            ("xa.org", None),
            ("", None),
            (":", None),
            ("[::1]:5000", None),
        ];
        for (host, expected) in cases {
            assert_eq!(
                choose(groups.iter().map(Vec::as_slice), host),
                expected,
                "{host}"
            );
        }
    }

    #[test]
    fn what_belongs_to_the_process_exists() {
        for name in OF_THE_PROCESS {
            let known = declare::all().any(|setting| {
                setting.name == *name || name.ends_with('.') && setting.name.starts_with(name)
            });
            assert!(known, "{name}");
        }
    }
}
