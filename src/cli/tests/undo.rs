//! `weft undo`: what it lists, and what it asks for.

use super::*;

#[test]
fn undo_lists_the_moments_that_make_sense() {
    let machine = Machine::new();
    for line in ["weft undo ada", "weft undo ada --list"] {
        let done = machine.run(line);
        assert_eq!((done.code, done.errors.as_str()), (0, ""), "{line}");
        assert_eq!(done.asked, ["history ada"]);
        assert_eq!(
            done.output,
            "2026-03-01T12:30:05.25Z  before 3,412 records deleted, 5 replaced\n    \
             bookmarks: 12 records deleted, 5 replaced\n    \
             history: 3,400 records deleted\n\
             To go back to one of them: weft undo ada --to TIME\n"
        );
    }
    let done = machine.run("weft undo ada --list --json");
    let read: serde_json::Value = serde_json::from_str(&done.output).unwrap();
    assert_eq!(read["moments"][0]["to"], "2026-03-01T12:30:05.25Z");
    assert_eq!(
        read["moments"][0]["collections"]["history"]["deleted"],
        3400
    );
    let done = machine.run("weft undo ada --collection tabs");
    assert_eq!(
        done.output,
        "nothing that was taken away from ada is kept\n"
    );
}

#[test]
fn undo_goes_back_and_says_how_to_take_it_back() {
    let machine = Machine::new();
    let done = machine.run("weft undo ada --collection history --to 2026-03-01T12:30:05.25Z");
    assert_eq!((done.code, done.errors.as_str()), (0, ""));
    assert_eq!(
        done.asked,
        ["undo ada Some(\"history\") 1772368205.25 false"]
    );
    assert_eq!(
        done.output,
        "history: 3,400 back again, 2 gone that were newer\n\
         ada is as it was at 2026-03-01T12:30:05.25Z; the browsers see it at their next sync\n\
         to take this back: weft undo ada --collection history --to 2026-03-01T12:43:19.99Z\n"
    );
    let done = machine.run("weft undo ada --to 1772368205.25 --dry-run");
    assert_eq!(done.asked, ["undo ada None 1772368205.25 true"]);
    assert!(
        done.output
            .ends_with("\nthis was a rehearsal: nothing was changed\n")
    );
    let done = machine.run("weft undo ada --to yesterday");
    assert_eq!(done.code, 1);
    assert!(
        done.errors.contains("\"yesterday\" is no time"),
        "{}",
        done.errors
    );
    assert_eq!(machine.run("weft undo ada --dry-run").code, 2);
}
