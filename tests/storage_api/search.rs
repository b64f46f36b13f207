//! The search parameters of a collection, for reading and for deleting.

use serde_json::json;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User, centiseconds};

/// Five records, each written later than the one before: a, b, c, d, e with the index 1, 2, 3, 4 and
/// none, parent p or q, predecessor r or none. Answers their times.
fn five_records(user: &User) -> Vec<String> {
    let records = [
        ("a", r#""sortindex":1,"parentid":"p","predecessorid":"r""#),
        ("b", r#""sortindex":2,"parentid":"p""#),
        ("c", r#""sortindex":3,"parentid":"q""#),
        ("d", r#""sortindex":4,"parentid":"q""#),
        ("e", r#""parentid":"q""#),
    ];
    let write = |(id, members): &(&str, &str)| {
        let record = format!(r#"{{"payload":"{id}",{members}}}"#);
        user.put(&format!("storage/forms/{id}"), record).written()
    };
    records.iter().map(write).collect()
}

/// Cases of a query and the ids that it selects.
fn selections(times: &[String]) -> Vec<(String, &'static str)> {
    let (b, d) = (&times[1], &times[3]);
    let three = |time: &str| {
        let centis = centiseconds(time);
        format!("{}.{:02}0", centis / 100, centis % 100)
    };
    vec![
        (String::new(), "abcde"),
        (format!("newer={b}"), "cde"),
        (format!("older={d}"), "abc"),
        (format!("newer={b}&older={d}"), "c"),
        (format!("older={d}&newer={b}"), "c"),
        (format!("newer={}", three(b)), "cde"),
        (format!("older={}", three(d)), "abc"),
        ("newer=0".to_owned(), "abcde"),
        ("newer=0.000".to_owned(), "abcde"),
        (format!("newer={}", centiseconds(b) / 100 - 1), "abcde"),
        (format!("older={}", centiseconds(d) / 100 + 100), "abcde"),
        ("newer=9999999999".to_owned(), ""),
        ("ids=a,c".to_owned(), "ac"),
        ("ids=a,a,a".to_owned(), "a"),
        ("ids=a%2Cc".to_owned(), "ac"),
        ("ids=c,nothing".to_owned(), "c"),
        ("ids=nothing".to_owned(), ""),
        ("parentid=p".to_owned(), "ab"),
        ("parentid=nothing".to_owned(), ""),
        ("predecessorid=r".to_owned(), "a"),
        ("index_above=2".to_owned(), "cd"),
        ("index_below=3".to_owned(), "ab"),
        ("index_above=1&index_below=4".to_owned(), "bc"),
        ("index_below=4&index_above=1".to_owned(), "bc"),
        ("parentid=q&index_above=3".to_owned(), "d"),
        ("ids=a,b,c&parentid=p&newer=0".to_owned(), "ab"),
        ("v=1.45.0&client=FxHome&depth=1".to_owned(), "abcde"),
    ]
}

#[test]
fn a_query_selects_the_same_records_in_both_voices() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("selects-{version}"));
        let times = five_records(&user);
        for (query, expected) in selections(&times) {
            let found = user.ids(&format!("storage/forms?{query}")).concat();
            assert_eq!(found, expected, "{version} {query}");
        }
    }
}

#[test]
fn a_deletion_deletes_exactly_what_its_query_selects() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("deletes-{version}"));
        let count = selections(&five_records(&user)).len();
        for case in 0..count {
            user.delete("storage/forms").written();
            let times = five_records(&user);
            let (query, selected) = selections(&times).swap_remove(case);
            user.delete(&format!("storage/forms?{query}")).written();
            let left: String = "abcde"
                .chars()
                .filter(|id| !selected.contains(*id))
                .collect();
            assert_eq!(
                user.ids("storage/forms").concat(),
                left,
                "{version} {query}"
            );
        }
    }
}

#[test]
fn a_deletion_keeps_to_order_limit_and_offset() {
    let server = Gateway::Builtin.shared();
    let cases = [
        ("sort=newest&limit=2", "abc"),
        ("sort=oldest&limit=2", "cde"),
        ("sort=index&limit=1", "abce"),
        ("sort=oldest&limit=2&offset=1", "ade"),
        ("ids=a,b,c&sort=newest&limit=1", "abde"),
        ("limit=2", "cde"),
        ("limit=9", ""),
    ];
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("order-limit-{version}"));
        for (query, left) in cases {
            user.delete("storage/forms").written();
            five_records(&user);
            user.delete(&format!("storage/forms?{query}")).written();
            assert_eq!(
                user.ids("storage/forms").concat(),
                left,
                "{version} {query}"
            );
        }
    }
}

#[test]
fn lists_are_sorted_and_cut() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("sorted-{version}"));
        five_records(&user);
        let cases = [
            ("sort=oldest", "abcde"),
            ("sort=newest", "edcba"),
            ("sort=index", "dcbae"),
            ("sort=oldest&limit=2", "ab"),
            ("sort=oldest&limit=2&offset=1", "bc"),
            ("sort=newest&limit=9&offset=4", "a"),
            ("sort=index&limit=2", "dc"),
            ("sort=newest&limit=1&full=", "e"),
            ("limit=2", "ab"),
            ("limit=2&offset=2", "cd"),
            ("limit=2&offset=4", "e"),
            ("limit=2&offset=6", ""),
        ];
        for (query, expected) in cases {
            let found = user
                .ids_in_order(&format!("storage/forms?{query}"))
                .concat();
            assert_eq!(found, expected, "{version} {query}");
        }
    }
}

