//! Paths of files and folders.

use super::{Item, Optional, Value, quoted, refusal};
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A path. A relative one starts at the folder of the file in which it was written, or at the
/// current folder if it was written elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePath(pub PathBuf);

impl Deref for FilePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Value for FilePath {
    fn expects() -> String {
        "a path".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        match item {
            Item::Text(text) if !text.contains('\0') => Ok(FilePath(PathBuf::from(text))),
            _ => Err(refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        quoted(&self.0.to_string_lossy())
    }

    fn rebase(&mut self, folder: &Path) {
        if !self.0.as_os_str().is_empty() {
            self.0 = folder.join(&self.0);
        }
    }
}

impl Optional for FilePath {
    const NONE: (&'static str, &'static str) = ("\"\"", "none");

    fn is_none(item: &Item) -> bool {
        matches!(item, Item::Text(text) if text.is_empty())
    }
}
