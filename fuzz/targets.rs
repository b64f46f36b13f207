//! What is fuzzed: for each kind of input that strangers can send, or that comes from files and servers
//! which are not ours, one function that reads it and checks what must hold whatever it is.
//!
//! The fuzzers in `fuzz_targets/` and the ordinary tests in `tests/fuzz_corpora.rs` call the same ones.

mod connections;

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::OsStringExt;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method};
use weft::app::App;
use weft::auth::BasicCredentials;
use weft::auth::ldap::{quoted_in_dn, quoted_in_filter};
use weft::cache::php_value::{PhpLimits, decode, encode};
use weft::config::Config;
use weft::config::php::{PhpSource, read_constants};
use weft::config::php_mapping::to_toml;
use weft::config::value::FilePath;
use weft::exchange::{Application, Client, Request, RequestBody, Response, ResponseBody, Target};
use weft::sync::Timestamp;
use weft::{gateway, routes};

pub use connections::{fastcgi_records, http_requests};

/// A kind of input, and what is done with one.
pub type Fuzzed = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: [Fuzzed; 13] = [
    ("fastcgi_records", fastcgi_records),
    ("http_requests", http_requests),
    ("cgi_environment", cgi_environment),
    ("paths", paths),
    ("basic_credentials", basic_credentials),
    ("wbo_json", wbo_json),
    ("query_strings", query_strings),
    ("accept_headers", accept_headers),
    ("php_serialized", php_serialized),
    ("php_constants", php_constants),
    ("ldap_names", ldap_names),
    ("cookies", cookies),
    ("forms", forms),
];

/// Says what it was asked, whatever that was.
struct Mirror;

impl Application for Mirror {
    fn handle(&self, mut request: Request<'_>) -> Response {
        let target: Target = request.extensions_mut().remove().unwrap();
        let route = routes::resolve(&target, None);
        let headers = request.headers().len();
        let body = request.into_body().read_all(1 << 20).map(|body| body.len());
        Response::new(ResponseBody::from(format!("{route:?} {headers} {body:?}")))
    }

    fn can_come_back(&self, _: &Request<'_>) -> bool {
        false
    }

    fn overloaded(&self, _: &Request<'_>) -> Response {
        Response::new(ResponseBody::from("overloaded"))
    }

    fn interrupted(&self, _: &io::Error) -> Response {
        Response::new(ResponseBody::from("interrupted"))
    }
}

