//! Text that is shown to nobody.

use super::{Item, Value};
use std::fmt;

/// A password or a key. It can't be printed by accident; [`expose`](Secret::expose) is the one way
/// to its text. Empty means that there is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() {
            "Secret(none)"
        } else {
            "Secret(***)"
        })
    }
}

impl Value for Secret {
    const SECRET: bool = true;

    fn expects() -> String {
        "text".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        match item {
            Item::Text(text) => Ok(Secret(text.clone())),
            // What was written may be the secret without its quotes, so it is not repeated.
            _ => Err("must be text, in quotes".to_owned()),
        }
    }

    fn show(&self) -> String {
        if self.is_empty() {
            "\"\"".to_owned()
        } else {
            "\"***\"".to_owned()
        }
    }
}
