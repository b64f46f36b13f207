//! Weft, a Firefox Sync ("Weave") server: the map of the house.
//!
//! A request comes in through a [`gateway`], which turns its transport into an [`exchange`]
//! request; [`app`] asks [`routes`] what it means and calls one handler of [`api`]; the handler
//! asks [`auth`] who is speaking, tells [`security_log`] who was not let in, and opens one session of
//! [`storage`]. The nouns that all of them speak live in [`sync`]. Arrows point down only:
//!
//! gateway → app → api → {auth, storage, security_log} → sync.
//!
//! What engines on the same kind of server share is beside them: [`mysql`] holds the connections to a
//! MySQL server. [`backup`] is the file that users are saved in. [`doctor`] asks the whole from outside,
//! as a browser would, and says what is wrong.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod api;
pub mod app;
pub mod auth;
pub mod backup;
pub mod cache;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod exchange;
pub mod gateway;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod program;
pub mod routes;
pub mod security_log;
pub mod storage;
pub mod sync;
pub mod web;
