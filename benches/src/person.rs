//! Who asks, and with what: the six requests that are measured, as bytes.
//!
//! Records look like those of browsers: a payload of 400 bytes in which nothing can be compressed, an id
//! of twelve characters that says nothing of its age, a sortindex.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Records in the history of an account before anything is measured.
pub const HISTORY: u64 = 5_000;

/// The bytes of a payload.
const PAYLOAD: usize = 400;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The times of all collections: how every sync begins.
    Info,
    /// One small record.
    Meta,
    /// A thousand records.
    History,
    /// One record takes another's place.
    Put,
    /// A hundred records that were not there.
    Post,
    /// A hundred records take others' places.
    Repost,
}

impl Kind {
    pub const ALL: [Kind; 6] = [
        Kind::Info,
        Kind::Meta,
        Kind::History,
        Kind::Put,
        Kind::Post,
        Kind::Repost,
    ];

    /// How tables and JSON call it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Info => "info/collections",
            Kind::Meta => "meta/global",
            Kind::History => "1000 records",
            Kind::Put => "PUT",
            Kind::Post => "POST 100 new",
            Kind::Repost => "POST 100 again",
        }
    }
}

/// An account on a server.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub password: String,
    /// The path of the address that goes into the browser: begins and ends with a slash.
    pub prefix: String,
    /// The version of the API.
    pub api: String,
    pub host: String,
}

impl Person {
    /// A request of this person's; `path` is below the version and the name.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let path = format!("{}/{}/{path}", self.api, self.name);
        self.request_of("text/plain", method, &path, body)
    }

    /// Creates the account, as a browser does.
    pub fn signing_up(&self) -> Vec<u8> {
        let body = serde_json::json!({
            "password": self.password,
            "email": format!("{}@example.com", self.name),
            "captcha-challenge": null,
            "captcha-response": null,
        });
        let path = format!("user/1.0/{}", self.name);
        self.request_of(
            "application/json",
            "PUT",
            &path,
            body.to_string().as_bytes(),
        )
    }

    /// The value of the header `Authorization`.
    pub fn authorization(&self) -> String {
        let credentials = format!("{}:{}", self.name, self.password);
        format!("Basic {}", STANDARD.encode(credentials))
    }

    fn request_of(&self, sort: &str, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut head = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json;q=0.9,*/*;q=0.2\r\n\
             Authorization: {}\r\n",
            self.prefix,
            self.host,
            self.authorization()
        );
        if !matches!(method, "GET" | "DELETE") {
            head += &format!("Content-Type: {sort}\r\nContent-Length: {}\r\n", body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(body);
        bytes
    }

    /// The next request of this kind.
    pub fn asks(&self, kind: Kind, dice: &mut Dice) -> Vec<u8> {
        let (method, path, body) = what(kind, dice);
        self.request(method, &path, &body)
    }
}

/// Method, path below the account, and body of a request of this kind.
pub fn what(kind: Kind, dice: &mut Dice) -> (&'static str, String, Vec<u8>) {
    match kind {
        Kind::Info => ("GET", "info/collections".to_owned(), Vec::new()),
        Kind::Meta => ("GET", "storage/meta/global".to_owned(), Vec::new()),
        Kind::History => (
            "GET",
            "storage/history?full=1&limit=1000".to_owned(),
            Vec::new(),
        ),
        Kind::Put => {
            let id = known_id(dice.below(HISTORY));
            let record = record(&id, PAYLOAD, dice);
            ("PUT", format!("storage/history/{id}"), record.into_bytes())
        }
        Kind::Post => ("POST", "storage/forms".to_owned(), {
            let ids: Vec<String> = (0..100).map(|_| id(dice.next())).collect();
            batch(&ids, PAYLOAD, dice)
        }),
        Kind::Repost => ("POST", "storage/history".to_owned(), {
            let first = dice.below(HISTORY - 100);
            let ids: Vec<String> = (first..first + 100).map(known_id).collect();
            batch(&ids, PAYLOAD, dice)
        }),
    }
}

/// A JSON array of records.
pub fn batch(ids: &[String], payload: usize, dice: &mut Dice) -> Vec<u8> {
    let records: Vec<String> = ids.iter().map(|id| record(id, payload, dice)).collect();
    format!("[{}]", records.join(",")).into_bytes()
}

/// A record as JSON, with a payload of so many bytes.
pub fn record(id: &str, payload: usize, dice: &mut Dice) -> String {
    const AROUND: usize = r#"{"ciphertext":"","IV":"","hmac":""}"#.len() + 24 + 64;
    let text = dice.text(payload.saturating_sub(AROUND));
    let (iv, hmac) = (dice.text(24), dice.text(64));
    let index = dice.below(2_000);
    format!(
        r#"{{"id":"{id}","sortindex":{index},"payload":"{{\"ciphertext\":\"{text}\",\"IV\":\"{iv}\",\"hmac\":\"{hmac}\"}}"}}"#
    )
}

/// The id of a record that every account has from the beginning.
pub fn known_id(number: u64) -> String {
    // The finisher of MurmurHash3: neighbours end up far apart, as browsers' random ids are.
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    id(mixed ^ (mixed >> 33))
}

fn id(number: u64) -> String {
    (0..12)
        .map(|place| char::from(LETTERS[(number >> (5 * place) & 31) as usize]))
        .collect()
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";

/// Numbers and text that can't be foreseen, fast (xorshift), the same for every contender.
pub struct Dice {
    state: u64,
}

/// Random text, of which parts are taken.
static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let mut dice = Dice { state: 0x1234_5678 };
    (0..1 << 20)
        .map(|_| char::from(LETTERS[(dice.next() >> 20 & 31) as usize]))
        .collect()
});

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    pub fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end.max(1)
    }

    /// One of the places of `weights`, as often as its weight says.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }

    /// Text of so many characters, at most half a million.
    pub fn text(&mut self, length: usize) -> &'static str {
        let start = self.below((TEXT.len() / 2) as u64) as usize;
        &TEXT[start..start + length.min(TEXT.len() / 2)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_json_with_payloads_of_their_size() {
        let mut dice = Dice::new(1);
        let (_, _, body) = what(Kind::Repost, &mut dice);
        let records: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
        assert_eq!(records.len(), 100);
        for record in records {
            assert_eq!(record["payload"].as_str().unwrap().len(), PAYLOAD);
            assert_eq!(record["id"].as_str().unwrap().len(), 12);
        }
    }
}
