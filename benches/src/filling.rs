//! The accounts that are measured with, filled over HTTP like anybody's.

use crate::client::Client;
use crate::contender::Contender;
use crate::person::{Dice, HISTORY, Person, batch, known_id};

/// How many records of how many bytes each collection has, besides the history.
const REST: [(&str, u64, usize); 9] = [
    ("bookmarks", 800, 400),
    ("passwords", 100, 400),
    ("forms", 500, 250),
    ("addons", 20, 400),
    ("prefs", 1, 20_000),
    ("clients", 3, 400),
    ("tabs", 3, 4_000),
    ("crypto", 1, 400),
    ("meta", 1, 400),
];

/// Makes the accounts `ada0`, `ada1`… and fills them.
pub fn people(contender: &Contender, count: usize) -> Result<Vec<Person>, String> {
    let mut people = Vec::new();
    for number in 0..count {
        let person = contender.person(&format!("ada{number}"));
        sign_up(contender, &person)?;
        fill(contender, &person)?;
        people.push(person);
    }
    Ok(people)
}

/// Creates an account.
pub fn sign_up(contender: &Contender, person: &Person) -> Result<(), String> {
    must(contender, &person.signing_up())
}

/// What every account holds before anything is measured.
pub fn fill(contender: &Contender, person: &Person) -> Result<(), String> {
    let mut dice = Dice::new(1);
    let mut client = Client::new(contender.address);
    // Weft's first version of the API sets no limit to the records of an upload. What another server has,
    // and takes, only its operator knows; a hundred is what browsers send.
    let (api, at_once) = match contender.is_peer() {
        true => (person.api.clone(), 100),
        false => ("1.0".to_owned(), 1_000),
    };
    let person = Person {
        api,
        ..person.clone()
    };
    let mut post = |collection: &str, records: std::ops::Range<u64>, bytes| {
        let all: Vec<u64> = records.collect();
        for some in all.chunks(at_once) {
            let name = |number: &u64| match collection {
                "meta" => "global".to_owned(),
                "crypto" => "keys".to_owned(),
                _ => known_id(*number),
            };
            let ids: Vec<String> = some.iter().map(name).collect();
            let body = batch(&ids, bytes, &mut dice);
            let request = person.request("POST", &format!("storage/{collection}"), &body);
            must_answer(contender, &mut client, &request)?;
        }
        Ok::<(), String>(())
    };
    for (collection, count, bytes) in REST {
        post(collection, 0..count, bytes)?;
    }
    post("history", 0..HISTORY, 400)
}

/// Sends a request that must succeed.
pub fn must(contender: &Contender, request: &[u8]) -> Result<(), String> {
    must_answer(contender, &mut Client::new(contender.address), request)
}

fn must_answer(contender: &Contender, client: &mut Client, request: &[u8]) -> Result<(), String> {
    let told = |what: String| {
        let line = request.split(|byte| *byte == b'\r').next();
        let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
        format!("{}: {line}: {what}\n{}", contender.name, contender.logs())
    };
    match client.ask(request) {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(_) => Err(told(client.text().chars().take(500).collect())),
        Err(problem) => Err(told(problem.to_string())),
    }
}
