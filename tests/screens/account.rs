//! One's own account: what is shown of it, and what can be done.

use crate::harness::Gateway;
use crate::harness::api::{User, basic};
use crate::harness::browser::Profile;
use crate::harness::http::Request;
use crate::harness::visitor::Visitor;
use crate::{ADMIN, PASSWORD, complains, enter, registered, says, user};
use serde_json::json;

/// Somebody who has synced some things.
fn synced<'s>(server: &'s crate::harness::Server, name: &str) -> (User<'s>, Visitor<'s>) {
    let user = user(server, name);
    let records: Vec<_> = (0..3)
        .map(|n| json!({"id": format!("r{n}"), "payload": "x".repeat(1_000), "sortindex": n}))
        .collect();
    let posted = user.post("storage/bookmarks", json!(records).to_string());
    assert_eq!(posted.status, 200);
    user.put("storage/odd.one/a", r#"{"payload":"\"<&é"}"#);
    user.put("storage/crypto/keys", r#"{"payload":"k"}"#);
    let visitor = enter(server, name);
    (user, visitor)
}

#[test]
fn what_is_stored_is_shown_by_collection_and_in_whole() {
    let server = crate::server();
    let (_, mut visitor) = synced(server, "shown");
    let page = visitor.open("account");
    says(
        &page,
        &[
            "Bookmarks",
            "3.0 KB",
            "odd.one",
            "Keys, encrypted",
            "just now",
        ],
    );
    says(
        &page,
        &["3.0 KB used", "There is no limit", "width=\"100.0%\""],
    );
}

#[test]
fn a_quota_is_a_bar_with_a_word_when_it_fills() {
    let server = Gateway::Builtin.start(&format!("{ADMIN}[quota]\nbytes = 3200\n"));
    let (_, mut visitor) = synced(&server, "filled");
    says(
        &visitor.open("account"),
        &["3.0 KB of 3.2 KB used", "There is not much space left"],
    );
}

#[test]
fn devices_are_listed_by_their_names() {
    let server = crate::server();
    let profile = registered(server, "devices");
    server.send(&profile.desktop().get("info/collections"));
    server.send(&profile.android().get("info/collections"));
    let hostile = profile.desktop().get("info/collections");
    let hostile = crate::harness::http::Request {
        headers: hostile
            .headers
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "User-Agent" => (name, "<script>alert(1)</script>".to_owned()),
                _ => (name, value),
            })
            .collect(),
        ..hostile
    };
    assert_eq!(server.send(&hostile).status, 200);
    let wrong = Profile {
        password: "not the password".to_owned(),
        ..profile.clone()
    };
    assert_eq!(
        server.send(&wrong.desktop().get("info/collections")).status,
        401
    );
    let page = enter(server, "devices").open("account");
    says(
        &page,
        &[
            "Pale Moon 29.0.0",
            "Firefox for Android",
            "127.0.0.1",
            "just now",
        ],
    );
    assert!(!page.text().contains("<script"), "{page:?}");
    assert_eq!(
        page.text().matches("127.0.0.1").count(),
        3,
        "{}",
        page.text()
    );
}

/// Where somebody was is nobody's business when the account is gone, in whatever way it went.
#[test]
fn a_deleted_account_leaves_no_devices_behind() {
    let server = Gateway::Builtin.start(ADMIN);
    let devices = || -> i64 {
        let file = server.data_folder().join("devices.db");
        let list = rusqlite::Connection::open(file).unwrap();
        let count = "SELECT count(*) FROM device";
        list.query_row(count, [], |row| row.get(0)).unwrap()
    };
    for way in ["page", "api", "command"] {
        let profile = registered(&server, way);
        server.send(&profile.desktop().get("info/collections"));
        assert_eq!(devices(), 1, "{way}");
        match way {
            "page" => {
                let fields = [("username", way), ("password", PASSWORD)];
                let page = Visitor::new(&server).submit("weave-delete-account", &fields);
                assert_eq!(page.status, 200, "{page:?}");
            }
            "api" => {
                let url = format!("{}user/1.0/{way}", server.prefix());
                let login = basic(format!("{way}:{PASSWORD}"));
                let request = Request::new("DELETE", url).header("Host", server.host());
                let answer = server.send(&request.header("Authorization", login));
                assert_eq!(answer.status, 200, "{answer:?}");
            }
            _ => {
                server
                    .command(&["user", "delete", way, "--yes"], "")
                    .expect();
            }
        }
        assert_eq!(devices(), 0, "{way}");
    }
}

