//! Where a configuration is found, and what it means.

use super::*;
use crate::config::value::{ByteSize, Node};
use std::time::Duration;

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
    config.origin.program = Some(machine.path("app/weft"));
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
        ("[registration]\nmode = \"closed\"", 0o644, false),
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

#[test]
fn a_server_that_believes_every_password_says_so() {
    let machine = Machine::with("app/weft.toml", "auth.engine = \"none\"");
    let warning = "auth.engine is \"none\": every password is right, and whoever reaches this server \
                   can read and delete the data of everybody";
    assert_eq!(machine.load().unwrap().warnings, [warning]);
}

#[test]
fn passwords_that_go_unencrypted_to_a_directory_elsewhere_are_warned_of() {
    let cases = [
        ("url = \"ldap://ldap.example.com\"", true),
        ("url = \"ldap://localhost:3389\"", false),
        ("url = \"ldaps://ldap.example.com\"", false),
        ("url = \"ldap://ldap.example.com\"\nstart_tls = true", false),
        (
            "url = \"ldap://ldap.example.com\"\nlayout = \"mozilla\"",
            false,
        ),
    ];
    for (lines, warned) in cases {
        let text = format!("auth.engine = \"ldap\"\n[ldap]\nbase = \"dc=x\"\n{lines}\n");
        let warnings = Machine::with("app/weft.toml", &text)
            .load()
            .unwrap()
            .warnings;
        let told = warnings
            .iter()
            .any(|warning| warning.contains("unencrypted"));
        assert_eq!(told, warned, "{lines}");
    }
}
