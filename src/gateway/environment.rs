//! Requests as CGI and FastCGI describe them: in variables.
//!
//! The specification leaves room, and servers use it. The rules here come from what Apache's
//! mod_cgi, mod_fcgid and mod_proxy_fcgi, nginx and lighttpd really send:
//!
//! - **Path.** `PATH_INFO` is below the mount and decoded already. `ORIG_PATH_INFO` stands in when
//!   a server moved it there. mod_proxy_fcgi set up with `ProxyPass` has no `PATH_INFO` at all, the
//!   whole path is in `SCRIPT_NAME` (and `SCRIPT_FILENAME` begins with `proxy:`): it is taken for
//!   the path, with an empty mount. A server that lost the path but tells `REQUEST_URI` is believed
//!   there, if `SCRIPT_NAME` is the beginning of it.
//! - **Mount.** Behind a rewriting rule `SCRIPT_NAME` has the program's name in it, which no URL shows;
//!   `REQUEST_URI` tells what stands there instead.
//! - **Encoded slashes.** Apache keeps `%2F` in `PATH_INFO` or decodes it, by its settings; nginx and
//!   lighttpd always decode it. Only `REQUEST_URI` tells for sure.
//! - **Authorization.** Apache passes it on only when told to, and then under several names.
//! - **Length.** nginx sends an empty `CONTENT_LENGTH` where there is none, mod_fcgid a `0`.
//! - **`Proxy`.** nginx passes this header on as `HTTP_PROXY`, which other programs take for a
//!   setting. It is ignored, like everything that is not known to be the request's.

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING,
};
use http::{HeaderMap, Method};

use crate::exchange::{Client, Request, RequestBody, Target};

/// A request that HTTP cannot hold. No front server sends one by itself, so something between is
/// broken; the answer is 400, because leaving out what can't be held would leave out a precondition
/// or a password.
#[derive(Debug, PartialEq, Eq)]
pub enum Unacceptable {
    /// `REQUEST_METHOD` is missing or no token.
    Method,
    /// The value of this variable can't be a header's.
    Header(String),
    /// `CONTENT_LENGTH` is no number.
    Length,
}

/// The variables of one request, in the order they came.
#[derive(Clone, Copy)]
pub struct Environment<'e>(&'e [(&'e [u8], &'e [u8])]);

/// Names of the variable that holds the credentials, best first; further `REDIRECT_` prefixes are
/// added by each internal redirect of Apache.
const AUTHORIZATION_NAMES: [&[u8]; 3] = [b"Authorization", b"AUTHORIZATION", b"HTTP_AUTHORIZATION"];

impl<'e> Environment<'e> {
    /// Looks at names and values.
    pub fn new(variables: &'e [(&'e [u8], &'e [u8])]) -> Self {
        Environment(variables)
    }

    /// The request that the variables describe, with `body`.
    pub fn request<'b>(&self, body: RequestBody<'b>) -> Result<Request<'b>, Unacceptable> {
        let method = self.get(b"REQUEST_METHOD").ok_or(Unacceptable::Method)?;
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(method).map_err(|_| Unacceptable::Method)?;
        *request.headers_mut() = self.headers()?;
        request.extensions_mut().insert(self.target());
        request.extensions_mut().insert(self.client());
        Ok(request)
    }

    /// How long the body is, if that is told.
    pub fn content_length(&self) -> Result<Option<u64>, Unacceptable> {
        let Some(text) = self.get(b"CONTENT_LENGTH") else {
            return Ok(None);
        };
        // Digits alone: a number's parser would take a sign.
        if !text.iter().all(u8::is_ascii_digit) {
            return Err(Unacceptable::Length);
        }
        let number = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok());
        number.map(Some).ok_or(Unacceptable::Length)
    }

    /// Whether a body comes whose length nobody knows. Apache's CGI has already taken the chunks
    /// apart.
    pub fn is_chunked(&self) -> bool {
        self.get(b"HTTP_TRANSFER_ENCODING")
            .is_some_and(|value| value.to_ascii_lowercase().ends_with(b"chunked"))
    }

    /// A variable's value; an empty one counts as missing, as servers don't tell the two apart.
    fn get(&self, name: &[u8]) -> Option<&'e [u8]> {
        let found = self.0.iter().find(|(candidate, _)| *candidate == name);
        found
            .map(|(_, value)| *value)
            .filter(|value| !value.is_empty())
    }

    fn headers(&self) -> Result<HeaderMap, Unacceptable> {
        let mut headers = HeaderMap::new();
        let mut dashed = Vec::new();
        for (variable, value) in self.0 {
            if let Some(name) = header_name(variable, &mut dashed) {
                headers.append(name, header_value(variable, value)?);
            }
        }
        if let Some((variable, value)) = self.authorization() {
            headers.insert(AUTHORIZATION, header_value(variable, value)?);
        }
        if let Some(value) = self.get(b"CONTENT_TYPE") {
            headers.insert(CONTENT_TYPE, header_value(b"CONTENT_TYPE", value)?);
        }
        if let Some(length) = self.content_length()? {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        Ok(headers)
    }

    fn authorization(&self) -> Option<(&'e [u8], &'e [u8])> {
        let direct = AUTHORIZATION_NAMES
            .iter()
            .find_map(|name| self.get(name).map(|value| (*name, value)));
        direct.or_else(|| {
            let redirected = |(name, value): &&(&[u8], &[u8])| {
                is_redirected_authorization(name) && !value.is_empty()
            };
            self.0.iter().find(redirected).copied()
        })
    }

    fn target(&self) -> Target {
        let script = self.get(b"SCRIPT_NAME").unwrap_or_default();
        let uri = self.get(b"REQUEST_URI").unwrap_or_default();
        let uri_path = uri.split(|&byte| byte == b'?').next().unwrap_or_default();
        let told = self
            .get(b"PATH_INFO")
            .or_else(|| self.get(b"ORIG_PATH_INFO"));
        let (mount, path) = match told {
            Some(path) => (script, path.to_vec()),
            None if self.is_proxied() => (&b""[..], script.to_vec()),
            None => (script, below(script, uri_path).unwrap_or_default()),
        };
        Target {
            mount: mount_in_url(mount, &path, uri_path).unwrap_or_else(|| mount.to_vec()),
            undecodable: hides_slash_or_nul(uri_path) || path.contains(&0),
            path,
            query: self.get(b"QUERY_STRING").unwrap_or_default().to_vec(),
        }
    }

    fn is_proxied(&self) -> bool {
        self.get(b"SCRIPT_FILENAME")
            .is_some_and(|file| file.starts_with(b"proxy:"))
    }

    fn client(&self) -> Client {
        let text = |name| {
            self.get(name)
                .and_then(|value| std::str::from_utf8(value).ok())
        };
        let https =
            text(b"HTTPS").is_some_and(|value| value.eq_ignore_ascii_case("on") || value == "1");
        let usual_port = if https { "443" } else { "80" };
        let port = text(b"SERVER_PORT").filter(|port| *port != usual_port);
        Client {
            address: text(b"REMOTE_ADDR").and_then(|address| address.parse().ok()),
            https,
            server: text(b"SERVER_NAME").map(|name| match port {
                Some(port) => format!("{name}:{port}"),
                None => name.to_owned(),
            }),
        }
    }
}

