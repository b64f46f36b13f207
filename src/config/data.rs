//! The data folder: where it lies when nobody says, and how it is made so that it stays private.

use super::Surroundings;
use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The folder's name, when nobody gives it another.
const NAME: &str = "weft-data";

/// What Apache is told, should the folder lie where Apache hands out files: nothing in here is for
/// the web. The second half is for Apache 2.2.
const HTACCESS: &str = "\
# This folder holds people's synchronised data. It is not for the web.
<IfModule mod_authz_core.c>
    Require all denied
</IfModule>
<IfModule !mod_authz_core.c>
    Order deny,allow
    Deny from all
</IfModule>
";

/// Why the data folder can't be used.
#[derive(Debug)]
pub struct FolderError {
    folder: PathBuf,
    doing: &'static str,
    error: io::Error,
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FolderError {
            folder,
            doing,
            error,
        } = self;
        write!(f, "the data folder {} can't be {doing}: ", folder.display())?;
        match error.kind() {
            io::ErrorKind::PermissionDenied => f.write_str(
                "this is not allowed to the user that the program runs as; change the folder's \
                 owner, or name another one with --data or data.dir",
            ),
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => f.write_str(
                "something that is no folder stands there; name another one with --data or data.dir",
            ),
            io::ErrorKind::ReadOnlyFilesystem => f.write_str(
                "its disk is mounted read-only; name another folder with --data or data.dir",
            ),
            io::ErrorKind::StorageFull => f.write_str("the disk is full; make room"),
            _ => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for FolderError {}

/// Says of an error what was being done to which folder.
fn failed(folder: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> FolderError {
    let folder = folder.to_owned();
    move |error| FolderError {
        folder,
        doing,
        error,
    }
}

/// The data folder where nothing names one: beside the program; but a program that Cargo has just
/// built, or that is installed in a `bin`, has no place beside it for data, so there it is the
/// current folder's.
pub(super) fn default_folder(surroundings: &Surroundings) -> PathBuf {
    let beside = surroundings.program.as_deref().and_then(Path::parent);
    match beside {
        Some(folder) if !is_program_folder(folder) => folder.join(NAME),
        _ => surroundings.folder.join(NAME),
    }
}

fn is_program_folder(folder: &Path) -> bool {
    let named_bin = folder
        .file_name()
        .is_some_and(|name| name == "bin" || name == "sbin");
    // Cargo marks its target folder so; the program lies in target/release or a little deeper.
    named_bin
        || folder
            .ancestors()
            .take(4)
            .any(|above| above.join("CACHEDIR.TAG").exists())
}

/// Makes the folder, if it is missing, so that only its owner gets in; and puts files into it that
/// tell a web server to keep out. Answers sentences about what looks wrong, such as a folder of
/// somebody else than `user`, as whom this runs.
///
/// # Errors
///
/// It can't be made, or nothing can be written in it.
pub fn prepare(folder: &Path, user: Option<u32>) -> Result<Vec<String>, FolderError> {
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above).map_err(failed(folder, "made"))?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        other => other.map_err(failed(folder, "made"))?,
    }
    write_if_absent(&folder.join(".htaccess"), HTACCESS).map_err(failed(folder, "written to"))?;
    write_if_absent(&folder.join("index.html"), "").map_err(failed(folder, "written to"))?;

    suspicions(folder, user).map_err(failed(folder, "read"))
}

/// Looks at the folder without making it, for a check that may run as another user than the server.
/// Answers sentences about what looks wrong.
///
/// # Errors
///
/// It is there and nothing can be written in it.
pub fn inspect(folder: &Path, user: Option<u32>) -> Result<Vec<String>, FolderError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let trial = folder.join(format!(".trial.{}", std::process::id()));
    fs::write(&trial, "").map_err(failed(folder, "written to"))?;
    fs::remove_file(&trial).map_err(failed(folder, "written to"))?;
    suspicions(folder, user).map_err(failed(folder, "read"))
}

fn suspicions(folder: &Path, user: Option<u32>) -> io::Result<Vec<String>> {
    let about = fs::metadata(folder)?;
    let (path, owner) = (folder.display(), about.uid());
    let mut suspicions = Vec::new();
    if about.permissions().mode() & 0o007 != 0 {
        suspicions.push(format!(
            "every user of this machine may enter the data folder {path}; run: chmod o-rwx {path}"
        ));
    }
    if user.is_some_and(|user| user != owner) {
        suspicions.push(format!(
            "the data folder {path} belongs to another user (number {owner}): files that are made \
             now may be closed to the server; run this as that user"
        ));
    }
    Ok(suspicions)
}

