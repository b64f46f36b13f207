//! Every input that the fuzzers found worth keeping, through the same functions as theirs.
//!
//! `fuzz/corpus/` holds a few dozen for each kind of input; what once broke something is among them. And
//! some changes of each, at random, because fuzzers need a toolchain that not everybody has.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

/// The files of a corpus, and what is done with each.
fn corpus(name: &str) -> (fn(&[u8]), Vec<PathBuf>) {
    let (_, target) = targets::ALL
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a target of that name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let files = fs::read_dir(&folder).expect("each target has a corpus");
    let mut inputs: Vec<_> = files.flatten().map(|file| file.path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 5, "{}: {}", folder.display(), inputs.len());
    (*target, inputs)
}

fn runs(name: &str) {
    let (target, inputs) = corpus(name);
    for input in inputs {
        // What a failure is about.
        println!("{}", input.display());
        target(&fs::read(&input).unwrap());
    }
}

/// Changes the inputs of the corpus at random, a little in each ordinary run of the tests and for as long
/// as one likes by hand: `WEFT_MUTATIONS=1000000 cargo test --test fuzz_corpora mutations`. The seed is
/// always the same, so that what was found is found again.
fn mutates(name: &str) {
    let (target, inputs) = corpus(name);
    let times = std::env::var("WEFT_MUTATIONS").ok();
    let times: u64 = times.and_then(|text| text.parse().ok()).unwrap_or(150);
    let corpus: Vec<Vec<u8>> = inputs.iter().map(|path| fs::read(path).unwrap()).collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..times {
        let mut input = random.of(&corpus).clone();
        for _ in 0..=random.below(4) {
            random.change(&mut input, &corpus);
        }
        // Shown when it fails.
        println!("{}", input.escape_ascii());
        target(&input);
    }
}

/// Xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn of<'c>(&mut self, corpus: &'c [Vec<u8>]) -> &'c Vec<u8> {
        &corpus[self.below(corpus.len())]
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let to = (at + self.below(9)).min(input.len());
        match self.below(6) {
            0 => input.insert(at, self.below(256) as u8),
            1 => drop(input.drain(at..to)),
            2 => {
                let piece = input[at..to].to_vec();
                let again = self.below(40);
                input.splice(at..at, piece.repeat(again));
            }
            3 => {
                let other = self.of(corpus).clone();
                let from = self.below(other.len() + 1);
                let end = (from + self.below(40)).min(other.len());
                input.splice(at..to, other[from..end].iter().copied());
            }
            4 => {
                let odd: &[&[u8]] = &[
                    b"\0",
                    b"\xff",
                    b"\"",
                    b"\\",
                    b"%",
                    b";",
                    b"99999999999999999999",
                    b"-1",
                    b"\r\n",
                    "\u{202e}".as_bytes(),
                    b"[",
                    b"{",
                ];
                input.splice(at..at, odd[self.below(odd.len())].iter().copied());
            }
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}

macro_rules! corpora {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            runs(stringify!($name));
        })*

        mod mutations {
            $(#[test]
            fn $name() {
                super::mutates(stringify!($name));
            })*
        }

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),*];
            let all = targets::ALL.map(|(name, _)| name);
            assert_eq!(run.as_slice(), all.as_slice());
        }
    };
}

corpora! {
    fastcgi_records
    http_requests
    cgi_environment
    paths
    basic_credentials
    wbo_json
    query_strings
    accept_headers
    php_serialized
    php_constants
    ldap_names
    cookies
    forms
}
