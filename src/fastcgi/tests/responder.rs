//! What a front may rely on: requests, bodies, management records. How requests fail is in `ends`.

mod support;

use std::io::{self, Write};

use fastcgi::{Limits, Request, ResponseWriter};
use support::*;

/// Passes the body on piece by piece, holding none of it.
fn relay(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
    io::copy(request.stdin(), response).map(drop)
}

/// Answers with each parameter on a line.
fn list(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
    for (name, value) in request.params().iter() {
        response.write_all(&[name, b"=", value, b"\n"].concat())?;
    }
    Ok(())
}

const COMPLETE: Option<(u32, u8)> = Some((0, 0));
const CANT_MULTIPLEX: Option<(u32, u8)> = Some((0, 1));
const UNKNOWN_ROLE: Option<(u32, u8)> = Some((0, 3));

fn large(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| ((at + seed) % 251) as u8).collect()
}

#[test]
fn two_requests_on_one_kept_connection_are_answered_over_both_families() {
    for family in [Family::Unix, Family::Tcp] {
        let server = Server::start_on(family, 1, Limits::default(), echo);
        let mut front = server.connect();
        for (id, body) in [(1, "first"), (1, "second"), (513, "third")] {
            front.send(&request(id, KEEP, body.as_bytes())).unwrap();
            let answer = front.answer(id);
            assert_eq!((answer.text().as_str(), answer.end), (body, COMPLETE));
        }
    }
}

#[test]
fn a_connection_that_is_not_to_be_kept_is_closed_after_its_answer() {
    let server = Server::start(Limits::default(), echo);
    let mut front = server.connect();
    front.send(&request(1, CLOSE, b"once")).unwrap();
    assert_eq!(front.answer(1).stdout, b"once");
    assert!(front.is_closed());
}

#[test]
fn parameters_may_span_records_and_need_not_be_utf_8() {
    let server = Server::start(Limits::default(), list);
    let long = vec![b'v'; 300];
    let params = [
        pair(b"LONG", &long),
        pair(b"BYTES", b"\xff\xfe"),
        pair(b"EMPTY", b""),
    ]
    .concat();
    let mut front = server.connect();
    front.send(&begin(1, 1, CLOSE)).unwrap();
    for byte in &params {
        front.send(&padded_record(PARAMS, 1, &[*byte], 7)).unwrap();
    }
    front
        .send(&[record(PARAMS, 1, b""), record(STDIN, 1, b"")].concat())
        .unwrap();
    let expected = [b"LONG=", &long[..], b"\nBYTES=\xff\xfe\nEMPTY=\n"].concat();
    assert_eq!(front.answer(1).stdout, expected);
}

#[test]
fn management_records_are_answered_before_and_within_a_request() {
    let server = Server::start_on(Family::Unix, 3, Limits::default(), echo);
    let mut front = server.connect();
    let asked = [
        pair(b"FCGI_MPXS_CONNS", b""),
        pair(b"FCGI_MAX_CONNS", b""),
        pair(b"X", b""),
    ];
    let known = [
        pair(b"FCGI_MAX_CONNS", b"3"),
        pair(b"FCGI_MPXS_CONNS", b"0"),
    ]
    .concat();

    front
        .send(&padded_record(GET_VALUES, 0, &asked.concat(), 5))
        .unwrap();
    let result = front.record().unwrap();
    assert_eq!(
        (result.kind, result.id, &result.content),
        (GET_VALUES_RESULT, 0, &known)
    );

    front
        .send(&record(GET_VALUES, 0, &pair(b"OTHER", b"")))
        .unwrap();
    let result = front.record().unwrap();
    assert_eq!(
        (result.kind, result.content.as_slice()),
        (GET_VALUES_RESULT, &b""[..])
    );

    front
        .send(&[begin(1, 1, KEEP), record(99, 0, b"what?")].concat())
        .unwrap();
    let unknown = front.record().unwrap();
    assert_eq!((unknown.kind, unknown.id), (UNKNOWN_TYPE, 0));
    assert_eq!(unknown.content, [99, 0, 0, 0, 0, 0, 0, 0]);

    front
        .send(&[stream(PARAMS, 1, b""), record(GET_VALUES, 0, b"")].concat())
        .unwrap();
    assert_eq!(front.record().unwrap().kind, GET_VALUES_RESULT);
    front.send(&stream(STDIN, 1, b"goes on")).unwrap();
    assert_eq!(front.answer(1).stdout, b"goes on");
}

