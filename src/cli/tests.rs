//! Commands as they are typed, with a program behind them that only notes what it was asked.

mod backups;
mod doctor;
mod legacy;
mod manual;
mod noting;
mod people;
mod undo;

use super::*;
use noting::Noting;
use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

/// A machine on which commands are run.
struct Machine {
    root: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
    /// A person sits before it.
    terminal: bool,
    /// And sees what commands print.
    to_terminal: bool,
}

/// What a command did.
struct Done {
    code: u8,
    output: String,
    errors: String,
    asked: Vec<String>,
}

impl Machine {
    fn new() -> Self {
        Machine {
            root: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            terminal: false,
            to_terminal: false,
        }
    }

    fn run(&self, line: &str) -> Done {
        self.run_with_input(line, "")
    }

    fn run_with_input(&self, line: &str, input: &str) -> Done {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let program = Noting::default();
        let mut caller = Caller {
            surroundings: Surroundings {
                environment: self.environment.clone(),
                program: Some(self.root.path().join("weft")),
                folder: self.root.path().to_owned(),
                user: None,
                system_config: self.root.path().join("etc.toml"),
            },
            input: &mut input.as_bytes(),
            terminal: self.terminal,
            to_terminal: self.to_terminal,
            output: &mut output,
            errors: &mut errors,
            clock: || UNIX_EPOCH,
            install: |_| (),
        };
        let code = run(
            line.split(' ').map(OsString::from).collect(),
            &mut caller,
            &program,
        );
        let root = format!("{}/", self.root.path().display());
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(&root, "");
        let asked = program.asked.take();
        Done {
            code,
            output: text(output),
            errors: text(errors),
            asked,
        }
    }
}

#[test]
fn serve_makes_the_data_folder_and_prints_the_url() {
    let machine = Machine::new();
    let done = machine.run("weft serve --listen 127.0.0.1:81 --data mine");
    assert_eq!((done.code, done.errors.as_str()), (0, ""));
    assert_eq!(done.asked, ["serve 127.0.0.1:81"]);
    assert!(
        done.output.contains("\n    http://127.0.0.1:81/\n"),
        "{}",
        done.output
    );
    assert!(machine.root.path().join("mine/.htaccess").exists());
}

#[test]
fn a_start_that_fails_says_why_and_ends_with_1() {
    let machine = Machine::new();
    fs::write(
        machine.root.path().join("weft.toml"),
        "[storage]\nengin = 1\nbusy_timeout = \"x\"\n",
    )
    .unwrap();
    for line in [
        "weft serve",
        "weft purge",
        "weft config",
        "weft config --check",
        "weft user list",
    ] {
        let done = machine.run(line);
        assert_eq!(done.code, 1, "{line}");
        assert_eq!(
            done.errors,
            "weft: weft.toml:2: storage.engin is not a setting; did you mean storage.engine?\n\
             weft: weft.toml:3: storage.busy_timeout must be a time, such as \"30s\", \"5min\" or \
             \"12h\", not \"x\"\n"
        );
        assert_eq!((done.output.as_str(), done.asked.len()), ("", 0));
    }
}

#[test]
fn a_wrong_option_is_explained_as_the_setting_that_it_is() {
    let done = Machine::new().run("weft serve --listen here");
    assert_eq!(done.code, 1);
    assert_eq!(
        done.errors,
        "weft: option --listen: server.listen must be an IP address and a port, such as \
         \"127.0.0.1:5000\" or \"[::]:5000\", not \"here\"\n"
    );
}

#[test]
fn a_command_that_does_not_exist_ends_with_2_and_names_the_nearest() {
    let done = Machine::new().run("weft serv");
    assert_eq!(done.code, 2);
    assert!(done.errors.contains("'serve'"), "{}", done.errors);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let machine = Machine::new();
    let done = machine.run("weft --version");
    assert_eq!(done.code, 0);
    assert!(
        done.output
            .starts_with(&format!("weft {} (", env!("CARGO_PKG_VERSION")))
    );
    for line in [
        "weft --help",
        "weft help serve",
        "weft fastcgi --help",
        "weft user add --help",
    ] {
        let done = machine.run(line);
        assert_eq!((done.code, done.errors.as_str()), (0, ""), "{line}");
        assert!(done.output.contains("Usage: weft"), "{}", done.output);
    }
    assert_eq!(machine.run("weft").code, 2, "nothing was asked");
}

#[test]
fn fastcgi_listens_at_a_socket_file_and_takes_it_away_at_its_end() {
    let machine = Machine::new();
    let socket = machine.root.path().join("weft.sock");
    let done = machine.run(&format!(
        "weft fastcgi --listen unix:{} --workers 3",
        socket.display()
    ));
    assert_eq!((done.code, done.errors.as_str()), (0, ""));
    assert_eq!(done.asked, ["fastcgi unix 3"]);
    assert!(!socket.exists());
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let done = Machine::new().run(&format!("weft fastcgi --listen {address}"));
    assert_eq!(done.code, 1);
    let expected = format!("weft: can't listen at {address}: another program (or another weft) ");
    assert!(done.errors.starts_with(&expected), "{}", done.errors);
}

