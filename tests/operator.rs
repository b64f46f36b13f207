//! The operator's commands on real servers: what a database lacks, whether everything answers, and
//! hosts that have databases of their own.

mod harness;

use harness::{MariaDb, Memcached};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

/// A folder with the program's settings in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new(settings: &str) -> Self {
        let home = Home(tempfile::tempdir().unwrap());
        let file = home.0.path().join("weft.toml");
        fs::write(&file, format!("data.dir = \"data\"\n{settings}")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        home
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .env_clear()
            .env("WEFT_CONFIG", self.0.path().join("weft.toml"))
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, line: &str, input: &str) -> Output {
        finish(self.command().args(line.split(' ')), input)
    }

    /// What the program prints, which must succeed.
    fn prints(&self, line: &str) -> String {
        let done = self.run(line, "");
        assert!(done.status.success(), "{line}: {}", text(&done.stderr));
        text(&done.stdout)
    }

    /// What the program answers as a CGI program.
    fn answers(&self, method: &str, host: &str, path: &str, body: &str) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut command = self.command();
        command
            .env("GATEWAY_INTERFACE", "CGI/1.1")
            .env("SERVER_PROTOCOL", "HTTP/1.1")
            .env("REMOTE_ADDR", "192.0.2.1")
            .env("REQUEST_METHOD", method)
            .env("SCRIPT_NAME", "")
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("CONTENT_LENGTH", body.len().to_string())
            .env("HTTP_HOST", host)
            // ada:long enough
            .env("HTTP_AUTHORIZATION", "Basic YWRhOmxvbmcgZW5vdWdo");
        text(&finish(&mut command, body).stdout)
    }
}

fn finish(command: &mut Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // A program that reads nothing may be gone already.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mysql(server: &MariaDb, database: &str) -> String {
    format!(
        "storage.engine = \"mysql\"\n[mysql.write]\nhost = \"127.0.0.1\"\nport = {}\n\
         database = \"{database}\"\nuser = \"{}\"\npassword = '''{}'''\n",
        server.port(),
        MariaDb::USER,
        MariaDb::PASSWORD
    )
}

#[test]
fn what_a_database_lacks_is_printed_and_then_added_once() {
    let server = MariaDb::shared();
    let database = server.database("latin1");
    let home = Home::new(&mysql(server, &database));
    let unprepared = home.run("config --check --connect", "");
    assert!(!unprepared.status.success());
    let told = text(&unprepared.stderr);
    assert!(told.contains("run `weft migrate`"), "{told}");

    let rehearsed = home.prints("migrate --dry-run");
    assert!(rehearsed.contains("CREATE TABLE `wbo` ("), "{rehearsed}");
    assert_eq!(server.rows(&database, "SHOW TABLES"), [""; 0]);
    let migrated = home.run("migrate", "");
    let (added, progress) = (text(&migrated.stdout), text(&migrated.stderr));
    assert!(migrated.status.success(), "{progress}");
    assert_eq!(rehearsed.replace(" lacks\n", " got\n"), added);
    // Whoever waits for a large table sees which statement it is.
    assert!(
        progress.contains("running: CREATE TABLE `wbo` ("),
        "{progress}"
    );
    assert_eq!(server.rows(&database, "SHOW TABLES").len(), 4);
    let head = format!(
        "-- records: database {database} at 127.0.0.1:{}",
        server.port()
    );
    assert_eq!(home.prints("migrate"), format!("{head} lacks nothing\n"));

    let checked = home.prints("config --check --connect");
    let records = &head[3..];
    assert!(
        checked.contains(&format!("Answers:       {records}\n")),
        "{checked}"
    );
}

#[test]
fn while_php_writes_no_table_loses_its_indexes() {
    let server = MariaDb::shared();
    let database = server.database("latin1");
    let settings = mysql(server, &database);
    let beside = Home::new(&format!("legacy.php_beside = true\n{settings}"));
    beside.prints("migrate");
    let refused = beside.run("migrate --without-php", "");
    assert!(!refused.status.success());
    let why = text(&refused.stderr);
    assert!(why.contains("legacy.php_beside is set"), "{why}");
    let alone = Home::new(&settings);
    assert!(alone.prints("migrate").ends_with(" lacks nothing\n"));
    let done = alone.prints("migrate --without-php");
    assert!(done.contains("DROP KEY `parentindex`"), "{done}");
}

