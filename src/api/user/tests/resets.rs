//! A forgotten password: the letter, the code in it, and what it can be used for.

use super::*;
use crate::accounts::testing::LetterBox;
use crate::accounts::{ImageCaptcha, NoMailer};
use crate::sync::Clock;

const RESET: &str = "/user/1.0/ada/password_reset";

/// A server that can mail, and where its letters go.
fn mailing() -> (Server, Arc<LetterBox>) {
    let mut server = Server::with_ada(|_| {});
    let letters = Arc::new(LetterBox::default());
    server.api.people.mailer = letters.clone();
    server.api.people.settings.public_url = Some("https://sync.example.org/weave/".to_owned());
    (server, letters)
}

/// The code in the last letter's link.
fn code_in(letters: &LetterBox) -> String {
    let text = letters.last();
    let (_, code) = text.split_once("&key=").unwrap();
    code.lines().next().unwrap().to_owned()
}

fn later(server: &mut Server, seconds: i64) {
    let time = (server.api.clock)().plus_seconds(seconds);
    let clock: Clock = Arc::new(move || time);
    server.api.clock = clock;
}

fn with_code<'a>(path: &'a str, code: &str, body: &'a str) -> Ask<'a> {
    ask("POST", path)
        .header("x-weave-password-reset", code)
        .body(body)
}

const PASSWORD: &str = "/user/1.0/ada/password";
const EMAIL: &str = "/user/1.0/ada/email";

#[test]
fn a_letter_brings_a_link_to_the_public_url_and_nowhere_else() {
    let (server, letters) = mailing();
    let forged = ask("GET", RESET).header("host", "evil.example");
    assert_eq!(server.answer(forged), is(200, "success"));
    let sent = letters.letters.lock().unwrap().clone();
    assert_eq!(sent[0].0, "ada@example.com");
    let link = "https://sync.example.org/weave/weave-password-reset?username=ada&key=";
    assert!(sent[0].2.contains(link), "{}", sent[0].2);
    assert!(!sent[0].2.contains("evil"), "{}", sent[0].2);
}

#[test]
fn without_mail_or_without_public_url_nothing_can_be_asked_for() {
    let (mut server, letters) = mailing();
    server.api.people.settings.public_url = None;
    assert_eq!(server.answer(ask("GET", RESET)).0, 503);
    assert!(letters.letters.lock().unwrap().is_empty());
    server.api.people.settings.public_url = Some("https://sync.example.org/".to_owned());
    server.api.people.mailer = Arc::new(NoMailer);
    assert_eq!(server.answer(ask("GET", RESET)).0, 503);
}

#[test]
fn a_code_sets_a_password_once() {
    let (server, letters) = mailing();
    server.answer(ask("GET", RESET));
    let code = code_in(&letters);
    let weak = with_code(PASSWORD, &code, "short");
    assert_eq!(
        server.answer(weak),
        is(400, "9"),
        "a weak one costs no code"
    );
    let new = with_code(PASSWORD, &code, "another one");
    assert_eq!(server.answer(new), is(200, "success"));
    let again = with_code(PASSWORD, &code, "a third one");
    assert_eq!(server.answer(again), is(400, "10"));
    let login = ask("DELETE", RESET).login("ada", "another one");
    assert_eq!(server.answer(login), is(200, "success"));
}

#[test]
fn a_code_ends_after_six_hours_with_a_newer_one_and_when_it_is_cleared() {
    let (mut server, letters) = mailing();
    server.answer(ask("GET", RESET));
    let old = code_in(&letters);
    server.answer(ask("GET", RESET));
    let newer = code_in(&letters);
    let reset =
        |server: &Server, code: &str| server.answer(with_code(PASSWORD, code, "another one")).1;
    assert_eq!(reset(&server, &old), "10", "a newer one was made");
    later(&mut server, 6 * 3600);
    assert_eq!(reset(&server, &newer), "10", "too old");
    server.answer(ask("GET", RESET));
    let clear = ask("DELETE", RESET).login("ada", "testpass");
    assert_eq!(server.answer(clear), is(200, "success"));
    assert_eq!(reset(&server, &code_in(&letters)), "10", "cleared");
    later(&mut server, 0);
    server.answer(ask("GET", RESET));
    later(&mut server, 6 * 3600 - 1);
    assert_eq!(reset(&server, &code_in(&letters)), "success");
}

