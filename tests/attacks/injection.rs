//! Text that means something to what lies behind: SQL, LDAP, headers, logs, paths, a shell, a page.

use std::fs;

use serde_json::json;

use crate::harness::api::{PHP, PYTHON, User, basic};
use crate::harness::http::{Request, Response};
use crate::harness::{Gateway, Server};
use crate::{Bystander, percent_encoded};

through_every_gateway! {
    hostile_text_in_a_path_a_query_or_a_header_does_nothing
}

/// For each language that might be spoken behind the program, what would make it say more.
const HOSTILE: [&str; 48] = [
    // SQL
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "\" OR \"\"=\"",
    "1; DELETE FROM record; --",
    "') UNION SELECT password_hash FROM users --",
    "' OR sleep(30) #",
    "\\'; SELECT 1; --",
    "admin'/*",
    "1 OR 1=1",
    "x' AND randomblob(1000000000)--",
    "%' OR name LIKE '%",
    "\u{2bc} OR 1=1",
    // LDAP
    "*",
    "*)(uid=*))(|(uid=*",
    "bystander)(userPassword=*",
    "\\2a\\28",
    "bystander,dc=example",
    "#04024869",
    // headers
    "a\r\nX-Injected: 1",
    "a\nSet-Cookie: weft_session=x",
    "a\r\n\r\n<html>",
    "\u{560a}\u{560d}X-Injected: 1",
    "a\u{85}b\u{2028}c",
    // logs, CEF
    "a\nCEF:0|mozilla|weave|1.3|Forged|Forged|9|",
    "a|9|suser=bystander",
    "a suser=bystander cs1=x",
    "\x1b[2J\x1b[31m",
    "\u{202e}txt.exe",
    "2026-01-01T00:00:00.000Z ERROR weft: forged",
    // paths
    "../../../../etc/passwd",
    "..\\..\\windows",
    "....//....//etc/passwd",
    "/etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%c0%ae%c0%ae/",
    "weft.toml",
    ".htaccess",
    "weft-data/accounts.db",
    "file:///etc/passwd",
    "\0",
    "bystander\0",
    // a shell, a template, a page
    "; touch /tmp/weft-was-here",
    "$(touch /tmp/weft-was-here)",
    "`touch /tmp/weft-was-here`",
    "${jndi:ldap://127.0.0.1/x}",
    "{{7*7}}%n%s%p",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
];

/// No answer may be a fault, carry a header that the text has made, or tell what is in a file.
#[track_caller]
fn is_harmless(answer: &Response, attack: &str) {
    assert!(answer.status < 500, "{attack:?}: {answer:?}");
    for (name, value) in &answer.headers {
        let name = name.to_ascii_lowercase();
        let forged = name == "x-injected" || value.contains("weft_session=x");
        assert!(!forged, "{attack:?}: {answer:?}");
        // Nor are they many times as long as what was sent.
        assert!(value.len() < 2_000, "{attack:?}: {answer:?}");
    }
    let text = answer.text();
    for secret in ["root:x:0", "$argon2", "Require all denied", "SQLite format"] {
        assert!(!text.contains(secret), "{attack:?}: {answer:?}");
    }
    let is_page = answer
        .header("Content-Type")
        .is_some_and(|kind| kind.starts_with("text/html"));
    assert!(
        !(is_page && text.contains("<script>alert")),
        "{attack:?}: {answer:?}"
    );
}

