//! Keeps requests from waiting, each in its turn, for a server that does not answer.

use std::time::{Duration, Instant};

/// Counts what goes wrong with one server. Two quick failures in a row, or one that took its whole
/// timeout, and the server is not asked for a while; then one request may try, and the others go on
/// without until it has succeeded.
#[derive(Debug)]
pub(super) struct Breaker {
    silence: Duration,
    failures: u32,
    silent_until: Option<Instant>,
}

const TOO_MANY: u32 = 2;

impl Breaker {
    pub(super) fn new(silence: Duration) -> Self {
        Breaker {
            silence,
            failures: 0,
            silent_until: None,
        }
    }

    /// Whether the server may be asked now. When its silence is over, that is true once.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        match self.silent_until {
            Some(end) if now < end => false,
            Some(_) => {
                self.silent_until = Some(now + self.silence);
                true
            }
            None => true,
        }
    }

    /// The server answered. True if it is back after a silence.
    pub(super) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        self.silent_until.take().is_some()
    }

    /// The server did not answer; `slow` if that took its time. True if its silence begins.
    pub(super) fn failed(&mut self, slow: bool, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let was_asked = self.silent_until.is_none();
        if slow || self.failures >= TOO_MANY {
            self.silent_until = Some(now + self.silence);
        }
        was_asked && self.silent_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_secs(5);

    #[test]
    fn two_quick_failures_in_a_row_begin_a_silence() {
        let (mut breaker, now) = (Breaker::new(SILENCE), Instant::now());
        assert!(!breaker.failed(false, now));
        assert!(breaker.allows(now));
        breaker.succeeded();
        assert!(!breaker.failed(false, now));
        assert!(breaker.failed(false, now));
        assert!(!breaker.allows(now));
    }

    #[test]
    fn one_slow_failure_is_enough() {
        let (mut breaker, now) = (Breaker::new(SILENCE), Instant::now());
        assert!(breaker.failed(true, now));
        assert!(!breaker.allows(now));
    }

    #[test]
    fn after_the_silence_one_may_try_and_its_success_ends_it() {
        let (mut breaker, start) = (Breaker::new(SILENCE), Instant::now());
        breaker.failed(true, start);
        let later = start + SILENCE;
        assert!(breaker.allows(later));
        assert!(!breaker.allows(later));
        assert!(!breaker.failed(false, later));
        assert!(!breaker.allows(later));
        let last = later + SILENCE;
        assert!(breaker.allows(last));
        assert!(breaker.succeeded());
        assert!(breaker.allows(last) && breaker.allows(last));
    }
}
