//! What every door must do, said once and asked of each.
//!
//! The application behind them is a [`Double`], since it is the doors that are tested. A door is
//! asked over what it is made for: a socket, a FastCGI connection, an environment.

mod cgi;
mod double;
mod fastcgi;
mod http;

pub(super) use double::{Double, With};
pub(super) use http::{Http, read_reply};

use double::{BODY_LIMIT, SECRET};

/// A request, as a browser would put it.
pub(super) struct Call {
    method: &'static str,
    /// Path and query as sent.
    url: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

impl Call {
    fn get(url: impl Into<String>) -> Call {
        Call {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn post(url: &str, body: impl Into<Vec<u8>>) -> Call {
        Call {
            method: "POST",
            body: body.into(),
            ..Call::get(url)
        }
    }

    fn with(mut self, header: &'static str, value: impl Into<Vec<u8>>) -> Call {
        self.headers.push((header, value.into()));
        self
    }
}

/// What came back; an error if it was cut off in a way that its receiver can see.
type Outcome = std::io::Result<Reply>;

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// As sent, each `Name: value`.
    headers: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let matches = |line: &&String| line.split(": ").next() == Some(name);
        self.headers
            .iter()
            .find(matches)
            .and_then(|line| line.split_once(": "))
            .map(|(_, v)| v)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A way to the application.
trait Door {
    fn name(&self) -> &'static str;
    fn call(&self, call: &Call) -> Outcome;
}

fn doors() -> Vec<Box<dyn Door>> {
    vec![
        Box::new(cgi::Cgi),
        Box::new(fastcgi::FastCgi::open()),
        Box::new(http::Http::open()),
    ]
}

/// Asks every door, and expects whole answers.
fn each(call: &Call, check: impl Fn(&str, Reply)) {
    for door in doors() {
        let name = door.name();
        check(
            name,
            door.call(call)
                .unwrap_or_else(|error| panic!("{name}: {error}")),
        );
    }
}

#[test]
fn method_target_headers_and_body_arrive_as_they_were_sent() {
    let call = Call::post(
        "/echo/j%6Fhn/a%20b/%252F?ids=a%2Cb&x=%20",
        "caf\u{e9}\0\r\n",
    )
    .with("Content-Type", "text/plain")
    .with("X-If-Unmodified-Since", "1.23")
    .with("Authorization", *b"Basic caf\xe9==");
    each(&call, |door, reply| {
        assert_eq!(reply.status, 200, "{door}: {}", reply.text());
        let expected = "POST /echo/john/a b/%2F ?ids=a%2Cb&x=%20 false\n\
            authorization: \"Basic caf\\xe9==\"\n\
            content-length: \"8\"\n\
            content-type: \"text/plain\"\n\
            x-if-unmodified-since: \"1.23\"\n\
            127.0.0.1\n\
            caf\u{e9}\0\r\n";
        assert_eq!(reply.text(), expected, "{door}");
    });
}

#[test]
fn an_encoded_slash_is_told_apart_from_a_slash() {
    for url in ["/echo/a%2Fb", "/echo/a%2fb"] {
        each(&Call::get(url), |door, reply| {
            assert!(
                reply.text().starts_with("GET /echo/a/b ? true\n"),
                "{door}: {}",
                reply.text()
            );
        });
    }
}

#[test]
fn odd_methods_pass() {
    for method in ["BREW", "DELETE", "PROPFIND", "PATCH", "OPTIONS"] {
        each(
            &Call {
                method,
                ..Call::get("/echo")
            },
            |door, reply| {
                assert!(
                    reply.text().starts_with(&format!("{method} /echo ")),
                    "{door}"
                );
            },
        );
    }
}

#[test]
fn headers_of_the_answer_keep_spelling_bytes_and_repetition() {
    each(&Call::get("/headers"), |door, reply| {
        assert_eq!(reply.status, 401, "{door}");
        assert_eq!(
            reply.header("X-Weave-Timestamp"),
            Some("1297417122.10"),
            "{door}"
        );
        assert_eq!(
            reply.header("Content-Type"),
            Some("application/json"),
            "{door}"
        );
        let twice = reply
            .headers
            .iter()
            .filter(|line| line.starts_with("X-Twice: "));
        assert_eq!(twice.count(), 2, "{door}");
        assert_eq!(reply.header("X-Bytes"), Some("caf\u{fffd}"), "{door}");
    });
}

#[test]
fn a_whole_body_comes_with_its_length_and_the_application_s_own_claim_does_not_count() {
    each(&Call::get("/bytes"), |door, reply| {
        assert_eq!(reply.header("Content-Length"), Some("5"), "{door}");
        assert_eq!(reply.text(), "whole", "{door}");
    });
    each(&Call::get("/empty"), |door, reply| {
        assert_eq!(
            (reply.status, reply.header("Content-Length")),
            (200, Some("0")),
            "{door}"
        );
        assert_eq!(reply.text(), "", "{door}");
    });
}

#[test]
fn head_is_answered_with_get_s_length_and_no_body() {
    each(
        &Call {
            method: "HEAD",
            ..Call::get("/bytes")
        },
        |door, reply| {
            assert_eq!(reply.header("Content-Length"), Some("5"), "{door}");
            assert_eq!(reply.text(), "", "{door}");
        },
    );
    each(
        &Call {
            method: "HEAD",
            ..Call::get("/stream?9")
        },
        |door, reply| {
            assert_eq!(reply.status, 200, "{door}");
            assert_eq!(
                reply.header("Content-Length").unwrap_or("unknown"),
                "unknown",
                "{door}"
            );
            assert_eq!(reply.text(), "", "{door}");
        },
    );
}

#[test]
fn an_answer_that_has_no_body_by_definition_gets_none() {
    each(&Call::get("/nothing"), |door, reply| {
        assert_eq!((reply.status, reply.text().as_str()), (304, ""), "{door}");
        assert_eq!(reply.header("Content-Length"), None, "{door}");
    });
}

#[test]
fn a_streamed_body_of_any_size_arrives_whole() {
    for length in [0, 1, 1000, 65536, 3_000_001] {
        each(&Call::get(format!("/stream?{length}")), |door, reply| {
            assert_eq!(reply.body.len(), length, "{door}");
            assert!(reply.body.iter().all(|&byte| byte == b's'), "{door}");
        });
    }
}

#[test]
fn a_streamed_body_that_breaks_never_looks_whole() {
    for url in [
        "/broken?10",
        "/broken?3000000",
        "/panic-in-stream?10",
        "/panic-in-stream?3000000",
    ] {
        for door in doors() {
            match door.call(&Call::get(url)) {
                Ok(reply) => {
                    let told = (reply.status, reply.text());
                    assert_eq!(
                        told,
                        (503, "interrupted".to_owned()),
                        "{} {url}",
                        door.name()
                    );
                }
                Err(error) => {
                    let may_break = door.name() == "HTTP" && url.ends_with("?3000000");
                    assert!(may_break, "{} {url}: {error}", door.name());
                }
            }
        }
    }
}

#[test]
fn a_panic_is_one_500_and_the_next_request_works() {
    for door in doors() {
        let name = door.name();
        let reply = door.call(&Call::get("/panic")).unwrap();
        assert_eq!(
            (reply.status, reply.text().as_str()),
            (500, "\"\""),
            "{name}"
        );
        assert_eq!(
            reply.header("Content-Type"),
            Some("application/json"),
            "{name}"
        );
        assert_eq!(
            door.call(&Call::get("/bytes")).unwrap().text(),
            "whole",
            "{name}"
        );
    }
}

#[test]
fn a_body_up_to_the_limit_is_read_and_one_beyond_is_told_so() {
    each(
        &Call::post("/echo", vec![b'x'; BODY_LIMIT]),
        |door, reply| {
            assert_eq!(reply.status, 200, "{door}");
            assert!(reply.body.ends_with(&[b'x'; BODY_LIMIT]), "{door}");
        },
    );
    for length in [BODY_LIMIT + 1, 5_000_000] {
        each(&Call::post("/echo", vec![b'x'; length]), |door, reply| {
            assert_eq!(reply.status, 413, "{door} {length}");
        });
    }
}

#[test]
fn a_body_nobody_reads_does_not_keep_the_answer_from_its_client() {
    for length in [0, 100, 5_000_000] {
        each(&Call::post("/bytes", vec![b'x'; length]), |door, reply| {
            assert_eq!(reply.text(), "whole", "{door} {length}");
        });
    }
}

#[test]
fn nothing_secret_is_logged() {
    let log = double::captured_log();
    let call = Call::post(&format!("/echo/logged?password={SECRET}"), SECRET)
        .with("Authorization", format!("Basic {SECRET}"));
    each(&call, |door, reply| assert_eq!(reply.status, 200, "{door}"));
    let lines: Vec<_> = log
        .lines()
        .into_iter()
        .filter(|l| l.contains("/echo/logged"))
        .collect();
    let expected = |line: &&String| {
        line.starts_with("access 127.0.0.1 POST ") && line.contains("/echo/logged 200 ")
    };
    assert_eq!(lines.iter().filter(expected).count(), 3, "{lines:?}");
    assert!(!log.lines().iter().any(|line| line.contains(SECRET)));
}
