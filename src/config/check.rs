//! What no single setting shows: settings that don't go together, and secrets that lie open.

mod people;

use super::read::Entry;
use super::settings::{
    AuthEngine, LdapLayout, MirrorEngine, MysqlServer, SecurityLogTarget, StorageEngine,
};
use super::{Config, Item, Place, Problem, built};
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
    problems.extend(built::missing(config));
    problems.extend(people::missing(config));
    problems.extend(databases(config));
    problems.extend(directory(config));
    if config.security_log.target == SecurityLogTarget::File && config.security_log.file.is_none() {
        problems.push(Problem::general(
            "security_log.target is \"file\", so security_log.file must name it",
        ));
    }
    problems
}

fn databases(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut needed = |wanted: bool, needs: &str, section: &str, server: MysqlServer<'_>| {
        let somewhere = server.is_somewhere();
        if wanted && (!somewhere || server.database.is_empty() || server.user.is_empty()) {
            problems.push(Problem::general(format!(
                "{needs}, so [{section}] must say host (or socket), database and user"
            )));
        }
    };
    let write = config.mysql_write.server();
    let mysql = config.storage.engine == StorageEngine::Mysql;
    needed(mysql, "storage.engine is \"mysql\"", "mysql.write", write);
    let auth = config.auth.engine == AuthEngine::Mysql;
    let users = config.auth_mysql.server().or(write);
    needed(auth, "auth.engine is \"mysql\"", "auth.mysql", users);
    let mirror = config.mirror.engine == MirrorEngine::Mysql;
    let second = config.mirror.server();
    needed(
        mirror,
        "storage.mirror.engine is \"mysql\"",
        "storage.mirror",
        second,
    );
    if mysql && mirror && second.is_same_place(&write) {
        problems.push(Problem::general(
            "[storage.mirror] is the same database as [mysql.write]; a second store is another one",
        ));
    }
    problems
}

fn directory(config: &Config) -> Vec<Problem> {
    let ldap = &config.ldap;
    let mut problems = Vec::new();
    if config.auth.engine != AuthEngine::Ldap {
        return problems;
    }
    if ldap.url.is_empty() || ldap.base.is_empty() && ldap.search_base.is_empty() {
        problems.push(Problem::general(
            "auth.engine is \"ldap\", so [ldap] must say url and base",
        ));
    }
    let binds = [
        ("bind", &ldap.bind_dn, &ldap.bind_password),
        ("admin", &ldap.admin_dn, &ldap.admin_password),
    ];
    for (who, dn, password) in binds {
        // A directory takes a bind without a password for anybody's, and says yes.
        if !dn.is_empty() && password.is_empty() {
            let text = format!("ldap.{who}_dn is given, so ldap.{who}_password must be too");
            problems.push(Problem::general(text));
        }
    }
    problems
}

/// Sentences about settings that are allowed and may still not be what the operator wants.
pub(super) fn dangers(config: &Config) -> Vec<String> {
    let anybody = (config.auth.engine == AuthEngine::None).then(|| {
        "auth.engine is \"none\": every password is right, and whoever reaches this server can read \
         and delete the data of everybody"
            .to_owned()
    });
    let ldap = &config.ldap;
    let encrypted = ldap.start_tls || ldap.layout == LdapLayout::Mozilla;
    let readable = ldap.url.iter().find(|url| url.is_readable_on_the_way());
    let plain_ldap = readable
        .filter(|_| config.auth.engine == AuthEngine::Ldap && !encrypted)
        .map(|url| {
            let url = url.as_str();
            format!("passwords go to {url} unencrypted; set ldap.start_tls, or use ldaps://")
        });
    let unshared = config.legacy.php_beside && config.storage.engine == StorageEngine::Sqlite;
    let unshared = unshared.then(|| {
        "legacy.php_beside is set, but storage.engine is \"sqlite\", which no PHP server shares"
            .to_owned()
    });
    anybody
        .into_iter()
        .chain(plain_ldap)
        .chain(unshared)
        .chain(people::doubtful(config))
        .collect()
}

/// A sentence if the file holds secrets and everybody on the machine may read it.
pub(super) fn exposed_secrets<'e>(
    path: &Path,
    mut entries: impl Iterator<Item = &'e Entry>,
) -> Option<String> {
    let holds_secrets = entries.any(|(setting, written)| {
        let empty = written.item == Item::Text(String::new());
        setting.secret && !empty && matches!(written.place, Place::File { .. })
    });
    (holds_secrets && exposed(path)).then(|| {
        format!(
            "{path} holds secrets and every user of this machine may read it; \
             run: chmod o-rwx {path}",
            path = path.display()
        )
    })
}

/// Whether every user of the machine may read this file.
pub fn exposed(path: &Path) -> bool {
    let about = std::fs::metadata(path);
    about.is_ok_and(|about| about.permissions().mode() & 0o004 != 0)
}
