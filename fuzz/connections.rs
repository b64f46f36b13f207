//! What comes over a connection: records of a front server, requests to the built-in one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Method};
use weft::exchange::{Application, Request, Response, ResponseBody, Target};
use weft::gateway::http::{Server, Settings, serve};
use weft::routes;

/// Bytes as a front server sends them: the answer is whole records, and the next connection is served.
pub fn fastcgi_records(data: &[u8]) {
    let answer = over_fastcgi(data);
    let mut rest = answer.as_slice();
    while let [version, _, _, _, high, low, padding, _, after @ ..] = rest {
        assert_eq!(*version, 1);
        let length = usize::from(u16::from_be_bytes([*high, *low])) + usize::from(*padding);
        // A connection that is given up may end within a record.
        rest = after.get(length..).unwrap_or_default();
    }
}

fn over_fastcgi(data: &[u8]) -> Vec<u8> {
    static SOCKET: OnceLock<PathBuf> = OnceLock::new();
    let socket = SOCKET.get_or_init(|| {
        let path = tempfile::tempdir().unwrap().keep().join("socket");
        let listener = fastcgi::Listener::Unix(UnixListener::bind(&path).unwrap());
        let limits = fastcgi::Limits {
            read: Duration::from_millis(500),
            ..fastcgi::Limits::default()
        };
        std::thread::spawn(move || {
            let handler = |request: &mut fastcgi::Request<'_>,
                           response: &mut fastcgi::ResponseWriter<'_>| {
                let (params, stdin) = request.parts();
                let names: usize = params
                    .iter()
                    .map(|(name, value)| name.len() + value.len())
                    .sum();
                let mut body = Vec::new();
                stdin.take(100_000).read_to_end(&mut body)?;
                write!(
                    response,
                    "Content-Type: text/plain\r\n\r\n{names} {}",
                    body.len()
                )
            };
            fastcgi::serve(listener, 4, limits, &handler, &fastcgi::Stop::new())
        });
        path
    });
    let mut stream = UnixStream::connect(socket).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The server may end the connection before all is sent.
    let _ = stream.write_all(data);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no end of the answer"),
        _ => answer,
    }
}

/// Answers by what it was asked: with a stream or with bytes, having read the body or not.
struct Listening;

/// Headers of a request that the server is told to take.
const HEADERS: usize = 20;

/// Tells whoever reads the answers that there is no body behind this one.
const NO_BODY: &str = "x-no-body";

impl Application for Listening {
    fn handle(&self, mut request: Request<'_>) -> Response {
        let target: Target = request.extensions_mut().remove().unwrap();
        let headers = request.headers();
        assert!(headers.len() <= HEADERS + 1, "{headers:?}");
        assert!(headers.get_all(HOST).iter().count() <= 1, "{headers:?}");
        let codings: Vec<_> = headers.get_all(TRANSFER_ENCODING).iter().collect();
        assert!(codings.len() <= 1, "{headers:?}");
        for coding in codings {
            let coding = coding.as_bytes().trim_ascii();
            assert!(coding.eq_ignore_ascii_case(b"chunked"), "{headers:?}");
        }
        assert!(target.mount.is_empty() && target.path.starts_with(b"/"));
        let route = routes::resolve(&target, None);
        let text = format!("{route:?} {} {}", headers.len(), target.undecodable);
        let is_head = request.method() == Method::HEAD;
        let body = match target.query.first() {
            Some(b'u') => None,
            _ => Some(request.into_body().read_all(4096).map(|body| body.len())),
        };
        let text = format!("{text} {body:?}");
        let mut response = Response::new(match target.query.last() {
            Some(b's') => ResponseBody::Stream(Box::new(move |out| {
                text.as_bytes()
                    .chunks(9)
                    .try_for_each(|piece| out.write_all(piece))
            })),
            _ => ResponseBody::from(text),
        });
        if is_head {
            response
                .headers_mut()
                .insert(NO_BODY, HeaderValue::from_static("1"));
        }
        response
    }

    fn can_come_back(&self, _: &Request<'_>) -> bool {
        false
    }

    fn overloaded(&self, _: &Request<'_>) -> Response {
        panic!("one connection is no overload");
    }

    fn interrupted(&self, error: &io::Error) -> Response {
        panic!("{error}");
    }
}

/// Sent behind each input, so that the last request of it is over.
const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Bytes as a browser sends them: whole answers come, no more of them than there were requests, none is
/// that of a fault, and the connection ends.
pub fn http_requests(data: &[u8]) {
    let sent = [data, LAST].concat();
    let mut rest = BufReader::new(over_http(&sent));
    let mut answers = 0;
    while let Some(is_final) = answer(&mut rest) {
        answers += usize::from(is_final);
    }
    let asked = sent.windows(7).filter(|part| part == b"HTTP/1.").count();
    assert!(
        answers <= asked.max(1),
        "{answers} answers to {asked} requests"
    );
}

/// One answer, checked; none at the end of them. Whether it is more than a `100 Continue`.
fn answer(rest: &mut impl BufRead) -> Option<bool> {
    let mut length = None;
    let mut is_chunked = false;
    let mut has_body = true;
    let status_line = line(rest).filter(|line| !line.is_empty())?;
    let (version, status) = status_line.split_at_checked(9).unwrap();
    assert!(
        ["HTTP/1.1 ", "HTTP/1.0 "].contains(&version),
        "{status_line}"
    );
    let status: u16 = status[..3].parse().unwrap();
    assert!([100, 200, 400, 414, 431].contains(&status), "{status_line}");
    // The connection may end within an answer, if it was broken off.
    while let Some(line) = line(rest).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        match &*name.to_ascii_lowercase() {
            "content-length" => length = Some(value.parse::<u64>().unwrap()),
            "transfer-encoding" => is_chunked = value == "chunked",
            NO_BODY => has_body = false,
            _ => (),
        }
    }
    assert!(!is_chunked || length.is_none(), "{status_line}");
    if is_chunked && has_body {
        while let Some(size) = line(rest).filter(|line| !line.is_empty()) {
            let size = u64::from_str_radix(&size, 16).unwrap();
            io::copy(&mut rest.take(size + 2), &mut io::sink()).unwrap();
            if size == 0 {
                break;
            }
        }
    } else if has_body && status != 100 {
        io::copy(&mut rest.take(length.unwrap_or(u64::MAX)), &mut io::sink()).unwrap();
    }
    Some(status != 100)
}

/// A line without its end; none where there is none.
fn line(rest: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    rest.read_until(b'\n', &mut line).unwrap();
    let line = line.strip_suffix(b"\r\n")?;
    Some(String::from_utf8_lossy(line).into_owned())
}

/// What comes back. Once the server is silent the client says that it has sent all.
fn over_http(data: &[u8]) -> io::Cursor<Vec<u8>> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let settings = Settings {
            workers: 2,
            header_bytes: 2048,
            headers: HEADERS,
            ..Settings::default()
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        serve(Arc::new(Listening), address, settings).unwrap()
    });
    let mut stream = TcpStream::connect(server.address()).unwrap();
    // A thousand connections in a second would leave no port to anybody else for a minute.
    let socket = socket2::SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    // The server may end the connection before all is sent.
    let _ = stream.write_all(data);
    let mut answers = Vec::new();
    for patience in [Duration::from_millis(10), Duration::from_secs(20)] {
        stream.set_read_timeout(Some(patience)).unwrap();
        match stream.read_to_end(&mut answers) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
            _ => return io::Cursor::new(answers),
        }
        let _ = stream.shutdown(Shutdown::Write);
    }
    panic!("no end of the answer")
}
