//! Times as calendars have them, for logs that people read.

use super::Timestamp;

/// The time so many seconds after 1970-01-01 as `2026-03-01T12:30:05`, in UTC. Earlier times count
/// as 1970.
pub fn utc(seconds: i64) -> String {
    let since = u64::try_from(seconds).unwrap_or(0);
    let (days, second) = (since / 86_400, since % 86_400);
    let (year, month, day) = date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// The date of a day counted from 1970-01-01. Years are taken to begin in March, so that the leap
/// day comes last and months follow a rule.
pub fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// A time as `2026-03-01T12:30:05.25Z`, in UTC, for people who hand it back.
pub fn moment(time: Timestamp) -> String {
    format!(
        "{}.{:02}Z",
        utc(time.seconds()),
        time.centis().rem_euclid(100)
    )
}

/// Reads what [`moment`] writes. The `Z`, the fraction and the seconds may be missing, and a space may
/// stand for the `T`.
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches("UTC").trim_end();
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' '])?;
    let date = numbers(date, '-')?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let time = numbers(whole, ':')?;
    let (&[year, month, day], (hour, minute, second)) = (
        date.as_slice(),
        match *time.as_slice() {
            [hour, minute] => (hour, minute, 0),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        },
    ) else {
        return None;
    };
    let in_range = (1970..=9999).contains(&year) && hour < 24 && minute < 60 && second < 60;
    if !in_range || fraction.len() > 2 {
        return None;
    }
    let hundredths: i64 = format!("{fraction:0<2}").parse().ok()?;
    let days = day_number(year, month, day)?;
    let seconds = ((i64::try_from(days).ok()? * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp::from_centis(seconds * 100 + hundredths))
}

fn numbers(text: &str, between: char) -> Option<Vec<i64>> {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split(between)
        .map(|part| part.parse().ok().filter(|_| plain(part)))
        .collect()
}

/// The day counted from 1970-01-01; nothing when there is no such day.
fn day_number(year: i64, month: i64, day: i64) -> Option<u64> {
    let (year, month, day) = (
        u64::try_from(year).ok()?,
        u64::try_from(month).ok()?,
        u64::try_from(day).ok()?,
    );
    // A guess from below, and at most a year of days to look at.
    let from = (year.checked_sub(1970)? * 365).saturating_sub(1);
    let about = from + (year - 1970) / 4 - (year - 1970) / 100;
    (about.saturating_sub(5)..about + 380).find(|days| date(*days) == (year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_is_handed_back_is_the_same() {
        for centis in [
            0,
            179_545_980_750,
            179_545_980_700,
            95_178_239_999,
            410_754_240_001,
        ] {
            let time = Timestamp::from_centis(centis);
            assert_eq!(parse_moment(&moment(time)), Some(time), "{centis}");
        }
        let time = parse_moment("2026-03-01T12:30:05.25Z").unwrap();
        assert_eq!(time.to_string(), "1772368205.25");
        assert_eq!(parse_moment("2026-03-01 12:30:05.25 UTC"), Some(time));
        let minute = Some(Timestamp::from_centis(177_236_820_000));
        assert_eq!(parse_moment("2026-03-01 12:30"), minute);
        assert_eq!(
            parse_moment("2024-02-29T00:00").unwrap().seconds(),
            1_709_164_800
        );
        for wrong in [
            "",
            "yesterday",
            "2026-02-29T12:00",
            "2026-13-01T12:00",
            "2026-03-01",
            "2026-03-01T24:00",
            "2026-03-01T+1:00",
            "2026-03-01T12:00:00.123",
            "1772368205.25",
        ] {
            assert_eq!(parse_moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_written_as_calendars_have_them() {
        let cases = [
            (-1, "1970-01-01T00:00:00"),
            (0, "1970-01-01T00:00:00"),
            (68_169_599, "1972-02-28T23:59:59"),
            (68_169_600, "1972-02-29T00:00:00"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_772_368_205, "2026-03-01T12:30:05"),
            (4_107_542_400, "2100-03-01T00:00:00"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(utc(seconds), expected);
        }
    }
}
