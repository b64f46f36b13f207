//! Codes and invitations among several processes, and what the browser's wizard finds for a captcha.

use std::sync::Barrier;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::harness::http::Response;
use crate::harness::{Installation, Node};

const LOGS: [&str; 4] = ["one", "two", "three", "four"];

/// As many servers as there are logs, on the same data.
fn servers(at: &Installation) -> Vec<Node> {
    LOGS.iter().map(|log| at.serve("weft", log, None)).collect()
}

/// What everybody answers who is asked at the same moment, three times each.
fn at_once(servers: &[Node], ask: impl Fn(&Node, usize) -> Response + Sync) -> Vec<Response> {
    let barrier = Barrier::new(servers.len() * 3);
    thread::scope(|scope| {
        let asking: Vec<_> = (0..servers.len() * 3)
            .map(|n| {
                let (server, barrier, ask) = (&servers[n % servers.len()], &barrier, &ask);
                scope.spawn(move || {
                    barrier.wait();
                    ask(server, n)
                })
            })
            .collect();
        let asking = asking.into_iter();
        asking.map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn of_all_who_use_one_code_at_once_in_several_processes_one_wins() {
    let at = Installation::new();
    at.configure("weft", "");
    at.run("weft", &["user", "add", "ada"], "testpass").expect();
    let servers = servers(&at);
    for round in 0..3 {
        let link = at.run("weft", &["user", "reset-link", "ada", "--json"], "");
        let link = link.json();
        let code = link["code"].as_str().unwrap();
        let answers = at_once(&servers, |server, n| {
            let request = server.request("POST", "/user/1.0/ada/password");
            let request = request.header("X-Weave-Password-Reset", code);
            server.send(&request.body(format!("password {round} {n}")))
        });
        let won: Vec<usize> = (0..answers.len())
            .filter(|n| answers[*n].status == 200)
            .collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        // Whoever won set the password that counts.
        let login = STANDARD.encode(format!("ada:password {round} {}", won[0]));
        let request = servers[0].request("GET", "/1.1/ada/info/collections");
        let request = request.header("Authorization", format!("Basic {login}"));
        assert_eq!(servers[0].send(&request).status, 200);
        let lost = answers.iter().filter(|answer| answer.status != 200);
        for answer in lost {
            // Many wrong codes from one address are refused altogether.
            assert!(["10", "\"Service unavailable\""].contains(&answer.text().as_str()));
        }
    }
}

#[test]
fn one_invitation_makes_one_account_however_many_try_at_once() {
    let at = Installation::new();
    at.configure("weft", "[registration]\nmode = \"invite\"\n");
    let servers = servers(&at);
    let link = at.run("weft", &["user", "invite", "--note", "Bob", "--json"], "");
    let link = link.json();
    let code = link["code"].as_str().unwrap();
    let answers = at_once(&servers, |server, n| {
        let body = format!(r#"{{"password":"long enough","invitation":"{code}"}}"#);
        server.send(
            &server
                .request("PUT", &format!("/user/1.0/user{n}"))
                .body(body),
        )
    });
    let won = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(won.count(), 1, "{answers:?}");
    let all = at.run("weft", &["user", "list", "--json"], "").json();
    assert_eq!(all.as_array().unwrap().len(), 1);
    let list = at
        .run("weft", &["user", "invite", "--list", "--json"], "")
        .json();
    assert_eq!(list[0]["used_by"], all[0]["name"]);
}

#[test]
fn the_wizard_s_frame_is_hidden_without_a_captcha_and_shows_a_picture_with_one() {
    let at = Installation::new();
    at.configure("weft", "");
    at.configure(
        "asking",
        "[captcha]\nkind = \"image\"\n[data]\ndir = \"other\"\n",
    );
    let plain = at.serve("weft", "plain", None);
    let asking = at.serve("asking", "asking", None);
    let page = |server: &Node| server.send(&server.request("GET", "/misc/1.0/captcha_html"));
    assert_eq!(page(&plain).status, 404);
    let shown = page(&asking);
    assert_eq!(shown.status, 200);
    let policy = shown.header("Content-Security-Policy").unwrap();
    assert!(!policy.contains("frame-ancestors"), "{policy}");
    assert_eq!(shown.header("X-Frame-Options"), None);
    let html = shown.text();
    for id in ["recaptcha_challenge_field", "recaptcha_response_field"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{html}");
    }
    let (_, picture) = html.split_once("data:image/png;base64,").unwrap();
    let (picture, _) = picture.split_once('"').unwrap();
    assert!(STANDARD.decode(picture).unwrap().starts_with(b"\x89PNG"));

    let body = r#"{"password":"long enough","captcha-challenge":"x","captcha-response":"1"}"#;
    let put = |server: &Node| {
        let request = server.request("PUT", "/user/1.0/ada");
        server.send(&request.body(body)).text()
    };
    assert_eq!(put(&plain), "ada");
    assert_eq!(put(&asking), "2");
}
