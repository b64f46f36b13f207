//! A day in the life of a server, with all that people and browsers do to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::harness::Installation;
use crate::harness::api::basic;
use crate::harness::http::{Request, Response};
use crate::{LOUD, MARK, Produced, login, planted};

const SENDMAIL: &str = "#!/bin/sh\ncat >\"$(dirname \"$0\")/letter\"\n\
                        tr '\\0' ' ' </proc/$$/cmdline >\"$(dirname \"$0\")/called\"\n";

#[test]
fn a_day_in_the_life_of_a_server_tells_no_secret() {
    let at = Installation::new();
    let sendmail = at.site.write("sendmail", SENDMAIL);
    fs::set_permissions(&sendmail, fs::Permissions::from_mode(0o755)).unwrap();
    at.configure(
        "weft",
        &format!(
            "server.public_url = \"https://sync.example.org/\"\n{LOUD}\
             [web]\nadmins = [\"root\"]\n\
             [auth]\nlegacy_sha_salt = \"{}\"\n[registration]\nsecret = \"{}\"\n\
             [mail]\ntransport = \"sendmail\"\nsender = \"sync@example.org\"\npassword = \"{}\"\n\
             sendmail = \"{}\"\n",
            planted("salt"),
            planted("registration"),
            planted("smtp"),
            sendmail.display()
        ),
    );
    let mut produced = Produced::default();
    let password = planted("password");
    for name in ["ada", "root"] {
        let add = ["user", "add", name, "--email", "ada@example.org"];
        produced.command("user add", &at.run("weft", &add, &password));
    }
    let weak = at.run("weft", &["user", "add", "grace"], MARK);
    produced.command("a password given twice", &weak);
    let node = at.serve("weft", "weft", None);
    let mut send = |what: &str, request: Request| {
        let answer = node.send(&request);
        produced.answer(what, &answer);
        answer
    };

    // Logins, right and wrong in every way.
    assert_eq!(send("login", login(&node, "ada", &password)).status, 200);
    let wrong = planted("wrong");
    for name in ["ada", "nobody"] {
        assert_eq!(send("wrong login", login(&node, name, &wrong)).status, 401);
    }
    for authorization in [
        format!("Bearer {MARK}"),
        format!("Basic {MARK}"),
        format!("Basic {}", STANDARD.encode(MARK)),
        basic(format!("ada\u{0}x:{MARK}")),
        format!("{MARK} {MARK}"),
    ] {
        let request = node.request("GET", "/1.1/ada/info/collections");
        let request = request.header("Authorization", authorization);
        assert_eq!(send("unusable login", request).status, 401);
    }

    // The user API: sign-up with the operator's secret and a wrong one, codes, changes.
    for (name, secret) in [("bob", planted("registration")), ("eve", planted("forged"))] {
        let body = format!(r#"{{"password":"{password}","email":"b@example.org"}}"#);
        let request = node.request("PUT", &format!("/user/1.0/{name}"));
        send(
            "sign-up",
            request.header("X-Weave-Secret", secret).body(body),
        );
    }
    let broken = format!(r#"{{"password":"{password}","email":"#);
    send(
        "broken sign-up",
        node.request("PUT", "/user/1.0/carl").body(broken),
    );
    let reset = |code: &str| {
        let request = node.request("POST", "/user/1.0/ada/password");
        request
            .header("X-Weave-Password-Reset", code)
            .body(planted("by-code"))
    };
    send("a wrong code", reset(&planted("code")));
    assert_eq!(
        send(
            "a letter",
            node.request("GET", "/user/1.0/ada/password_reset")
        )
        .status,
        200
    );
    let letter = fs::read_to_string(at.site.path("letter")).unwrap();
    let letter = letter
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=");
    let (_, code) = letter.split_once("&key=").expect(&letter);
    let code = code.split_whitespace().next().unwrap().to_owned();
    send(
        "the code in a page's address",
        node.request(
            "GET",
            &format!("/weave-password-reset?username=nobody&x={code}"),
        ),
    );
    assert_eq!(send("the code", reset(&code)).text(), "success");
    send("the code again", reset(&code));

    // The pages: a session, and a form with everything in it.
    let page = send("sign-in", node.request("GET", "/account/sign-in"));
    let token = crate::harness::visitor::token(&page).unwrap();
    let visitor = cookie(&page);
    let form = format!("username=root&password={password}&token={token}");
    let request = node
        .request("POST", "/account/sign-in")
        .header("Cookie", &visitor);
    let signed_in = send("signing in", request.body(form));
    assert_eq!(signed_in.status, 303, "{signed_in:?}");
    let session = cookie(&signed_in);
    for path in [
        "/account",
        "/account/password",
        "/account/download",
        "/admin",
        "/admin/user?name=ada",
    ] {
        let request = node.request("GET", path).header("Cookie", &session);
        assert_eq!(send(path, request).status, 200, "{path}");
    }
    let forged = format!("weft_session={MARK}.1.{MARK}.{MARK}");
    send(
        "a forged session",
        node.request("GET", "/account").header("Cookie", forged),
    );
    let form = format!("username=ada&password={wrong}&token={MARK}");
    send(
        "a forged form",
        node.request("POST", "/account/sign-in").body(form),
    );

    // Data that is away, and data that is none.
    let data = at.site.path("weft-data");
    for file in ["accounts.db", "weft.db", "people.db"] {
        let file = data.join(file);
        if file.exists() {
            fs::rename(&file, file.with_extension("away")).unwrap();
            fs::write(&file, MARK.repeat(1_000)).unwrap();
        }
    }
    send("accounts that are none", login(&node, "ada", &password));
    let request = node.request("GET", "/account").header("Cookie", &session);
    send("a session without accounts", request);
    produced.processes();

    let called = fs::read_to_string(at.site.path("called")).unwrap();
    produced.text("sendmail's command line", called);
    for arguments in [
        &["config"][..],
        &["config", "--check"],
        &["config", "--check", "--connect"],
        &["config", "--markdown"],
        &["--help"],
        &["user", "list"],
        &["user", "show", "ada"],
        &["stats"],
    ] {
        produced.command(&arguments.join(" "), &at.run("weft", arguments, ""));
    }
    drop(node);
    produced.logs(&at.site.folder);
    let value = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    produced.secrets = vec![
        code,
        value(&session),
        STANDARD.encode(format!("ada:{password}")),
        STANDARD.encode(format!("ada:{wrong}")),
        format!("password={password}"),
    ];
    produced.holds_no_secret();

    // And what is kept is kept as hashes.
    for file in fs::read_dir(&data).unwrap().flatten() {
        if file.path().extension().is_some_and(|kind| kind == "away") {
            let bytes = fs::read(file.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(MARK), "{}", file.path().display());
            assert!(
                !text.contains(&produced.secrets[0]),
                "{}",
                file.path().display()
            );
        }
    }
}

/// The cookie that an answer sets, as the next request sends it.
fn cookie(answer: &Response) -> String {
    let set = answer.header("Set-Cookie").expect("a cookie");
    let (cookie, _) = set.split_once(';').expect("what it is for");
    cookie.to_owned()
}
