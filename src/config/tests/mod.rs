//! The configuration as an operator meets it: files with mistakes, what is said of them, and what is
//! in force.

mod hosts;
mod meaning;
mod mistakes;
mod printing;

use super::*;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An empty machine: a folder in which the program, its files and the system's file may lie.
struct Machine {
    root: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Machine {
    fn new() -> Self {
        Machine {
            root: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    fn with(file: &str, text: &str) -> Self {
        let machine = Machine::new();
        machine.write(file, text);
        machine
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join(file)
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            environment: self.environment.clone(),
            program: Some(self.path("app/weft")),
            folder: self.path("here"),
            user: None,
            system_config: self.path("etc/weft/weft.toml"),
        }
    }

    fn load(&self) -> Result<Loaded, Problems> {
        load(&self.surroundings(), &Options::default())
    }

    /// What is said of the configuration, without the folder of this machine.
    fn problems(&self) -> String {
        let problems = self
            .load()
            .expect_err("the configuration is wrong")
            .to_string();
        problems.replace(&format!("{}/", self.root.path().display()), "")
    }
}
