//! Keeps a browser from wiping an account because of a failure that passes.
//!
//! A desktop browser answers a failed `GET storage/meta/global` by overwriting that record and deleting
//! every collection on the server; a 404 on `storage/crypto/keys` makes any browser delete all (both
//! seen by running the clients). So what may pass is tried again here, for as long as the operator
//! allows, and what stays is answered with the status that does no harm: for `meta/global` 401 to
//! desktops, which ask for their node, find `info/collections` and try again at the next sync, and 503
//! to Android, which then stops; for `crypto/keys` 503.

use super::error::{ApiError, ToldOnce};
use super::{Api, Call};
use crate::exchange::Response;
use crate::routes::StoragePath;
use http::{Method, StatusCode};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// The records that browsers answer with a wipe when their reading fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precious {
    /// `storage/meta/global`.
    Meta,
    /// `storage/crypto/keys`.
    Keys,
}

impl Precious {
    /// Whether a request reads one of them.
    pub fn of(method: &Method, path: &StoragePath) -> Option<Precious> {
        if *method != Method::GET || path.function != "storage" {
            return None;
        }
        match (&*path.collection, &*path.id) {
            ("meta", "global") => Some(Precious::Meta),
            ("crypto", "keys") => Some(Precious::Keys),
            _ => None,
        }
    }

    /// What a failure that stays is answered with, to a browser of that `User-Agent`.
    pub fn harmless(self, user_agent: Option<&str>) -> ApiError {
        let android = user_agent.is_some_and(|agent| agent.starts_with("Firefox AndroidSync"));
        match self {
            Precious::Meta if !android => ApiError::Unauthorized,
            _ => ApiError::Unavailable,
        }
    }
}

impl fmt::Display for Precious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precious::Meta => "meta/global",
            Precious::Keys => "crypto/keys",
        })
    }
}

impl Api {
    /// Runs `read` until it does not fail, or the time for it is over. The log is told of the first
    /// failure, of each other one, and of the end.
    pub fn guard(
        &self,
        precious: Precious,
        call: &Call<'_>,
        read: impl Fn() -> Result<Response, ApiError>,
    ) -> Result<Response, ApiError> {
        let begin = Instant::now();
        let end = begin + self.settings.wipe_guard;
        let _told_once = ToldOnce::begin();
        let mut is_again = false;
        let mut pause = Duration::from_millis(20);
        loop {
            let outcome = read();
            let failed = match &outcome {
                Err(error) => *error == ApiError::Unavailable,
                Ok(response) => response.status() == StatusCode::SERVICE_UNAVAILABLE,
            };
            let seconds = begin.elapsed().as_secs_f32();
            if !failed {
                if is_again {
                    log::info!("{precious} could be read after {seconds:.1} s of trying");
                }
                return outcome;
            }
            is_again = true;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                log::error!(
                    "{precious} could not be read in {seconds:.1} s; answering what does no harm"
                );
                return Err(precious.harmless(call.header("user-agent")));
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }
}
