//! What a proxy says of the request that it passes on, if it is one that the operator trusts.
//!
//! Anybody can send `X-Forwarded-For`; so these headers count only on connections from the addresses in
//! `server.trusted_proxies`.

use crate::config::value::Network;
use crate::exchange::{Client, Request};
use http::HeaderMap;
use http::header::HOST;
use std::net::IpAddr;

/// Replaces what the connection says by what a trusted proxy says.
pub fn believe(request: &mut Request<'_>, trusted: &[Network]) {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let client = request.extensions().get::<Client>();
    let Some(client) = client.filter(|client| client.address.is_some_and(is_trusted)) else {
        return;
    };
    let headers = request.headers();
    let address = origin(headers, &is_trusted).or(client.address);
    let https = match first(headers, "x-forwarded-proto") {
        Some(scheme) => scheme.eq_ignore_ascii_case("https"),
        None => client.https,
    };
    let host = first(headers, "x-forwarded-host").and_then(|host| host.parse().ok());
    // A front server's own name and port mean nothing to whoever stands before the proxy.
    let server = None;
    request.extensions_mut().insert(Client {
        address,
        https,
        server,
    });
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
}

/// The nearest address that is not a proxy of ours: every proxy appends the one it was called from,
/// and what stands before the first untrusted one is anybody's invention.
fn origin(headers: &HeaderMap, is_trusted: &impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let values = headers.get_all("x-forwarded-for");
    let listed: Vec<&str> = values
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    let mut nearest = None;
    for text in listed.iter().rev() {
        let address = text.trim().parse().ok()?;
        nearest = Some(address);
        if !is_trusted(address) {
            break;
        }
    }
    nearest
}

fn first<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get(name)?.to_str().ok()?;
    value
        .split(',')
        .next()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::RequestBody;

    fn seen(from: &str, headers: &[(&'static str, &str)]) -> (Client, String) {
        let mut request = http::Request::new(RequestBody::empty());
        request
            .headers_mut()
            .insert(HOST, "inner:8080".parse().unwrap());
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let client = Client {
            address: from.parse().ok(),
            ..Client::default()
        };
        request.extensions_mut().insert(client);
        believe(&mut request, &[Network::parse("10.0.0.0/8").unwrap()]);
        let host = request.headers()[HOST].to_str().unwrap().to_owned();
        (request.extensions().get::<Client>().cloned().unwrap(), host)
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let headers = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
        ];
        let (client, host) = seen("192.0.2.7", &headers);
        assert_eq!(client.address, "192.0.2.7".parse().ok());
        assert!(!client.https);
        assert_eq!(host, "inner:8080");
    }

    #[test]
    fn a_trusted_proxy_is_believed_about_scheme_host_and_address() {
        let headers = [
            ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "sync.example.org"),
        ];
        let (client, host) = seen("10.0.0.1", &headers);
        // What stands left of the nearest stranger may be an invention.
        assert_eq!(client.address, "203.0.113.9".parse().ok());
        assert!(client.https);
        assert_eq!(host, "sync.example.org");
    }

    #[test]
    fn nonsense_in_the_list_leaves_the_proxy_itself() {
        let (client, _) = seen("10.0.0.1", &[("x-forwarded-for", "unknown")]);
        assert_eq!(client.address, "10.0.0.1".parse().ok());
    }
}