#[test]
fn devices_are_not_kept_where_the_operator_does_not_want_it() {
    let server = Gateway::Builtin.start(&ADMIN.replace("[web]", "[web]\ndevices = false"));
    let profile = registered(&server, "unseen");
    server.send(&profile.desktop().get("info/collections"));
    says(
        &enter(&server, "unseen").open("account"),
        &["does not keep a list"],
    );
    assert!(!server.data_folder().join("devices.db").exists());
}

#[test]
fn a_download_holds_every_record_as_it_is() {
    let server = crate::server();
    let (_, mut visitor) = synced(server, "taken-home");
    let file = visitor.open("account/download");
    assert_eq!(file.header("Content-Type"), Some("application/json"));
    let name = file.header("Content-Disposition").unwrap();
    assert!(
        name.starts_with("attachment; filename=\"weft-taken-home-20"),
        "{name}"
    );
    let data = file.json();
    assert_eq!(data["user"], "taken-home");
    assert_eq!(data["email"], "taken-home@example.com");
    assert_eq!(
        data["collections"]["bookmarks"].as_array().unwrap().len(),
        3
    );
    let record = &data["collections"]["bookmarks"][2];
    assert_eq!(record["id"], "r2");
    assert_eq!(record["sortindex"], 2);
    assert_eq!(record["payload"], "x".repeat(1_000));
    assert!(record["modified"].as_f64().unwrap() > 1e9);
    assert_eq!(data["collections"]["odd.one"][0]["payload"], "\"<&é");
}

#[test]
fn one_collection_goes_and_the_others_stay() {
    let server = crate::server();
    let (user, mut visitor) = synced(server, "tidied");
    let before = user.get("info/collections").json();
    says(
        &visitor.open("account/collection?name=crypto"),
        &["Careful", "1 record, "],
    );
    let page = visitor.submit(
        "account/collection?name=bookmarks",
        &[("name", "bookmarks")],
    );
    says(&page, &["The collection is deleted"]);
    let after = user.get("info/collections").json();
    assert!(after.get("bookmarks").is_none(), "{after}");
    assert_eq!(after["odd.one"], before["odd.one"]);
    assert_eq!(
        visitor.open("account/collection?name=bookmarks").status,
        404
    );
    assert_eq!(visitor.open("account/collection?name=%3Cb%3E").status, 404);
}

#[test]
fn everything_goes_and_the_account_stays() {
    let server = crate::server();
    let (user, mut visitor) = synced(server, "emptied");
    says(&visitor.open("account/clear"), &["begins anew"]);
    let page = visitor.submit("account/clear", &[]);
    says(
        &page,
        &[
            "Everything that was stored is deleted",
            "Nothing is stored yet",
        ],
    );
    assert_eq!(user.get("info/collections").text(), "{}");
}

#[test]
fn address_and_password_change_for_who_knows_the_old_one() {
    let server = crate::server();
    let (_, mut visitor) = synced(server, "changing");
    let email = |email: &'static str, old: &'static str| [("email", email), ("old", old)];
    let page = "account/email";
    complains(
        &visitor.submit(page, &email("nonsense", PASSWORD)),
        "look like an e-mail",
    );
    complains(
        &visitor.submit(page, &email("b@example.org", "wrong")),
        "present password",
    );
    says(
        &visitor.submit(page, &email("b@example.org", PASSWORD)),
        &["b@example.org"],
    );
    let password = |old: &'static str, new: &'static str, again: &'static str| {
        [("old", old), ("password", new), ("confirm", again)]
    };
    let page = "account/password";
    complains(
        &visitor.submit(page, &password(PASSWORD, "", "")),
        "enter a password",
    );
    complains(
        &visitor.submit(page, &password(PASSWORD, "12345678", "1")),
        "do not match",
    );
    complains(
        &visitor.submit(page, &password(PASSWORD, "short", "short")),
        "at least 8",
    );
    complains(
        &visitor.submit(page, &password("wrong", "12345678", "12345678")),
        "present password",
    );
}

