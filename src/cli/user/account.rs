//! What commands show of accounts, for people and for scripts.

use crate::cli::{logger, records};
use serde::Serialize;
use std::time::{Duration, UNIX_EPOCH};

/// An account as it is listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Account {
    /// The user's name.
    pub name: String,
    /// Where the user can be reached, if that is known.
    pub email: Option<String>,
    /// It may be used.
    pub enabled: bool,
    /// What the user's browsers are told.
    pub alert: Option<String>,
    /// The bytes that the user may store, where it is not the server's default.
    pub quota_bytes: Option<u64>,
    /// The URL of the node that holds the user's records, where that is known.
    pub node: Option<String>,
}

/// An account and what it stores.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// What it stores, by name.
    pub collections: Vec<Collection>,
}

/// A collection of a user.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// How many records it has.
    pub records: u64,
    /// The bytes of their payloads.
    pub bytes: u64,
    /// Its last change, in seconds since 1970.
    pub modified: f64,
}

/// An invitation as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invited {
    /// What it is called by.
    pub number: i64,
    /// For whom it was made.
    pub note: Option<String>,
    /// From when on it is good for nothing, in seconds since 1970.
    pub expires: f64,
    /// Who signed up with it.
    pub used_by: Option<String>,
}

/// A code with the way to use it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Link {
    /// The code.
    pub code: String,
    /// The page that takes it, below the server's URL.
    pub page: String,
    /// The whole link, where the server's URL is known (`server.public_url`).
    pub link: Option<String>,
    /// From when on it is good for nothing, in seconds since 1970.
    pub expires: f64,
}

impl Usage {
    /// All records.
    pub fn records(&self) -> u64 {
        self.collections.iter().map(|c| c.records).sum()
    }

    /// The bytes of all payloads.
    pub fn bytes(&self) -> u64 {
        self.collections.iter().map(|c| c.bytes).sum()
    }

    /// The last change of all, in seconds since 1970.
    pub fn modified(&self) -> Option<f64> {
        let times = self.collections.iter().map(|c| c.modified);
        times.reduce(f64::max)
    }
}

/// A row of the list.
pub(super) fn row(account: &Account) -> String {
    let disabled = if account.enabled { "" } else { "\tdisabled" };
    let email = account.email.as_deref().unwrap_or("-");
    format!("{}\t{email}{disabled}\n", account.name)
}

/// Everything, for a person.
pub(super) fn sheet(usage: &Usage) -> String {
    let account = &usage.account;
    let or = |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
    let quota = account
        .quota_bytes
        .map_or_else(|| "the server's".to_owned(), size);
    let state = if account.enabled {
        "enabled"
    } else {
        "disabled"
    };
    let mut text = format!(
        "Name:    {}\nE-mail:  {}\nState:   {state}\nAlert:   {}\nQuota:   {quota}\nNode:    {}\n\
         Stored:  {}, {}\nChanged: {}\n",
        account.name,
        or(&account.email, "none"),
        or(&account.alert, "none"),
        or(&account.node, "the server's"),
        records(usage.records()),
        size(usage.bytes()),
        usage.modified().map_or_else(|| "never".to_owned(), time),
    );
    for one in &usage.collections {
        text += &format!(
            "  {:<12} {:>16} {:>10}  {}\n",
            one.name,
            records(one.records),
            size(one.bytes),
            time(one.modified)
        );
    }
    text
}

/// A time as people read it: `2026-03-01 12:30 UTC`.
pub(in crate::cli) fn time(seconds: f64) -> String {
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let text = logger::timestamp(UNIX_EPOCH + since);
    text.get(..16).map_or(text.clone(), |minutes| {
        format!("{} UTC", minutes.replace('T', " "))
    })
}

/// Bytes as people read them: `12.3 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1_000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_for_people() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_949, "999.9 kB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(25_300_000_000), "25.3 GB");
        assert_eq!(time(1_772_368_205.25), "2026-03-01 12:30 UTC");
    }
}
