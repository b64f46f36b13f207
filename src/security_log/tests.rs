//! Lines as receivers get them.

use super::sink::Complaints;
use super::*;
use crate::sync::Timestamp;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

const LOCAL4: Facility = Facility(20);

/// A request, as a stranger may send it.
struct Sent {
    method: Method,
    headers: HeaderMap,
    target: Target,
    client: Client,
}

impl Sent {
    fn usual() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, "Firefox/4.0".parse().unwrap());
        headers.insert(HOST, "sync.example.org".parse().unwrap());
        headers.insert("authorization", "Basic aHVudGVyMg==".parse().unwrap());
        Sent {
            method: Method::GET,
            headers,
            target: Target {
                mount: b"/weave".to_vec(),
                path: b"/1.0/ada/info/collections".to_vec(),
                query: b"key=hunter2".to_vec(),
                undecodable: false,
            },
            client: Client {
                address: "203.0.113.9".parse().ok(),
                ..Client::default()
            },
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            method: &self.method,
            headers: &self.headers,
            target: &self.target,
            client: &self.client,
            received: Instant::now(),
        }
    }
}

const USUAL: &str = "CEF:0|mozilla|weave|1.3|AuthFail|User Authentication Failed|5|\
                     cs1Label=requestClientApplication cs1=Firefox/4.0 requestMethod=GET \
                     request=/weave/1.0/ada/info/collections src=203.0.113.9 dst=sync.example.org \
                     suser=ada";

fn log(goal: Goal) -> SecurityLog {
    let clock: Clock = Arc::new(|| Timestamp::from_centis(177_236_820_500));
    SecurityLog::new("weave", goal, clock).unwrap()
}

fn received(receive: impl Fn(&mut [u8]) -> io::Result<usize>) -> String {
    let mut buffer = [0; 4096];
    let length = receive(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn the_local_syslog_gets_one_datagram_for_one_incident() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log");
    let syslog = UnixDatagram::bind(&path).unwrap();
    let log = log(Goal::Unix(path, LOCAL4));
    log.tell(Incident::AUTH_FAIL, "ada", &Sent::usual().scene());
    assert_eq!(received(|b| syslog.recv(b)), format!("<165>weave: {USUAL}"));
}

#[test]
fn a_syslog_elsewhere_gets_the_same_by_udp() {
    let syslog = UdpSocket::bind("127.0.0.1:0").unwrap();
    let log = log(Goal::Udp(syslog.local_addr().unwrap(), Facility(10)));
    log.tell(Incident::AUTH_FAIL, "ada", &Sent::usual().scene());
    assert_eq!(received(|b| syslog.recv(b)), format!("<85>weave: {USUAL}"));
}

#[test]
fn a_file_gets_lines_with_their_times_and_may_be_moved_away() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("security.log");
    let log = log(Goal::File(path.clone()));
    let line = format!("2026-03-01T12:30:05Z weave: {USUAL}\n");
    log.tell(Incident::AUTH_FAIL, "ada", &Sent::usual().scene());
    log.tell(Incident::AUTH_FAIL, "ada", &Sent::usual().scene());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), line.repeat(2));
    std::fs::rename(&path, home.path().join("old")).unwrap();
    log.tell(Incident::AUTH_FAIL, "ada", &Sent::usual().scene());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), line);
}

#[test]
fn a_file_that_cannot_be_written_is_known_at_the_start() {
    let path = PathBuf::from("/nonexistent/security.log");
    let clock: Clock = Arc::new(|| Timestamp::ZERO);
    assert!(SecurityLog::new("weave", Goal::File(path), clock).is_err());
}

#[test]
fn nothing_that_a_stranger_sends_makes_a_second_line_or_a_long_one() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log");
    let syslog = UnixDatagram::bind(&path).unwrap();
    let device = "|=\n".repeat(1000);
    let clock: Clock = Arc::new(|| Timestamp::ZERO);
    let log = SecurityLog::new(&device, Goal::Unix(path, LOCAL4), clock).unwrap();
    let mut sent = Sent::usual();
    let evil = "x|y suser=root\\ ".repeat(1000);
    sent.headers.insert(USER_AGENT, evil.parse().unwrap());
    sent.headers.insert(HOST, evil.parse().unwrap());
    sent.method = Method::from_bytes("M".repeat(500).as_bytes()).unwrap();
    sent.target.path = b"/\r\nCEF:0|mozilla|\0\x1b".repeat(1000);
    sent.client.address = "2001:db8:1111:2222:3333:4444:5555:6666".parse().ok();
    log.tell(Incident::RESET_CLEARED, &"=\n".repeat(1000), &sent.scene());
    let line = received(|b| syslog.recv(b));
    // The shortest length that every syslog takes (RFC 3164).
    assert!(line.len() <= 1024, "{}", line.len());
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
    let plain = line
        .replace("\\\\", "")
        .replace("\\|", "")
        .replace("\\=", "");
    assert_eq!(plain.matches('|').count(), 7, "{plain}");
    assert_eq!(plain.matches('=').count(), 7, "{plain}");
}

#[test]
fn what_a_client_does_not_say_is_none() {
    let syslog = UdpSocket::bind("127.0.0.1:0").unwrap();
    let log = log(Goal::Udp(syslog.local_addr().unwrap(), LOCAL4));
    let mut sent = Sent::usual();
    sent.headers.clear();
    sent.client = Client::default();
    log.tell(Incident::LOCKOUT, "ada", &sent.scene());
    let line = received(|b| syslog.recv(b));
    assert!(
        line.contains("|AccountLockout|Account Lockout Hit|1|"),
        "{line}"
    );
    assert!(
        line.contains(" cs1=none ") && line.contains(" src=none dst=none "),
        "{line}"
    );
}

#[test]
fn a_syslog_that_is_away_costs_nothing_and_is_found_again() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log");
    let log = log(Goal::Unix(path.clone(), LOCAL4));
    let sent = Sent::usual();
    for _ in 0..1000 {
        log.tell(Incident::AUTH_FAIL, "ada", &sent.scene());
    }
    let syslog = UnixDatagram::bind(&path).unwrap();
    log.tell(Incident::AUTH_FAIL, "bob", &sent.scene());
    assert!(received(|b| syslog.recv(b)).ends_with(" suser=bob"));
    // It hangs now: nobody reads, and its queue is full. Whoever waited here would never end.
    for _ in 0..10_000 {
        log.tell(Incident::AUTH_FAIL, "ada", &sent.scene());
    }
}

#[test]
fn lost_lines_are_told_once_a_minute_with_their_number() {
    let (complaints, start) = (Complaints::default(), Instant::now());
    let at = |seconds| complaints.about_one_more(start + Duration::from_secs(seconds));
    assert_eq!(at(0), Some(1));
    assert_eq!([at(1), at(30), at(59)], [None; 3]);
    assert_eq!(at(60), Some(4));
    assert_eq!(at(61), None);
}
