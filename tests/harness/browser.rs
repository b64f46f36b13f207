//! The two clients, in their own words.
//!
//! Nobody can change these browsers, so the tests ask as they ask: their `User-Agent`, the `Accept` of
//! a web page on JSON, `text/plain` bodies, headers in the order in which their network code writes
//! them. Seen in the desktop client (Pale Moon's platform) and the Android client. Bodies are given by
//! the test; everything around them is here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Server;
use super::http::Request;

const PALE_MOON: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:68.0) Gecko/20100101 Goanna/4.8 \
                         Firefox/68.0 PaleMoon/29.0.0";
const PALE_MOON_SYNC: &str = "PaleMoon/29.0.0 FxSync/1.45.0.20210202100000.desktop";
const ANDROID: &str = "Firefox AndroidSync 1.45.0.0 (Firefox)";
const WEB_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Who asks, and which server.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Host and port.
    pub host: String,
    /// The path of the address that the user entered: begins and ends with a slash.
    pub base: String,
    /// The user name in lower case, as the browser derives it from the account.
    pub user: String,
    pub password: String,
}

impl Profile {
    pub fn new(server: &Server, user: &str, password: &str) -> Profile {
        Profile {
            host: server.host(),
            base: server.prefix().to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    /// A person who has just created an account, as the desktop's set-up dialog does.
    pub fn registered(server: &Server, user: &str) -> Profile {
        let profile = Profile::new(server, user, "a long password");
        let created = server.send(&profile.desktop().create("someone@example.com"));
        assert_eq!(
            (created.status, created.text().as_str()),
            (200, user),
            "{created:?}"
        );
        profile
    }

    /// The same person with the address entered differently, say with `index.php/` at its end.
    pub fn below(&self, more: &str) -> Profile {
        Profile {
            base: format!("{}{more}", self.base),
            ..self.clone()
        }
    }

    pub fn desktop(&self) -> Desktop<'_> {
        Desktop(self)
    }

    pub fn android(&self) -> Android<'_> {
        Android(self)
    }

    fn user_url(&self, rest: &str) -> String {
        format!("{}user/1.0/{}{rest}", self.base, self.user)
    }

    fn storage_url(&self, rest: &str) -> String {
        format!("{}1.1/{}/{rest}", self.base, self.user)
    }

    fn authorization(&self) -> String {
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", self.user, self.password))
        )
    }
}

/// The desktop client.
pub struct Desktop<'a>(&'a Profile);

impl Desktop<'_> {
    /// The set-up dialog asks whether the name is taken.
    pub fn exists(&self) -> Request {
        self.request("GET", self.0.user_url(""), &Voice::dialog(), None)
    }

    /// The set-up dialog creates the account.
    pub fn create(&self, email: &str) -> Request {
        let body = serde_json::json!({
            "email": email,
            "password": self.0.password,
            "captcha-challenge": null,
            "captcha-response": null,
        });
        let text = body.to_string();
        self.request(
            "PUT",
            self.0.user_url(""),
            &Voice::dialog(),
            Some(text.as_bytes()),
        )
    }

    /// The change of the password, known by the old one.
    pub fn change_password(&self, new: &str) -> Request {
        let voice = Voice {
            authorization: Some(self.0.authorization()),
            ..Voice::dialog()
        };
        self.request(
            "POST",
            self.0.user_url("/password"),
            &voice,
            Some(new.as_bytes()),
        )
    }

    /// Where is my data? With credentials, as when they are known.
    pub fn node(&self) -> Request {
        self.request("GET", self.0.user_url("/node/weave"), &self.sync(), None)
    }

    /// The set-up dialog's look for a captcha.
    pub fn captcha(&self) -> Request {
        let target = format!("{}misc/1.0/captcha_html", self.0.base);
        self.request("GET", target, &Voice::dialog(), None)
    }

    /// Reads something below the storage root: `info/collections`, `storage/meta/global`.
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", self.0.storage_url(path), &self.sync(), None)
    }

    /// Reads a collection, as lines.
    pub fn get_lines(&self, path: &str) -> Request {
        let voice = Voice {
            accept: "application/newlines",
            ..self.sync()
        };
        self.request("GET", self.0.storage_url(path), &voice, None)
    }

    /// Writes a record.
    pub fn put(&self, path: &str, body: &[u8]) -> Request {
        self.request("PUT", self.0.storage_url(path), &self.sync(), Some(body))
    }

    /// Writes a list of records.
    pub fn post(&self, path: &str, body: &[u8]) -> Request {
        self.request("POST", self.0.storage_url(path), &self.sync(), Some(body))
    }

    /// Deletes a collection or records.
    pub fn delete(&self, path: &str) -> Request {
        self.request("DELETE", self.0.storage_url(path), &self.sync(), None)
    }

    /// Deletes everything.
    pub fn wipe(&self) -> Request {
        let voice = Voice {
            extra: Some(("X-Confirm-Delete", "1")),
            ..self.sync()
        };
        self.request("DELETE", self.0.storage_url("storage"), &voice, None)
    }

    fn sync(&self) -> Voice {
        Voice {
            user_agent: PALE_MOON_SYNC,
            authorization: Some(self.0.authorization()),
            ..Voice::dialog()
        }
    }

    fn request(&self, method: &str, target: String, voice: &Voice, body: Option<&[u8]>) -> Request {
        let mut request = Request::new(method, target)
            .header("Host", &self.0.host)
            .header("User-Agent", voice.user_agent)
            .header("Accept", voice.accept)
            .header("Accept-Language", "en-US,en;q=0.5")
            .header("Accept-Encoding", "gzip, deflate");
        if let Some(authorization) = &voice.authorization {
            request = request.header("Authorization", authorization);
        }
        if let Some((name, value)) = voice.extra {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "text/plain").body(body);
        }
        request
            .header("Connection", "keep-alive")
            .header("Pragma", "no-cache")
            .header("Cache-Control", "no-cache")
    }
}