/// Several processes may do this at once; a file is there whole or not at all.
fn write_if_absent(path: &Path, text: &str) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    fs::write(&draft, text)?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_folder_is_made_private_and_closed_to_web_servers() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("deep/er/weft-data");
        for _ in 0..2 {
            assert_eq!(prepare(&folder, None).unwrap(), Vec::<String>::new());
            assert_eq!(mode(&folder), 0o700);
            let rules = fs::read_to_string(folder.join(".htaccess")).unwrap();
            assert!(rules.contains("Require all denied"), "{rules}");
            assert_eq!(fs::read(folder.join("index.html")).unwrap(), b"");
            assert_eq!(
                fs::read_dir(&folder).unwrap().count(),
                2,
                "no drafts stay behind"
            );
        }
    }

    #[test]
    fn the_owners_own_rules_for_web_servers_stay() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".htaccess"), "Deny from all\n").unwrap();
        prepare(home.path(), None).unwrap();
        let rules = fs::read_to_string(home.path().join(".htaccess")).unwrap();
        assert_eq!(rules, "Deny from all\n");
    }

    #[test]
    fn a_folder_that_everybody_may_enter_is_warned_about() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = home.path().display();
        let warning = format!(
            "every user of this machine may enter the data folder {path}; run: chmod o-rwx {path}"
        );
        assert_eq!(prepare(home.path(), None).unwrap(), vec![warning]);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o750)).unwrap();
        assert_eq!(prepare(home.path(), None).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_folder_of_another_user_is_warned_about() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("weft-data");
        let owner = fs::metadata(home.path()).unwrap().uid();
        assert_eq!(prepare(&folder, Some(owner)).unwrap(), Vec::<String>::new());
        assert_eq!(inspect(&folder, Some(owner)).unwrap(), Vec::<String>::new());
        let expected = format!(
            "the data folder {} belongs to another user (number {owner}): files that are made now \
             may be closed to the server; run this as that user",
            folder.display()
        );
        assert_eq!(
            prepare(&folder, Some(owner + 1)).unwrap(),
            vec![expected.clone()]
        );
        assert_eq!(inspect(&folder, Some(owner + 1)).unwrap(), vec![expected]);
    }

    #[test]
    fn an_inspection_makes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("weft-data");
        assert_eq!(inspect(&folder, None).unwrap(), Vec::<String>::new());
        assert!(!folder.exists());
        inspect(home.path(), None).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_says_why_and_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        for folder in [file.clone(), file.join("weft-data")] {
            let expected = format!(
                "the data folder {} can't be made: something that is no folder stands there; \
                 name another one with --data or data.dir",
                folder.display()
            );
            assert_eq!(prepare(&folder, None).unwrap_err().to_string(), expected);
        }
        let cases = [
            (
                io::ErrorKind::PermissionDenied,
                "the data folder /srv/d can't be made: this is not allowed to the user that the \
                 program runs as; change the folder's owner, or name another one with --data or \
                 data.dir",
            ),
            (
                io::ErrorKind::StorageFull,
                "the data folder /srv/d can't be made: the disk is full; make room",
            ),
        ];
        for (kind, expected) in cases {
            let folder = PathBuf::from("/srv/d");
            let error = FolderError {
                folder,
                doing: "made",
                error: kind.into(),
            };
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn the_folder_lies_beside_the_program_unless_that_is_no_place_for_data() {
        let cargo = tempfile::tempdir().unwrap();
        fs::write(cargo.path().join("CACHEDIR.TAG"), "").unwrap();
        let built = cargo.path().join("x86_64-unknown-linux-gnu/release/weft");
        let cases = [
            (
                Some("/home/ada/cgi-bin/weft.cgi"),
                "/home/ada/cgi-bin/weft-data",
            ),
            (Some("/srv/weft/weft"), "/srv/weft/weft-data"),
            (Some("/usr/local/bin/weft"), "/now/weft-data"),
            (Some("/usr/sbin/weft"), "/now/weft-data"),
            (built.to_str(), "/now/weft-data"),
            (None, "/now/weft-data"),
        ];
        for (program, expected) in cases {
            let surroundings = Surroundings {
                program: program.map(PathBuf::from),
                folder: "/now".into(),
                ..Surroundings::default()
            };
            assert_eq!(
                default_folder(&surroundings),
                Path::new(expected),
                "{program:?}"
            );
        }
    }
}
