//! A phone's life beside a desktop.

use serde_json::json;

use super::android::Phone;
use super::desktop::Desktop;
use crate::harness::{Gateway, Server};

through_every_gateway! {
    a_phone_joins_a_desktop
}

/// A desktop with ten records in every collection that phones sync.
fn desktop<'a>(server: &'a Server, name: &str) -> Desktop<'a> {
    let mut desktop = Desktop::of_new_account(server, name);
    for engine in ["passwords", "tabs", "bookmarks", "history", "forms"] {
        for number in 0..10 {
            let payload = json!({"of": "desktop", "number": number}).to_string();
            desktop.change(engine, &format!("{engine}-{number}"), &payload);
        }
    }
    desktop.sync("").expect("a sync");
    desktop
}

fn a_phone_joins_a_desktop(server: &Server) {
    let mut desktop = desktop(server, "phone-and-desktop");
    let mut phone = Phone::new(server, desktop.profile.clone());
    phone.set_up();
    phone.change("bookmarks", "from-phone", json!({"of": "phone"}));
    phone.sync();
    for collection in ["passwords", "tabs", "bookmarks", "history", "forms"] {
        assert_eq!(phone.items[collection].len(), 10, "{collection}");
    }
    desktop.sync("").expect("a sync");
    assert_eq!(
        desktop.engines["bookmarks"].items["from-phone"],
        "{\"of\":\"phone\"}"
    );
    assert!(desktop.engines["clients"].items.contains_key("the-phone"));
}

#[test]
fn a_first_sync_asks_for_everything_since_zero() {
    let server = Gateway::Builtin.shared();
    let desktop = desktop(&server, "since-zero");
    let mut phone = Phone::new(&server, desktop.profile.clone());
    phone.set_up();
    assert_eq!(
        phone.requests(),
        ["GET user", "GET node/weave", "GET info/collections/"]
    );
    phone.sync();
    let expected = [
        "GET node/weave",
        "GET info/collections",
        "GET storage/meta/global",
        "GET storage/crypto/keys",
        "GET storage/clients?full=1",
        "POST storage/clients",
        "GET storage/tabs?full=1&newer=0.000",
        "GET storage/passwords?full=1&newer=0.000",
        "GET info/collection_counts",
        "GET storage/bookmarks?full=1&newer=0.000&limit=5000&sort=index",
        "GET storage/history?full=1&newer=0.000&limit=250&sort=index",
        "GET storage/forms?full=1&newer=0.000&limit=5000&sort=index",
    ];
    assert_eq!(phone.requests(), expected);
}

#[test]
fn nothing_new_is_not_asked_for_and_news_are_never_missed() {
    let server = Gateway::Builtin.shared();
    let mut desktop = desktop(&server, "news");
    let mut phone = Phone::new(&server, desktop.profile.clone());
    phone.set_up();
    phone.sync();
    phone.requests();
    phone.sync();
    let idle = [
        "GET node/weave",
        "GET info/collections",
        "GET storage/clients?full=1",
        "POST storage/clients",
    ];
    assert_eq!(phone.requests(), idle);
    for round in 0..10 {
        desktop.change("forms", &format!("round-{round}"), "{}");
        desktop.sync("").expect("a sync");
        phone.sync();
        assert_eq!(phone.items["forms"].len(), 11 + round, "round {round}");
    }
}

#[test]
fn a_phone_uploads_fifty_records_at_a_time() {
    let server = Gateway::Builtin.shared();
    let mut desktop = desktop(&server, "fifty");
    let mut phone = Phone::new(&server, desktop.profile.clone());
    phone.set_up();
    for number in 0..120 {
        phone.change(
            "history",
            &format!("p{number:03}"),
            json!({"visits": [number]}),
        );
    }
    phone.sync();
    let posts = phone.requests();
    assert_eq!(
        posts
            .iter()
            .filter(|line| *line == "POST storage/history")
            .count(),
        3
    );
    desktop.sync("").expect("a sync");
    assert_eq!(desktop.engines["history"].items.len(), 130);
}

#[test]
fn a_list_of_devices_that_changed_meanwhile_is_not_overwritten() {
    let server = Gateway::Builtin.shared();
    let desktop = desktop(&server, "meanwhile");
    let android = desktop.profile.android();
    let read = server.send(&android.get_lines("storage/clients?full=1"));
    let since = format!("{}0", read.timestamp());
    let record = r#"{"id":"other","payload":"{}"}"#;
    assert_eq!(
        server
            .send(&android.post("storage/clients", &[record]))
            .status,
        200
    );
    let refused = server.send(&android.post_unless_modified("storage/clients", &since, &[record]));
    assert_eq!(refused.status, 412, "{refused:?}");
}

#[test]
fn a_phone_leaves_and_its_record_with_it() {
    let server = Gateway::Builtin.shared();
    let desktop = desktop(&server, "leaving");
    let mut phone = Phone::new(&server, desktop.profile.clone());
    phone.set_up();
    phone.sync();
    phone.leave();
    let left = server.send(&desktop.profile.android().get("storage/clients/the-phone"));
    assert_eq!(left.status, 404, "{left:?}");
}

#[test]
fn an_upload_that_arrives_twice_does_no_harm() {
    let server = Gateway::Builtin.shared();
    let desktop = desktop(&server, "twice");
    let record = r#"{"id":"again","payload":"{}","sortindex":100}"#;
    for _ in 0..2 {
        let sent = server.send(&desktop.profile.android().post("storage/forms", &[record]));
        assert_eq!(sent.json()["success"], json!(["again"]));
    }
    let counts = server
        .send(&desktop.profile.android().get("info/collection_counts"))
        .json();
    assert_eq!(counts["forms"], json!(11));
}
