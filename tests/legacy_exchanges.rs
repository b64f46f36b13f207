//! What the legacy PHP server answered, exchange by exchange, and what Weft answers to the same.
//!
//! `tests/golden/` holds recordings of Mozilla's final PHP server. Each request is sent to a running
//! Weft in its turn; status, headers and body must be the recorded ones, times aside. Where the
//! contract wants something else, `tests/golden/deviations.json` says what, and why: that list is the
//! expectation, and an entry that is no longer needed fails the test, too.
//!
//! `WEFT_REVIEW=1` prints every answer that is not expected in the form of that list.

mod harness;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::http::{Connection, Request, Response};
use harness::legacy::{self, Legacy};
use harness::{Gateway, Memcached, Server};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::fs;

#[derive(Deserialize)]
struct Exchange {
    n: u64,
    name: String,
    request: Asked,
    response: Answered,
    saves_timestamp_as: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    body_b64: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// What is compared of an answer: its status, the headers that mean something, and its body, with
/// every time made the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// One reason, and the answers that differ for it, by the exchange's number.
#[derive(Deserialize)]
struct Deviation {
    because: String,
    /// The storage engine that is meant, if not every one.
    on: Option<String>,
    answers: BTreeMap<u64, Seen>,
}

/// Weft's own database.
fn on_sqlite(recording: &str) {
    let server = Gateway::Builtin.start(&format!("[auth]\n{}", legacy::PASSWORDS));
    create_accounts(&server);
    replay(&server, "sqlite", recording);
}

/// The database that PHP left, with its accounts; `more` is the rest of the settings. Accounts and records
/// are asked for over the same two connections: one for single statements and one for transactions.
fn on_phps_tables(recording: &str, more: &str) {
    let database = Legacy::new();
    let server = Gateway::Builtin.start(&format!("{}{more}", database.settings("")));
    replay(&server, "mysql", recording);
    let connections = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE user = 'weft'";
    assert_eq!(database.server.rows(&database.database, connections), ["2"]);
}

#[test]
fn every_exchange_of_the_legacy_server_is_answered_as_it_was_or_as_the_list_says() {
    on_sqlite("legacy-mysql.jsonl");
}

#[test]
#[cfg_attr(without = "mariadb", ignore = "its server is not installed")]
fn on_phps_own_tables_every_exchange_is_answered_the_same() {
    on_phps_tables("legacy-mysql.jsonl", "");
}

#[test]
#[cfg_attr(without = "mariadb", ignore = "its server is not installed")]
fn beside_php_every_exchange_is_answered_the_same() {
    on_phps_tables("legacy-mysql.jsonl", "[legacy]\nphp_beside = true\n");
}

#[test]
fn tabs_are_a_collection_as_every_other() {
    on_sqlite("legacy-tabs.jsonl");
}

#[test]
#[cfg_attr(
    any(without = "mariadb", without = "memcached"),
    ignore = "mariadb or memcached is not installed"
)]
fn tabs_that_are_shared_with_php_are_a_collection_as_every_other() {
    let cache = Memcached::start();
    let more = format!("{}[legacy]\nphp_beside = true\n", cache.settings());
    on_phps_tables("legacy-tabs.jsonl", &more);
}

fn golden(name: &str) -> String {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{path}: {problem}"))
}

fn replay(server: &Server, engine: &str, recording: &str) {
    let text = golden(recording);
    let exchanges: Vec<Exchange> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a recorded exchange"))
        .collect();
    let mut expected = HashMap::new();
    for deviation in serde_json::from_str::<Vec<Deviation>>(&golden("deviations.json")).unwrap() {
        assert!(!deviation.because.is_empty());
        if deviation.on.is_some_and(|on| on != engine) {
            continue;
        }
        for (n, seen) in deviation.answers {
            expected.insert(n, seen);
        }
    }
    let mut times = HashMap::new();
    let mut wrong = Vec::new();
    for exchange in &exchanges {
        let answer = ask(server, exchange, &times);
        if let Some(name) = &exchange.saves_timestamp_as {
            let time = answer
                .header("X-Weave-Timestamp")
                .expect("a time to remember");
            times.insert(name.clone(), time.parse::<f64>().expect("a time"));
        }
        let (recorded, ours) = (recorded(exchange), seen(&answer));
        let matches = match expected.get(&exchange.n) {
            Some(deviation) => ours == *deviation && ours != recorded,
            None => ours == recorded,
        };
        if !matches {
            wrong.push((exchange, recorded, ours));
        }
    }
    if std::env::var_os("WEFT_REVIEW").is_some() {
        for (exchange, _, ours) in &wrong {
            let Seen {
                status,
                headers,
                body,
            } = ours;
            println!(
                "{}: {}",
                exchange.n,
                json!({"status": status, "headers": headers, "body": body})
            );
        }
    }
    let said: Vec<String> = wrong
        .iter()
        .map(|(exchange, recorded, ours)| {
            let Exchange {
                n, name, request, ..
            } = exchange;
            let (method, target) = (&request.method, &request.target);
            format!("{n} {name}: {method} {target}\n  recorded {recorded:?}\n  ours     {ours:?}")
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} differ from what is expected:\n{}",
        wrong.len(),
        exchanges.len(),
        said.join("\n")
    );
}

