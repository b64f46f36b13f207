//! The program is replaced by a newer one while browsers sync.
//!
//! For that moment Apache or nginx answers alone, and a plain error page would cost users their data:
//! a desktop that fails twice in a row to read `meta/global` writes it anew and deletes every
//! collection, and one that gets a 404 for `crypto/keys` deletes all. The files of `apache/` see to it
//! that such an answer is never given.

mod harness;

use harness::browser::Profile;
use harness::{Gateway, Server};

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn apache_talks_no_browser_into_a_wipe_while_the_workers_are_replaced() {
    talks_no_browser_into_a_wipe_while_the_workers_are_replaced(Gateway::ModProxyFcgi);
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn nginx_talks_no_browser_into_a_wipe_while_the_workers_are_replaced() {
    talks_no_browser_into_a_wipe_while_the_workers_are_replaced(Gateway::Nginx);
}

fn talks_no_browser_into_a_wipe_while_the_workers_are_replaced(gateway: Gateway) {
    let mut server = gateway.start("");
    let profile = Profile::registered(&server, "wiped");
    server.stop_workers();
    does_no_harm_without_the_program(&server, &profile);
    server.start_workers();
    let missing = server.send(&profile.desktop().get("storage/meta/global"));
    assert_eq!(missing.status, 404, "the next request works: {missing:?}");
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn apache_talks_no_browser_into_a_wipe_while_the_program_file_is_replaced() {
    for gateway in [Gateway::ModFcgid, Gateway::Cgi, Gateway::HtaccessFcgid] {
        let server = gateway.start("");
        let profile = Profile::new(&server, "wiped", "a long password");
        server.take_program_away();
        does_no_harm_without_the_program(&server, &profile);
    }
}

fn does_no_harm_without_the_program(server: &Server, profile: &Profile) {
    for path in ["storage/meta/global", "storage/meta/global/"] {
        let desktop = server.send(&profile.desktop().get(path));
        assert_eq!(
            desktop.status, 401,
            "a desktop answers all else with a wipe: {desktop:?}"
        );
        let android = server.send(&profile.android().get(path));
        assert_eq!(
            android.status, 503,
            "Android would say that the password changed: {android:?}"
        );
    }
    for path in ["info/collections", "storage/crypto/keys"] {
        let refused = server.send(&profile.desktop().get(path));
        assert_eq!(refused.status, 503, "{refused:?}");
    }
}
