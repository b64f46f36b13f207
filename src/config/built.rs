//! Which engines this program was built with. A setting that names another one is refused when the
//! settings are read, with a sentence that says so.
//!
//! What is left out is a feature of Cargo (`Cargo.toml`); the modules in `app` that make engines from
//! settings have a stand-in for each.

use super::settings::{AuthEngine, CaptchaKind, MailTransport, MirrorEngine, StorageEngine};
use super::{Config, Problem};

/// The features, and whether each is built in.
const PARTS: [(&str, bool); 5] = [
    ("mysql", cfg!(feature = "mysql")),
    ("memcache", cfg!(feature = "memcache")),
    ("ldap", cfg!(feature = "ldap")),
    ("mail", cfg!(feature = "mail")),
    ("https", cfg!(feature = "https")),
];

/// The features that are not built in.
pub fn left_out() -> Vec<&'static str> {
    let left_out = PARTS.into_iter().filter(|(_, built)| !built);
    left_out.map(|(name, _)| name).collect()
}

/// What is said of a feature that is needed and not built in.
pub fn without(part: &str) -> String {
    format!("this weft was built without {part}; take a build that has it")
}

/// The settings that need what is not there.
pub(super) fn missing(config: &Config) -> Vec<Problem> {
    asked_for(config, &left_out())
}

fn asked_for(config: &Config, left_out: &[&str]) -> Vec<Problem> {
    let rows = [
        (
            "mysql",
            "storage.engine is \"mysql\"",
            config.storage.engine == StorageEngine::Mysql,
        ),
        (
            "mysql",
            "storage.mirror.engine is \"mysql\"",
            config.mirror.engine == MirrorEngine::Mysql,
        ),
        (
            "mysql",
            "auth.engine is \"mysql\"",
            config.auth.engine == AuthEngine::Mysql,
        ),
        (
            "ldap",
            "auth.engine is \"ldap\"",
            config.auth.engine == AuthEngine::Ldap,
        ),
        (
            "memcache",
            "memcached.servers names some",
            !config.memcached.servers.is_empty(),
        ),
        (
            "mail",
            "mail.transport is set",
            config.mail.transport != MailTransport::None,
        ),
        (
            "https",
            "captcha.kind is \"siteverify\"",
            config.captcha.kind == CaptchaKind::SiteVerify,
        ),
    ];
    rows.into_iter()
        .filter(|(part, _, wanted)| *wanted && left_out.contains(part))
        .map(|(part, setting, _)| Problem::general(format!("{setting}, but {}", without(part))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_names_what_is_not_built_in_is_refused_in_plain_words() {
        let mut config = Config::default();
        assert_eq!(asked_for(&config, &["mysql", "ldap", "mail"]), []);
        config.storage.engine = StorageEngine::Mysql;
        config.auth.engine = AuthEngine::Ldap;
        assert_eq!(asked_for(&config, &["memcache"]), []);
        let told = asked_for(&config, &["mysql", "ldap"]);
        let told: Vec<&str> = told.iter().map(|problem| problem.text.as_str()).collect();
        assert_eq!(
            told,
            [
                "storage.engine is \"mysql\", but this weft was built without mysql; take a build \
                 that has it",
                "auth.engine is \"ldap\", but this weft was built without ldap; take a build that \
                 has it"
            ]
        );
    }
}
