//! PHP's rows are read right, and ours are what PHP expects.

use super::{PHP_SCHEMA, Place, USER, full, name, payload, put};
use crate::harness::MariaDb;
use std::ops::ControlFlow;
use weft::storage::mysql::{Charset, MySqlConfig};
use weft::storage::undo::{Refusal, Undo, Undone};
use weft::storage::{Columns, ReadFrom, Storage};
use weft::sync::{Query, RecordId, Timestamp, UserId, WboWrite};

const TEXT: &str = "é 日本 😀 \\ ' \" \u{80}\u{ff}";

/// A record, written as PHP writes it.
fn php_record(number: u32, id: &str, modified: i64, payload: &str) -> String {
    let payload = payload.replace('\\', "\\\\").replace('\'', "''");
    format!(
        "INSERT INTO wbo (username, id, collection, parentid, predecessorid, sortindex, modified, \
         payload, payload_size) VALUES ('7', '{id}', '{number}', 'p', NULL, '12', '{modified}', \
         '{payload}', '{}')",
        payload.len()
    )
}

#[test]
fn rows_that_php_wrote_are_read_with_all_their_columns() {
    let place = Place::of_php("latin1");
    place.php(&php_record(7, "bookmark1", 129_741_712_210, "hello"));
    let host = place.host();
    let mut session = host
        .read_collection(USER, &name("bookmarks"), ReadFrom::Primary)
        .unwrap();
    let mut seen = 0;
    let visit = &mut |wbo: weft::sync::WboRef<'_>| {
        assert_eq!((wbo.id, wbo.parentid), ("bookmark1", Some("p")));
        assert_eq!((wbo.predecessorid, wbo.sortindex), (None, Some(12)));
        assert_eq!(wbo.modified.to_string(), "1297417122.10");
        assert_eq!(wbo.payload, Some("hello"));
        seen += 1;
        ControlFlow::Continue(())
    };
    session
        .scan(&Query::default(), Columns::All, visit)
        .unwrap();
    assert_eq!(seen, 1);
    let modified = session.modified().unwrap();
    assert_eq!(modified.map(Timestamp::centis), Some(129_741_712_210));
}

#[test]
fn our_rows_are_what_php_expects() {
    let place = Place::of_php("latin1");
    let write = WboWrite {
        parentid: Some("übér".to_owned()),
        sortindex: Some(-5),
        ..full("id1", "né")
    };
    let time = put(&place.host(), "history", &[write]);
    let row = place.php_sees(
        "SELECT username, collection, id, parentid, predecessorid, sortindex, modified, payload, \
         payload_size FROM wbo",
    );
    assert_eq!(
        row,
        [format!("7|4|id1|übér|NULL|-5|{}|né|3", time.centis())]
    );
}

#[test]
fn payloads_have_the_same_bytes_for_php_and_for_us() {
    let same = |charset, connection| {
        let place = Place::of_php(charset);
        let host = place.host_with(|config| config.charset = connection);
        place.php(&php_record(4, "php", 1, TEXT));
        assert_eq!(payload(&host, "history", "php").as_deref(), Some(TEXT));
        put(&host, "history", &[full("weft", TEXT)]);
        assert_eq!(payload(&host, "history", "weft").as_deref(), Some(TEXT));
        let sql = "SELECT payload FROM wbo ORDER BY id";
        assert_eq!(place.php_sees(sql), [TEXT, TEXT]);
        let sql = "SELECT DISTINCT HEX(payload) FROM wbo";
        assert_eq!(place.php_sees(sql).len(), 1, "stored in the same way");
    };
    same("latin1", Charset::Binary);
    same("latin1", Charset::Latin1);
    same("utf8mb4", Charset::Latin1);
}

#[test]
fn a_database_made_for_utf8mb4_holds_what_a_utf8mb4_connection_wrote() {
    let place = Place::of_php("utf8mb4");
    let sql = format!("SET NAMES utf8mb4; {}", php_record(4, "php", 1, TEXT));
    place.php(&sql);
    let host = place.host();
    assert_eq!(payload(&host, "history", "php").as_deref(), Some(TEXT));
    put(&host, "history", &[full("日本", TEXT)]);
    assert_eq!(payload(&host, "history", "日本").as_deref(), Some(TEXT));
    let sql = "SELECT COUNT(DISTINCT HEX(payload)), COUNT(*) FROM wbo";
    assert_eq!(place.php_sees(sql), ["1|2"]);
}

