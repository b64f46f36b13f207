//! A worker that panics with a request in its hands.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{io, thread};

use crate::harness::api::basic;
use crate::harness::http::{Connection, Request as Sent};
use crate::{MARK, Produced, planted};
use weft::exchange::{Application, Request, Response, ResponseBody};
use weft::gateway::http::{Settings, serve};

/// Panics in the ways that show what was at hand.
struct Panicking;

impl Application for Panicking {
    fn handle(&self, request: Request<'_>) -> Response {
        let way = request.extensions().get::<weft::exchange::Target>();
        let way = String::from_utf8(way.unwrap().path.clone()).unwrap();
        let secret = request.headers()["authorization"].to_str().unwrap();
        let secret = format!("{secret}\u{e4}{}", planted("at-hand"));
        let body = request.headers()["x-weave-secret"]
            .to_str()
            .unwrap()
            .to_owned();
        match way.as_str() {
            "/slice" => drop(secret[1_000..].to_owned()),
            "/letter" => drop(secret[..secret.find('\u{e4}').unwrap() + 1].to_owned()),
            "/unwrap" => black_box(Err(secret)).unwrap(),
            "/expect" => black_box(None).expect(&secret),
            "/assert" => assert_eq!(secret, body),
            "/any" => std::panic::panic_any(secret),
            "/stream" => {
                return Response::new(ResponseBody::Stream(Box::new(move |_| panic!("{body}"))));
            }
            _ => panic!("{secret} and {body}"),
        }
        Response::new(ResponseBody::from("it did not panic"))
    }

    fn can_come_back(&self, request: &Request<'_>) -> bool {
        panic!("{:?}", request.headers())
    }

    fn overloaded(&self, request: &Request<'_>) -> Response {
        panic!("{:?}", request.headers())
    }

    fn interrupted(&self, error: &io::Error) -> Response {
        panic!("{error}")
    }
}

const SERVER: &str = "WEFT_TEST_PANICS";

/// The server of the test below, in a process of its own, with the program's way of telling panics.
#[test]
fn panicking_server() {
    if std::env::var_os(SERVER).is_none() {
        return;
    }
    weft::cli::tell_panics();
    let settings = Settings {
        crowd: 0,
        ..Settings::default()
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = serve(Arc::new(Panicking), address, settings).unwrap();
    println!("\nlistening on {}", server.address());
    // Until the test closes its end.
    let _ = io::stdin().read(&mut [0]);
}

#[test]
fn a_worker_that_panics_tells_where_and_not_what_it_had_at_hand() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "secrets::panics::panicking_server",
            "--nocapture",
        ])
        .env(SERVER, "1")
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut errors = child.stderr.take().unwrap();
    let errors = thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let address: SocketAddr = loop {
        let mut line = String::new();
        assert_ne!(
            output.read_line(&mut line).unwrap(),
            0,
            "it does not listen"
        );
        if let Some(address) = line.strip_prefix("listening on ") {
            break address.trim().parse().unwrap();
        }
    };
    let mut produced = Produced::default();
    let ways = [
        "/slice", "/letter", "/unwrap", "/expect", "/assert", "/any", "/stream", "/format",
    ];
    for way in ways {
        let request = Sent::new("GET", way)
            .header("Host", address.to_string())
            .header("Authorization", basic(format!("ada:{MARK}")))
            .header("X-Weave-Secret", planted("registration"));
        let answer = Connection::open(address)
            .and_then(|mut connection| connection.exchange(&request))
            .unwrap();
        assert_eq!(answer.status, 500, "{way}: {answer:?}");
        produced.answer(way, &answer);
    }
    drop(child.stdin.take());
    let _ = child.wait().unwrap();
    let errors = errors.join().unwrap().unwrap();
    let told = errors
        .matches("panicked at tests/secrets/panics.rs:")
        .count();
    assert!(told >= ways.len(), "{errors}");
    assert!(
        errors.contains("start byte index 1000 is out of bounds"),
        "{errors}"
    );
    assert!(errors.contains("std::panicking"), "a way: {errors}");
    produced
        .secrets
        .push(basic(format!("ada:{MARK}"))[6..].to_owned());
    for line in errors.lines() {
        produced.text("standard error", line);
    }
    produced.holds_no_secret();
}