/// The header that a variable stands for, unless it is one that does not come this way: those that
/// CGI has variables of their own for, and those that end at the front server. `dashed` is where its name
/// is put together.
fn header_name(variable: &[u8], dashed: &mut Vec<u8>) -> Option<HeaderName> {
    let name = variable.strip_prefix(b"HTTP_")?;
    dashed.clear();
    dashed.extend(name.iter().map(|&b| if b == b'_' { b'-' } else { b }));
    // It takes letters of either case, and makes small ones of them.
    let name = HeaderName::from_bytes(dashed).ok()?;
    let elsewhere = [
        AUTHORIZATION,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        PROXY_AUTHORIZATION,
        TRANSFER_ENCODING,
    ];
    (!elsewhere.contains(&name) && name.as_str() != "proxy").then_some(name)
}

fn header_value(variable: &[u8], value: &[u8]) -> Result<HeaderValue, Unacceptable> {
    let name = || String::from_utf8_lossy(variable).into_owned();
    HeaderValue::from_bytes(value).map_err(|_| Unacceptable::Header(name()))
}

fn is_redirected_authorization(name: &[u8]) -> bool {
    let mut rest = name;
    while let Some(shorter) = rest.strip_prefix(b"REDIRECT_") {
        rest = shorter;
    }
    rest == b"HTTP_AUTHORIZATION" && rest.len() < name.len()
}

/// What follows `script` in a path as sent, decoded.
fn below(script: &[u8], raw_path: &[u8]) -> Option<Vec<u8>> {
    let decoded = decode_path(raw_path)?;
    let rest = decoded.strip_prefix(script)?;
    (!script.is_empty() && rest.first() == Some(&b'/')).then(|| rest.to_vec())
}

/// The mount as the URL shows it, where a rewriting rule put the program's name into `SCRIPT_NAME`: what
/// stands before `path` in the path as sent. None where the two agree.
fn mount_in_url(mount: &[u8], path: &[u8], raw_path: &[u8]) -> Option<Vec<u8>> {
    let decoded = decode_path(raw_path)?;
    if decoded.starts_with(mount) || !path.starts_with(b"/") {
        return None;
    }
    decoded.strip_suffix(path).map(<[u8]>::to_vec)
}

/// Whether a path as sent holds an encoded slash or NUL, which servers decode or keep as they like.
pub(super) fn hides_slash_or_nul(raw_path: &[u8]) -> bool {
    let hidden = |code: &[u8]| code.eq_ignore_ascii_case(b"%2f") || code == b"%00";
    raw_path.windows(3).any(hidden)
}

/// Decodes percent escapes, once; none if one of them is malformed.
pub(super) fn decode_path(raw: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            decoded.push(byte);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let value = |digit: u8| char::from(digit).to_digit(16);
        decoded.push(u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()?);
        rest = after;
    }
    Some(decoded)
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
