//! The cached values against the bytes that a running legacy PHP stored.

use super::*;
use crate::cache::php_value::tests::{RECORDED, Xorshift};

fn text(bytes: Option<Vec<u8>>) -> String {
    String::from_utf8(bytes.unwrap_or_default()).unwrap()
}

#[test]
fn a_recorded_session_is_written_byte_for_byte_as_php_wrote_it() {
    let mut list = CollectionList::default();
    assert_eq!(list.encode(), None, "empty arrays are never stored");

    list.set("foo", CollectionEntry::written(179545978367, 1));
    assert_eq!(text(list.encode()), RECORDED[0]);
    list.set("history", CollectionEntry::written(179545978379, 2));
    assert_eq!(text(list.encode()), RECORDED[1]);
    list.set("foo", CollectionEntry::written(179545978383, 1));
    list.set("history", CollectionEntry::written(179545978391, 0));
    assert_eq!(text(list.encode()), RECORDED[4]);
}

#[test]
fn a_write_changes_the_type_of_its_own_entry_only() {
    let mut list = CollectionList::default();
    list.set("foo", CollectionEntry::rebuilt(179545978383, 1));
    assert_eq!(text(list.encode()), RECORDED[5]);

    let mut list = CollectionList::decode(RECORDED[5].as_bytes()).unwrap();
    list.set("tabs", CollectionEntry::written(179545978507, 1));
    assert_eq!(text(list.encode()), RECORDED[6]);
}

#[test]
fn times_and_counts_are_read_from_doubles_strings_and_integers() {
    let forms = r#"a:3:{s:1:"d";a:2:{i:0;d:179545978367;i:1;d:7;}s:1:"s";a:2:{i:0;s:12:"179545978367";i:1;s:1:"7";}s:1:"i";a:2:{i:0;i:179545978367;i:1;i:7;}}"#;
    let list = CollectionList::decode(forms.as_bytes()).unwrap();
    for name in ["d", "s", "i"] {
        let entry = list.get(name).unwrap();
        assert_eq!(
            (entry.modified.centiseconds, entry.count),
            (179545978367, Some(7)),
            "{name}"
        );
    }
}

