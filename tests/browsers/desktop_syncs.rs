//! A desktop's ordinary life: each test is one scenario with the requests that were seen in it.

use super::desktop::{Desktop, Ended};
use crate::harness::browser::Profile;
use crate::harness::{Gateway, Server};

through_every_gateway! {
    a_new_account_and_a_second_device
}

const CONTENT: [(&str, usize); 6] = [
    ("prefs", 1),
    ("passwords", 3),
    ("tabs", 1),
    ("bookmarks", 130),
    ("forms", 5),
    ("history", 210),
];

fn filled(device: &mut Desktop) {
    for (engine, count) in CONTENT {
        for number in 0..count {
            let payload = format!("{{\"ciphertext\":\"{engine}{number}/+==\"}}");
            device.change(engine, &format!("{{{engine}-{number}}}"), &payload);
        }
    }
}

fn set_up<'a>(server: &'a Server, name: &str) -> Desktop<'a> {
    let mut device = Desktop::of_new_account(server, name);
    filled(&mut device);
    device.sync("").expect("a sync");
    device.requests();
    device
}

fn second_device<'a>(server: &'a Server, first: &Desktop) -> Desktop<'a> {
    let mut second = Desktop::new(server, first.profile.clone());
    second
        .engines
        .get_mut("clients")
        .expect("an engine")
        .items
        .clear();
    second
        .engines
        .get_mut("clients")
        .expect("an engine")
        .changed
        .clear();
    second.change("clients", "second-device", "{}");
    second.log_in().expect("a login");
    second.sync("?v=1.45.0").expect("a sync");
    second
}

fn a_new_account_and_a_second_device(server: &Server) {
    let first = set_up(server, "two-devices");
    let second = second_device(server, &first);
    for (engine, count) in CONTENT {
        assert_eq!(
            second.engines[engine].items, first.engines[engine].items,
            "{engine}"
        );
        assert_eq!(second.engines[engine].items.len(), count, "{engine}");
    }
}

#[test]
fn a_new_account_takes_ten_requests_and_its_first_sync_no_download() {
    let server = Gateway::Builtin.shared();
    let mut device = Desktop::new(
        &server,
        Profile::new(&server, "ten-requests", "a long password"),
    );
    filled(&mut device);
    device.sign_up();
    device.may_wipe = true;
    device.log_in().expect("a login");
    assert_eq!(
        device.requests(),
        [
            "GET user",
            "PUT user",
            "GET node/weave",
            "GET info/collections",
            "GET storage/meta/global",
            "DELETE storage",
            "PUT storage/meta/global",
            "PUT storage/crypto/keys",
            "GET info/collections",
            "GET storage/crypto/keys",
        ]
    );
    device.may_wipe = false;
    device.sync("?v=1.45.0").expect("a sync");
    let mut expected = vec!["GET info/collections?v=1.45.0".to_owned()];
    let all = [("clients", 1)].into_iter().chain(CONTENT);
    for (engine, count) in all {
        expected.push(format!("DELETE storage/{engine}"));
        let posts = std::iter::repeat_n(format!("POST storage/{engine}"), count.div_ceil(100));
        expected.extend(posts);
    }
    expected.push("PUT storage/meta/global".to_owned());
    assert_eq!(device.requests(), expected);
    assert!(
        device
            .engines
            .values()
            .all(|engine| engine.changed.is_empty())
    );
}

#[test]
fn the_second_sync_reads_the_record_that_the_first_wrote_and_an_idle_one_asks_once() {
    let server = Gateway::Builtin.shared();
    let mut device = Desktop::of_new_account(&server, "idle");
    device.sync("").expect("a sync");
    assert_eq!(
        device.requests(),
        ["GET info/collections", "GET storage/meta/global"]
    );
    for _ in 0..3 {
        device.sync("").expect("a sync");
        assert_eq!(device.requests(), ["GET info/collections"]);
    }
}