fn hostile_text_in_a_path_a_query_or_a_header_does_nothing(server: &Server) {
    let bystander = Bystander::new(server, "bystander");
    let user = &bystander.0;
    for (number, text) in HOSTILE.iter().enumerate() {
        let encoded = percent_encoded(text);
        // Each text in one place, through every front: what a front may spoil. All places are tried
        // on the built-in server below.
        let request = match number % 4 {
            0 => user.request("GET", &format!("storage/{encoded}")),
            1 => user.request("GET", &format!("storage/bookmarks/{encoded}")),
            2 => user.request("GET", &format!("storage/bookmarks?ids={encoded}")),
            _ => user
                .anonymous("GET", "info/collections")
                .header("Authorization", basic(format!("{text}:{text}"))),
        };
        let answer = server.send(&request);
        // Apache and nginx refuse some of these paths by themselves, in their own words.
        let is_ours = answer.header("X-Weave-Timestamp").is_some();
        if is_ours || server.gateway == Gateway::Builtin {
            is_harmless(&answer, text);
        }
        assert!(
            answer.header("X-Injected").is_none(),
            "{text:?}: {answer:?}"
        );
        assert_ne!(answer.json_if_ok(), Some(json!(["mine"])), "{text:?}");
    }
    bystander.is_unharmed("hostile text");
}

trait JsonIfOk {
    fn json_if_ok(&self) -> Option<serde_json::Value>;
}

impl JsonIfOk for Response {
    /// What a successful answer holds, if it is JSON.
    fn json_if_ok(&self) -> Option<serde_json::Value> {
        let body = (self.status == 200).then_some(&self.body)?;
        serde_json::from_slice(body).ok()
    }
}

/// Reads with the text in every place of a request that can hold it.
fn reads(user: &User<'_>, text: &str) -> Vec<Request> {
    let encoded = percent_encoded(text);
    let mut requests = Vec::new();
    for place in ["storage/bookmarks/", "storage/", "info/"] {
        requests.push(user.request("GET", &format!("{place}{encoded}")));
    }
    for parameter in [
        "ids",
        "newer",
        "older",
        "sort",
        "limit",
        "offset",
        "index_above",
        "full",
    ] {
        let path = format!("storage/forms?{parameter}={encoded}");
        requests.push(user.request("GET", &path));
    }
    let below = |path: String| Request::new("GET", format!("{}{path}", user.server.prefix()));
    for path in [
        format!("{encoded}/info/collections"),
        format!("1.1/{encoded}/info/collections"),
        format!("user/1.0/{encoded}"),
        format!("user/1.0/{encoded}/node/weave"),
        format!("misc/1.0/captcha_html?x={encoded}"),
        format!("weave-password-reset?username={encoded}&key={encoded}"),
        format!("account/sign-up?invitation={encoded}"),
        format!("account/sign-in?done={encoded}"),
    ] {
        requests.push(below(path).header("Host", user.server.host()));
    }
    requests
}

/// Headers that take any text which a header can hold.
fn with_headers(user: &User<'_>, text: &str) -> Vec<Request> {
    // A line's end would be another header, and its sender's own.
    if text.bytes().any(|byte| b"\r\n\0\x1b".contains(&byte)) {
        return Vec::new();
    }
    let names = [
        "Accept",
        "User-Agent",
        "X-If-Unmodified-Since",
        "If-None-Match",
        "Cookie",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Weave-Secret",
        "X-Weave-Password-Reset",
        "Range",
    ];
    let asks = names.map(|name| user.request("GET", "info/collections").header(name, text));
    let mut requests = Vec::from(asks);
    requests.push(Request::new("GET", "/").header("Host", text));
    requests
}

#[test]
fn hostile_text_in_every_place_of_a_read_does_nothing() {
    let server = Gateway::Builtin.start("");
    let bystander = Bystander::new(&server, "bystander");
    let user = &bystander.0;
    for text in HOSTILE {
        for request in reads(user, text).iter().chain(&with_headers(user, text)) {
            is_harmless(&server.send(request), text);
        }
    }
    bystander.is_unharmed("hostile reads");
    assert!(!fs::exists("/tmp/weft-was-here").unwrap());
}

