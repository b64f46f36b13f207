//! Weft.
pub mod cache;
pub mod config;
