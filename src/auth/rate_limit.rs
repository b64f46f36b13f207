//! How often one address may ask what anybody may ask.
//!
//! Counted in this process, from an address's first question on, for one window; the table is
//! bounded, so a flood from many addresses lets the oldest ones start anew. An IPv6 address counts
//! as its /64 network, which is what one customer gets. A CGI program answers one request and
//! counts nothing.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::aging::AgingMap;

/// Counts questions by the address that asks them.
pub struct RateLimit {
    most: u32,
    asked: Mutex<AgingMap<Option<IpAddr>, u32>>,
}

impl RateLimit {
    /// Allows `most` questions of each address in each `window`, and keeps `capacity` addresses in
    /// mind.
    pub fn new(most: u32, window: Duration, capacity: usize) -> Self {
        RateLimit {
            most,
            asked: Mutex::new(AgingMap::new(window, capacity)),
        }
    }

    /// Counts a question of `address` at `now`, and tells whether it may be answered. Those whose
    /// address is unknown count as one.
    pub fn allows(&self, address: Option<IpAddr>, now: Instant) -> bool {
        let network = address.map(network);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        match asked.get_mut(&network, now) {
            Some(count) => {
                *count = count.saturating_add(1);
                *count <= self.most
            }
            None => {
                asked.insert(network, 1, now);
                self.most > 0
            }
        }
    }
}

/// 120 in a minute, more than anybody types; 10,000 addresses.
impl Default for RateLimit {
    fn default() -> Self {
        RateLimit::new(120, Duration::from_secs(60), 10_000)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// How many of `times` questions are answered.
    fn answered(limit: &RateLimit, address: Option<IpAddr>, times: u32, now: Instant) -> usize {
        (0..times).filter(|_| limit.allows(address, now)).count()
    }

    #[test]
    fn each_address_may_ask_so_often_in_a_window() {
        let (limit, start) = (RateLimit::new(3, MINUTE, 10), Instant::now());
        assert_eq!(answered(&limit, ip("192.0.2.1"), 5, start), 3);
        assert_eq!(answered(&limit, ip("192.0.2.2"), 5, start), 3);
        assert_eq!(answered(&limit, None, 5, start), 3);
        assert_eq!(answered(&limit, ip("192.0.2.1"), 5, start + MINUTE), 3);
    }

    #[test]
    fn asking_on_does_not_make_the_window_longer() {
        let (limit, start) = (RateLimit::new(1, MINUTE, 10), Instant::now());
        for seconds in 0..60 {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(limit.allows(ip("192.0.2.1"), now), seconds == 0);
        }
        assert!(limit.allows(ip("192.0.2.1"), start + MINUTE));
    }

    #[test]
    fn a_network_of_ipv6_is_one_asker_and_a_mapped_address_is_itself() {
        let (limit, now) = (RateLimit::new(1, MINUTE, 10), Instant::now());
        assert!(limit.allows(ip("2001:db8::1"), now));
        assert!(!limit.allows(ip("2001:db8::ffff:1"), now));
        assert!(limit.allows(ip("2001:db8:0:1::1"), now));
        assert!(limit.allows(ip("192.0.2.1"), now));
        assert!(!limit.allows(ip("::ffff:192.0.2.1"), now));
        assert!(limit.allows(ip("::ffff:192.0.2.2"), now));
    }

    #[test]
    fn a_flood_of_addresses_does_not_grow_the_table() {
        let (limit, now) = (RateLimit::new(1, MINUTE, 10), Instant::now());
        for n in 0..1000 {
            assert!(limit.allows(Some(IpAddr::V4(n.into())), now));
        }
        assert_eq!(limit.asked.lock().unwrap().len(), 10);
    }
}
