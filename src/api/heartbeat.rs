//! Whether the server is well, for load balancers and monitors.

use super::{Api, ok};
use crate::exchange::Response;
use http::StatusCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Anybody may ask, and a check writes to the disk: so often at most.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// The outcome of the last check, and when it was made.
#[derive(Debug, Default)]
pub struct LastCheck(Mutex<Option<(Instant, bool)>>);

impl Api {
    /// `__heartbeat__`: the program runs and answers. Empty, as the Python server had it.
    pub fn heartbeat(&self) -> Response {
        ok("text/plain", "")
    }

    /// `heartbeat.php`: `OK`, or 503 when the databases don't answer (legacy PHP's words).
    pub fn legacy_heartbeat(&self, now: Instant) -> Response {
        if self.is_well(now) {
            return ok("text/plain", "OK");
        }
        let mut response = ok("text/plain", "Read DB failure");
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    }

    /// Whether storage and accounts answer, as far as was looked a moment ago.
    pub fn is_well(&self, now: Instant) -> bool {
        let mut last = self
            .last_check
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((at, well)) = *last
            && now.saturating_duration_since(at) < CHECK_EVERY
        {
            return well;
        }
        let storage = self.storage.check().map_err(|error| error.to_string());
        let accounts = self.accounts.check().map_err(|error| error.to_string());
        let outcome = storage.and(accounts);
        if let Err(why) = &outcome {
            log::error!("heartbeat: {why}");
        }
        *last = Some((now, outcome.is_ok()));
        outcome.is_ok()
    }
}