#[test]
fn what_is_printed_can_be_run_by_a_database_administrator() {
    let server = MariaDb::shared();
    let database = server.database("latin1");
    let home = Home::new(&mysql(server, &database));
    let sql = home.prints("migrate --dry-run");
    for statement in sql.split(";\n").filter(|part| !part.trim().is_empty()) {
        server.run(&database, statement);
    }
    assert!(home.prints("migrate").ends_with(" lacks nothing\n"));
}

#[test]
fn a_host_has_a_database_of_its_own_and_each_is_migrated_once() {
    let server = MariaDb::shared();
    let (all, shard) = (server.database("latin1"), server.database("latin1"));
    let home = Home::new(&format!(
        "{}[[host]]\nnames = [\"shard.example.org\"]\nmysql.write.database = \"{shard}\"\n\
         [[host]]\nnames = [\"other.example.org\"]\nquota.bytes = \"1 MiB\"\n",
        mysql(server, &all)
    ));
    let migrated = home.prints("migrate");
    assert_eq!(
        migrated.matches("-- records: database ").count(),
        2,
        "{migrated}"
    );
    let added = home.run("user add ada", "long enough\n");
    assert!(added.status.success(), "{}", text(&added.stderr));

    for (host, id) in [
        ("shard.example.org", "in-shard"),
        ("other.example.org", "in-all"),
        ("unknown.example.org", "in-all-too"),
    ] {
        let record = format!("{{\"id\":\"{id}\",\"payload\":\"x\"}}");
        let path = format!("/1.0/ada/storage/test/{id}");
        let answer = home.answers("PUT", host, &path, &record);
        assert!(answer.starts_with("Status: 200"), "{answer}");
    }
    let ids = "SELECT id FROM wbo ORDER BY id";
    assert_eq!(server.rows(&shard, ids), ["in-shard"]);
    assert_eq!(server.rows(&all, ids), ["in-all", "in-all-too"]);
    let read = home.answers("GET", "SHARD.example.org:443", "/1.0/ada/storage/test", "");
    assert!(read.ends_with("[\"in-shard\"]"), "{read}");
}

#[test]
fn users_live_in_the_table_of_php_and_its_passwords_open_the_door() {
    let server = MariaDb::shared();
    let (records, users) = (server.database("latin1"), server.database("latin1"));
    // As PHP made them: the table, and a user with the password "long enough" as bare MD5.
    server.run(
        &users,
        "CREATE TABLE users (id int NOT NULL PRIMARY KEY auto_increment, username varchar(32), \
         password_hash varbinary(128), email varbinary(64), status tinyint DEFAULT 1, alert text, \
         reset varbinary(32)) ENGINE=InnoDB",
    );
    server.run(
        &users,
        "INSERT INTO users (id, username, password_hash) VALUES (7, 'ada', MD5('long enough'))",
    );
    let home = Home::new(&format!(
        "legacy.php_beside = true\nauth.engine = \"mysql\"\nauth.legacy_md5 = true\n\
         auth.mysql.database = \"{users}\"\n{}",
        mysql(server, &records)
    ));
    let added = home.prints("migrate");
    assert!(
        added.contains(&format!("-- accounts: database {users} at ")),
        "{added}"
    );
    home.prints("config --check --connect");

    let record = "{\"id\":\"a\",\"payload\":\"x\"}";
    let answer = home.answers("PUT", "h", "/1.0/ada/storage/history/a", record);
    assert!(answer.starts_with("Status: 200"), "{answer}");
    assert_eq!(server.rows(&records, "SELECT username FROM wbo"), ["7"]);
    // Replaced after the login, by what PHP can read.
    let hash = server.rows(&users, "SELECT LEFT(password_hash, 9) FROM users");
    assert_eq!(hash, ["{SSHA-256}".get(..9).unwrap()]);
}

