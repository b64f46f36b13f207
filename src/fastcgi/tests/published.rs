//! Why this package exists: the published crate of the same name, on a stream that this one
//! answers. Each server is a child process (this test program again) with the listening socket as
//! its standard input, as a front starts it.

mod support;

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};

use fastcgi::{Limits, Listener, Request, ResponseWriter, Stop};
use support::*;

const ANSWER: &[u8] = b"Content-Type: text/plain\r\n\r\nfine\n";

#[test]
#[ignore = "the child of other tests; it serves until it is killed"]
fn child_serving_with_the_published_crate() {
    published_fastcgi::run(|mut request| {
        request.stdout().write_all(ANSWER).unwrap();
    });
}

#[test]
#[ignore = "the child of other tests; it serves until it is killed"]
fn child_serving_with_this_package() {
    fn fine(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
        response.write_all(ANSWER)
    }
    let listener = Listener::from_stdin().unwrap().expect("a listening socket");
    let limits = Limits {
        max_params: 50_000,
        ..Limits::default()
    };
    fastcgi::serve(listener, 1, limits, &fine, &Stop::new()).unwrap();
}

struct Served {
    child: Child,
    path: SocketPath,
}

impl Served {
    fn by(test: &str) -> Served {
        let path = SocketPath::new();
        let listener = UnixListener::bind(&path.0).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", test])
            .stdin(OwnedFd::from(listener))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Served { child, path }
    }

    fn ask(&self, params: &[u8]) -> Answer {
        let mut front = front_on(&self.path.0);
        let bytes = [
            begin(1, 1, CLOSE),
            stream(PARAMS, 1, params),
            stream(STDIN, 1, b""),
        ]
        .concat();
        front.send(&bytes).unwrap();
        front.answer(1)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// 20,000 parameters of no name and no value: 40 KB, one record.
static EMPTY_PARAMETERS: [u8; 40_000] = [0; 40_000];

#[test]
fn the_published_crate_dies_of_twenty_thousand_empty_parameters() {
    use std::os::unix::process::ExitStatusExt;

    let mut served = Served::by("child_serving_with_the_published_crate");
    assert_eq!(
        served.ask(&pair(b"A", b"b")).stdout,
        ANSWER,
        "an ordinary request is answered"
    );
    assert_eq!(served.ask(&EMPTY_PARAMETERS).end, None);
    let status = served.child.wait().unwrap();
    assert!(
        status.signal().is_some(),
        "not killed by a signal: {status}"
    );
}

#[test]
fn this_package_answers_twenty_thousand_empty_parameters() {
    let mut served = Served::by("child_serving_with_this_package");
    assert_eq!(served.ask(&pair(b"A", b"b")).stdout, ANSWER);
    assert_eq!(served.ask(&EMPTY_PARAMETERS).stdout, ANSWER);
    assert!(served.child.try_wait().unwrap().is_none(), "still running");
}