/// `NAME=value` and so on, each ended by a zero; behind an empty one the body.
pub fn cgi_environment(data: &[u8]) {
    let mut rest = data;
    let mut environment = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if line.is_empty() {
            break;
        }
        let equals = line
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or(line.len());
        let (name, value) = line.split_at(equals);
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        environment.push((text(name), text(value.get(1..).unwrap_or_default())));
    }
    let mut answer = Vec::new();
    gateway::cgi::serve(&Mirror, &environment, rest, &mut answer).unwrap();
    assert!(
        answer.starts_with(b"Status: "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

/// Mount, path and the operator's own base, parted by zeros.
pub fn paths(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default().to_vec();
    let (path, mount, base) = (next(), next(), next());
    let target = Target {
        mount,
        path,
        ..Target::default()
    };
    let base = String::from_utf8(base).ok().filter(|base| !base.is_empty());
    for base in [None, base.as_deref()] {
        let root = routes::root(&target, base);
        assert!(root.iter().all(|segment| !segment.contains(&b'/')));
        if let routes::Route::Storage(path) = routes::resolve(&target, base) {
            assert!(
                ![path.user, path.function, path.collection]
                    .iter()
                    .any(|part| part.contains('/'))
            );
        }
    }
}

/// The value of `Authorization`: what is read is what was meant.
pub fn basic_credentials(data: &[u8]) {
    let Ok(read) = BasicCredentials::from_header(Some(data)) else {
        return;
    };
    assert!(!read.user.is_empty() && !read.user.contains(':'));
    let again = STANDARD.encode(format!("{}:{}", read.user, read.password.as_str()));
    let again = BasicCredentials::from_header(Some(format!("Basic {again}").as_bytes()));
    assert_eq!(again, Ok(read));
}

/// PHP's `serialize()`: what is read, written and read again is the same.
pub fn php_serialized(data: &[u8]) {
    if let Ok(value) = decode(data, &PhpLimits::default()) {
        let written = encode(&value);
        let read = decode(&written, &PhpLimits::default()).unwrap();
        // A NaN is equal to nothing, but is written as it was.
        assert_eq!(encode(&read), written);
    }
}

/// A file with constants: whatever is in it, TOML comes out.
pub fn php_constants(data: &[u8]) {
    let source = PhpSource {
        path: "default_constants.php".to_owned(),
        text: data.to_vec(),
    };
    let constants = read_constants(vec![source], &|_| None);
    let made = to_toml(&constants);
    made.parse::<toml::Table>()
        .unwrap_or_else(|why| panic!("{why}\n{made}"));
}

/// A name within a distinguished name and a filter: it ends neither, and means itself.
pub fn ldap_names(data: &[u8]) {
    let Ok(name) = std::str::from_utf8(data) else {
        return;
    };
    let quoted = quoted_in_filter(name);
    assert_eq!(unquoted(&quoted, "*()\0"), name.as_bytes(), "{quoted}");
    let quoted = quoted_in_dn(name);
    assert_eq!(unquoted(&quoted, ",+\"<>;=\0"), name.as_bytes(), "{quoted}");
    assert!(!quoted.starts_with([' ', '#']), "{quoted}");
    assert!(
        !quoted.ends_with(' ') || quoted.ends_with("\\ "),
        "{quoted}"
    );
}

/// A quoted text without its quotes, in which none of `special` stands for itself.
fn unquoted(quoted: &str, special: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        assert!(!special.contains(letter), "{letter:?} in {quoted:?}");
        if letter != '\\' {
            out.extend(letter.to_string().bytes());
            continue;
        }
        let next = letters.next().expect("a quote quotes something");
        match (
            next.to_digit(16),
            letters.clone().next().and_then(|low| low.to_digit(16)),
        ) {
            (Some(high), Some(low)) => {
                letters.next();
                out.push((high * 16 + low) as u8);
            }
            _ => out.extend(next.to_string().bytes()),
        }
    }
    out
}

const PASSWORD: &str = "a long password";

/// A server in memory, as far as its files are, with one account.
fn app() -> &'static App {
    static APP: OnceLock<App> = OnceLock::new();
    APP.get_or_init(|| {
        let shared_memory = std::path::Path::new("/dev/shm");
        let folder = match shared_memory.is_dir() {
            true => tempfile::tempdir_in(shared_memory),
            false => tempfile::tempdir(),
        };
        let mut config = Config::default();
        config.data.dir = FilePath(folder.unwrap().keep());
        config.auth.argon2_memory_kib = 8;
        config.auth.argon2_iterations = 1;
        config.lockout.failures = None;
        let app = App::new(
            &config,
            Arc::new(|| Timestamp::from_centis(177_236_820_500)),
        )
        .unwrap();
        let body = format!(r#"{{"password":"{PASSWORD}","email":"ada@example.org"}}"#);
        let made = ask(&app, ("PUT", b"/user/1.0/ada", b""), &[], body.as_bytes());
        assert_eq!(made.unwrap().status, 200);
        app
    })
}

struct Answer {
    status: u16,
    body: Vec<u8>,
    cookie: Option<String>,
}

/// What the application answers; nothing if a header can't be sent at all.
fn ask(
    app: &App,
    (method, path, query): (&str, &[u8], &[u8]),
    headers: &[(&str, &[u8])],
    body: &[u8],
) -> Option<Answer> {
    let body = io::Cursor::new(body.to_vec());
    let mut request = Request::new(RequestBody::new(Box::new(body), None));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value).ok()?);
    }
    request.extensions_mut().insert(Target {
        path: path.to_vec(),
        query: query.to_vec(),
        ..Target::default()
    });
    request.extensions_mut().insert(Client {
        address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        ..Client::default()
    });
    let (head, body) = app.handle(request).into_parts();
    let body = match body {
        ResponseBody::Bytes(bytes) => bytes,
        ResponseBody::Stream(write) => {
            let mut bytes = Vec::new();
            write(&mut bytes).unwrap();
            bytes
        }
    };
    // A fault would be a 500, and a backend that was confused by it a 503.
    assert!(
        head.status.as_u16() < 500,
        "{}",
        String::from_utf8_lossy(&body)
    );
    let cookie = head
        .headers
        .get("set-cookie")
        .and_then(|value| value.to_str().ok());
    Some(Answer {
        status: head.status.as_u16(),
        cookie: cookie.and_then(|value| Some(value.split(';').next()?.to_owned())),
        body,
    })
}

