//! The user API on the real SQLite engines: bodies byte by byte, and which check comes first.

mod nodes;
mod refused;
mod resets;
mod sign_up;

use super::*;
use crate::accounts::testing::people;
use crate::api::heartbeat::LastCheck;
use crate::api::{Node, Settings};
use crate::auth::password::{Argon2Cost, HashSettings, PasswordHashes};
use crate::auth::password_check::{Memory, PasswordCheck};
use crate::auth::sqlite::SqliteAccounts;
use crate::auth::{Accounts, RateLimit};
use crate::exchange::{Client, Request, RequestBody, ResponseBody, Target};
use crate::routes::{self, Route};
use crate::security_log::SecurityLog;
use crate::storage::sqlite::{SqliteOptions, SqliteStorage};
use crate::sync::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use std::time::Duration;

struct Server {
    api: Api,
    accounts: Arc<SqliteAccounts>,
    _folder: tempfile::TempDir,
}

/// A request, as far as these tests care.
struct Ask<'a> {
    method: &'a str,
    mount: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
    client: Client,
}

fn ask<'a>(method: &'a str, path: &'a str) -> Ask<'a> {
    let client = Client {
        address: Some([192, 0, 2, 1].into()),
        ..Client::default()
    };
    Ask {
        method,
        mount: "",
        path,
        headers: vec![("host", "sync.example.com".to_owned())],
        body: "",
        client,
    }
}

impl<'a> Ask<'a> {
    fn body(mut self, body: &'a str) -> Self {
        self.body = body;
        self
    }

    fn mount(mut self, mount: &'a str) -> Self {
        self.mount = mount;
        self
    }

    fn header(mut self, name: &'a str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn login(self, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    fn from(mut self, change: impl FnOnce(&mut Client)) -> Self {
        change(&mut self.client);
        self
    }
}

impl Server {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| SqliteOptions::new(folder.path().join(name));
        let argon2 = Argon2Cost {
            memory_kib: 256,
            ..Argon2Cost::default()
        };
        let hashes = HashSettings {
            argon2,
            ..HashSettings::default()
        };
        let memory = Memory {
            lifetime: Duration::from_secs(60),
            capacity: 10,
        };
        let hashes = PasswordHashes::new(hashes).unwrap();
        let check = PasswordCheck::new(hashes, memory, |bytes| bytes.fill(1));
        let accounts = Arc::new(SqliteAccounts::new(file("accounts.db"), check));
        let clock: crate::sync::Clock = Arc::new(|| Timestamp::from_centis(179_545_980_750));
        let mut settings = Settings::default();
        change(&mut settings);
        let api = Api {
            storage: Arc::new(SqliteStorage::new(file("weft.db"), Arc::clone(&clock))),
            accounts: Arc::clone(&accounts) as _,
            people: people(folder.path()),
            lockout: None,
            write_cap: None,
            security_log: Arc::new(SecurityLog::off()),
            name_checks: RateLimit::new(5, Duration::from_secs(3600), 10),
            settings,
            last_check: LastCheck::default(),
            clock,
        };
        Server {
            api,
            accounts,
            _folder: folder,
        }
    }

    /// One with the user `ada`.
    fn with_ada(change: impl FnOnce(&mut Settings)) -> Self {
        let server = Server::new(change);
        let new = NewAccount {
            name: &ada(),
            password: &Password::from_wire(b"testpass").unwrap(),
            email: Some("ada@example.com"),
        };
        server.accounts.create(&new).unwrap().unwrap();
        server
    }

    /// Status and body of the answer.
    fn answer(&self, ask: Ask<'_>) -> (u16, String) {
        let target = Target {
            mount: ask.mount.into(),
            path: ask.path.split('?').next().unwrap().into(),
            query: ask
                .path
                .split_once('?')
                .map_or("", |(_, query)| query)
                .into(),
            ..Target::default()
        };
        let route = routes::resolve(&target, self.api.settings.base_path.as_deref());
        let Route::User(parts) = route else {
            panic!("{} + {} is {route:?}", ask.mount, ask.path);
        };
        let mut request = http::Request::builder().method(ask.method);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let body = RequestBody::new(Box::new(ask.body.as_bytes()), None);
        let mut request: Request<'_> = request.body(body).unwrap();
        request.extensions_mut().insert(target);
        request.extensions_mut().insert(ask.client);
        let response = self.api.user(Call::from(request), &parts);
        let status = response.status().as_u16();
        match response.into_body() {
            ResponseBody::Bytes(bytes) => (status, String::from_utf8(bytes).unwrap()),
            ResponseBody::Stream(_) => panic!("a stream"),
        }
    }

    fn node(&self, ask: Ask<'_>) -> String {
        let (status, body) = self.answer(ask);
        assert_eq!(status, 200, "{body}");
        body
    }
}

