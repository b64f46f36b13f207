//! The kinds of lines.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::AddAssign;

/// A line of a backup: an object with one member, whose name says what it is.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line<'l> {
    Weft(Head),
    User(Person),
    #[serde(borrow)]
    Collection(Collection<'l>),
    #[serde(borrow)]
    Record(Record<'l>),
    End(End),
    Whole(Counts),
    Sha256(String),
}

/// What the file is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The version of the format.
    pub format: u32,
    /// When it was begun, in centiseconds.
    pub made: i64,
    /// The program that made it.
    pub by: String,
}

/// A user.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The number under which the records were stored.
    pub number: u32,
    /// The account, unless only records were wanted.
    pub account: Option<Held>,
    /// Whether the records are here: not where only accounts were wanted, or they are on another node.
    pub records: bool,
}

/// What the account engine told of a user.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The hash of the password as it is stored; nothing where the engine does not tell it.
    pub hash: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// Whether the account may be used.
    pub enabled: bool,
    /// What the user's browsers are told.
    pub alert: Option<String>,
    /// The bytes that the user may store, where it is not the server's default.
    pub quota_bytes: Option<u64>,
    /// The URL of the node that holds the records.
    pub node: Option<String>,
}

/// A collection; the records behind it are in it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Collection<'l> {
    #[serde(borrow)]
    pub(super) name: Cow<'l, str>,
    pub(super) modified: i64,
}

/// A record of the collection that came last.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Record<'l> {
    #[serde(borrow)]
    pub(super) id: Cow<'l, str>,
    pub(super) modified: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sortindex: Option<i32>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) parentid: Option<Cow<'l, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) predecessorid: Option<Cow<'l, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<i64>,
    #[serde(borrow)]
    pub(super) payload: Cow<'l, str>,
}

/// The end of a user's section, but for its checksum.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct End {
    /// When the snapshot was made.
    pub(super) at: i64,
    pub(super) collections: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Users.
    pub users: u64,
    /// Their records.
    pub records: u64,
    /// The bytes of payload of these.
    pub bytes: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.users += other.users;
        self.records += other.records;
        self.bytes += other.bytes;
    }
}
