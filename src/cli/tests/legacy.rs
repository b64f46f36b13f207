//! The commands of an operator who moves from a legacy PHP server.

use super::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn migrate_prints_what_a_database_administrator_can_run() {
    let done = Machine::new().run("weft migrate --dry-run");
    assert_eq!((done.code, done.errors.as_str()), (0, ""));
    assert_eq!(done.asked, ["migrate true false"]);
    assert_eq!(
        done.output,
        "-- database a at db:3306 lacks\n-- Why.\nCREATE 1;\nCREATE 2;\n\
         -- database b? at db:3306 lacks nothing\n"
    );
    let done = Machine::new().run("weft migrate");
    assert_eq!(done.asked, ["migrate false false"]);
    assert!(done.output.contains("-- database a at db:3306 got\n"));
    let done = Machine::new().run("weft migrate --without-php");
    assert_eq!(done.asked, ["migrate false true"]);
}

#[test]
fn a_check_asks_the_servers_only_if_told_to() {
    let done = Machine::new().run("weft config --check");
    assert_eq!((done.code, done.errors.as_str()), (0, ""));
    let done = Machine::new().run("weft config --check --connect");
    assert_eq!(done.code, 1);
    assert!(
        done.output.ends_with("Answers:       records: a\n"),
        "{}",
        done.output
    );
    assert!(!done.output.contains("Nothing is wrong"), "{}", done.output);
    assert_eq!(done.errors, "weft: memcached: b: it is away\n");
}

#[test]
fn the_settings_of_a_php_server_are_a_file_that_works_as_it_is() {
    let machine = Machine::new();
    let php = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/legacy-php");
    let done = machine.run(&format!(
        "weft config from-php {}/default_constants.php",
        php.display()
    ));
    assert_eq!((done.code, done.errors.as_str()), (0, ""));
    let file = machine.root.path().join("weft.toml");
    fs::write(&file, &done.output).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();

    let checked = machine.run("weft config --check");
    assert_eq!((checked.code, checked.errors.as_str()), (0, ""));
    assert!(
        checked.output.ends_with("\nNothing is wrong.\n"),
        "{}",
        checked.output
    );
    // What shard_constants.php says is found without being named.
    let printed = machine.run("weft config").output;
    for line in [
        "names = [\"sync1.example.com\", \"sync2.example.com\"]\n",
        "mysql.write.host = \"shard-a.example.com\"\n",
        "php_beside = true\n",
    ] {
        assert!(printed.contains(line), "{line}{printed}");
    }
    assert!(
        !printed.contains("secret\\\"") && !printed.contains("pepper"),
        "{printed}"
    );
}

#[test]
fn a_php_file_that_is_not_there_is_named() {
    let done = Machine::new().run("weft config from-php nowhere.php");
    assert_eq!(done.code, 1);
    assert!(
        done.errors.starts_with("weft: can't read nowhere.php: "),
        "{}",
        done.errors
    );
    assert_eq!(done.output, "");
}
