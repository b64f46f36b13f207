//! Whether our own table is there to be joined. It is hoped for at first; where it is missing, reads
//! go without it, and one in so many looks whether it has been made meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// So many reads go without the table before one looks again.
const LOOK_AGAIN_AFTER: u32 = 64;

#[derive(Default)]
pub(super) struct Extras {
    /// How many reads are still to go without it.
    without: AtomicU32,
    told: AtomicBool,
}

impl Extras {
    /// Whether this read should join the table.
    pub(super) fn are_hoped_for(&self) -> bool {
        let next = |left: u32| left.checked_sub(1);
        let order = Ordering::Relaxed;
        self.without.fetch_update(order, order, next).is_err()
    }

    /// The table is there.
    pub(super) fn were_found(&self) {
        self.without.store(0, Ordering::Relaxed);
    }

    /// The table is missing; answers whether this is news.
    pub(super) fn are_missing(&self) -> bool {
        self.without.store(LOOK_AGAIN_AFTER, Ordering::Relaxed);
        !self.told.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_table_is_looked_for_again_after_a_while() {
        let extras = Extras::default();
        assert!(extras.are_hoped_for() && extras.are_hoped_for());
        for news in [true, false] {
            assert_eq!(extras.are_missing(), news);
            assert!((0..LOOK_AGAIN_AFTER).all(|_| !extras.are_hoped_for()));
            assert!(extras.are_hoped_for() && extras.are_hoped_for());
        }
        extras.are_missing();
        extras.were_found();
        assert!(extras.are_hoped_for());
    }
}
