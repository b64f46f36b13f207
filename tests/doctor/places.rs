//! Addresses that are not what the settings say, and files that lie open.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Installation, Port, Site, Supervised, nginx};
use crate::{Examined, Served};

/// A server whose settings name this address, given its port.
fn told(public_url: impl Fn(u16) -> String) -> Served {
    let at = Installation::new();
    let port = Port::claim();
    let url = public_url(port.number);
    at.configure("weft", &format!("[server]\npublic_url = \"{url}\"\n"));
    Served::from(at, port)
}

#[test]
fn the_address_in_the_settings_has_the_wrong_port_scheme_or_path() {
    let wrong = [
        |_: u16| "http://localhost:1/".to_owned(),
        |port: u16| format!("https://127.0.0.1:{port}/"),
        |port: u16| format!("http://127.0.0.1:{port}/1.1/weave/"),
    ];
    for public_url in wrong {
        let served = told(public_url);
        let line = format!("public_url = \"{}\"", served.url());
        let place = served.at.site.path("weft.toml").display().to_string();
        served.examined().has_one_fault("node", &place, &line);
    }
}

#[test]
fn nobody_answers_at_the_address_in_the_settings() {
    let served = told(|_| "http://127.0.0.1:1/".to_owned());
    let examined = served.examined_with(&[], "");
    examined.has_one_fault("address", "below [server]", "public_url = ");
    examined.says("address", "Nobody answers at http://127.0.0.1:1/");
}

/// nginx, which passes everything below `/weave/` on to another port and says nothing of it.
fn proxy(site: &Site, inner: &Served, port: &Port) -> Supervised {
    let server = format!(
        "client_max_body_size 64m;\nlocation /weave/ {{ proxy_pass http://{}/; }}",
        inner.node.address
    );
    nginx::start_with(site, port, "", &server).unwrap()
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn a_proxy_changes_port_and_path_and_nobody_said_so() {
    let served = Served::with("");
    let port = Port::claim();
    let front = proxy(&served.at.site, &served, &port);
    let url = format!("http://127.0.0.1:{}/weave/", port.number);
    let examined = served.examined_with(&[&url], "");
    examined.has_one_fault("node", "below [server]", &format!("public_url = \"{url}\""));
    examined.has_fault("node", "X-Forwarded-Proto", "trusted_proxies");
    drop(front);
}

#[test]
fn everybody_may_read_the_settings() {
    let served = Served::with("[registration]\nsecret = \"operators-own\"\n");
    served.examined().is_sound();
    let file = served.at.site.path("weft.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let line = format!("chmod o-rwx {}", file.display());
    served
        .examined()
        .has_one_fault("settings-file", "run", &line);
}

#[test]
fn another_installation_answers() {
    let served = Served::with("");
    served
        .at
        .configure("other", "[data]\ndir = \"other-data\"\n");
    served
        .at
        .run("other", &["user", "add", "ada"], "testpass")
        .expect();
    let arguments = ["doctor", "--json", &served.url()];
    let examined = Examined::from(&served.at.run("other", &arguments, ""));
    examined.has_one_fault(
        "installation",
        "settings of the server",
        "weft doctor --config",
    );
}

#[test]
fn maintenance_is_remarked_and_no_fault() {
    let served = Served::with("[server]\nmaintenance = true\n");
    let examined = served.examined();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    examined.says("maintenance", "New syncs are refused");
}

#[test]
fn an_address_that_is_none_is_a_fault() {
    let served = Served::with("");
    let examined = served.examined_with(&["sync.example.org"], "");
    assert_eq!(examined.code, 1);
    examined.says("address", "\"sync.example.org/\" is no address.");
}

#[test]
fn a_data_folder_that_is_gone_is_named() {
    let served = Served::with("");
    let data = served.at.site.path("weft-data");
    let away = served.at.site.path("away");
    fs::rename(&data, &away).unwrap();
    let examined = served.examined();
    examined.has_fault("installation", "run", "weft doctor");
    let told = examined.report.to_string();
    assert!(told.contains(&data.display().to_string()), "{told}");
    assert!(told.contains("put it back"), "{told}");
}
