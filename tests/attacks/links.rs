//! Where links and redirects lead, whatever host a request claims to be for; what a browser may be made
//! to do; and what a front's variables may make the program do.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use crate::harness::browser::Profile;
use crate::harness::http::Request;
use crate::harness::visitor::{Visitor, token};
use crate::harness::{Gateway, Installation, Server};

through_every_gateway! {
    no_redirect_leads_elsewhere
}

fn no_redirect_leads_elsewhere(server: &Server) {
    for path in [
        "account",
        "account/",
        "admin",
        "account?next=//evil.example",
        "/evil.example/account",
        "//evil.example/account",
        "\\evil.example/account",
        "account//evil.example",
        "http://evil.example/account",
        "%2f%2fevil.example/account",
        "%5cevil.example/account",
        "account/..//evil.example/account",
        "x%0d%0aLocation:%20http://evil.example/account",
        "@evil.example/account",
        "evil.example:80/account",
    ] {
        for host in [server.host(), "evil.example".to_owned()] {
            let request = Request::new("GET", format!("{}{path}", server.prefix()));
            let request = request
                .header("Host", host)
                .header("X-Forwarded-Host", "evil.example")
                .header("Forwarded", "host=evil.example")
                .header("X-Original-URL", "//evil.example")
                .header("Referer", "http://evil.example/");
            let answer = server.send(&request);
            let places: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case("location"))
                .map(|(_, value)| value.as_str())
                .collect();
            // mod_fcgid and mod_cgi make nothing else of our relative ones.
            let is_ours = |place: &&str| {
                ["account/sign-in", "./", "../"]
                    .iter()
                    .any(|start| place.starts_with(start))
                    && !place.contains("evil.example")
            };
            assert!(places.iter().all(is_ours), "{path}: {answer:?}");
            assert!(places.len() <= 1, "{path}: {answer:?}");
        }
    }
}

/// Takes letters as sendmail does, and keeps them.
const SENDMAIL: &str = "#!/bin/sh\nexec cat >>\"$(dirname \"$0\")/letters\"\n";

#[test]
fn a_letter_leads_to_the_operators_address_whatever_host_was_asked() {
    let at = Installation::new();
    let sendmail = at.site.write("sendmail", SENDMAIL);
    fs::set_permissions(&sendmail, fs::Permissions::from_mode(0o755)).unwrap();
    let mail = format!(
        "server.trusted_proxies = [\"192.0.2.1\"]\n[mail]\ntransport = \"sendmail\"\n\
         sender = \"sync@example.org\"\nsendmail = \"{}\"\n",
        sendmail.display()
    );
    let forged = |request: Request| {
        request
            .header("Host", "evil.example")
            .header("X-Forwarded-Host", "evil.example")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Server", "evil.example")
            .header("X-Host", "evil.example")
            .header("Forwarded", "host=evil.example")
    };
    at.configure(
        "told",
        &format!("server.public_url = \"https://sync.example.org/\"\n{mail}"),
    );
    at.run(
        "told",
        &["user", "add", "ada", "--email", "ada@example.org"],
        "a long password",
    )
    .expect();
    let node = at.serve("told", "told", None);
    let path = "/user/1.0/ada/password_reset";
    for target in [path.to_owned(), format!("http://evil.example{path}")] {
        let asked = node.send(&forged(Request::new("GET", target)));
        assert_eq!(asked.text(), "success", "{asked:?}");
    }
    let letters = fs::read_to_string(at.site.path("letters")).unwrap();
    assert_eq!(
        letters
            .matches("https://sync.example.org/weave-password-reset")
            .count(),
        2
    );
    assert!(!letters.contains("evil.example"), "{letters}");
    drop(node);

    // Without an address of the operator's there is no link, and so no letter.
    at.configure("untold", &mail);
    fs::remove_file(at.site.path("letters")).unwrap();
    let node = at.serve("untold", "untold", None);
    let asked = node.send(&forged(Request::new("GET", path)));
    assert_eq!(asked.status, 503, "{asked:?}");
    assert!(!at.site.path("letters").exists());
}

#[test]
fn a_cookie_that_was_planted_is_no_session_after_signing_in() {
    let server = Gateway::Builtin.start("");
    Profile::registered(&server, "planted");
    let mut attacker = Visitor::new(&server);
    let form = token(&attacker.open("account/sign-in")).unwrap();
    let planted = attacker.cookies.clone();
    // The victim's browser was given the attacker's cookie, and the victim signs in with it.
    let mut victim = Visitor::new(&server);
    victim.cookies = planted.clone();
    let fields = [("username", "planted"), ("password", "a long password")];
    assert_eq!(victim.post("account/sign-in", &form, &fields).status, 303);
    victim.open("account");
    assert_eq!(victim.at, "account");
    attacker.open("account");
    assert_eq!(attacker.at, "account/sign-in");
    // Nor does the attacker's form hold for the victim's session.
    assert_eq!(victim.post("account/sign-out", &form, &[]).status, 403);
    assert!(
        victim
            .cookies
            .iter()
            .all(|cookie| !planted.contains(cookie))
    );
}

/// A header `Proxy` is the variable `HTTP_PROXY` to a CGI program, and libraries take it for their
/// settings: the captcha service's secret would go where a stranger wants it.
#[test]
fn a_header_chooses_no_proxy_for_the_program() {
    let at = Installation::new();
    let [service, proxy] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let address = |listener: &TcpListener| listener.local_addr().unwrap();
    at.configure(
        "weft",
        &format!(
            "[captcha]\nkind = \"siteverify\"\nsecret = \"s\"\nsite_key = \"k\"\nscript = \"http://x/\"\n\
             verify_url = \"http://{}/verify\"\n",
            address(&service)
        ),
    );
    let body = r#"{"password":"a long password","email":"a@example.com","captcha-response":"x"}"#;
    let mut program = Command::new(&at.program);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
        program.env(name, format!("http://{}/", address(&proxy)));
    }
    let mut program = program
        .env("WEFT_CONFIG", at.site.path("weft.toml"))
        .env("GATEWAY_INTERFACE", "CGI/1.1")
        .env("REQUEST_METHOD", "PUT")
        .env("SCRIPT_NAME", "")
        .env("PATH_INFO", "/user/1.0/ada")
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = program.stdin.take().unwrap();
    stdin.write_all(body.as_bytes()).unwrap();
    drop(stdin);
    let asked = thread::spawn(move || {
        let (mut line, _) = service.accept().unwrap();
        let _ = line.read(&mut [0; 4096]);
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"success\": true}";
        line.write_all(answer.as_bytes()).unwrap();
        // Closed only when the program has read it, and has closed it or ended.
        let _ = line.read_to_end(&mut Vec::new());
    });
    let answer = program.wait_with_output().unwrap();
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "the proxy was asked");
    let text = String::from_utf8_lossy(&answer.stdout);
    assert!(text.ends_with("ada"), "{text}");
    asked.join().unwrap();
}