#[test]
fn hostile_text_in_a_record_is_stored_as_it_is_or_refused() {
    let server = Gateway::Builtin.start("");
    for version in [PHP, PYTHON] {
        let bystander = Bystander::new(&server, &format!("bystander-{version}"));
        let user = User::new(&server, version, &format!("writer-{version}"));
        for text in HOSTILE {
            let written = user.put("storage/forms/a", json!({"payload": text}).to_string());
            is_harmless(&written, text);
            assert_eq!(user.get("storage/forms/a").json()["payload"], json!(text));
            let record = json!([{"id": text, "payload": "x", "parentid": text, "sortindex": 1}]);
            is_harmless(&user.post("storage/history", record.to_string()), text);
            let path = format!("storage/{}/a", percent_encoded(text));
            is_harmless(&user.put(&path, r#"{"payload":"x"}"#), text);
            let path = format!("storage/forms?ids={}", percent_encoded(text));
            is_harmless(&user.delete(&path), text);
        }
        // What was taken for an id comes back as one, and reads no other.
        for id in user.ids("storage/history") {
            let path = format!("storage/history/{}", percent_encoded(&id));
            let read = user.get(&path);
            if read.status == 200 {
                assert_eq!(read.json()["id"], json!(id));
            }
        }
        bystander.is_unharmed("hostile records");
    }
}

#[test]
fn hostile_text_in_a_login_or_an_account_is_a_stranger() {
    let log =
        "[security_log]\ntarget = \"file\"\nfile = \"security.log\"\n[lockout]\nfailures = 0\n";
    let server = Gateway::Builtin.start(log);
    let bystander = Bystander::new(&server, "bystander");
    let user = &bystander.0;
    for text in HOSTILE {
        for pair in [
            format!("{text}:x"),
            format!("bystander:{text}"),
            format!("bystander{text}:{}", user.password),
        ] {
            let request = user.anonymous("GET", "info/collections");
            let answer = server.send(&request.header("Authorization", basic(&pair)));
            assert!([400, 401].contains(&answer.status), "{pair:?}: {answer:?}");
            is_harmless(&answer, text);
        }
        let path = format!("{}user/1.0/{}", server.prefix(), percent_encoded(text));
        let body = json!({"password": "a long password", "email": text}).to_string();
        let request = Request::new("PUT", path).header("Host", server.host());
        let made = server.send(&request.body(body));
        assert!([400, 404].contains(&made.status), "{text:?}: {made:?}");
    }
    bystander.is_unharmed("hostile logins");

    // One refusal, one line, whatever was in it; and each line begins as the program writes it.
    let written = fs::read_to_string(server.program_folder().join("security.log")).unwrap();
    assert!(written.lines().count() > HOSTILE.len());
    for line in written.lines() {
        let (_, event) = line.split_once(" weave: CEF:0|mozilla|").expect(line);
        assert!(
            !event.contains("CEF:0|") && !event.contains("|Forged"),
            "{line}"
        );
        assert!(
            !line.contains(['\x1b', '\u{202e}', '\u{2028}', '\u{85}']),
            "{line}"
        );
        assert_eq!(event.matches(" suser=").count(), 1, "{line}");
    }
    let log = server.logs();
    assert!(!log.contains('\x1b') && !log.contains("\nCEF:0"), "{log}");
}

#[test]
fn names_of_every_script_are_told_apart() {
    let server = Gateway::Builtin.start("");
    let bystander = Bystander::new(&server, "admin");
    // Letters that look alike, fold to, or normalise to those of another name.
    for name in [
        "\u{430}dmin",
        "adm\u{131}n",
        "\u{ff41}dmin",
        "admin\u{200b}",
        "a\u{301}dmin",
        "admin\u{0}",
        " admin",
        "admin ",
        "\u{202e}nimda",
        "ADM\u{130}N",
    ] {
        let path = format!("{}user/1.0/{}", server.prefix(), percent_encoded(name));
        let body = json!({"password": "another password", "email": "eve@example.com"});
        let request = Request::new("PUT", &path).header("Host", server.host());
        let made = server.send(&request.body(body.to_string()));
        assert!([400, 404].contains(&made.status), "{name:?}: {made:?}");
        let pair = format!("{name}:{}", bystander.0.password);
        let request = bystander.0.anonymous("GET", "info/collections");
        let answer = server.send(&request.header("Authorization", basic(pair)));
        assert!([400, 401].contains(&answer.status), "{name:?}: {answer:?}");
    }
    bystander.is_unharmed("names that look alike");
}
