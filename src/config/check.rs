//! What no single setting shows: settings that don't go together, and secrets that lie open.

mod people;

use super::read::Entry;
use super::settings::AuthEngine;
use super::{Config, Item, Place, Problem};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Settings that contradict each other.
pub(super) fn together(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let limits = &config.limits;
    if let Some(payload) = limits.payload_bytes
        && payload > limits.body_bytes
    {
        problems.push(Problem::general(format!(
            "limits.payload_bytes ({} bytes) is more than limits.body_bytes ({} bytes), so no \
             upload could ever hold such a record; raise the latter or lower the former",
            payload.bytes(),
            limits.body_bytes.bytes()
        )));
    }
    problems.extend(people::missing(config));
    problems
}

/// Sentences about settings that are allowed and may still not be what the operator wants.
pub(super) fn dangers(config: &Config) -> Vec<String> {
    let anybody = (config.auth.engine == AuthEngine::None).then(|| {
        "auth.engine is \"none\": every password is right, and whoever reaches this server can read \
         and delete the data of everybody"
            .to_owned()
    });
    anybody
        .into_iter()
        .chain(people::doubtful(config))
        .collect()
}

/// A sentence if the file holds secrets and everybody on the machine may read it.
pub(super) fn exposed_secrets(path: &Path, entries: &[Entry]) -> Option<String> {
    let holds_secrets = entries.iter().any(|(setting, written)| {
        let empty = written.item == Item::Text(String::new());
        setting.secret && !empty && matches!(written.place, Place::File { .. })
    });
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (holds_secrets && mode & 0o004 != 0).then(|| {
        format!(
            "{path} holds secrets and every user of this machine may read it; \
             run: chmod o-rwx {path}",
            path = path.display()
        )
    })
}
