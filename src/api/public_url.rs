//! The URL under which people and browsers reach this server.

use super::{Api, Call};
use crate::routes;

impl Api {
    /// The URL that people put into their browsers, with its slash: as the operator says it, or as
    /// this request shows it; nothing when it shows none.
    ///
    /// Android leaves the port out of its `Host`; then the front server's own is used. Behind a
    /// proxy that changes scheme, port or path and says nothing of it this can't be found out: the
    /// setting `server.public_url` says it.
    pub fn public_url(&self, call: &Call<'_>) -> Option<String> {
        let told = self.settings.public_url.clone();
        told.or_else(|| self.seen_url(call))
    }

    /// The same as this request shows it, whatever the operator says.
    pub fn seen_url(&self, call: &Call<'_>) -> Option<String> {
        let scheme = if call.client.https { "https" } else { "http" };
        Some(format!(
            "{scheme}://{}{}",
            host(call)?,
            self.seen_path(call)
        ))
    }

    /// The URL path of the server's root as this request shows it; begins and ends with a slash.
    pub fn seen_path(&self, call: &Call<'_>) -> String {
        let mut path = "/".to_owned();
        for segment in routes::root(&call.target, self.settings.base_path.as_deref()) {
            path += &url_segment(segment);
            path.push('/');
        }
        path
    }
}

fn host<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let server = call.client.server.as_deref();
    let host = match call.header("host") {
        Some(host) if !has_port(host) && is_android(call) => server
            .filter(|server| is_same_host(server, host))
            .unwrap_or(host),
        Some(host) => host,
        None => server?,
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    (!host.is_empty() && host.bytes().all(allowed)).then_some(host)
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether `server` is `host`, with or without a port.
fn is_same_host(server: &str, host: &str) -> bool {
    server.len() >= host.len()
        && server.is_char_boundary(host.len())
        && server[..host.len()].eq_ignore_ascii_case(host)
        && matches!(server.as_bytes().get(host.len()), None | Some(b':'))
}

fn is_android(call: &Call<'_>) -> bool {
    call.header("user-agent")
        .is_some_and(|agent| agent.starts_with("Firefox AndroidSync"))
}

/// A decoded segment of a path as a URL carries it.
fn url_segment(segment: &[u8]) -> String {
    let mut out = String::new();
    for &byte in segment {
        match byte {
            b'.' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
