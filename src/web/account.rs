//! The account page: what is stored, by collection, as a picture and in numbers; the devices; what
//! can be changed.

use super::form::encoded;
use super::frame::Frame;
use super::show::{When, number, size};
use super::texts::{Account as Texts, fill};
use super::visit::{Visit, names};
use super::{Shown, Trouble, devices, filters, undo};
use crate::auth;
use crate::sync::{CollectionName, Timestamp};
use askama::Template;
use http::StatusCode;

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    frame: Frame,
    t: &'static Texts,
    welcome: String,
    name: String,
    name_is_made: bool,
    email: String,
    used: String,
    meter: Option<Meter>,
    collections: Vec<Collection>,
    undo_on: bool,
    devices_on: bool,
    devices: Vec<Device>,
}

/// How full the space is.
struct Meter {
    class: &'static str,
    percent: String,
    text: &'static str,
}

/// One row of the picture.
struct Collection {
    name: String,
    title: String,
    link: String,
    delete: String,
    percent: String,
    records: String,
    unit: &'static str,
    size: String,
    changed: When,
}

/// A program that synced.
struct Device {
    title: String,
    agent: String,
    last: When,
    address: String,
}

/// A collection as it is stored.
pub struct Stored {
    pub name: CollectionName,
    pub modified: Timestamp,
    pub records: u64,
    pub bytes: u64,
}

/// What an account has stored, the largest first.
pub fn stored(visit: &Visit<'_, '_>, owner: &auth::Account) -> Result<Vec<Stored>, Trouble> {
    let mut session = visit.api.storage.read_account(owner.id)?;
    let (counts, usage) = (session.counts()?, session.usage()?);
    let of = |list: &[(CollectionName, u64)], name: &CollectionName| {
        let found = list.iter().find(|(known, _)| known == name);
        found.map_or(0, |(_, number)| *number)
    };
    let mut stored: Vec<Stored> = session
        .times()?
        .into_iter()
        .map(|(name, modified)| Stored {
            modified,
            records: of(&counts, &name),
            bytes: of(&usage, &name),
            name,
        })
        .collect();
    stored.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(stored)
}

/// What people call a collection.
pub fn title<'n>(t: &'static Texts, name: &'n str) -> &'n str {
    match name {
        "bookmarks" => t.bookmarks,
        "history" => t.history,
        "passwords" => t.passwords,
        "tabs" => t.tabs,
        "forms" => t.forms,
        "prefs" => t.prefs,
        "addons" => t.addons,
        "clients" => t.clients,
        "crypto" => t.crypto,
        "meta" => t.meta,
        "greasemonkey" => t.greasemonkey,
        other => other,
    }
}

/// The page.
pub fn show(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.resident()?;
    let t = &visit.texts().account;
    let stored = stored(visit, &owner)?;
    let used: u64 = stored.iter().map(|stored| stored.bytes).sum();
    let quota = visit.api.quota_of(&owner);
    let done = visit.query.text("done");
    let welcome = match done {
        "new" => fill(t.welcome_1, &[&visit.public_url()]),
        _ => String::new(),
    };
    let said = match done {
        "password" => t.password_done,
        "email" => t.email_done,
        "collection" => t.collection_done,
        "clear" => t.clear_done,
        "undo" => visit.texts().undo.done,
        _ => "",
    };
    let page = Account {
        frame: visit.frame("account").saying(said),
        t,
        welcome,
        name: owner.name.to_string(),
        name_is_made: is_made(&owner),
        email: owner.email.clone().unwrap_or_else(|| t.no_email.to_owned()),
        used: match quota {
            Some(quota) => fill(t.used_of, &[&size(used), &size(quota)]),
            None => fill(t.used, &[&size(used)]),
        },
        meter: quota.map(|quota| meter(t, used, quota)),
        collections: rows(visit, t, &stored),
        undo_on: undo::is_on(visit),
        devices_on: visit.web.devices.is_some(),
        devices: devices_of(visit, &owner),
    };
    visit.page(StatusCode::OK, &page)
}

/// Whether the name is the one that browsers, or the Python server, make of the address.
fn is_made(owner: &auth::Account) -> bool {
    let address = owner.email.as_deref().filter(|email| email.contains('@'));
    address.is_some_and(|address| names(address).is_ok_and(|names| names.contains(&owner.name)))
}

fn meter(t: &'static Texts, used: u64, quota: u64) -> Meter {
    let (class, text) = match () {
        () if used >= quota => ("bad", t.quota_full),
        () if used >= quota / 10 * 9 => ("warn", t.quota_near),
        () => ("", ""),
    };
    let percent = percent(used, quota);
    Meter {
        class,
        percent,
        text,
    }
}

/// Parts of a hundred with one decimal; what is there at all is seen.
fn percent(part: u64, whole: u64) -> String {
    let thousandths = match whole {
        0 => 1_000,
        whole => (u128::from(part) * 1_000 / u128::from(whole)).min(1_000),
    };
    let least = if part > 0 { 10 } else { 0 };
    let shown = thousandths.max(least);
    format!("{}.{}", shown / 10, shown % 10)
}

fn rows(visit: &Visit<'_, '_>, t: &'static Texts, stored: &[Stored]) -> Vec<Collection> {
    let largest = stored.iter().map(|stored| stored.bytes).max().unwrap_or(0);
    let row = |stored: &Stored| {
        let name = stored.name.as_str();
        let title = title(t, name);
        Collection {
            name: name.to_owned(),
            title: title.to_owned(),
            link: encoded(name),
            delete: fill(t.delete_named, &[title]),
            percent: percent(stored.bytes, largest.max(1)),
            records: number(stored.records),
            unit: match stored.records {
                1 => t.records_unit_one,
                _ => t.records_unit,
            },
            size: size(stored.bytes),
            changed: visit.when(stored.modified),
        }
    };
    stored.iter().map(row).collect()
}

fn devices_of(visit: &Visit<'_, '_>, owner: &auth::Account) -> Vec<Device> {
    let Some(known) = &visit.web.devices else {
        return Vec::new();
    };
    let device = |seen: devices::Seen| Device {
        title: devices::program(&seen.agent),
        last: visit.when(seen.last),
        address: seen.address,
        agent: seen.agent,
    };
    known.of(owner.id).into_iter().map(device).collect()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_bar_is_never_longer_than_its_track_nor_unseen() {
        assert_eq!(percent(0, 100), "0.0");
        assert_eq!(percent(1, 1_000_000), "1.0");
        assert_eq!(percent(1, 3), "33.3");
        assert_eq!(percent(5, 3), "100.0");
        assert_eq!(percent(1, 0), "100.0");
        assert_eq!(percent(u64::MAX, u64::MAX), "100.0");
    }
}
