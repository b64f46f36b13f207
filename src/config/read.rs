//! Reads what was written, in TOML or in the environment: which setting, which value, which place.
//!
//! Names are checked here, values later. Nothing stops at the first problem.

use super::nearest::{did_you_mean, nearest};
use super::{Config, Item, Place, Problem, Setting, Value, Written, declare, host};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::de::{DeArray, DeTable, DeValue};

/// A setting and what was written for it.
pub type Entry = (&'static Setting, Written);

/// A `[[host]]`, as it was written.
#[derive(Debug)]
pub struct HostEntries {
    /// Where it begins.
    pub place: Place,
    /// Its names.
    pub names: Vec<String>,
    /// Its settings, in the order of writing.
    pub entries: Vec<Entry>,
}

/// What was read, and what was wrong.
#[derive(Debug, Default)]
pub struct Reading {
    /// In the order of writing.
    pub entries: Vec<Entry>,
    /// What is written for single hosts.
    pub hosts: Vec<HostEntries>,
    /// What can't be used.
    pub problems: Vec<Problem>,
    /// What looks wrong, and can be.
    pub warnings: Vec<String>,
}

/// Reads the text of a file. Relative paths in it start at the folder of `path`.
pub fn toml(text: &str, path: &Path) -> Reading {
    let mut file = File {
        text,
        path,
        reading: Reading::default(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        let message = format!("this is not TOML: {}", error.message().replace('\n', ", "));
        file.problem(at, message);
    }
    // After a mistake of syntax, names and values may not be what they were meant to be.
    if file.reading.problems.is_empty() {
        file.table("", table.get_ref());
    }
    file.reading
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
    reading: Reading,
}

impl File<'_> {
    fn place(&self, at: usize) -> Place {
        let before = self
            .text
            .as_bytes()
            .get(..at)
            .unwrap_or(self.text.as_bytes());
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Place::File {
            path: self.path.to_owned(),
            line,
        }
    }

    fn problem(&mut self, at: usize, text: String) {
        let place = self.place(at);
        self.reading.problems.push(Problem::at(place, text));
    }

    /// Reads the table that is called `prefix`, which is empty for the file as a whole.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        // In the order of the file; the table has its own.
        let mut members: Vec<_> = table.iter().collect();
        members.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in members {
            let at = key.span().start;
            let name = match prefix {
                "" => key.get_ref().to_string(),
                prefix => format!("{prefix}.{}", key.get_ref()),
            };
            match value.get_ref() {
                DeValue::Array(hosts) if name == host::TABLE => self.hosts(at, hosts),
                _ if name == host::TABLE => {
                    let text = "host is written in double brackets: [[host]], once for each group \
                                of hosts";
                    self.problem(at, text.to_owned());
                }
                _ if setting(&name).is_some() => self.entry(&name, at, value.get_ref()),
                DeValue::Table(inner) if is_section(&name) => self.table(&name, inner),
                DeValue::Table(_) => self.problem(at, unknown_section(&name)),
                _ if is_section(&name) => {
                    let text = format!(
                        "{name} is a section, not a setting; write [{name}] on a line of its own \
                         and its settings below"
                    );
                    self.problem(at, text);
                }
                _ => self.problem(at, unknown_setting(&name)),
            }
        }
    }

    fn hosts(&mut self, at: usize, hosts: &DeArray<'_>) {
        for host in hosts.iter() {
            let at = match host.span().start {
                0 => at,
                start => start,
            };
            let DeValue::Table(table) = host.get_ref() else {
                self.problem(at, "[[host]] holds settings".to_owned());
                continue;
            };
            self.host(at, table);
        }
    }

    fn host(&mut self, at: usize, table: &DeTable<'_>) {
        let names = table.get(host::NAMES).map(|names| item(names.get_ref()));
        let names = match names.map(|names| Vec::<String>::read(&names)) {
            Some(Ok(names)) if !names.is_empty() => names,
            _ => {
                let text = "[[host]] needs names = [\"sync.example.org\"]: the names by which \
                            browsers call it";
                return self.problem(at, text.to_owned());
            }
        };
        let mut settings = table.clone();
        settings.remove(host::NAMES);
        if settings.remove(host::TABLE).is_some() {
            self.problem(at, "a [[host]] holds no other [[host]]".to_owned());
        }
        let outside = std::mem::take(&mut self.reading.entries);
        self.table("", &settings);
        let entries = std::mem::replace(&mut self.reading.entries, outside);
        self.reading.hosts.push(HostEntries {
            place: self.place(at),
            names,
            entries,
        });
    }

    fn entry(&mut self, name: &str, at: usize, value: &DeValue<'_>) {
        let Some(setting) = setting(name) else { return };
        let written = Written {
            item: item(value),
            place: self.place(at),
            folder: self.path.parent().map(PathBuf::from).unwrap_or_default(),
        };
        self.reading.entries.push((setting, written));
    }
}