#[test]
fn a_time_that_floating_point_blurred_is_rounded_to_the_centisecond() {
    for time in [
        "d:179545978366.99997;",
        "d:1.79545978367E+11;",
        r#"s:16:"1.79545978367E11";"#,
    ] {
        let list = format!(r#"a:1:{{s:1:"x";a:2:{{i:0;{time}i:1;s:1:"1";}}}}"#);
        let list = CollectionList::decode(list.as_bytes()).unwrap();
        assert_eq!(list.get("x").unwrap().modified.centiseconds, 179545978367);
    }
}

#[test]
fn numeric_collection_names_are_integer_keys() {
    let mut list = CollectionList::default();
    list.set("12", CollectionEntry::written(5, 1));
    list.set("007", CollectionEntry::written(6, 1));
    let bytes = r#"a:2:{i:12;a:2:{i:0;d:5;i:1;s:1:"1";}s:3:"007";a:2:{i:0;d:6;i:1;s:1:"1";}}"#;
    assert_eq!(text(list.encode()), bytes);
    assert_eq!(CollectionList::decode(bytes.as_bytes()).unwrap(), list);
}

#[test]
fn names_that_differ_in_case_are_two_collections_in_the_cache() {
    let mut list = CollectionList::default();
    list.set("Foo", CollectionEntry::written(1, 1));
    list.set("foo", CollectionEntry::written(2, 1));
    assert_eq!(list.iter().count(), 2);
}

#[test]
fn a_collection_that_php_touched_without_counting_has_no_count() {
    let bytes = r#"a:1:{s:3:"Foo";a:1:{i:0;d:5;}}"#;
    let list = CollectionList::decode(bytes.as_bytes()).unwrap();
    assert_eq!(list.get("Foo").unwrap().count, None);
    assert_eq!(text(list.encode()), bytes);
}

#[test]
fn a_list_of_another_shape_is_an_error_and_not_a_guess() {
    let bad = [
        "N;",
        "b:0;",
        "a:1:{i:0;N;}",
        r#"a:1:{s:1:"x";d:5;}"#,
        r#"a:1:{s:1:"x";a:1:{i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;N;i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;d:INF;i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;d:NAN;i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;d:-5;i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;d:1.0E+25;i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;s:3:"inf";i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;s:0:"";i:1;s:1:"1";}}"#,
        r#"a:1:{s:1:"x";a:2:{i:0;d:5;i:1;s:1:"x";}}"#,
        r#"a:1:{s:1:"x";a:3:{i:0;d:5;i:1;s:1:"1";i:2;N;}}"#,
        "a:1:{s:1:\"\u{fffd}\";N;}",
    ];
    for bytes in bad {
        assert!(CollectionList::decode(bytes.as_bytes()).is_err(), "{bytes}");
    }
}

#[test]
fn recorded_tabs_are_written_byte_for_byte_as_php_wrote_them() {
    let mut tabs = LegacyTabs::default();
    assert_eq!(tabs.encode(), None);
    let tab = |time, payload: &str| Tab {
        modified: LegacyTime::written(time),
        payload: payload.as_bytes().to_vec(),
    };
    tabs.set("tab1", tab(179545978507, "one é"));
    assert_eq!(text(tabs.encode()), RECORDED[7]);
    tabs.set("12", tab(179545978511, "two"));
    assert_eq!(text(tabs.encode()), RECORDED[9]);
    assert_eq!(tabs.newest(), Some(LegacyTime::written(179545978511)));
    assert_eq!(LegacyTabs::decode(RECORDED[9].as_bytes()).unwrap(), tabs);
    assert!(tabs.remove("12"));
    assert!(!tabs.remove("12"));
    assert_eq!(text(tabs.encode()), RECORDED[7]);
}

#[test]
fn tabs_without_time_or_payload_are_an_error() {
    for entry in [
        "a:1:{i:0;d:5;}",
        r#"a:1:{i:1;s:1:"x";}"#,
        "a:2:{i:0;d:5;i:1;N;}",
        "N;",
    ] {
        let bytes = format!(r#"a:1:{{s:1:"x";{entry}}}"#);
        assert!(LegacyTabs::decode(bytes.as_bytes()).is_err(), "{bytes}");
    }
}

#[test]
fn the_write_volume_adds_up_within_a_day_and_begins_anew_on_the_next() {
    let first = WriteVolume::after_write(None, 20261123, 5);
    assert_eq!(first.encode(), RECORDED[14].as_bytes());
    let second = WriteVolume::after_write(Some(first), 20261123, 6);
    assert_eq!(second.encode(), RECORDED[16].as_bytes());
    assert_eq!(WriteVolume::decode(RECORDED[16].as_bytes()), Ok(second));
    let tomorrow = WriteVolume::after_write(Some(second), 20261124, 3);
    assert_eq!(
        tomorrow,
        WriteVolume {
            day: 20261124,
            bytes: 3
        }
    );
    let behind = WriteVolume::after_write(Some(tomorrow), 20261123, 4);
    assert_eq!(
        behind,
        WriteVolume {
            day: 20261124,
            bytes: 7
        }
    );
}

#[test]
fn a_write_volume_may_have_numbers_in_any_form_but_must_have_both() {
    let read = |text: &str| WriteVolume::decode(text.as_bytes());
    let expected = WriteVolume {
        day: 20261123,
        bytes: 11,
    };
    assert_eq!(read(r#"a:2:{i:0;i:20261123;i:1;d:11;}"#), Ok(expected));
    assert!(read(r#"a:1:{i:0;s:8:"20261123";}"#).is_err());
    assert!(read(r#"a:2:{i:0;s:8:"20261123";i:1;i:-1;}"#).is_err());
    assert!(read("i:5;").is_err());
}

#[test]
fn failed_logins_are_counted_in_the_bytes_that_php_stores() {
    let mut stored = None;
    for bytes in ["", "1", "2", "3"] {
        let logins = FailedLogins::after_failure(stored);
        assert_eq!(logins.encode(), bytes.as_bytes());
        assert_eq!(FailedLogins::decode(bytes.as_bytes()), Ok(logins));
        assert_eq!(logins.is_locked(3), bytes == "3");
        assert!(!logins.is_locked(0));
        stored = Some(logins);
    }
}

#[test]
fn failed_logins_that_are_no_number_are_an_error() {
    for bytes in [
        &b"-1"[..],
        b"x",
        b"1.5",
        b" 1",
        b"\xff",
        b"99999999999999999999999",
    ] {
        assert!(FailedLogins::decode(bytes).is_err(), "{bytes:?}");
    }
    assert!(FailedLogins::decode(b"4  ").unwrap().is_locked(4));
}

#[test]
fn keys_are_those_of_legacy_php() {
    assert_eq!(collections_key(1), "coll:1");
    assert_eq!(tabs_key(3001), "tabs:3001");
    assert_eq!(write_volume_key(3001), "write_vol:3001");
    assert_eq!(lockout_key("Other"), "lockout:other");
}

#[test]
fn no_user_name_can_end_a_key_or_make_it_too_long() {
    assert_eq!(lockout_key("a b\r\nset x"), "lockout:a_b__set_x");
    assert_eq!(lockout_key(&"é".repeat(200)).len(), 250);
}

#[test]
fn no_mutation_of_a_recorded_value_panics_and_what_is_read_survives_a_round_trip() {
    let mut random = Xorshift(0xfeed_f00d);
    let mut accepted = 0;
    for round in 0..20_000 {
        let mut bytes = RECORDED[round % RECORDED.len()].as_bytes().to_vec();
        random.mutate(&mut bytes);
        if let Ok(list) = CollectionList::decode(&bytes) {
            accepted += 1;
            let again = list.encode().map(|bytes| CollectionList::decode(&bytes));
            assert!(list.is_empty() || again == Some(Ok(list)));
        }
        if let Ok(tabs) = LegacyTabs::decode(&bytes) {
            accepted += 1;
            let again = tabs.encode().map(|bytes| LegacyTabs::decode(&bytes));
            assert!(tabs.is_empty() || again == Some(Ok(tabs)));
        }
        if let Ok(volume) = WriteVolume::decode(&bytes) {
            accepted += 1;
            assert_eq!(WriteVolume::decode(&volume.encode()), Ok(volume));
        }
    }
    assert!(
        accepted > 1000,
        "only {accepted} mutants were values: the test tests nothing"
    );
}