#[test]
fn a_code_sets_an_address_too() {
    let (server, letters) = mailing();
    server.answer(ask("GET", RESET));
    let code = code_in(&letters);
    let wrong = with_code(EMAIL, &code, "ada");
    assert_eq!(server.answer(wrong), is(400, "12"), "costs no code");
    let new = with_code(EMAIL, &code, "ada@example.org");
    assert_eq!(server.answer(new), is(200, "ada@example.org"));
    let again = with_code(EMAIL, &code, "eve@example.org");
    assert_eq!(server.answer(again), is(400, "10"));
}

#[test]
fn unknown_users_and_users_without_address_are_told_apart_unless_they_must_not_be() {
    let (mut server, letters) = mailing();
    let bob = NewAccount {
        name: &UserName::new("bob").unwrap(),
        password: &Password::from_wire(b"long enough").unwrap(),
        email: None,
    };
    server.accounts.create(&bob).unwrap();
    let wish = |name: &str| format!("/user/1.0/{name}/password_reset");
    let (nobody, bob) = (wish("nobody"), wish("bob"));
    assert_eq!(server.answer(ask("GET", &nobody)), is(400, "3"));
    assert_eq!(server.answer(ask("GET", &bob)), is(400, "12"));
    server.api.people.settings.same_answer = true;
    for path in [&nobody, &bob, RESET] {
        assert_eq!(server.answer(ask("GET", path)), is(200, "success"));
    }
    assert_eq!(letters.letters.lock().unwrap().len(), 1);
    assert_eq!(
        *letters.asked.lock().unwrap(),
        2,
        "as slow as a real letter"
    );
    let reset = with_code("/user/1.0/nobody/password", "X", "long enough");
    assert_eq!(server.answer(reset).0, 404);
}

#[test]
fn nobody_s_mailbox_is_flooded_and_nobody_tries_codes_for_long() {
    let (mut server, letters) = mailing();
    let wishes: Vec<u16> = (0..5).map(|_| server.answer(ask("GET", RESET)).0).collect();
    assert_eq!(wishes, [200, 200, 200, 503, 503]);
    assert_eq!(letters.letters.lock().unwrap().len(), 3);
    let code = code_in(&letters);
    let guess = || with_code(PASSWORD, "0000-0000", "another one");
    let statuses: Vec<u16> = (0..31).map(|_| server.answer(guess()).0).collect();
    assert_eq!(statuses[..30], [400; 30]);
    assert_eq!(statuses[30], 503);
    let elsewhere = |client: &mut Client| client.address = Some([192, 0, 2, 9].into());
    let right = with_code(PASSWORD, &code, "another one").from(elsewhere);
    assert_eq!(server.answer(right), is(200, "success"), "from elsewhere");
    later(&mut server, 3600);
    assert_eq!(server.answer(ask("GET", RESET)), is(200, "success"));
}

#[test]
fn where_a_captcha_is_asked_for_a_letter_needs_one() {
    let (mut server, letters) = mailing();
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("captcha.db"));
    let random = crate::accounts::testing::random;
    let kept = Arc::new(crate::accounts::sqlite::SqlitePeople::new(options, random));
    server.api.people.captcha = Arc::new(ImageCaptcha::new(kept.clone(), kept, random));
    assert_eq!(server.answer(ask("GET", RESET)), is(400, "2"));
    assert!(letters.letters.lock().unwrap().is_empty());
}

#[test]
fn clearing_needs_the_password() {
    let (server, _) = mailing();
    assert_eq!(server.answer(ask("DELETE", RESET)).0, 401);
    assert_eq!(server.answer(ask("POST", RESET)).0, 405);
}