fn item(value: &DeValue<'_>) -> Item {
    match value {
        DeValue::String(text) => Item::Text(text.to_string()),
        DeValue::Boolean(truth) => Item::Boolean(*truth),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Item::Other(number.to_string()), Item::Integer),
        DeValue::Array(items) => Item::List(items.iter().map(|i| item(i.get_ref())).collect()),
        DeValue::Float(number) => Item::Other(number.to_string()),
        DeValue::Datetime(time) => Item::Other(time.to_string()),
        DeValue::Table(_) => Item::Other("a section".to_owned()),
    }
}

/// Reads the variables that begin with `WEFT_`. Relative paths in them start at `folder`.
///
/// A variable that names no setting is a problem if its start names a section, for then it is a slip
/// of the hand. Any other is a warning: container systems set variables such as `WEFT_PORT` by
/// themselves.
pub fn environment(variables: &[(OsString, OsString)], folder: &Path) -> Reading {
    let mut reading = Reading::default();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with("WEFT_")) else {
            continue;
        };
        if name == super::find::CONFIG_VARIABLE {
            continue;
        }
        let place = Place::Environment(name.to_owned());
        let Some(setting) = declare::all().find(|setting| setting.variable() == name) else {
            unknown_variable(name, &mut reading);
            continue;
        };
        let Some(text) = value.to_str() else {
            reading
                .problems
                .push(Problem::at(place, "its value is not UTF-8"));
            continue;
        };
        let item = Item::Text(text.to_owned());
        let written = Written {
            item,
            place,
            folder: folder.to_owned(),
        };
        reading.entries.push((setting, written));
    }
    reading
}

fn unknown_variable(name: &str, reading: &mut Reading) {
    // Without what all have in common, which would make strangers look alike.
    let variables: Vec<String> = declare::all().map(Setting::variable).collect();
    let known: Vec<&str> = variables
        .iter()
        .filter_map(|v| v.strip_prefix("WEFT_"))
        .collect();
    let near = nearest(name.trim_start_matches("WEFT_"), &known);
    let near: Vec<String> = near.iter().map(|rest| format!("WEFT_{rest}")).collect();
    let text = format!("it names no setting{}", did_you_mean(&near));
    let of_a_section = Config::SECTIONS.iter().any(|section| {
        name.starts_with(&format!(
            "WEFT_{}_",
            section.name.replace('.', "_").to_uppercase()
        ))
    });
    let problem = Problem::at(Place::Environment(name.to_owned()), text);
    if of_a_section || !near.is_empty() {
        reading.problems.push(problem);
    } else {
        reading.warnings.push(problem.to_string());
    }
}

/// The setting of this name.
pub fn setting(name: &str) -> Option<&'static Setting> {
    declare::all().find(|setting| setting.name == name)
}

/// Whether it is a section, or holds sections.
fn is_section(name: &str) -> bool {
    Config::SECTIONS.iter().any(|section| {
        section
            .name
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn unknown_setting(name: &str) -> String {
    let constant = name.rsplit('.').next();
    if let Some(setting) = declare::all().find(|s| s.php.is_some() && s.php == constant) {
        let constant = constant.unwrap_or(name);
        return format!(
            "{constant} is a constant of the PHP server; here it is {}",
            setting.name
        );
    }
    let known: Vec<&str> = declare::all().map(|setting| setting.name).collect();
    let near = nearest(name, &known);
    format!("{name} is not a setting{}", did_you_mean(&near))
}

fn unknown_section(name: &str) -> String {
    let sections: Vec<&str> = Config::SECTIONS
        .iter()
        .map(|section| section.name)
        .collect();
    let near = nearest(name, &sections);
    let near: Vec<String> = near.iter().map(|name| format!("[{name}]")).collect();
    format!("[{name}] is not a section{}", did_you_mean(&near))
}
