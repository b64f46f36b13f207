//! A real MariaDB of one's own: on a free port, in a folder of its own, gone with the test program.
//!
//! The server is started in a session of its own. A keeper, a small shell script, holds the other
//! end of a pipe: when the test program ends, in whatever way, the keeper ends the server and
//! removes its folder.

// A test may panic.
#![allow(clippy::disallowed_methods)]

mod install;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, Row, Value};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::faketime::{self, Clock};
use super::ports::Port;
use super::process;
use install::{NO_KERNEL_QUEUE, account, install, scratch};

/// How long the server may take until it is ready: generous, for machines that do much else.
const PATIENCE: Duration = Duration::from_secs(180);

const KEEPER: &str = r#"
cat >/dev/null
pid=$(cat "$1/server.pid" 2>/dev/null)
if [ -n "$pid" ]; then kill -CONT "$pid"; kill -KILL "$pid"; fi 2>/dev/null
for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
rm -rf "$1"
"#;

/// What a server has of its own, beside what all have.
#[derive(Default)]
pub struct Own<'o> {
    pub options: &'o [&'o str],
    /// An empty folder in which its data are.
    pub data: Option<&'o Path>,
    /// A clock that can be set, where libfaketime is installed.
    pub clock: bool,
}

/// A running MariaDB.
pub struct MariaDb {
    folder: PathBuf,
    data: PathBuf,
    clock: Option<Clock>,
    port: Port,
    options: Vec<String>,
    server: Mutex<Option<Child>>,
    keeper: Option<(Child, ChildStdin)>,
}

impl MariaDb {
    pub const USER: &'static str = "weft";
    pub const PASSWORD: &'static str = "weft's \"password\"";

