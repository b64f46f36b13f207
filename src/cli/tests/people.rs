//! The commands about people: accounts, links, invitations, mail, nodes, totals.

use super::*;

#[test]
fn accounts_are_changed_one_thing_at_a_time() {
    let machine = Machine::new();
    let cases = [
        (
            "weft user email ada a@x.org",
            "ada Email(\"a@x.org\")",
            "address of ada is a@x.org now\n",
        ),
        (
            "weft user disable ada",
            "ada Enabled(false)",
            "account ada disabled\n",
        ),
        (
            "weft user enable ada",
            "ada Enabled(true)",
            "account ada enabled\n",
        ),
        (
            "weft user quota ada 50MB",
            "ada Quota(Some(50000000))",
            "quota of ada is 50.0 MB now\n",
        ),
        (
            "weft user quota ada default",
            "ada Quota(None)",
            "quota of ada is the server's now\n",
        ),
        (
            "weft user alert ada Soon",
            "ada Alert(Some(\"Soon\"))",
            "browsers of ada are told Soon\n",
        ),
        (
            "weft user alert ada",
            "ada Alert(None)",
            "browsers of ada are told nothing\n",
        ),
        (
            "weft user invite --revoke 3",
            "revoke 3",
            "invitation 3 taken back\n",
        ),
        (
            "weft node add https://n1.example.org/ --places 10",
            "node https://n1.example.org/ 10",
            "node https://n1.example.org/ has 10 places\n",
        ),
        (
            "weft node drain https://n1.example.org/",
            "drain https://n1.example.org/",
            "node https://n1.example.org/ gets no new users\n",
        ),
    ];
    for (line, asked, told) in cases {
        let done = machine.run(line);
        assert_eq!((done.code, &*done.output), (0, told), "{line}");
        assert_eq!(done.asked, [asked], "{line}");
    }
    let done = machine.run("weft user quota ada much");
    assert_eq!((done.code, done.asked), (1, vec![]));
    assert!(done.errors.contains("or \"default\""), "{}", done.errors);
}

#[test]
fn an_account_is_shown_for_people_and_for_scripts() {
    let machine = Machine::new();
    let shown = machine.run("weft user show ada").output;
    assert!(shown.contains("Quota:   50.0 MB\n"), "{shown}");
    assert!(shown.contains("Changed: 2026-03-01 12:30 UTC\n"), "{shown}");
    assert!(
        shown.contains("  history            12 records     3.5 kB  2026-03-01 12:30 UTC\n"),
        "{shown}"
    );
    let shown = machine.run("weft user show ada --json").output;
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(json["name"], "ada");
    assert_eq!(json["quota_bytes"], 50_000_000);
    assert_eq!(json["collections"][0]["modified"], 1_772_368_205.25);
    let listed = machine.run("weft user list --json").output;
    let json: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(json[1]["enabled"], false);
}

#[test]
fn links_are_whole_where_the_server_s_url_is_known() {
    let machine = Machine::new();
    let link = machine.run("weft user reset-link ada").output;
    let url = "https://x.org/weave-password-reset?username=ada&key=K\n";
    assert!(link.ends_with(url), "{link}");
    let invited = machine.run("weft user invite --days 3 --note Bob");
    assert_eq!(invited.asked, ["invite 3 Some(\"Bob\")"]);
    assert!(invited.output.contains("\nsign-up?invitation=K\n"));
    assert!(invited.output.contains("server.public_url"));
    let json = machine.run("weft user invite --json").output;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["code"], "K");
    let list = machine.run("weft user invite --list").output;
    assert_eq!(list, "3\t-\tuntil 2026-03-01 12:30 UTC\n");
    assert_eq!(machine.run("weft user invite --days 0").code, 2);
}

#[test]
fn totals_count_everybody_and_what_they_store() {
    let machine = Machine::new();
    let told = machine.run("weft stats").output;
    assert!(
        told.starts_with(
            "Users:   2 (2 disabled, 1 store something)\nStored:  12 records, 3.5 kB\n"
        ),
        "{told}"
    );
    let json = machine.run("weft stats --json --users").output;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["collections"]["history"]["bytes"], 3_456);
    assert_eq!(json["accounts"][0]["name"], "ada");
}

#[test]
fn a_trial_letter_is_told_about() {
    let done = Machine::new().run("weft mail test ada@example.org");
    assert_eq!(done.asked, ["mail ada@example.org"]);
    assert!(
        done.output.starts_with("Remark: no link\n"),
        "{}",
        done.output
    );
}

#[test]
fn a_user_moves_from_one_configuration_to_another() {
    let machine = Machine::new();
    for node in ["one", "two"] {
        let text = format!("[nodes]\nown = \"https://{node}.example.org/\"\n");
        fs::write(machine.root.path().join(format!("{node}.toml")), text).unwrap();
    }
    let root = machine.root.path().display();
    let done = machine.run(&format!(
        "weft node move ada --config {root}/one.toml --to {root}/two.toml"
    ));
    assert_eq!(
        done.asked,
        ["move ada [\"https://one.example.org/\", \"https://two.example.org/\"]"],
        "{}",
        done.errors
    );
    assert_eq!(done.output, "ada is on https://two.example.org/ now\n");
    assert_eq!(done.errors, "copying\n");
    assert_eq!(
        machine.run("weft node list").output,
        "https://n1.example.org/\t3 of 10\tdraining\n"
    );
}
