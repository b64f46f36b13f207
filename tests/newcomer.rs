//! The README, followed by somebody who has a web account and nothing else: an Apache where only
//! `.htaccess` counts, an upload, a page that says what to enter, and a browser that syncs.
//!
//! What is uploaded, where to, under which name and with which mode is read out of the README's own
//! steps, so that they can't come to differ from what works.

mod harness;

#[allow(dead_code, reason = "made for the tests of whole syncs")]
mod browsers {
    pub mod desktop;
    pub mod desktop_engines;
    pub mod two_devices;
}

use browsers::two_devices::{address, two_devices};
use harness::http::{Request, Response};
use harness::{Gateway, Server};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

/// The numbered steps of the README for a web account.
fn steps() -> Vec<String> {
    let readme = fs::read_to_string(Path::new(PROJECT).join("README.md")).unwrap();
    let (_, section) = readme.split_once("## On a web account").expect("the steps");
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut steps: Vec<String> = Vec::new();
    for line in section.lines() {
        match line.split_once(". ") {
            Some((number, step)) if number.parse::<u8>().is_ok() => steps.push(step.to_owned()),
            _ if line.starts_with("   ") => *steps.last_mut().unwrap() += line,
            _ if !steps.is_empty() => break,
            _ => {}
        }
    }
    steps
}

/// What a step shows as code.
fn named(step: &str) -> Vec<&str> {
    step.split('`').skip(1).step_by(2).collect()
}

#[test]
fn what_the_steps_of_the_readme_name_is_what_the_host_of_these_tests_has() {
    let steps = steps();
    assert_eq!(steps.len(), 6, "{steps:#?}");
    let server = Gateway::WebAccount.start("");
    let folder = server.program_folder();
    assert_eq!(named(&steps[0]), ["cargo build --release"]);
    assert!(folder.ends_with(named(&steps[1])[0]), "{folder:?}");
    assert_eq!(named(&steps[2]), ["target/release/weft", "weft.cgi"]);
    let (_, mode) = steps[2].split_once("executable (").expect("the mode");
    let mode = u32::from_str_radix(mode.split(')').next().unwrap(), 8).unwrap();
    let uploaded = fs::metadata(folder.join("weft.cgi")).unwrap();
    assert_eq!(uploaded.permissions().mode() & 0o777, mode);
    let source = Path::new(PROJECT).join(named(&steps[3])[0]);
    assert!(steps[3].contains("beside it"), "{}", steps[3]);
    let htaccess = fs::read(folder.join(".htaccess")).unwrap();
    assert_eq!(htaccess, fs::read(source).unwrap());
    let shown = named(&steps[4])[0].replace("https://your.host/", "/~ada/");
    assert_eq!(shown, server.prefix());
    assert_eq!(named(&steps[5]), ["services.sync.serverURL"]);
}

fn front(server: &Server) -> Response {
    server.send(&Request::new("GET", server.prefix()).header("Host", server.host()))
}

/// Two devices sync, and nothing that is no answer can be read.
fn syncs(server: &Server) {
    two_devices(server, &address(&front(server)));

    let data = fs::metadata(server.data_folder()).unwrap();
    assert_eq!(data.permissions().mode() & 0o077, 0, "open to nobody else");
    for file in ["weft-data/weft.db", "weft-data/accounts.db", ".htaccess"] {
        let target = format!("{}{file}", server.folder_prefix());
        let answer = server.send(&Request::new("GET", target).header("Host", server.host()));
        assert!(answer.status >= 400, "{file}: {answer:?}");
    }
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn a_web_account_with_an_upload_serves_two_devices() {
    let server = Gateway::WebAccount.start("");
    syncs(&server);
    let owner = fs::metadata(server.data_folder()).unwrap().uid();
    assert_ne!(owner, 0);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn on_a_stricter_host_the_error_log_leads_to_the_lines_to_take_out() {
    let server = Gateway::StrictWebAccount.start("");
    let file = server.program_folder().join(".htaccess");
    let mut taken_out = Vec::new();
    while front(&server).status == 500 {
        let logs = server.logs();
        let refusal = logs
            .lines()
            .rfind(|line| line.contains(".htaccess: ") && line.contains(" not allowed here"))
            .unwrap_or_else(|| panic!("the log names the line: {logs}"));
        let (_, rest) = refusal.split_once(".htaccess: ").unwrap();
        let directive = rest.split(' ').next().unwrap().to_owned();
        assert!(!taken_out.contains(&directive), "{refusal}");
        let text = fs::read_to_string(&file).unwrap();
        let text: String = text
            .lines()
            .map(
                |line| match line.trim_start().starts_with(&format!("{directive} ")) {
                    true => format!("# {line}\n"),
                    false => format!("{line}\n"),
                },
            )
            .collect();
        fs::write(&file, text).unwrap();
        taken_out.push(directive);
    }
    assert_eq!(taken_out, ["Options"]);
    syncs(&server);
}
