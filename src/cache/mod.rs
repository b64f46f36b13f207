//! What a cache holds and in which bytes.
//!
//! A deployment that moves host by host has legacy PHP and Weft on one memcached, so the values
//! are PHP's own: [`php_value`] reads and writes PHP's `serialize()` format, [`legacy`] gives the
//! cached values their meaning. Neither knows memcached: bytes in, bytes out.

pub mod legacy;
pub mod php_value;