fn ask(server: &Server, exchange: &Exchange, times: &HashMap<String, f64>) -> Response {
    let asked = &exchange.request;
    let prefix = server.prefix().trim_end_matches('/');
    let target = format!("{prefix}{}", with_times(&asked.target, times));
    let mut request = Request::new(&asked.method, target).header("Host", server.host());
    let mut chunked = false;
    for (name, value) in &asked.headers {
        chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        // The body is there at once; nobody waits for a "go on".
        if !name.eq_ignore_ascii_case("transfer-encoding") && !name.eq_ignore_ascii_case("expect") {
            request = request.header(name, with_times(value, times));
        }
    }
    let body = match (&asked.body, &asked.body_b64) {
        (Some(text), _) => Some(text.clone().into_bytes()),
        (None, Some(encoded)) => Some(STANDARD.decode(encoded).expect("base64")),
        (None, None) => None,
    };
    let request = match body {
        Some(body) if chunked => request.chunked(&[&body]),
        Some(body) => request.body(body),
        None => request,
    };
    let mut line = Connection::open(server.address()).expect("the server takes connections");
    line.exchange(&request)
        .unwrap_or_else(|problem| panic!("{}: {problem}", exchange.n))
}

/// Puts remembered times in the place of `{name}` and `{name+offset}`. Half a hundredth before a time is
/// the hundredth before it, as it was when PHP was recorded; a rounded sum would be either.
fn with_times(text: &str, times: &HashMap<String, f64>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let at = inside.find(['+', '-']).unwrap_or(inside.len());
        match times.get(&inside[..at]) {
            Some(time) => {
                let offset: f64 = inside[at..].parse().unwrap_or(0.0);
                let thousandths = ((time + offset) * 1000.0).round() as i64;
                let hundredths = thousandths.div_euclid(10);
                out.push_str(&format!("{}.{:02}", hundredths / 100, hundredths % 100));
            }
            None => out.push_str(&format!("{{{inside}}}")),
        }
        rest = behind;
    }
    out + rest
}

const COMPARED: [&str; 4] = [
    "Content-Type",
    "WWW-Authenticate",
    "X-Weave-Records",
    "X-Weave-Alert",
];

fn recorded(exchange: &Exchange) -> Seen {
    let Answered {
        status,
        headers,
        body,
    } = &exchange.response;
    let by_apache = headers
        .iter()
        .any(|(_, value)| value.starts_with("text/html"));
    same(
        *status,
        |name| {
            let found = headers
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        },
        body,
        by_apache,
    )
}

fn seen(answer: &Response) -> Seen {
    same(
        answer.status,
        |name| answer.header(name).map(str::to_owned),
        &answer.text(),
        false,
    )
}

/// Pages that Apache itself made say nothing but their status.
fn same(status: u16, header: impl Fn(&str) -> Option<String>, body: &str, by_apache: bool) -> Seen {
    if by_apache {
        return Seen {
            status,
            headers: vec![],
            body: "\"Not Found\"".to_owned(),
        }
        .with_json();
    }
    let headers = COMPARED
        .iter()
        .filter_map(|name| header(name).map(|value| ((*name).to_owned(), value)))
        .collect();
    let media = header("Content-Type").unwrap_or_default();
    let body = match media.as_str() {
        // A page for people says what it likes.
        page if page.starts_with("text/html") => "a page".to_owned(),
        "application/whoisi" => without_times(&frames(body.as_bytes())),
        _ => without_times(body),
    };
    Seen {
        status,
        headers,
        body,
    }
}

impl Seen {
    fn with_json(mut self) -> Seen {
        self.headers
            .push(("Content-Type".to_owned(), "application/json".to_owned()));
        self
    }
}

/// The records of a body in which each stands behind its length, on lines: the length of a record
/// changes with the digits of its time. Lengths that don't add up show.
fn frames(mut body: &[u8]) -> String {
    let mut lines = Vec::new();
    while let Some((length, rest)) = body.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((record, behind)) = rest.split_at_checked(length) else {
            return format!(
                "{lines:?} and a length of {length} before {} bytes",
                rest.len()
            );
        };
        lines.push(String::from_utf8_lossy(record).into_owned());
        body = behind;
    }
    assert!(body.is_empty(), "half a length at the end");
    lines.join("\n")
}

/// Replaces every number that is a time of these years by `T`.
fn without_times(body: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        let end = number
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        out.push_str(before);
        let time = number
            .parse::<f64>()
            .is_ok_and(|t| (1.7e9..2.5e9).contains(&t));
        out.push_str(if time { "T" } else { number });
        rest = after;
    }
    out + rest
}

/// Puts the accounts of the recordings into the server's own database.
fn create_accounts(server: &Server) {
    // The server makes its tables when it first needs them.
    let target = format!("{}user/1.0/a", server.prefix());
    let free = server.send(&Request::new("GET", target).header("Host", server.host()));
    assert_eq!(free.text(), "0");
    let database = server.data_folder().join("accounts.db");
    let connection = rusqlite::Connection::open(&database).expect("the accounts' database");
    connection
        .busy_timeout(std::time::Duration::from_secs(60))
        .unwrap();
    for account in legacy::accounts() {
        connection
            .execute(
                "INSERT INTO users (id, name, password_hash, email, status, alert) \
                 VALUES (?1, lower(?2), ?3, ?4, ?5, ?6)",
                rusqlite::params![
                    account.id,
                    account.name,
                    account.hash,
                    account.email,
                    account.status,
                    account.alert,
                ],
            )
            .expect("the account is new");
    }
}
