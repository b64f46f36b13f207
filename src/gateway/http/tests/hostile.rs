//! Requests that lie, break off, or are made to be read in two ways.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::exchange::{BodyError, Request, Response, ResponseBody};
use crate::gateway::http::Settings;
use crate::gateway::suite::{Double, Http, With};

fn server() -> Http {
    Http::with(Arc::new(Double), Settings::default())
}

/// Everything that comes back until the server ends the connection.
fn converse(http: &Http, request: &str) -> String {
    let mut stream = http.connect();
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).unwrap();
    String::from_utf8_lossy(&answers).into_owned()
}

#[test]
fn requests_that_two_servers_would_read_differently_are_refused() {
    let http = server();
    for lines in [
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4, 5",
        "Content-Length: +4",
        "Content-Length: 0x4",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Host: b",
        "Transfer-Encoding : chunked",
        "Content-Length : 4",
        "X: a\r\n Content-Length: 4",
        "X: a\0b",
        "X\u{7f}: a",
    ] {
        let request =
            format!("POST /echo HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\nGET /bytes HTTP/1.1\r\n\r\n");
        let answers = converse(&http, &request);
        assert!(answers.starts_with("HTTP/1.1 400 "), "{lines:?}: {answers}");
        assert_eq!(
            answers.matches("HTTP/1.1 ").count(),
            1,
            "{lines:?}: {answers}"
        );
    }
}

#[test]
fn a_length_beside_chunks_does_not_count_and_ends_the_connection() {
    let http = server();
    for lines in [
        "Content-Length: 50\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
    ] {
        let request = format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n2\r\nhi\r\n0\r\n\r\n\
             GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n"
        );
        let answers = converse(&http, &request);
        assert!(answers.ends_with("127.0.0.1\nhi"), "{lines:?}: {answers}");
        assert!(
            answers.contains("\r\nConnection: close\r\n"),
            "{lines:?}: {answers}"
        );
        assert!(!answers.contains("content-length"), "{lines:?}: {answers}");
    }
}

#[test]
fn chunks_that_make_no_sense_are_a_broken_body() {
    let http = server();
    for chunks in [
        "zz\r\nhi\r\n0\r\n\r\n",
        "-2\r\nhi\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhi",
        "2\r\nhixx",
    ] {
        let request =
            format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        let answers = converse(&http, &request);
        assert!(
            answers.starts_with("HTTP/1.1 400 "),
            "{chunks:?}: {answers}"
        );
        assert!(answers.contains("broken"), "{chunks:?}: {answers}");
    }
}

#[test]
fn what_aims_at_no_resource_is_400() {
    let http = server();
    for line in [
        "OPTIONS * HTTP/1.1",
        "CONNECT weft.test:443 HTTP/1.1",
        "GET /a%zz HTTP/1.1",
        "GET bytes HTTP/1.1",
        "GET  /bytes HTTP/1.1",
        "GET /bytes HTTP/3.0",
        "G@T /bytes HTTP/1.1\u{0}",
        "GET /by\u{1}tes HTTP/1.1",
    ] {
        let reply = http.ask(format!("{line}\r\nHost: a\r\n\r\n")).unwrap();
        assert_eq!(reply.status, 400, "{line}");
    }
}

#[test]
fn a_url_that_names_its_host_counts_for_more_than_the_header() {
    let (send, hosts) = mpsc::channel();
    let send = Mutex::new(send);
    let note = move |request: Request<'_>| {
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        send.lock().unwrap().send(host).unwrap();
        Response::new(ResponseBody::from("ok"))
    };
    let http = Http::with(Arc::new(With(note)), Settings::default());
    http.ask("GET http://weft.test:8000/x HTTP/1.1\r\nHost: other\r\n\r\n")
        .unwrap();
    assert_eq!(hosts.recv().unwrap(), "weft.test:8000");
}

#[test]
fn more_or_longer_headers_than_allowed_are_431() {
    let settings = Settings {
        headers: 10,
        header_bytes: 10_000,
        ..Settings::default()
    };
    let http = Http::with(Arc::new(Double), settings);
    let ask = |lines: &str| {
        http.ask(format!("GET /bytes HTTP/1.1\r\nHost: a\r\n{lines}\r\n"))
            .unwrap()
            .status
    };
    assert_eq!(ask(&"X: a\r\n".repeat(9)), 200);
    assert_eq!(ask(&"X: a\r\n".repeat(10)), 431);
    assert_eq!(ask(&format!("X: {}\r\n", "a".repeat(9_900))), 200);
    assert_eq!(ask(&format!("X: {}\r\n", "a".repeat(1_000_000))), 431);
}

#[test]
fn a_body_that_ends_before_its_length_is_an_error_and_not_its_end() {
    let (send, read) = mpsc::channel();
    let send = Mutex::new(send);
    let note = move |request: Request<'_>| {
        let outcome = request.into_body().read_all(1000);
        let is_broken = matches!(outcome, Err(BodyError::Broken(_)));
        send.lock().unwrap().send(is_broken).unwrap();
        Response::new(ResponseBody::from("ok"))
    };
    let http = Http::with(Arc::new(With(note)), Settings::default());
    for body in [
        "Content-Length: 9\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut stream = http.connect();
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{body}");
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        stream.get_ref().shutdown(Shutdown::Write).unwrap();
        assert!(
            read.recv_timeout(Duration::from_secs(20)).unwrap(),
            "{body}"
        );
    }
}

#[test]
fn a_client_that_pauses_in_its_body_is_given_up() {
    let settings = Settings {
        body_pause: Duration::from_millis(50),
        ..Settings::default()
    };
    let http = Http::with(Arc::new(Double), settings);
    let reply = http
        .ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        .unwrap();
    assert_eq!(
        (reply.status, reply.text().as_str()),
        (400, "broken: TimedOut")
    );
}

#[test]
fn a_client_that_is_slow_with_its_headers_is_given_up_however_steadily_it_sends() {
    let settings = Settings {
        header_time: Duration::from_millis(300),
        ..Settings::default()
    };
    let http = Http::with(Arc::new(Double), settings);
    let mut stream = http.connect();
    let mut out = stream.get_ref().try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        let mut line = b"GET /bytes HTTP/1.1\r\n".to_vec();
        line.extend(b"X: a\r\n".repeat(10_000));
        // Ends when the server has closed.
        line.iter().all(|byte| {
            std::thread::sleep(Duration::from_millis(5));
            out.write_all(&[*byte]).is_ok()
        })
    });
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    drop(stream);
    assert!(!sender.join().unwrap(), "all of the headers were taken");
}
