//! The program as an operator runs it by hand, as the account that servers run as.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::leaks;
use super::site::Site;

/// What a command did.
#[derive(Clone, Debug)]
pub struct Ran {
    pub code: i32,
    pub output: String,
    pub errors: String,
}

impl Ran {
    /// The output of a command that must have succeeded.
    pub fn expect(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.output
    }

    /// The output as JSON.
    pub fn json(self) -> serde_json::Value {
        let output = self.expect();
        serde_json::from_str(&output).unwrap_or_else(|problem| panic!("{problem}: {output}"))
    }
}

/// Runs the program in the site's folder, with nothing of our environment.
pub fn run(site: &Site, program: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut command = match &site.account {
        Some(account) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={}", account.uid));
            command.arg(format!("--regid={}", account.gid));
            command.args(["--clear-groups", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    let mut child = command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir(&site.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    leaks::note_typed(arguments, input);
    let mut stdin = child.stdin.take().expect("it is a pipe");
    // A command that reads nothing may have ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let done = child.wait_with_output().expect("the program ends");
    let ran = Ran {
        code: done.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&done.stdout).into_owned(),
        errors: String::from_utf8_lossy(&done.stderr).into_owned(),
    };
    leaks::look_at(&format!("{arguments:?}"), &ran.output);
    leaks::look_at(&format!("{arguments:?}"), &ran.errors);
    ran
}
