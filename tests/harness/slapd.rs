//! A real directory server of our own: Debian's slapd, with certificates and the legacy attributes.
//!
//! It holds an administrator, somebody who may search, the entry of the next number, and nobody
//! else. Anonymous clients see nothing, as in any directory with care.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use super::certificates;
use super::ports::Port;
use super::process;
use super::site::Site;
use super::supervised::{Invocation, Supervised};

const PROGRAM: &str = "/usr/sbin/slapd";

/// Who may change everything, and the password.
pub const ADMIN: (&str, &str) = ("cn=admin,dc=example", "administration");
/// Who may read everything but passwords, and the password.
pub const SERVICE: (&str, &str) = ("cn=service,dc=example", "searching");

/// A directory server, until it is dropped.
#[derive(Debug)]
pub struct Slapd {
    process: Option<Supervised>,
    ldap: Port,
    ldaps: Port,
    pub site: Site,
}

impl Slapd {
    /// Starts a server on an empty directory.
    pub fn start() -> Slapd {
        Slapd::start_with("good")
    }

    /// The same, with another one of the tests' certificates.
    pub fn start_with(certificate: &str) -> Slapd {
        assert!(
            Path::new(PROGRAM).exists(),
            "{PROGRAM} is missing: tests/run installs what the tests need"
        );
        let site = Site::new();
        // Debian's AppArmor profile goes by the path, and lets slapd read its own folders only.
        // Copied by another process: a server that some other test starts just now would inherit
        // the open file, and a program that is being written can't be started.
        let copied = Command::new("cp")
            .arg(PROGRAM)
            .arg(site.path("slapd"))
            .status();
        assert!(copied.expect("cp starts").success(), "slapd fits into /tmp");
        site.make_folder("data");
        site.write("weave.schema", include_str!("slapd/weave.schema"));
        let config = include_str!("slapd/slapd.conf")
            .replace("FOLDER", &site.folder.display().to_string())
            .replace(
                "CERTIFICATES",
                &certificates::folder().display().to_string(),
            )
            .replace("CERTIFICATE", certificate);
        site.write("slapd.conf", config);
        fill(&site, include_str!("slapd/start.ldif"));
        let mut slapd = Slapd {
            process: None,
            ldap: Port::claim(),
            ldaps: Port::claim(),
            site,
        };
        slapd.go_on();
        slapd
    }

    /// Starts the server again, on the same ports and data.
    pub fn go_on(&mut self) {
        let slapd = Invocation::new("slapd", self.site.path("slapd"))
            .argument("-d0")
            .argument("-f")
            .argument(self.site.path("slapd.conf"))
            .argument("-h")
            .argument(format!("{} {}", self.url(), self.encrypted_url()));
        let ready = Supervised::start(&self.site, slapd).and_then(|process| {
            for port in [&self.ldap, &self.ldaps] {
                process.wait_for_tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port.number)))?;
            }
            Ok(process)
        });
        match ready {
            Ok(process) => self.process = Some(process),
            Err(why) => panic!("slapd: {why}\n{}", self.site.logs()),
        }
    }

    /// Ends the server; nothing listens any more.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Ends the server as a power failure does.
    pub fn kill(&mut self) {
        assert!(process::signal(self.id(), "KILL"), "the server runs");
        self.process = None;
    }

    /// Makes the server hang: connections are taken, nothing is answered.
    pub fn pause(&self) {
        assert!(process::pause(self.id()), "the server runs");
    }

    /// Lets a server that hangs answer again.
    pub fn resume(&self) {
        assert!(process::go_on(self.id()), "the server runs");
    }

    /// Where it is, in plain text or for StartTLS.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.ldap.number)
    }

    /// Where it is, encrypted.
    pub fn encrypted_url(&self) -> String {
        format!("ldaps://localhost:{}", self.ldaps.number)
    }

    /// Adds entries, as the administrator would.
    pub fn add(&self, ldif: &str) {
        self.run("ldapadd", &[], ldif);
    }

    /// Adds entries while the server is down: many, or such as nobody may add.
    pub fn add_offline(&mut self, ldif: &str) {
        self.stop();
        fill(&self.site, ldif);
        self.go_on();
    }

    /// Changes entries, as the administrator would.
    pub fn modify(&self, ldif: &str) {
        self.run("ldapmodify", &[], ldif);
    }

    /// What the administrator finds with a filter, as LDIF without wrapped lines.
    pub fn search(&self, filter: &str) -> String {
        let arguments = [
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-b",
            "dc=example",
            filter,
            "*",
        ];
        self.run("ldapsearch", &arguments, "")
    }

    fn run(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let mut client = Command::new(program)
            .args(["-x", "-H", &self.url(), "-D", ADMIN.0, "-w", ADMIN.1])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ldap-utils are installed");
        let mut pipe = client.stdin.take().expect("it was asked for");
        pipe.write_all(input.as_bytes()).expect("it is read");
        drop(pipe);
        let done = client.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{program}: {said}");
        String::from_utf8(done.stdout).expect("LDIF is text")
    }

    fn id(&self) -> u32 {
        let id = fs::read_to_string(self.site.path("slapd.pid")).expect("slapd writes it");
        id.trim().parse().expect("a number")
    }
}

fn fill(site: &Site, ldif: &str) {
    let filled = Command::new(site.path("slapd"))
        .args(["-T", "add", "-q", "-f"])
        .arg(site.path("slapd.conf"))
        .arg("-l")
        .arg(site.write("entries.ldif", ldif))
        .output()
        .expect("slapd starts");
    let said = String::from_utf8_lossy(&filled.stderr);
    assert!(filled.status.success(), "{said}");
    for file in fs::read_dir(site.path("data"))
        .expect("it is there")
        .flatten()
    {
        if let Some(account) = &site.account {
            account.own(&file.path());
        }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // One that hangs would not hear that it is to end.
        if self.process.is_some() {
            self.resume();
        }
    }
}
