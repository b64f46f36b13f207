//! Mail through the machine's own `sendmail` program, which every mail server brings along: the way
//! on shared hosts.

use super::{Letter, MailError, Mailer, NoMail, Sender};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks whether the program has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// The `sendmail` program of the machine.
pub struct Sendmail {
    /// Where it is.
    program: PathBuf,
    sender: Sender,
    timeout: Duration,
}

impl Sendmail {
    /// Letters from `sender`, handed to `program`, which is ended if it takes longer than `timeout`.
    pub fn new(program: PathBuf, sender: Sender, timeout: Duration) -> Self {
        Sendmail {
            program,
            sender,
            timeout,
        }
    }

    fn failed(&self, why: impl std::fmt::Display) -> MailError {
        MailError::Server(format!("{}: {why}", self.program.display()))
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, MailError> {
        let end = Instant::now() + self.timeout;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < end => thread::sleep(PAUSE),
                Ok(None) => {
                    // Whatever comes of that: it must not stay behind as a zombie.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(self.failed(format!("no end within {:?}", self.timeout)));
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
    }
}

impl Mailer for Sendmail {
    fn ready(&self) -> Result<(), NoMail> {
        Ok(())
    }

    fn send(&self, letter: &Letter<'_>) -> Result<(), MailError> {
        let message = self.sender.message(letter)?;
        let mut child = Command::new(&self.program)
            // A dot alone does not end the letter; who it is from; no further options.
            .args(["-i", "-f", self.sender.address(), "--", letter.to])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.failed(error))?;
        // A letter fits into the pipe, so a program that does not read can't hold us up.
        let written = match child.stdin.take() {
            Some(mut input) => input.write_all(&message.formatted()),
            None => Ok(()),
        };
        let status = self.wait(&mut child)?;
        written.map_err(|error| self.failed(error))?;
        if status.success() {
            return Ok(());
        }
        let mut said = String::new();
        if let Some(errors) = child.stderr.take() {
            let _ = errors.take(2_000).read_to_string(&mut said);
        }
        Err(self.failed(format!("{status} {}", said.trim())))
    }

    fn reach(&self) -> Result<(), MailError> {
        match self.program.metadata() {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// A `sendmail` that does what a script says.
    fn sendmail(folder: &Path, script: &str, timeout: Duration) -> Sendmail {
        let program = folder.join("sendmail");
        let text = format!("#!/bin/sh\ncd \"$(dirname \"$0\")\"\n{script}\n");
        // Written by another process: as long as one of ours, or a child that another test just
        // started, has it open for writing, nobody can run it.
        let write = "printf %s \"$1\" >\"$0\"; chmod 755 \"$0\"";
        let mut shell = Command::new("/bin/sh");
        let written = shell.arg("-c").arg(write).arg(&program).arg(text).status();
        assert!(written.unwrap().success());
        let sender = Sender::new("Sync <sync@example.org>", |bytes| bytes.fill(7)).unwrap();
        Sendmail::new(program, sender, timeout)
    }

    const LETTER: Letter<'_> = Letter {
        to: "ada@example.net",
        subject: "Grüße",
        text: "Hello\n.\nthere\n",
    };

    #[test]
    fn the_program_gets_the_letter_and_who_it_is_from_and_to() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo \"$*\" >arguments; cat >letter";
        let mailer = sendmail(folder.path(), script, Duration::from_secs(30));
        mailer.reach().unwrap();
        mailer.send(&LETTER).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            read("arguments"),
            "-i -f sync@example.org -- ada@example.net\n"
        );
        let letter = read("letter");
        assert!(letter.contains("To: ada@example.net\r\n"), "{letter}");
        assert!(letter.contains("Message-ID: <07070707"), "{letter}");
        assert!(letter.contains("Subject: =?utf-8?"), "{letter}");
    }

    #[test]
    fn a_program_that_fails_hangs_or_is_not_there_is_an_error_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let long = Duration::from_secs(30);
        let why = |mailer: &Sendmail| mailer.send(&LETTER).unwrap_err().to_string();
        let script = "cat >letter; echo quota >&2; exit 75";
        let fails = why(&sendmail(folder.path(), script, long));
        assert!(fails.contains("75 quota"), "{fails}");
        let start = Instant::now();
        let short = Duration::from_millis(100);
        let hangs = why(&sendmail(folder.path(), "exec sleep 60", short));
        assert!(hangs.contains("no end within 100ms"), "{hangs}");
        assert!(start.elapsed() < Duration::from_secs(20));
        let mut nowhere = sendmail(folder.path(), "", long);
        nowhere.program = "/nowhere/sendmail".into();
        assert!(nowhere.reach().is_err());
        assert!(why(&nowhere).contains("/nowhere/sendmail"));
    }

    #[test]
    fn an_address_that_is_none_gets_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = sendmail(folder.path(), "touch called", Duration::from_secs(30));
        for to in ["-bi", "ada", "a@x.org\nBcc: b@x.org", "a@x.org, b@x.org"] {
            let letter = Letter { to, ..LETTER };
            assert!(
                matches!(mailer.send(&letter), Err(MailError::Letter(_))),
                "{to}"
            );
        }
        assert!(!folder.path().join("called").exists());
    }
}
