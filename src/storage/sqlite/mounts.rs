//! Whether a file lies on another machine, where a write-ahead log may damage the database: its
//! processes must share memory. Linux tells in `/proc/self/mountinfo`; elsewhere all files count
//! as local.

use std::fs;
use std::path::{Path, PathBuf};

const REMOTE: [&str; 18] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "smb3",
    "smbfs",
    "virtiofs",
];

/// Whether `path`, which may not exist yet, lies on a network file system.
pub(super) fn is_remote(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let mounts = fs::read_to_string("/proc/self/mountinfo");
    match (folder, mounts) {
        (Ok(folder), Ok(mounts)) => kind_of(&folder, &mounts).is_some_and(is_remote_kind),
        _ => false,
    }
}

fn is_remote_kind(kind: &str) -> bool {
    // What FUSE mounts may be local (fuseblk is NTFS) or remote (fuse.sshfs): be careful.
    REMOTE.contains(&kind) || kind.starts_with("fuse.")
}

/// The kind of the file system that `folder` is in: the longest mount point above it, and of equal
/// ones the last, which hides the others.
fn kind_of<'m>(folder: &Path, mounts: &'m str) -> Option<&'m str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((left, right)) = line.split_once(" - ") else {
            continue;
        };
        let point = left.split(' ').nth(4).map(unescaped);
        let kind = right.split(' ').next();
        if let (Some(point), Some(kind)) = (point, kind)
            && folder.starts_with(&point)
        {
            let depth = point.components().count();
            if best.is_none_or(|(deepest, _)| depth >= deepest) {
                best = Some((depth, kind));
            }
        }
    }
    best.map(|(_, kind)| kind)
}

/// Blanks and backslashes in mount points are written as octal numbers.
fn unescaped(text: &str) -> PathBuf {
    let plain = text.replace("\\040", " ").replace("\\011", "\t");
    PathBuf::from(plain.replace("\\012", "\n").replace("\\134", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 25 0:30 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 0:31 / /home/local\\040disk rw - ext4 /dev/vdb rw
32 25 0:32 / /mnt rw - ext4 /dev/vdc rw
33 25 0:33 / /mnt rw master:1 - fuse.sshfs host: rw
a line that means nothing
";

    #[test]
    fn the_deepest_and_last_mount_decides() {
        let rows = [
            ("/srv/weft", "ext4"),
            ("/home/anna", "nfs4"),
            ("/homes", "ext4"),
            ("/home/local disk/x", "ext4"),
            ("/mnt", "fuse.sshfs"),
        ];
        for (folder, kind) in rows {
            assert_eq!(kind_of(Path::new(folder), MOUNTS), Some(kind), "{folder}");
        }
    }

    #[test]
    fn network_file_systems_are_known_by_their_kind() {
        assert!(is_remote_kind("nfs4") && is_remote_kind("fuse.sshfs"));
        assert!(!is_remote_kind("ext4") && !is_remote_kind("fuseblk"));
    }
}
