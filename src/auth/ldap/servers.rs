//! Which of several directory servers is asked next.
//!
//! The first in the list that is well. One that failed is passed over for some seconds, so that a
//! dead server costs one request its patience and not all of them; but rather than asking none,
//! those that failed are asked as well.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a server that failed is passed over.
pub(super) const PASSED_OVER: Duration = Duration::from_secs(10);

/// When each server failed last.
#[derive(Debug)]
pub(super) struct Servers {
    failed: Mutex<Vec<Option<Instant>>>,
}

impl Servers {
    /// So many servers, all of which are well.
    pub(super) fn new(count: usize) -> Self {
        Servers {
            failed: Mutex::new(vec![None; count]),
        }
    }

    /// The numbers of all servers in the order in which to ask them.
    pub(super) fn in_turn(&self, now: Instant) -> Vec<usize> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ill = |number: &usize| {
            failed[*number].is_some_and(|at| now.saturating_duration_since(at) < PASSED_OVER)
        };
        let (ill, well): (Vec<_>, Vec<_>) = (0..failed.len()).partition(is_ill);
        well.into_iter().chain(ill).collect()
    }

    /// Notes that a server failed; true if it was well until then.
    pub(super) fn failed(&self, number: usize, now: Instant) -> bool {
        self.set(number, Some(now)).is_none()
    }

    /// Notes that a server answered; true if it had failed before.
    pub(super) fn answered(&self, number: usize) -> bool {
        self.set(number, None).is_some()
    }

    fn set(&self, number: usize, to: Option<Instant>) -> Option<Instant> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut failed[number], to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_asked_until_it_fails_and_again_when_it_had_time_to_recover() {
        let (servers, start) = (Servers::new(3), Instant::now());
        assert_eq!(servers.in_turn(start), [0, 1, 2]);
        assert!(servers.failed(0, start));
        assert!(!servers.failed(0, start));
        assert_eq!(servers.in_turn(start), [1, 2, 0]);
        assert_eq!(servers.in_turn(start + PASSED_OVER), [0, 1, 2]);
    }

    #[test]
    fn all_are_asked_when_all_failed() {
        let (servers, start) = (Servers::new(2), Instant::now());
        servers.failed(1, start);
        servers.failed(0, start);
        assert_eq!(servers.in_turn(start), [0, 1]);
        assert!(servers.answered(1));
        assert!(!servers.answered(1));
        assert_eq!(servers.in_turn(start), [1, 0]);
    }
}
