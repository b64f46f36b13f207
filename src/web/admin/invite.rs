//! Invitations: making one, seeing which are open, voiding one.

use super::super::form::encoded;
use super::super::frame::Frame;
use super::super::show::When;
use super::super::texts::{Admin as Texts, fill};
use super::super::visit::Visit;
use super::super::{Shown, Trouble, filters};
use super::{Made, administrator};
use crate::accounts::{self, SignUpMode};
use askama::Template;
use http::StatusCode;

/// The longest note, in characters.
const NOTE: usize = 100;
/// The longest life of an invitation.
const MOST_DAYS: u32 = 365;

#[derive(Template)]
#[template(path = "admin_invitations.html")]
struct Invitations {
    frame: Frame,
    t: &'static Texts,
    by_invitation: bool,
    made: Option<Made>,
    invitations: Vec<Invitation>,
}

struct Invitation {
    number: i64,
    note: String,
    created: When,
    expires: When,
    used_by: String,
    revoke: String,
}

/// The list.
pub fn invitations(visit: &mut Visit<'_, '_>) -> Shown {
    administrator(visit)?;
    let said = match visit.query.text("done") {
        "" => "",
        _ => visit.texts().admin.revoked,
    };
    let frame = visit.frame("admin").saying(said);
    page(visit, StatusCode::OK, frame, None)
}

/// One of its forms.
pub fn changing_invitations(visit: &mut Visit<'_, '_>) -> Shown {
    let administrator = administrator(visit)?;
    let form = visit.form()?;
    let (people, t) = (&visit.api.people, &visit.texts().admin);
    match form.text("do") {
        "revoke" => {
            let number = form.text("number").parse().map_err(|_| Trouble::NotFound)?;
            match people.invitations.revoke(number)? {
                true => visit.redirect("admin/invitations?done=1"),
                false => Err(Trouble::NotFound),
            }
        }
        "invite" => {
            let days = form.text("days").parse().ok();
            let Some(days) = days.filter(|days| (1..=MOST_DAYS).contains(days)) else {
                let frame = visit.frame("admin").complaining(t.days_bad);
                return page(visit, StatusCode::BAD_REQUEST, frame, None);
            };
            let note: String = form.text("note").chars().take(NOTE).collect();
            let note = Some(note.as_str()).filter(|note| !note.is_empty());
            let code = people.invitations.create(days, note, visit.now)?;
            log::info!(target: "security", "{} made an invitation", administrator.name);
            let root = visit.public_url();
            let made = Made {
                link: format!(
                    "{root}account/sign-up?invitation={}",
                    encoded(code.as_str())
                ),
                code: code.as_str().to_owned(),
            };
            page(visit, StatusCode::OK, visit.frame("admin"), Some(made))
        }
        _ => Err(Trouble::NotFound),
    }
}

fn page(visit: &Visit<'_, '_>, status: StatusCode, mut frame: Frame, made: Option<Made>) -> Shown {
    frame.wide = true;
    let t = &visit.texts().admin;
    let people = &visit.api.people;
    let row = |invitation: accounts::Invitation| {
        let note = match invitation.note {
            Some(note) => note,
            None => format!("№ {}", invitation.number),
        };
        Invitation {
            number: invitation.number,
            revoke: fill(t.revoke_named, &[&note]),
            note,
            created: visit.when(invitation.created),
            expires: visit.when(invitation.expires),
            used_by: invitation.used_by.unwrap_or_default(),
        }
    };
    let page = Invitations {
        frame,
        t,
        by_invitation: people.settings.sign_up == SignUpMode::Invite,
        made,
        invitations: people.invitations.list()?.into_iter().map(row).collect(),
    };
    visit.page(status, &page)
}
