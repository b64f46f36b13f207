//! The Unix account that servers under test run as.
//!
//! Nobody runs Weft as root, some servers refuse to, and root may read every file, so that nothing
//! could be said about permissions. When the tests run as root, servers run as Debian's `www-data`
//! instead; otherwise they run as whoever runs the tests.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

/// An account of `/etc/passwd`.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// The account that servers run as, or none when that is the account of the tests.
    pub fn for_servers() -> Option<Account> {
        let own = fs::metadata("/proc/self").expect("/proc is mounted").uid();
        let known = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
        (own == 0).then(|| {
            ["www-data", "nobody"]
                .iter()
                .find_map(|name| {
                    known
                        .lines()
                        .find_map(|line| Account::from_line(line, name))
                })
                .expect("Debian has the accounts www-data and nobody")
        })
    }

    fn from_line(line: &str, name: &str) -> Option<Account> {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account {
            name: name.to_owned(),
            uid,
            gid,
        })
    }

    /// Makes this account the owner of a file or folder.
    pub fn own(&self, path: &Path) {
        chown(path, Some(self.uid), Some(self.gid)).expect("root may give files away");
    }
}
