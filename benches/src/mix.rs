//! Sessions as real browsers have them, in the proportions that Mozilla's own load test took from its
//! servers: info/collections always; meta/global in three of five, and its first upload where it is
//! missing; some collections since a while ago; some uploads of ten records; now and then a deletion.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::contender::Contender;
use crate::filling;
use crate::load::Script;
use crate::person::{Dice, Kind, Person, batch, known_id, what};

const COLLECTIONS: [&str; 5] = ["bookmarks", "forms", "passwords", "history", "prefs"];
const READS: [u64; 5] = [71, 15, 7, 4, 3];
const WRITES: [u64; 5] = [67, 18, 9, 4, 2];

/// The accounts of one contender.
pub struct Mix {
    people: Vec<Person>,
    /// When they were filled, in seconds since 1970: what browsers know already.
    since: u64,
}

impl Mix {
    /// Those that are filled, and new ones until there are so many.
    ///
    /// # Errors
    ///
    /// One could not be made.
    pub fn prepare(contender: &Contender, accounts: usize) -> Result<Mix, String> {
        let mut people = contender.people.clone();
        if !contender.is_peer() && !contender.marks.is_cgi {
            for number in people.len()..accounts {
                let person = contender.person(&format!("bob{number}"));
                filling::sign_up(contender, &person)?;
                people.push(person);
            }
        }
        Ok(Mix {
            people,
            since: now() + 1,
        })
    }

    /// Clients that have one session after the other.
    pub fn scripts(&self, clients: usize, round: usize) -> Vec<Script<'_>> {
        (0..clients)
            .map(|client| {
                let mut session = Session {
                    mix: self,
                    person: &self.people[client % self.people.len()],
                    dice: Dice::new((round * 1_000 + client + 1) as u64 * 7),
                    left: Vec::new(),
                    asked_meta: false,
                };
                Box::new(move |status| session.next(status)) as Script<'_>
            })
            .collect()
    }
}

/// A session of somebody, from which requests are taken.
struct Session<'m> {
    mix: &'m Mix,
    person: &'m Person,
    dice: Dice,
    /// What is still to be asked, the next one last.
    left: Vec<Step>,
    asked_meta: bool,
}

enum Step {
    Info,
    Meta,
    Read(&'static str),
    Write(&'static str),
    Delete(&'static str),
}

impl Session<'_> {
    fn next(&mut self, status: Option<u16>) -> Vec<u8> {
        if std::mem::take(&mut self.asked_meta) && status == Some(404) {
            let body = batch(&["global".to_owned()], 250, &mut self.dice);
            return self.person.request("POST", "storage/meta", &body);
        }
        if self.left.is_empty() {
            self.begin();
        }
        match self.left.pop() {
            Some(Step::Meta) => {
                self.asked_meta = true;
                self.person.asks(Kind::Meta, &mut self.dice)
            }
            Some(Step::Read(collection)) => {
                let seconds = now().saturating_sub(self.mix.since).max(1);
                let since = self.mix.since + self.dice.below(seconds);
                let path = format!("storage/{collection}?full=1&newer={since}");
                self.person.request("GET", &path, b"")
            }
            Some(Step::Write(collection)) => {
                let first = self.dice.below(700);
                let ids: Vec<String> = (first..first + 10).map(known_id).collect();
                let bytes = 500 + self.dice.below(1_700) as usize;
                let body = batch(&ids, bytes, &mut self.dice);
                let path = format!("storage/{collection}");
                self.person.request("POST", &path, &body)
            }
            Some(Step::Delete(collection)) => {
                let path = format!("storage/{collection}");
                self.person.request("DELETE", &path, b"")
            }
            Some(Step::Info) | None => {
                let (method, path, body) = what(Kind::Info, &mut self.dice);
                self.person.request(method, &path, &body)
            }
        }
    }

    /// The steps of a session, backwards.
    fn begin(&mut self) {
        let dice = &mut self.dice;
        self.person = &self.mix.people[dice.below(self.mix.people.len() as u64) as usize];
        if dice.below(100) == 0 {
            // Not the large ones: they would be gone for the rest of the run.
            self.left.push(Step::Delete("prefs"));
        }
        for _ in 0..dice.weighted(&WRITES) {
            self.left.push(Step::Write(collection(dice)));
        }
        for _ in 0..dice.weighted(&READS) {
            self.left.push(Step::Read(collection(dice)));
        }
        if dice.below(5) < 3 {
            self.left.push(Step::Meta);
        }
        self.left.push(Step::Info);
    }
}

fn collection(dice: &mut Dice) -> &'static str {
    COLLECTIONS[dice.below(COLLECTIONS.len() as u64) as usize]
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
