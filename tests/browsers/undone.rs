//! A browser wipes the account, the operator undoes it, and every device goes on as if nothing had been.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::desktop::Desktop;
use crate::harness::browser::Profile;
use crate::harness::{Gateway, Server};

const PATIENCE: Duration = Duration::from_secs(60);

const CONTENT: [(&str, usize); 4] = [
    ("passwords", 12),
    ("bookmarks", 230),
    ("forms", 7),
    ("history", 410),
];

fn filled<'a>(server: &'a Server, name: &str) -> Desktop<'a> {
    let mut device = Desktop::of_new_account(server, name);
    for (engine, count) in CONTENT {
        for number in 0..count {
            let payload = format!("{{\"ciphertext\":\"{engine}{number}/+==\"}}");
            device.change(engine, &format!("{{{engine}-{number}}}"), &payload);
        }
    }
    device.sync("").expect("a sync");
    until_the_clock_has_passed(&mut device);
    device
}

/// A collection that is written to more than a hundred times a second runs ahead of the clock, and a
/// moment in that time is not the same for all collections. Browsers take longer.
fn until_the_clock_has_passed(device: &mut Desktop) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = device.ask_storage("GET", "info/collections");
        let times: BTreeMap<String, f64> = serde_json::from_slice(&answer.body).expect("times");
        let now: f64 = answer.timestamp().parse().expect("a time");
        if times.values().all(|time| *time < now) {
            return;
        }
        assert!(Instant::now() < deadline, "{now} {times:?}");
    }
}

/// A second browser that knows nothing of what is stored, begins anew, and sends what it has.
fn wiper<'a>(server: &'a Server, first: &Desktop) -> Desktop<'a> {
    let mut second = Desktop::new(server, first.profile.clone());
    second.mark = "-second";
    let clients = second.engines.get_mut("clients").expect("an engine");
    clients.items.clear();
    clients.changed.clear();
    second.change("clients", "second-device", "{}");
    second.change("bookmarks", "{its-own}", "{\"ciphertext\":\"own==\"}");
    second.find_node();
    second.may_wipe = true;
    second.start_fresh().expect("a fresh start");
    second.sync("").expect("a sync");
    second.may_wipe = false;
    second
}

/// What the server holds, by collection.
fn stored(device: &mut Desktop) -> BTreeMap<String, u64> {
    let answer = device.ask_storage("GET", "info/collection_counts");
    serde_json::from_slice(&answer.body).expect("counts")
}

/// The one moment worth going back to.
fn moment(server: &Server, name: &str) -> (String, Value) {
    let listed = server
        .command(&["undo", name, "--list", "--json"], "")
        .json();
    let moments = listed["moments"].as_array().expect("moments").clone();
    assert_eq!(moments.len(), 1, "{moments:?}");
    let to = moments[0]["to"].as_str().expect("a time").to_owned();
    (to, moments[0].clone())
}

fn has_all_of_the_first(device: &Desktop) {
    for (engine, count) in CONTENT {
        let items = &device.engines[engine].items;
        let theirs = items
            .keys()
            .filter(|id| id.starts_with(&format!("{{{engine}-")));
        assert_eq!(theirs.count(), count, "{engine}");
    }
}

#[test]
fn a_wiped_account_is_brought_back_and_every_device_goes_on() {
    let server = Gateway::Builtin.start("");
    let mut first = filled(&server, "wiped");
    let (before, keys) = (stored(&mut first), first.keys().map(str::to_owned));
    let mut second = wiper(&server, &first);
    assert_eq!(stored(&mut second).get("history"), None, "it is wiped");

    let (to, told) = moment(&server, "wiped");
    assert_eq!(told["collections"]["history"]["deleted"], 410);
    let rehearsal = server.command(&["undo", "wiped", "--to", &to, "--dry-run"], "");
    assert!(rehearsal.expect().contains("history: 410 back again"));
    assert_eq!(stored(&mut second).get("history"), None, "a rehearsal");
    server.command(&["undo", "wiped", "--to", &to], "").expect();
    let after = stored(&mut second);
    assert_eq!(after, before);

    // The one that wiped finds other keys and another syncID, takes all, and adds its own.
    second.sync("").expect("a sync");
    has_all_of_the_first(&second);
    assert_eq!(second.keys().map(str::to_owned), keys);
    first.sync("").expect("a sync");
    has_all_of_the_first(&first);
    assert!(first.engines["bookmarks"].items.contains_key("{its-own}"));
    assert_eq!(first.keys().map(str::to_owned), keys);
    let end = stored(&mut first);
    assert_eq!(end["bookmarks"], 231);
    for (engine, count) in [("history", 410), ("passwords", 12), ("forms", 7)] {
        assert_eq!(end[engine], count, "{engine}");
    }

    // And a device that was off all the time, or is new.
    let mut third = Desktop::new(&server, Profile::clone(&first.profile));
    third.log_in().expect("a login");
    third.sync("").expect("a sync");
    has_all_of_the_first(&third);
}

#[test]
fn a_device_that_had_taken_the_wipe_for_true_gets_all_back() {
    let server = Gateway::Builtin.start("");
    let mut first = filled(&server, "mangled");
    // The other browser empties two collections; this one looks, and has seen it.
    first.ask_storage("DELETE", "storage/history");
    first.ask_storage("DELETE", "storage/bookmarks");
    let mut emptied = Desktop::new(&server, first.profile.clone());
    emptied.log_in().expect("a login");
    emptied.sync("").expect("a sync");
    assert_eq!(emptied.engines["history"].items.len(), 0);
    let (to, told) = moment(&server, "mangled");
    assert_eq!(told["deleted"], 640);
    let only = ["undo", "mangled", "--collection", "history", "--to", &to];
    server.command(&only, "").expect();
    emptied.sync("").expect("a sync");
    assert_eq!(emptied.engines["history"].items.len(), 410);
    assert_eq!(emptied.engines["bookmarks"].items.len(), 0);
    server
        .command(&["undo", "mangled", "--to", &to], "")
        .expect();
    emptied.sync("").expect("a sync");
    has_all_of_the_first(&emptied);
}

#[test]
fn records_under_other_keys_come_back_with_their_keys_only() {
    let server = Gateway::Builtin.start("");
    let first = filled(&server, "other-keys");
    let mut second = wiper(&server, &first);
    let (to, _) = moment(&server, "other-keys");
    let before = stored(&mut second);
    let refused = server.command(
        &["undo", "other-keys", "--collection", "history", "--to", &to],
        "",
    );
    assert_eq!(refused.code, 1);
    assert!(refused.errors.contains("other keys"), "{refused:?}");
    assert_eq!(stored(&mut second), before);
}

#[test]
fn nothing_is_kept_where_the_operator_does_not_want_it() {
    let server = Gateway::Builtin.start("[undo]\nkeep = 0\n");
    let mut first = filled(&server, "unkept");
    first.ask_storage("DELETE", "storage/history");
    let refused = server.command(&["undo", "unkept"], "");
    assert_eq!(refused.code, 1);
    assert!(refused.errors.contains("undo.keep is 0"), "{refused:?}");
}
