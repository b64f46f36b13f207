//! Every test is a test of secrets: what the tests send as passwords, credentials and codes is noted
//! here, and may be in no answer, no output of a command and no log of any server that they started.
//!
//! What is shorter than [`LEAST`] is not looked for, nor a password that is the user's name, nor one of
//! odd signs or of one plain word: they stand in a log for other reasons.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::http::{Request, Response};

/// The shortest text that is taken for a secret.
const LEAST: usize = 8;

/// The most that is kept; a test that guesses sends more than anybody wants to look for.
const MOST: usize = 500;

/// Logs of programs that are not ours and are told secrets by right.
const FOREIGN: [&str; 5] = ["chromedriver", "chromium", "mariadb", "slapd", "smtp"];

static SENT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Headers that are secret as they stand.
const SECRET: [&str; 2] = ["x-weave-secret", "x-weave-password-reset"];

/// Notes what a request holds that nobody may see again. Answers the password in it.
pub fn note(request: &Request) -> Option<String> {
    let mut password = None;
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if SECRET.contains(&name.as_str()) {
            keep(value);
        } else if name == "cookie" {
            let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
            pairs.for_each(|(_, value)| keep(value));
        } else if name == "authorization" {
            let encoded = value.split_whitespace().last().unwrap_or_default();
            keep(encoded);
            password = password_of(encoded, &request.target);
            password.iter().for_each(|password| keep(password));
        }
    }
    password
}

fn password_of(encoded: &str, target: &str) -> Option<String> {
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (name, password) = pair.split_once(':')?;
    let seen = |text: &str| text.contains(password) || password.contains(text) && !text.is_empty();
    (password.len() >= LEAST && !seen(name) && !target.contains(password))
        .then(|| password.to_owned())
}

/// Notes what is typed into a command that asks for a password.
pub fn note_typed(arguments: &[&str], input: &str) {
    let asks = ["add", "password"];
    if arguments.first() == Some(&"user")
        && arguments.get(1).is_some_and(|what| asks.contains(what))
    {
        input.lines().for_each(keep);
    }
}

fn keep(secret: &str) {
    // Attackers send the same hostile text everywhere, and tests the same simple words, also where they
    // are told.
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " +/=_-".contains(letter);
    let is_marked = |letter: char| letter.is_ascii_digit() || letter == ' ';
    if !secret.chars().all(is_plain) || !secret.contains(is_marked) {
        return;
    }
    let mut sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    if secret.len() >= LEAST && sent.len() < MOST && !sent.contains(secret) {
        sent.insert(secret.to_owned());
    }
}

fn found_in(text: &str) -> Option<String> {
    let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    sent.iter()
        .find(|secret| text.contains(secret.as_str()))
        .cloned()
}

/// Fails if an answer tells the password that was sent.
#[track_caller]
pub fn look_at_answer(password: Option<&str>, answer: &Response) {
    if let Some(password) = password {
        let told = answer
            .headers
            .iter()
            .any(|(_, value)| value.contains(password));
        assert!(
            !told && !answer.text().contains(password),
            "{password:?} is told: {answer:?}"
        );
    }
}

/// Fails if what a command says holds anything that was sent or typed before.
#[track_caller]
pub fn look_at(what: &str, text: &str) {
    if let Some(secret) = found_in(text) {
        panic!("{what} tells the secret {secret:?}: {text}");
    }
}

/// Fails if a log of this folder, or one that the program keeps in its data folder, holds a secret.
/// Says nothing while a test fails for another reason.
#[track_caller]
pub fn look_at_logs(folder: &Path) {
    if thread::panicking() {
        return;
    }
    for folder in [folder.to_owned(), folder.join("weft-data")] {
        let Ok(files) = fs::read_dir(folder) else {
            continue;
        };
        for file in files.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let foreign = FOREIGN.iter().any(|foreign| name.starts_with(foreign));
            if !name.ends_with(".log") || foreign {
                continue;
            }
            let log = fs::read(file.path()).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            for line in log.lines() {
                look_at(&name, line);
            }
        }
    }
}
