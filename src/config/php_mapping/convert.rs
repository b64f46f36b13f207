//! From the value of a legacy constant to the value of a setting.

use crate::config::php::{PhpConstMap, PhpScalar};

/// The ways in which a value is carried over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Convert {
    Text,
    /// A number of 0 or more, also as a string: PHP computes with both.
    Number,
    /// A number over 0 that PHP ignores when it is a string.
    WholeNumberOnly,
    Flag,
    StorageEngine,
    AuthEngine,
    /// `plain` or `mozilla`, by the authentication engine.
    LdapLayout,
    /// On for the `mozilla` engine, which requires it.
    LdapStartTls,
    LdapUrl,
    /// Empty is the usual port.
    Port,
    /// The name of a MySQL server.
    MysqlHost,
    /// That there is a security log.
    Syslog,
    /// A host as the URL of a node.
    NodeUrl,
    /// Host names with `:` between them, and one port for all of them in another constant.
    MemcachedServers,
}

/// What became of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Converted {
    /// The value in TOML.
    Value(String),
    /// A value in TOML that should be looked at, and why.
    Doubtful(String, String),
    /// No value; what a person has to do.
    Person(String),
    /// The setting does not apply.
    Nothing,
}

impl Convert {
    /// Converts `value`; `all` is there for settings that take two constants.
    pub fn apply(self, value: &PhpScalar, all: &PhpConstMap) -> Converted {
        match self {
            Convert::Text => with_text(value, |text| Converted::Value(quoted(text))),
            Convert::Number => number(value, 0),
            Convert::Port => match value.to_text() {
                Some(text) if text.is_empty() => Converted::Nothing,
                _ => number(value, 1),
            },
            Convert::MysqlHost => with_text(value, mysql_host),
            Convert::Syslog => Converted::Value(quoted("syslog")),
            Convert::NodeUrl => with_text(value, node_url),
            Convert::WholeNumberOnly => match (value, number(value, 1)) {
                (PhpScalar::Str(_), Converted::Value(number)) => Converted::Person(format!(
                    "PHP ignores this constant when it is a string, as here; {number} would be \
                     the value without the quotes"
                )),
                (_, converted) => converted,
            },
            Convert::Flag => Converted::Value(value.truthy().to_string()),
            Convert::StorageEngine => with_text(value, |engine| match engine {
                "mysql" => Converted::Value(quoted("mysql")),
                _ => Converted::Person(format!("there is no counterpart to {}", quoted(engine))),
            }),
            Convert::AuthEngine => with_text(value, auth_engine),
            Convert::LdapLayout => with_text(value, |engine| match engine {
                "ldap" => Converted::Value(quoted("plain")),
                "mozilla" => Converted::Value(quoted("mozilla")),
                _ => Converted::Nothing,
            }),
            Convert::LdapStartTls => with_text(value, |engine| match engine {
                "mozilla" => Converted::Value("true".to_owned()),
                _ => Converted::Nothing,
            }),
            Convert::LdapUrl => with_text(value, ldap_url),
            Convert::MemcachedServers => with_text(value, |hosts| memcached(hosts, all)),
        }
    }
}

fn with_text(value: &PhpScalar, convert: impl FnOnce(&str) -> Converted) -> Converted {
    let Some(bytes) = value.to_text() else {
        return Converted::Person("it is a number where a text belongs".to_owned());
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => convert(text),
        Err(_) => {
            let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
            let why = "the file is not UTF-8 here; taken as ISO-8859-1".to_owned();
            match convert(&text) {
                Converted::Value(value) => Converted::Doubtful(value, why),
                other => other,
            }
        }
    }
}

fn number(value: &PhpScalar, least: i64) -> Converted {
    let number = match value {
        PhpScalar::Int(number) => Some(*number),
        // 2^53: up to here every whole number is exact.
        PhpScalar::Float(number) if number.fract() == 0.0 && number.abs() < 9.1e15 => {
            Some(*number as i64)
        }
        PhpScalar::Str(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.trim().parse().ok()),
        _ => None,
    };
    match number {
        Some(number) if number >= least => Converted::Value(number.to_string()),
        _ => Converted::Person(format!("it is no whole number of {least} or more")),
    }
}

fn auth_engine(engine: &str) -> Converted {
    match engine {
        "mysql" => Converted::Value(quoted("mysql")),
        "ldap" | "mozilla" => Converted::Value(quoted("ldap")),
        "none" => Converted::Person(
            "PHP checked no password at all; here, accounts are needed".to_owned(),
        ),
        _ => Converted::Person(format!("there is no counterpart to {}", quoted(engine))),
    }
}

fn mysql_host(host: &str) -> Converted {
    let why = match host {
        "" => return Converted::Nothing,
        "localhost" => {
            "by localhost PHP meant a socket; name it in a line socket = \"…\" beside this one, or \
             see that the server listens at TCP too"
        }
        host if host.starts_with(":/") => {
            return Converted::Person(format!("say socket = {} instead", quoted(&host[1..])));
        }
        host if host.contains([':', '/']) => {
            return Converted::Person("say host, port or socket on lines of their own".to_owned());
        }
        host => return Converted::Value(quoted(host)),
    };
    Converted::Doubtful(quoted(host), why.to_owned())
}

fn node_url(host: &str) -> Converted {
    if host.contains("://") {
        return Converted::Value(quoted(host));
    }
    let why = "taken for https; browsers are told this URL as the place of their data".to_owned();
    Converted::Doubtful(quoted(&format!("https://{host}/")), why)
}

fn ldap_url(host: &str) -> Converted {
    if host.trim().is_empty() || host.trim().contains(char::is_whitespace) {
        return Converted::Person("exactly one server is expected; give the URLs".to_owned());
    }
    let host = host.trim();
    match host.contains("://") {
        true => Converted::Value(quoted(host)),
        false => Converted::Value(quoted(&format!("ldap://{host}"))),
    }
}

fn memcached(hosts: &str, all: &PhpConstMap) -> Converted {
    const USUAL_PORT: &str = "11211";
    let port = all
        .get("WEAVE_STORAGE_MEMCACHE_PORT")
        .map(|found| number(&found.value, 1));
    let (port, doubt) = match port {
        Some(Converted::Value(port)) => (port, None),
        _ => (
            USUAL_PORT.to_owned(),
            Some("WEAVE_STORAGE_MEMCACHE_PORT gives no port"),
        ),
    };
    let servers: Vec<String> = hosts
        .split(':')
        .filter(|host| !host.trim().is_empty())
        .map(|host| quoted(&format!("{}:{port}", host.trim())))
        .collect();
    if servers.is_empty() {
        return Converted::Nothing;
    }
    let value = format!("[{}]", servers.join(", "));
    match doubt {
        None => Converted::Value(value),
        Some(why) => Converted::Doubtful(value, why.to_owned()),
    }
}

/// A TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            _ if letter.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(letter)));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
