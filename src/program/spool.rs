//! A file without a name, for what is too much for memory and nobody else's business.

use crate::cli::Failure;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process;

/// A file that is gone when the program ends, in whatever way.
pub(super) struct Spool(File);

impl Spool {
    /// An empty one, in a folder that may be written to.
    pub(super) fn new(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(format!("spool-{}", process::id()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let made = match options.open(&path) {
            // Of a process that had this number before us and died at this very place.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&path).and_then(|()| options.open(&path))
            }
            made => made,
        };
        let file = made.map_err(file_failure)?;
        fs::remove_file(&path).map_err(file_failure)?;
        Ok(Spool(file))
    }

    /// The file, with nothing in it.
    pub(super) fn emptied(&mut self) -> Result<&File, Failure> {
        self.0.set_len(0).map_err(file_failure)?;
        self.rewound()
    }

    /// The file, to be read from its beginning.
    pub(super) fn rewound(&mut self) -> Result<&File, Failure> {
        self.0.seek(SeekFrom::Start(0)).map_err(file_failure)?;
        Ok(&self.0)
    }

    /// The file itself.
    pub(super) fn into_file(self) -> File {
        self.0
    }
}

pub(super) fn file_failure(error: io::Error) -> Failure {
    Failure::File {
        doing: "write a file for the time being into the data folder".to_owned(),
        error,
    }
}
