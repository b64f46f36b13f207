//! Secrets stay where they are: passwords, hashes, codes, cookies and what the configuration keeps
//! appear in no log, no error, no page and no process list, whatever goes wrong.
//!
//! Every secret that is planted holds the same mark, so that one search finds them all; what the program
//! makes itself (codes, cookies, hashes) is looked for as it is.

mod harness;
mod secrets {
    mod commands;
    mod day;
    mod panics;
    mod refused;
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use harness::api::basic;
use harness::http::{Request, Response};
use harness::{Installation, Node, Ran};

/// What all planted secrets hold.
const MARK: &str = "7Qz9planted";

fn planted(what: &str) -> String {
    format!("{MARK}-{what}")
}

/// All that was produced, and what may not be in it.
#[derive(Default)]
struct Produced {
    texts: Vec<(String, String)>,
    secrets: Vec<String>,
}

impl Produced {
    fn text(&mut self, from: &str, text: impl Into<String>) {
        self.texts.push((from.to_owned(), text.into()));
    }

    fn command(&mut self, what: &str, ran: &Ran) {
        self.text(what, format!("{}\n{}", ran.output, ran.errors));
    }

    /// An answer with its headers, of which cookies are for its reader.
    fn answer(&mut self, what: &str, answer: &Response) {
        let headers = answer
            .headers
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("set-cookie"));
        let headers: Vec<_> = headers.collect();
        self.text(what, format!("{headers:?}\n{}", answer.text()));
    }

    /// All logs of a folder, whole, and the failures that its data folder keeps.
    fn logs(&mut self, folder: &Path) {
        for folder in [folder.to_owned(), folder.join("weft-data")] {
            for file in fs::read_dir(folder).unwrap().flatten() {
                let path = file.path();
                if path.extension().is_some_and(|extension| extension == "log") {
                    let bytes = fs::read(&path).unwrap();
                    self.text(&path.display().to_string(), String::from_utf8_lossy(&bytes));
                }
            }
        }
    }

    /// The command lines of all processes.
    fn processes(&mut self) {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            if let Ok(line) = fs::read(process.path().join("cmdline")) {
                let what = process.path().display().to_string();
                self.text(&what, String::from_utf8_lossy(&line));
            }
        }
    }

    #[track_caller]
    fn holds_no_secret(&self) {
        assert!(self.texts.len() > 10);
        for (from, text) in &self.texts {
            assert!(!text.contains(MARK), "{from}: {text}");
            assert!(!text.contains("$argon2"), "{from}: {text}");
            for secret in &self.secrets {
                assert!(
                    !text.contains(secret.as_str()),
                    "{secret} in {from}: {text}"
                );
            }
        }
    }
}

fn login(node: &Node, name: &str, password: &str) -> Request {
    let request = node.request("GET", &format!("/1.1/{name}/info/collections"));
    request.header("Authorization", basic(format!("{name}:{password}")))
}

/// All that speaks, at its loudest.
const LOUD: &str =
    "[log]\nlevel = \"trace\"\nrequests = \"always\"\n[security_log]\ntarget = \"log\"\n";

/// Settings with a secret in each place that takes one, and servers that are away.
fn elsewhere() -> String {
    let secret = planted;
    format!(
        "{LOUD}[storage]\nengine = \"mysql\"\nwipe_guard = 0\n\
         [mysql]\nconnect_timeout = 1\n\
         [mysql.write]\nhost = \"127.0.0.1\"\nport = 1\npassword = \"{}\"\n\
         [mysql.read]\nhost = \"127.0.0.1\"\nport = 1\nuser = \"r\"\npassword = \"{}\"\n\
         [auth]\nengine = \"ldap\"\n[auth.mysql]\npassword = \"{}\"\n\
         [storage.mirror]\npassword = \"{}\"\n\
         [ldap]\nurl = \"ldap://127.0.0.1:1\"\nbase = \"dc=example\"\n\
         bind_dn = \"cn=reader\"\nbind_password = \"{}\"\n\
         admin_dn = \"cn=admin\"\nadmin_password = \"{}\"\n\
         [captcha]\nkind = \"siteverify\"\nverify_url = \"http://127.0.0.1:1/\"\nsecret = \"{}\"\n\
         site_key = \"k\"\nscript = \"http://127.0.0.1:1/s\"\n\
         [memcached]\nservers = [\"127.0.0.1:1\"]\n",
        secret("write"),
        secret("read"),
        secret("auth"),
        secret("mirror"),
        secret("bind"),
        secret("admin"),
        secret("captcha")
    )
}