#[test]
fn beside_php_a_write_is_told_in_memcached_and_a_password_can_be_read_by_php() {
    let server = MariaDb::shared();
    let database = server.database("latin1");
    let memcached = Memcached::start();
    let settings = |php: bool| {
        let (cache, mysql) = (memcached.settings(), mysql(server, &database));
        Home::new(&format!(
            "legacy.php_beside = {php}\nlockout.failures = 3\n{mysql}{cache}"
        ))
    };
    let (beside, alone) = (settings(true), settings(false));
    for (home, kind, told) in [(&alone, "$argon2id$", false), (&beside, "{SSHA-256}", true)] {
        home.prints("migrate");
        let added = home.run("user add ada", "long enough\n");
        assert!(added.status.success(), "{}", text(&added.stderr));
        let accounts = fs::read(home.0.path().join("data/accounts.db")).unwrap();
        assert!(text(&accounts).contains(kind), "{kind}");
        // PHP tells its users nothing of a collection unless it has made the entry itself.
        memcached.set(
            "coll:1",
            1,
            "a:1:{s:5:\"forms\";a:2:{i:0;d:100;i:1;s:1:\"1\";}}",
        );
        let record = "{\"id\":\"a\",\"payload\":\"x\"}";
        let answer = home.answers("PUT", "h", "/1.0/ada/storage/history/a", record);
        assert!(answer.starts_with("Status: 200"), "{answer}");
        let entry = memcached.get("coll:1");
        assert_eq!(entry.contains("history"), told, "{entry}");
    }
}

#[test]
fn a_list_of_any_length_comes_whole_from_mysql() {
    let server = MariaDb::shared();
    let database = server.database("latin1");
    let home = Home::new(&mysql(server, &database));
    home.prints("migrate");
    let added = home.run("user add ada", "long enough\n");
    assert!(added.status.success(), "{}", text(&added.stderr));
    // More than an answer that is told in one piece, by far and by little, and less than one.
    for (collection, bytes) in [("history", 40_000), ("forms", 11_000), ("bookmarks", 4_000)] {
        let path = format!("/1.1/ada/storage/{collection}");
        let payload = "x".repeat(bytes);
        let record = |n: usize| format!("{{\"id\":\"{n}\",\"payload\":\"{payload}\"}}");
        let records: Vec<_> = (100..199).map(record).collect();
        for batch in records.chunks(25) {
            let body = format!("[{}]", batch.join(","));
            let answer = home.answers("POST", "h", &path, &body);
            assert!(answer.starts_with("Status: 200"), "{answer}");
        }
        let answer = home.answers("GET", "h", &format!("{path}?full=1"), "");
        let (head, list) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("Status: 200"), "{head}");
        assert!(head.contains("X-Weave-Records: 99"), "{head}");
        assert_eq!(list.matches(&*payload).count(), 99);
        assert!(list.ends_with("}]"));
    }
}

#[test]
fn wrong_passwords_are_counted_for_all_processes_together_in_memcached() {
    let memcached = Memcached::start();
    let home = Home::new(&format!("lockout.failures = 2\n{}", memcached.settings()));
    let added = home.run("user add ada", "another password\n");
    assert!(added.status.success(), "{}", text(&added.stderr));
    let look = || home.answers("GET", "h", "/1.0/ada/info/collections", "");
    for told in [
        "Authentication failed",
        "Authentication failed",
        "Account locked",
    ] {
        let answer = look();
        assert!(answer.contains(told), "{told}: {answer}");
    }
}

#[test]
fn servers_that_are_away_are_each_named() {
    let home = Home::new(
        "storage.engine = \"mysql\"\nmysql.write = { host = \"127.0.0.1\", port = 1 }\n\
         memcached.servers = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n\
         auth.engine = \"ldap\"\nldap = { url = \"ldaps://127.0.0.1:1\", base = \"dc=x\" }\n",
    );
    let started = std::time::Instant::now();
    let done = home.run("config --check --connect", "");
    assert_eq!(done.status.code(), Some(1));
    let told = text(&done.stderr);
    for server in [
        "weft: records: database weave at 127.0.0.1:1: ",
        "weft: accounts: ldaps://127.0.0.1:1: ",
        "weft: memcached: 127.0.0.1:1: it does not answer\n",
        "weft: memcached: 127.0.0.1:2: it does not answer\n",
    ] {
        assert!(told.contains(server), "{server}{told}");
    }
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    assert!(
        !home.0.path().join("data").exists(),
        "a check makes nothing"
    );
}
