//! The manual's examples, run: web servers in front, a directory, a backup. What can be checked without
//! a server is in `src/cli/tests/manual.rs`.

mod harness;

#[allow(dead_code, reason = "made for the tests of whole syncs")]
mod browsers {
    pub mod desktop;
    pub mod desktop_engines;
    pub mod two_devices;
}

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use browsers::two_devices::{address, two_devices};
use harness::http::Request;
use harness::manual::snippet;
use harness::slapd::Slapd;
use harness::{Gateway, Installation, Node, certificates};
use std::fs;
use std::process::Command;

/// Whether two devices sync through it, by the address that its page names.
fn serves_two_devices(gateway: Gateway) {
    let server = gateway.start("");
    let front = Request::new("GET", server.prefix()).header("Host", server.host());
    let address = address(&server.send(&front));
    assert_eq!(address, format!("http://{}/sync/", server.host()));
    two_devices(&server, &address);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn under_a_path_of_an_apache_that_starts_the_workers() {
    serves_two_devices(Gateway::FcgidUnderPath);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn under_a_path_of_an_apache_that_passes_it_on() {
    serves_two_devices(Gateway::BehindApache);
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn under_a_path_of_an_nginx_that_passes_it_on() {
    serves_two_devices(Gateway::BehindNginx);
}

/// What a login answers.
fn login(server: &Node, user: &str, password: &str) -> u16 {
    let login = STANDARD.encode(format!("{user}:{password}"));
    let request = server.request("GET", &format!("/1.1/{user}/info/collections"));
    let request = request.header("Authorization", format!("Basic {login}"));
    server.send(&request).status
}

#[test]
#[cfg_attr(without = "slapd", ignore = "its server is not installed")]
fn the_example_for_openldap_lets_people_in() {
    let slapd = Slapd::start();
    let here = |text: String| text.replace("dc=example,dc=org", "dc=example");
    slapd.add(
        "dn: ou=people,dc=example\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: uid=ada,ou=people,dc=example\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada\n\
         sn: Lovelace\nmail: ada@example.org\nuserPassword: a long password\n",
    );
    slapd.add(&here(snippet("ldap.md", "## OpenLDAP", "ldif")));
    let text = here(snippet("ldap.md", "## OpenLDAP", "toml"));
    // This directory lets nobody search but somebody of its own.
    let text = text.replace("cn=weft,", "cn=service,");
    let text = text.replace("ldaps://ldap.example.org", &slapd.encrypted_url());
    let authority = certificates::authority();
    let at = Installation::new();
    at.configure("weft", &format!("{text}ca_file = {authority:?}\n"));
    let told = at
        .run("weft", &["config", "--check", "--connect"], "")
        .expect();
    assert!(told.contains("Answers:       accounts: "), "{told}");
    let server = at.serve("weft", "weft", None);
    assert_eq!(login(&server, "ada", "a long password"), 200);
    assert_eq!(login(&server, "ada", "another password"), 401);
}

#[test]
#[cfg_attr(without = "sqlite", ignore = "needs sqlite3")]
fn the_backup_of_a_running_server_can_be_restored() {
    let at = Installation::new();
    at.configure("weft", "[data]\ndir = \"data\"\n");
    let added = at.run("weft", &["user", "add", "ada"], "a long password");
    added.expect();
    at.run("weft", &["user", "invite"], "").expect();
    let server = at.serve("weft", "weft", None);
    let put = |server: &Node, id: &str| {
        let login = STANDARD.encode("ada:a long password");
        let request = server.request("PUT", &format!("/1.1/ada/storage/history/{id}"));
        let request = request.header("Authorization", format!("Basic {login}"));
        server.send(&request.body(r#"{"payload":"x"}"#)).status
    };
    assert_eq!(put(&server, "before"), 200);

    let copies = at.site.make_folder("copies");
    let here = |text: String| {
        text.replace("/var/lib/weft", &at.site.path("data").display().to_string())
            .replace("/var/backups/weft", &copies.display().to_string())
    };
    let heading = "## With SQLite, which is the default";
    let made = Command::new("bash")
        .args(["-ec", &here(snippet("backup.md", heading, "sh"))])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    assert_eq!(put(&server, "after"), 200);
    drop(server);

    for entry in fs::read_dir(at.site.path("data")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let mut restored = Vec::new();
    for entry in fs::read_dir(&copies).unwrap() {
        let copy = entry.unwrap().path();
        let name = copy.file_name().unwrap().to_str().unwrap();
        let (name, _) = name.split_once('-').unwrap();
        at.site
            .write(&format!("data/{name}.db"), fs::read(&copy).unwrap());
        restored.push(name.to_owned());
        let checked = Command::new("sqlite3")
            .arg(&copy)
            .arg("PRAGMA integrity_check")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&checked.stdout), "ok\n");
    }
    restored.sort();
    assert_eq!(restored, ["accounts", "people", "weft"]);
    let server = at.serve("weft", "again", None);
    assert_eq!(login(&server, "ada", "a long password"), 200);
    let shown = at
        .run("weft", &["user", "show", "ada", "--json"], "")
        .json();
    assert_eq!(shown["collections"][0]["records"], 1);
}