fn ada() -> UserName {
    UserName::new("ada").unwrap()
}

fn is(status: u16, body: &str) -> (u16, String) {
    (status, body.to_owned())
}

mod names {
    use super::*;

    #[test]
    fn a_name_is_free_or_taken_in_one_character() {
        let server = Server::with_ada(|_| {});
        assert_eq!(server.answer(ask("GET", "/user/1.0/ada")), is(200, "1"));
        assert_eq!(server.answer(ask("GET", "/user/1/ADA/")), is(200, "1"));
        assert_eq!(server.answer(ask("GET", "/user/1.0/a")), is(200, "0"));
        let long = format!("/user/1.0/{}", "a".repeat(33));
        assert_eq!(server.answer(ask("GET", &long)), is(200, "0"));
    }

    #[test]
    fn who_asks_too_often_learns_nothing_and_the_wizard_goes_on() {
        let server = Server::with_ada(|_| {});
        let name = || ask("GET", "/user/1.0/ada");
        for _ in 0..5 {
            assert_eq!(server.answer(name()), is(200, "1"));
        }
        assert_eq!(server.answer(name()), is(503, "0"));
        let free = ask("GET", "/user/1.0/nobody");
        assert_eq!(
            server.answer(free),
            is(503, "0"),
            "told apart from no other"
        );
        let other = name().from(|client| client.address = Some([192, 0, 2, 2].into()));
        assert_eq!(server.answer(other), is(200, "1"));
    }

    #[test]
    fn no_other_call_is_counted_or_refused() {
        let server = Server::with_ada(|_| {});
        for _ in 0..10 {
            server.node(ask("GET", "/user/1.0/ada/node/weave"));
        }
        for n in 0..10 {
            let expected = if n < 5 { 200 } else { 503 };
            assert_eq!(server.answer(ask("GET", "/user/1.0/ada")).0, expected);
        }
        server.node(ask("GET", "/user/1.0/ada/node/weave"));
        let put = ask("PUT", "/user/1.0/bob").body(r#"{"password":"long enough"}"#);
        assert_eq!(server.answer(put), is(200, "bob"));
    }
}

mod signing_up {
    use super::*;

    /// The name that browsers and the Python server make of `ada@example.com`, and what only one of
    /// them makes of an address that is not ASCII.
    fn made_of(email: &str) -> [String; 2] {
        [username_in_browsers(email), username_from_account(email)]
            .map(|name| name.unwrap().as_str().to_owned())
    }

    #[test]
    fn the_answer_is_the_bare_name_in_lower_case() {
        let server = Server::new(|_| {});
        let body = r#"{"email":"ada@example.com","password":"testpass","captcha-challenge":null}"#;
        let put = ask("PUT", "/user/1.0/Ada").body(body);
        assert_eq!(server.answer(put), is(200, "ada"));
        let found = server.accounts.lookup(&ada()).unwrap().unwrap();
        assert_eq!(found.email.as_deref(), Some("ada@example.com"));
        let login = ask("DELETE", "/user/1.0/ada").login("ada", "testpass");
        assert_eq!(server.answer(login), is(200, "0"));
    }

