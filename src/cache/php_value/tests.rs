//! The codec against values that a running legacy PHP cached, against what PHP 8.2 printed and read,
//! and against damaged input.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<PhpValue, PhpError> {
    decode(text.as_bytes(), &PhpLimits::default())
}

fn written(value: &PhpValue) -> String {
    String::from_utf8_lossy(&encode(value)).into_owned()
}

/// Every serialized value that a running legacy PHP put into memcached while it was recorded.
pub(crate) const RECORDED: &[&str] = &[
    r#"a:1:{s:3:"foo";a:2:{i:0;d:179545978367;i:1;s:1:"1";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;d:179545978367;i:1;s:1:"1";}s:7:"history";a:2:{i:0;d:179545978379;i:1;s:1:"2";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;d:179545978383;i:1;s:1:"1";}s:7:"history";a:2:{i:0;d:179545978379;i:1;s:1:"2";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;d:179545978383;i:1;s:1:"1";}s:7:"history";a:2:{i:0;d:179545978387;i:1;s:1:"1";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;d:179545978383;i:1;s:1:"1";}s:7:"history";a:2:{i:0;d:179545978391;i:1;s:1:"0";}}"#,
    r#"a:1:{s:3:"foo";a:2:{i:0;s:12:"179545978383";i:1;s:1:"1";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;s:12:"179545978383";i:1;s:1:"1";}s:4:"tabs";a:2:{i:0;d:179545978507;i:1;s:1:"1";}}"#,
    r#"a:1:{s:4:"tab1";a:2:{i:0;d:179545978507;i:1;s:6:"one é";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;s:12:"179545978383";i:1;s:1:"1";}s:4:"tabs";a:2:{i:0;d:179545978511;i:1;s:1:"2";}}"#,
    r#"a:2:{s:4:"tab1";a:2:{i:0;d:179545978507;i:1;s:6:"one é";}i:12;a:2:{i:0;d:179545978511;i:1;s:3:"two";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;s:12:"179545978383";i:1;s:1:"1";}s:4:"tabs";a:2:{i:0;d:179545978514;i:1;s:1:"1";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;s:12:"179545978383";i:1;s:1:"1";}s:4:"tabs";a:2:{i:0;d:179545978518;i:1;s:1:"0";}}"#,
    r#"a:2:{s:3:"foo";a:2:{i:0;s:12:"179545978383";i:1;s:1:"1";}s:4:"tabs";a:2:{i:0;d:179545978521;i:1;s:1:"0";}}"#,
    r#"a:3:{s:3:"foo";a:2:{i:0;s:12:"179545978383";i:1;s:1:"1";}s:4:"tabs";a:2:{i:0;d:179545978521;i:1;s:1:"0";}s:8:"metaonly";a:2:{i:0;d:179545978528;i:1;s:1:"1";}}"#,
    r#"a:2:{i:0;s:8:"20261123";i:1;i:5;}"#,
    r#"a:1:{s:1:"w";a:2:{i:0;d:179545978556;i:1;s:1:"1";}}"#,
    r#"a:2:{i:0;s:8:"20261123";i:1;i:11;}"#,
    r#"a:1:{s:1:"a";a:2:{i:0;d:179545978567;i:1;s:9:"123456789";}}"#,
];

#[test]
fn every_recorded_value_of_legacy_php_is_read_and_written_back_unchanged() {
    for text in RECORDED {
        let value = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(written(&value), *text);
    }
}

#[test]
fn doubles_are_printed_as_php_prints_them() {
    // The right side is what PHP 8.2 printed for the left.
    let cases: &[(f64, &str)] = &[
        (0.1, "d:0.1;"),
        (0.0, "d:0;"),
        (-0.0, "d:-0;"),
        (1.0, "d:1;"),
        (100.5, "d:100.5;"),
        (-0.25, "d:-0.25;"),
        (179_545_978_367.0, "d:179545978367;"),
        (123_456.789, "d:123456.789;"),
        (5_297_241_148_575_045.0 / 4.0, "d:1324310287143761.2;"),
        (1e15, "d:1000000000000000;"),
        (1e16, "d:10000000000000000;"),
        (1e17, "d:1.0E+17;"),
        (123_456_789_012_345_678.0, "d:1.2345678901234568E+17;"),
        (1e25, "d:1.0E+25;"),
        (0.0001, "d:0.0001;"),
        (0.00001, "d:1.0E-5;"),
        (1.5e-7, "d:1.5E-7;"),
        (5e-324, "d:5.0E-324;"),
        (f64::MAX, "d:1.7976931348623157E+308;"),
        (f64::INFINITY, "d:INF;"),
        (f64::NEG_INFINITY, "d:-INF;"),
        (f64::NAN, "d:NAN;"),
    ];
    for (number, text) in cases {
        assert_eq!(written(&PhpValue::Double(*number)), *text);
    }
}

