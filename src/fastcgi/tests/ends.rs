//! Requests that do not end well: the front takes them back or is gone, the handler fails. And what comes
//! when there are no more: a rest.

mod support;

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use fastcgi::{Handler, Limits, Request, ResponseWriter};
use support::*;

#[test]
fn an_abort_in_mid_body_reaches_the_handler_and_the_connection_lives_on() {
    let (tell, told) = mpsc::sync_channel(1);
    let server = Server::start(
        Limits::default(),
        move |r: &mut Request<'_>, w: &mut ResponseWriter<'_>| {
            let result = echo(r, w);
            if let Err(error) = &result {
                tell.send(error.kind()).unwrap();
                assert_eq!(r.stdin().read(&mut [0]).unwrap_err().kind(), error.kind());
            }
            result
        },
    );
    let mut front = server.connect();
    let half = [
        begin(1, 1, KEEP),
        stream(PARAMS, 1, b""),
        record(STDIN, 1, b"half"),
    ]
    .concat();
    front.send(&half).unwrap();
    front.send(&record(ABORT, 1, b"")).unwrap();
    let answer = front.answer(1);
    assert_eq!(
        (answer.stdout.as_slice(), answer.end),
        (&b""[..], Some((1, 0)))
    );
    assert_eq!(told.recv().unwrap(), io::ErrorKind::ConnectionAborted);

    front
        .send(&[begin(1, 1, KEEP), record(ABORT, 1, b"")].concat())
        .unwrap();
    assert_eq!(front.answer(1).end, Some((1, 0)), "among the parameters");

    let late = [
        record(ABORT, 1, b""),
        record(STDIN, 1, b"late"),
        record(PARAMS, 7, b"stray"),
    ];
    front.send(&late.concat()).unwrap();
    front.send(&request(1, KEEP, b"next")).unwrap();
    assert_eq!(front.answer(1).stdout, b"next");
}

#[test]
fn a_lost_connection_is_an_error_of_the_body_and_not_its_end() {
    let (tell, told) = mpsc::sync_channel(1);
    let server = Server::start(
        Limits::default(),
        move |r: &mut Request<'_>, w: &mut ResponseWriter<'_>| {
            let result = echo(r, w);
            tell.send(result.as_ref().map_err(io::Error::kind).copied())
                .unwrap();
            result
        },
    );
    let mut front = server.connect();
    front
        .send(
            &[
                begin(1, 1, KEEP),
                stream(PARAMS, 1, b""),
                record(STDIN, 1, b"ha"),
            ]
            .concat(),
        )
        .unwrap();
    drop(front);
    assert_eq!(told.recv().unwrap(), Err(io::ErrorKind::ConnectionAborted));
}

#[test]
fn a_handler_that_fails_or_panics_before_it_sent_anything_is_a_500() {
    fn fail(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        response.write_all(b"Status: 200 OK\r\n\r\nhalf of")?;
        let mut body = String::new();
        request.stdin().read_to_string(&mut body)?;
        assert_ne!(body, "panic", "as the test wants");
        Err(io::Error::other("as the test wants"))
    }
    let server = Server::start(Limits::default(), fail);
    let mut front = server.connect();
    for body in ["panic", "fail", "panic"] {
        front.send(&request(1, KEEP, body.as_bytes())).unwrap();
        let answer = front.answer(1);
        assert!(
            answer.text().starts_with("Status: 500 "),
            "{body}: {answer:?}"
        );
        assert!(
            !answer.text().contains("as the test wants"),
            "no detail for strangers"
        );
        assert_eq!(answer.end, Some((1, 0)));
    }
}

/// Keeps what is logged.
struct Kept(Mutex<String>);

static LOG: Kept = Kept(Mutex::new(String::new()));

impl log::Log for Kept {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        *self.0.lock().unwrap() += &format!("{}\n", record.args());
    }

    fn flush(&self) {}
}

/// It may be what a client has sent. Whoever has set a hook for panics has been told.
#[test]
fn what_a_panic_says_is_not_logged() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    fn panics(request: &mut Request<'_>, _: &mut ResponseWriter<'_>) -> io::Result<()> {
        let mut body = String::new();
        request.stdin().read_to_string(&mut body)?;
        panic!("{body}")
    }
    let server = Server::start(Limits::default(), panics);
    let mut front = server.connect();
    front.send(&request(1, KEEP, b"s3same")).unwrap();
    assert!(front.answer(1).text().starts_with("Status: 500 "));
    let logged = LOG.0.lock().unwrap().clone();
    assert!(logged.contains("it panicked"), "{logged}");
    assert!(!logged.contains("s3same"), "{logged}");
}

#[test]
fn a_handler_that_fails_or_panics_in_mid_answer_ends_the_connection_without_an_end_of_request() {
    fn fail(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        let mut body = String::new();
        request.stdin().read_to_string(&mut body)?;
        response.write_all(b"Status: 200 OK\r\n\r\nhalf of")?;
        response.flush()?;
        assert_ne!(body, "panic", "as the test wants");
        Err(io::Error::other("as the test wants"))
    }
    let server = Server::start(Limits::default(), fail);
    for body in ["panic", "fail"] {
        let mut front = server.connect();
        front.send(&request(1, KEEP, body.as_bytes())).unwrap();
        let answer = front.answer(1);
        assert!(answer.text().ends_with("half of"), "{body}: {answer:?}");
        assert_eq!(answer.end, None, "{body}");
    }
}

/// Counts requests, and tells each rest with how many there had been.
struct Resting {
    answered: AtomicUsize,
    rests: mpsc::Sender<usize>,
}

impl Handler for Resting {
    fn handle(&self, _: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        self.answered.fetch_add(1, Ordering::SeqCst);
        response.write_all(b"Status: 200 OK\r\n\r\n")
    }

    fn rest(&self) {
        let _ = self.rests.send(self.answered.load(Ordering::SeqCst));
        panic!("a rest that fails costs nothing but itself");
    }
}

#[test]
fn when_nobody_has_come_for_a_moment_the_handler_rests_once() {
    let (rests, told) = mpsc::channel();
    let handler = Resting {
        answered: AtomicUsize::new(0),
        rests,
    };
    let server = Server::start_on(Family::Unix, 3, Limits::default(), handler);
    let mut at = 0;
    for _ in 0..2 {
        server.ask(b"");
        let rested = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(
            rested > at,
            "it rested after {rested} requests, and before after {at}"
        );
        at = rested;
    }
    // Other turns pass, and nothing had to be done since.
    let more = told.recv_timeout(Duration::from_millis(600));
    assert!(more.is_err(), "it rested again");
}
