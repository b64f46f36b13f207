//! How much a front may ask this side to hold, and how long to wait.
//!
//! Times count the waiting alone: a handler that computes for a minute between two reads of its
//! body has used none of the front's time.

use std::time::Duration;

/// Bounds on one connection. The defaults suit a front on the same machine or network.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one request's parameter stream, the length fields included. A request beyond it is
    /// answered with `Status: 431`.
    pub max_params_bytes: usize,
    /// Number of one request's parameters. A request beyond it is answered with `Status: 431`.
    pub max_params: usize,
    /// Bytes to throw away: of a body that nobody read, after the answer; and of records that
    /// belong to no running request, between two that do. Beyond it the connection is closed.
    ///
    /// Some fronts (mod_fcgid) look at the answer only after they have sent the whole body; to
    /// close earlier would turn a "too large" into a bare 500 there.
    pub max_unread: usize,
    /// How long a connection may wait for its next request.
    pub idle: Duration,
    /// How long, inside a request, to wait for all of its parameters, and then for each record of
    /// its body.
    pub read: Duration,
    /// How long the front may take to accept one buffer (up to 64 KB) of the answer.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_params_bytes: 256 * 1024,
            max_params: 1024,
            max_unread: 16 * 1024 * 1024,
            idle: Duration::from_secs(60),
            read: Duration::from_secs(30),
            write: Duration::from_secs(60),
        }
    }
}
