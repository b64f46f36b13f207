//! The application behind the doors under test: it answers by path.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use crate::exchange::{Application, BodyError, Client, Request, Response, ResponseBody, Target};

/// What `/echo` reads at most.
pub(super) const BODY_LIMIT: usize = 70_000;

/// A word that may appear in no log.
pub(super) const SECRET: &str = "s3same";

pub(crate) struct Double;

impl Application for Double {
    fn handle(&self, mut request: Request<'_>) -> Response {
        let target = request.extensions_mut().remove::<Target>().unwrap();
        let path = String::from_utf8(target.path.clone()).unwrap();
        let query = String::from_utf8(target.query.clone()).unwrap();
        let length = || query.parse().unwrap_or(0);
        match path.split('/').nth(1).unwrap_or_default() {
            "echo" => echo(request, &target),
            "bytes" => {
                let mut response = Response::new(ResponseBody::from("whole"));
                for (name, lie) in [("content-length", "999"), ("transfer-encoding", "chunked")] {
                    response.headers_mut().insert(name, lie.parse().unwrap());
                }
                response
            }
            "empty" => Response::new(ResponseBody::from("")),
            "nothing" => status(304, "not to be seen"),
            "headers" => headers(),
            "stream" => stream(length(), Ending::Whole),
            "broken" => stream(length(), Ending::Error),
            "panic-in-stream" => stream(length(), Ending::Panic),
            "panic" => panic!("on purpose"),
            _ => status(404, "no such path"),
        }
    }

    fn can_come_back(&self, request: &Request<'_>) -> bool {
        let target = request.extensions().get::<Target>().unwrap();
        target.path.ends_with(b"/begin")
    }

    fn overloaded(&self, request: &Request<'_>) -> Response {
        let target = request.extensions().get::<Target>().unwrap();
        status(
            503,
            &format!("overloaded {}", String::from_utf8_lossy(&target.path)),
        )
    }

    fn interrupted(&self, _: &io::Error) -> Response {
        status(503, "interrupted")
    }
}

/// An application that is one function, where a test needs to see into it.
pub(crate) struct With<F>(pub(crate) F);

impl<F: Fn(Request<'_>) -> Response + Send + Sync> Application for With<F> {
    fn handle(&self, request: Request<'_>) -> Response {
        (self.0)(request)
    }

    fn can_come_back(&self, request: &Request<'_>) -> bool {
        Double.can_come_back(request)
    }

    fn overloaded(&self, request: &Request<'_>) -> Response {
        Double.overloaded(request)
    }

    fn interrupted(&self, error: &io::Error) -> Response {
        Double.interrupted(error)
    }
}

fn status(number: u16, text: &str) -> Response {
    let mut response = Response::new(ResponseBody::from(text));
    *response.status_mut() = number.try_into().unwrap();
    response
}

fn echo(request: Request<'_>, target: &Target) -> Response {
    let (head, body) = request.into_parts();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut echo = format!(
        "{} {} ?{} {}\n",
        head.method,
        text(&target.path),
        text(&target.query),
        target.undecodable
    );
    let mut names: Vec<_> = head.headers.keys().collect();
    names.sort_by_key(|name| name.as_str());
    for name in names
        .into_iter()
        .filter(|name| *name != "host" && *name != "connection")
    {
        echo += &format!("{name}: {:?}\n", head.headers[name]);
    }
    let client = head.extensions.get::<Client>().unwrap();
    echo += &format!("{}\n", client.address.unwrap());
    match body.read_all(BODY_LIMIT as u64) {
        Ok(body) => {
            let mut echo = echo.into_bytes();
            echo.extend(body);
            Response::new(ResponseBody::from(echo))
        }
        Err(BodyError::TooLarge) => status(413, "too large"),
        Err(BodyError::Broken(error)) => status(400, &format!("broken: {:?}", error.kind())),
    }
}

fn headers() -> Response {
    let mut response = status(401, "{}");
    let headers = response.headers_mut();
    headers.insert("x-weave-timestamp", "1297417122.10".parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.append("x-twice", "1".parse().unwrap());
    headers.append("x-twice", "2".parse().unwrap());
    headers.insert(
        "x-bytes",
        http::HeaderValue::from_bytes(b"caf\xe9").unwrap(),
    );
    response
}

enum Ending {
    Whole,
    Error,
    Panic,
}

fn stream(length: usize, ending: Ending) -> Response {
    Response::new(ResponseBody::Stream(Box::new(
        move |out: &mut dyn Write| {
            let mut left = length;
            while left > 0 {
                let step = left.min(999);
                out.write_all(&[b's'; 999][..step])?;
                left -= step;
            }
            match ending {
                Ending::Whole => Ok(()),
                Ending::Error => Err(io::Error::other("the database went away")),
                Ending::Panic => panic!("on purpose, in a stream"),
            }
        },
    )))
}

/// Everything that was logged since the first call, by all tests.
pub(super) struct Log(Mutex<Vec<String>>);

static LOG: Log = Log(Mutex::new(Vec::new()));

pub(super) fn captured_log() -> &'static Log {
    static START: Once = Once::new();
    START.call_once(|| {
        log::set_logger(&LOG).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    &LOG
}

impl Log {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}", record.target(), record.args());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn flush(&self) {}
}
