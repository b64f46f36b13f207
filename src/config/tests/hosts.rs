//! Other settings for single hosts.

use super::*;
use std::time::Duration;

fn config(text: &str) -> Config {
    Machine::with("app/weft.toml", text).load().unwrap().config
}

#[test]
fn a_host_has_what_all_have_and_what_it_says_otherwise() {
    let config = config(
        "[quota]\nbytes = 5\n[mysql.write]\nhost = \"a\"\nuser = \"u\"\n\
         [[host]]\nnames = [\"One.example.org\", \"two.example.org:8080\"]\nmysql.write.host = \"b\"\n\
         [host.lockout]\nwindow = \"5s\"\n\
         [[host]]\nnames = [\"three.example.org\"]\nquota.bytes = 0\n",
    );
    let [first, second] = config.hosts.as_slice() else {
        panic!("{:?}", config.hosts);
    };
    assert_eq!(first.names, ["one.example.org", "two.example.org:8080"]);
    assert_eq!(first.config.mysql_write.host, "b");
    assert_eq!(first.config.mysql_write.user, "u");
    assert_eq!(first.config.lockout.window, Duration::from_secs(5));
    assert_eq!(first.config.quota, config.quota);
    assert_eq!(second.config.quota.bytes, None);
    assert_eq!(second.config.mysql_write, config.mysql_write);
    assert_eq!(second.config.data, config.data);
}

#[test]
fn what_a_host_says_wins_over_the_environment() {
    let text = "[[host]]\nnames = [\"a\"]\nmysql.write.host = \"b\"\n";
    let machine = Machine::with("app/weft.toml", text)
        .variable("WEFT_MYSQL_WRITE_HOST", "c")
        .variable("WEFT_MYSQL_WRITE_USER", "d");
    let config = machine.load().unwrap().config;
    let host = &config.hosts[0].config.mysql_write;
    assert_eq!(
        (&*config.mysql_write.host, &*host.host, &*host.user),
        ("c", "b", "d")
    );
}

#[test]
fn mistakes_in_hosts_are_explained() {
    let cases = [
        (
            "[[host]]\nquota.bytes = 5\n",
            "app/weft.toml:1: [[host]] needs names = [\"sync.example.org\"]: the names by which \
             browsers call it",
        ),
        (
            "[host]\nnames = [\"a\"]\n",
            "app/weft.toml:1: host is written in double brackets: [[host]], once for each group of \
             hosts",
        ),
        (
            "[[host]]\nnames = [\"a\", \"A\"]\n",
            "app/weft.toml:1: a has its settings twice; which of them shall hold?",
        ),
        (
            "[[host]]\nnames = [\"a\"]\n[[host]]\nnames = [\"b\", \"a\"]\n",
            "app/weft.toml:3: a has its settings twice; which of them shall hold?",
        ),
        (
            "[[host]]\nnames = [\"a\"]\n[[host.host]]\nnames = [\"b\"]\n",
            "app/weft.toml:1: a [[host]] holds no other [[host]]",
        ),
        (
            "[[host]]\nnames = [\"https://a/\"]\n",
            "app/weft.toml:1: \"https://a/\" is not the name of a host, such as \"sync.example.org\"",
        ),
        (
            "[[host]]\nnames = [\"a\"]\ndata.dir = \"/x\"\nserver.listen = \"127.0.0.1:1\"\n",
            "app/weft.toml:3: data.dir is one for all hosts; write it outside [[host]]\n\
             app/weft.toml:4: server.listen is one for all hosts; write it outside [[host]]",
        ),
        (
            "[[host]]\nnames = [\"a\"]\nmysql.write.hots = \"x\"\nquota.bytes = \"x\"\n",
            "app/weft.toml:3: mysql.write.hots is not a setting; did you mean mysql.write.host?\n\
             app/weft.toml:4: quota.bytes must be a number of bytes, such as 65536, \"64 KiB\" or \
             \"32 MiB\", or 0 for no limit, not \"x\"",
        ),
        (
            "[[host]]\nnames = [\"a\"]\nauth.engine = \"ldap\"\n",
            "app/weft.toml:1: auth.engine is \"ldap\", so [ldap] must say url and base",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(
            Machine::with("app/weft.toml", text).problems(),
            said,
            "of\n{text}"
        );
    }
}

#[test]
fn databases_that_are_not_named_are_missed() {
    let cases = [
        (
            "storage.engine = \"mysql\"\nmysql.write.user = \"\"\n",
            "storage.engine is \"mysql\", so [mysql.write] must say host (or socket), database and \
             user",
        ),
        (
            "storage.mirror.engine = \"mysql\"\n",
            "storage.mirror.engine is \"mysql\", so [storage.mirror] must say host (or socket), \
             database and user",
        ),
        (
            "storage.engine = \"mysql\"\nstorage.mirror = { engine = \"mysql\", host = \"127.0.0.1\", \
             database = \"weave\", user = \"other\" }\n",
            "[storage.mirror] is the same database as [mysql.write]; a second store is another one",
        ),
        (
            "auth.engine = \"ldap\"\nldap.url = \"ldaps://l\"\nldap.base = \"dc=x\"\n\
             ldap.bind_dn = \"cn=r\"\n",
            "ldap.bind_dn is given, so ldap.bind_password must be too",
        ),
        (
            "security_log.target = \"file\"\n",
            "security_log.target is \"file\", so security_log.file must name it",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(
            Machine::with("app/weft.toml", text).problems(),
            said,
            "of\n{text}"
        );
    }
    config("storage.engine = \"mysql\"\nauth.engine = \"mysql\"\nmysql.write.host = \"db\"\n");
}

#[test]
fn secrets_of_hosts_are_missed_by_nobody_who_reads_the_file() {
    let machine = Machine::new();
    let text = "[[host]]\nnames = [\"a\"]\nmysql.write.password = \"tulip\"\n";
    machine.write("app/weft.toml", text);
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(machine.path("app/weft.toml"), mode).unwrap();
    let warnings = machine.load().unwrap().warnings.join("\n");
    assert!(warnings.contains("holds secrets"), "{warnings}");
}
