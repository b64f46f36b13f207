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
