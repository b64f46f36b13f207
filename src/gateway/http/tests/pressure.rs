//! More than the server can do at once, clients that don't take their answers, and its end.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::exchange::{Request, Response, ResponseBody};
use crate::gateway::http::Settings;
use crate::gateway::suite::{Double, Http, Reply, With, read_reply};

const PATIENCE: Duration = Duration::from_secs(60);
const GET: &[u8] = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

/// A server whose requests report that they run, and go on when told to.
struct Held {
    http: Http,
    running: Receiver<()>,
    go_on: Sender<()>,
}

fn held(settings: Settings) -> Held {
    let (report, running) = channel();
    let (go_on, wait) = channel();
    let both = Mutex::new((report, wait));
    let application = With(move |_: Request<'_>| {
        let both = both.lock().unwrap();
        both.0.send(()).unwrap();
        both.1.recv_timeout(PATIENCE).unwrap();
        Response::new(ResponseBody::from("done"))
    });
    Held {
        http: Http::with(Arc::new(application), settings),
        running,
        go_on,
    }
}

fn ask(http: &Http) -> BufReader<TcpStream> {
    let mut stream = http.connect();
    stream.get_mut().write_all(GET).unwrap();
    stream
}

#[test]
fn a_request_that_finds_no_room_to_wait_gets_the_application_s_answer_at_once() {
    let held = held(Settings {
        workers: 1,
        queue: 1,
        ..Settings::default()
    });
    let mut first = ask(&held.http);
    held.running.recv_timeout(PATIENCE).unwrap();
    // One of these two waits, and the other is told so; which comes first is the system's choice.
    let mut others = [ask(&held.http), ask(&held.http)];
    let (send, answered) = channel();
    thread::scope(|scope| {
        for stream in &mut others {
            let send = send.clone();
            scope.spawn(move || send.send(read_reply(stream, false).unwrap()).unwrap());
        }
        let refused = answered.recv_timeout(PATIENCE).unwrap();
        assert_eq!(
            (refused.status, refused.text().as_str()),
            (503, "overloaded /x")
        );
        held.go_on.send(()).unwrap();
        held.go_on.send(()).unwrap();
        assert_eq!(answered.recv_timeout(PATIENCE).unwrap().text(), "done");
    });
    assert_eq!(read_reply(&mut first, false).unwrap().text(), "done");
}

#[test]
fn in_a_crowd_only_those_who_can_come_back_are_sent_away() {
    let held = held(Settings {
        workers: 1,
        queue: 9,
        crowd: 2,
        ..Settings::default()
    });
    let mut first = ask(&held.http);
    held.running.recv_timeout(PATIENCE).unwrap();
    let begin = "GET /x/begin HTTP/1.1\r\nHost: a\r\n\r\n";
    let begins = || {
        let mut stream = held.http.connect();
        stream.get_mut().write_all(begin.as_bytes()).unwrap();
        stream
    };
    let (send, answered) = channel();
    let next = || {
        let answer: Reply = answered.recv_timeout(PATIENCE).unwrap();
        (answer.status, answer.text())
    };
    let refused = (503, "overloaded /x/begin".to_owned());
    thread::scope(|scope| {
        let read = |mut stream: BufReader<TcpStream>| {
            let send = send.clone();
            scope.spawn(move || send.send(read_reply(&mut stream, false).unwrap()).unwrap());
        };
        // Two of these wait and are the crowd; which ones is the system's choice.
        (0..5).for_each(|_| read(begins()));
        (0..3).for_each(|_| assert_eq!(next(), refused));
        // Who can't come back waits with them, whoever comes behind.
        read(ask(&held.http));
        read(begins());
        assert_eq!(next(), refused);
        (0..4).for_each(|_| held.go_on.send(()).unwrap());
        (0..3).for_each(|_| assert_eq!(next(), (200, "done".to_owned())));
    });
    assert_eq!(read_reply(&mut first, false).unwrap().text(), "done");
    // And with the crowd gone, they are welcome again.
    held.go_on.send(()).unwrap();
    let welcome = held.http.ask(begin).unwrap();
    assert_eq!(welcome.text(), "done");
}

#[test]
fn no_more_connections_than_allowed_are_served_and_the_next_has_its_turn() {
    let http = Http::with(
        Arc::new(Double),
        Settings {
            connections: 1,
            ..Settings::default()
        },
    );
    let request = b"GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut first = http.connect();
    first.get_mut().write_all(request).unwrap();
    read_reply(&mut first, false).unwrap();

    let mut second = http.connect();
    second.get_mut().write_all(request).unwrap();
    second
        .get_ref()
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let waiting = read_reply(&mut second, false).unwrap_err();
    assert_eq!(waiting.kind(), io::ErrorKind::WouldBlock);
    drop(first);
    second.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(read_reply(&mut second, false).unwrap().text(), "whole");
}

#[test]
fn a_server_that_stops_answers_what_runs_closes_what_idles_and_ends() {
    let held = held(Settings::default());
    let mut idle = ask(&held.http);
    held.go_on.send(()).unwrap();
    read_reply(&mut idle, false).unwrap();
    held.running.recv_timeout(PATIENCE).unwrap();
    let mut silent = held.http.connect();

    let mut busy = ask(&held.http);
    held.running.recv_timeout(PATIENCE).unwrap();
    let address = held.http.server().address();
    held.http.server().stop().request();
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    held.go_on.send(()).unwrap();
    let reply = read_reply(&mut busy, false).unwrap();
    assert_eq!(
        (reply.text().as_str(), reply.header("Connection")),
        ("done", Some("close"))
    );
    drop(held);
    assert!(TcpStream::connect(address).is_err());
}

