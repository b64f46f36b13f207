//! The administrator's pages: users, health, the last failures. For the users whom `web.admins` names.

mod doctor;
mod invite;
mod one;

pub use doctor::{doctor, examining};
pub use invite::{changing_invitations, invitations};
pub use one::{changing_user, user};

use super::failures::cause;
use super::form::encoded;
use super::frame::Frame;
use super::show::{When, size};
use super::texts::{Admin as Texts, counted, fill};
use super::visit::{Visit, names};
use super::{Shown, Trouble, filters};
use crate::accounts::Brake;
use crate::auth::Account;
use crate::storage::StorageError;
use askama::Template;
use http::StatusCode;
use std::fmt::Display;
use std::time::Instant;

/// How many users a page shows: of each, a few lines are read from the database.
const PER_PAGE: usize = 50;
/// How many failures are shown.
const FAILURES: usize = 20;

#[derive(Template)]
#[template(path = "admin.html")]
struct Admin {
    frame: Frame,
    t: &'static Texts,
    q: String,
    found: String,
    users: Vec<User>,
    pages: String,
    previous: String,
    next: String,
    health: Vec<Part>,
    failures: Vec<Failure>,
}

/// A user in the list.
struct User {
    name: String,
    link: String,
    email: String,
    size: String,
    last: Option<When>,
    enabled: bool,
}

/// A part of the server, and whether it answers.
struct Part {
    name: &'static str,
    class: &'static str,
    state: &'static str,
    why: String,
    took: String,
}

struct Failure {
    time: String,
    text: String,
    cause: &'static str,
}

/// A secret that is shown once: a code, and the link that carries it.
struct Made {
    link: String,
    code: String,
}

/// Who is signed in, if they are an administrator.
fn administrator(visit: &Visit<'_, '_>) -> Result<Account, Trouble> {
    let owner = visit.owner()?;
    match visit.web.is_admin(&owner.name) {
        true => Ok(owner),
        false => Err(Trouble::Forbidden),
    }
}

/// The list of users, with a search, and how the server is.
pub fn show(visit: &mut Visit<'_, '_>) -> Shown {
    administrator(visit)?;
    let t = &visit.texts().admin;
    let q = visit.query.text("q").to_owned();
    let mut found = visit.api.accounts.list()?;
    if !q.is_empty() {
        let lower = q.to_lowercase();
        let meant = names(&q).unwrap_or_default();
        found.retain(|account| {
            let email = account.email.as_deref().unwrap_or_default().to_lowercase();
            let name = &account.name;
            name.as_str().contains(&lower) || email.contains(&lower) || meant.contains(name)
        });
    }
    let pages = found.len().div_ceil(PER_PAGE).max(1);
    let page = visit
        .query
        .text("page")
        .parse()
        .unwrap_or(1)
        .clamp(1, pages);
    let turned = |to: usize| match (1..=pages).contains(&to) {
        true => format!("q={}&page={to}", encoded(&q)),
        false => String::new(),
    };
    let shown = found.iter().skip((page - 1) * PER_PAGE).take(PER_PAGE);
    let users: Result<Vec<User>, Trouble> = shown.map(|account| row(visit, account)).collect();
    let mut frame = visit.frame("admin");
    frame.wide = true;
    let screen = Admin {
        frame,
        t,
        found: match found.len() {
            0 => t.found_none.to_owned(),
            many => counted(many as u64, t.found_one, t.found),
        },
        users: users?,
        pages: match pages {
            1 => String::new(),
            _ => {
                let (page, pages) = (page.to_string(), pages.to_string());
                fill(visit.texts().common.page_of, &[&page, &pages])
            }
        },
        previous: turned(page - 1),
        next: turned(page + 1),
        q,
        health: health(visit, t),
        failures: failures(visit, t),
    };
    visit.page(StatusCode::OK, &screen)
}

fn row(visit: &Visit<'_, '_>, account: &Account) -> Result<User, Trouble> {
    let (changed, size) = match visit.api.storage.read_account(account.id) {
        Ok(mut session) => {
            let times = session.times()?.into_iter();
            let changed = times.map(|(_, time)| time).max();
            (changed, size(session.used_bytes()?))
        }
        // Nothing of it is here to be counted.
        Err(StorageError::Elsewhere) => (None, visit.texts().admin.elsewhere.to_owned()),
        Err(error) => return Err(error.into()),
    };
    let devices = visit.web.devices.as_ref();
    let synced = devices.and_then(|devices| Some(devices.of(account.id).first()?.last));
    Ok(User {
        name: account.name.to_string(),
        link: encoded(account.name.as_str()),
        email: account.email.clone().unwrap_or_default(),
        size,
        last: changed.max(synced).map(|time| visit.when(time)),
        enabled: account.enabled,
    })
}

fn health(visit: &Visit<'_, '_>, t: &'static Texts) -> Vec<Part> {
    let (api, web) = (visit.api, visit.web);
    let people = &api.people;
    let mut parts = vec![
        part(t, t.storage, || api.storage.check()),
        part(t, t.accounts, || api.accounts.check()),
        part(t, t.people, || {
            people.brakes.is_free(Brake::SIGN_IN, "health", visit.now)
        }),
    ];
    if let Some(devices) = &web.devices {
        parts.push(part(t, t.devices, || devices.check()));
    }
    let (class, state, why) = match people.can_mail() {
        Ok(()) => ("good", t.mail_ready, String::new()),
        Err(missing) => ("warn", t.mail_off, missing.to_string()),
    };
    parts.push(Part {
        name: t.mail,
        class,
        state,
        why,
        took: "–".to_owned(),
    });
    parts
}

fn part<T, E: Display>(
    t: &'static Texts,
    name: &'static str,
    check: impl FnOnce() -> Result<T, E>,
) -> Part {
    let begun = Instant::now();
    let outcome = check();
    let took = begun.elapsed();
    let (class, state, why) = match outcome {
        Ok(_) => ("good", t.well, String::new()),
        Err(why) => ("bad", t.unwell, why.to_string()),
    };
    let took = format!("{:.1} ms", took.as_secs_f64() * 1_000.0);
    Part {
        name,
        class,
        state,
        why,
        took,
    }
}

fn failures(visit: &Visit<'_, '_>, t: &'static Texts) -> Vec<Failure> {
    let last = visit.web.failures.last(FAILURES);
    let shown = |failure: super::failures::Failure| Failure {
        time: failure
            .time
            .chars()
            .take(19)
            .collect::<String>()
            .replace('T', " "),
        cause: cause(t, &failure.text),
        text: match failure.times {
            1 => failure.text,
            times => format!("{} ({times} ×)", failure.text),
        },
    };
    last.into_iter().map(shown).collect()
}