#[test]
fn a_payload_that_is_no_utf8_hides_no_other_record() {
    let place = Place::of_php("latin1");
    place.php(&php_record(4, "a", 1, "good"));
    place.php("INSERT INTO wbo (username, collection, id, modified, payload) VALUES (7, 4, 'b', 1, X'E9')");
    let host = place.host();
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("good"));
    assert_eq!(payload(&host, "history", "b").as_deref(), Some("\u{fffd}"));
}

#[test]
fn the_users_own_collections_get_numbers_as_php_gives_them() {
    let place = Place::of_php("latin1");
    place.php("INSERT INTO collections VALUES (7, 101, 'first'), (8, 140, 'others')");
    let host = place.host();
    put(&host, "second", &[full("a", "x")]);
    put(&host, "first", &[full("a", "x")]);
    put(&host, "FIRST", &[full("b", "x")]);
    put(&host, "addons", &[full("a", "x")]);
    let numbers = place.php_sees("SELECT collectionid, name FROM collections WHERE userid = 7");
    assert_eq!(numbers, ["11|addons", "101|first", "102|second"]);
    let used = place.php_sees("SELECT DISTINCT collection FROM wbo ORDER BY 1");
    assert_eq!(used, ["11", "101", "102"]);
}

#[test]
fn addons_keep_the_number_that_php_gave_them() {
    let place = Place::of_php("latin1");
    place.php("INSERT INTO collections VALUES (7, 103, 'addons')");
    place.php(&php_record(103, "old", 5, "x"));
    let host = place.host();
    put(&host, "addons", &[full("new", "x")]);
    assert_eq!(
        place.php_sees("SELECT DISTINCT collection FROM wbo"),
        ["103"]
    );
    let counts = host.read_account(USER).unwrap().counts().unwrap();
    assert_eq!(counts, [(name("addons"), 2)]);
}

#[test]
fn a_number_that_the_users_list_names_has_no_other_name() {
    let place = Place::of_php("latin1");
    place.php("INSERT INTO collections VALUES (7, 11, 'themes'), (7, 4, 'other')");
    place.php(&php_record(11, "a", 500, "x"));
    place.php(&php_record(4, "a", 600, "x"));
    let (_, times) = place.host().read_times(USER).unwrap();
    let time = Timestamp::from_centis;
    assert_eq!(
        times,
        [(name("history"), time(600)), (name("themes"), time(500))]
    );
}

#[test]
fn a_collection_is_listed_while_a_record_lives_whichever_was_the_last() {
    let place = Place::of_php("latin1");
    for (number, id, modified) in [(4, "lives", 500), (4, "expired", 600), (9, "expired", 700)] {
        place.php(&php_record(number, id, modified, "x"));
    }
    place.php("UPDATE wbo SET ttl = 1 WHERE id = 'expired'");
    let expected = [(name("history"), Timestamp::from_centis(600))];
    let host = place.host();
    assert_eq!(host.read_times(USER).unwrap().1, expected);
    let times = host.read_account(USER).unwrap().times().unwrap();
    assert_eq!(times, expected);
}

#[test]
fn reading_an_unknown_collection_creates_nothing() {
    let place = Place::of_php("latin1");
    assert_eq!(payload(&place.host(), "unknown", "a"), None);
    assert_eq!(place.php_sees("SELECT * FROM collections"), [""; 0]);
    assert_eq!(
        place.php_sees("SELECT * FROM weft_times WHERE userid <> 0"),
        [""; 0]
    );
}

#[test]
fn listings_leave_out_numbers_without_a_name() {
    let place = Place::of_php("latin1");
    place.php("INSERT INTO collections VALUES (7, 101, 'named'), (8, 102, 'another user''s')");
    for number in [0, 1, 101, 102] {
        place.php(&php_record(number, "a", 500, "12345"));
    }
    let mut account = place.host().read_account(USER).unwrap();
    let time = Timestamp::from_centis(500);
    assert_eq!(
        account.times().unwrap(),
        [(name("clients"), time), (name("named"), time)]
    );
    assert_eq!(
        account.usage().unwrap(),
        [(name("clients"), 5), (name("named"), 5)]
    );
}

