//! Signing up through the API where not everybody may: captchas, invitations, brakes.

use super::*;
use crate::accounts::{Captcha, CaptchaAnswer, CaptchaForm};
use crate::auth::AuthResult;

/// Takes the answer "yes" to the challenge "well?".
struct Well;

impl Captcha for Well {
    fn form(&self, _: Timestamp) -> AuthResult<Option<CaptchaForm>> {
        Ok(None)
    }

    fn check(&self, answer: &CaptchaAnswer<'_>, _: Timestamp) -> AuthResult<bool> {
        assert_eq!(answer.address, Some([192, 0, 2, 1].into()));
        Ok((answer.challenge, answer.response) == ("well?", "yes"))
    }
}

fn body(more: &str) -> String {
    format!(r#"{{"email":"","password":"long enough"{more}}}"#)
}

#[test]
fn a_captcha_is_asked_for_last_and_of_everybody_but_the_operator_s_tools() {
    let mut server = Server::new(|settings| {
        settings.registration.secret = Some("open sesame".to_owned());
    });
    server.api.people.captcha = Arc::new(Well);
    let put = |body: &str| server.answer(ask("PUT", "/user/1.0/bob").body(body));
    assert_eq!(put(r#"{"password":"short"}"#), is(400, "9"));
    for wrong in [
        "",
        r#","captcha-challenge":"well?","captcha-response":null"#,
    ] {
        assert_eq!(put(&body(wrong)), is(400, "2"));
    }
    let right = body(r#","captcha-challenge":"well?","captcha-response":"yes""#);
    assert_eq!(put(&right), is(200, "bob"));
    let plain = body("");
    let tool = ask("PUT", "/user/1.0/eve").body(&plain);
    let tool = tool.header("x-weave-secret", "open sesame");
    assert_eq!(server.answer(tool), is(200, "eve"));
}

#[test]
fn an_invitation_lets_one_in() {
    let mut server = Server::with_ada(|_| {});
    server.api.people.settings.sign_up = SignUpMode::Invite;
    let now = (server.api.clock)();
    let invitations = &server.api.people.invitations;
    let code = invitations.create(7, Some("for Bob"), now).unwrap();
    let invited = body(&format!(r#","invitation":"{}""#, code.as_str()));
    let put = |name: &str, body: &str| {
        let path = format!("/user/1.0/{name}");
        server.answer(ask("PUT", &path).body(body)).0
    };
    assert_eq!(put("bob", &body("")), 403);
    assert_eq!(put("bob", &body(r#","invitation":"0000""#)), 403);
    assert_eq!(put("bob", &invited), 200);
    assert_eq!(put("eve", &invited), 403);
    let listed = invitations.list().unwrap();
    assert_eq!(listed[0].used_by.as_deref(), Some("bob"));
    assert_eq!(listed[0].note.as_deref(), Some("for Bob"));
    assert!(!invitations.revoke(listed[0].number).unwrap());
}

#[test]
fn an_invitation_whose_account_could_not_be_made_is_good_again() {
    let server = Server::with_ada(|_| {});
    let invitations = &server.api.people.invitations;
    let now = (server.api.clock)();
    let code = invitations.create(1, None, now).unwrap();
    let (ada, bob) = (ada(), UserName::new("bob").unwrap());
    assert!(invitations.take(code.as_str(), &ada, now).unwrap());
    invitations.give_back(code.as_str(), &bob).unwrap();
    assert!(!invitations.check(code.as_str(), now).unwrap(), "not bob's");
    invitations.give_back(code.as_str(), &ada).unwrap();
    assert!(invitations.check(code.as_str(), now).unwrap());
    let day = now.plus_seconds(24 * 3600);
    assert!(!invitations.check(code.as_str(), day).unwrap());
    assert!(invitations.revoke(1).unwrap());
    assert!(!invitations.check(code.as_str(), now).unwrap());
}

#[test]
fn one_address_makes_so_many_accounts_and_no_more() {
    let server = Server::new(|_| {});
    let statuses: Vec<u16> = (0..21)
        .map(|n| {
            let path = format!("/user/1.0/user{n}");
            server.answer(ask("PUT", &path).body(&body(""))).0
        })
        .collect();
    assert_eq!(statuses[..20], [200; 20]);
    assert_eq!(statuses[20], 503);
}