/// What differs between the desktop client's requests.
struct Voice {
    user_agent: &'static str,
    accept: &'static str,
    authorization: Option<String>,
    extra: Option<(&'static str, &'static str)>,
}

impl Voice {
    fn dialog() -> Voice {
        Voice {
            user_agent: PALE_MOON,
            accept: WEB_PAGE,
            authorization: None,
            extra: None,
        }
    }
}

/// The Android client.
pub struct Android<'a>(&'a Profile);

impl Android<'_> {
    /// The set-up asks whether the account exists.
    pub fn exists(&self) -> Request {
        self.send(Request::new("GET", self.0.user_url("")), &self.0.host)
    }

    /// Where is my data?
    pub fn node(&self) -> Request {
        self.send(
            Request::new("GET", self.0.user_url("/node/weave")),
            &self.0.host,
        )
    }

    /// The set-up checks the password: a slash at the end, and a `Host` without its port.
    pub fn check_password(&self) -> Request {
        let host = self.0.host.split(':').next().unwrap_or_default();
        self.send(self.authorized("GET", "info/collections/"), host)
    }

    /// Reads something below the storage root.
    pub fn get(&self, path: &str) -> Request {
        self.send(self.authorized("GET", path), &self.0.host)
    }

    /// Reads a collection, as lines.
    pub fn get_lines(&self, path: &str) -> Request {
        let request = self
            .authorized("GET", path)
            .header("Accept", "application/newlines");
        self.send(request, &self.0.host)
    }

    /// Writes a record.
    pub fn put(&self, path: &str, body: &[u8]) -> Request {
        self.send(json(self.authorized("PUT", path), body), &self.0.host)
    }

    /// Writes records, each given as JSON, framed as this client frames them.
    pub fn post(&self, path: &str, records: &[&str]) -> Request {
        let request = self.authorized("POST", path);
        self.send(json(request, &android_batch(records)), &self.0.host)
    }

    /// Writes records unless the collection changed since, in seconds with three decimals.
    pub fn post_unless_modified(&self, path: &str, since: &str, records: &[&str]) -> Request {
        let request = self
            .authorized("POST", path)
            .header("X-If-Unmodified-Since", since);
        self.send(json(request, &android_batch(records)), &self.0.host)
    }

    /// Deletes; this client confirms every deletion.
    pub fn delete(&self, path: &str) -> Request {
        let request = self
            .authorized("DELETE", path)
            .header("X-Confirm-Delete", "1");
        self.send(request, &self.0.host)
    }

    fn authorized(&self, method: &str, path: &str) -> Request {
        Request::new(method, self.0.storage_url(path))
            .header("Authorization", self.0.authorization())
    }

    fn send(&self, request: Request, host: &str) -> Request {
        request
            .header("Host", host)
            .header("Connection", "Keep-Alive")
            .header("User-Agent", ANDROID)
    }
}

/// The list of records as the Android client frames it: a line each, white space at both ends.
fn android_batch(records: &[&str]) -> Vec<u8> {
    format!("[\n{}\n]\n", records.join(",\n")).into_bytes()
}

fn json(request: Request, body: &[u8]) -> Request {
    // Length before type, as this client's network code writes them.
    request
        .body(body)
        .header("Content-Type", "application/json")
}
