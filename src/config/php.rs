//! Reads the settings of a legacy PHP deployment, `default_constants.php` and
//! `shard_constants.php`, as PHP would, without PHP.
//!
//! The files are programs: defaults behind `if (!defined(…))`, a `switch` on the host's name,
//! references to other constants. So they are run by a small interpreter: once for every host that
//! they name, and once for any other host, because only a run shows which definition comes first.
//! What it can't follow changes nothing and becomes a [`Finding`]: a person decides, nothing is
//! guessed, and nothing in a file makes it fail. It has no loops, limits nesting and steps, and
//! reads other files only through the caller.

mod lexer;
mod machine;
mod parser;
mod program;
mod scalar;
mod strings;

use std::collections::HashMap;
use std::fmt;

use machine::{Machine, last_part};
use program::Library;
pub use scalar::PhpScalar;

/// More hosts than this are not run one by one.
const MOST_HOSTS: usize = 200;
/// More findings than this help nobody.
const MOST_FINDINGS: usize = 500;

/// A file given by the operator.
pub struct PhpSource {
    /// The path as the operator wrote it; findings name it.
    pub path: String,
    /// The bytes of the file.
    pub text: Vec<u8>,
}

/// The value of a constant and where it comes from. `Debug` shows no string: it may be a password.
#[derive(Debug, Clone, PartialEq)]
pub struct PhpConst {
    /// The value that PHP would have.
    pub value: PhpScalar,
    /// Path of the file that defines it.
    pub file: String,
    /// Line of the definition, from 1.
    pub line: u32,
}

/// Something that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path of the file.
    pub file: String,
    /// Line of the statement, from 1.
    pub line: u32,
    /// The statement, shortened, with `…` in place of strings that could be passwords.
    pub text: String,
    /// Why it could not be followed.
    pub why: String,
}

/// Constants by name, in the order of their definition.
#[derive(Clone, Default, PartialEq)]
pub struct PhpConstMap {
    constants: Vec<(String, PhpConst)>,
    places: HashMap<String, usize>,
}

impl PhpConstMap {
    /// The constant of that name; names differ by case, as in PHP.
    pub fn get(&self, name: &str) -> Option<&PhpConst> {
        self.places
            .get(name)
            .and_then(|&place| self.constants.get(place))
            .map(|(_, found)| found)
    }

    /// All constants in the order of their definition.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &PhpConst)> {
        self.constants
            .iter()
            .map(|(name, constant)| (name.as_str(), constant))
    }

    /// How many constants there are.
    pub fn len(&self) -> usize {
        self.constants.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.constants.is_empty()
    }

    /// Adds a constant; the first definition of a name stays.
    fn insert(&mut self, name: &str, constant: PhpConst) {
        if !self.places.contains_key(name) {
            self.places.insert(name.to_owned(), self.constants.len());
            self.constants.push((name.to_owned(), constant));
        }
    }
}

impl fmt::Debug for PhpConstMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// What PHP would know on some hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct PhpHost {
    /// The values of `HTTP_HOST`, in the order in which the files name them.
    pub names: Vec<String>,
    /// All constants on these hosts, also those that every host has.
    pub constants: PhpConstMap,
}

/// The settings of a deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhpConstants {
    /// The constants on a host that the files don't name.
    pub global: PhpConstMap,
    /// The hosts that the files name, those with equal constants together.
    pub hosts: Vec<PhpHost>,
    /// `define`s that are commented out: values that PHP does not have, but that tell a default.
    pub commented_out: PhpConstMap,
    /// What needs a person, by file and line.
    pub findings: Vec<Finding>,
}

/// Runs `files` in this order, which should be PHP's: the first definition of a constant counts.
///
/// `resolve` gives the text of a file that these include, by the path that PHP computes for it
/// (relative as written, or starting with the directory of the including file), or `None`. A file
/// among `files` that another has included is not run again; the last part of the path decides.
pub fn read_constants(
    files: Vec<PhpSource>,
    resolve: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> PhpConstants {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let given: HashMap<String, Vec<u8>> = files
        .iter()
        .map(|file| (last_part(&file.path).to_owned(), file.text.clone()))
        .collect();
    let resolve = |path: &str| resolve(path).or_else(|| given.get(last_part(path)).cloned());
    let mut library = Library::new(&resolve);
    for file in files {
        library.add(&file.path, file.text);
    }

    let mut read = PhpConstants::default();
    let mut hosts = Vec::new();
    let other = run(&mut library, &paths, None);
    read.global = other.0;
    merge(&mut hosts, other.2);
    read.findings = other.1;

    let mut next = 0;
    while let Some(host) = hosts.get(next).filter(|_| next < MOST_HOSTS).cloned() {
        next += 1;
        let (constants, findings, more) = run(&mut library, &paths, Some(host.clone()));
        merge(&mut hosts, more);
        read.findings.extend(findings);
        match read
            .hosts
            .iter_mut()
            .find(|known| known.constants == constants)
        {
            Some(known) => known.names.push(host),
            None => read.hosts.push(PhpHost {
                names: vec![host],
                constants,
            }),
        }
    }
    for program in library.all() {
        program.commented_defaults(&mut read.commented_out);
    }
    read.findings.append(&mut library.findings);
    if hosts.len() > MOST_HOSTS {
        read.findings.push(Finding {
            file: paths.first().cloned().unwrap_or_default(),
            line: 1,
            text: String::new(),
            why: format!("more than {MOST_HOSTS} hosts: the rest is left out"),
        });
    }
    sort_findings(&mut read.findings);
    read
}

type Run = (PhpConstMap, Vec<Finding>, Vec<String>);

fn run(library: &mut Library<'_>, paths: &[String], host: Option<String>) -> Run {
    let mut machine = Machine::new(library, host);
    for path in paths {
        machine.run_file(path);
    }
    (machine.constants, machine.findings, machine.hosts)
}

fn merge(hosts: &mut Vec<String>, more: Vec<String>) {
    for host in more {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
}

/// By file and line, each once though every host's run finds it.
fn sort_findings(findings: &mut Vec<Finding>) {
    let mut seen = std::collections::HashSet::new();
    findings
        .retain(|finding| seen.insert((finding.file.clone(), finding.line, finding.why.clone())));
    findings.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    findings.truncate(MOST_FINDINGS);
}

#[cfg(test)]
mod tests;
