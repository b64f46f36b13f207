//! Records, called Weave Basic Objects (WBOs): as they are stored, and as a write changes them.

use super::{RecordId, Timestamp};

/// A stored record, borrowed from the row that an engine is just reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WboRef<'r> {
    /// Its id.
    pub id: &'r str,
    /// When it was last changed.
    pub modified: Timestamp,
    /// The id of the record above it, where the client uses that.
    pub parentid: Option<&'r str>,
    /// The id of the record before it, where the client uses that.
    pub predecessorid: Option<&'r str>,
    /// Its weight among its neighbours, between -999999999 and 999999999.
    pub sortindex: Option<i32>,
    /// What it holds; nothing the server understands.
    pub payload: Option<&'r str>,
}

/// How long a record lives, in seconds from the write that sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ttl(u32);

impl Ttl {
    /// A year, the longest life that API 1.1 knows.
    pub const MAX_SECONDS: u32 = 31_536_000;

    /// So many seconds, at most [`Ttl::MAX_SECONDS`].
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        u32::try_from(seconds)
            .ok()
            .filter(|s| *s <= Self::MAX_SECONDS)
            .map(Ttl)
    }

    /// In seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// What a write does to one record.
///
/// With a payload, the record is stored anew: fields that the write does not name are unset, and
/// `modified` becomes the time of the write. Without one, the fields it names are merged into the
/// stored record, whose payload and ttl stay (a ttl that is named is set).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WboWrite {
    /// The record.
    pub id: RecordId,
    /// Its new `parentid`, at most 64 bytes.
    pub parentid: Option<String>,
    /// Its new `predecessorid`, at most 64 bytes.
    pub predecessorid: Option<String>,
    /// Its new `sortindex`.
    pub sortindex: Option<i32>,
    /// Its new payload.
    pub payload: Option<String>,
    /// Its new life.
    pub ttl: Option<Ttl>,
    /// Without a payload: whether `modified` becomes the time of the write.
    pub touch: bool,
    /// Without a payload: whether a record that does not exist is created, with an empty payload and
    /// the time of the write, or the write is passed over.
    pub create: bool,
}

impl WboWrite {
    /// A write that names nothing but the record.
    pub fn new(id: RecordId) -> Self {
        WboWrite {
            id,
            parentid: None,
            predecessorid: None,
            sortindex: None,
            payload: None,
            ttl: None,
            touch: false,
            create: false,
        }
    }
}
