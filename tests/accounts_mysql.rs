//! The MySQL engine of accounts against the suite of all account engines, and alone: on rows as PHP
//! wrote them, with real PHP, and on a server that stops, stalls and loses connections.

#[macro_use]
mod accounts_suite;
mod harness;
#[cfg(not(without = "mariadb"))]
mod mysql_accounts;

#[cfg(not(without = "mariadb"))]
accounts_suite!(crate::mysql_accounts::bench);

#[cfg(without = "mariadb")]
#[test]
#[ignore = "its server is not installed"]
fn mariadb_is_there() {}
