//! Databases without tables or without rights, and a mail server that is away.

use crate::Served;
use crate::harness::MariaDb;

/// Settings with records in that database.
fn settings(user: &str, password: &str, database: &str) -> String {
    let port = MariaDb::shared().port();
    let password = password.replace('"', "\\\"");
    format!(
        "[storage]\nengine = \"mysql\"\n[mysql.write]\nhost = \"127.0.0.1\"\nport = {port}\n\
         database = \"{database}\"\nuser = \"{user}\"\npassword = \"{password}\"\n"
    )
}

#[test]
#[cfg_attr(without = "mariadb", ignore = "its server is not installed")]
fn migrations_are_missing_until_they_are_made() {
    let database = MariaDb::shared().database("utf8mb4");
    let served = Served::with(&settings(MariaDb::USER, MariaDb::PASSWORD, &database));
    let examined = served.examined();
    examined.has_one_fault("migrations", "run", "weft migrate");
    examined.has_fault("migrations", "in the database", "CREATE TABLE");
    served.at.run("weft", &["migrate"], "").expect();
    served.examined().is_sound();
}

#[test]
#[cfg_attr(without = "mariadb", ignore = "its server is not installed")]
fn the_databases_user_may_not_write() {
    let server = MariaDb::shared();
    let database = server.database("utf8mb4");
    let served = Served::with(&settings(MariaDb::USER, MariaDb::PASSWORD, &database));
    served.at.run("weft", &["migrate"], "").expect();
    server.run(
        "mysql",
        &format!("CREATE USER reader@'%' IDENTIFIED BY 'pass'; GRANT SELECT ON {database}.* TO reader@'%'"),
    );
    drop(served);
    let served = Served::with(&settings("reader", "pass", &database));
    let line = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON `{database}`.* TO 'reader'");
    served
        .examined()
        .has_one_fault("rights", "in the database", &line);
}

#[test]
#[cfg_attr(without = "mariadb", ignore = "its server is not installed")]
fn the_databases_user_is_refused() {
    let database = MariaDb::shared().database("utf8mb4");
    let served = Served::with(&settings(MariaDb::USER, "wrong", &database));
    let place = served.at.site.path("weft.toml").display().to_string();
    served
        .examined()
        .has_one_fault("rights", &place, "password");
}

#[test]
fn a_database_and_a_directory_that_are_away_are_told_with_the_place_of_their_address() {
    for (settings, line) in [
        (
            "[storage]\nengine = \"mysql\"\n[mysql.write]\nhost = \"127.0.0.1\"\nport = 1\n",
            "[mysql.write]\nhost = ",
        ),
        (
            "[auth]\nengine = \"ldap\"\n[ldap]\nurl = \"ldap://127.0.0.1:1\"\nbase = \"dc=example\"\n",
            "[ldap]\nurl = ",
        ),
    ] {
        let served = Served::with(settings);
        let place = served.at.site.path("weft.toml").display().to_string();
        let examined = served.examined();
        examined.has_one_fault("databases", &place, line);
        let told = examined.report.to_string();
        assert!(!told.contains("DriverError"), "{told}");
    }
}

#[test]
fn the_mail_server_is_away() {
    let mail = "[server]\npublic_url = \"URL\"\n[mail]\ntransport = \"smtp\"\nserver = \"127.0.0.1\"\n\
        port = 1\nsecurity = \"none\"\nsender = \"sync@example.org\"\n";
    let at = crate::harness::Installation::new();
    let port = crate::harness::Port::claim();
    let url = format!("http://127.0.0.1:{}/", port.number);
    at.configure("weft", &mail.replace("URL", &url));
    let served = Served::from(at, port);
    let place = served.at.site.path("weft.toml").display().to_string();
    served.examined().has_one_fault("mail", &place, "server = ");
}

#[test]
fn letters_need_the_address_of_the_server() {
    let served = Served::with(
        "[mail]\ntransport = \"smtp\"\nserver = \"127.0.0.1\"\nsender = \"sync@example.org\"\n",
    );
    served
        .examined()
        .has_one_fault("mail", "below [server]", "public_url = ");
}
