//! A file system of our own that can be full: where root may mount one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::harness::Dice;
use crate::harness::account::Account;

/// As large as it is when it is not full.
const ROOMY: &str = "size=2g";

/// Waits for the end of the tests, in whatever way, and takes the file system away.
const KEEPER: &str = r#"
trap : INT TERM HUP
cat
$1 umount -l "$0"
rmdir "$0"
"#;

/// A mounted folder, until it is dropped.
pub struct Disk {
    pub folder: PathBuf,
    keeper: Child,
    pipe: Option<ChildStdin>,
}

impl Disk {
    /// A file system in memory for the account of the servers. Nothing where none may be mounted, which
    /// it says aloud.
    pub fn mount() -> Option<Disk> {
        let folder = tempfile::Builder::new()
            .prefix("weft-disk-")
            .tempdir_in("/tmp")
            .expect("/tmp takes a folder")
            .keep();
        let mut options = format!("{ROOMY},mode=0755");
        if let Some(Account { uid, gid, .. }) = Account::for_servers() {
            options += &format!(",uid={uid},gid={gid}");
        }
        if let Err(why) = mount(&options, &folder) {
            aloud(&format!(
                "A full disk is NOT tried: nothing can be mounted here: {why}"
            ));
            let _ = std::fs::remove_dir(&folder);
            return None;
        }
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(&folder)
            .arg(as_root().join(" "))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("sh starts");
        let pipe = keeper.stdin.take();
        Some(Disk {
            folder,
            keeper,
            pipe,
        })
    }

    /// Leaves hardly any room: of some pages, as the dice say. Whether it could be done.
    pub fn fill(&self, dice: &mut Dice) -> bool {
        // What is written meanwhile can make this too small.
        (0..20).any(|_| {
            let size = self.used() + 4 * dice.roll(24);
            mount(&format!("remount,size={size}k"), &self.folder).is_ok()
        })
    }

    /// Makes room.
    pub fn make_room(&self) {
        mount(&format!("remount,{ROOMY}"), &self.folder).expect("it could be mounted");
    }

    /// What is used, in KiB.
    fn used(&self) -> u64 {
        let told = Command::new("df")
            .args(["--block-size=1K", "--output=used"])
            .arg(&self.folder)
            .output()
            .expect("df starts");
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let number = told.lines().nth(1).expect("a line").trim();
        number.parse().expect("a number")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.keeper.wait();
    }
}

/// Says what is not tried. Not by a macro, whose output is shown only where tests fail.
pub fn aloud(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

fn mount(options: &str, folder: &Path) -> Result<(), String> {
    let command = [
        as_root(),
        vec!["mount", "-t", "tmpfs", "-o", options, "weft"],
    ]
    .concat();
    let done = Command::new(command[0])
        .args(&command[1..])
        .arg(folder)
        .output()
        .map_err(|problem| format!("{}: {problem}", command[0]))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
    }
}

fn as_root() -> Vec<&'static str> {
    match Account::for_servers() {
        Some(_) => Vec::new(),
        None => vec!["sudo", "-n"],
    }
}