#[test]
fn doubles_are_read_in_every_form_that_php_reads() {
    let cases = [
        ("d:5;", 5.0),
        ("d:.5;", 0.5),
        ("d:1.;", 1.0),
        ("d:1e5;", 1e5),
        ("d:1E5;", 1e5),
        ("d:+1.e+3;", 1000.0),
        ("d:-1.0E-5;", -1e-5),
        ("d:INF;", f64::INFINITY),
        ("d:-INF;", f64::NEG_INFINITY),
    ];
    for (text, number) in cases {
        assert_eq!(read(text), Ok(PhpValue::Double(number)), "{text}");
    }
    assert!(matches!(read("d:NAN;"), Ok(PhpValue::Double(number)) if number.is_nan()));
}

#[test]
fn doubles_that_php_refuses_are_refused() {
    for text in [
        "d:-NAN;",
        "d:+INF;",
        "d:inf;",
        "d:nan;",
        "d:infinity;",
        "d:;",
        "d:.;",
        "d:e5;",
    ] {
        let expected = PhpErrorKind::Expected("a double");
        assert_eq!(
            read(text),
            Err(PhpError {
                offset: 2,
                kind: expected
            }),
            "{text}"
        );
    }
    for text in [
        "d:1_0;", "d: 5;", "d:5 ;", "d:0x1;", "d:1e;", "d:1,5;", "d:--1;",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn integers_may_carry_a_sign_and_zeros() {
    assert_eq!(read("i:+5;"), Ok(PhpValue::Int(5)));
    assert_eq!(read("i:-05;"), Ok(PhpValue::Int(-5)));
    assert_eq!(read("i:-9223372036854775808;"), Ok(PhpValue::Int(i64::MIN)));
}

#[test]
fn keys_become_integers_exactly_where_php_makes_them_so() {
    let integers = [
        "0",
        "12",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
    ]
    .map(str::to_owned);
    for text in integers {
        assert!(
            matches!(PhpKey::from(text.as_str()), PhpKey::Int(_)),
            "{text}"
        );
        assert_eq!(PhpKey::from(text.as_str()).to_bytes(), text.as_bytes());
    }
    let strings = [
        "",
        "-",
        "-0",
        "007",
        "+1",
        "1.5",
        " 1",
        "1 ",
        "9223372036854775808",
        "1e3",
    ];
    for text in strings {
        assert_eq!(
            PhpKey::from(text),
            PhpKey::Str(text.as_bytes().to_vec()),
            "{text}"
        );
    }
}

#[test]
fn a_numeric_string_key_is_read_and_written_as_an_integer() {
    let value = PhpValue::Array(vec![(PhpKey::Int(12), PhpValue::Null)]);
    assert_eq!(read(r#"a:1:{s:2:"12";N;}"#), Ok(value));
    let unnormalised = PhpValue::Array(vec![(PhpKey::Str(b"12".to_vec()), PhpValue::Null)]);
    assert_eq!(written(&unnormalised), "a:1:{i:12;N;}");
}

#[test]
fn a_repeated_key_keeps_its_first_place_and_its_last_value() {
    let value = read(r#"a:3:{i:1;i:1;i:2;i:5;s:1:"1";i:9;}"#).unwrap();
    assert_eq!(written(&value), "a:2:{i:1;i:9;i:2;i:5;}");
}

#[test]
fn strings_are_bytes_with_their_length_in_bytes() {
    let value = PhpValue::Str(vec![0xff, b'"', b';', 0]);
    let bytes = encode(&value);
    assert_eq!(bytes, b"s:4:\"\xff\";\0\";");
    assert_eq!(decode(&bytes, &PhpLimits::default()), Ok(value));
}

#[test]
fn each_defect_is_named_with_its_place() {
    use PhpErrorKind::*;
    let cases: &[(&str, usize, PhpErrorKind)] = &[
        ("", 0, Truncated),
        ("i", 1, Truncated),
        ("i:12", 2, Truncated),
        ("i:;", 2, Expected("an integer")),
        ("i: 5;", 2, Expected("an integer")),
        ("i:1.5;", 2, Expected("an integer")),
        ("i:9223372036854775808;", 2, OutOfRange),
        ("b:2;", 2, Expected("0 or 1")),
        ("N;x", 2, Trailing),
        ("N:", 1, Expected("';'")),
        ("x:1;", 0, UnknownType(b'x')),
        (r#"s:6:"abc";"#, 5, Truncated),
        (
            r#"s:2:"abc";"#,
            7,
            Expected("'\";' at the end of the string"),
        ),
        (r#"s:+1:"a";"#, 2, Expected("a length")),
        (r#"s:99999999999999999999:"a";"#, 2, OutOfRange),
        (r#"S:1:"\41";"#, 0, UnknownType(b'S')),
        ("a:1:{d:1;N;}", 5, Expected("an integer or string as key")),
        ("a:1:{i:0;N;", 11, Truncated),
        ("a:0:{i:0;N;}", 5, Expected("'}'")),
        ("a:1000:{i:0;N;}", 1, Truncated),
        (r#"O:8:"stdClass":0:{}"#, 0, Object),
        (r#"a:1:{i:0;C:3:"Foo":0:{}}"#, 9, Object),
        (r#"E:5:"A:One";"#, 0, Object),
        ("a:2:{i:0;N;i:1;R:2;}", 15, Reference),
        ("r:1;", 0, Reference),
    ];
    for (text, offset, kind) in cases {
        assert_eq!(
            read(text),
            Err(PhpError {
                offset: *offset,
                kind: *kind
            }),
            "{text}"
        );
    }
    let error = read("i:0;;").unwrap_err();
    assert_eq!(
        error.to_string(),
        "bytes after the end of the value at byte 4"
    );
}

#[test]
fn limits_hold_for_length_depth_and_elements() {
    let limits = PhpLimits {
        bytes: 40,
        depth: 2,
        elements: 3,
    };
    let kind = |text: &str| decode(text.as_bytes(), &limits).map_err(|error| error.kind);
    assert!(kind("a:1:{i:0;a:2:{i:0;N;i:1;N;}}").is_ok());
    assert_eq!(
        kind("a:1:{i:0;a:1:{i:0;a:0:{}}}"),
        Err(PhpErrorKind::TooDeep)
    );
    assert_eq!(
        kind("a:1:{i:0;a:3:{i:0;N;i:1;N;i:2;N;}}"),
        Err(PhpErrorKind::TooManyElements)
    );
    assert_eq!(
        kind(&format!("s:40:\"{}\";", "x".repeat(40))),
        Err(PhpErrorKind::TooLong)
    );
}

#[test]
fn a_hostile_depth_or_count_is_refused_without_stack_or_memory() {
    let limits = PhpLimits {
        bytes: usize::MAX,
        depth: usize::MAX,
        elements: usize::MAX,
    };
    let deep = "a:1:{i:0;".repeat(1_000_000);
    let kind = |text: &str| decode(text.as_bytes(), &limits).map_err(|error| error.kind);
    assert_eq!(kind(&deep), Err(PhpErrorKind::TooDeep));
    assert_eq!(
        kind("a:18446744073709551615:{"),
        Err(PhpErrorKind::Truncated)
    );
    assert_eq!(
        kind("s:18446744073709551615:\"a\";"),
        Err(PhpErrorKind::Truncated)
    );
}

#[test]
fn no_mutation_of_a_recorded_value_panics_and_what_is_read_survives_a_round_trip() {
    let mut random = Xorshift(0x5eed_cafe);
    let mut accepted = 0;
    for round in 0..20_000 {
        let mut bytes = RECORDED[round % RECORDED.len()].as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            random.mutate(&mut bytes);
        }
        if let Ok(value) = decode(&bytes, &PhpLimits::default()) {
            accepted += 1;
            let rewritten = encode(&value);
            let again = decode(&rewritten, &PhpLimits::default()).unwrap();
            // Compared as bytes, where a NaN equals itself.
            assert_eq!(encode(&again), rewritten);
        }
    }
    assert!(
        accepted > 1000,
        "only {accepted} mutants were values: the test tests nothing"
    );
}

/// A few lines of xorshift: the same sequence on every machine.
pub(crate) struct Xorshift(pub(crate) u64);

impl Xorshift {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// Changes, removes, doubles or inserts something.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const TELLING: &[u8] = b"0123456789aidsNbOR:;\"{}.-+E\xff\0";
        let at = self.below(bytes.len());
        let byte = TELLING[self.below(TELLING.len())];
        match self.below(5) {
            _ if bytes.is_empty() => bytes.push(byte),
            0 | 1 => bytes[at] = byte,
            2 => bytes.insert(at, byte),
            3 => {
                bytes.remove(at);
            }
            _ => bytes.truncate(at),
        }
    }
}

fn any_value() -> impl Strategy<Value = PhpValue> {
    let leaf = prop_oneof![
        Just(PhpValue::Null),
        any::<bool>().prop_map(PhpValue::Bool),
        any::<i64>().prop_map(PhpValue::Int),
        any::<f64>()
            .prop_filter("NaN equals nothing", |n| !n.is_nan())
            .prop_map(PhpValue::Double),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(PhpValue::Str),
    ];
    let key = prop_oneof![
        any::<i64>().prop_map(PhpKey::Int),
        "-?[0-9]{0,3}|[a-z]{1,5}".prop_map(|text| PhpKey::from(text.as_str())),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        proptest::collection::vec((key.clone(), inner), 0..6).prop_map(|elements| {
            let mut seen = std::collections::HashSet::new();
            let unique = elements
                .into_iter()
                .filter(|(key, _)| seen.insert(key.clone()));
            PhpValue::Array(unique.collect())
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_it_was(value in any_value()) {
        prop_assert_eq!(decode(&encode(&value), &PhpLimits::default()), Ok(value));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, &PhpLimits::default());
    }
}
