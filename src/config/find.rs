//! Where the configuration is found: the first of `--config`, `WEFT_CONFIG`, `weft.toml` beside the
//! program, `/etc/weft/weft.toml`; or nowhere, which is no mistake.

use super::Problem;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Names the file of the configuration.
pub(super) const CONFIG_VARIABLE: &str = "WEFT_CONFIG";

/// What surrounds the process: gathered once, at its start.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The environment's variables.
    pub environment: Vec<(OsString, OsString)>,
    /// The program's own file, if it can be known.
    pub program: Option<PathBuf>,
    /// The current folder.
    pub folder: PathBuf,
    /// The number of the system's user that runs the process, if it can be known; 0 is root.
    pub user: Option<u32>,
    /// Where the system's administrator keeps the configuration: `/etc/weft/weft.toml`.
    pub system_config: PathBuf,
}

impl Surroundings {
    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

/// Where the program and its settings lie, for whoever has to say what to write where. No setting, and
/// of no consequence to any engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The program's own file, if it is known.
    pub program: Option<PathBuf>,
    /// The file of the settings, if there is one.
    pub file: Option<PathBuf>,
    /// The number of the system's user that runs the process, if it is known.
    pub user: Option<u32>,
    /// Sentences about what looks wrong in the settings.
    pub warnings: Vec<String>,
}

/// Where the configuration was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// In this file, for this reason.
    File(PathBuf, &'static str),
    /// Nowhere; these were looked for.
    Nowhere(Vec<PathBuf>),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::File(path, why) => write!(f, "{} ({why})", path.display()),
            Found::Nowhere(looked) => {
                let looked: Vec<_> = looked
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect();
                write!(
                    f,
                    "no file, which is fine (looked for {})",
                    looked.join(" and ")
                )
            }
        }
    }
}

/// Finds the file, and reads it.
///
/// # Errors
///
/// A file that was asked for is missing, or one that is there can't be read.
pub(super) fn find(
    surroundings: &Surroundings,
    option: Option<&Path>,
) -> Result<(Found, String), Problem> {
    let variable = surroundings
        .variable(CONFIG_VARIABLE)
        .filter(|value| !value.is_empty());
    let asked = match (option, variable) {
        (Some(path), _) => Some((path, "option --config")),
        (None, Some(value)) => Some((Path::new(value), "environment variable WEFT_CONFIG")),
        (None, None) => None,
    };
    if let Some((path, why)) = asked {
        let path = surroundings.folder.join(path);
        let text = read(&path).map_err(|error| unreadable(&path, &error, Some(why)))?;
        return Ok((Found::File(path, why), text));
    }
    let mut looked = Vec::new();
    let beside = surroundings.program.as_deref().and_then(Path::parent);
    let places = [
        beside.map(|folder| (folder.join("weft.toml"), "beside the program")),
        Some((surroundings.system_config.clone(), "the system's")),
    ];
    for (path, why) in places.into_iter().flatten() {
        match read(&path) {
            Ok(text) => return Ok((Found::File(path, why), text)),
            Err(error) if is_absent(&error) => looked.push(path),
            Err(error) => return Err(unreadable(&path, &error, None)),
        }
    }
    Ok((Found::Nowhere(looked), String::new()))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn read(path: &Path) -> io::Result<String> {
    let bytes = std::fs::read(path)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is not UTF-8: {error}"),
        )
    })?;
    // Editors of another system begin files with this mark.
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

fn unreadable(path: &Path, error: &io::Error, asked_by: Option<&str>) -> Problem {
    let path = path.display();
    let named = asked_by
        .map(|why| format!(", which {why} names,"))
        .unwrap_or_default();
    Problem::general(match error.kind() {
        io::ErrorKind::NotFound => format!(
            "the configuration file {path}{named} does not exist; `weft config` prints one to \
             begin with"
        ),
        io::ErrorKind::PermissionDenied => format!(
            "the configuration file {path}{named} may not be read by the user that this program \
             runs as; change its owner or its mode"
        ),
        _ => format!("the configuration file {path}{named} can't be read: {error}"),
    })
}
