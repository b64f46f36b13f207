//! Bringing back: the moments before something took much away, what going back would do, and doing it.

use super::account;
use super::form::encoded;
use super::frame::Frame;
use super::show::{When, number};
use super::texts::{Undo as Texts, counted, fill};
use super::visit::Visit;
use super::{Shown, Trouble, filters};
use crate::accounts::Brake;
use crate::auth::Account;
use crate::storage::Undoable;
use crate::storage::undo::{Change, Moment, Refusal, Restored, Undo, Undone};
use crate::sync::{CollectionName, moment, parse_moment};
use askama::Template;
use http::StatusCode;

#[derive(Template)]
#[template(path = "undo.html")]
struct Moments {
    frame: Frame,
    t: &'static Texts,
    moments: Vec<Row>,
}

/// One moment.
struct Row {
    begun: When,
    what: String,
    back: String,
    link: String,
    collections: Vec<Part>,
}

/// What it was in one collection.
struct Part {
    what: String,
    /// Empty for those that come back with all others only.
    link: String,
    only: String,
}

#[derive(Template)]
#[template(path = "undo_confirm.html")]
struct Confirm {
    frame: Frame,
    t: &'static Texts,
    lead: String,
    lines: Vec<String>,
    to: String,
    collection: String,
}

/// So many moments fit on a page that people read.
const SHOWN: usize = 20;

/// The moments, if there is nothing else to be asked.
pub fn show(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.resident()?;
    if visit.query.has("to") {
        return confirm(visit, &owner);
    }
    let t = &visit.texts().undo;
    let history = undoable(visit)?.history(owner.id)?;
    let mut seen = history.moments(None);
    seen.truncate(SHOWN);
    let page = Moments {
        frame: visit.frame("account"),
        t,
        moments: seen.iter().map(|one| row(visit, t, one)).collect(),
    };
    visit.page(StatusCode::OK, &page)
}

fn row(visit: &Visit<'_, '_>, t: &'static Texts, one: &Moment) -> Row {
    let begun = visit.when(one.begun);
    let names = &visit.texts().account;
    let to = encoded(&moment(one.to));
    let part = |(name, change): (&CollectionName, &Change)| {
        let title = account::title(names, name.as_str());
        let alone = !matches!(name.as_str(), "meta" | "crypto");
        Part {
            what: format!("{title}: {}", taken(t, *change)),
            link: match alone {
                true => format!("{to}&collection={}", encoded(name.as_str())),
                false => String::new(),
            },
            only: fill(t.only_named, &[title, &begun.full]),
        }
    };
    Row {
        what: taken(t, one.total()),
        back: fill(t.back_named, &[&begun.full]),
        link: to.clone(),
        collections: one.changes.iter().map(part).collect(),
        begun,
    }
}

fn taken(t: &'static Texts, change: Change) -> String {
    let deleted = || counted(change.deleted, t.deleted_one, t.deleted);
    match (change.deleted, change.replaced) {
        (_, 0) => deleted(),
        (0, replaced) => counted(replaced, t.replaced_one, t.replaced),
        (_, replaced) => fill(t.deleted_and_replaced, &[&deleted(), &number(replaced)]),
    }
}

/// Says what would happen, and asks whether it shall.
fn confirm(visit: &mut Visit<'_, '_>, owner: &Account) -> Shown {
    let t = &visit.texts().undo;
    let (to, collection) = (
        visit.query.text("to").to_owned(),
        visit.query.text("collection").to_owned(),
    );
    let undo = wanted(&to, &collection, true)?;
    let undone = match undoable(visit)?.undo(owner.id, &undo, &mut |_| {})? {
        Ok(undone) => undone,
        Err(refusal) => return refused(visit, &refusal),
    };
    if undone.collections.is_empty() {
        return visit.message(StatusCode::OK, t.title, t.nothing);
    }
    let when = visit.when(undo.to);
    let page = Confirm {
        frame: visit.frame("account"),
        t,
        lead: fill(t.lead_moment, &[&when.full, &when.ago]),
        lines: lines(visit, t, &undone),
        to,
        collection,
    };
    visit.page(StatusCode::OK, &page)
}

fn lines(visit: &Visit<'_, '_>, t: &'static Texts, undone: &Undone) -> Vec<String> {
    let names = &visit.texts().account;
    let line = |one: &Restored| {
        let title = account::title(names, one.collection.as_str());
        let parts = [
            (one.returned, t.returned_one, t.returned),
            (one.reverted, t.reverted_one, t.reverted),
            (one.removed, t.removed_one, t.removed),
        ];
        let parts = parts.iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, single, many)| counted(*count, single, many))
            .collect();
        format!("{title}: {}", parts.join(", "))
    };
    undone.collections.iter().map(line).collect()
}

/// Brings it back.
pub fn bringing_back(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.resident()?;
    let form = visit.form()?;
    let undo = wanted(form.text("to"), form.text("collection"), false)?;
    let now = visit.now;
    let brakes = &visit.api.people.brakes;
    if !brakes.allow(Brake::UNDO, owner.name.as_str(), now)? {
        return Err(Trouble::TooOften);
    }
    let undone = match undoable(visit)?.undo(owner.id, &undo, &mut |_| {})? {
        Ok(undone) => undone,
        Err(refusal) => return refused(visit, &refusal),
    };
    let records: u64 = undone.collections.iter().map(Restored::records).sum();
    log::info!(
        "{} went back to {} on the screens: {records} records changed",
        owner.name,
        moment(undo.to)
    );
    visit.redirect("account?done=undo")
}

/// Whether anything is kept that could be brought back.
pub fn is_on(visit: &Visit<'_, '_>) -> bool {
    visit.api.storage.undoable().is_some()
}

fn undoable<'v>(visit: &'v Visit<'_, '_>) -> Result<&'v dyn Undoable, Trouble> {
    visit.api.storage.undoable().ok_or(Trouble::NotFound)
}

fn wanted(to: &str, collection: &str, rehearsal: bool) -> Result<Undo, Trouble> {
    let collection = match collection {
        "" => None,
        name => Some(CollectionName::new(name).map_err(|_| Trouble::NotFound)?),
    };
    Ok(Undo {
        to: parse_moment(to).ok_or(Trouble::NotFound)?,
        collection,
        rehearsal,
    })
}

fn refused(visit: &mut Visit<'_, '_>, refusal: &Refusal) -> Shown {
    let t = &visit.texts().undo;
    let text = match refusal {
        Refusal::TooEarly(_) => t.too_early,
        Refusal::OtherKeys => t.other_keys,
        Refusal::OnlyTogether => t.only_together,
        Refusal::NotSetUp => t.not_set_up,
    };
    visit.message(StatusCode::CONFLICT, t.title, text)
}
