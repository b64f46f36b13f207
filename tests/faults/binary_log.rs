//! A database that waits for room in its binary log, which takes it a minute even when there is some
//! again: whoever asks the server meanwhile is told so soon, and reads go on.

use std::time::{Duration, Instant};

use crate::disk::Disk;
use crate::harness::api::{PYTHON, User};
use crate::harness::http::Response;
use crate::harness::legacy::Legacy;
use crate::harness::mariadb::Own;
use crate::harness::{Dice, Gateway, MariaDb};
use crate::{ALONE, CHEAP_PASSWORDS, SETTINGS};

/// By the settings: a second for the answer after two for a lock, and a second for a new connection. The
/// account is asked for and the records. That is some seconds, on a machine that does much else some more, and
/// much less than the database waits.
const AT_MOST: Duration = Duration::from_secs(40);

/// After so long all is as before, also on a machine that does much else.
const NORMAL: Duration = Duration::from_secs(20);

#[test]
#[cfg_attr(without = "mariadb", ignore = "mariadb is not installed")]
fn a_database_that_waits_for_room_holds_up_nobody_for_long() {
    let _alone = ALONE.lock();
    let Some(disk) = Disk::mount() else { return };
    let database = Legacy::on(MariaDb::start_with(&Own {
        options: &["--log-bin", "--server-id=1"],
        data: Some(&disk.folder),
        ..Own::default()
    }));
    let settings = database.settings(&CHEAP_PASSWORDS.replace("auth.", ""));
    // Nothing grows but the log.
    let server = Gateway::Builtin.start(&format!("{SETTINGS}undo.keep = 0\n{settings}"));
    let user = User::new(&server, PYTHON, "waiting");
    let soon = |what: &dyn Fn() -> Response| {
        let begun = Instant::now();
        let answer = what();
        let took = begun.elapsed();
        assert!(took < AT_MOST, "{took:?}: {answer:?}");
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        answer.status
    };
    let put = |number: usize| {
        let body = format!(r#"{{"payload":"{number}"}}"#);
        user.put("storage/own/a", body)
    };
    put(0).written();
    assert!(disk.fill(&mut Dice::new(1, 1)));
    // What is refused before is late, on a machine that stands still.
    let waits = || (database.server.log()).contains("Waiting for someone to free space");
    let mut written = 0;
    let refused = (1..5_000).find(|number| match soon(&|| put(*number)) {
        200 => {
            written = *number;
            false
        }
        _ => waits(),
    });
    let refused = refused.expect("there is no room for so many");
    soon(&|| put(refused + 1));
    // What notes how far the clock was shown waits for room too, and is left alone after that.
    let reads: Vec<u16> = (0..3)
        .map(|_| soon(&|| user.get("storage/own/a")))
        .collect();
    assert!(reads.contains(&200), "{reads:?}");

    // The server would go on within a minute.
    database.server.kill();
    disk.make_room();
    database.server.start_again();
    let back = Instant::now();
    let read = loop {
        let answer = user.get("storage/own/a");
        if answer.status == 200 {
            break answer;
        }
        assert!(back.elapsed() < NORMAL, "{answer:?}");
    };
    let payload = read.json()["payload"].clone();
    let stored: usize = payload
        .as_str()
        .expect("a payload")
        .parse()
        .expect("a number");
    assert!(
        stored >= written,
        "{stored} is there, {written} was written"
    );
    put(refused + 2).written();
}
