//! Keys that an installation makes for itself, once.

use crate::auth::AuthResult;

/// Keeps one random root, from which a key is derived for each purpose.
pub trait Secrets: Send + Sync {
    /// The key for `purpose` (`"captcha"`, `"session"`): always the same one, in all processes, and
    /// unlike that of every other purpose.
    fn key(&self, purpose: &str) -> AuthResult<[u8; 32]>;
}
