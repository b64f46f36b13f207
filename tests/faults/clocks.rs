//! Each worker has a clock of its own, which can be set back and forward while it runs: libfaketime's,
//! under a script that mod_fcgid starts in place of the program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::harness::{Site, faketime};

/// How far ahead a clock is set at most, in seconds. Records with a time to live may live so much longer.
pub const AHEAD: u64 = 3;

/// The clock by which intervals are measured is left alone, as it is on a real machine. The file is read
/// each time.
const WRAPPER: &str = r#"#!/bin/sh
echo +0 >"CLOCKS/$$"
export FAKETIME_TIMESTAMP_FILE="CLOCKS/$$" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
export LD_PRELOAD="LIBRARY"
exec "PROGRAM"
"#;

/// The clocks of all workers.
pub struct Clocks {
    folder: PathBuf,
}

impl Clocks {
    /// What Apache's configuration says so that workers have clocks. Nothing where libfaketime is not
    /// installed.
    pub fn install(site: &Site) -> Option<(Clocks, String)> {
        let library = faketime::library()?;
        let folder = site.make_folder("clocks");
        let script = WRAPPER
            .replace("CLOCKS", &folder.display().to_string())
            .replace("LIBRARY", &library.display().to_string())
            .replace("PROGRAM", &site.path("weft").display().to_string());
        let script = site.write("weft-with-clock.sh", script);
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let define = format!("Define WEFT_PROGRAM \"{}\"\n", script.display());
        Some((Clocks { folder }, define))
    }

    /// Sets the clock of a worker to so many seconds from the right time. Whether it has one.
    pub fn set(&self, worker: u32, seconds: i64) -> bool {
        let file = self.folder.join(worker.to_string());
        if !file.exists() {
            return false;
        }
        faketime::set(&file, seconds);
        true
    }

    /// Puts all clocks right.
    pub fn set_right(&self) {
        for worker in self.workers() {
            self.set(worker, 0);
        }
    }

    fn workers(&self) -> Vec<u32> {
        let files = fs::read_dir(&self.folder).expect("the site is ours");
        let number = |file: fs::DirEntry| file.file_name().to_str()?.parse().ok();
        files.flatten().filter_map(number).collect()
    }
}

impl Drop for Clocks {
    fn drop(&mut self) {
        for worker in self.workers() {
            faketime::forget(worker);
        }
    }
}