#[test]
fn local_changes_are_uploaded_and_never_downloaded_again() {
    let server = Gateway::Builtin.shared();
    let mut device = set_up(&server, "local");
    device.change("bookmarks", "one-more", "{}");
    device.change("history", "another", "{}");
    device.sync("").expect("a sync");
    let expected = [
        "GET info/collections",
        "POST storage/bookmarks",
        "POST storage/history",
    ];
    assert_eq!(device.requests(), expected);
    device.sync("").expect("a sync");
    assert_eq!(
        device.requests(),
        ["GET info/collections"],
        "its own upload is no news"
    );
}

#[test]
fn remote_changes_are_downloaded_with_one_request_each() {
    let server = Gateway::Builtin.shared();
    let mut first = set_up(&server, "remote");
    let mut second = second_device(&server, &first);
    first.sync("").expect("a sync");
    first.requests();
    second.change("forms", "theirs", "{\"of\":\"second\"}");
    second.change("bookmarks", "{bookmarks-7}", "changed");
    second.sync("").expect("a sync");
    let since = |engine: &str| first.engines[engine].last_sync.to_string();
    let expected = [
        "GET info/collections".to_owned(),
        format!(
            "GET storage/bookmarks?newer={}&full=1&sort=index",
            since("bookmarks")
        ),
        format!("GET storage/forms?newer={}&full=1", since("forms")),
    ];
    first.sync("").expect("a sync");
    assert_eq!(first.requests(), expected);
    assert_eq!(
        first.engines["forms"].items["theirs"],
        "{\"of\":\"second\"}"
    );
    assert_eq!(first.engines["bookmarks"].items["{bookmarks-7}"], "changed");
    assert_eq!(first.engines["bookmarks"].items.len(), 130);
}

#[test]
fn changes_that_cross_reach_both_devices() {
    let server = Gateway::Builtin.shared();
    let mut first = set_up(&server, "crossing");
    let mut second = second_device(&server, &first);
    for round in 0..5 {
        first.change("forms", &format!("first-{round}"), "{}");
        second.change("forms", &format!("second-{round}"), "{}");
        first.sync("").expect("a sync");
        second.sync("").expect("a sync");
    }
    first.sync("").expect("a sync");
    second.sync("").expect("a sync");
    assert_eq!(first.engines["forms"].items, second.engines["forms"].items);
    assert_eq!(first.engines["forms"].items.len(), 5 + 10);
}

#[test]
fn a_second_device_finds_everything() {
    let server = Gateway::Builtin.shared();
    let first = set_up(&server, "second");
    let mut second = second_device(&server, &first);
    let expected = [
        "GET node/weave",
        "GET info/collections",
        "GET storage/meta/global",
        "GET storage/meta/global",
        "GET storage/crypto/keys",
        "GET info/collections",
        "GET storage/meta/global",
        "GET info/collections?v=1.45.0",
        "GET storage/clients?full=1",
        "POST storage/clients",
        "GET storage/prefs?full=1",
        "GET storage/passwords?full=1",
        "GET storage/tabs?full=1",
        "GET storage/bookmarks?full=1&sort=index",
        "GET storage/forms?full=1",
        "GET storage/history?full=1&limit=5000",
    ];
    assert_eq!(second.requests(), expected);
    assert_eq!(second.engines["clients"].items.len(), 2);
}

#[test]
fn a_restart_reads_both_records_and_announces_the_device() {
    let server = Gateway::Builtin.shared();
    let mut device = set_up(&server, "restarted");
    device.restart();
    device.log_in().expect("a login");
    device.sync("").expect("a sync");
    let expected = [
        "GET info/collections",
        "GET storage/meta/global",
        "GET storage/meta/global",
        "GET storage/crypto/keys",
        "GET info/collections",
        "GET storage/clients?full=1",
        "POST storage/clients",
    ];
    assert_eq!(device.requests(), expected);
}

