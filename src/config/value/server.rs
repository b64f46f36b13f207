//! Where other servers are: memcached, a directory, a syslog.

use super::{Item, Value, quoted, refusal};
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// A host and a port: `mc1.example.org:11211`, `[::1]:11211`. The name is looked up when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl HostPort {
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bare = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?,
            None if host.contains(':') => return None,
            None => host,
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
        let port = port.parse().ok().filter(|port| *port > 0)?;
        (!bare.is_empty() && bare.bytes().all(allowed)).then(|| HostPort {
            host: bare.to_owned(),
            port,
        })
    }
}

impl Value for HostPort {
    fn expects() -> String {
        "a host and a port, such as \"mc1.example.org:11211\"".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let address = match item {
            Item::Text(text) => HostPort::parse(text.trim()),
            _ => None,
        };
        address.ok_or_else(|| refusal::<Self>(item))
    }

    fn show(&self) -> String {
        match self.host.contains(':') {
            true => quoted(&format!("[{}]:{}", self.host, self.port)),
            false => quoted(&format!("{}:{}", self.host, self.port)),
        }
    }
}

/// The URL of a directory: `ldap://` or `ldaps://`, a host, perhaps a port, and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapUrl(String);

impl LdapUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is said to it leaves this machine unencrypted.
    pub fn is_readable_on_the_way(&self) -> bool {
        let Some(host) = self.0.strip_prefix("ldap://") else {
            return false;
        };
        let loopback = ["localhost", "127.", "[::1]"];
        !loopback.iter().any(|start| host.starts_with(start))
    }

    /// A URL, if `text` is one.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "ldap" | "ldaps")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        plain.then(|| LdapUrl(text.trim_end_matches('/').to_owned()))
    }
}

impl Value for LdapUrl {
    fn expects() -> String {
        "the URL of a directory, such as \"ldaps://ldap.example.org\"".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let url = match item {
            Item::Text(text) => LdapUrl::parse(text.trim()),
            _ => None,
        };
        // A URL may hold a password by mistake, so it is not repeated.
        url.ok_or_else(|| format!("must be {}", Self::expects()))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

/// Where a syslog listens: a socket of this machine, or a UDP port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyslogAddress {
    /// A datagram socket in the file system.
    Socket(PathBuf),
    /// An address and a port.
    Udp(SocketAddr),
}

impl Value for SyslogAddress {
    fn expects() -> String {
        "the path of a socket, such as \"/dev/log\", or an IP address and a UDP port, such as \
         \"192.0.2.1:514\""
            .to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let text = match item {
            Item::Text(text) => text.trim(),
            _ => "",
        };
        // No look-up of names: it can hang.
        match text.parse() {
            Ok(address) => Ok(SyslogAddress::Udp(address)),
            Err(_) if text.starts_with('/') => Ok(SyslogAddress::Socket(text.into())),
            Err(_) => Err(refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        match self {
            SyslogAddress::Socket(path) => quoted(&path.to_string_lossy()),
            SyslogAddress::Udp(address) => quoted(&address.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Shown = fn(&str) -> Option<String>;

    fn shown<T: Value>(text: &str) -> Option<String> {
        let value = T::read(&Item::Text(text.to_owned())).ok()?;
        Some(value.show())
    }

    #[test]
    fn servers_are_read_as_people_write_them() {
        let cases: [(Shown, &str, Option<&str>); 17] = [
            (shown::<HostPort>, "mc1:11211", Some("\"mc1:11211\"")),
            (shown::<HostPort>, "[::1]:1", Some("\"[::1]:1\"")),
            (shown::<HostPort>, "::1:1", None),
            (shown::<HostPort>, "mc1", None),
            (shown::<HostPort>, "mc1:0", None),
            (shown::<HostPort>, "mc1:70000", None),
            (shown::<HostPort>, "m c:1", None),
            (shown::<HostPort>, ":1", None),
            (shown::<LdapUrl>, "ldap://l", Some("\"ldap://l\"")),
            (
                shown::<LdapUrl>,
                "ldaps://l:1636/",
                Some("\"ldaps://l:1636\""),
            ),
            (shown::<LdapUrl>, "ldap://u:tulip@l", None),
            (shown::<LdapUrl>, "ldap://l/dc=x", None),
            (shown::<LdapUrl>, "http://l", None),
            (shown::<SyslogAddress>, "/dev/log", Some("\"/dev/log\"")),
            (
                shown::<SyslogAddress>,
                "192.0.2.1:514",
                Some("\"192.0.2.1:514\""),
            ),
            (shown::<SyslogAddress>, "loghost:514", None),
            (shown::<SyslogAddress>, "", None),
        ];
        for (read, text, expected) in cases {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
