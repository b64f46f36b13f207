//! The security log as those get it who watch it: a file, the socket of the machine's syslog, a syslog
//! elsewhere, each written to by the real program behind another front.
//!
//! A program that watches reads by pattern, so each line is compared whole.

mod harness;

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use harness::api::basic;
use harness::http::{Connection, Request, Response};
use harness::visitor::Visitor;
use harness::{Gateway, Server};
use tempfile::TempDir;

const AGENT: &str = "PaleMoon/29.0.0 FxSync/1.45.0";
const PASSWORD: &str = "a long password";
const SECRET: &str = "the tools' own";

/// Who reads.
enum Watcher {
    File(PathBuf),
    Socket(UnixDatagram),
    Net(UdpSocket),
}

impl Watcher {
    /// One of each, with the setting that leads to it.
    fn file(home: &TempDir) -> (Watcher, String) {
        let path = home.path().join("refused");
        let setting = format!("target = \"file\"\nfile = \"{}\"", path.display());
        (Watcher::File(path), setting)
    }

    /// Where a chroot or a container has it, say.
    fn socket(home: &TempDir) -> (Watcher, String) {
        let path = home.path().join("log");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let setting = format!("target = \"syslog\"\nsyslog = \"{}\"", path.display());
        (Watcher::Socket(socket), setting)
    }

    fn net() -> (Watcher, String) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let setting =
            format!("target = \"syslog\"\nsyslog = \"{address}\"\nfacility = \"authpriv\"");
        (Watcher::Net(socket), setting)
    }

    /// What has come since the last look. It was sent before the answer that the test has.
    fn lines(&self) -> Vec<String> {
        let mut buffer = [0; 4096];
        let mut next = || {
            match self {
                Watcher::File(_) => None,
                Watcher::Socket(socket) => socket.recv(&mut buffer).ok(),
                Watcher::Net(socket) => socket.recv(&mut buffer).ok(),
            }
            .map(|length| String::from_utf8(buffer[..length].to_vec()).unwrap())
        };
        let mut lines: Vec<String> = std::iter::from_fn(&mut next).collect();
        if let Watcher::File(path) = self {
            let text = fs::read_to_string(path).unwrap_or_default();
            assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
            lines = text.lines().map(str::to_owned).collect();
            // As logrotate moves it away.
            let _ = fs::rename(path, path.with_extension("1"));
        }
        lines
    }

    /// What stands before the event itself: priority 20 or 10 times 8, and 5 (RFC 3164), or the time.
    fn event<'l>(&self, line: &'l str) -> &'l str {
        let (before, event) = line.split_once("weave: ").expect(line);
        match self {
            Watcher::Socket(_) => assert_eq!(before, "<165>"),
            Watcher::Net(_) => assert_eq!(before, "<85>"),
            Watcher::File(_) => {
                let like: String = before
                    .chars()
                    .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
                    .collect();
                assert_eq!(like, "0000-00-00T00:00:00Z ");
            }
        }
        event
    }
}

/// A server and who watches it.
struct Watched {
    server: Server,
    watcher: Watcher,
    _home: TempDir,
}

impl Watched {
    fn start(gateway: Gateway, more: &str) -> Watched {
        let home = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let (watcher, to) = match gateway {
            Gateway::Builtin => Watcher::file(&home),
            Gateway::ModFcgid => Watcher::socket(&home),
            _ => Watcher::net(),
        };
        let server = gateway.start(&format!("[security_log]\n{to}\n{more}"));
        Watched {
            server,
            watcher,
            _home: home,
        }
    }

    fn request(&self, method: &str, path: &str) -> Request {
        let target = format!("{}{path}", self.server.prefix());
        Request::new(method, target)
            .header("Host", self.server.host())
            .header("User-Agent", AGENT)
    }

    fn login(&self, method: &str, path: &str, name: &str, password: &str) -> Request {
        let login = basic(format!("{name}:{password}"));
        self.request(method, path).header("Authorization", login)
    }

    /// An event, as it must be told of `request`.
    fn event(&self, kind: &str, request: &Request, agent: &str, user: &str) -> String {
        let (path, _) = (request.target.split_once('?')).unwrap_or((&request.target, ""));
        format!(
            "CEF:0|mozilla|weave|1.3|{kind}|cs1Label=requestClientApplication cs1={agent} \
             requestMethod={} request={path} src=127.0.0.1 dst={} suser={user}",
            request.method,
            self.server.host()
        )
    }

    /// The answer to a request of which exactly this is told.
    #[track_caller]
    fn told(&self, request: &Request, kind: &str, user: &str) -> Response {
        let answer = self.server.send(request);
        let lines = self.watcher.lines();
        let events: Vec<_> = lines.iter().map(|line| self.watcher.event(line)).collect();
        assert_eq!(
            events,
            [self.event(kind, request, AGENT, user)],
            "{answer:?}"
        );
        answer
    }