#[test]
fn each_user_is_in_the_table_of_its_number_modulo_n() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    let beside = |config: &mut MySqlConfig| {
        config.modulo = Some(3);
        config.php_beside = true;
    };
    let host = place.host_with(beside);
    host.migrate(false).unwrap();
    let tables = place.php_sees("SHOW TABLES LIKE 'wbo%'");
    assert_eq!(tables, ["wbo0", "wbo1", "wbo2"]);
    put(&host, "history", &[full("a", "x")]);
    assert_eq!(place.php_sees("SELECT username FROM wbo1"), ["7"]);
    place.php("UPDATE wbo1 SET ttl = 1; INSERT INTO wbo2 (username, collection, id, modified, ttl) VALUES (8, 4, 'b', 1, 1)");
    host.check().unwrap();
    assert_eq!(host.purge(10).unwrap(), 2);
}

#[test]
fn tables_may_have_other_names() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    let other = PHP_SCHEMA.replace("TABLE wbo", "TABLE `sync-data`");
    place.php(&other.replace("TABLE collections", "TABLE names"));
    let host = place.host_with(|config| {
        config.wbo_table = "sync-data".to_owned();
        config.collections_table = "names".to_owned();
        config.times_table = "our_times".to_owned();
        config.kept_table = "our_kept".to_owned();
    });
    host.migrate(false).unwrap();
    put(&host, "mine", &[full("a", "x")]);
    assert_eq!(place.php_sees("SELECT name FROM names"), ["mine"]);
    assert_eq!(place.php_sees("SELECT id FROM `sync-data`"), ["a"]);
    assert_eq!(
        place.php_sees("SHOW TABLES"),
        ["names", "our_kept", "our_times", "sync-data"]
    );
}

fn back_to(host: &dyn Storage, to: Timestamp) -> Result<Undone, Refusal> {
    let undo = Undo {
        to,
        collection: None,
        rehearsal: false,
    };
    let undoable = host.undoable().unwrap();
    undoable.undo(USER, &undo, &mut |_| {}).unwrap()
}

#[test]
fn what_is_brought_back_has_the_same_bytes() {
    for charset in ["latin1", "utf8mb4"] {
        let place = Place::migrated(charset);
        let host = place.host_with(|config| config.charset = Charset::Binary);
        let then = put(&host, "history", &[full("a", TEXT)]);
        host.delete_records(USER).unwrap();
        back_to(&host, then).unwrap();
        assert_eq!(payload(&host, "history", "a").as_deref(), Some(TEXT));
        let seen = "SELECT payload_size = LENGTH(payload), parentid IS NULL FROM wbo";
        assert_eq!(place.php_sees(seen), ["1|1"], "{charset}");
    }
}

#[test]
fn nobody_is_brought_back_to_before_what_php_wrote() {
    let place = Place::of_php("latin1");
    let host = place.host();
    let first = put(&host, "history", &[full("a", "one")]);
    let second = put(&host, "history", &[full("a", "two")]);
    let php = second.plus_seconds(1).centis();
    place.php(&php_record(4, "php", php, "x"));
    let third = put(&host, "history", &[full("a", "three")]);
    put(&host, "history", &[full("a", "four")]);
    let refused = back_to(&host, first);
    assert_eq!(refused, Err(Refusal::TooEarly(Timestamp::from_centis(php))));
    back_to(&host, third).unwrap();
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("three"));
    assert_eq!(payload(&host, "history", "php").as_deref(), Some("x"));
}

#[test]
fn a_deleted_collection_leaves_nothing_that_php_would_show() {
    let place = Place::of_php("latin1");
    let host = place.host();
    put(&host, "history", &[full("a", "x"), full("b", "x")]);
    place.php("UPDATE wbo SET ttl = 1 WHERE id = 'b'");
    let mut session = host.write_collection(USER, &name("history")).unwrap();
    assert_eq!(session.delete(&Query::default()).unwrap(), 1);
    session.commit().unwrap();
    assert_eq!(place.php_sees("SELECT id FROM wbo"), [""; 0]);
}

#[test]
fn numbers_of_users_reach_as_far_as_their_column() {
    let place = Place::of_php("latin1");
    let host = place.host();
    let last = UserId::new(i32::MAX.unsigned_abs());
    let mut session = host.write_collection(last, &name("history")).unwrap();
    session.put(&[full("a", "x")]).unwrap();
    session.commit().unwrap();
    let beyond = UserId::new(u32::MAX);
    assert!(host.write_collection(beyond, &name("history")).is_err());
    let mut session = host
        .read_collection(last, &name("history"), ReadFrom::Primary)
        .unwrap();
    let found = session.get(&RecordId::new("a").unwrap(), &mut |_| {});
    assert!(found.unwrap());
}
