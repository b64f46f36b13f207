//! What the Python server took for an e-mail address.

/// Whether `text` looks like an address: a local part of dot-separated atoms or in quotes, and a domain
/// of labels that ends in two letters at least, or an IPv4 address.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    is_local_part(local) && is_domain(domain)
}

fn is_local_part(local: &str) -> bool {
    if let Some(quoted) = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return !quoted.is_empty() && !quoted.chars().any(|c| c.is_control());
    }
    let special = |c: char| "<>()[]\\,;:@\"".contains(c) || c.is_whitespace() || c.is_control();
    !local.is_empty()
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && !atom.contains(special))
}

fn is_domain(domain: &str) -> bool {
    if domain.parse::<std::net::Ipv4Addr>().is_ok() {
        return true;
    }
    let labels: Vec<&str> = domain.split('.').collect();
    let label =
        |l: &&str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let top = |l: &&str| l.len() >= 2 && l.bytes().all(|b| b.is_ascii_alphabetic());
    labels.len() >= 2 && labels.iter().all(label) && labels.last().is_some_and(top)
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_as_the_python_server_saw_them() {
        for good in [
            "a@127.0.0.1",
            "foo+bar@example.com",
            "\"a b\"@x.org",
            "á.b@x-y.info",
        ] {
            assert!(is_email(good), "{good}");
        }
        let bad = [
            "tarek@moz",
            "a@b@c.com",
            "",
            "@x.org",
            "a@",
            ".a@x.org",
            "a b@x.org",
            "a@é.org",
        ];
        for bad in bad {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
