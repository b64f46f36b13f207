//! The front page: what this is, what to put into the browser, and whether the way here is right.
//!
//! It says what one request shows and no more: whether `Authorization` and large bodies get through
//! is `weft doctor`'s to try.

use super::frame::Frame;
use super::texts::{Front as Texts, fill};
use super::visit::Visit;
use super::{Shown, filters};
use crate::accounts::SignUpMode;
use crate::doctor::is_near;
use askama::Template;
use http::StatusCode;

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    frame: Frame,
    t: &'static Texts,
    url: String,
    open: bool,
    sign_up_title: &'static str,
    sign_up: &'static str,
    contact: String,
    checks: Vec<Check>,
}

/// One thing that was looked at.
struct Check {
    class: &'static str,
    mark: &'static str,
    text: String,
}

/// The front page.
pub fn show(visit: &mut Visit<'_, '_>) -> Shown {
    let t = &visit.texts().front;
    let mode = visit.api.people.settings.sign_up;
    let (sign_up_title, sign_up) = match mode {
        SignUpMode::Open => (t.open_title, t.open),
        SignUpMode::Invite => (t.invite_title, t.invite),
        SignUpMode::Closed => (t.closed_title, t.closed),
    };
    let contact = match mode {
        SignUpMode::Open => String::new(),
        _ => visit.contact(t.ask),
    };
    let front = Front {
        frame: visit.frame(""),
        t,
        url: visit.public_url(),
        open: mode == SignUpMode::Open,
        sign_up_title,
        sign_up,
        contact,
        checks: vec![
            encryption(visit, t),
            address(visit, t),
            data(visit, t),
            rest(t),
        ],
    };
    visit.page(StatusCode::OK, &front)
}

fn encryption(visit: &Visit<'_, '_>, t: &'static Texts) -> Check {
    let near = visit.call.client.address.is_some_and(is_near);
    match (visit.call.client.https, near) {
        (true, _) => good(t, t.https_good),
        // Behind a proxy on the same machine this is the proxy; it says https for itself.
        (false, true) if !says_https(visit) => warning(t, t.https_local),
        (false, _) if says_https(visit) => good(t, t.https_good),
        (false, _) => bad(t, t.https_bad),
    }
}

fn says_https(visit: &Visit<'_, '_>) -> bool {
    let told = visit.api.settings.public_url.as_ref();
    told.is_some_and(|url| url.starts_with("https:"))
}

fn address(visit: &Visit<'_, '_>, t: &'static Texts) -> Check {
    match (
        visit.api.seen_url(&visit.call),
        &visit.api.settings.public_url,
    ) {
        (None, None) => bad(t, t.url_unknown),
        (Some(seen), Some(told)) if !told.eq_ignore_ascii_case(&seen) => {
            warning(t, &fill(t.url_other, &[&seen]))
        }
        _ => good(t, t.url_good),
    }
}

fn data(visit: &Visit<'_, '_>, t: &'static Texts) -> Check {
    match visit.api.is_well(visit.call.received) {
        true => good(t, t.data_good),
        false => bad(t, t.data_bad),
    }
}

fn rest(t: &'static Texts) -> Check {
    check("", t.open_question, t.unknown)
}

fn good(t: &'static Texts, text: &str) -> Check {
    check("good", t.good, text)
}

fn warning(t: &'static Texts, text: &str) -> Check {
    check("warn", t.warning, text)
}

fn bad(t: &'static Texts, text: &str) -> Check {
    check("bad", t.bad, text)
}

fn check(class: &'static str, mark: &'static str, text: &str) -> Check {
    let text = text.to_owned();
    Check { class, mark, text }
}
