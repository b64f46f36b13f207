//! The database is changed by additions only, in the open, and not without being asked.

use super::{PHP_SCHEMA, Place, full, mixed, put, upload};
use crate::harness::MariaDb;
use weft::storage::undo::Undo;
use weft::storage::{Storage, StorageError};

fn sql(migrations: Vec<weft::storage::mysql::Migration>) -> String {
    migrations.into_iter().map(|m| m.sql + ";\n").collect()
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    place.php(PHP_SCHEMA);
    let before = place.php_sees("SHOW CREATE TABLE wbo");
    let said = sql(place.host().migrate(true).unwrap());
    assert!(
        said.contains("ALTER TABLE `wbo`\n  ADD COLUMN ttl int"),
        "{said}"
    );
    assert!(said.contains("CREATE TABLE `weft_times`"), "{said}");
    assert!(!said.contains("collections"), "{said}");
    assert_eq!(place.php_sees("SHOW CREATE TABLE wbo"), before);
    assert_eq!(place.php_sees("SHOW TABLES"), ["collections", "wbo"]);
}

#[test]
fn what_a_dry_run_says_can_be_run_by_hand() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    place.php(PHP_SCHEMA);
    place.php(&sql(place.host().migrate(true).unwrap()));
    assert_eq!(place.host().migrate(true).unwrap(), []);
    place.host().check().unwrap();
    put(&place.host(), "history", &[full("a", "x")]);
}

#[test]
fn migrating_twice_changes_nothing() {
    let place = Place::migrated("latin1");
    assert_eq!(place.host().migrate(false).unwrap(), []);
}

#[test]
fn php_goes_on_writing_after_the_migration() {
    let place = Place::of_php("latin1");
    place.php(
        "REPLACE INTO wbo (username, id, collection, parentid, predecessorid, sortindex, modified, \
         payload, payload_size) VALUES (7, 'a', 4, NULL, NULL, NULL, 1, 'x', 1)",
    );
    assert_eq!(place.php_sees("SELECT ttl FROM wbo"), ["2100000000"]);
}

#[test]
fn the_column_of_a_python_server_is_used_as_it_is() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    place.php(PHP_SCHEMA);
    place.php("ALTER TABLE wbo ADD COLUMN ttl int DEFAULT 2100000000");
    let said = sql(place.host().migrate(false).unwrap());
    assert!(said.contains("ADD KEY weft_ttl (ttl)"), "{said}");
    assert!(!said.contains("COLUMN"), "{said}");
}

#[test]
fn missing_indexes_are_added() {
    for (place, ttl) in [
        (Place::migrated("latin1"), "weft_living"),
        (Place::of_php("latin1"), "weft_ttl"),
    ] {
        place.php(&format!(
            "ALTER TABLE wbo DROP KEY modified, DROP KEY {ttl}"
        ));
        let said = sql(place.host().migrate(false).unwrap());
        assert!(said.contains("(username, collection, modified)"), "{said}");
        assert!(said.contains(&format!("ADD KEY {ttl} ")), "{said}");
        assert_eq!(place.host().migrate(true).unwrap(), []);
    }
}

/// The names of the indexes of the table of records.
fn indexes(place: &Place<'_>) -> Vec<String> {
    place.php_sees(
        "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'wbo' ORDER BY 1",
    )
}

const OWN: [&str; 3] = ["modified", "PRIMARY", "weft_living"];

#[test]
fn new_tables_have_the_indexes_of_php_only_where_php_may_write_to_them() {
    assert_eq!(indexes(&Place::migrated("latin1")), OWN);
    let place = Place::empty(MariaDb::shared(), "latin1");
    let beside = place.host_with(|config| config.php_beside = true);
    beside.migrate(false).unwrap();
    assert_eq!(indexes(&place).len(), 7);
    assert_eq!(place.host().migrate(false).unwrap(), []);
    assert_eq!(indexes(&place).len(), 7, "what is there stays as it is");
}

#[test]
fn without_php_its_tables_lose_its_indexes_and_nothing_else() {
    let prepared = Place::of_php("latin1");
    let time = put(&prepared.host(), "history", &[full("a", "x")]);
    let unprepared = Place::empty(MariaDb::shared(), "latin1");
    unprepared.php(PHP_SCHEMA);
    unprepared.php("ALTER TABLE wbo ADD KEY somebodys (sortindex)");
    for place in [&prepared, &unprepared] {
        let before = indexes(place);
        let said = sql(place.host().migrate_without_php(true).unwrap());
        assert_eq!(indexes(place), before);
        assert_eq!(said.matches("ALTER TABLE `wbo`").count(), 1, "{said}");
        place.php(&said);
        assert_eq!(place.host().migrate_without_php(false).unwrap(), []);
        assert_eq!(place.host().migrate(false).unwrap(), []);
        place.host().check().unwrap();
    }
    assert_eq!(indexes(&prepared), OWN);
    assert_eq!(
        indexes(&unprepared),
        ["modified", "PRIMARY", "somebodys", "weft_living"]
    );
    let times = prepared.host().read_times(super::USER).unwrap().1;
    assert_eq!(times, [(super::name("history"), time)]);
}

