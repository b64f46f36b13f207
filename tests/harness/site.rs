//! The folder that one server works in: the program, its settings, its data, every log.
//!
//! It belongs to the account that servers run as and nobody else may look inside. A small shell script
//! removes it when the last server in it has ended, also when the test program is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::account::Account;
use super::leaks;

/// A folder below `/tmp`, short enough that sockets fit into it.
#[derive(Debug)]
pub struct Site {
    pub folder: PathBuf,
    pub account: Option<Account>,
    remover: Child,
}

/// Waits for the end of standard input, then for all who hold a lock on the folder.
const REMOVE: &str = r#"trap : INT TERM HUP; cat; flock -x "$0" rm -rf "$0""#;

impl Site {
    pub fn new() -> Site {
        let folder = tempfile::Builder::new()
            .prefix("weft-test-")
            .tempdir_in("/tmp")
            .expect("/tmp takes a folder")
            .keep();
        let remover = Command::new("bash")
            .args(["-c", REMOVE])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .expect("bash starts");
        let site = Site {
            folder,
            account: Account::for_servers(),
            remover,
        };
        site.own(&site.folder);
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes a folder, and those above it.
    pub fn make_folder(&self, name: &str) -> PathBuf {
        let mut path = self.folder.clone();
        for part in Path::new(name) {
            path.push(part);
            if !path.exists() {
                fs::create_dir(&path).expect("the site is writable");
                self.own(&path);
            }
        }
        path
    }

    /// Writes a file as an operator would put it there.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("the site is writable");
        self.own(&path);
        path
    }

    /// Puts the program under test here, as an upload would.
    pub fn install_program(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let built = program_under_test();
        // A link shares the file's owner and mode, and saves copying a hundred megabytes of
        // debugging information; another file system takes a copy. By another process: what some
        // other test starts just now would inherit the open file, and a program that is being
        // written can't be started.
        if fs::hard_link(&built, &path).is_err() {
            let copied = Command::new("cp").arg(&built).arg(&path).status();
            assert!(copied.expect("cp starts").success(), "it fits into /tmp");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        path
    }

    /// The end of every log in the folder, for whoever has to find out what went wrong.
    pub fn logs(&self) -> String {
        let mut logs: Vec<PathBuf> = fs::read_dir(&self.folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        logs.sort();
        logs.iter()
            .map(|log| format!("--- {}\n{}\n", log.display(), tail(log)))
            .collect()
    }

    fn own(&self, path: &Path) {
        if let Some(account) = &self.account {
            account.own(path);
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        leaks::look_at_logs(&self.folder);
        drop(self.remover.stdin.take());
        let _ = self.remover.wait();
    }
}

/// The program that cargo built for these tests, or the one that `WEFT_TESTS_PROGRAM` names: a
/// release build wants the same tests before it is given away.
fn program_under_test() -> PathBuf {
    std::env::var_os("WEFT_TESTS_PROGRAM")
        .or_else(|| option_env!("CARGO_BIN_EXE_weft").map(Into::into))
        .expect("cargo tells the tests of this package where the program is")
        .into()
}

/// The project's folder: that of the package, or one above for a package that takes these files in.
pub fn project() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = package.ancestors();
    folders
        .find(|folder| folder.join("tests/harness").is_dir())
        .expect("these files are part of the project")
}

fn tail(log: &Path) -> String {
    let content = fs::read(log).unwrap_or_default();
    let start = content.len().saturating_sub(8_000);
    String::from_utf8_lossy(&content[start..]).into_owned()
}

/// Takes a file from everybody but its owner.
pub fn private(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
}
