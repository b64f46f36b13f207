//! What is wrong with a configuration, and what is said of it.

use super::*;

#[test]
fn every_mistake_in_a_file_is_explained_with_its_line() {
    let cases = [
        (
            "[storage]\nengin = \"sqlite\"",
            "2: storage.engin is not a setting; did you mean storage.engine?",
        ),
        (
            "\n\nengine = \"sqlite\"",
            "3: engine is not a setting; did you mean storage.engine or storage.mirror.engine or auth.engine?",
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
        "app/weft.toml:4",
        "app/weft.toml:5",
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
