//! Servers that refuse the password which the settings have for them: what they say is told, and what
//! they were told is not, not even by those that repeat it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::commands::Watch;
use crate::harness::slapd::{SERVICE, Slapd};
use crate::harness::{Installation, MariaDb};
use crate::{LOUD, Produced, login, planted};

/// A mail server that takes no login, and complains in the client's own words.
fn echoing_mail_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut answers = client.try_clone().unwrap();
            let mut say = |text: &str| answers.write_all(format!("{text}\r\n").as_bytes());
            let _ = say("220 localhost");
            for line in BufReader::new(client).lines().map_while(Result::ok) {
                let said = match line.split(' ').next() {
                    Some("EHLO") => say("250-localhost\r\n250 AUTH PLAIN LOGIN"),
                    Some("QUIT") => say("221 bye"),
                    _ => say(&format!("535 5.7.8 not understood: {line}")),
                };
                if said.is_err() {
                    break;
                }
            }
        }
    });
    port
}

#[test]
fn a_password_that_is_refused_is_told_by_nobody() {
    let database = MariaDb::shared();
    let slapd = Slapd::start();
    let mail = echoing_mail_server();
    let wrong = planted("wrong");
    let settings = format!(
        "server.public_url = \"https://sync.example.org/\"\n{LOUD}\
         [storage]\nengine = \"mysql\"\nwipe_guard = 0\n\
         [mysql.write]\nhost = \"127.0.0.1\"\nport = {}\ndatabase = \"weave\"\nuser = \"{}\"\n\
         password = \"{wrong}\"\n\
         [auth]\nengine = \"ldap\"\n[ldap]\nurl = \"{}\"\nbase = \"ou=users,dc=example\"\n\
         layout = \"search\"\nbind_dn = \"{}\"\nbind_password = \"{wrong}\"\n\
         [mail]\ntransport = \"smtp\"\nsender = \"sync@example.org\"\nserver = \"127.0.0.1\"\n\
         port = {mail}\nsecurity = \"none\"\nuser = \"weft\"\npassword = \"{wrong}\"\n",
        database.port(),
        MariaDb::USER,
        slapd.url(),
        SERVICE.0,
    );
    let at = Installation::new();
    at.configure("weft", &settings);
    let only_database = settings.replace("engine = \"ldap\"", "engine = \"mysql\"");
    at.configure("database", &only_database);
    let mut produced = Produced::default();
    let watch = Watch::start();
    for name in ["weft", "database"] {
        let node = at.serve(name, if name == "weft" { "weft" } else { "database" }, None);
        for request in [
            login(&node, "ada", &planted("password")),
            node.request("GET", "/__heartbeat__"),
            node.request("GET", "/user/1.0/ada"),
            node.request("GET", "/user/1.0/ada/password_reset"),
        ] {
            produced.answer(&request.target, &node.send(&request));
        }
    }
    let backup = at.site.path("all.backup").display().to_string();
    for arguments in [
        &["config", "--check", "--connect"][..],
        &["migrate"],
        &["doctor", "https://127.0.0.1:1/"],
        &["backup", "--to", &backup],
        &["undo", "ada"],
        &["user", "list"],
        &["user", "reset-link", "ada"],
        &["mail", "test", "a@example.org"],
    ] {
        for name in ["weft", "database"] {
            let ran = at.run(name, arguments, "");
            assert_ne!(ran.code, 0, "{arguments:?}: {ran:?}");
            produced.command(&arguments.join(" "), &ran);
        }
    }
    produced.text("processes", watch.seen());
    produced.logs(&at.site.folder);
    let told = |what: &str| produced.texts.iter().any(|(_, text)| text.contains(what));
    for complaint in ["Access denied", "it does not let", "5.7.8"] {
        assert!(told(complaint), "{complaint}: {:#?}", produced.texts);
    }
    produced.secrets = vec![
        STANDARD.encode(format!("\0weft\0{wrong}")),
        STANDARD.encode(&wrong),
    ];
    produced.holds_no_secret();
}
