//! The clocks: this machine's, the server's as its answers show it, the database's.
//!
//! Times of records come from the database's clock and only ever rise. One that once ran ahead keeps the
//! times of what was written then.

use super::client::Answer;
use super::probe::Probe;
use super::{Exam, Finding};
use crate::config::settings::StorageEngine;
use crate::sync::{Timestamp, date};

/// Clocks that differ by less are told nothing of, in seconds.
const SMALL: i64 = 30;

/// What differs by more makes browsers and certificates fail, in seconds.
const LARGE: i64 = 600;

const WHY: &str = "Browsers compare times of the server's with their own to decide which of two changes is \
     the later, and certificates and invitations end by them.";

/// Compares this machine's with what an answer shows.
pub fn look(exam: &Exam<'_>, answer: &Answer) -> Finding {
    let now = (exam.doctor.clock)();
    let told = answer
        .header("x-weave-timestamp")
        .and_then(Timestamp::parse);
    let dated = answer.header("date").and_then(seconds);
    let times = [
        (
            "the server's (X-Weave-Timestamp)",
            told.map(Timestamp::seconds),
        ),
        ("the web server's (Date)", dated),
    ];
    for (whose, time) in times {
        let Some(time) = time else { continue };
        if let Some(finding) = differs(time.saturating_sub(now.seconds()), whose) {
            return finding;
        }
    }
    Finding::fine("clock", "The clocks agree.")
}

/// Compares this machine's with the database's.
pub fn database(exam: &Exam<'_>, probe: &Probe<'_>) -> Option<Finding> {
    if exam.doctor.config.storage.engine != StorageEngine::Mysql {
        return None;
    }
    let session = exam.api.storage.read_account(probe.account.id).ok()?;
    let now = (exam.doctor.clock)();
    let ahead = session.time().seconds().saturating_sub(now.seconds());
    differs(ahead, "the database's")
}

fn differs(ahead: i64, whose: &str) -> Option<Finding> {
    let size = ahead.saturating_abs();
    if size < SMALL {
        return None;
    }
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    let what = format!("A clock is wrong: {whose} is {size} seconds {direction} this machine's.");
    let finding = match size {
        LARGE.. => Finding::fault("clock", what),
        _ => Finding::remark("clock", what),
    };
    let place = "on the machine whose clock is wrong, run";
    Some(finding.because(WHY).cure(place, "timedatectl set-ntp true"))
}

/// The time of an HTTP date, `Tue, 24 Nov 2026 15:47:38 GMT`, in seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split(' ');
    let day: u64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year: u64 = parts.next()?.parse().ok()?;
    let mut clock = parts
        .next()?
        .split(':')
        .map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1970..3000).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    // The day is looked for among those of its year, as the calendar has them.
    let first = (year - 1970) * 365;
    let days = (first..first + 366 + 300).find(|days| date(*days) == (year, month, day))?;
    Some(i64::try_from(days).ok()? * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn dates_of_answers_are_read() {
        assert_eq!(
            seconds("Sun, 01 Mar 2026 12:30:05 GMT"),
            Some(1_772_368_205)
        );
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            seconds("Thu, 31 Dec 2099 23:59:59 GMT"),
            Some(4_102_444_799)
        );
        for bad in [
            "",
            "yesterday",
            "Sun, 31 Feb 2026 12:30:05 GMT",
            "Sun, 01 Mar 2026 x GMT",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_little_is_nothing_and_much_is_a_fault() {
        assert_eq!(differs(29, "its"), None);
        assert_eq!(differs(-60, "its").unwrap().severity, Severity::Remark);
        let fault = differs(4_000, "its").unwrap();
        assert_eq!(fault.severity, Severity::Fault);
        assert!(fault.what.contains("4000 seconds ahead of"), "{fault:?}");
    }
}
