//! Letters arrive: plain, with STARTTLS and a login, inside TLS with a certificate of the operator's own
//! making; and where the way can't be trusted or is dead, nothing is sent and that is said.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{Installation, Invocation, Supervised};

/// A mail server, and where its letters go.
struct MailServer {
    port: u16,
    letters: std::path::PathBuf,
    _process: Supervised,
}

const LOGIN: [&str; 2] = ["weft", "tulip"];

impl MailServer {
    fn start(at: &Installation, security: &str, login: &[&str]) -> MailServer {
        let script = at.site.write("smtp.py", include_str!("smtp.py"));
        certificates(at);
        let letters = at.site.path("letters");
        let mut python = Invocation::new("smtp", "/usr/bin/python3")
            .argument(script)
            .argument(&letters)
            .argument(security)
            .argument(at.site.path("server.pem"))
            .argument(at.site.path("server.key"));
        for part in login {
            python = python.argument(part);
        }
        let process = Supervised::start(&at.site, python).expect("Python starts");
        let port = process
            .wait_for_line(|line| line.strip_prefix("listening on ")?.trim().parse().ok())
            .unwrap_or_else(|problem| panic!("{problem}\n{}", at.site.logs()));
        MailServer {
            port,
            letters,
            _process: process,
        }
    }

    fn letters(&self) -> Vec<String> {
        let Ok(found) = fs::read_dir(self.letters.join("new")) else {
            return Vec::new();
        };
        found
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect()
    }
}

/// An authority of our own, and a certificate for `localhost` signed by it.
fn certificates(at: &Installation) {
    let openssl = |arguments: &str| {
        let done = Command::new("/usr/bin/openssl")
            .args(arguments.split(' '))
            .current_dir(&at.site.folder)
            .output()
            .expect("openssl starts");
        assert!(done.status.success(), "{done:?}");
    };
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    openssl(&format!(
        "{new} -keyout ca.key -out ca.pem -subj /CN=ours -addext keyUsage=critical,keyCertSign"
    ));
    openssl(&format!(
        "{new} -keyout server.key -out server.pem -subj /CN=localhost -CA ca.pem -CAkey ca.key \
         -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE"
    ));
    for file in ["ca.pem", "server.pem", "server.key"] {
        // For the account that servers run as.
        let content = fs::read(at.site.path(file)).unwrap();
        at.site.write(file, content);
    }
}

fn settings(port: u16, security: &str, more: &str) -> String {
    format!(
        "[server]\npublic_url = \"https://sync.example.org/weave/\"\n[mail]\n\
         transport = \"smtp\"\nsender = \"Sync <sync@example.org>\"\nserver = \"localhost\"\n\
         port = {port}\nsecurity = \"{security}\"\n{more}\n"
    )
}

const TRUST: &str = "ca_file = \"ca.pem\"";
const WITH_LOGIN: &str = "ca_file = \"ca.pem\"\nuser = \"weft\"\npassword = \"tulip\"";

fn test_letter(at: &Installation) -> crate::harness::Ran {
    at.run("weft", &["mail", "test", "ada@example.net"], "")
}

#[test]
#[cfg_attr(without = "smtp", ignore = "needs python3-aiosmtpd and openssl")]
fn a_letter_arrives_over_every_kind_of_way() {
    let ways: [(&str, &[&str], &str, &str); 4] = [
        ("plain", &[], "none", ""),
        ("starttls", &[], "starttls", TRUST),
        ("starttls", &LOGIN, "starttls", WITH_LOGIN),
        ("tls", &LOGIN, "tls", WITH_LOGIN),
    ];
    for (server, login, security, more) in ways {
        let at = Installation::new();
        let mail = MailServer::start(&at, server, login);
        at.configure("weft", &settings(mail.port, security, more));
        test_letter(&at).expect();
        let letters = mail.letters();
        assert_eq!(letters.len(), 1, "{server}");
        for part in [
            "From: Sync <sync@example.org>",
            "To: ada@example.net",
            "Auto-Submitted: auto-generated",
            "Message-ID: <",
            "Date: ",
            "If you read it, they work.",
        ] {
            assert!(
                letters[0].contains(part),
                "{server}: {part}: {}",
                letters[0]
            );
        }
    }
}

