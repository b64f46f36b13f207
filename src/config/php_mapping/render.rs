//! The configuration text: one table after the other, then the hosts, then what is left over.

use std::fmt::Write;
use std::path::Path;

use super::convert::{Converted, quoted};
use super::{MAPPINGS, Mapping, NEEDLESS, UNMATCHED};
use crate::config::php::{Finding, PhpConst, PhpConstMap, PhpConstants, PhpHost};
use crate::config::{Config, read};

/// The settings that `constants` stand for, as TOML. The settings of hosts come as `[[host]]` with
/// their `names`, and hold what differs from the rest. Valid TOML whatever the constants are.
pub fn to_toml(constants: &PhpConstants) -> String {
    let mut text = String::from(
        "# Made from the constants of a legacy PHP deployment. It holds their passwords.\n\
         # Lines with CHECK need a person.\n",
    );
    tables(&mut text, constants);
    text.push_str(
        "\n[legacy]\n# Set this to false when the last PHP server is off, and not before.\n\
         php_beside = true\n",
    );
    for host in &constants.hosts {
        host_table(&mut text, host, &constants.global);
    }
    leftovers(&mut text, constants);
    findings(&mut text, &constants.findings);
    text
}

// Writing to a String can't fail, so the results of `writeln!` are dropped throughout.

fn tables(text: &mut String, constants: &PhpConstants) {
    let mut open = "";
    for mapping in MAPPINGS {
        let mut lines = String::new();
        let (table, key) = mapping
            .setting
            .rsplit_once('.')
            .unwrap_or(("", mapping.setting));
        if let Some(constant) = constants.global.get(mapping.constant) {
            setting(&mut lines, mapping, key, constant, &constants.global);
        } else if let Some(constant) = constants.commented_out.get(mapping.constant) {
            commented(&mut lines, mapping, key, constant);
        }
        if lines.is_empty() {
            continue;
        }
        if table != open {
            let _ = writeln!(text, "\n[{table}]");
            open = table;
        }
        text.push_str(&lines);
    }
}

fn setting(
    text: &mut String,
    mapping: &Mapping,
    key: &str,
    constant: &PhpConst,
    all: &PhpConstMap,
) {
    let origin = origin(mapping.constant, constant);
    match checked(mapping, mapping.convert.apply(&constant.value, all)) {
        Converted::Nothing => {}
        Converted::Value(value) => {
            if !mapping.hint.is_empty() {
                let _ = writeln!(text, "# {}", mapping.hint);
            }
            let _ = writeln!(text, "{key} = {value}  # {origin}");
        }
        Converted::Doubtful(value, why) => {
            check(text, &why);
            let _ = writeln!(text, "{key} = {value}  # {origin}");
        }
        Converted::Person(why) => {
            check(text, &format!("{origin}: {why}"));
            let _ = writeln!(text, "# {key} =");
        }
    }
}

/// A value that our setting does not take is left to a person: the file must be one that works.
fn checked(mapping: &Mapping, converted: Converted) -> Converted {
    let (Converted::Value(value) | Converted::Doubtful(value, _)) = &converted else {
        return converted;
    };
    let file = format!("{} = {value}", mapping.setting);
    let read = read::toml(&file, Path::new(""));
    let mut config = Config::default();
    let wrong = read.entries.iter().find_map(|(setting, written)| {
        setting.set(&mut config, &written.item, Path::new("")).err()
    });
    let known = !read.entries.is_empty();
    match wrong {
        None if known => converted,
        Some(why) => Converted::Person(format!("{} {why}", mapping.setting)),
        None => Converted::Person(format!("{} is no setting", mapping.setting)),
    }
}

/// A default that PHP had as a comment: shown, but not set.
fn commented(text: &mut String, mapping: &Mapping, key: &str, constant: &PhpConst) {
    let converted = mapping
        .convert
        .apply(&constant.value, &PhpConstMap::default());
    if let Converted::Value(value) | Converted::Doubtful(value, _) = converted {
        let origin = origin(mapping.constant, constant);
        let _ = writeln!(
            text,
            "# {key} = {value}  # not set: commented out, {origin}"
        );
    }
}

fn host_table(text: &mut String, host: &PhpHost, global: &PhpConstMap) {
    let names: Vec<String> = host.names.iter().map(|name| quoted(name)).collect();
    let mut lines = String::new();
    for mapping in MAPPINGS {
        let ours = host.constants.get(mapping.constant);
        let others = global.get(mapping.constant);
        match (ours, others) {
            (Some(ours), others) => {
                let value = mapping.convert.apply(&ours.value, &host.constants);
                let other = others.map(|other| mapping.convert.apply(&other.value, global));
                if Some(value) != other {
                    setting(&mut lines, mapping, mapping.setting, ours, &host.constants);
                }
            }
            (None, Some(_)) => {
                let (constant, setting) = (mapping.constant, mapping.setting);
                check(
                    &mut lines,
                    &format!("PHP has no {constant} ({setting}) on these hosts"),
                );
            }
            (None, None) => {}
        }
    }
    if lines.is_empty() {
        let names = comment(&names.join(", "));
        let _ = writeln!(
            text,
            "\n# The settings of {names} are those of every other host."
        );
    } else {
        let _ = write!(text, "\n[[host]]\nnames = [{}]\n{lines}", names.join(", "));
    }
}

/// Constants without a setting. Their values are not shown: they could be passwords.
fn leftovers(text: &mut String, constants: &PhpConstants) {
    let mut seen = std::collections::HashSet::new();
    let hosts = constants
        .hosts
        .iter()
        .flat_map(|host| host.constants.iter());
    for (name, constant) in constants.global.iter().chain(hosts) {
        let needless = NEEDLESS.iter().any(|(prefix, _)| name.starts_with(prefix));
        let mapped = MAPPINGS.iter().any(|mapping| mapping.constant == name);
        let advice = UNMATCHED.iter().find(|(constant, _)| *constant == name);
        if !needless && !mapped && seen.insert((name, constant.line)) {
            if seen.len() == 1 {
                text.push_str("\n# Constants that no setting corresponds to:\n");
            }
            match advice {
                Some((_, advice)) => check(text, &format!("{}: {advice}", origin(name, constant))),
                None => check(text, &origin(name, constant)),
            }
        }
    }
}

fn findings(text: &mut String, findings: &[Finding]) {
    if !findings.is_empty() {
        text.push_str("\n# Lines that were not followed, because only PHP knows what they do:\n");
    }
    for finding in findings {
        check(
            text,
            &format!("{}:{}: {}", finding.file, finding.line, finding.why),
        );
        if !finding.text.is_empty() {
            let _ = writeln!(text, "#     {}", comment(&finding.text));
        }
    }
}

fn origin(name: &str, constant: &PhpConst) -> String {
    comment(&format!("{name}, {}:{}", constant.file, constant.line))
}

fn check(text: &mut String, what: &str) {
    let _ = writeln!(text, "# CHECK: {}", comment(what));
}

/// Text that may stand in a TOML comment: nothing ends the line.
fn comment(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
