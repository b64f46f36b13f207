//! One time for everything that a write tells, and always a later one.

use std::thread;

use crate::harness::Gateway;
use crate::harness::api::{PHP, PYTHON, User, centiseconds};

#[test]
fn header_body_records_and_collection_tell_one_time() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("tells-one-time-{version}"));
        for round in 0..30 {
            let told = if round % 2 == 0 {
                user.put("storage/forms/a", r#"{"payload":"x"}"#).written()
            } else {
                let answer = user.post("storage/forms", r#"[{"id":"a","payload":"x"}]"#);
                answer.timestamp().to_owned()
            };
            let spaceless = |path: &str| user.get(path).text().replace(' ', "");
            assert!(spaceless("storage/forms/a").contains(&format!("\"modified\":{told},")));
            assert!(spaceless("storage/forms?full=1").contains(&format!("\"modified\":{told},")));
            assert_eq!(
                spaceless("info/collections"),
                format!("{{\"forms\":{told}}}")
            );
        }
    }
}

#[test]
fn every_write_is_later_than_all_that_was_told_before() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("later-{version}"));
        let mut last = 0;
        for round in 0..60 {
            let answer = match round % 4 {
                0 => user.put("storage/forms/a", r#"{"payload":"x"}"#),
                1 => user.post("storage/forms", r#"[{"id":"b","payload":"x"}]"#),
                2 => user.delete("storage/forms/b"),
                _ => user.get("storage/forms?full=1"),
            };
            assert_eq!(answer.status, 200);
            let told = centiseconds(answer.timestamp());
            let read = round % 4 == 3;
            assert!(
                told > last || (read && told == last),
                "round {round}: {last} then {told}"
            );
            last = told;
        }
    }
}

#[test]
fn writes_at_once_get_times_of_their_own() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "at-once");
    let mut times: Vec<i64> = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let user = user.clone();
                scope.spawn(move || -> Vec<i64> {
                    let path = format!("storage/forms/{writer}");
                    let write = |_| centiseconds(&user.put(&path, r#"{"payload":"x"}"#).written());
                    (0..25).map(write).collect()
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("a writer"))
            .collect()
    });
    let all = times.len();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), all, "no two writes share a time");
}

#[test]
fn what_a_read_did_not_see_is_newer_than_the_time_that_it_told() {
    let server = Gateway::Builtin.shared();
    for version in [PHP, PYTHON] {
        let user = User::new(&server, version, &format!("not-seen-{version}"));
        user.put("storage/forms/start", r#"{"payload":"x"}"#)
            .written();
        let mut since = "0".to_owned();
        for round in 0..40 {
            let seen = user.get(&format!("storage/forms?newer={since}"));
            since = seen.timestamp().to_owned();
            user.put(&format!("storage/forms/{round}"), r#"{"payload":"x"}"#)
                .written();
            let next = user.ids(&format!("storage/forms?newer={since}"));
            assert_eq!(next, [round.to_string()], "{version}");
        }
    }
}

#[test]
fn times_are_near_the_clock() {
    let server = Gateway::Builtin.shared();
    let user = User::new(&server, PYTHON, "near");
    let told = centiseconds(user.get("info/collections").timestamp());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_millis() as i64 / 10;
    assert!((now - told).abs() < 6_000, "{told} is not {now}");
}
