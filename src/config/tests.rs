//! The configuration as an operator meets it: files with mistakes, what is said of them, and what is
//! in force.

use super::value::{ByteSize, Node};
use super::*;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An empty machine: a folder in which the program, its files and the system's file may lie.
struct Machine {
    root: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Machine {
    fn new() -> Self {
        Machine {
            root: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    fn with(file: &str, text: &str) -> Self {
        let machine = Machine::new();
        machine.write(file, text);
        machine
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join(file)
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            environment: self.environment.clone(),
            program: Some(self.path("app/weft")),
            folder: self.path("here"),
            system_config: self.path("etc/weft/weft.toml"),
        }
    }

    fn load(&self) -> Result<Loaded, Problems> {
        load(&self.surroundings(), &Options::default())
    }

    /// What is said of the configuration, without the folder of this machine.
    fn problems(&self) -> String {
        let problems = self
            .load()
            .expect_err("the configuration is wrong")
            .to_string();
        problems.replace(&format!("{}/", self.root.path().display()), "")
    }
}

#[test]
fn every_mistake_in_a_file_is_explained_with_its_line() {
    let cases = [
        (
            "[storage]\nengin = \"sqlite\"",
            "2: storage.engin is not a setting; did you mean storage.engine?",
        ),
        (
            "\n\nengine = \"sqlite\"",
            "3: engine is not a setting; did you mean storage.engine or auth.engine?",
        ),
        (
            "server.listening = 1",
            "1: server.listening is not a setting; did you mean server.listen?",
        ),
        ("[server]\ncolour = 1", "2: server.colour is not a setting"),
        (
            "[storag]\nengine = \"sqlite\"",
            "1: [storag] is not a section; did you mean [storage]?",
        ),
        ("[weather]", "1: [weather] is not a section"),
        (
            "[[server]]",
            "1: server is a section, not a setting; write [server] on a line of its own and its settings below",
        ),
        (
            "storage = \"mysql\"",
            "1: storage is a section, not a setting; write [storage] on a line of its own and its settings below",
        ),
        (
            "WEAVE_QUOTA = 5",
            "1: WEAVE_QUOTA is a constant of the PHP server; here it is quota.bytes",
        ),
        (
            "[storage]\nengine = \"mysq\"",
            "2: storage.engine must be \"sqlite\" or \"mysql\", not \"mysq\"; did you mean \"mysql\"?",
        ),
        (
            "[storage]\nengine = \"oracle\"",
            "2: storage.engine must be \"sqlite\" or \"mysql\", not \"oracle\"",
        ),
        (
            "[storage]\nengine = true",
            "2: storage.engine must be \"sqlite\" or \"mysql\", not true",
        ),
        (
            "[storage.engine]\nname = 1",
            "1: storage.engine must be \"sqlite\" or \"mysql\", not a section",
        ),
        (
            "[server]\nworkers = \"many\"",
            "2: server.workers must be a whole number, not \"many\"",
        ),
        (
            "[server]\nworkers = 1.5",
            "2: server.workers must be a whole number, not 1.5",
        ),
        (
            "[server]\nworkers = -1",
            "2: server.workers must be a whole number, not -1",
        ),
        (
            "[server]\nworkers = 0",
            "2: server.workers must be a whole number, from 1 to 1024, not 0",
        ),
        (
            "[server]\nallow_root = \"perhaps\"",
            "2: server.allow_root must be true or false, not \"perhaps\"",
        ),
        (
            "[server]\nlisten = 5000",
            "2: server.listen must be an IP address and a port, such as \"127.0.0.1:5000\" or \"[::]:5000\", not 5000",
        ),
        (
            "[server]\nlisten = \"127.0.0.1\"",
            "2: server.listen must be an IP address and a port, such as \"127.0.0.1:5000\" or \"[::]:5000\", not \"127.0.0.1\"",
        ),
        (
            "[server]\nread_timeout = \"soon\"",
            "2: server.read_timeout must be a time, such as \"30s\", \"5min\" or \"12h\", not \"soon\"",
        ),
        (
            "[server]\nread_timeout = 0",
            "2: server.read_timeout must be a time, such as \"30s\", \"5min\" or \"12h\", from \"1s\" to \"1d\", not 0",
        ),
        (
            "[server]\nbackoff = \"x\"",
            "2: server.backoff must be a time, such as \"30s\", \"5min\" or \"12h\", or 0 for none, not \"x\"",
        ),
        (
            "[server]\ntrusted_proxies = [\"10.0.0.0/40\"]",
            "2: server.trusted_proxies must be an IP address or a network, such as \"10.1.2.3\" or \"10.0.0.0/8\", not \"10.0.0.0/40\"",
        ),
        (
            "[server]\ntrusted_proxies = 10",
            "2: server.trusted_proxies must be a list; each of it an IP address or a network, such as \"10.1.2.3\" or \"10.0.0.0/8\", not 10",
        ),
        (
            "[server]\npublic_url = \"sync.example.org\"",
            "2: server.public_url must be a URL, such as \"https://sync.example.org/\", or \"\" for what each request shows, not \"sync.example.org\"",
        ),
        (
            "[server]\nbase_path = \"weave\"",
            "2: server.base_path must be a path that begins with a slash, such as \"/weave\", or \"\" for what each request shows, not \"weave\"",
        ),
        (
            "[limits]\nbody_bytes = \"32M\"",
            "2: limits.body_bytes must be a number of bytes, such as 65536, \"64 KiB\" or \"32 MiB\", not \"32M\"",
        ),
        ("[data]\ndir = 5", "2: data.dir must be a path, not 5"),
        (
            "[registration]\nsecret = 123456",
            "2: registration.secret must be text, in quotes",
        ),
        (
            "[server\nworkers = 1",
            "1: this is not TOML: unclosed table, expected `]`",
        ),
        (
            "[server]\nworkers = 1\nworkers = 2",
            "3: this is not TOML: duplicate key",
        ),
    ];
    for (text, expected) in cases {
        let said = Machine::with("app/weft.toml", text).problems();
        assert_eq!(said, format!("app/weft.toml:{expected}"), "of\n{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = "[storage]\nengin = 1\n[auth]\nremember = \"x\"\nenigne = 1\n";
    let said = Machine::with("app/weft.toml", text)
        .variable("WEFT_LOG_LEVEL", "loud")
        .problems();
    let lines: Vec<&str> = said
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    let variable = "environment variable WEFT_LOG_LEVEL";
    let expected = [
        "app/weft.toml:2",
        "app/weft.toml:5",
        "app/weft.toml:4",
        variable,
    ];
    assert_eq!(lines, expected, "{said}");
}

#[test]
fn every_mistake_in_the_environment_is_explained_with_its_variable() {
    let cases = [
        (
            "WEFT_STORAGE_ENGIN",
            "sqlite",
            "it names no setting; did you mean WEFT_STORAGE_ENGINE?",
        ),
        (
            "WEFT_SORAGE_ENGINE",
            "sqlite",
            "it names no setting; did you mean WEFT_STORAGE_ENGINE?",
        ),
        ("WEFT_SERVER_COLOUR", "red", "it names no setting"),
        (
            "WEFT_STORAGE_ENGINE",
            "mysq",
            "storage.engine must be \"sqlite\" or \"mysql\", not \"mysq\"; did you mean \"mysql\"?",
        ),
        (
            "WEFT_SERVER_WORKERS",
            "",
            "server.workers must be a whole number, not \"\"",
        ),
    ];
    for (name, value, expected) in cases {
        let said = Machine::new().variable(name, value).problems();
        assert_eq!(said, format!("environment variable {name}: {expected}"));
    }
}

#[test]
fn variables_that_container_systems_set_by_themselves_do_no_harm() {
    let names = [
        "WEFT_PORT",
        "WEFT_SERVICE_HOST",
        "WEFT_SERVICE_PORT",
        "WEFT_PORT_5000_TCP_ADDR",
        "WEFT_NAME",
    ];
    for name in names {
        let loaded = Machine::new()
            .variable(name, "tcp://10.0.0.1:5000")
            .load()
            .unwrap();
        let warning = format!("environment variable {name}: it names no setting");
        assert_eq!(loaded.warnings, vec![warning]);
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let said = Machine::with("app/weft.toml", "[limits]\npayload_bytes = \"64 MiB\"").problems();
    assert_eq!(
        said,
        "limits.payload_bytes (67108864 bytes) is more than limits.body_bytes (33554432 bytes), so no \
         upload could ever hold such a record; raise the latter or lower the former"
    );
}

#[test]
fn the_file_is_the_first_of_option_variable_program_folder_and_system() {
    let machine = Machine::with("etc/weft/weft.toml", "[server]\nworkers = 1");
    let found = |machine: &Machine, config: Option<&str>| {
        let options = Options {
            config: config.map(PathBuf::from),
            ..Options::default()
        };
        let loaded = load(&machine.surroundings(), &options).unwrap();
        let root = format!("{}/", machine.root.path().display());
        (
            loaded.config.server.workers,
            loaded.found.to_string().replace(&root, ""),
        )
    };
    assert_eq!(
        found(&machine, None),
        (1, "etc/weft/weft.toml (the system's)".to_owned())
    );

    machine.write("app/weft.toml", "[server]\nworkers = 2");
    assert_eq!(
        found(&machine, None),
        (2, "app/weft.toml (beside the program)".to_owned())
    );

    machine.write("here/other.toml", "[server]\nworkers = 3");
    let machine = machine.variable("WEFT_CONFIG", "other.toml");
    let by_variable = "here/other.toml (environment variable WEFT_CONFIG)".to_owned();
    assert_eq!(found(&machine, None), (3, by_variable));

    machine.write("here/my.toml", "[server]\nworkers = 4");
    let by_option = "here/my.toml (option --config)".to_owned();
    assert_eq!(found(&machine, Some("my.toml")), (4, by_option));
}

#[test]
fn no_file_at_all_is_fine() {
    let machine = Machine::new();
    let loaded = machine.load().unwrap();
    let looked = vec![
        machine.path("app/weft.toml"),
        machine.path("etc/weft/weft.toml"),
    ];
    assert_eq!(loaded.found, Found::Nowhere(looked));
    let mut config = Config::default();
    config.data.dir = value::FilePath(machine.path("app/weft-data"));
    assert_eq!(loaded.config, config);
}

#[test]
fn a_file_that_was_asked_for_must_be_there_and_readable() {
    let said = Machine::new()
        .variable("WEFT_CONFIG", "none.toml")
        .problems();
    assert_eq!(
        said,
        "the configuration file here/none.toml, which environment variable WEFT_CONFIG names, does \
         not exist; `weft config` prints one to begin with"
    );
    let machine = Machine::new();
    fs::create_dir_all(machine.path("app")).unwrap();
    fs::write(machine.path("app/weft.toml"), b"# caf\xe9").unwrap();
    let said = machine.problems();
    assert!(
        said.starts_with("the configuration file app/weft.toml can't be read: it is not UTF-8")
    );
    let machine = Machine::new();
    fs::create_dir_all(machine.path("app/weft.toml")).unwrap();
    let said = machine.problems();
    assert!(
        said.starts_with("the configuration file app/weft.toml can't be read: "),
        "{said}"
    );
}

#[test]
fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
    let text = "[server]\nworkers = 1\nqueue = 1\n[data]\ndir = \"inside\"\n";
    let machine = Machine::with("app/weft.toml", text)
        .variable("WEFT_SERVER_WORKERS", "2")
        .variable("WEFT_SERVER_QUEUE", "2")
        .variable("WEFT_LOG_FILE", "weft.log");
    assert_eq!(
        *machine.load().unwrap().config.data.dir,
        *machine.path("app/inside")
    );

    let settings = vec![
        ("server.queue", "--queue", "3".to_owned()),
        ("data.dir", "--data", "mine".to_owned()),
    ];
    let options = Options {
        config: None,
        settings,
    };
    let loaded = load(&machine.surroundings(), &options).unwrap();
    let Config {
        server, data, log, ..
    } = &loaded.config;
    assert_eq!((server.workers, server.queue), (2, 3));
    assert_eq!(*data.dir, *machine.path("here/mine"));
    assert_eq!(log.file.as_deref(), Some(&*machine.path("here/weft.log")));
    let places: Vec<String> = loaded
        .places
        .iter()
        .map(|(name, at)| format!("{name} {at}"))
        .collect();
    assert_eq!(
        places,
        [
            "data.dir option --data",
            "log.file environment variable WEFT_LOG_FILE",
            "server.queue option --queue",
            "server.workers environment variable WEFT_SERVER_WORKERS",
        ]
    );
}

#[test]
fn values_are_what_they_were_meant_to_be() {
    let text = "\u{feff}\
        server.listen = \"localhost:8080\"\n\
        server.trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n\
        server.retry_after = 60\n\
        server.base_path = \"/\"\n\
        limits.body_bytes = \"1 GiB\"\n\
        limits.payload_bytes = 0\n\
        auth.remember = \"0s\"\n\
        lockout.failures = 0\n\
        api.node = \"none\"\n\
        quota.bytes = 25_000_000\n";
    let config = Machine::with("app/weft.toml", text).load().unwrap().config;
    assert_eq!(config.server.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.server.retry_after, Duration::from_secs(60));
    assert_eq!(
        config.server.base_path.as_ref().map(|path| path.as_str()),
        Some("")
    );
    assert_eq!(config.limits.body_bytes.bytes(), 1 << 30);
    assert_eq!(config.limits.payload_bytes, None);
    assert_eq!(config.auth.remember, None);
    assert_eq!(config.lockout.failures, None);
    assert_eq!(config.api.node, Node::None);
    assert_eq!(config.quota.bytes, Some(ByteSize(25_000_000)));
}

#[test]
fn a_file_with_secrets_that_everybody_may_read_is_warned_about() {
    let cases = [
        ("[registration]\nsecret = \"tulip\"", 0o644, true),
        ("[registration]\nsecret = \"tulip\"", 0o640, false),
        ("[registration]\nsecret = \"\"", 0o644, false),
        ("[registration]\nopen = false", 0o644, false),
    ];
    for (text, mode, warned) in cases {
        let machine = Machine::with("app/weft.toml", text);
        let path = machine.path("app/weft.toml");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let path = path.display();
        let warning = format!(
            "{path} holds secrets and every user of this machine may read it; run: chmod o-rwx {path}"
        );
        let expected = if warned { vec![warning] } else { Vec::new() };
        assert_eq!(
            machine.load().unwrap().warnings,
            expected,
            "{text} {mode:o}"
        );
    }
}

/// Every setting at a value that is not its default, as the file has it.
const EVERYTHING: &str = r#"
server.listen = "[::1]:81"
server.workers = 3
server.queue = 4
server.max_connections = 5
server.idle_timeout = "1min"
server.read_timeout = 2
server.write_timeout = "90s"
server.public_url = "https://sync.example.org/"
server.base_path = "/weave"
server.trusted_proxies = ["10.0.0.0/8", "::1"]
server.retry_after = "1h"
server.backoff = "2h"
api.profile = "php"
api.node = "https://node.example.org/"
limits.payload_bytes = 1000
quota.bytes = "25 MB"
data.dir = "/srv/weft \"data\""
storage.engine = "mysql"
auth.engine = "none"
auth.remember = 0
auth.legacy_sha_salt = "tulip-salt"
registration.open = false
registration.secret = "tulip-secret"
log.level = "debug"
log.file = "weft.log"
"#;

#[test]
fn the_printed_file_means_what_is_in_force_and_shows_no_secret() {
    for text in ["", EVERYTHING] {
        let mut loaded = Machine::with("app/weft.toml", text).load().unwrap();
        let printed = sample(&loaded);
        assert!(!printed.contains("tulip"), "{printed}");

        let again = Machine::with("app/weft.toml", &printed).load().unwrap();
        loaded.config.auth.legacy_sha_salt = Default::default();
        loaded.config.registration.secret = Default::default();
        if text.is_empty() {
            loaded.config.data.dir = again.config.data.dir.clone();
        }
        assert_eq!(again.config, loaded.config, "{printed}");
    }
}

#[test]
fn the_printed_file_reads_like_this() {
    let machine = Machine::with(
        "app/weft.toml",
        "[registration]\nsecret = \"tulip\"\nopen = false\n",
    );
    let printed = sample(&machine.load().unwrap());
    let section = printed
        .split("\n\n\n")
        .find(|part| part.contains("\n[registration]\n"))
        .unwrap();
    let section = section.replace(&format!("{}/", machine.root.path().display()), "");
    assert_eq!(
        section,
        "\
# Who may create an account.
[registration]

# Anybody who reaches this server may create an account, as the browser's own set-up does.
# Say `false` when all your users have theirs: they go on as before, and `weft user add`
# still works.
# WEFT_REGISTRATION_OPEN
# Set by app/weft.toml:3:
open = false

# Tools that send this in `X-Weave-Secret` may create accounts even when registration is
# closed. `\"\"` lets none.
# WEFT_REGISTRATION_SECRET
# Set by app/weft.toml:2; secret, so not shown here.
#secret = \"\""
    );
}

#[test]
fn a_configuration_in_a_debug_message_shows_no_secret() {
    let config = Machine::with("app/weft.toml", EVERYTHING)
        .load()
        .unwrap()
        .config;
    let shown = format!("{config:?}");
    assert!(
        shown.contains("Secret(***)") && !shown.contains("tulip"),
        "{shown}"
    );
}

#[test]
fn every_setting_is_declared_well() {
    let mut names = std::collections::BTreeSet::new();
    for setting in declare::all() {
        let name = setting.name;
        assert!(
            names.insert(setting.variable()),
            "{name} has its variable alone"
        );
        assert!(
            setting.doc.join(" ").trim().ends_with('.'),
            "{name} is explained in sentences"
        );
        let text = format!("{name} = {}", setting.default_value());
        let reading = read::toml(&text, Path::new("weft.toml"));
        let [(_, written)] = reading.entries.as_slice() else {
            panic!("{text}: {reading:?}")
        };
        let mut config = Config::default();
        setting
            .set(&mut config, &written.item, Path::new(""))
            .unwrap();
        assert_eq!(
            config,
            Config::default(),
            "the default of {name} is what is printed"
        );
    }
}

#[test]
fn the_manuals_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let written = fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == markdown(),
        "run: weft config --markdown >docs/settings.md"
    );
}