    /// Each line is wrong in everything that later lines are wrong in, too.
    #[test]
    fn the_first_thing_that_is_wrong_is_told() {
        let mut server = Server::with_ada(|settings| {
            settings.registration.strict_usernames = true;
        });
        server.api.people.settings.sign_up = SignUpMode::Closed;
        let name = &made_of("bob@example.com")[0];
        let own = format!("/user/1.0/{name}");
        for (path, body, status, told) in [
            ("/user/1.0/b%b", "no JSON", 400, "3"),
            ("/user/1.0/ada", "no JSON", 400, "4"),
            ("/user/1.0/bob", "no JSON", 400, "6"),
            ("/user/1.0/bob", r#"["password"]"#, 400, "6"),
            ("/user/1.0/bob", r#"{"email":"bob"}"#, 400, "12"),
            ("/user/1.0/bob", r#"{"email":"bob@example.com"}"#, 400, "15"),
            ("/user/1.0/bob", "{}", 400, "15"),
            (&own, r#"{"email":"bob@example.com"}"#, 400, "7"),
            (
                &own,
                r#"{"email":"bob@example.com","password":""}"#,
                400,
                "7",
            ),
            (
                &own,
                r#"{"email":"bob@example.com","password":"short"}"#,
                400,
                "9",
            ),
            (
                &own,
                r#"{"email":"bob@example.com","password":"long enough"}"#,
                403,
                "\"Registration is closed\"",
            ),
        ] {
            let answer = server.answer(ask("PUT", path).body(body));
            assert_eq!(answer, is(status, told), "{path} {body}");
        }
        assert_eq!(server.accounts.list().unwrap().len(), 1);
    }

    #[test]
    fn an_address_is_required_only_where_the_operator_says_so() {
        let body = r#"{"email":"","password":"long enough"}"#;
        let open = Server::new(|_| {});
        let put = || ask("PUT", "/user/1.0/bob").body(body);
        assert_eq!(open.answer(put()), is(200, "bob"));
        let strict = Server::new(|settings| settings.registration.require_email = true);
        assert_eq!(strict.answer(put()), is(400, "12"));
    }

    #[test]
    fn the_secret_opens_a_closed_registration() {
        let mut server = Server::new(|settings| {
            settings.registration.secret = Some("open sesame".to_owned());
        });
        server.api.people.settings.sign_up = SignUpMode::Closed;
        let put = || ask("PUT", "/user/1.0/bob").body(r#"{"password":"long enough"}"#);
        let wrong = put().header("x-weave-secret", "open sesam");
        assert_eq!(server.answer(wrong).0, 403);
        let right = put().header("x-weave-secret", "open sesame");
        assert_eq!(server.answer(right), is(200, "bob"));
    }

    #[test]
    fn a_strict_name_is_the_browsers_or_the_python_server_s() {
        let server = Server::new(|settings| settings.registration.strict_usernames = true);
        let email = "françois@valid.test";
        let names = made_of(email);
        assert_ne!(names[0], names[1]);
        for name in names {
            let path = format!("/user/1.0/{name}");
            let body = format!(r#"{{"email":"{email}","password":"long enough"}}"#);
            let put = ask("PUT", &path).body(&body);
            assert_eq!(server.answer(put), is(200, &name));
        }
    }
}

mod owners {
    use super::*;

    #[test]
    fn the_password_is_changed_and_success_is_the_word() {
        let server = Server::with_ada(|_| {});
        let change = |new| ask("POST", "/user/1.0/ada/password").body(new);
        let weak = change("short");
        assert_eq!(server.answer(weak), is(400, "9"), "before any login");
        assert_eq!(server.answer(change("new password")).0, 401);
        let good = change("new password").login("ada", "testpass");
        assert_eq!(server.answer(good), is(200, "success"));
        let old = change("new password").login("ada", "testpass");
        assert_eq!(server.answer(old).0, 401);
        let again = change("testpass").login("ADA", "new password");
        assert_eq!(server.answer(again), is(200, "success"));
        let code = change("long enough").header("x-weave-password-reset", "AAAA");
        assert_eq!(server.answer(code), is(400, "10"));
    }

    #[test]
    fn the_address_is_changed_and_echoed() {
        let server = Server::with_ada(|_| {});
        let change = |new| ask("POST", "/user/1.0/ada/email").body(new);
        assert_eq!(server.answer(change("a@example.org")).0, 401);
        let bad = change("nowhere").login("ada", "testpass");
        assert_eq!(server.answer(bad), is(400, "12"));
        let good = change("a@example.org").login("ada", "testpass");
        assert_eq!(server.answer(good), is(200, "a@example.org"));
        let found = server.accounts.lookup(&ada()).unwrap().unwrap();
        assert_eq!(found.email.as_deref(), Some("a@example.org"));
    }

    #[test]
    fn nobody_deletes_another() {
        let server = Server::with_ada(|_| {});
        let delete = || ask("DELETE", "/user/1.0/ada");
        assert_eq!(server.answer(delete()).0, 401);
        assert_eq!(server.answer(delete().login("bob", "testpass")).0, 401);
        assert_eq!(server.answer(delete().login("ada", "testpasS")).0, 401);
        assert_eq!(
            server.answer(delete().login("ada", "testpass")),
            is(200, "0")
        );
        assert_eq!(server.answer(delete().login("ada", "testpass")).0, 401);
        assert_eq!(server.answer(ask("GET", "/user/1.0/ada")), is(200, "0"));
    }
}
