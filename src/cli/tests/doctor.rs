//! `weft doctor`: which address is examined as whom, and how the findings are told.

use super::*;

#[test]
fn the_address_is_the_one_given_then_the_setting_then_that_of_serve() {
    let machine = Machine::new();
    let config = machine.root.path().join("weft.toml");
    let asked = |line: &str| machine.run(line).asked.join(" ");
    assert_eq!(asked("weft doctor"), "examine http://127.0.0.1:5000/ None");
    fs::write(&config, "[server]\npublic_url = \"https://told.org/w\"\n").unwrap();
    assert_eq!(asked("weft doctor"), "examine https://told.org/w/ None");
    assert_eq!(
        asked("weft doctor https://given.org/weave"),
        "examine https://given.org/weave/ None"
    );
    let named = machine.run_with_input("weft doctor --user ada", "secret\n");
    assert_eq!(named.asked, ["examine https://told.org/w/ Some(\"ada\")"]);
    let done = machine.run("weft doctor");
    assert!(
        !machine.root.path().join("weft-data").exists(),
        "{}",
        done.output
    );
}

#[test]
fn a_fault_is_told_first_with_its_line_and_ends_with_1() {
    let done = Machine::new().run("weft doctor http://x.org/");
    assert_eq!((done.code, &*done.errors), (1, "weft: there is 1 fault\n"));
    assert_eq!(
        done.output,
        "Examined: http://x.org/\n\n\
         FAULT   authorization: It is lost.\n        Nobody gets in.\n        → in the file:\n\
         \x20             one\n              two\n\n\
         fine    upload: It arrives.\n\n\
         faults: 1, remarks: 0, skipped: 0, fine: 1\n"
    );
    let done = Machine::new().run("weft doctor --json http://x.org/");
    let report: serde_json::Value = serde_json::from_str(&done.output).unwrap();
    assert_eq!(done.code, 1);
    assert_eq!(report["findings"][0]["severity"], "fault");
    assert_eq!(report["findings"][0]["cures"][0]["lines"], "one\ntwo");
}
