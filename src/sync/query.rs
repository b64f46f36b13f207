//! Which records of a collection a request means, and in which order.

use super::{RecordId, Timestamp};

/// A selection of records in one collection. All conditions given apply together; the default
/// selects everything, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only these records. An empty list selects nothing.
    pub ids: Option<Vec<RecordId>>,
    /// Only records whose `parentid` equals this.
    pub parentid: Option<String>,
    /// Only records whose `predecessorid` equals this.
    pub predecessorid: Option<String>,
    /// Only records modified later than this.
    pub newer: Option<Timestamp>,
    /// Only records modified earlier than this.
    pub older: Option<Timestamp>,
    /// Only records with a `sortindex` greater than this; never those without one.
    pub index_above: Option<i64>,
    /// Only records with a `sortindex` less than this; never those without one.
    pub index_below: Option<i64>,
    /// The order; none means by id, so that pages are stable.
    pub sort: Option<Sort>,
    /// At most so many records.
    pub limit: Option<u64>,
    /// Without the first so many of them.
    pub offset: Option<u64>,
}

/// An order of records; equal ones are ordered by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// By `modified`, earliest first.
    Oldest,
    /// By `modified`, latest first.
    Newest,
    /// By `sortindex`, highest first, those without one last.
    Index,
}