    /// The answer to a request of which nothing is told.
    #[track_caller]
    fn untold(&self, request: &Request) -> Response {
        let answer = self.server.send(request);
        assert_eq!(self.watcher.lines(), [""; 0]);
        answer
    }

    /// A sign-up by the tools of the operator or the browser's own.
    fn sign_up(&self, name: &str, secret: Option<&str>) -> Request {
        let request = self.request("PUT", &format!("user/1.0/{name}"));
        let request = match secret {
            Some(secret) => request.header("X-Weave-Secret", secret),
            None => request,
        };
        request.body(format!(
            r#"{{"password":"{PASSWORD}","email":"{name}@example.org"}}"#
        ))
    }
}

const SETTINGS: &str = "[lockout]\nfailures = 2\n[registration]\nsecret = \"the tools' own\"\n\
                        [api]\nnode = \"assign\"\n[nodes]\nown = \"http://here.example/\"\ncheck = true\n";

const FAILED: &str = "AuthFail|User Authentication Failed|5";
const LOCKED: &str = "AccountLockout|Account Lockout Hit|1";

fn all_events(gateway: Gateway) {
    let watched = Watched::start(gateway, SETTINGS);
    let (root, info) = ("1.0/ada", "1.0/ada/info/collections");

    // Accounts are made, by browsers and by tools; a wrong secret is told, and counts as none.
    watched
        .untold(&watched.sign_up("ada", None))
        .must_be(200, "ada");
    let tool = watched.sign_up("bob", Some(SECRET));
    watched.untold(&tool).must_be(200, "bob");
    let forged = watched.sign_up("eve", Some("a guess"));
    let answer = watched.told(&forged, "InvalidAdmin|Invalid Admin Secret|7", "eve");
    answer.must_be(200, "eve");

    // Logins: right; none at all; as somebody else; not readable.
    let good = watched.login("GET", info, "ada", PASSWORD);
    assert_eq!(watched.untold(&good).status, 200);
    let none = watched.request("GET", info);
    let words = "AuthFail|No Authorization header was provided|7";
    assert_eq!(watched.told(&none, words, "ada").status, 401);
    let other = watched.login("GET", info, "eve|=\n", PASSWORD);
    let words = "AuthFail|Username Does Not Match URL|7";
    assert_eq!(watched.told(&other, words, "eve\\|\\=\\n").status, 400);
    let scheme = watched.request("GET", info);
    let scheme = scheme.header("Authorization", "Digest username=ada");
    let words = "AuthFail|Authorization header contains unknown protocol|7";
    assert_eq!(watched.told(&scheme, words, "ada").status, 401);

    // A code for a new password: a wrong one, and one that its owner takes back. The query is secret.
    let reset = |code: &str| {
        let request = watched.request("POST", "user/1.0/ada/password?x=hidden");
        let request = request.header("X-Weave-Password-Reset", code);
        request.body("another long one")
    };
    let words = "InvalidResetCode|Invalid Reset Code submitted|5";
    watched
        .told(&reset("AAAA-BBBB"), words, "ada")
        .must_be(400, "10");
    let cleared = watched.login("DELETE", "user/1.0/ada/password_reset", "ada", PASSWORD);
    let words = "PasswordResetCleared|User requested password reset clear|9";
    watched.told(&cleared, words, "ada").must_be(200, "success");
    let link = watched
        .server
        .command(&["user", "reset-link", "ada", "--json"], "");
    let code = link.json()["code"].as_str().unwrap().to_owned();
    watched.untold(&reset(&code)).must_be(200, "success");

    // Wrong passwords, until the name is locked. Then the right one is refused, too.
    let wrong = watched.login("GET", info, "ada", "wrong");
    for _ in 0..2 {
        assert_eq!(watched.told(&wrong, FAILED, "ada").status, 401);
    }
    let right = watched.login(
        "PUT",
        &format!("{root}/storage/a/b"),
        "ada",
        "another long one",
    );
    watched.told(&right.body("{}"), LOCKED, "ada");

    // Who forges a line by the headers makes a long value, and no line.
    let forger = watched
        .login("GET", "1.0/bob/info/quota", "bob", "wrong")
        .header("X-Forwarded-For", "203.0.113.1");
    let mut forger = forger;
    forger.headers.retain(|(name, _)| name != "User-Agent");
    let forger = forger.header("User-Agent", "x|suser=root \\ src=10.0.0.1");
    assert_eq!(watched.server.send(&forger).status, 401);
    let lines = watched.watcher.lines();
    let events: Vec<_> = lines
        .iter()
        .map(|line| watched.watcher.event(line))
        .collect();
    let agent = "x\\|suser\\=root \\\\ src\\=10.0.0.1";
    assert_eq!(events, [watched.event(FAILED, &forger, agent, "bob")]);

    // A user of another node, and one who leaves.
    let there = ["node", "add", "http://there.example/", "--places", "9"];
    watched.server.command(&there, "").expect();
    let node = watched.request("GET", "user/1.0/bob/node/weave");
    watched.untold(&node).must_be(200, "http://there.example/");
    let stranger = watched.login("GET", "1.0/bob/info/collections", "bob", PASSWORD);
    let words = "AuthFail|User authenticated to wrong node|7";
    assert_eq!(watched.told(&stranger, words, "bob").status, 401);
    let leaving = watched.login("DELETE", "user/1.0/eve", "eve", PASSWORD);
    watched.untold(&leaving).must_be(200, "0");
    let gone = watched.login("GET", "1.0/eve/info/collections", "eve", PASSWORD);
    assert_eq!(watched.told(&gone, FAILED, "eve").status, 401);
}

