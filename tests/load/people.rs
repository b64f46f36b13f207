//! Accounts with data, laid into the database as years of syncing would leave it.

use crate::harness::Server;
use crate::harness::legacy::Legacy;

pub const PASSWORD: &str = "a long password";

/// How many records each account has: history, bookmarks, and the rest. Four to five hundred make a database
/// of a gigabyte for 2,000 accounts.
const RECORDS: [(u32, &str, u32); 6] = [
    (4, "history", 250),
    (7, "bookmarks", 120),
    (3, "forms", 50),
    (10, "passwords", 25),
    (8, "prefs", 1),
    (1, "clients", 2),
];

pub fn name(number: u64) -> String {
    format!("person{number}")
}

/// Makes the accounts.
pub fn settle(server: &Server, database: &Legacy, accounts: u64) {
    // One is made by the program, with the records that every sync looks at; the others are like it.
    let add = ["user", "add", "person0", "--email", "p@example.org"];
    server.command(&add, PASSWORD).expect();
    let run = |sql: &str| database.server.run(&database.database, sql);
    let rest = accounts - 1;
    run(&format!(
        "INSERT INTO users (username, password_hash, email, status) \
         SELECT CONCAT('person', seq), password_hash, 'p@example.org', 1 \
         FROM users, seq_1_to_{rest} WHERE username = 'person0'"
    ));
    for (number, name, count) in RECORDS {
        run(&format!(
            "INSERT INTO wbo (username, collection, id, modified, payload, payload_size, sortindex) \
             SELECT u.id, {number}, CONCAT('{name}-', seq), 170000000000 + seq * 100, \
             REPEAT('0123456789abcdef', 20), 320, seq \
             FROM users u, seq_1_to_{count} WHERE u.username LIKE 'person%'"
        ));
    }
    for (number, id) in [(2, "keys"), (6, "global")] {
        run(&format!(
            "INSERT INTO wbo (username, collection, id, modified, payload, payload_size) \
             SELECT id, {number}, '{id}', 170000000000, 'precious', 8 \
             FROM users WHERE username LIKE 'person%'"
        ));
    }
}

/// How many records there are.
pub fn records(database: &Legacy) -> u64 {
    let rows = database
        .server
        .rows(&database.database, "SELECT COUNT(*) FROM wbo");
    rows[0].parse().expect("a number")
}
