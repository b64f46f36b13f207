//! A person who uses one version of the storage API, with nothing around the request that a browser
//! would add: what the tests of the protocol ask with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Server;
use super::browser::Profile;
use super::http::{Request, Response};

/// As the legacy PHP server answered.
pub const PHP: &str = "1.0";
/// As the Python server answered.
pub const PYTHON: &str = "1.1";

/// A registered person, the server, and the version of the API that is asked.
#[derive(Clone)]
pub struct User<'a> {
    pub server: &'a Server,
    pub version: &'static str,
    pub name: String,
    pub password: String,
}

impl<'a> User<'a> {
    /// Registers a new person.
    pub fn new(server: &'a Server, version: &'static str, name: &str) -> User<'a> {
        let Profile { user, password, .. } = Profile::registered(server, name);
        User {
            server,
            version,
            name: user,
            password,
        }
    }

    /// The same person, asking another version.
    pub fn at(&self, version: &'static str) -> User<'a> {
        User {
            version,
            ..self.clone()
        }
    }

    /// The same name with another password.
    pub fn with_password(&self, password: &str) -> User<'a> {
        User {
            password: password.to_owned(),
            ..self.clone()
        }
    }

    /// The URL path of something of this person's, below the version and the name.
    pub fn url(&self, path: &str) -> String {
        format!(
            "{}{}/{}/{path}",
            self.server.prefix(),
            self.version,
            self.name
        )
    }

    /// A request without credentials.
    pub fn anonymous(&self, method: &str, path: &str) -> Request {
        Request::new(method, self.url(path)).header("Host", self.server.host())
    }

    /// A request with credentials.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let credentials = basic(format!("{}:{}", self.name, self.password));
        self.anonymous(method, path)
            .header("Authorization", credentials)
    }

    pub fn send(&self, request: &Request) -> Response {
        self.server.send(request)
    }

    pub fn get(&self, path: &str) -> Response {
        self.send(&self.request("GET", path))
    }

    /// Asks for a collection or a list in one of its formats.
    pub fn get_as(&self, accept: &str, path: &str) -> Response {
        self.send(&self.request("GET", path).header("Accept", accept))
    }

    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> Response {
        self.send(&self.request("PUT", path).body(body))
    }

    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Response {
        self.send(&self.request("POST", path).body(body))
    }

    pub fn delete(&self, path: &str) -> Response {
        self.send(&self.request("DELETE", path))
    }

    /// Deletes everything.
    pub fn wipe(&self) -> Response {
        self.send(
            &self
                .request("DELETE", "storage")
                .header("X-Confirm-Delete", "1"),
        )
    }

    /// A write or deletion under the condition that the collection has not changed since.
    pub fn unless_modified(&self, since: &str, method: &str, path: &str, body: &str) -> Response {
        let request = self
            .request(method, path)
            .header("X-If-Unmodified-Since", since);
        self.send(&request.body(body))
    }

    /// The ids in a collection, sorted.
    #[track_caller]
    pub fn ids(&self, path: &str) -> Vec<String> {
        let mut ids = self.ids_in_order(path);
        ids.sort();
        ids
    }

    /// The ids in a collection in the order of the answer.
    #[track_caller]
    pub fn ids_in_order(&self, path: &str) -> Vec<String> {
        let answer = self.get(path);
        serde_json::from_value(answer.json()).unwrap_or_else(|_| panic!("no ids: {answer:?}"))
    }
}

/// The value of an `Authorization` header.
pub fn basic(credentials: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// Whole hundredths of a second, from a time as the protocol prints it: digits with at most two
/// decimals, and nothing else.
#[track_caller]
pub fn centiseconds(text: &str) -> i64 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits(whole) && digits(decimals) && !whole.is_empty() && decimals.len() <= 2;
    assert!(
        fits && !text.ends_with('.'),
        "no time of the protocol: {text:?}"
    );
    format!("{whole}{decimals:0<2}").parse().expect("digits")
}
