//! The two servers that Weft replaces, where they differed: one method for each difference.
//!
//! `/1.0/` answers as Mozilla's PHP server, `/1.1/` as its Python server. A handler never asks which
//! profile it serves; it asks for the one rule that it needs, by name.

use super::escape::write_number;
use crate::routes::Version;
use crate::sync::Timestamp;

/// Whose manners a storage request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As the legacy PHP server.
    Php,
    /// As the Python server.
    Python,
}

/// What a write checks before it writes; the order decides which error a bad request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The body is JSON of the right shape.
    Json,
    /// The user is not over quota.
    Quota,
    /// `X-If-Unmodified-Since` holds.
    Unmodified,
}

/// How the counts of `info/collection_counts` are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// As JSON strings: PHP took them from MySQL as text.
    Quoted,
    /// As JSON numbers.
    Plain,
}

impl Profile {
    /// The profile of a path's version, unless the operator pinned one.
    pub fn of(version: Version, pinned: Option<Profile>) -> Profile {
        pinned.unwrap_or(match version {
            Version::V1_0 => Profile::Php,
            Version::V1_1 => Profile::Python,
        })
    }

    /// A time in headers and bodies: without trailing zeros, or with two decimals always.
    pub fn time(self, time: Timestamp) -> String {
        match self {
            Profile::Php => time.unpadded(),
            Profile::Python => time.to_string(),
        }
    }

    /// Appends a time as [`time`](Self::time) prints it.
    pub fn write_time(self, out: &mut Vec<u8>, time: Timestamp) {
        let centis = time.centis();
        if centis < 0 {
            return out.extend_from_slice(self.time(time).as_bytes());
        }
        write_number(out, centis / 100);
        let tenths = [b'.', b'0' + (centis / 10 % 10) as u8];
        let hundredths = b'0' + (centis % 10) as u8;
        match (self, centis % 100, hundredths) {
            (Profile::Php, 0, _) => {}
            (Profile::Php, _, b'0') => out.extend_from_slice(&tenths),
            _ => out.extend_from_slice(&[tenths[0], tenths[1], hundredths]),
        }
    }

    /// The realm of `WWW-Authenticate`.
    pub fn realm(self) -> &'static str {
        match self {
            Profile::Php => "Weave",
            Profile::Python => "Sync",
        }
    }

    /// An object without members: PHP printed its empty array.
    pub fn empty_object(self) -> &'static str {
        match self {
            Profile::Php => "[]",
            Profile::Python => "{}",
        }
    }

    /// How counts are written.
    pub fn counts(self) -> Number {
        match self {
            Profile::Php => Number::Quoted,
            Profile::Python => Number::Plain,
        }
    }

    /// `X-Weave-Records` is sent for an empty list and on `info`, too.
    pub fn counts_every_list(self) -> bool {
        self == Profile::Python
    }

    /// `info/collection_usage` exists.
    pub fn has_usage(self) -> bool {
        self == Profile::Python
    }

    /// `info` answers in the format that `Accept` asks for, and `Accept` is weighed by its q-values;
    /// PHP looked for names in it, on lists only.
    pub fn negotiates(self) -> bool {
        self == Profile::Python
    }

    /// Search parameters that don't fit are errors; PHP passed over them.
    pub fn strict_search(self) -> bool {
        self == Profile::Python
    }

    /// An `id` in a PUT's body wins over the URL's.
    pub fn body_id_wins(self) -> bool {
        self == Profile::Php
    }

    /// Ids may hold a `/`, in arrays and bodies.
    pub fn slash_in_id(self) -> bool {
        self == Profile::Python
    }

    /// A metadata-only write that names a `parentid` moves `modified`.
    pub fn parentid_touches(self) -> bool {
        self == Profile::Php
    }

    /// A metadata-only write creates the record that it does not find.
    pub fn creates_without_payload(self) -> bool {
        self == Profile::Python
    }

    /// A metadata-only PUT answers the record's `modified`, not the server's time.
    pub fn put_answers_modified(self) -> bool {
        self == Profile::Python
    }

    /// A `ttl` that is no life at all fails the record; PHP knew no `ttl` and dropped it.
    pub fn strict_ttl(self) -> bool {
        self == Profile::Python
    }

    /// Members of a record that we don't know must at least be scalars.
    pub fn strict_members(self) -> bool {
        self == Profile::Python
    }

    /// A POST is limited in records and bytes.
    pub fn limits_batches(self) -> bool {
        self == Profile::Python
    }

    /// A JSON object posted to a collection is one record; PHP went through its members.
    pub fn takes_single_object(self) -> bool {
        self == Profile::Python
    }

    /// `X-Weave-Quota-Remaining` is sent when little is left.
    pub fn tells_remaining_quota(self) -> bool {
        self == Profile::Python
    }

    /// Whether a user who has used `used` of `quota` bytes may not write.
    pub fn over_quota(self, used: u64, quota: u64) -> bool {
        match self {
            Profile::Php => used > quota,
            Profile::Python => used >= quota,
        }
    }

    /// The checks of a PUT of one record, in their order.
    pub fn put_checks(self) -> [Check; 3] {
        match self {
            Profile::Php => [Check::Json, Check::Quota, Check::Unmodified],
            Profile::Python => [Check::Quota, Check::Unmodified, Check::Json],
        }
    }

    /// The checks of a POST, in their order.
    pub fn post_checks(self) -> [Check; 3] {
        match self {
            Profile::Php => [Check::Json, Check::Quota, Check::Unmodified],
            Profile::Python => [Check::Unmodified, Check::Json, Check::Quota],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_it_is_printed() {
        let times = [
            0,
            1,
            9,
            10,
            99,
            100,
            110,
            101,
            129_741_712_210,
            i64::MAX,
            -150,
        ];
        for time in times.map(Timestamp::from_centis) {
            for profile in [Profile::Php, Profile::Python] {
                let mut out = b"at ".to_vec();
                profile.write_time(&mut out, time);
                assert_eq!(out, format!("at {}", profile.time(time)).into_bytes());
            }
        }
    }
}
