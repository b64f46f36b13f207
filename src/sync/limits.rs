//! How much of anything a request may carry.

/// The limits that an operator sets. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A request's body; more is answered 413.
    pub body_bytes: u64,
    /// The payload of one record; 0 for no limit (legacy PHP: `WEAVE_PAYLOAD_MAX_SIZE`).
    pub payload_bytes: u64,
    /// How many `ids` a query may name.
    pub ids: usize,
    /// The length of a query string.
    pub query_bytes: usize,
    /// How many records a POST to `/1.1/` may carry before the rest fails with `retry wbo`.
    pub batch_records: usize,
    /// How many bytes of payload a POST to `/1.1/` may carry before the rest fails with
    /// `retry bytes`.
    pub batch_bytes: u64,
    /// The bytes of payload that a user may store, unless the account has a quota of its own;
    /// nothing for no limit.
    pub quota_bytes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 32 << 20,
            payload_bytes: 256 << 10,
            ids: 500,
            query_bytes: 64 << 10,
            batch_records: 100,
            batch_bytes: 1 << 20,
            quota_bytes: None,
        }
    }
}