#[test]
fn php_ignores_what_does_not_fit_when_it_reads() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "php-unfit");
    five_records(&user);
    let unfit = [
        "newer=rubbish",
        "older=rubbish",
        "older=",
        "limit=rubbish",
        "limit=0",
        "limit=-1",
        "index_above=rubbish",
        "index_below=0",
        "index_below=-1",
        "sort=rubbish",
        "parentid=a/b",
    ];
    for query in unfit {
        assert_eq!(
            user.ids(&format!("storage/forms?{query}")).concat(),
            "abcde",
            "{query}"
        );
    }
    let long = format!("storage/forms?parentid={}", "x".repeat(65));
    assert_eq!(user.ids(&long).concat(), "abcde");
    user.get("storage/forms?offset=1")
        .must_be(400, "\"Offset requires limit\"");
    user.get("storage/forms?offset=1&full=1")
        .must_be(400, "\"Offset requires limit\"");
}

#[test]
fn python_refuses_what_does_not_fit_when_it_reads() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "python-unfit");
    five_records(&user);
    let unfit = [
        "newer=rubbish",
        "newer=",
        "newer=NaN",
        "older=Infinity",
        "older=1,5",
        "limit=rubbish",
        "limit=1.5",
        "limit=2&offset=rubbish",
        "index_above=rubbish",
        "index_below=",
        "index_above=NaN",
    ];
    for query in unfit {
        let answer = user.get(&format!("storage/forms?{query}"));
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
    for query in [
        "limit=0",
        "limit=-1",
        "offset=3",
        "sort=rubbish",
        "newer=1e3",
        "newer=-5",
    ] {
        assert_eq!(
            user.ids(&format!("storage/forms?{query}")).concat(),
            "abcde",
            "{query}"
        );
    }
    assert_eq!(user.ids("storage/forms?index_above=2.5").concat(), "cd");
}

#[test]
fn an_unusable_filter_deletes_nothing() {
    let server = Gateway::Builtin.shared();
    let long = "x".repeat(65);
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("unusable-{version}"));
        five_records(&user);
        let unusable = [
            "newer=rubbish".to_owned(),
            "older=".to_owned(),
            "newer=NaN".to_owned(),
            "limit=rubbish".to_owned(),
            "limit=2&offset=rubbish".to_owned(),
            "index_above=rubbish".to_owned(),
            "index_below=".to_owned(),
            "ids=".to_owned(),
            format!("parentid={long}"),
            format!("predecessorid={long}"),
            format!("ids={long}"),
            "ids=a&older=rubbish".to_owned(),
        ];
        for query in unusable {
            let answer = user.delete(&format!("storage/forms?{query}"));
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (400, "1"),
                "{version} {query}: {answer:?}"
            );
            assert_eq!(
                user.ids("storage/forms").concat(),
                "abcde",
                "{version} {query}"
            );
        }
        user.delete("storage/forms?unknown=x&v=1&ids=a").written();
        assert_eq!(
            user.ids("storage/forms").concat(),
            "bcde",
            "unknown parameters are ignored"
        );
    }
}

#[test]
fn ids_of_which_none_is_valid_match_nothing() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("none-valid-{version}"));
        five_records(&user);
        for ids in ["", ",", ",,,", &"x".repeat(65)] {
            assert_eq!(
                user.ids(&format!("storage/forms?ids={ids}")),
                [""; 0],
                "{version} {ids}"
            );
        }
        let mixed = format!("storage/forms?ids={},a,,b", "x".repeat(65));
        assert_eq!(user.ids(&mixed).concat(), "ab");
    }
}

#[test]
fn full_is_what_each_voice_takes_for_true() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "full");
    user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
    let cases = [
        ("full=1", true, true),
        ("full=true", true, true),
        ("full=false", true, true),
        ("full=0", false, true),
        ("full=", false, false),
        ("other=1", false, false),
    ];
    for (query, php, python) in cases {
        for (version, full) in [(PHP, php), (PYTHON, python)] {
            let answer = user
                .at(version)
                .get(&format!("storage/forms?{query}"))
                .json();
            assert_eq!(answer[0].is_object(), full, "{version} {query}: {answer}");
        }
    }
}

#[test]
fn ids_with_braces_and_signs_are_found() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("braces-{version}"));
        let ids = ["{8a1f-22}", "a b", "a+b", "ż", "100%"];
        for id in ids {
            let record = json!([{"id": id, "payload": "x"}]);
            user.post("storage/odd", record.to_string()).json();
        }
        assert_eq!(user.ids("storage/odd?ids={8a1f-22}"), ["{8a1f-22}"]);
        let encoded = "storage/odd?ids=%7B8a1f-22%7D,a%20b,a%2Bb,%C5%BC,100%25";
        assert_eq!(user.ids(encoded).len(), 5, "{version}");
        user.delete(encoded).written();
        assert_eq!(user.ids("storage/odd"), [""; 0]);
    }
}