#[test]
fn servers_that_are_away_are_told_of_without_the_passwords_for_them() {
    let at = Installation::new();
    at.configure("weft", &elsewhere());
    let mut produced = Produced::default();
    let node = at.serve("weft", "weft", None);
    let password = planted("password");
    for request in [
        login(&node, "ada", &password),
        node.request("GET", "/user/1.0/ada"),
        node.request("PUT", "/user/1.0/ada").body(format!(
            r#"{{"password":"{password}","email":"a@example.org","captcha-response":"{MARK}"}}"#
        )),
        node.request("GET", "/__heartbeat__"),
        node.request("GET", "/heartbeat.php"),
        node.request("GET", "/"),
    ] {
        let what = request.target.clone();
        produced.answer(&what, &node.send(&request));
    }
    produced.processes();
    drop(node);
    for arguments in [
        &["config"][..],
        &["config", "--check"],
        &["config", "--check", "--connect"],
        &["migrate"],
        &["purge"],
        &["user", "list"],
        &["user", "password", "ada"],
        &["mail", "test", "a@example.org"],
    ] {
        let ran = at.run("weft", arguments, &password);
        produced.command(&arguments.join(" "), &ran);
    }
    produced.logs(&at.site.folder);
    produced.holds_no_secret();
}

#[test]
fn a_mistake_beside_a_secret_is_explained_without_it() {
    let at = Installation::new();
    let mut produced = Produced::default();
    for (number, mistake) in [
        "[mail]\npassword = 7Qz9planted\n",
        "[mail]\npassword = \"7Qz9planted\n",
        "[mail]\npassword = \"7Qz9planted\" \"\n",
        "[mail]\npassword = '7Qz9planted\"\n",
        "[mail]\npassword = [\"7Qz9planted\"]\n",
        "[mail]\npassword = { is = \"7Qz9planted\" }\n",
        "[mail]\npassword = \"a\"\npassword = \"7Qz9planted\"\n",
        "[mail]\npasword = \"7Qz9planted\"\n",
        "[mail]\npassword \"7Qz9planted\"\n",
        "[mail]\npassword = \"\\q7Qz9planted\"\n",
        "mail.password.secret = \"7Qz9planted\"\n",
        "[ldap]\nurl = \"ldap://reader:7Qz9planted@127.0.0.1\"\n",
        "[registration]\nsecret = true # 7Qz9planted\n",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("mistake{number}");
        at.configure(&name, mistake);
        for arguments in [&["config"][..], &["config", "--check"], &["user", "list"]] {
            let ran = at.run(&name, arguments, "");
            produced.command(&format!("{mistake} {arguments:?}"), &ran);
        }
    }
    produced.holds_no_secret();
}

#[test]
fn a_file_with_secrets_that_everybody_may_read_is_warned_of() {
    let at = Installation::new();
    at.configure("weft", "[mail]\npassword = \"secret\"\n");
    let file = at.site.path("weft.toml");
    for (mode, is_open) in [(0o644, true), (0o640, false), (0o600, false)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let told = at.run("weft", &["config", "--check"], "").expect();
        assert_eq!(told.contains("holds secrets"), is_open, "{mode:o}: {told}");
    }
    let data = at.site.path("weft-data");
    at.run("weft", &["user", "list"], "").expect();
    let mode = fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let told = at.run("weft", &["config", "--check"], "").expect();
    assert!(told.contains("may enter the data folder"), "{told}");
}

/// Only root can see what the program does as root.
#[test]
fn as_root_nobody_is_served_from_outside_unless_it_is_said() {
    let home = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_weft");
    if Command::new("id").arg("-u").output().unwrap().stdout != b"0\n" {
        return;
    }
    let refused = Command::new(program)
        .args(["serve", "--listen", "0.0.0.0:0", "--data"])
        .arg(home.path().join("data"))
        .env_clear()
        .current_dir(home.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("server.allow_root = true"), "{told}");
}