/// What `docs/migration.md` says.
#[test]
fn php_can_have_its_indexes_back() {
    let place = Place::of_php("latin1");
    let before = indexes(&place);
    place.host().migrate_without_php(false).unwrap();
    let manual = std::fs::read_to_string("docs/migration.md").unwrap();
    let from = manual.find("ALTER TABLE wbo ADD KEY parentindex").unwrap();
    let length = manual[from..].find(';').unwrap();
    place.php(&manual[from..from + length]);
    assert_eq!(indexes(&place), before);
    assert_eq!(place.host().migrate(false).unwrap(), []);
}

#[test]
fn a_request_to_a_database_that_is_not_prepared_says_which_sql_to_run() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    place.php(PHP_SCHEMA);
    let host = place.host();
    let failures = [
        host.read_account(super::USER).err(),
        host.write_collection(super::USER, &super::name("history"))
            .err(),
        host.check().err(),
    ];
    for failure in failures {
        let Some(StorageError::Broken(why)) = failure else {
            panic!("{failure:?}");
        };
        assert!(why.contains("weft migrate"), "{why}");
        assert!(why.contains("CREATE TABLE `weft_times`"), "{why}");
        assert!(why.contains("ADD COLUMN ttl"), "{why}");
    }
    host.migrate(false).unwrap();
    put(&host, "history", &[full("a", "x")]);
}

#[test]
fn a_database_that_was_not_brought_up_to_date_serves_on_and_keeps_nothing() {
    let place = Place::migrated("latin1");
    place.php("DROP TABLE weft_kept");
    let host = place.host();
    let then = put(&host, "history", &[full("a", "x")]);
    put(&host, "history", &[full("a", "y")]);
    host.check().unwrap();
    assert!(host.delete_records(super::USER).unwrap() > then);
    let undoable = host.undoable().unwrap();
    let Err(StorageError::Broken(why)) = undoable.history(super::USER) else {
        panic!("there is no table");
    };
    assert!(why.contains("CREATE TABLE `weft_kept`"), "{why}");
    host.forget_user(super::USER).unwrap();
    host.purge(10).unwrap();
    let said = sql(host.migrate(false).unwrap());
    assert!(said.contains("CREATE TABLE `weft_kept`"), "{said}");

    let host = place.host();
    let then = put(&host, "history", &[full("a", "x")]);
    put(&host, "history", &[full("a", "y")]);
    let undo = Undo {
        to: then,
        collection: None,
        rehearsal: false,
    };
    let undoable = host.undoable().unwrap();
    undoable
        .undo(super::USER, &undo, &mut |_| {})
        .unwrap()
        .unwrap();
    assert_eq!(super::payload(&host, "history", "a").unwrap(), "x");
}

#[test]
fn an_upload_of_new_and_known_records_gets_by_without_a_place_to_keep_the_known_ones() {
    let place = Place::migrated("latin1");
    let host = place.host();
    put(&host, "history", &mixed(0, Some(1)));
    place.php("DROP TABLE weft_kept");
    let writes = mixed(1, Some(10));
    upload(&host, "history", &writes);
    for n in [0, 1, 91, 99] {
        let id = writes[n].id.as_str();
        assert_eq!(super::payload(&host, "history", id), writes[n].payload);
    }
    super::sums::must_be_right(&place);
}

#[test]
fn a_table_without_transactions_is_refused() {
    let place = Place::migrated("latin1");
    place.php("ALTER TABLE wbo ENGINE=MyISAM");
    let Err(StorageError::Broken(why)) = place.host().check() else {
        panic!("MyISAM was taken");
    };
    assert!(why.contains("ALTER TABLE `wbo` ENGINE=InnoDB"), "{why}");
}

#[test]
fn a_name_that_is_no_table_name_is_refused() {
    let place = Place::migrated("latin1");
    let mut config = place.config();
    config.wbo_table = "wbo`; DROP TABLE users; --".to_owned();
    assert!(weft::storage::mysql::MySqlStorage::new(config).is_err());
}