/// A server whose only answer is endless, what of it was written so far, and how it ended.
fn endless(settings: Settings) -> (Http, Arc<AtomicUsize>, Receiver<io::ErrorKind>) {
    let written = Arc::new(AtomicUsize::new(0));
    let (report, ended) = channel();
    let counter = Arc::clone(&written);
    let report = Mutex::new(report);
    let application = With(move |_: Request<'_>| {
        let (counter, report) = (Arc::clone(&counter), report.lock().unwrap().clone());
        let write = move |out: &mut dyn Write| loop {
            if let Err(error) = out.write_all(&[b'x'; 8192]) {
                report.send(error.kind()).unwrap();
                return Err(error);
            }
            counter.fetch_add(8192, SeqCst);
        };
        Response::new(ResponseBody::Stream(Box::new(write)))
    });
    (Http::with(Arc::new(application), settings), written, ended)
}

#[test]
fn a_client_that_takes_nothing_costs_little_memory_and_is_given_up() {
    let settings = Settings {
        workers: 1,
        write_pause: Duration::from_millis(300),
        ..Settings::default()
    };
    let (http, written, ended) = endless(settings);
    let _never_reads = ask(&http);
    assert_eq!(ended.recv_timeout(PATIENCE), Ok(io::ErrorKind::BrokenPipe));
    // What two sockets hold, for the most part.
    let most = 16 * 1024 * 1024;
    assert!(written.load(SeqCst) < most, "{written:?}");

    // Its worker is free for the next one.
    let mut next = ask(&http);
    next.read_exact(&mut [0; 1000]).unwrap();
}

#[test]
fn a_client_that_reads_slowly_but_steadily_keeps_its_answer() {
    let settings = Settings {
        write_pause: Duration::from_secs(4),
        ..Settings::default()
    };
    let (http, _, _) = endless(settings);
    let mut slow = ask(&http);
    let mut piece = vec![0; 2 * 1024 * 1024];
    // All its pauses are longer than what one may be, and none is, also on a busy machine.
    for _ in 0..20 {
        // Slowness is what is tested.
        thread::sleep(Duration::from_millis(250));
        slow.read_exact(&mut piece).unwrap();
    }
}

#[test]
fn a_client_that_leaves_frees_its_worker() {
    let (http, _, ended) = endless(Settings {
        workers: 1,
        ..Settings::default()
    });
    for _ in 0..3 {
        let mut leaver = ask(&http);
        leaver.read_exact(&mut [0; 1000]).unwrap();
        drop(leaver);
        assert_eq!(ended.recv_timeout(PATIENCE), Ok(io::ErrorKind::BrokenPipe));
    }
}

#[test]
fn clients_that_are_slow_with_their_bodies_keep_no_worker_from_the_others() {
    let settings = Settings {
        workers: 2,
        ..Settings::default()
    };
    let http = Http::with(Arc::new(Double), settings);
    let mut slow: Vec<_> = (0..20)
        .map(|number| {
            let mut stream = http.connect();
            let framing = match number % 3 {
                0 => "Content-Length: 9\r\n\r\nhalf",
                1 => "Content-Length: 69000\r\n\r\nhalf",
                _ => "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            };
            let request = format!("POST /echo HTTP/1.1\r\nHost: a\r\n{framing}");
            stream.get_mut().write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    for _ in 0..5 {
        assert_eq!(http.ask(GET_BYTES).unwrap().text(), "whole");
        let upload = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
        assert!(http.ask(upload).unwrap().text().ends_with("body"));
    }
    // And they are served when they have sent the rest.
    slow[0].get_mut().write_all(b" more").unwrap();
    let reply = read_reply(&mut slow[0], false).unwrap();
    assert!(reply.text().ends_with("half more"), "{}", reply.text());
}

#[test]
fn who_holds_a_connection_and_asks_nothing_leaves_when_others_want_its_place() {
    let settings = Settings {
        connections: 3,
        spare: Duration::from_millis(200),
        ..Settings::default()
    };
    let http = Http::with(Arc::new(Double), settings);
    let mut asked_before = http.connect();
    let get = GET_BYTES.as_bytes();
    asked_before.get_mut().write_all(get).unwrap();
    read_reply(&mut asked_before, false).unwrap();
    let silent = http.connect();
    let mut slow = http.connect();
    slow.get_mut().write_all(&get[..20]).unwrap();
    let reply = http.ask(GET_BYTES).unwrap();
    assert_eq!(reply.text(), "whole");
    // As many left as had to, and those who ask on are served.
    let mut held = [asked_before, silent, slow];
    let has_left = |stream: &mut BufReader<TcpStream>| {
        let time = Some(Duration::from_millis(100));
        stream.get_ref().set_read_timeout(time).unwrap();
        stream.read_to_end(&mut Vec::new()).is_ok()
    };
    let start = Instant::now();
    while !held.iter_mut().any(has_left) {
        assert!(start.elapsed() < PATIENCE, "nobody leaves");
    }
}

const GET_BYTES: &str = "GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n";
