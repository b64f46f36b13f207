//! libfaketime, under which a process has a clock of its own.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The library to be loaded before all others; nothing where it is not installed.
pub fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
}

/// The clock of a process, which can be set while it runs.
///
/// The one by which intervals are measured is left alone, as it is on a real machine.
pub struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// A clock that is right, in a file that is made. Nothing where libfaketime is not installed.
    pub fn new(file: PathBuf) -> Option<Clock> {
        let library = library()?;
        set(&file, 0);
        Some(Clock { library, file })
    }

    /// Sets it to so many seconds from the right time.
    pub fn set(&self, seconds: i64) {
        set(&self.file, seconds);
    }

    /// The environment of a process that goes by it. The file is read each time.
    pub fn variables(&self) -> [(&'static str, OsString); 4] {
        [
            ("LD_PRELOAD", self.library.clone().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// Says in a process's file that its clock is so many seconds from the right time.
pub fn set(file: &Path, seconds: i64) {
    // Whoever reads it just now reads one or the other.
    let new = file.with_extension("new");
    let done = fs::write(&new, format!("{seconds:+}s\n"))
        .and_then(|()| fs::set_permissions(&new, fs::Permissions::from_mode(0o644)))
        .and_then(|()| fs::rename(&new, file));
    done.expect("the folder is writable");
}

/// Removes what libfaketime makes for each process, which stays there when that is killed.
pub fn forget(process: u32) {
    for name in ["faketime_shm_", "sem.faketime_sem_"] {
        let _ = fs::remove_file(Path::new("/dev/shm").join(format!("{name}{process}")));
    }
}
