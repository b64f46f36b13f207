//! What is wrong with a configuration, said in sentences: where, what, and what to do.

use std::fmt;
use std::path::PathBuf;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, from 1.
    File {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// An option of the command line, with its dashes.
    Option(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File { path, line } => write!(f, "{}:{line}", path.display()),
            Place::Environment(variable) => write!(f, "environment variable {variable}"),
            Place::Option(option) => write!(f, "option {option}"),
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; nothing if it is wrong as a whole.
    pub place: Option<Place>,
    /// What is wrong and what to do: a sentence, without a full stop.
    pub text: String,
}

impl Problem {
    /// Something wrong at one place.
    pub fn at(place: Place, text: impl Into<String>) -> Self {
        Problem {
            place: Some(place),
            text: text.into(),
        }
    }

    /// Something wrong that no single place is to blame for, or that names its place itself.
    pub fn general(text: impl Into<String>) -> Self {
        Problem {
            place: None,
            text: text.into(),
        }
    }

    /// Whoever mends a file goes through it from its top, and sees to the rest afterwards.
    pub(super) fn order(&self) -> (u8, usize) {
        match self.place {
            Some(Place::File { line, .. }) => (0, line),
            Some(Place::Environment(_)) => (1, 0),
            Some(Place::Option(_)) => (2, 0),
            None => (3, 0),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Everything that is wrong with a configuration; at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
