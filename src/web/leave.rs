//! Deleting: one collection, all of them, or the account. Each says first what it means for the
//! browsers.

use super::entry::checked;
use super::frame::Frame;
use super::show::size;
use super::texts::{Entry as Texts, counted, fill};
use super::visit::Visit;
use super::{Shown, Trouble, account, filters, undo};
use crate::sync::{CollectionName, Query};
use askama::Template;
use http::StatusCode;

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'c> {
    frame: Frame,
    title: String,
    lead: String,
    means: &'static str,
    kept: &'static str,
    action: &'static str,
    name: &'c str,
    button: String,
}

#[derive(Template)]
#[template(path = "delete_account.html")]
struct DeleteAccount<'d> {
    frame: Frame,
    t: &'static Texts,
    name: &'d str,
}

/// Collections without which browsers can't read any other: without them they begin anew.
const PRECIOUS: [&str; 2] = ["crypto", "meta"];

/// Asks whether one collection is to go.
pub fn collection(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.resident()?;
    let t = &visit.texts().account;
    let name = visit.query.text("name").to_owned();
    let stored = account::stored(visit, &owner)?;
    let Some(found) = stored.iter().find(|stored| stored.name.as_str() == name) else {
        return visit.message(StatusCode::NOT_FOUND, t.title, t.collection_none);
    };
    let title = account::title(t, &name);
    let page = Confirm {
        frame: visit.frame("account"),
        title: fill(t.collection_title, &[title]),
        lead: fill(
            &counted(found.records, t.collection_lead_one, t.collection_lead),
            &[&size(found.bytes)],
        ),
        means: match PRECIOUS.contains(&name.as_str()) {
            true => t.collection_all,
            false => t.collection_means,
        },
        kept: kept(visit),
        action: "account/collection",
        name: &name,
        button: fill(t.collection_button, &[title]),
    };
    visit.page(StatusCode::OK, &page)
}

/// Whether that is the end of it.
fn kept(visit: &Visit<'_, '_>) -> &'static str {
    let t = &visit.texts().undo;
    match undo::is_on(visit) {
        true => t.kept,
        false => t.not_kept,
    }
}

/// Deletes it.
pub fn deleting_collection(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.resident()?;
    let form = visit.form()?;
    let name = CollectionName::new(form.text("name")).map_err(|_| Trouble::NotFound)?;
    let mut session = visit.api.storage.write_collection(owner.id, &name)?;
    let gone = session.delete(&Query::default())?;
    session.commit()?;
    log::info!("{} deleted the {gone} records of {name}", owner.name);
    visit.redirect("account?done=collection")
}

/// Asks whether all collections are to go.
pub fn clear(visit: &mut Visit<'_, '_>) -> Shown {
    visit.resident()?;
    let t = &visit.texts().account;
    let page = Confirm {
        frame: visit.frame("account"),
        title: t.clear_title.to_owned(),
        lead: t.clear_lead.to_owned(),
        means: t.clear_means,
        kept: kept(visit),
        action: "account/clear",
        name: "",
        button: t.clear_button.to_owned(),
    };
    visit.page(StatusCode::OK, &page)
}

/// Deletes them.
pub fn clearing(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.resident()?;
    visit.form()?;
    visit.api.storage.delete_records(owner.id)?;
    log::info!("{} deleted all records", owner.name);
    visit.redirect("account?done=clear")
}

/// The page at the URL that browsers open to leave for good.
pub fn account(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.user().map(|account| account.name.to_string());
    leave_page(visit, StatusCode::OK, &owner.unwrap_or_default(), "")
}

fn leave_page(visit: &mut Visit<'_, '_>, status: StatusCode, name: &str, why_not: &str) -> Shown {
    let t = &visit.texts().entry;
    let frame = visit.form_frame("account")?.complaining(why_not);
    visit.page(status, &DeleteAccount { frame, t, name })
}

/// Its form: name and password, whoever is signed in.
pub fn deleting_account(visit: &mut Visit<'_, '_>) -> Shown {
    let form = visit.form()?;
    let t = &visit.texts().entry;
    let name = form.text("username");
    if name.is_empty() || form.raw("password").unwrap_or_default().is_empty() {
        return leave_page(visit, StatusCode::BAD_REQUEST, name, t.delete_missing);
    }
    let Some(owner) = checked(visit, &form)? else {
        return leave_page(visit, StatusCode::BAD_REQUEST, name, t.delete_wrong);
    };
    if visit.web.is_admin(&owner.name) {
        return leave_page(visit, StatusCode::BAD_REQUEST, name, t.delete_admin);
    }
    if let Some(node) = visit.api.elsewhere(&owner)? {
        let why_not = fill(t.delete_elsewhere, &[&node]);
        return leave_page(visit, StatusCode::CONFLICT, name, &why_not);
    }
    visit.api.remove_account(&owner)?;
    log::info!(target: "security", "{} deleted the account on the screens", owner.name);
    visit.sign_out();
    visit.message(StatusCode::OK, t.deleted_title, t.deleted)
}