    /// The server that all tests of a program share; each makes a database of its own there.
    pub fn shared() -> &'static MariaDb {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(|| MariaDb::start(&[]))
    }

    /// A server for one test, with options of its own.
    pub fn start(options: &[&str]) -> MariaDb {
        MariaDb::start_with(&Own {
            options,
            ..Own::default()
        })
    }

    /// A server for one test, with what is its own.
    pub fn start_with(own: &Own<'_>) -> MariaDb {
        let folder = tempfile::Builder::new()
            .prefix("mariadb-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("permissions");
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("sh");
        let pipe = keeper.stdin.take().expect("a pipe");
        let data = own.data.unwrap_or(&folder).join("data");
        install(&folder, &data);
        let clock = own.clock.then(|| Clock::new(folder.join("clock")));
        let server = MariaDb {
            data,
            clock: clock.flatten(),
            port: Port::claim(),
            options: own
                .options
                .iter()
                .map(|option| option.to_string())
                .collect(),
            server: Mutex::new(None),
            keeper: Some((keeper, pipe)),
            folder,
        };
        server.start_again();
        let grant = format!(
            "CREATE USER {0}@'%' IDENTIFIED BY '{1}'; GRANT ALL ON *.* TO {0}@'%'",
            Self::USER,
            Self::PASSWORD.replace('\'', "''")
        );
        server.root("mysql").query_drop(grant).expect("a user");
        server
    }

    pub fn port(&self) -> u16 {
        self.port.number
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.join("server.sock")
    }

    /// Makes an empty database whose columns have this character set; answers its name.
    pub fn database(&self, charset: &str) -> String {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("weft_{}", MADE.fetch_add(1, Ordering::SeqCst));
        let sql = format!("CREATE DATABASE {name} CHARACTER SET {charset}");
        self.root("mysql").query_drop(sql).expect("a database");
        name
    }

    /// A connection as the server's administrator.
    pub fn root(&self, database: &str) -> Conn {
        let options = OptsBuilder::new()
            .socket(self.socket().to_str())
            .user(Some("root"))
            .db_name(Some(database));
        Conn::new(options).expect("a connection")
    }

    /// A connection as PHP of 2010 made it: latin1, and no SQL mode.
    pub fn php(&self, database: &str) -> Conn {
        let mut conn = self.root(database);
        conn.query_drop("SET NAMES latin1; SET SESSION sql_mode = ''")
            .expect("a session");
        conn
    }

    /// Runs statements as PHP would; text is taken byte for byte.
    pub fn run(&self, database: &str, sql: &str) {
        self.php(database).query_drop(sql).expect(sql);
    }

    /// The rows of a query as PHP would see them, NULL as `NULL`, columns separated by `|`.
    pub fn rows(&self, database: &str, sql: &str) -> Vec<String> {
        let rows: Vec<Row> = self.php(database).query(sql).expect(sql);
        rows.into_iter()
            .map(|row| row.unwrap().iter().map(shown).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// Starts the server after it was stopped or killed, and waits until it answers.
    pub fn start_again(&self) {
        let mut server = self.server.lock().unwrap();
        assert!(server.is_none(), "the server is running");
        *server = Some(self.spawn());
        drop(server);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let options = OptsBuilder::new()
                .socket(self.socket().to_str())
                .user(Some("root"));
            match Conn::new(options) {
                Ok(_) => return,
                Err(error) if Instant::now() > deadline => {
                    panic!("MariaDB is not ready: {error}\n{}", self.log());
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Starts the server again if it has ended by itself. Whether it had.
    pub fn revive(&self) -> bool {
        let mut server = self.server.lock().unwrap();
        let ended = match server.as_mut() {
            Some(child) => child.try_wait().expect("a child").is_some(),
            None => false,
        };
        if ended {
            let log = self.log();
            let why = |line: &&str| line.contains("[FATAL]") || line.contains("Assertion");
            println!("MariaDB has ended by itself: {:?}", log.lines().find(why));
            *server = None;
            drop(server);
            self.start_again();
        }
        ended
    }

    /// What the server has said since it was started last.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Whether it has a clock of its own.
    pub fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// Sets its clock to so many seconds from the right time. Whether it has one of its own.
    pub fn set_clock(&self, seconds: i64) -> bool {
        if let Some(clock) = &self.clock {
            clock.set(seconds);
        }
        self.clock.is_some()
    }

    /// Ends the server as an administrator does, and waits until it is gone.
    pub fn stop(&self) {
        self.end("TERM");
    }

    /// Ends the server as a power failure does.
    pub fn kill(&self) {
        self.end("KILL");
    }

    /// Makes the server stand still: it holds its connections and says nothing.
    pub fn pause(&self) {
        assert!(process::pause(self.id()), "the server runs");
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        assert!(process::go_on(self.id()), "the server runs");
    }

    /// Ends all connections but ours and takes the places of all, until what is answered is dropped.
    pub fn use_up_connections(&self) -> UsedUp {
        let mut first = self.root("mysql");
        let mut others = Vec::new();
        first
            .query_drop("SET GLOBAL max_connections = 10")
            .expect("its least");
        let sql = "SELECT id FROM information_schema.processlist WHERE user = ?";
        let strangers: Vec<u64> = first.exec(sql, (Self::USER,)).expect("a list");
        for id in strangers {
            // It may have ended just now.
            let _ = first.query_drop(format!("KILL CONNECTION {id}"));
        }
        let more = || {
            let options = OptsBuilder::new().socket(self.socket().to_str());
            Conn::new(options.user(Some("root")))
        };
        let refused = loop {
            match more() {
                Ok(other) => others.push(other),
                Err(refused) => break refused.to_string(),
            }
        };
        assert!(refused.contains("Too many connections"), "{refused}");
        UsedUp { first, others }
    }

    fn end(&self, signal: &str) {
        assert!(process::signal(self.id(), signal), "the server runs");
        let mut server = self.server.lock().unwrap();
        if let Some(mut child) = server.take() {
            child.wait().expect("its end");
            faketime::forget(child.id());
        }
    }

    fn id(&self) -> u32 {
        let server = self.server.lock().unwrap();
        server.as_ref().expect("a running server").id()
    }

    fn spawn(&self) -> Child {
        let log = fs::File::create(self.folder.join("server.log")).expect("a log");
        let errors = log.try_clone().expect("a log");
        let mut command = Command::new("mariadbd");
        command
            .arg("--no-defaults")
            .arg(format!("--datadir={}", self.data.display()))
            .env("TMPDIR", scratch(&self.folder))
            .envs(self.clock.iter().flat_map(Clock::variables))
            .arg(format!("--socket={}", self.socket().display()))
            .arg(format!(
                "--pid-file={}",
                self.folder.join("mariadbd.pid").display()
            ))
            .arg(format!("--port={}", self.port()))
            .args(account().map(|name| format!("--user={name}")))
            .args([
                "--bind-address=127.0.0.1",
                "--skip-networking=0",
                "--skip-name-resolve",
                "--performance-schema=off",
                NO_KERNEL_QUEUE,
                "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=16M",
                "--innodb-flush-log-at-trx-commit=1",
                "--character-set-server=latin1",
            ])
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0);
        let child = command.spawn().expect("mariadbd");
        fs::write(self.folder.join("server.pid"), child.id().to_string()).expect("a file");
        child
    }
}

/// All connections that the server takes.
pub struct UsedUp {
    first: Conn,
    others: Vec<Conn>,
}

impl Drop for UsedUp {
    fn drop(&mut self) {
        self.others.clear();
        // The default.
        let _ = self.first.query_drop("SET GLOBAL max_connections = 151");
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if let Some((mut keeper, pipe)) = self.keeper.take() {
            drop(pipe);
            if let Some(mut child) = self.server.lock().unwrap().take() {
                let _ = child.wait();
                faketime::forget(child.id());
            }
            let _ = keeper.wait();
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.as_sql(true),
    }
}
