//! Requests that are made to be read in two ways, bodies that are not what they say, and what is
//! packed to unfold.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Bystander;
use crate::harness::api::{PYTHON, User};
use crate::harness::http::{Connection, Request};
use crate::harness::{Gateway, Server};

through_every_gateway! {
    a_length_that_lies_writes_nothing
    chunks_that_break_off_write_nothing
    a_compressed_body_is_not_unfolded
}

/// How the first request's body is framed, and the body; what stands behind it is another request to
/// whoever reads it otherwise.
const SHAPES: [(&str, &str); 22] = [
    (
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "0\r\n\r\n",
    ),
    (
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "0\r\n\r\n",
    ),
    ("Content-Length: 0\r\nContent-Length: 5", ""),
    ("Content-Length: 5\r\nContent-Length: 0", ""),
    ("Content-Length: 0, 0", ""),
    ("Content-Length: +0", ""),
    ("Content-Length: -0", ""),
    ("Content-Length: 0x0", ""),
    ("Content-Length: 0 0", ""),
    ("Content-Length : 0", ""),
    (" Content-Length: 0", ""),
    ("X: a\r\n Content-Length: 0", ""),
    ("X: a\rContent-Length: 0", ""),
    ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
    ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
    (
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "0\r\n\r\n",
    ),
    ("Transfer-Encoding:\u{b}chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: \"chunked\"", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "0x0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "1;\n0\r\n\r\n"),
];

#[test]
fn nobody_smuggles_a_request_behind_another() {
    let server = Gateway::Builtin.start("");
    let bystander = Bystander::new(&server, "bystander");
    let inner = bystander
        .0
        .request("DELETE", "storage/bookmarks/mine")
        .bytes();
    let inner = String::from_utf8(inner).unwrap();
    let target = bystander.0.url("storage/bookmarks");
    for (lines, body) in SHAPES {
        let outer = format!("POST {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n{body}{inner}");
        let mut line = Connection::open(server.address()).unwrap();
        line.send(outer.as_bytes()).unwrap();
        let answer = line.receive("POST").unwrap();
        assert!((400..500).contains(&answer.status), "{lines:?}: {answer:?}");
        assert!(
            line.is_closed().unwrap(),
            "{lines:?}: the connection goes on"
        );
        bystander.is_unharmed(lines);
    }
}

#[test]
fn a_request_for_two_hosts_is_for_none() {
    let server = Gateway::Builtin.shared();
    let request = Request::new("GET", "/user/1.0/a/node/weave")
        .header("Host", "one.example")
        .header("Host", "two.example");
    assert_eq!(server.send(&request).status, 400);
}

/// Sends a request whose rest never comes.
fn send_and_leave(server: &Server, request: &Request) {
    let mut line = Connection::open(server.address()).unwrap();
    // A front may have refused it already.
    let _ = line.send(&request.bytes());
    thread::sleep(Duration::from_millis(20));
}

const RECORD: &str = r#"{"payload":"written"}"#;

fn a_length_that_lies_writes_nothing(server: &Server) {
    let user = User::new(server, PYTHON, "liar");
    for (number, length) in ["22", "1000", "100000", "99999999999"].iter().enumerate() {
        let path = format!("storage/lies/{number}");
        let mut request = user.request("PUT", &path).header("Content-Length", *length);
        request.after_headers = RECORD.into();
        send_and_leave(server, &request);
        let mut request = user.request("POST", "storage/lies");
        request = request.header("Content-Length", *length);
        request.after_headers = format!("[{RECORD}]").into();
        send_and_leave(server, &request);
    }
    // What is longer than it says is cut where it says, and no record then.
    let mut request = user
        .request("PUT", "storage/lies/short")
        .header("Content-Length", "10");
    request.after_headers = RECORD.into();
    let answer = server.send(&request);
    assert_eq!(answer.status, 400, "{answer:?}");
    let mut request = user
        .request("PUT", "storage/lies/none")
        .header("Content-Length", "x");
    request.after_headers = RECORD.into();
    let answer = server.send(&request);
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(user.get("info/collections").text(), "{}");
    user.put("storage/truth/a", RECORD).written();
    assert_eq!(user.get("info/collection_counts").text(), r#"{"truth":1}"#);
}

fn chunks_that_break_off_write_nothing(server: &Server) {
    let user = User::new(server, PYTHON, "chunks");
    let whole = format!("{:x}\r\n{RECORD}\r\n", RECORD.len());
    let broken = [
        whole.clone(),
        format!("{whole}0\r\n"),
        format!("{:x}\r\n{RECORD}", RECORD.len() + 5),
        format!("zz\r\n{RECORD}\r\n0\r\n\r\n"),
        format!("ffffffffffffffffff\r\n{RECORD}\r\n0\r\n\r\n"),
    ];
    for (number, chunks) in broken.iter().enumerate() {
        let path = format!("storage/chunks/{number}");
        let request = user.request("PUT", &path);
        let mut request = request.header("Transfer-Encoding", "chunked");
        request.after_headers = chunks.clone().into();
        send_and_leave(server, &request);
    }
    assert_eq!(user.get("info/collections").text(), "{}");
    user.put("storage/truth/a", RECORD).written();
    assert_eq!(user.get("info/collection_counts").text(), r#"{"truth":1}"#);
}

/// What gzip makes of it.
fn packed(content: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is part of every system");
    let mut stdin = gzip.stdin.take().expect("it is a pipe");
    let content = content.to_vec();
    let writer = thread::spawn(move || stdin.write_all(&content));
    let packed = gzip.wait_with_output().expect("it ends").stdout;
    writer.join().expect("it only writes").expect("gzip reads");
    packed
}

fn a_compressed_body_is_not_unfolded(server: &Server) {
    let user = User::new(server, PYTHON, "bomber");
    let bomb = packed(format!(r#"{{"payload":"{}"}}"#, "x".repeat(60_000_000)).as_bytes());
    for (coding, body) in [
        ("gzip", bomb),
        ("gzip", packed(RECORD.as_bytes())),
        ("deflate", RECORD.into()),
        ("br, gzip", RECORD.into()),
    ] {
        let request = user.request("PUT", "storage/bombs/a");
        let request = request.header("Content-Encoding", coding);
        let answer = server.send(&request.body(body.clone()));
        assert_eq!(answer.status, 415, "{coding}: {answer:?}");
        // A password is any bytes at all: these are not to become one.
        let path = format!("{}user/1.0/{}/password", server.prefix(), user.name);
        let mut request = user.request("POST", "").header("Content-Encoding", coding);
        request.target = path;
        let answer = server.send(&request.body(body));
        assert_eq!(answer.status, 415, "{coding}: {answer:?}");
    }
    let plain = user.request("PUT", "storage/truth/a");
    let plain = plain.header("Content-Encoding", "identity").body(RECORD);
    server.send(&plain).written();
    assert_eq!(user.get("info/collection_counts").text(), r#"{"truth":1}"#);
}

#[test]
fn memory_does_not_follow_what_a_bomb_would_unfold_to() {
    let server = Gateway::Builtin.start("");
    let user = User::new(&server, PYTHON, "bomber");
    let bomb = packed(&vec![b' '; 300_000_000]);
    let request = user.request("POST", "storage/bombs");
    let request = request.header("Content-Encoding", "gzip").body(bomb);
    for _ in 0..10 {
        assert_eq!(server.send(&request).status, 415);
    }
    for worker in server.worker_pids() {
        let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: u64 = peak
            .and_then(|peak| peak.trim().split(' ').next()?.parse().ok())
            .unwrap();
        assert!(kilobytes < 250_000, "{kilobytes} KB");
    }
}

#[test]
fn what_is_no_http_at_all_ends_the_connection() {
    let server = Gateway::Builtin.start("server.read_timeout = 2\n");
    let bystander = Bystander::new(&server, "bystander");
    for bytes in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00",
        b"EHLO weft\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        &[b'\n'; 100_000],
        &[0xff; 100_000],
    ] {
        let mut line = Connection::open(server.address()).unwrap();
        let _ = line.send(bytes);
        match line.receive("GET") {
            Ok(answer) => assert!((400..500).contains(&answer.status), "{answer:?}"),
            Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock, "it waits for more"),
        }
        bystander.is_unharmed("what is no HTTP");
    }
}
