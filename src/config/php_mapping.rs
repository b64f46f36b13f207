//! Which setting of ours a legacy constant is, as a table, and the configuration text that comes
//! of it.
//!
//! The text is for a person to read before it is used: every line names the constant and the place
//! it came from, and whatever needs a decision stands there as a comment that begins with `CHECK:`.
//! It holds the passwords of the files it was made from.

mod convert;
mod render;

pub use render::to_toml;

use convert::Convert;

/// How one setting of ours follows from a legacy constant.
#[derive(Debug)]
pub struct Mapping {
    /// The legacy constant.
    pub constant: &'static str,
    /// Our setting, with dots between the levels.
    pub setting: &'static str,
    /// How the value is carried over.
    convert: Convert,
    /// What a person should know about the line; may be empty.
    pub hint: &'static str,
}

const fn map(constant: &'static str, setting: &'static str, convert: Convert) -> Mapping {
    Mapping {
        constant,
        setting,
        convert,
        hint: "",
    }
}

impl Mapping {
    const fn hint(self, hint: &'static str) -> Mapping {
        Mapping { hint, ..self }
    }
}

/// All settings that legacy constants decide, in the order of the configuration file. Settings of
/// one table stand together.
pub const MAPPINGS: &[Mapping] = &[
    map(
        "WEAVE_STORAGE_ENGINE",
        "storage.engine",
        Convert::StorageEngine,
    ),
    map(
        "WEAVE_STORAGE_SECONDARY_ENGINE",
        "storage.mirror.engine",
        Convert::StorageEngine,
    )
    .hint("gets every write too; its failures are logged and ignored"),
    map(
        "WEAVE_SECONDARY_MYSQL_STORE_WRITE_HOST",
        "storage.mirror.host",
        Convert::MysqlHost,
    ),
    map(
        "WEAVE_SECONDARY_MYSQL_STORE_WRITE_PORT",
        "storage.mirror.port",
        Convert::Port,
    ),
    map(
        "WEAVE_SECONDARY_MYSQL_STORE_WRITE_DB",
        "storage.mirror.database",
        Convert::Text,
    ),
    map(
        "WEAVE_SECONDARY_MYSQL_STORE_WRITE_USER",
        "storage.mirror.user",
        Convert::Text,
    ),
    map(
        "WEAVE_SECONDARY_MYSQL_STORE_WRITE_PASS",
        "storage.mirror.password",
        Convert::Text,
    ),
    map(
        "WEAVE_MYSQL_STORE_TABLE_NAME",
        "mysql.wbo_table",
        Convert::Text,
    ),
    map(
        "WEAVE_MYSQL_COLLECTION_TABLE_NAME",
        "mysql.collections_table",
        Convert::Text,
    ),
    map(
        "WEAVE_USER_TABLE_MODULO",
        "mysql.user_table_modulo",
        Convert::WholeNumberOnly,
    )
    .hint("user u lives in the table whose name ends in u modulo this"),
    map(
        "WEAVE_MYSQL_STORE_READ_HOST",
        "mysql.read.host",
        Convert::MysqlHost,
    ),
    map(
        "WEAVE_MYSQL_STORE_READ_PORT",
        "mysql.read.port",
        Convert::Port,
    ),
    map(
        "WEAVE_MYSQL_STORE_READ_DB",
        "mysql.read.database",
        Convert::Text,
    ),
    map(
        "WEAVE_MYSQL_STORE_READ_USER",
        "mysql.read.user",
        Convert::Text,
    ),
    map(
        "WEAVE_MYSQL_STORE_READ_PASS",
        "mysql.read.password",
        Convert::Text,
    ),
    map(
        "WEAVE_MYSQL_STORE_WRITE_HOST",
        "mysql.write.host",
        Convert::MysqlHost,
    ),
    map(
        "WEAVE_MYSQL_STORE_WRITE_PORT",
        "mysql.write.port",
        Convert::Port,
    ),
    map(
        "WEAVE_MYSQL_STORE_WRITE_DB",
        "mysql.write.database",
        Convert::Text,
    ),
    map(
        "WEAVE_MYSQL_STORE_WRITE_USER",
        "mysql.write.user",
        Convert::Text,
    ),
    map(
        "WEAVE_MYSQL_STORE_WRITE_PASS",
        "mysql.write.password",
        Convert::Text,
    ),
    map("WEAVE_AUTH_ENGINE", "auth.engine", Convert::AuthEngine),
    map("WEAVE_SHA_SALT", "auth.legacy_sha_salt", Convert::Text)
        .hint("old password hashes can't be checked without it"),
    map("WEAVE_MD5_FALLBACK", "auth.legacy_md5", Convert::Flag),
    map(
        "WEAVE_MYSQL_AUTH_HOST",
        "auth.mysql.host",
        Convert::MysqlHost,
    ),
    map("WEAVE_MYSQL_AUTH_PORT", "auth.mysql.port", Convert::Port),
    map("WEAVE_MYSQL_AUTH_DB", "auth.mysql.database", Convert::Text),
    map("WEAVE_MYSQL_AUTH_USER", "auth.mysql.user", Convert::Text),
    map(
        "WEAVE_MYSQL_AUTH_PASS",
        "auth.mysql.password",
        Convert::Text,
    ),
    map("WEAVE_LDAP_AUTH_HOST", "ldap.url", Convert::LdapUrl),
    map("WEAVE_AUTH_ENGINE", "ldap.layout", Convert::LdapLayout),
    map("WEAVE_AUTH_ENGINE", "ldap.start_tls", Convert::LdapStartTls),
    map("WEAVE_LDAP_AUTH_DN", "ldap.base", Convert::Text),
    map(
        "WEAVE_LDAP_AUTH_USER_PARAM_NAME",
        "ldap.user_attribute",
        Convert::Text,
    ),
    map("WEAVE_LDAP_AUTH_USER", "ldap.bind_dn", Convert::Text),
    map("WEAVE_LDAP_AUTH_PASS", "ldap.bind_password", Convert::Text),
    map(
        "WEAVE_PAYLOAD_MAX_SIZE",
        "limits.payload_bytes",
        Convert::Number,
    )
    .hint("0 is no limit, in PHP and here"),
    map("WEAVE_QUOTA", "quota.bytes", Convert::Number),
    map(
        "WEAVE_QUOTA_WRITE_CAP",
        "quota.daily_write_bytes",
        Convert::Number,
    ),
    map(
        "WEAVE_STORAGE_MEMCACHE_HOST",
        "memcached.servers",
        Convert::MemcachedServers,
    )
    .hint("the order decides which server holds a key: keep it as PHP has it"),
    map(
        "WEAVE_STORAGE_MEMCACHE_DECAY",
        "memcached.ttl",
        Convert::Number,
    ),
    map(
        "WEAVE_STORAGE_LOCKOUT_COUNT",
        "lockout.failures",
        Convert::Number,
    )
    .hint("0 is off; PHP lets one failure more pass than this"),
    map(
        "WEAVE_STORAGE_LOCKOUT_DECAY",
        "lockout.window",
        Convert::Number,
    ),
    map("WEAVE_CEF_DEVICE", "security_log.target", Convert::Syslog)
        .hint("PHP wrote its security log to syslog, facility local4"),
    map("WEAVE_CEF_DEVICE", "security_log.device", Convert::Text),
    map(
        "WEAVE_REGISTER_STORAGE_LOCATION",
        "api.node",
        Convert::NodeUrl,
    ),
    map(
        "WEAVE_REGISTER_ADMIN_SECRET",
        "registration.secret",
        Convert::Text,
    ),
];

/// Constants without a setting, and what a person should know of each.
const UNMATCHED: &[(&str, &str)] = &[
    (
        "WEAVE_REGISTER_NODE",
        "PHP sent new users to this host; here every host takes them, or none \
         (registration.mode)",
    ),
    (
        "WEAVE_REGISTER_USE_CAPTCHA",
        "there is no captcha; registration.mode and registration.secret say who may sign up",
    ),
];

/// Constants, by how their name begins, that need no setting, and why.
const NEEDLESS: &[(&str, &str)] = &[
    ("WEAVE_STORAGE_MEMCACHE_PORT", "part of memcached.servers"),
    (
        "WEAVE_SECONDARY_MYSQL_STORE_READ_",
        "a mirror is never read",
    ),
    ("WEAVE_ERROR_", "numbers of the protocol"),
    ("WEAVE_CEF_ACCOUNT_LOCKED", "part of the log format"),
];

#[cfg(test)]
mod tests;
