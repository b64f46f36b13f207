//! What settings are made of: values as they were written, and the types they are read into.
//!
//! A type becomes a type of settings with [`Value`]: how it is read, how it is printed, and which
//! words describe it. Reading is generous where no doubt can arise (`"8"` is a number, because the
//! environment knows only text), and refuses everything else by saying what it would take.

mod choice;
mod duration;
mod network;
mod path;
mod plain;
mod secret;
mod server;
mod size;
mod table;
mod url;

pub(super) use choice::choices;
pub use network::Network;
pub use path::FilePath;
pub use secret::Secret;
pub use server::{HostPort, LdapUrl, SyslogAddress};
pub use size::ByteSize;
pub use table::TableName;
pub use url::{BasePath, Node, RootUrl};

use super::Place;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// A value as it was written, in a file or elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Text; in the environment and on the command line everything is.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// Several values.
    List(Vec<Item>),
    /// Something that no setting takes, as it reads: `1.5`, `a section`.
    Other(String),
}

impl Item {
    /// The text or the number that this is, without blanks around it.
    pub fn as_word(&self) -> Option<String> {
        match self {
            Item::Text(text) => Some(text.trim().to_owned()),
            Item::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// As one would write it in the file, shortened.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Text(text) if text.chars().count() > 60 => {
                let start: String = text.chars().take(57).collect();
                f.write_str(&quoted(&format!("{start}...")))
            }
            Item::Text(text) => f.write_str(&quoted(text)),
            Item::Integer(number) => write!(f, "{number}"),
            Item::Boolean(truth) => write!(f, "{truth}"),
            Item::List(_) => f.write_str("a list"),
            Item::Other(what) => f.write_str(what),
        }
    }
}

/// A value, where it was written, and the folder at which its relative paths start.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The value.
    pub item: Item,
    /// Where it stands.
    pub place: Place,
    /// Where relative paths in it start.
    pub folder: PathBuf,
}

/// A type of settings.
pub trait Value: Sized {
    /// Its values are shown to nobody.
    const SECRET: bool = false;

    /// Which values it takes, to be read after "must be".
    fn expects() -> String;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// What is wrong, to be read after the setting's name. It never holds a secret.
    fn read(item: &Item) -> Result<Self, String>;

    /// The value as one writes it in the file.
    fn show(&self) -> String;

    /// Makes relative paths in it start at `folder`.
    fn rebase(&mut self, _folder: &Path) {}
}

/// A type of which a setting may have none.
pub trait Optional: Value {
    /// How "none" is written, and what it is called.
    const NONE: (&'static str, &'static str);

    /// Whether `item` says "none".
    fn is_none(item: &Item) -> bool;
}

impl<T: Optional> Value for Option<T> {
    const SECRET: bool = T::SECRET;

    fn expects() -> String {
        let (none, called) = T::NONE;
        format!("{}, or {none} for {called}", T::expects())
    }

    fn read(item: &Item) -> Result<Self, String> {
        if T::is_none(item) {
            return Ok(None);
        }
        match T::read(item) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| T::NONE.0.to_owned(), T::show)
    }

    fn rebase(&mut self, folder: &Path) {
        if let Some(value) = self {
            value.rebase(folder);
        }
    }
}

/// Lists are written as such, or as one text with commas.
impl<T: Value> Value for Vec<T> {
    fn expects() -> String {
        format!("a list; each of it {}", T::expects())
    }

    fn read(item: &Item) -> Result<Self, String> {
        match item {
            Item::List(items) => items.iter().map(T::read).collect(),
            Item::Text(text) => {
                let words = text
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty());
                words
                    .map(|word| T::read(&Item::Text(word.to_owned())))
                    .collect()
            }
            _ => Err(refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        let items: Vec<String> = self.iter().map(T::show).collect();
        format!("[{}]", items.join(", "))
    }

    fn rebase(&mut self, folder: &Path) {
        self.iter_mut().for_each(|value| value.rebase(folder));
    }
}

/// What is said of a value that `T` does not take.
pub(super) fn refusal<T: Value>(item: &Item) -> String {
    format!("must be {}, not {item}", T::expects())
}

/// What a setting expects whose values are further bounded.
pub(super) fn within<T: Value>(expected: &str, allowed: &RangeInclusive<T>) -> String {
    format!(
        "{expected}, from {} to {}",
        allowed.start().show(),
        allowed.end().show()
    )
}

/// Refuses a value that is out of bounds.
pub(super) fn check_within<T: Value + PartialOrd>(
    value: &T,
    allowed: &RangeInclusive<T>,
) -> Result<(), String> {
    if allowed.contains(value) {
        return Ok(());
    }
    Err(format!(
        "must be {}, not {}",
        within(&T::expects(), allowed),
        value.show()
    ))
}

/// Text as a basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut written = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            control if control.is_control() => {
                written.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            plain => written.push(plain),
        }
    }
    written + "\""
}
