//! Whether the server is well, for load balancers and monitors.

use super::{Api, ok};
use crate::exchange::Response;
use http::StatusCode;

impl Api {
    /// `__heartbeat__`: the program runs and answers. Empty, as the Python server had it.
    pub fn heartbeat(&self) -> Response {
        ok("text/plain", "")
    }

    /// `heartbeat.php`: `OK`, or 503 when the databases don't answer (legacy PHP's words).
    pub fn legacy_heartbeat(&self) -> Response {
        let storage = self.storage.check().map_err(|error| error.to_string());
        let accounts = self.accounts.check().map_err(|error| error.to_string());
        match storage.and(accounts) {
            Ok(()) => ok("text/plain", "OK"),
            Err(why) => {
                log::error!("heartbeat: {why}");
                let mut response = ok("text/plain", "Read DB failure");
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
        }
    }
}
