//! From what was written to what is meant: defaults, then the file, then the environment, then the
//! command line.

use super::find::{self, Found, Origin};
use super::read::{self, Entry, Reading};
use super::{Config, Item, Place, Problem, Problems, Surroundings, Written, check, data, host};
use crate::config::value::FilePath;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file to read, instead of the one that would be found.
    pub config: Option<PathBuf>,
    /// Settings, by name, with the options that set them and their values as text.
    pub settings: Vec<(&'static str, &'static str, String)>,
}

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    /// The file.
    pub found: Found,
    /// Sentences about what looks wrong, for the log.
    pub warnings: Vec<String>,
    /// Where the settings were written that were written at all, by name.
    pub places: BTreeMap<&'static str, Place>,
}

/// Finds and reads the configuration.
///
/// # Errors
///
/// Everything that is wrong with it, each with its place.
pub fn load(surroundings: &Surroundings, options: &Options) -> Result<Loaded, Problems> {
    let (found, text) = find::find(surroundings, options.config.as_deref())
        .map_err(|problem| Problems(vec![problem]))?;
    let mut reading = match &found {
        Found::File(path, _) => read::toml(&text, path),
        Found::Nowhere(_) => Reading::default(),
    };
    let environment = read::environment(&surroundings.environment, &surroundings.folder);
    reading.entries.extend(environment.entries);
    reading.problems.extend(environment.problems);
    reading.warnings.extend(environment.warnings);
    reading
        .entries
        .extend(from_command_line(surroundings, options));

    let Reading {
        entries,
        hosts,
        mut problems,
        mut warnings,
    } = reading;
    if let Found::File(path, _) = &found {
        let all = entries
            .iter()
            .chain(hosts.iter().flat_map(|host| &host.entries));
        warnings.extend(check::exposed_secrets(path, all));
    }
    let (mut config, places) = apply(entries, &mut problems);
    if config.data.dir.as_os_str().is_empty() {
        config.data.dir = FilePath(data::default_folder(surroundings));
    }
    problems.extend(check::together(&config));
    config.hosts = host::hosts(&config, hosts, &mut problems);
    if !problems.is_empty() {
        problems.sort_by_key(Problem::order);
        return Err(Problems(problems));
    }
    warnings.extend(check::dangers(&config));
    config.origin = Origin {
        program: surroundings.program.clone(),
        file: match &found {
            Found::File(path, _) => Some(path.clone()),
            Found::Nowhere(_) => None,
        },
        user: surroundings.user,
        warnings: warnings.clone(),
    };
    for host in &mut config.hosts {
        host.config.origin = config.origin.clone();
    }
    Ok(Loaded {
        config,
        found,
        warnings,
        places,
    })
}

fn from_command_line(surroundings: &Surroundings, options: &Options) -> Vec<Entry> {
    let entries = options.settings.iter().filter_map(|(name, option, text)| {
        let written = Written {
            item: Item::Text(text.clone()),
            place: Place::Option(option),
            folder: surroundings.folder.clone(),
        };
        Some((read::setting(name)?, written))
    });
    entries.collect()
}

/// Gives every setting its last value; an earlier one that is wrong is still a problem.
fn apply(
    entries: Vec<Entry>,
    problems: &mut Vec<Problem>,
) -> (Config, BTreeMap<&'static str, Place>) {
    let mut config = Config::default();
    let mut places = BTreeMap::new();
    for (setting, written) in entries {
        match setting.set(&mut config, &written.item, &written.folder) {
            Ok(()) => {
                places.insert(setting.name, written.place);
            }
            Err(why) => {
                problems.push(Problem::at(
                    written.place,
                    format!("{} {why}", setting.name),
                ));
            }
        }
    }
    (config, places)
}
