//! What a user hears who has written enough for a day: 503, and nothing of that request is stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use std::time::Duration;
use weft::api::heartbeat::LastCheck;
use weft::api::profile::Profile;
use weft::api::{Api, Settings};
use weft::app::people::people;
use weft::auth::password::{Argon2Cost, HashSettings, Password, PasswordHashes};
use weft::auth::password_check::{Memory, PasswordCheck};
use weft::auth::sqlite::SqliteAccounts;
use weft::auth::{Accounts, NewAccount, RateLimit};
use weft::cache::InProcess;
use weft::config::Config;
use weft::config::value::FilePath;
use weft::exchange::{RequestBody, Response, ResponseBody, Target};
use weft::routes::{self, Route};
use weft::security_log::SecurityLog;
use weft::storage::sqlite::{SqliteOptions, SqliteStorage};
use weft::storage::write_cap::WriteCap;
use weft::sync::{Timestamp, UserName};

struct Server {
    api: Api,
    _folder: tempfile::TempDir,
}

/// One with the user `ada`, who may write so many bytes a day.
fn server(daily_bytes: u64) -> Server {
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
    let accounts = SqliteAccounts::new(file("accounts.db"), check);
    let new = NewAccount {
        name: &UserName::new("ada").unwrap(),
        password: &Password::from_wire(b"secret").unwrap(),
        email: None,
    };
    accounts.create(&new).unwrap().unwrap();
    let clock: weft::sync::Clock = Arc::new(|| Timestamp::from_centis(179_545_980_750));
    let cache = Arc::new(InProcess::new(10));
    let mut config = Config::default();
    config.data.dir = FilePath(folder.path().to_owned());
    let api = Api {
        people: people(&config).unwrap(),
        storage: Arc::new(SqliteStorage::new(file("weft.db"), Arc::clone(&clock))),
        accounts: Arc::new(accounts),
        lockout: None,
        security_log: Arc::new(SecurityLog::off()),
        name_checks: RateLimit::default(),
        write_cap: Some(Arc::new(WriteCap::new(cache, daily_bytes, 86_400))),
        settings: Settings::default(),
        last_check: LastCheck::default(),
        clock,
    };
    Server {
        api,
        _folder: folder,
    }
}

impl Server {
    fn ask(&self, method: &str, path: &str, body: &str) -> Response {
        let target = Target {
            path: path.into(),
            ..Target::default()
        };
        let Route::Storage(parts) = routes::resolve(&target, None) else {
            panic!("{path} is no storage path");
        };
        let profile = Profile::of(parts.version.unwrap(), None);
        let mut request = http::Request::builder()
            .method(method)
            .header(
                "authorization",
                format!("Basic {}", STANDARD.encode("ada:secret")),
            )
            .body(RequestBody::new(Box::new(body.as_bytes()), None))
            .unwrap();
        request.extensions_mut().insert(target);
        self.api.storage(request.into(), &parts, profile)
    }

    fn answer(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let response = self.ask(method, path, body);
        let status = response.status().as_u16();
        match response.into_body() {
            ResponseBody::Bytes(bytes) => (status, String::from_utf8(bytes).unwrap()),
            ResponseBody::Stream(_) => panic!("a stream"),
        }
    }
}

#[test]
fn what_would_pass_the_cap_is_refused_whole_on_both_profiles() {
    for version in ["1.0", "1.1"] {
        let server = server(10);
        let path = |rest: &str| format!("/{version}/ada/{rest}");
        let put = r#"{"id":"a","payload":"12345678"}"#;
        assert_eq!(server.answer("PUT", &path("storage/col/a"), put).0, 200);
        let refused = (503, "\"Over write quota\"".to_owned());
        assert_eq!(server.answer("PUT", &path("storage/col/b"), put), refused);
        let post = r#"[{"id":"b","payload":"1"},{"id":"c","payload":"23"}]"#;
        assert_eq!(server.answer("POST", &path("storage/col"), post), refused);
        let ids = server.answer("GET", &path("storage/col"), "");
        assert_eq!(ids, (200, "[\"a\"]".to_owned()));
        // What is not over the cap alone still goes in, and tabs always do.
        let post = r#"[{"id":"b","payload":"12"}]"#;
        assert_eq!(server.answer("POST", &path("storage/col"), post).0, 200);
        assert_eq!(server.answer("PUT", &path("storage/tabs/a"), put).0, 200);
        assert_eq!(server.answer("DELETE", &path("storage/col/a"), "").0, 200);
    }
}
