//! An empty database, in the folders that a server of its own needs.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::account::Account;

/// The kernel's queues for files are few, and many of these servers may run at a time.
pub const NO_KERNEL_QUEUE: &str = "--innodb-use-native-aio=0";

/// Where a server keeps its temporary tables. A server that starts deletes all tables that it finds there, so
/// that no two may share it: in `/tmp` a statement of another one, anybody's, would fail.
pub fn scratch(folder: &Path) -> PathBuf {
    folder.join("scratch")
}

pub fn install(folder: &Path, data: &Path) {
    fs::create_dir(scratch(folder)).expect("a folder");
    fs::set_permissions(scratch(folder), fs::Permissions::from_mode(0o1777)).expect("permissions");
    let install = || {
        Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .env("TMPDIR", scratch(folder))
            .args(account().map(|name| format!("--user={name}")))
            .args([
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                NO_KERNEL_QUEUE,
            ])
            .output()
            .expect("mariadb-install-db")
    };
    let mut done = install();
    if !done.status.success() {
        // It gives no reason, and has failed where several were installed at once.
        let _ = fs::remove_dir_all(data);
        done = install();
    }
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    // The socket is made beside the data.
    if let Some(name) = account() {
        let done = Command::new("chown").arg(name).arg(folder).status();
        assert!(done.expect("chown").success());
    }
}

/// The account that the server runs as: ours, unless that is root's. Debian makes one called `mysql` only
/// with the package whose service runs at boot.
pub fn account() -> Option<String> {
    Account::for_servers().map(|account| account.name)
}
