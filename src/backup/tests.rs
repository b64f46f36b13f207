//! Files as they are written, cut short anywhere, and changed anywhere.

use super::{Chain, Contents, Held, Person, SectionWriter, Stop};
use crate::storage::Carried;
use crate::sync::{CollectionName, Timestamp, WboRef};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

const AT: Timestamp = Timestamp::from_centis(179_545_980_750);

fn person(name: &str) -> Person {
    Person {
        name: name.to_owned(),
        number: 7,
        account: Some(Held {
            hash: Some("$argon2id$…".to_owned()),
            enabled: true,
            ..Held::default()
        }),
        records: true,
    }
}

fn record<'r>(id: &'r str, payload: &'r str) -> Carried<'r> {
    Carried::Record {
        record: WboRef {
            id,
            modified: AT,
            parentid: Some("a\"b"),
            predecessorid: None,
            sortindex: Some(-3),
            payload: Some(payload),
        },
        expires: Some(AT.next()),
    }
}

fn write_user(out: &mut Vec<u8>, chain: &mut Chain, name: &str) {
    let mut section = SectionWriter::begin(out, person(name)).unwrap();
    for (collection, ids) in [("bookmarks", &["A", "a", "{\\"][..]), ("empty", &[])] {
        let name = CollectionName::new(collection).unwrap();
        let modified = AT;
        let collection = Carried::Collection {
            name: &name,
            modified,
        };
        section.carry(collection).unwrap();
        for id in ids {
            section.carry(record(id, "gr\u{fc}n\n\u{0}\"")).unwrap();
        }
    }
    chain.add(&section.end(AT).unwrap());
}

/// A file with two users, and where the section of the first ends.
fn whole() -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let mut chain = Chain::begin(&mut out, AT).unwrap();
    write_user(&mut out, &mut chain, "ada");
    let first = out.len();
    write_user(&mut out, &mut chain, "bob");
    chain.end(&mut out).unwrap();
    (out, first)
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn read(bytes: &[u8]) -> Result<Contents, String> {
    Contents::read(&file(bytes)).unwrap()
}

fn names(contents: &Contents) -> Vec<&str> {
    let sections = contents.sections.iter();
    sections
        .map(|section| section.person.name.as_str())
        .collect()
}

#[test]
fn what_was_written_is_read() {
    let (bytes, _) = whole();
    let file = file(&bytes);
    let contents = Contents::read(&file).unwrap().unwrap();
    assert_eq!(contents.flaws, []);
    assert_eq!(names(&contents), ["ada", "bob"]);
    let section = &contents.sections[1];
    assert_eq!((&section.person, section.at), (&person("bob"), AT));
    let counts: Vec<_> = section
        .collections
        .iter()
        .map(|(name, n)| (name.as_str(), *n))
        .collect();
    assert_eq!(counts, [("bookmarks", 3), ("empty", 0)]);
    let mut out = Vec::new();
    let mut again = SectionWriter::begin(&mut out, person("bob")).unwrap();
    section
        .give(&file, &mut |piece| {
            again.carry(piece).unwrap();
            Ok(())
        })
        .unwrap();
    assert_eq!(again.end(AT).unwrap().digest, section.digest);
}

#[test]
fn a_file_that_ends_anywhere_is_known_to_and_can_be_gone_on_with() {
    let (bytes, first) = whole();
    let head = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in head..bytes.len() {
        let contents = read(&bytes[..length]).unwrap();
        assert!(!contents.flaws.is_empty(), "{length}");
        let users = &bytes[..usize::try_from(contents.sound_to).unwrap()];
        assert!(users.len() <= length);
        let mut on = users.to_vec();
        let mut chain = contents.chain;
        for name in ["ada", "bob"].iter().skip(contents.sections.len()) {
            write_user(&mut on, &mut chain, name);
        }
        chain.end(&mut on).unwrap();
        assert_eq!(on, bytes, "{length}");
        assert_eq!(contents.sections.is_empty(), length < first);
    }
    assert!(read(&bytes[..head - 1]).is_err());
}

#[test]
fn a_changed_bit_anywhere_is_found_and_costs_only_those_it_is_of() {
    let (bytes, first) = whole();
    let head = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for place in 0..bytes.len() {
        for bit in [0, 5] {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let Ok(contents) = read(&changed) else {
                assert!(place < head, "{place}");
                continue;
            };
            assert!(!contents.flaws.is_empty(), "byte {place}, bit {bit}");
            let users = names(&contents);
            if place >= head && place < first {
                // The line end between two users is of both.
                let others = if place == first - 1 {
                    &[][..]
                } else {
                    &["bob"]
                };
                assert_eq!(users, others, "byte {place}");
                assert_eq!(contents.sound_to, head as u64);
            }
        }
    }
}

#[test]
fn users_that_are_missing_are_missed() {
    let (bytes, first) = whole();
    let text = String::from_utf8(bytes).unwrap();
    let totals = text.find("{\"whole\":").unwrap();
    let without_bob = [&text[..first], &text[totals..]].concat();
    let contents = read(without_bob.as_bytes()).unwrap();
    assert_eq!(names(&contents), ["ada"]);
    assert!(
        contents.flaws[0].what.contains("missing"),
        "{:?}",
        contents.flaws
    );
    let twice = [&text[..], &text[..]].concat();
    assert!(!read(twice.as_bytes()).unwrap().flaws.is_empty());
}

#[test]
fn a_file_that_changes_under_way_is_found_out() {
    let (bytes, first) = whole();
    let mut file = file(&bytes);
    let contents = Contents::read(&file).unwrap().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let payload = first + text[first..].find("gr\u{fc}n").unwrap();
    file.seek(SeekFrom::Start(payload as u64)).unwrap();
    file.write_all(b"G").unwrap();
    let given = contents.sections[1].give(&file, &mut |_| Ok(()));
    assert!(matches!(given, Err(Stop::Damaged(_))), "{given:?}");
    file.set_len(first as u64 + 200).unwrap();
    let given = contents.sections[1].give(&file, &mut |_| Ok(()));
    assert!(matches!(given, Err(Stop::Damaged(_))), "{given:?}");
}

#[test]
fn what_is_no_backup_is_said_to_be_none() {
    for text in [
        "",
        "\n",
        "{}\n",
        "hello",
        "{\"weft\":{}}\n",
        "{\"user\":1}\n",
    ] {
        assert!(read(text.as_bytes()).is_err(), "{text:?}");
    }
    let later = "{\"weft\":{\"format\":2,\"made\":0,\"by\":\"weft 9\"}}\n";
    let why = read(later.as_bytes()).err().unwrap();
    assert!(why.contains("format 2") && why.contains("weft 9"), "{why}");
}

#[test]
fn records_out_of_order_are_refused() {
    let mut out = Vec::new();
    let mut chain = Chain::begin(&mut out, AT).unwrap();
    let mut section = SectionWriter::begin(&mut out, person("ada")).unwrap();
    let name = CollectionName::new("x").unwrap();
    let collection = Carried::Collection {
        name: &name,
        modified: AT,
    };
    for piece in [collection, record("b", ""), record("a", "")] {
        section.carry(piece).unwrap();
    }
    chain.add(&section.end(AT).unwrap());
    chain.end(&mut out).unwrap();
    let file = file(&out);
    let contents = Contents::read(&file).unwrap().unwrap();
    let given = contents.sections[0].give(&file, &mut |_| Ok(()));
    assert!(matches!(given, Err(Stop::Damaged(why)) if why.contains("order")));
}
