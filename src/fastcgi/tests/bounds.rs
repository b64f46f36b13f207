//! What a front can not do: make this side hold much, wait long, or stop serving.

mod support;

use std::io::{self, Read, Write};
use std::sync::{Barrier, Mutex, mpsc};
use std::time::{Duration, Instant};

use fastcgi::{Limits, Request, ResponseWriter};
use support::*;

fn count(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
    let body = io::copy(request.stdin(), &mut io::sink())?;
    write!(
        response,
        "{} parameters, {body} bytes",
        request.params().len()
    )
}

fn with_params(params: &[u8]) -> Vec<u8> {
    [
        begin(1, 1, KEEP),
        stream(PARAMS, 1, params),
        stream(STDIN, 1, b""),
    ]
    .concat()
}

/// Much sooner than by the limits that are usual, also on a machine that does much else.
const SOON: Duration = Duration::from_secs(25);

#[test]
fn one_parameter_or_byte_beyond_the_limit_is_a_431_and_the_connection_lives_on() {
    let limits = Limits {
        max_params: 3,
        max_params_bytes: 12,
        ..Limits::default()
    };
    let server = Server::start(limits, count);
    let mut front = server.connect();
    let mut ask = |params: &[u8]| {
        front.send(&with_params(params)).unwrap();
        front.answer(1).text()
    };
    assert_eq!(ask(&[0; 6]), "3 parameters, 0 bytes");
    assert!(ask(&[0; 8]).starts_with("Status: 431 "));
    assert_eq!(ask(&pair(b"NAME", b"valuev")), "1 parameters, 0 bytes");
    assert!(ask(&pair(b"NAME", b"valueva")).starts_with("Status: 431 "));
    assert_eq!(ask(b""), "0 parameters, 0 bytes");
}

#[test]
fn a_body_that_nobody_reads_is_taken_up_to_its_limit_and_then_cut_off() {
    fn ignore(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        response.write_all(b"short")
    }
    let limits = Limits {
        max_unread: 1000,
        ..Limits::default()
    };
    let server = Server::start(limits, ignore);

    let mut front = server.connect();
    front.send(&request(1, KEEP, &[0; 900])).unwrap();
    assert_eq!(front.answer(1).stdout, b"short");
    front.send(&request(1, KEEP, &[0; 1100])).unwrap();
    assert_eq!(front.answer(1).stdout, b"short");
    assert!(front.is_closed());

    for flags in [KEEP, CLOSE] {
        let mut front = server.connect();
        front
            .send(&[begin(1, 1, flags), stream(PARAMS, 1, b"")].concat())
            .unwrap();
        assert_eq!(front.answer(1).stdout, b"short");
        while front.send(&record(STDIN, 1, &[0; 100])).is_ok() {}
    }
}

#[test]
fn records_of_other_requests_do_not_keep_a_running_one_waiting_for_ever() {
    let limits = Limits {
        max_unread: 1000,
        ..Limits::default()
    };
    let server = Server::start(limits, count);
    for started in [Vec::new(), stream(PARAMS, 1, b"")] {
        let mut front = server.connect();
        front.send(&[begin(1, 1, KEEP), started].concat()).unwrap();
        while front.send(&record(STDIN, 2, b"stray")).is_ok() {}
    }
}

#[test]
fn a_front_that_falls_silent_loses_its_connection() {
    let pieces = [
        ("before its first request", Vec::new()),
        ("in a header", begin(1, 1, KEEP)[..3].to_vec()),
        ("among the parameters", begin(1, 1, KEEP)),
        (
            "in a record",
            [begin(1, 1, KEEP), record(PARAMS, 1, &[0; 9])[..12].to_vec()].concat(),
        ),
        (
            "in the body",
            [begin(1, 1, KEEP), stream(PARAMS, 1, b"")].concat(),
        ),
        ("after an answer", request(1, KEEP, b"")),
        ("and keeps its body", {
            [begin(1, 1, CLOSE), stream(PARAMS, 1, &[0; 4000])].concat()
        }),
    ];
    let server = Server::start(short_limits(), count);
    for (place, bytes) in pieces {
        let mut front = server.connect();
        // On a machine that does much else, the time may be over before.
        let _ = front.send(&bytes);
        let start = Instant::now();
        while front.record().is_some() {}
        assert!(start.elapsed() < SOON, "silent {place}");
    }
}

