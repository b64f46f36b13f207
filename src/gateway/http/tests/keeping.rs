//! Connections that are used again, kept waiting, and ended.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::gateway::http::Settings;
use crate::gateway::suite::{Double, Http, read_reply};

fn server() -> Http {
    Http::with(Arc::new(Double), Settings::default())
}

#[test]
fn a_connection_serves_one_request_after_the_other_also_when_they_come_at_once() {
    let http = server();
    let mut stream = http.connect();
    let request = b"GET /stream?5 HTTP/1.1\r\nHost: a\r\n\r\n";
    for _ in 0..3 {
        stream.get_mut().write_all(request).unwrap();
        assert_eq!(read_reply(&mut stream, false).unwrap().text(), "sssss");
    }
    stream.get_mut().write_all(&request.repeat(3)).unwrap();
    for _ in 0..3 {
        assert_eq!(read_reply(&mut stream, false).unwrap().text(), "sssss");
    }
}

#[test]
fn every_answer_is_dated() {
    let reply = server()
        .ask("GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert!(reply.header("Date").unwrap().ends_with(" GMT"));
}

#[test]
fn a_client_that_waits_to_be_told_is_told_to_go_on_only_when_its_body_is_wanted() {
    let http = server();
    let ask = |path: &str| {
        let mut stream = http.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        );
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        let first = read_reply(&mut stream, true).unwrap();
        (first, stream)
    };
    let (first, mut stream) = ask("/echo");
    assert_eq!(first.status, 100);
    stream.get_mut().write_all(b"body").unwrap();
    let reply = read_reply(&mut stream, false).unwrap();
    assert!(reply.text().ends_with("\nbody"), "{}", reply.text());

    let (first, _) = ask("/bytes");
    assert_eq!(
        (first.status, first.header("Connection")),
        (200, Some("close"))
    );
}

#[test]
fn a_small_body_that_nobody_read_keeps_the_connection_and_a_large_one_announces_its_end() {
    let http = server();
    let mut stream = http.connect();
    let request = b"POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    for _ in 0..2 {
        stream.get_mut().write_all(request).unwrap();
        let reply = read_reply(&mut stream, false).unwrap();
        assert_eq!(
            (reply.text().as_str(), reply.header("Connection")),
            ("whole", None)
        );
    }
    let request = b"POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nbody";
    stream.get_mut().write_all(request).unwrap();
    let reply = read_reply(&mut stream, false).unwrap();
    assert_eq!(
        (reply.text().as_str(), reply.header("Connection")),
        ("whole", Some("close"))
    );
}

#[test]
fn a_connection_waits_for_its_next_request_longer_than_for_headers_and_then_is_closed() {
    let settings = Settings {
        header_time: Duration::from_millis(400),
        idle: Duration::from_secs(6),
        ..Settings::default()
    };
    let http = Http::with(Arc::new(Double), settings);
    let mut stream = http.connect();
    let request = b"GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n";
    for pause in [0, 600, 600] {
        // The pause is what is tested.
        std::thread::sleep(Duration::from_millis(pause));
        stream.get_mut().write_all(request).unwrap();
        assert_eq!(read_reply(&mut stream, false).unwrap().text(), "whole");
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn a_broken_stream_ends_without_the_last_chunk() {
    let http = server();
    let mut stream = http.connect();
    stream
        .get_mut()
        .write_all(b"GET /broken?200000 HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    // Both ends are errors to a browser: a reset, and an end without the last chunk.
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(!answer.ends_with(b"0\r\n\r\n"));
}

#[test]
fn an_old_client_whose_bodies_end_with_the_connection_sees_a_broken_one_reset() {
    let http = server();
    let ask = |path: &str| {
        let mut stream = http.connect();
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let result = stream.read_to_end(&mut answer);
        result.map(|_| String::from_utf8(answer).unwrap())
    };
    let whole = ask("/stream?9").unwrap();
    assert!(whole.ends_with("\r\n\r\nsssssssss"), "{whole}");
    assert!(!whole.contains("chunked"), "{whole}");
    assert_eq!(
        ask("/broken?200000").unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}