#[test]
fn roles_other_than_responder_are_unknown() {
    let server = Server::start(Limits::default(), echo);
    let mut front = server.connect();
    for role in [0, 2, 3, 9] {
        let pieces = [
            begin(1, role, KEEP),
            stream(PARAMS, 1, b""),
            stream(STDIN, 1, b"x"),
        ];
        front.send(&pieces.concat()).unwrap();
        assert_eq!(
            front.answer(1),
            Answer {
                end: UNKNOWN_ROLE,
                ..Answer::default()
            }
        );
    }
    front.send(&request(1, KEEP, b"a responder")).unwrap();
    assert_eq!(front.answer(1).stdout, b"a responder");
}

#[test]
fn a_second_request_beside_the_first_is_refused_and_its_records_ignored() {
    let server = Server::start(Limits::default(), echo);
    let mut front = server.connect();
    let first = request(1, KEEP, b"the first");
    let (begun, rest) = first.split_at(16);
    front
        .send(&[begun, &request(2, KEEP, b"ignored")].concat())
        .unwrap();
    assert_eq!(front.answer(2).end, CANT_MULTIPLEX, "among the parameters");

    let body = stream(STDIN, 1, b"the first");
    let (params, _) = rest.split_at(rest.len() - body.len());
    front
        .send(&[params, &request(3, KEEP, b"ignored")].concat())
        .unwrap();
    assert_eq!(front.answer(3).end, CANT_MULTIPLEX, "in the body");

    front.send(&body).unwrap();
    assert_eq!(
        front.answer(1),
        Answer {
            stdout: b"the first".to_vec(),
            stderr: Vec::new(),
            end: COMPLETE,
        }
    );
}

#[test]
fn large_bodies_and_answers_pass_each_other_while_the_front_reads() {
    for family in [Family::Unix, Family::Tcp] {
        let server = Server::start_on(family, 1, Limits::default(), relay);
        let body = large(7, 8 << 20);
        let mut front = server.connect();
        let mut sender = front.twin();
        let bytes = request(1, CLOSE, &body);
        let sending = std::thread::spawn(move || sender.send(&bytes));
        let answer = front.answer(1);
        sending.join().unwrap().unwrap();
        assert!(
            answer.stdout == body,
            "{family:?}: {} bytes came back",
            answer.stdout.len()
        );
        assert_eq!(answer.end, COMPLETE);
    }
}

#[test]
fn a_front_that_sends_everything_before_it_reads_gets_a_large_answer() {
    let server = Server::start(Limits::default(), echo);
    let body = large(3, 4 << 20);
    assert!(server.ask(&body).stdout == body);
}

#[test]
fn an_answer_given_before_the_body_reaches_a_front_that_sends_everything_first() {
    fn refuse(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        response.write_all(b"Status: 413 Content Too Large\r\n\r\n")
    }
    for family in [Family::Unix, Family::Tcp] {
        let server = Server::start_on(family, 1, Limits::default(), refuse);
        for flags in [CLOSE, KEEP] {
            let mut front = server.connect();
            front.send(&request(1, flags, &large(1, 4 << 20))).unwrap();
            let answer = front.answer(1);
            assert!(
                answer.text().starts_with("Status: 413"),
                "{family:?}: {answer:?}"
            );
            assert_eq!(answer.end, COMPLETE);
        }
    }
}

#[test]
fn the_error_log_of_the_front_gets_its_lines_beside_the_answer() {
    fn complain(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        response.write_all(b"the answer")?;
        response.stderr("a complaint")
    }
    let server = Server::start(Limits::default(), complain);
    let answer = server.ask(b"");
    assert_eq!(
        (answer.stdout, answer.stderr),
        (b"the answer".to_vec(), b"a complaint".to_vec())
    );
}
