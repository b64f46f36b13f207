//! How much a user may write in a day, counted in the cache that legacy PHP counts in, so that the
//! cap is one for all hosts.
//!
//! It protects the database from a client that runs wild, and is no quota: when the cache is away,
//! nothing is counted and nothing refused. Payloads count, in bytes; those of `tabs`, which browsers
//! send all day long, don't (legacy PHP).

use crate::cache::legacy::{FLAG_SERIALIZED, WriteVolume, write_volume_key};
use crate::cache::{Cache, Change, Entry, Kind, update};
use crate::sync::{CollectionName, Timestamp, UserId, WboWrite};
use std::fmt;
use std::sync::Arc;

/// A cap on what each user may write in a day.
pub struct WriteCap {
    cache: Arc<dyn Cache>,
    bytes: u64,
    life: u32,
}

impl WriteCap {
    /// At most so many bytes of payload a day, counted in values that live so many seconds.
    pub fn new(cache: Arc<dyn Cache>, bytes: u64, life: u32) -> Self {
        WriteCap { cache, bytes, life }
    }

    /// Counts what is about to be written at that time, if the day still has room for all of it;
    /// else counts nothing and answers false.
    pub fn takes(
        &self,
        user: UserId,
        collection: &CollectionName,
        writes: &[WboWrite],
        time: Timestamp,
    ) -> bool {
        let sizes = writes
            .iter()
            .map(|write| write.payload.as_ref().map_or(0, |p| p.len() as u64));
        let bytes: u64 = sizes.sum();
        if bytes == 0 || collection.as_str() == "tabs" {
            return true;
        }
        let (kind, today) = (
            Kind {
                flags: FLAG_SERIALIZED,
                life: self.life,
            },
            day(time),
        );
        let mut over = false;
        let key = write_volume_key(user.number().into());
        update(&*self.cache, &key, kind, |entry: Option<&Entry>| {
            over = false;
            // Begun at 0, so that of two who begin at once neither is lost.
            let none = WriteVolume {
                day: today,
                bytes: 0,
            };
            let Some(entry) = entry else {
                return Change::Store(none.encode());
            };
            let stored = WriteVolume::decode(&entry.bytes).unwrap_or(none);
            let after = WriteVolume::after_write(Some(stored), today, bytes);
            over = after.bytes > self.bytes;
            match over {
                true => Change::Keep,
                false => Change::Store(after.encode()),
            }
        });
        !over
    }
}

impl fmt::Debug for WriteCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteCap")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Year, month and day (UTC) as one number: 20261123. PHP has those of its host's time zone; near
/// midnight the later of the two days is counted on.
fn day(time: Timestamp) -> u32 {
    // Days are counted from 1 March of year 0: the leap day is then the last of its year.
    let days = time.seconds().div_euclid(86_400) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, year_later) = match month_from_march {
        0..=9 => (month_from_march + 3, 0),
        _ => (month_from_march - 9, 1),
    };
    let year = era * 400 + year_of_era + year_later;
    u32::try_from(year * 10_000 + month * 100 + of_month).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{InProcess, Item, Memcached, MemcachedOptions};
    use crate::sync::RecordId;

    const USER: UserId = UserId::new(3001);
    const NOON: Timestamp = Timestamp::from_centis(179_545_980_750);

    fn cap(cache: &Arc<InProcess>, bytes: u64) -> WriteCap {
        WriteCap::new(Arc::clone(cache) as Arc<dyn Cache>, bytes, 86_400)
    }

    fn takes(cap: &WriteCap, collection: &str, bytes: usize, time: Timestamp) -> bool {
        let write = WboWrite {
            payload: Some("x".repeat(bytes)),
            ..WboWrite::new(RecordId::new("a").unwrap())
        };
        let collection = CollectionName::new(collection).unwrap();
        cap.takes(USER, &collection, &[write], time)
    }

    fn stored(cache: &InProcess) -> String {
        let entry = cache.look("write_vol:3001").found().unwrap();
        assert_eq!(entry.flags, 1);
        String::from_utf8(entry.bytes).unwrap()
    }

    #[test]
    fn what_is_stored_is_what_php_stored() {
        let cache = Arc::new(InProcess::new(10));
        let cap = cap(&cache, 100);
        assert!(takes(&cap, "w", 5, NOON));
        assert_eq!(stored(&cache), "a:2:{i:0;s:8:\"20261123\";i:1;i:5;}");
        assert!(takes(&cap, "w", 6, NOON));
        assert!(takes(&cap, "w", 0, NOON));
        assert!(takes(&cap, "tabs", 1000, NOON));
        assert_eq!(stored(&cache), "a:2:{i:0;s:8:\"20261123\";i:1;i:11;}");
    }

    #[test]
    fn what_passes_the_cap_is_refused_and_not_counted() {
        let cache = Arc::new(InProcess::new(10));
        let cap = cap(&cache, 10);
        assert!(takes(&cap, "w", 8, NOON));
        assert!(!takes(&cap, "w", 3, NOON));
        assert!(takes(&cap, "w", 2, NOON));
        assert!(!takes(&cap, "w", 1, NOON));
        assert!(takes(&cap, "w", 1, NOON.plus_seconds(86_400)));
    }

    #[test]
    fn a_value_that_is_none_begins_anew() {
        let cache = Arc::new(InProcess::new(10));
        let item = Item {
            bytes: b"junk",
            flags: 1,
            life: 60,
        };
        cache.add("write_vol:3001", item);
        assert!(takes(&cap(&cache, 10), "w", 5, NOON));
        assert_eq!(stored(&cache), "a:2:{i:0;s:8:\"20261123\";i:1;i:5;}");
    }

    #[test]
    fn without_a_cache_nothing_is_refused() {
        let nowhere = Memcached::new(&MemcachedOptions::legacy("", 0));
        let cap = WriteCap::new(Arc::new(nowhere), 1, 60);
        assert!(takes(&cap, "w", 1000, NOON));
    }

    // From `date -u`.
    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, 19_700_101),
            (951_782_399, 20_000_228),
            (951_782_400, 20_000_229),
            (951_868_800, 20_000_301),
            (1_795_459_807, 20_261_123),
            (4_107_542_399, 21_000_228),
            (4_107_542_400, 21_000_301),
            (1_798_761_599, 20_261_231),
        ] {
            let time = Timestamp::ZERO.plus_seconds(seconds);
            assert_eq!(day(time), expected, "{seconds}");
        }
    }
}
