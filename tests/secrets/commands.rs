//! What an operator runs by hand beside a server: nothing of it tells a secret but what is asked to.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::harness::{Installation, Port};
use crate::{LOUD, MARK, Produced, login, planted};

/// Looks at the command lines of all processes, again and again, until it is asked what it saw.
pub struct Watch {
    stop: Arc<AtomicBool>,
    seen: JoinHandle<BTreeSet<String>>,
}

impl Watch {
    pub fn start() -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let seen = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !stopped.load(SeqCst) {
                for process in fs::read_dir("/proc").unwrap().flatten() {
                    let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
                    seen.insert(String::from_utf8_lossy(&line).replace('\0', " "));
                }
                thread::sleep(Duration::from_millis(2));
            }
            seen
        });
        Watch { stop, seen }
    }

    pub fn seen(self) -> String {
        self.stop.store(true, SeqCst);
        let seen = self.seen.join().unwrap();
        assert!(seen.iter().any(|line| line.contains("secrets")), "this one");
        Vec::from_iter(seen).join("\n")
    }
}

#[test]
fn commands_beside_a_server_tell_no_secret() {
    let at = Installation::new();
    let port = Port::claim();
    at.configure(
        "weft",
        &format!(
            "server.public_url = \"http://127.0.0.1:{}/\"\n{LOUD}\
             [auth]\nlegacy_sha_salt = \"{}\"\n[registration]\nsecret = \"{}\"\n",
            port.number,
            planted("salt"),
            planted("registration"),
        ),
    );
    let mut produced = Produced::default();
    let password = planted("password");
    let add = ["user", "add", "ada", "--email", "ada@example.org"];
    produced.command("user add", &at.run("weft", &add, &password));
    let node = at.serve("weft", "weft", Some(port));
    let ask = |method: &str, body: &str| {
        let mut request = login(&node, "ada", &password);
        request.method = method.to_owned();
        request.target = "/1.1/ada/storage/forms".to_owned();
        let answer = node.send(&request.body(body));
        assert_eq!(answer.status, 200, "{method}");
        answer.header("X-Weave-Timestamp").unwrap().to_owned()
    };
    let record = format!(r#"[{{"id":"a","payload":"{MARK}"}}]"#);
    let moment = ask("POST", &record);
    ask("DELETE", "");

    let watch = Watch::start();
    let undone = at.run("weft", &["undo", "ada", "--to", &moment, "--json"], "");
    assert_eq!(undone.code, 0, "{undone:?}");
    produced.command("undo", &undone);
    let backup = at.site.path("all.backup").display().to_string();
    let commands: &[&[&str]] = &[
        &["doctor"],
        &["doctor", "--json", "--user", "ada"],
        &["doctor", "--user", "nobody"],
        &["config", "--check", "--connect"],
        &["migrate"],
        &["migrate", "--dry-run"],
        &["undo", "ada", "--list"],
        &["undo", "ada", "--list", "--json"],
        &["backup", "--to", &backup],
        &["restore", &backup, "--replace", "--replace-accounts"],
        &["restore", &backup, "--dry-run", "--json"],
        &["user", "password", "ada"],
        &["user", "show", "ada", "--json"],
        &["purge"],
        &["stats", "--users"],
    ];
    for arguments in commands {
        let ran = at.run("weft", arguments, &password);
        produced.command(&arguments.join(" "), &ran);
    }
    // A link is made to be read, once; where it leads to is nobody else's business.
    for (what, arguments) in [
        ("reset", &["user", "reset-link", "ada", "--json"][..]),
        ("invitation", &["user", "invite", "--json"]),
    ] {
        let link = at.run("weft", arguments, "").json();
        let text = |name: &str| link[name].as_str().expect(what).to_owned();
        produced.secrets.push(text("code"));
        let page = format!("/{}", text("link").splitn(4, '/').last().unwrap());
        assert_eq!(node.send(&node.request("GET", &page)).status, 200, "{page}");
    }
    let list = at.run("weft", &["user", "invite", "--list"], "");
    produced.command("invitations", &list);
    produced.text("processes", watch.seen());
    drop(node);
    produced.logs(&at.site.folder);
    produced.holds_no_secret();

    // What holds hashes by purpose is for its owner alone.
    let mode = fs::metadata(&backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

/// What a person asked for is printed, to standard output and nowhere else.
#[test]
fn settings_from_php_hold_the_passwords_and_the_complaints_about_them_do_not() {
    let at = Installation::new();
    for (number, php) in [
        "<?php define('WEAVE_MYSQL_STORE_WRITE_PASS', '5Rw8handed-on');",
        "<?php define('WEAVE_MYSQL_STORE_WRITE_PASS', '5Rw8handed-on); define('X', 1);",
        "<?php define('WEAVE_MYSQL_STORE_WRITE_PASS', getenv('5Rw8handed-on'));",
        "<?php define('WEAVE_MYSQL_STORE_WRITE_PASS', array('5Rw8handed-on'));",
        "<?php define('WEAVE_MYSQL_STORE_WRITE_PORT', '5Rw8handed-on');",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("constants{number}.php");
        at.site.write(&name, php);
        let ran = at.run_alone(&["config", "from-php", &name], "");
        assert_eq!(ran.code, 0, "{ran:?}");
        if number == 0 {
            assert!(
                ran.output.contains("password = \"5Rw8handed-on\""),
                "{ran:?}"
            );
        }
        assert!(!ran.errors.contains("5Rw8"), "{ran:?}");
    }
}
