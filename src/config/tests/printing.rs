//! What is printed: the sample file, the manual, and no secret.

use super::*;

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
registration.mode = "closed"
registration.secret = "tulip-secret"
log.level = "debug"
log.file = "weft.log"
storage.mirror = { engine = "mysql", host = "m", port = 3307, database = "d", user = "u", password = "tulip" }
mysql.wbo_table = "weave_wbo"
mysql.user_table_modulo = 10
mysql.charset = "latin1"
mysql.connect_timeout = "1500ms"
mysql.write = { socket = "/run/m.sock", database = "w", user = "u", password = "tulip-write" }
mysql.read = { host = "r", password = "tulip-read" }
auth.mysql = { host = "a", users_table = "people" }
ldap.url = ["ldaps://one", "ldap://two:1389"]
ldap.layout = "python"
ldap.ca_file = "ca.pem"
ldap.bind_dn = "cn=reader,dc=example"
ldap.bind_password = "tulip-ldap"
ldap.object_classes = ["person", "top"]
memcached.servers = ["mc1:11211", "[::1]:11212"]
memcached.ttl = "1h"
legacy.php_beside = true
security_log = { target = "syslog", syslog = "192.0.2.1:514", facility = "auth", device = "w" }

[[host]]
names = ["Sync1.example.org", "sync2.example.org:8080"]
quota.bytes = 0
mysql.write.host = "shard-a"
mysql.write.password = "tulip-shard"

[[host]]
names = ["sync3.example.org"]
auth.engine = "sqlite"
"#;

fn without_secrets(config: &mut Config) {
    config.auth.legacy_sha_salt = Default::default();
    config.registration.secret = Default::default();
    config.mirror.password = Default::default();
    config.mysql_write.password = Default::default();
    config.mysql_read.password = Default::default();
    config.ldap.bind_password = Default::default();
}

#[test]
fn the_printed_file_means_what_is_in_force_and_shows_no_secret() {
    for text in ["", EVERYTHING] {
        let mut loaded = Machine::with("app/weft.toml", text).load().unwrap();
        let printed = sample(&loaded);
        assert!(!printed.contains("tulip"), "{printed}");

        let mut again = Machine::with("app/weft.toml", &printed).load().unwrap();
        again
            .config
            .hosts
            .iter_mut()
            .for_each(|host| host.places.clear());
        without_secrets(&mut loaded.config);
        for host in &mut loaded.config.hosts {
            without_secrets(&mut host.config);
            // Another file has its settings on other lines, and says nothing of secrets.
            host.places.clear();
            host.config.origin = again.config.origin.clone();
        }
        // On each machine, the files lie in a folder of its own.
        loaded.config.origin = again.config.origin.clone();
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
        "[registration]\nsecret = \"tulip\"\nmode = \"closed\"\n",
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

# `\"open\"`: anybody who reaches this server may create an account, as the browser's own set-up
# does. `\"invite\"`: whoever has an invitation (`weft user invite`), on the server's sign-up
# page. `\"closed\"`: nobody; say so when all your users have theirs: they go on as before, and
# `weft user add` still works.
# WEFT_REGISTRATION_MODE
# Set by app/weft.toml:3:
mode = \"closed\"

# Tools that send this in `X-Weave-Secret` may create accounts even when registration is
# not open, and without a captcha. `\"\"` lets none.
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