#[test]
#[cfg_attr(without = "sqlite", ignore)]
fn a_file_gets_every_event_of_the_built_in_server() {
    all_events(Gateway::Builtin);
}

#[test]
#[cfg_attr(without = "apache", ignore)]
fn the_machine_s_syslog_gets_every_event_of_workers_behind_apache() {
    all_events(Gateway::ModFcgid);
}

#[test]
#[cfg_attr(without = "apache", ignore)]
fn a_syslog_elsewhere_gets_every_event_of_weft_fastcgi() {
    all_events(Gateway::ModProxyFcgi);
}

#[test]
fn the_pages_tell_what_the_browsers_way_tells() {
    let watched = Watched::start(
        Gateway::Builtin,
        "[lockout]\nfailures = 2\n[captcha]\nkind = \"image\"\n",
    );
    let add = ["user", "add", "ada"];
    watched.server.command(&add, PASSWORD).expect();
    let captcha = "CaptchaFail|Captcha Failed|5";
    let tool = watched.sign_up("bob", None);
    watched.told(&tool, captcha, "bob").must_be(400, "2");

    let mut visitor = Visitor::new(&watched.server);
    let mut sends = |path: &str, fields: &[(&str, &str)], kind: &str, user: &str| {
        let answer = visitor.submit(path, fields);
        let lines = watched.watcher.lines();
        let events: Vec<_> = lines
            .iter()
            .map(|line| watched.watcher.event(line))
            .collect();
        let path = path.split('?').next().unwrap();
        let request = watched.request("POST", path);
        let expected = watched.event(kind, &request, "none", user);
        assert_eq!(events, [expected], "{answer:?}");
    };
    let account = [
        ("name", "bob"),
        ("username", "bob"),
        ("email", ""),
        ("password", PASSWORD),
        ("confirm", PASSWORD),
        ("challenge", "x"),
        ("response", "1"),
    ];
    sends("account/sign-up", &account, captcha, "bob");
    let wrong = [("username", "ada"), ("password", "wrong")];
    sends("account/sign-in", &wrong, FAILED, "ada");
    sends("account/sign-in", &wrong, FAILED, "ada");
    let right = [("username", "ada"), ("password", PASSWORD)];
    sends("account/sign-in", &right, LOCKED, "ada");
    let reset = [
        ("username", "ada"),
        ("key", "AAAA-BBBB"),
        ("password", PASSWORD),
        ("confirm", PASSWORD),
    ];
    let words = "InvalidResetCode|Invalid Reset Code submitted|5";
    sends(
        "weave-password-reset?username=ada&key=AAAA-BBBB",
        &reset,
        words,
        "ada",
    );
}

#[test]
fn a_syslog_that_hangs_or_is_gone_holds_nobody_up() {
    let home = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // It is there, and nobody reads: its queue is full after some hundred lines at most.
    let (watcher, to) = Watcher::socket(&home);
    let server = Gateway::Builtin.start(&format!(
        "[security_log]\n{to}\n[log]\nrequests = \"never\"\n"
    ));
    let request = Request::new("GET", "/1.0/ada/info/collections").header("Host", server.host());
    let mut connection = Connection::open(server.address()).unwrap();
    const MANY: usize = 1_500;
    for _ in 0..MANY {
        assert_eq!(connection.exchange(&request).unwrap().status, 401);
    }
    let some = watcher.lines().len();
    assert!((1..MANY).contains(&some), "{some}");
    assert_eq!(server.send(&request).status, 401);
    assert_eq!(watcher.lines().len(), 1, "it is written to again");
    drop(watcher);
    assert_eq!(server.send(&request).status, 401);
    assert!(
        server.logs().contains("the security log can't be written"),
        "{}",
        server.logs()
    );
}
