//! `[limits]` and `[quota]`: how much one request may ask for, and one user store.

use crate::config::declare::section;
use crate::config::value::ByteSize;

section! {
    /// How much one request may ask for.
    "limits" in limits: Limits {
        /// The longest request body. Browsers send up to 100 records of any size at once, and repeat
        /// a refused upload for ever, so be generous.
        body_bytes: ByteSize = ByteSize::mib(32), in ByteSize::kib(1)..=ByteSize::mib(1_024);

        /// The longest payload of one record; 0 is no limit but that of the whole body.
        payload_bytes: Option<ByteSize> = Some(ByteSize::kib(256)), php "WEAVE_PAYLOAD_MAX_SIZE";

        /// The most ids that one request may name in `ids=`.
        ids: usize = 500, in 1..=100_000;

        /// The longest query string.
        query_bytes: ByteSize = ByteSize::kib(32), in ByteSize(256)..=ByteSize::mib(1);

        /// The most records of one upload to `/1.1/`; the client sends the rest again.
        batch_records: usize = 100, in 1..=1_000_000;

        /// The most bytes of payload of one upload to `/1.1/`; the client sends the rest again.
        batch_bytes: ByteSize = ByteSize::mib(1), in ByteSize::kib(1)..=ByteSize::mib(1_024);
    }
}

section! {
    /// How much one user may store. Without limits, the disk is the limit.
    "quota" in quota: Quota {
        /// The bytes of payload that one user may store; 0 is no limit. Browsers' data grows to
        /// some 5 to 25 MB.
        bytes: Option<ByteSize> = None, php "WEAVE_QUOTA";

        /// The bytes that one user may write in a day; 0 is no limit.
        daily_write_bytes: Option<ByteSize> = None, php "WEAVE_QUOTA_WRITE_CAP";
    }
}