#[test]
#[cfg_attr(without = "smtp", ignore = "needs python3-aiosmtpd and openssl")]
fn no_letter_goes_where_it_could_be_read_or_to_whom_is_not_who_they_say() {
    let ways: [(&str, &[&str], &str, &str, &str); 4] = [
        ("tls", &[], "tls", "", "certificate"),
        ("plain", &[], "starttls", TRUST, "STARTTLS"),
        (
            "starttls",
            &LOGIN,
            "starttls",
            "ca_file = \"ca.pem\"\nuser = \"weft\"\npassword = \"rose\"",
            "535",
        ),
        ("starttls", &[], "none", "", "STARTTLS"),
    ];
    for (server, login, security, more, why) in ways {
        let at = Installation::new();
        let mail = MailServer::start(&at, server, login);
        at.configure("weft", &settings(mail.port, security, more));
        let ran = test_letter(&at);
        assert_eq!(ran.code, 1, "{server} {security}: {ran:?}");
        assert!(ran.errors.contains(why), "{server} {security}: {ran:?}");
        assert!(!ran.errors.contains("rose"), "{ran:?}");
        assert!(mail.letters().is_empty());
    }
}

#[test]
#[cfg_attr(without = "smtp", ignore = "needs python3-aiosmtpd and openssl")]
fn a_wish_for_a_letter_brings_one_whose_code_works_once() {
    let at = Installation::new();
    let mail = MailServer::start(&at, "starttls", &LOGIN);
    at.configure("weft", &settings(mail.port, "starttls", WITH_LOGIN));
    at.run(
        "weft",
        &["user", "add", "ada", "--email", "ada@example.net"],
        "testpass",
    )
    .expect();
    let server = at.serve("weft", "weft", None);
    let wish = server.request("GET", "/user/1.0/ada/password_reset");
    let wish = wish.header("X-Forwarded-Host", "evil.example");
    assert_eq!(server.send(&wish).text(), "success");
    let letters = mail.letters();
    let start = "https://sync.example.org/weave/weave-password-reset?username=ada&key=";
    let code = letters[0]
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=");
    let (_, code) = code.split_once(start).expect("the letter has a link");
    let code = code.lines().next().unwrap().trim().to_owned();
    let reset = |password: &str| {
        let request = server.request("POST", "/user/1.0/ada/password");
        let request = request.header("X-Weave-Password-Reset", &code);
        server.send(&request.body(password)).text()
    };
    assert_eq!(reset("another one"), "success");
    assert_eq!(reset("yet another"), "10");
}

#[test]
fn a_mail_server_that_does_not_speak_holds_nobody_up() {
    let at = Installation::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for security in ["none", "tls"] {
        at.configure("weft", &settings(port, security, "timeout = \"1s\""));
        // A machine that does much else may hold some tries up.
        let is_soon = (0..5).any(|_| {
            let start = Instant::now();
            let ran = test_letter(&at);
            assert_eq!(ran.code, 1, "{ran:?}");
            start.elapsed() < Duration::from_secs(4)
        });
        assert!(is_soon, "{security}");
    }
}

#[test]
fn without_a_public_url_no_letter_has_a_link_and_that_is_said() {
    let at = Installation::new();
    let text = settings(1, "none", "").replace("public_url", "#public_url");
    at.configure("weft", &text);
    let told = at.run("weft", &["config", "--check"], "").expect();
    assert!(told.contains("server.public_url is not"), "{told}");
    at.run("weft", &["user", "add", "ada"], "testpass").expect();
    let server = at.serve("weft", "weft", None);
    let wish = server.request("GET", "/user/1.0/ada/password_reset");
    assert_eq!(server.send(&wish).status, 503);
    let link = at.run("weft", &["user", "reset-link", "ada"], "").expect();
    assert!(
        link.contains("\nweave-password-reset?username=ada&key="),
        "{link}"
    );
}

#[test]
fn mail_settings_that_can_t_work_are_refused_at_once() {
    let at = Installation::new();
    at.configure("weft", "[mail]\ntransport = \"smtp\"\n");
    let ran = at.run("weft", &["config", "--check"], "");
    assert_eq!(ran.code, 1);
    for name in ["mail.sender must be set", "mail.server must be set"] {
        assert!(ran.errors.contains(name), "{ran:?}");
    }
    at.configure("weft", "");
    let ran = test_letter(&at);
    assert_eq!(ran.code, 1);
    assert!(ran.errors.contains("mail.transport"), "{ran:?}");
}
