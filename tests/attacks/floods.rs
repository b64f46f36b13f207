//! Too much of everything: headers, parameters, names, elements, and clients that take all the time in
//! the world.

use std::thread;
use std::time::{Duration, Instant};

use crate::Bystander;
use crate::harness::api::{PHP, PYTHON, User, basic};
use crate::harness::http::{Connection, Request};
use crate::harness::{Gateway, Server, process};

through_every_gateway! {
    too_much_of_anything_is_refused
}

fn too_much_of_anything_is_refused(server: &Server) {
    let bystander = Bystander::new(server, "flooded");
    let user = &bystander.0;
    let ask = |path: &str| user.request("GET", path);
    let mut many_headers = ask("info/collections");
    for number in 0..5_000 {
        many_headers = many_headers.header(&format!("X-Flood-{number}"), "x");
    }
    let mut same_header = ask("info/collections");
    for _ in 0..5_000 {
        same_header = same_header.header("Cookie", "a=b");
    }
    let long = "x".repeat(300_000);
    let floods = [
        ("many headers", many_headers),
        ("one header many times", same_header),
        (
            "a long header",
            ask("info/collections").header("X-Flood", &long),
        ),
        (
            "long credentials",
            ask("").header("Authorization", basic(&long)),
        ),
        ("a long path", ask(&format!("storage/{long}"))),
        ("a long query", ask(&format!("storage/forms?ids={long}"))),
        (
            "many parameters",
            ask(&format!("storage/forms?{}", "a=b&".repeat(80_000))),
        ),
        ("a deep path", ask(&"a/".repeat(100_000))),
        (
            "a long method",
            user.request(&"X".repeat(100_000), "storage/forms"),
        ),
    ];
    for (flood, request) in floods {
        // A server that has read enough may end the connection before all was sent.
        if let Ok(mut line) = Connection::open(server.address())
            && let Ok(answer) = line.exchange(&request)
        {
            assert!(
                (400..500).contains(&answer.status) || answer.status == 501,
                "{flood}: {answer:?}"
            );
        }
        bystander.is_unharmed(flood);
    }
}

/// For how long the server has been at work: what else the machine does is no fault of the server's.
fn at_work(server: &Server) -> Duration {
    let times = server.worker_pids().into_iter().map(process::time_at_work);
    times.sum::<Option<_>>().expect("it runs")
}

/// What a client may send within the limits of headers, and that is still too much for what reads it.
#[test]
fn what_fits_into_a_request_does_not_take_the_server_long() {
    let server = Gateway::Builtin.start("");
    for version in [PHP, PYTHON] {
        let bystander = Bystander::new(&server, &format!("bystander-{version}"));
        let user = User::new(&server, version, &format!("heavy-{version}"));
        let query = |text: String| user.request("GET", &format!("storage/forms?{text}"));
        let header =
            |name: &str, text: String| user.request("GET", "storage/forms").header(name, text);
        let heavy = [
            ("parameters", query("ids=a&".repeat(9_000))),
            ("ids", query(format!("ids={}", "a,".repeat(25_000)))),
            ("percent signs", query("%".repeat(50_000))),
            ("a number", query(format!("newer={}", "9".repeat(50_000)))),
            (
                "another number",
                query(format!("limit=1e{}", "9".repeat(50_000))),
            ),
            ("media types", header("Accept", "a/b;q=0.1,".repeat(5_000))),
            ("commas", header("Accept", ",".repeat(50_000))),
            (
                "cookies",
                header("Cookie", "weft_session=a.1.b.c;".repeat(2_500)),
            ),
            (
                "a time",
                header("X-If-Unmodified-Since", "1".repeat(50_000)),
            ),
            (
                "proxies",
                header("X-Forwarded-For", "1.2.3.4,".repeat(6_000)),
            ),
        ];
        for (what, request) in heavy {
            let before = at_work(&server);
            let answer = server.send(&request);
            assert!(answer.status < 500, "{what}: {answer:?}");
            let took = at_work(&server) - before;
            assert!(took < Duration::from_secs(10), "{what}: {took:?}");
            bystander.is_unharmed(what);
        }
        for (what, body) in [
            ("elements", format!("[{}0]", "0,".repeat(900_000))),
            ("empty records", format!("[{}{{}}]", "{},".repeat(300_000))),
            (
                "members",
                format!("[{{{}\"id\":\"a\"}}]", "\"a\":1,".repeat(150_000)),
            ),
            (
                "digits",
                format!("[{{\"id\":\"a\",\"sortindex\":{}}}]", "1".repeat(1_000_000)),
            ),
            (
                "escapes",
                format!("[{{\"id\":\"{}\"}}]", "\\u0041".repeat(150_000)),
            ),
            ("white space", format!("[{}]", " ".repeat(1_000_000))),
        ] {
            let before = at_work(&server);
            let answer = user.post("storage/forms", body);
            assert!(answer.status < 500, "{what}: {answer:?}");
            let took = at_work(&server) - before;
            assert!(took < Duration::from_secs(20), "{what}: {took:?}");
            bystander.is_unharmed(what);
        }
        let stored = user.get("info/collection_counts").text();
        assert!(["{}", "[]"].contains(&stored.as_str()), "{stored}");
    }
}

/// Strangers who begin a request, and never end it.
#[test]
fn slow_clients_keep_nobody_waiting() {
    // Nothing ends by itself while somebody might wait for it.
    let server = Gateway::Builtin.start("server.read_timeout = \"10min\"\n");
    let bystander = Bystander::new(&server, "bystander");
    let user = User::new(&server, PYTHON, "slow");
    let sign_up = |number: usize| {
        Request::new("PUT", format!("/user/1.0/slow{number}")).header("Host", server.host())
    };
    let mut lines = Vec::new();
    for number in 0..60 {
        let mut request = match number % 5 {
            0 => sign_up(number).header("Content-Length", "1000"),
            1 => sign_up(number).header("Transfer-Encoding", "chunked"),
            2 => Request::new("POST", "/account/sign-in")
                .header("Host", server.host())
                .header("Content-Length", "60000"),
            3 => user
                .request("POST", "storage/forms")
                .header("Content-Length", "900000"),
            _ => sign_up(number)
                .header("Expect", "100-continue")
                .header("Content-Length", "1000"),
        };
        if number % 5 == 1 {
            request.after_headers = b"3\r\nabc\r\n".to_vec();
        }
        let mut line = Connection::open(server.address()).unwrap();
        line.send(&request.bytes()).unwrap();
        lines.push(line);
    }
    // They have all arrived.
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    for _ in 0..5 {
        bystander.is_unharmed("slow clients");
        let small = bystander
            .0
            .put("storage/bookmarks/mine", r#"{"payload":"precious"}"#);
        small.written();
    }
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    drop(lines);
    assert_eq!(user.get("info/collections").text(), "{}");
}