#[test]
fn records_that_come_to_nothing_do_not_extend_the_time_of_an_idle_connection() {
    let server = Server::start(short_limits(), count);
    let mut front = server.connect();
    let start = Instant::now();
    while front.send(&record(STDIN, 9, b"")).is_ok() && start.elapsed() < SOON {
        std::thread::yield_now();
    }
    assert!(start.elapsed() < SOON);
}

#[test]
fn a_handler_that_works_for_longer_than_the_limits_still_reads_and_answers() {
    fn slow(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        let mut first = [0];
        request.stdin().read_exact(&mut first)?;
        std::thread::sleep(LONGER);
        count(request, response)
    }
    // A front that is at work needs some time, too, on a machine that does much else.
    const LONGER: Duration = Duration::from_secs(4);
    let limits = Limits {
        read: LONGER / 2,
        idle: LONGER / 2,
        write: LONGER / 2,
        ..Limits::default()
    };
    let server = Server::start(limits, slow);
    let answer = server.ask(&[0; 100_000]);
    assert_eq!(answer.text(), "1 parameters, 99999 bytes");
}

#[test]
fn a_front_that_takes_no_answer_frees_its_worker() {
    let (tell, told) = mpsc::sync_channel(1);
    let server = Server::start_on(
        Family::Unix,
        1,
        Limits {
            write: short_limits().write,
            ..Limits::default()
        },
        move |_: &mut Request<'_>, response: &mut ResponseWriter<'_>| {
            let result = response.write_all(&[b'x'; 16 << 20]);
            tell.send(result.as_ref().map_err(io::Error::kind).copied())
                .unwrap();
            result
        },
    );
    let mut front = server.connect();
    front.send(&request(1, KEEP, b"")).unwrap();
    assert_eq!(told.recv().unwrap(), Err(io::ErrorKind::TimedOut));
    assert_eq!(
        front.answer(1).end,
        None,
        "no end for an answer that is not whole"
    );
}

#[test]
fn workers_serve_side_by_side_and_no_more_of_them_than_asked_for() {
    static RUNNING: Mutex<(usize, usize)> = Mutex::new((0, 0));
    static TOGETHER: Barrier = Barrier::new(3);
    fn meet(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        {
            let mut running = RUNNING.lock().unwrap();
            running.0 += 1;
            running.1 = running.1.max(running.0);
        }
        TOGETHER.wait();
        RUNNING.lock().unwrap().0 -= 1;
        response.write_all(b"met")
    }
    let server = Server::start_on(Family::Tcp, 3, Limits::default(), meet);
    std::thread::scope(|scope| {
        for _ in 0..9 {
            scope.spawn(|| assert_eq!(server.ask(b"").stdout, b"met"));
        }
    });
    assert_eq!(RUNNING.lock().unwrap().1, 3);
}

#[test]
fn a_stop_closes_idle_connections_answers_the_running_request_and_returns() {
    let (begun, has_begun) = mpsc::sync_channel(1);
    let (release, released) = mpsc::sync_channel(1);
    let released = Mutex::new(released);
    let server = Server::start_on(
        Family::Unix,
        2,
        Limits::default(),
        move |request: &mut Request<'_>, response: &mut ResponseWriter<'_>| {
            let mut body = String::new();
            request.stdin().read_to_string(&mut body)?;
            if body == "wait" {
                begun.send(()).unwrap();
                // Bounded, so that a failing test ends.
                released
                    .lock()
                    .unwrap()
                    .recv_timeout(Duration::from_secs(25))
                    .unwrap();
            }
            response.write_all(b"answered")
        },
    );
    let mut idle = server.connect();
    idle.send(&request(1, KEEP, b"")).unwrap();
    assert_eq!(idle.answer(1).stdout, b"answered");
    let mut busy = server.connect();
    busy.send(&request(1, KEEP, b"wait")).unwrap();
    has_begun.recv().unwrap();

    server.stop.request();
    assert!(idle.is_closed());
    release.send(()).unwrap();
    assert_eq!(busy.answer(1).stdout, b"answered");
    assert!(busy.is_closed());
    server.join().unwrap();
}