/// The links of the page for going back, as they are in its HTML.
fn links(page: &crate::harness::http::Response) -> Vec<String> {
    let text = page.text();
    let parts = text.split("href=\"").skip(1);
    let links = parts.filter_map(|part| part.split('"').next());
    let links = links.filter(|link| link.contains("undo?to="));
    links
        .map(|link| {
            link.replace("&amp;", "&")
                .replace("&#38;", "&")
                .replace("../", "")
        })
        .collect()
}

#[test]
fn what_was_deleted_is_brought_back_by_its_owner() {
    let server = crate::server();
    let (user, mut visitor) = synced(server, "undoes");
    says(&visitor.open("account/undo"), &["Nothing has been deleted"]);
    user.delete("storage/bookmarks");
    user.delete("storage/odd.one");
    says(&visitor.open("account"), &["Bring back what was deleted"]);
    let page = visitor.open("account/undo");
    let told = [
        "4 records deleted",
        "Bookmarks: 3 records deleted",
        "odd.one: 1 record deleted",
    ];
    says(&page, &told);
    let links = links(&page);
    let only = links
        .iter()
        .find(|link| link.ends_with("=bookmarks"))
        .unwrap();
    let page = visitor.open(only);
    says(
        &page,
        &["Bring back what was stored", "Bookmarks: 3 come back"],
    );
    assert_eq!(user.get("storage/bookmarks").text(), "[]", "only asked");
    let to = page
        .text()
        .split("name=\"to\" value=\"")
        .nth(1)
        .unwrap()
        .to_owned();
    let to = to.split('"').next().unwrap();
    let fields = [("to", to), ("collection", "bookmarks")];
    let done = visitor.submit(only, &fields);
    says(&done, &["It is brought back", "3.0 KB"]);
    assert_eq!(user.ids("storage/bookmarks"), ["r0", "r1", "r2"]);
    assert_eq!(user.get("storage/odd.one/a").status, 404);

    let all = links
        .iter()
        .find(|link| !link.contains("collection"))
        .unwrap();
    says(&visitor.submit(all, &[("to", to)]), &["It is brought back"]);
    assert_eq!(user.get("storage/odd.one/a").status, 200);
    says(&visitor.open(all), &["Nothing to do"]);
}

#[test]
fn nobody_else_brings_anything_back() {
    let server = crate::server();
    let (user, mut visitor) = synced(server, "undoes-alone");
    user.delete("storage/bookmarks");
    let link = links(&visitor.open("account/undo")).remove(0);
    let to = [("to", "2026-03-01T12:30:05.25Z")];
    let forged = visitor.post("account/undo", "forged", &to);
    assert_eq!(forged.status, 403, "{forged:?}");
    let mut stranger = Visitor::new(server);
    says(&stranger.open(&link), &["Sign in"]);
    let page = visitor.open("account/undo?to=yesterday");
    assert_eq!(page.status, 404, "{page:?}");
    assert_eq!(user.get("storage/bookmarks").text(), "[]");
}

#[test]
fn what_could_not_be_read_or_would_be_wiped_is_refused_in_words() {
    let server = crate::server();
    let (user, mut visitor) = synced(server, "refused-undo");
    user.put("storage/meta/global", r#"{"payload":"m"}"#);
    user.delete("storage/bookmarks");
    user.put("storage/crypto/keys", r#"{"payload":"other"}"#);
    let links = links(&visitor.open("account/undo"));
    let only = links
        .iter()
        .find(|link| link.ends_with("=bookmarks"))
        .unwrap();
    let page = visitor.open(only);
    assert_eq!(page.status, 409, "{page:?}");
    assert!(page.text().contains("other keys"), "{page:?}");
    let page = visitor.open("account/undo?to=2001-01-01T00:00:00.00Z");
    assert_eq!(page.status, 409, "{page:?}");
    assert!(page.text().contains("was not set up"), "{page:?}");
}
