//! Whether the web server hands out what nobody may read: the databases and the settings.
//!
//! Each file that is there is asked for at every address that it could have: its path's last parts, below
//! the public address and below the root of its host. What comes is compared with what is in it.

use super::site::Need;
use super::{Exam, Finding};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use url::Url;

/// The files of the data folder that are looked for; one that is reached is enough.
const FILES: [&str; 4] = ["weft.db", "accounts.db", "people.db", "failures.log"];

/// How many parts of its path a file's address may have.
const DEEPEST: usize = 4;

/// How much of a file is compared.
const BEGINNING: u64 = 64;

/// Asks for them.
pub fn look(exam: &Exam<'_>) -> Finding {
    let config = &exam.doctor.config;
    let folders = std::iter::once(&config.data.dir).chain(config.data.accounts.iter());
    let data = folders.flat_map(|folder| FILES.iter().map(|name| folder.join(name)));
    let settings = config.origin.file.clone();
    let mut asked = 0;
    for file in settings.into_iter().chain(data) {
        let Some(beginning) = beginning(&file) else {
            continue;
        };
        asked += 1;
        if let Some(url) = reached(exam, &file, &beginning) {
            return fault(exam, &file, &url);
        }
    }
    match asked {
        0 => Finding::skipped(
            "files",
            "Whether files are handed out was not tried: there is none yet that this user may read.",
        ),
        _ => Finding::fine("files", "Neither the settings nor the data are handed out."),
    }
}

/// The address at which a file with this beginning is handed out.
fn reached(exam: &Exam<'_>, file: &Path, beginning: &[u8]) -> Option<Url> {
    let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).collect();
    for base in bases(&exam.url) {
        let client = exam.client.at(base.clone());
        for count in 1..=DEEPEST.min(parts.len().saturating_sub(1)) {
            let path = parts[parts.len() - count..].join("/");
            let Ok(answer) = client.get(&path, None) else {
                continue;
            };
            if answer.status == 200 && answer.body.starts_with(beginning) {
                return base.join(&path).ok();
            }
        }
    }
    None
}

/// The public address, the folder above a program's name in it, and the root of its host.
fn bases(url: &Url) -> Vec<Url> {
    let mut bases = vec![url.clone()];
    for path in ["../", "/"] {
        bases.extend(url.join(path));
    }
    bases.dedup();
    bases
}

/// What is compared. Too little of it would be in many answers.
fn beginning(file: &PathBuf) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let open = File::open(file).ok()?;
    open.take(BEGINNING).read_to_end(&mut bytes).ok()?;
    (bytes.len() >= 12).then_some(bytes)
}

fn fault(exam: &Exam<'_>, file: &Path, url: &Url) -> Finding {
    let name = file.display();
    let outside = format!("[data]\ndir = \"{}\"", outside(file));
    Finding::fault("files", format!("Anybody can download {name}, at {url}"))
        .because("It holds people's passwords and data, or the way to them.")
        .cures(exam.front.cures(Need::Files))
        .cure(
            format!(
                "better still, move the data out of the web space; then, in {}",
                super::settings::file(exam.doctor)
            ),
            outside,
        )
}

/// A folder for the data beside the web space, as a proposal.
fn outside(file: &Path) -> String {
    let home = file
        .ancestors()
        .find(|above| above.parent().is_some_and(|p| p.ends_with("home")));
    let home = home.map_or_else(|| "/var/lib".into(), |home| home.display().to_string());
    format!("{home}/weft-data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_looked_for_below_the_address_and_below_the_root() {
        let bases = |url: &str| -> Vec<String> {
            let url = Url::parse(url).unwrap();
            bases(&url).iter().map(Url::to_string).collect()
        };
        assert_eq!(
            bases("https://h/weave/weft.cgi/"),
            [
                "https://h/weave/weft.cgi/",
                "https://h/weave/",
                "https://h/"
            ]
        );
        assert_eq!(bases("https://h/"), ["https://h/"]);
    }

    #[test]
    fn a_place_outside_of_the_web_space_is_proposed() {
        assert_eq!(
            outside(Path::new("/home/ada/web/weft-data/weft.db")),
            "/home/ada/weft-data"
        );
        assert_eq!(
            outside(Path::new("/srv/web/weft-data/weft.db")),
            "/var/lib/weft-data"
        );
    }
}