#[test]
fn the_check_says_where_things_are_and_makes_nothing() {
    let machine = Machine::new();
    let done = machine.run("weft config --check");
    assert_eq!((done.code, done.errors.as_str()), (0, ""));
    assert_eq!(
        done.output,
        "Configuration: no file, which is fine (looked for weft.toml and etc.toml)\n\
         Data folder:   weft-data (made at the first start)\n\
         Nothing is wrong.\n"
    );
    assert_eq!(fs::read_dir(machine.root.path()).unwrap().count(), 0);
}

#[test]
fn the_check_says_which_database_is_meant_where_nobody_has_said_it() {
    let machine = Machine::new();
    let checked = |text: &str| {
        fs::write(machine.root.path().join("weft.toml"), text).unwrap();
        let done = machine.run("weft config --check");
        assert_eq!((done.code, done.errors.as_str()), (0, ""), "{text}");
        assert!(done.output.ends_with("\nNothing is wrong.\n"), "{text}");
        done.output
    };
    let mysql = "storage.engine = \"mysql\"\nauth.engine = \"mysql\"\n";
    let output = checked(mysql);
    assert!(
        output.contains(
            "Records:       database weave at 127.0.0.1:3306, as user weave\n\
             Accounts:      database weave at 127.0.0.1:3306, as user weave\n\
             Note:          [mysql.write] does not say host (or socket), database, user, password; \
             that is as it is by default\n"
        ),
        "{output}"
    );
    let output = checked(&format!(
        "{mysql}[mysql.write]\nsocket = \"/run/db\"\nuser = \"u\"\n[auth.mysql]\ndatabase = \"a\"\n"
    ));
    assert!(output.contains("Accounts:      database a at /run/db, as user u\n"));
    assert!(output.contains("[mysql.write] does not say database, password;"));
}

#[test]
fn the_check_tells_warnings_too() {
    let mut machine = Machine::new();
    machine
        .environment
        .push(("WEFT_PORT".into(), "tcp://10.0.0.1:5000".into()));
    let done = machine.run("weft config --check");
    assert_eq!(done.code, 0);
    let warning = "Warning:       environment variable WEFT_PORT: it names no setting\n";
    assert!(done.output.contains(warning), "{}", done.output);
}

#[test]
fn config_prints_a_file_that_the_program_reads() {
    let machine = Machine::new();
    let printed = machine.run("weft config").output;
    fs::write(machine.root.path().join("weft.toml"), &printed).unwrap();
    let done = machine.run("weft config --check");
    assert_eq!((done.code, done.errors.as_str()), (0, ""), "{printed}");
}

#[test]
fn the_manuals_page_of_settings_needs_no_configuration() {
    let machine = Machine::new();
    fs::write(machine.root.path().join("weft.toml"), "broken").unwrap();
    let page = machine.run("weft config --markdown").output;
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let written = fs::read_to_string(written).unwrap();
    assert!(
        page == written,
        "run: weft config --markdown >docs/settings.md"
    );
}

#[test]
fn the_manuals_page_of_commands_is_what_the_command_line_is() {
    let page = Machine::new().run("weft manual").output;
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let written = fs::read_to_string(written).unwrap();
    assert!(page == written, "run: weft manual >docs/commands.md");
    for part in [
        "\n## weft user reset-link\n",
        "weft user add [OPTIONS] <NAME>",
        "- `--email ADDRESS`: Where the user can be reached.\n",
        "Without it: `14`.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("weft manual\n"), "{page}");
}

#[test]
fn passwords_come_from_standard_input() {
    let machine = Machine::new();
    let done = machine.run_with_input("weft user add ada --email ada@example.org", "tulip \r\n");
    assert_eq!(done.asked, ["add ada tulip  Some(\"ada@example.org\")"]);
    assert_eq!(done.output, "account ada created\n");
    assert_eq!(
        machine
            .run_with_input("weft user password ada", "rose")
            .asked,
        ["password ada rose"]
    );

    let done = machine.run_with_input("weft user add ada", "\n");
    assert_eq!(done.code, 1);
    assert_eq!(
        done.errors,
        "weft: a password must not be empty; nothing was done\n"
    );
    assert!(done.asked.is_empty());
}

#[test]
fn accounts_are_listed_and_deleted_only_when_it_is_meant() {
    let machine = Machine::new();
    assert_eq!(
        machine.run("weft user list").output,
        "ada\tada@example.org\nbob\t-\tdisabled\n"
    );
    assert_eq!(
        machine.run("weft user delete ada --yes").asked,
        ["delete ada"]
    );
    assert_eq!(
        machine
            .run_with_input("weft user delete ada", "ada\n")
            .asked,
        ["delete ada"]
    );
    let done = machine.run_with_input("weft user delete ada", "yes\n");
    assert_eq!((done.code, done.asked.len()), (1, 0));
    assert_eq!(done.errors, "weft: nothing was deleted\n");
}

#[test]
fn purge_tells_how_many_records_went() {
    let mut machine = Machine::new();
    let done = machine.run("weft purge");
    assert_eq!((&*done.output, &*done.errors), ("7 records removed\n", ""));
    let json = machine.run("weft purge --json").output;
    assert_eq!(json, "{\n  \"records\": 7\n}\n");
    machine.terminal = true;
    let done = machine.run("weft purge");
    assert_eq!(done.output, "7 records removed\n");
    assert_eq!(done.errors, "\r5 records so far \n");
}
