//! What the security log is told of logins that were refused.

use super::*;
use crate::accounts::SignUpMode;
use crate::auth::throttle::{InProcess, Lockout};
use crate::security_log::{Facility, Goal};
use std::os::unix::net::UnixDatagram;

/// A server with the user `ada` whose security log is read by the test.
fn watched(change: impl FnOnce(&mut Settings)) -> (Server, UnixDatagram) {
    let mut server = Server::with_ada(change);
    let path = server._folder.path().join("syslog");
    let syslog = UnixDatagram::bind(&path).unwrap();
    syslog.set_nonblocking(true).unwrap();
    let goal = Goal::Unix(path, Facility(20));
    let log = SecurityLog::new("weave", goal, Arc::clone(&server.api.clock)).unwrap();
    server.api.security_log = Arc::new(log);
    let counter = InProcess::new(Duration::from_secs(900), 10);
    server.api.lockout = Some(Arc::new(Lockout::new(2, Box::new(counter))));
    (server, syslog)
}

/// The lines that have come since the last look.
fn lines(syslog: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 2048];
    std::iter::from_fn(|| {
        syslog
            .recv(&mut buffer)
            .ok()
            .map(|length| buffer[..length].to_vec())
    })
    .map(|line| String::from_utf8(line).unwrap())
    .collect()
}

#[test]
fn each_refused_login_is_one_line_with_its_kind_and_its_user() {
    let (server, syslog) = watched(|_| {});
    let delete = || ask("DELETE", "/user/1.0/ada");
    let cases = [
        (
            delete(),
            "|AuthFail|No Authorization header was provided|7|",
            "ada",
        ),
        (
            delete().header("authorization", "Digest x"),
            "|AuthFail|Authorization header contains unknown protocol|7|",
            "ada",
        ),
        (
            delete().login("eve|=\n", "testpass"),
            "|AuthFail|Username Does Not Match URL|7|",
            "eve\\|\\=\\n",
        ),
        (
            delete().login("ada", "wrong"),
            "|AuthFail|User Authentication Failed|5|",
            "ada",
        ),
        (
            delete().login("ada", "wrong"),
            "|AuthFail|User Authentication Failed|5|",
            "ada",
        ),
        (
            delete().login("ada", "testpass"),
            "|AccountLockout|Account Lockout Hit|1|",
            "ada",
        ),
    ];
    for (ask, kind, user) in cases {
        assert_eq!(server.answer(ask).0, 401);
        let told = lines(&syslog);
        let [line] = told.as_slice() else {
            panic!("{kind}: {told:?}");
        };
        assert!(line.contains(kind), "{line}");
        assert!(line.ends_with(&format!(" suser={user}")), "{line}");
        assert!(
            line.contains(" request=/user/1.0/ada src=192.0.2.1 dst=sync.example.com "),
            "{line}"
        );
        assert!(
            !line.contains("testpass") && !line.contains("Digest"),
            "{line}"
        );
    }
}

#[test]
fn good_logins_are_told_to_nobody() {
    let (server, syslog) = watched(|_| {});
    let delete = ask("DELETE", "/user/1.0/ada").login("ada", "testpass");
    assert_eq!(server.answer(delete), is(200, "0"));
    assert_eq!(lines(&syslog), [""; 0]);
}

#[test]
fn a_wrong_secret_and_a_wrong_reset_code_are_told() {
    let (mut server, syslog) = watched(|settings| {
        settings.registration.secret = Some("tulip".into());
    });
    server.api.people.settings.sign_up = SignUpMode::Closed;
    let put = || ask("PUT", "/user/1.0/bob").body(r#"{"password":"long enough"}"#);
    assert_eq!(server.answer(put().header("x-weave-secret", "rose")).0, 403);
    assert_eq!(
        server.answer(put().header("x-weave-secret", "tulip")).0,
        200
    );
    let told = lines(&syslog);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("|InvalidAdmin|") && !told[0].contains("rose"),
        "{told:?}"
    );

    let reset = ask("POST", "/user/1.0/ada/password").body("long enough");
    let reset = reset.header("x-weave-password-reset", "AAAA-BBBB");
    assert_eq!(server.answer(reset), is(400, "10"));
    let told = lines(&syslog);
    assert!(
        told[0].contains("|InvalidResetCode|Invalid Reset Code submitted|5|"),
        "{told:?}"
    );
    assert!(!told[0].contains("AAAA"), "{told:?}");
}