/// The same as the account's owner.
fn as_ada(request: (&str, &[u8], &[u8]), header: (&str, &[u8]), body: &[u8]) -> Option<Answer> {
    let credentials = format!("Basic {}", STANDARD.encode(format!("ada:{PASSWORD}")));
    let headers = [("authorization", credentials.as_bytes()), header];
    ask(app(), request, &headers, body)
}

/// A record or a list of them, to either version: what is taken can be read, as JSON.
pub fn wbo_json(data: &[u8]) {
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    let version = if first & 1 == 0 { "1.0" } else { "1.1" };
    let list = format!("/{version}/ada/storage/fuzz");
    let record = format!("{list}/a");
    let nothing = ("accept", &b"application/json"[..]);
    let written = match first & 2 {
        0 => as_ada(("PUT", record.as_bytes(), b""), nothing, body),
        _ => as_ada(("POST", list.as_bytes(), b""), nothing, body),
    };
    if written.is_none_or(|answer| answer.status != 200) {
        return;
    }
    let read = as_ada(("GET", list.as_bytes(), b"full=1"), nothing, b"").unwrap();
    let read: serde_json::Value = serde_json::from_slice(&read.body).unwrap();
    let records = read.as_array().unwrap();
    assert!(records.iter().all(|record| record["id"].is_string()));
    as_ada(("DELETE", list.as_bytes(), b""), nothing, b"");
}

/// The query of a read or a deletion.
pub fn query_strings(data: &[u8]) {
    let (first, query) = data.split_first().unwrap_or((&0, &[]));
    let method = if first & 1 == 0 { "GET" } else { "DELETE" };
    let path: &[u8] = match first >> 1 & 3 {
        0 => b"/1.0/ada/storage/forms",
        1 => b"/1.1/ada/storage/forms",
        2 => b"/account/sign-up",
        _ => b"/weave-password-reset",
    };
    as_ada((method, path, query), ("accept", b"*/*"), b"");
}

/// `Accept`: an answer has one of the three formats, and is well formed in it.
pub fn accept_headers(data: &[u8]) {
    for path in ["/1.0/ada/storage/kept", "/1.1/ada/info/collections"] {
        let get = ("GET", path.as_bytes(), &b"full=1"[..]);
        if let Some(answer) = as_ada(get, ("accept", data), b"") {
            assert!([200, 406].contains(&answer.status), "{}", answer.status);
        }
    }
}

/// `Cookie`: nobody gets in by one that was not made here.
pub fn cookies(data: &[u8]) {
    let answer = ask(app(), ("GET", b"/account", b""), &[("cookie", data)], b"");
    assert!(answer.is_none_or(|answer| answer.status == 303));
}

/// A form of the pages, with the token that they want.
pub fn forms(data: &[u8]) {
    static FORM: OnceLock<(String, String)> = OnceLock::new();
    let (cookie, token) = FORM.get_or_init(|| {
        let page = ask(app(), ("GET", b"/account/sign-in", b""), &[], b"").unwrap();
        let html = String::from_utf8(page.body).unwrap();
        let (_, token) = html.rsplit_once("name=\"token\" value=\"").unwrap();
        (
            page.cookie.unwrap(),
            token.split('"').next().unwrap().to_owned(),
        )
    });
    let (first, fields) = data.split_first().unwrap_or((&0, &[]));
    let path: &[u8] = match first & 3 {
        0 => b"/account/sign-in",
        1 => b"/account/sign-up",
        2 => b"/weave-password-reset",
        _ => b"/weave-delete-account",
    };
    let body = [format!("token={token}&").as_bytes(), fields].concat();
    let sent = ask(
        app(),
        ("POST", path, b""),
        &[("cookie", cookie.as_bytes())],
        &body,
    );
    assert!(sent.is_some());
}
