//! Two devices of a new user, who know nothing but the address that the front page shows.

use super::desktop::Desktop;
use crate::harness::Server;
use crate::harness::browser::Profile;
use crate::harness::http::Response;

/// The address that the front page tells a person to enter.
pub fn address(page: &Response) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    let text = page.text();
    let (_, field) = text.split_once("id=\"address\"").expect("the address");
    let (_, value) = field.split_once("value=\"").unwrap();
    value.split('"').next().unwrap().to_owned()
}

/// Signs up on one device and syncs it, then another, then both again; fails unless both end up with
/// everything.
pub fn two_devices(server: &Server, address: &str) {
    let rest = address.strip_prefix("http://").expect("no TLS here");
    let (host, base) = rest.split_once('/').unwrap();
    let profile = Profile {
        host: host.to_owned(),
        base: format!("/{base}"),
        user: "newcomer".to_owned(),
        password: "a long password".to_owned(),
    };
    let mut desk = Desktop::new(server, profile.clone());
    desk.sign_up();
    desk.may_wipe = true;
    desk.log_in().expect("a new account");
    for n in 0..250 {
        // As large as bookmarks with their icons: 300 KB in a batch.
        desk.change("bookmarks", &format!("bookmark{n:03}"), &"b".repeat(3_000));
    }
    desk.sync("?v=1.45.0").expect("a first sync");
    desk.may_wipe = false;

    let mut laptop = Desktop::new(server, profile);
    laptop.log_in().expect("the second device");
    laptop.sync("").expect("its first sync");
    let found = |device: &Desktop<'_>| device.engines["bookmarks"].items.clone();
    assert_eq!(found(&laptop).len(), 250);
    assert_eq!(found(&laptop), found(&desk));
    laptop.change("bookmarks", "of-the-laptop", "l");
    laptop.sync("").expect("an ordinary sync");
    desk.sync("").expect("an ordinary sync");
    assert!(found(&desk).contains_key("of-the-laptop"));
}
