//! Streams that break the protocol: each costs its connection and one line in the log, and the
//! next request is answered.

mod support;

use std::io::{self, Read, Write};
use std::sync::Mutex;

use fastcgi::{Limits, Request, ResponseWriter};
use support::*;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }
    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.lock().unwrap().push(record.args().to_string());
        }
    }
    fn flush(&self) {}
}

/// Answers with the body it got: reading is where most of the malformed streams show.
fn echo(request: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
    let mut body = Vec::new();
    request.stdin().read_to_end(&mut body)?;
    response.write_all(&body)
}

fn opened() -> Vec<u8> {
    begin(1, 1, KEEP)
}

fn in_body() -> Vec<u8> {
    [opened(), stream(PARAMS, 1, b""), record(STDIN, 1, b"half")].concat()
}

/// Name, bytes, and a word of the line they leave.
fn table() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let wrong_version = |mut bytes: Vec<u8>, at: usize| {
        bytes[at] = 2;
        bytes
    };
    let mut lying = record(PARAMS, 1, b"abc");
    lying[5] = 200;
    let long_pair = [&[0xff; 8][..], b"N"].concat();
    let truncated = |content: &[u8]| [opened(), stream(PARAMS, 1, content)].concat();
    vec![
        (
            "wrong version of the first record",
            wrong_version(opened(), 0),
            "version",
        ),
        (
            "wrong version later",
            wrong_version([opened(), opened()].concat(), 16),
            "version",
        ),
        ("short header", opened()[..5].to_vec(), "closed"),
        (
            "short header in a request",
            [&opened()[..], &[1, 4, 0]].concat(),
            "closed",
        ),
        ("empty BEGIN_REQUEST", record(BEGIN, 1, b""), "eight bytes"),
        (
            "long BEGIN_REQUEST",
            record(BEGIN, 1, &[0; 16]),
            "eight bytes",
        ),
        (
            "content shorter than its length",
            [opened(), lying].concat(),
            "closed",
        ),
        (
            "padding that never comes",
            padded_record(BEGIN, 1, &[0, 1, 0, 0, 0, 0, 0, 0], 9)[..16].to_vec(),
            "closed",
        ),
        (
            "END_REQUEST from a front",
            record(END, 1, &[0; 8]),
            "only an application",
        ),
        (
            "STDOUT from a front",
            record(STDOUT, 1, b"x"),
            "only an application",
        ),
        (
            "a type beyond the known ones",
            record(77, 1, b"x"),
            "only an application",
        ),
        (
            "STDIN before the parameters' end",
            [opened(), record(STDIN, 1, b"x")].concat(),
            "among",
        ),
        (
            "a second BEGIN of the same request",
            [opened(), opened()].concat(),
            "among",
        ),
        (
            "PARAMS in a body",
            [in_body(), record(PARAMS, 1, b"x")].concat(),
            "in a body",
        ),
        (
            "DATA in a body",
            [in_body(), record(DATA, 1, b"x")].concat(),
            "in a body",
        ),
        (
            "STDOUT in a body",
            [in_body(), record(STDOUT, 1, b"x")].concat(),
            "in a body",
        ),
        ("a body cut off", in_body(), "closed"),
        (
            "a pair of two gigabytes",
            truncated(&long_pair),
            "longer than its stream",
        ),
        (
            "half a length field",
            truncated(&[0x80, 0]),
            "longer than its stream",
        ),
        (
            "a name without a value length",
            truncated(&[1]),
            "longer than its stream",
        ),
        (
            "GET_VALUES cut in a pair",
            record(GET_VALUES, 0, &[9, 0, b'x']),
            "GET_VALUES",
        ),
        (
            "GET_VALUES with many names",
            record(GET_VALUES, 0, &[0; 2000]),
            "GET_VALUES",
        ),
        (
            "a front that speaks HTTP",
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            "version",
        ),
    ]
}

/// One test, not one per row: the log is the process's, and each row counts its lines.
#[test]
fn every_malformed_stream_closes_its_connection_with_one_line_in_the_log() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    for family in [Family::Unix, Family::Tcp] {
        let server = Server::start_on(family, 1, Limits::default(), echo);
        for (name, bytes, word) in table() {
            let mut front = server.connect();
            front.send(&bytes).unwrap();
            front.finish_sending();
            while front.record().is_some() {}
            let lines = std::mem::take(&mut *LINES.lock().unwrap());
            assert_eq!(lines.len(), 1, "{name}, {family:?}: {lines:?}");
            assert!(lines[0].contains(word), "{name}, {family:?}: {lines:?}");
            assert_eq!(server.ask(b"and now?").stdout, b"and now?", "after {name}");
        }
    }
    cut_at_every_byte();
    LINES.lock().unwrap().clear();
    random_bytes();
}

fn cut_at_every_byte() {
    let server = Server::start(Limits::default(), echo);
    let whole = [
        padded_record(BEGIN, 1, &[0, 1, KEEP, 0, 0, 0, 0, 0], 3),
        record(GET_VALUES, 0, &pair(b"FCGI_MAX_REQS", b"")),
        padded_record(PARAMS, 1, &pair(b"A", &[b'a'; 200]), 7),
        record(PARAMS, 1, b""),
        padded_record(STDIN, 1, b"body", 4),
        record(STDIN, 1, b""),
    ]
    .concat();
    for cut in 0..=whole.len() {
        LINES.lock().unwrap().clear();
        let mut front = server.connect();
        front.send(&whole[..cut]).unwrap();
        front.finish_sending();
        let records: Vec<_> = std::iter::from_fn(|| front.record()).collect();
        let answered = records
            .iter()
            .any(|record| record.kind == STDOUT && record.content == b"body");
        assert_eq!(answered, cut == whole.len(), "cut at {cut}: {records:?}");
        // Nothing sent is no request at all, and everything sent is a good one.
        let expected = usize::from(cut != 0 && cut != whole.len());
        let lines = LINES.lock().unwrap().clone();
        assert_eq!(lines.len(), expected, "cut at {cut}: {lines:?}");
    }
}

/// Bytes from a small generator with a fixed seed: the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Random bytes, and valid streams with random bytes changed, which get further in.
fn random_bytes() {
    let server = Server::start(short_limits(), echo);
    let mut random = Random(0x5eed_0001);
    for round in 0..600 {
        let bytes = if round % 3 == 0 {
            (0..random.next() % 400)
                .map(|_| random.next() as u8)
                .collect()
        } else {
            let mut bytes = request(1, KEEP, b"a body to be damaged");
            for _ in 0..=random.next() % 4 {
                let at = random.next() as usize % bytes.len();
                bytes[at] = random.next() as u8;
            }
            bytes
        };
        let mut front = server.connect();
        // It may be closed before all is taken.
        let _ = front.send(&bytes);
        front.finish_sending();
        while front.record().is_some() {}
    }
    assert_eq!(server.ask(b"still here").stdout, b"still here");
}