#[test]
fn five_thousand_and_sixty_history_records_reach_a_new_device() {
    let server = Gateway::Builtin.shared();
    let mut first = Desktop::of_new_account(&server, "history");
    for number in 0..5_060 {
        first.change(
            "history",
            &format!("h{number:011}"),
            &format!("{{\"number\":{number}}}"),
        );
    }
    first.sync("").expect("a sync");
    let mut second = second_device(&server, &first);
    let requests = second.requests();
    let history: Vec<&String> = requests
        .iter()
        .filter(|request| request.contains("storage/history"))
        .collect();
    assert_eq!(history[0], "GET storage/history?full=1&limit=5000");
    assert!(
        history[1].starts_with("GET storage/history?sort=index&limit=5000"),
        "{history:?}"
    );
    assert!(
        history[2..]
            .iter()
            .all(|request| request.contains("full=1&ids=")),
        "{history:?}"
    );
    assert_eq!(history.len(), 4, "sixty are left, fifty at a time");
    assert_eq!(second.engines["history"].items.len(), 5_060);
}

#[test]
fn deleted_records_and_devices_are_gone_for_others() {
    let server = Gateway::Builtin.shared();
    let mut device = set_up(&server, "deleting");
    let ids: Vec<String> = (0..100)
        .map(|number| format!("{{bookmarks-{number}}}"))
        .collect();
    let path = format!("storage/bookmarks?ids={}", ids.join(","));
    assert_eq!(device.ask_storage("DELETE", &path).status, 200);
    assert_eq!(
        device
            .ask_storage("DELETE", "storage/clients/this-device")
            .status,
        200
    );
    assert_eq!(
        device
            .ask_storage("DELETE", "storage/tabs/this-device")
            .status,
        200
    );
    let second = second_device(&server, &device);
    assert_eq!(second.engines["bookmarks"].items.len(), 30);
    assert_eq!(second.engines["clients"].items.len(), 1);
    assert_eq!(second.engines["history"].items.len(), 210);
}

#[test]
fn a_password_that_was_changed_elsewhere_rejects_the_login_and_wipes_nothing() {
    let server = Gateway::Builtin.shared();
    let mut first = set_up(&server, "changed");
    let mut second = second_device(&server, &first);
    second.requests();
    let request = first.profile.desktop().change_password("another password");
    server.send(&request).must_be(200, "success");
    for _ in 0..2 {
        assert_eq!(second.sync(""), Err(Ended::LoginRejected));
        assert_eq!(
            second.requests(),
            ["GET info/collections", "GET node/weave"]
        );
    }
    first.profile.password = "another password".to_owned();
    first.find_node();
    first.sync("").expect("who knows the new one goes on");
}

#[test]
fn a_device_replaces_what_is_on_the_server_when_its_owner_says_so() {
    let server = Gateway::Builtin.shared();
    let mut first = set_up(&server, "replacing");
    let mut second = second_device(&server, &first);
    first
        .engines
        .get_mut("forms")
        .expect("an engine")
        .items
        .clear();
    first.change("forms", "the-only-one", "{}");
    first.may_wipe = true;
    first.wipe_remote();
    let requests = first.requests();
    let deletes: Vec<&String> = requests
        .iter()
        .filter(|line| line.starts_with("DELETE"))
        .collect();
    assert_eq!(deletes.len(), 6, "{requests:?}");
    let third = second_device(&server, &first);
    assert_eq!(third.engines["forms"].items.len(), 1);
    assert_eq!(third.engines["history"].items.len(), 210);
    second.sync("").expect("the other device wipes nothing");
    assert!(second.engines["clients"].items["another-device"].contains("wipeAll"));
}

#[test]
fn a_fresh_start_of_one_device_leads_the_other_to_the_new_records() {
    let server = Gateway::Builtin.shared();
    let mut first = set_up(&server, "fresh");
    let mut second = second_device(&server, &first);
    first.may_wipe = true;
    first.start_fresh().expect("a fresh start");
    first.sync("").expect("a sync");
    first.may_wipe = false;
    second.restart();
    second.log_in().expect("no wipe");
    second.sync("").expect("a sync");
    let third = second_device(&server, &first);
    for (engine, count) in CONTENT {
        assert_eq!(third.engines[engine].items.len(), count, "{engine}");
    }
}
