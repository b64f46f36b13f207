//! Answers that a desktop takes for a reason to wipe, and that are never given to it.

use super::desktop::{Desktop, Ended};
use crate::harness::Gateway;
use crate::harness::browser::Profile;

#[test]
fn maintenance_stops_a_sync_where_it_begins() {
    let before = Gateway::Builtin.start("[server]\nmaintenance = true\n");
    Profile::registered(&before, "maintained");
    let profile = Profile::new(&before, "maintained", "a long password");
    let mut device = Desktop::new(&before, profile);
    assert_eq!(device.log_in(), Err(Ended::Quietly));
    assert_eq!(
        device.requests(),
        ["GET node/weave", "GET info/collections"]
    );
}

#[test]
fn a_stray_query_on_the_first_request_of_the_day_is_harmless() {
    let server = Gateway::Builtin.shared();
    let mut device = Desktop::of_new_account(&server, "once-a-day");
    device.sync("?v=1.45.0").expect("a sync");
    device.sync("?v=1.45.0&client=x").expect("a sync");
}

#[test]
fn an_address_with_index_php_serves_configured_browsers() {
    let server = Gateway::Builtin.shared();
    let profile = Profile::registered(&server, "index-php").below("sync/index.php/");
    let mut device = Desktop::new(&server, profile);
    device.may_wipe = true;
    device.log_in().expect("a login");
    device.sync("").expect("a sync");
    device.may_wipe = false;
    device.sync("").expect("a sync");
    device.restart();
    device.log_in().expect("a login");
}

#[test]
fn a_node_on_a_port_keeps_its_port_and_path() {
    let server = Gateway::Builtin.shared();
    let profile = Profile::registered(&server, "on-a-port").below("weave/");
    let node = server.send(&profile.desktop().node());
    node.must_be(200, &format!("http://{}/weave/", server.host()));
}
