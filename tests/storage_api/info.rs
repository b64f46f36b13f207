//! What an account is told about itself.

use serde_json::json;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User};

fn three_records(user: &User) {
    user.put("storage/forms/a", r#"{"payload":"1234567890"}"#)
        .written();
    user.put(
        "storage/forms/b",
        format!(r#"{{"payload":"{}"}}"#, "x".repeat(2038)),
    )
    .written();
    user.put("storage/tabs/a", r#"{"payload":"żółw"}"#)
        .written();
}

#[test]
fn an_account_without_data_is_an_empty_map_and_never_an_error() {
    let server = Gateway::Builtin.shared();
    for (version, empty) in [(PHP, "[]"), (PYTHON, "{}")] {
        let user = User::new(&server, version, &format!("empty-{version}"));
        user.get("info/collections").must_be(200, empty);
        user.get("info/collection_counts").must_be(200, empty);
        user.get("info/collections?v=1.45.0").must_be(200, empty);
        user.get("info/collections?v=1&client=FxHome&newer=rubbish")
            .must_be(200, empty);
    }
    let python = User::new(&server, PYTHON, "empty-usage");
    python.get("info/collection_usage").must_be(200, "{}");
}

#[test]
fn collections_are_told_with_the_time_of_their_last_change_as_a_number() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("last-change-{version}"));
        let forms = user.put("storage/forms/a", r#"{"payload":"x"}"#).written();
        let tabs = user.put("storage/tabs/a", r#"{"payload":"x"}"#).written();
        let text = user.get("info/collections").text().replace(' ', "");
        assert!(text.contains(&format!("\"forms\":{forms}")), "{text}");
        assert!(text.contains(&format!("\"tabs\":{tabs}")), "{text}");
    }
}

#[test]
fn counts_are_strings_in_php_and_numbers_in_python() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PHP, "counts");
    three_records(&user);
    let told = user.get("info/collection_counts").json();
    assert_eq!(told, json!({"forms": "2", "tabs": "1"}));
    let told = user.at(PYTHON).get("info/collection_counts").json();
    assert_eq!(told, json!({"forms": 2, "tabs": 1}));
}

#[test]
fn usage_is_in_kilobytes_of_payload() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "usage");
    three_records(&user);
    let told = user.get("info/collection_usage").json();
    assert_eq!(
        told,
        json!({"forms": 2.0, "tabs": 7.0 / 1024.0}),
        "bytes, not characters"
    );
    assert_eq!(
        user.get("info/quota").json(),
        json!([2055.0 / 1024.0, null])
    );
    assert_eq!(user.at(PHP).get("info/quota").json(), json!([2, null]));
    user.at(PHP).get("info/quota").must_be(200, "[2,null]");
}

#[test]
fn collections_of_any_name_are_told() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("any-name-{version}"));
        let names = [
            "a",
            "Own.Made_1-2",
            "UPPER",
            "upper",
            &"x".repeat(32),
            "0",
            "collections",
        ];
        for name in names {
            user.put(&format!("storage/{name}/a"), r#"{"payload":"x"}"#)
                .written();
        }
        let told = user.get("info/collections").json();
        for name in names {
            assert!(told.get(name).is_some(), "{version} {name}: {told}");
        }
    }
}
