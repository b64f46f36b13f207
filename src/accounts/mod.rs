//! Signing up and what belongs to it: what makes an e-mail address.

mod email;

pub use email::is_email;
