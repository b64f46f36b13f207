//! `weft config from-php`: the settings of a legacy PHP server, as ours.

use super::{Caller, Failure, print};
use crate::config::php::{PhpSource, read_constants};
use crate::config::php_mapping::to_toml;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file with constants is a few kilobytes.
const LONGEST: u64 = 4 << 20;

/// Print the settings of a legacy PHP server as a weft.toml, from its files with constants.
///
/// The files are read as PHP would run them, without PHP: default_constants.php, and whatever it
/// includes, such as shard_constants.php. Lines with CHECK need a person. What is printed holds
/// the passwords of the files: "umask 077; weft config from-php FILE >weft.toml".
#[derive(clap::Args, Debug)]
pub struct FromPhp {
    /// The files, in the order in which PHP reads them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl FromPhp {
    pub(super) fn run(self, caller: &mut Caller<'_>) -> Result<(), Failure> {
        let folder = caller.surroundings.folder.clone();
        let files: Vec<PathBuf> = self.files.iter().map(|file| folder.join(file)).collect();
        let mut sources = Vec::new();
        for (name, file) in self.files.iter().zip(&files) {
            let text = read(file).map_err(|error| Failure::File {
                doing: format!("read {}", file.display()),
                error,
            })?;
            sources.push(PhpSource {
                path: name.display().to_string(),
                text,
            });
        }
        let parents: Vec<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        let included = |path: &str| {
            let mut places = parents.iter().map(|folder| folder.join(path));
            places.find_map(|place| read(&place).ok())
        };
        print(caller, &to_toml(&read_constants(sources, &included)))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other(
            "it is too large to be a file with constants",
        ));
    }
    Ok(text)
}
