//! Guessing: passwords, codes, invitations, and which names there are.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::api::basic;
use crate::harness::http::{Request, Response};
use crate::harness::{Gateway, Installation, Memcached, Node, Server};

const PASSWORD: &str = "a long password";

/// A read of somebody's list with a password.
fn login(node: &Node, name: &str, password: &str) -> Response {
    let request = node.request("GET", &format!("/1.0/{name}/info/collections"));
    node.send(&request.header("Authorization", basic(format!("{name}:{password}"))))
}

/// Guesses in turn at three processes on the same data, and what the right password gets then.
fn guess_in_turn(settings: &str) -> Response {
    let at = Installation::new();
    at.configure("weft", settings);
    at.run("weft", &["user", "add", "ada"], PASSWORD).expect();
    at.run("weft", &["user", "add", "grace"], PASSWORD).expect();
    let nodes = ["one", "two", "three"].map(|log| at.serve("weft", log, None));
    assert_eq!(login(&nodes[0], "ada", PASSWORD).status, 200);
    for (number, node) in nodes.iter().cycle().take(6).enumerate() {
        let refused = login(node, "ada", &format!("guess {number}"));
        assert_eq!(refused.status, 401, "{refused:?}");
    }
    // Nobody else is locked out by it.
    assert_eq!(login(&nodes[1], "grace", PASSWORD).status, 200);
    login(&nodes[2], "ada", PASSWORD)
}

#[test]
fn a_lock_holds_in_every_process() {
    let locked = guess_in_turn("lockout.failures = 6\n");
    locked.must_be(401, "\"Account locked\"");
    assert_eq!(guess_in_turn("lockout.failures = 7\n").status, 200);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "its server is not installed")]
fn a_lock_holds_in_every_process_with_memcached_too() {
    let memcached = Memcached::start();
    let with = |failures| format!("lockout.failures = {failures}\n{}", memcached.settings());
    guess_in_turn(&with(6)).must_be(401, "\"Account locked\"");
    memcached.flush();
    assert_eq!(guess_in_turn(&with(7)).status, 200);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "its server is not installed")]
fn a_lock_holds_in_every_process_while_memcached_is_away() {
    let mut memcached = Memcached::start();
    let port = memcached.port();
    memcached.kill();
    let settings =
        format!("[lockout]\nfailures = 6\n[memcached]\nservers = [\"127.0.0.1:{port}\"]\n");
    guess_in_turn(&settings).must_be(401, "\"Account locked\"");
}

fn ask(server: &Server, name: &str, password: &str) -> Response {
    let path = format!("{}1.0/{name}/info/collections", server.prefix());
    let request = Request::new("GET", path).header("Host", server.host());
    server.send(&request.header("Authorization", basic(format!("{name}:{password}"))))
}

fn is_locked_after_six(gateway: Gateway) {
    let server = gateway.start("lockout.failures = 6\n");
    let path = format!("{}user/1.0/ada", server.prefix());
    let body = json!({"password": PASSWORD, "email": "ada@example.com"}).to_string();
    let made = server.send(
        &Request::new("PUT", path)
            .header("Host", server.host())
            .body(body),
    );
    made.must_be(200, "ada");
    for number in 0..6 {
        assert_eq!(ask(&server, "ada", &format!("guess {number}")).status, 401);
    }
    ask(&server, "ada", PASSWORD).must_be(401, "\"Account locked\"");
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn a_lock_holds_for_programs_that_live_for_one_request() {
    is_locked_after_six(Gateway::Cgi);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn a_lock_holds_for_the_workers_of_mod_fcgid() {
    is_locked_after_six(Gateway::ModFcgid);
}

#[test]
fn codes_and_invitations_can_be_guessed_thirty_times_an_hour_and_in_no_process_more() {
    let at = Installation::new();
    at.configure("weft", "registration.mode = \"invite\"\n");
    at.run("weft", &["user", "add", "ada"], PASSWORD).expect();
    let nodes = ["one", "two", "three"].map(|log| at.serve("weft", log, None));
    let code = |node: &Node, number: usize| {
        let guess = format!("{number:04}-0000-0000-0000-0000-0000-0000");
        let request = node.request("POST", "/user/1.0/ada/password");
        let request = request.header("X-Weave-Password-Reset", guess);
        node.send(&request.body("another long one"))
    };
    let invitation = |node: &Node, number: usize| {
        let guess = format!("{number:04}-0000-0000-0000-0000-0000-0000");
        let body = json!({"password": PASSWORD, "email": "eve@example.com", "invitation": guess});
        let request = node.request("PUT", &format!("/user/1.0/eve{number}"));
        node.send(&request.body(body.to_string()))
    };
    for number in 0..30 {
        let node = &nodes[number % 3];
        match number % 2 {
            0 => code(node, number).must_be(400, "10"),
            _ => assert_eq!(invitation(node, number).status, 403),
        }
    }
    for node in &nodes {
        assert_eq!(code(node, 31).status, 503);
        assert_eq!(invitation(node, 31).status, 503);
    }
    assert_eq!(login(&nodes[0], "ada", PASSWORD).status, 200);
}

/// The middle of how long a login of each name takes. They are asked in turn, so that what else the machine
/// does meanwhile is the same for all.
fn take<const N: usize>(node: &Node, names: [&str; N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..15 {
        for (name, times) in names.iter().zip(&mut times) {
            let begun = Instant::now();
            assert_eq!(login(node, name, "not the password").status, 401);
            times.push(begun.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[7]
    })
}

/// Whoever guesses names learns nothing from the clock: a known name with a hash of any age costs
/// the same hash as an unknown or a disabled one. The bounds are wide, for a machine that does much else:
/// without the hash an answer would take a tenth of the time.
#[test]
fn unknown_names_take_as_long_as_known_ones() {
    let at = Installation::new();
    at.configure("weft", "lockout.failures = 0\nauth.argon2_iterations = 6\n");
    for name in ["known", "disabled", "old"] {
        at.run("weft", &["user", "add", name], PASSWORD).expect();
    }
    at.run("weft", &["user", "disable", "disabled"], "")
        .expect();
    let file = at.site.path("weft-data/accounts.db");
    let accounts = rusqlite::Connection::open(&file).unwrap();
    // A hash that is checked in a microsecond.
    let hash = "{SSHA}gIZQH6s90mFdDkKAAiFhe7gbL9ZzYWx0c2FsdA==";
    let changed = accounts.execute(
        "UPDATE users SET password_hash = ? WHERE name = 'old'",
        [hash],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(accounts);
    let node = at.serve("weft", "weft", None);
    let names = ["known", "unknown", "disabled", "old"];
    let times = take(&node, names);
    let known = times[0];
    for (name, other) in names.into_iter().zip(times) {
        assert!(
            other > known / 4 && other < known * 4,
            "{name} takes {other:?}, a known name {known:?}"
        );
    }
    assert!(fs::exists(file).unwrap());
}
