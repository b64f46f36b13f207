//! What black-box tests stand on: real servers around the real program, and browsers' own requests.
//!
//! - [`Gateway`] starts the program behind Apache, nginx or alone, as the files in `apache/` say.
//! - [`http`] sends requests byte for byte and shows answers byte for byte.
//! - [`manual`] sets servers up as the manual says.
//! - [`MariaDb`] and [`Memcached`] can be stopped, killed and started again; [`legacy`] is what the PHP
//!   server left in them.
//! - [`Proxy`] is a network that fails, [`Wire`] one on which exchanges are counted.
//! - [`php`] is real PHP.
//! - [`slapd`] is a directory server with certificates.
//! - [`api`] asks the storage API without any ornament.
//! - [`chromium`] is a real browser.
//! - [`visitor`] is a person before the pages.
//! - [`browser`] speaks as the desktop and the Android client do.
//! - `leaks` sees that none of them tells a secret that a test has sent.
//!
//! Each test program that says `mod harness;` gets its own servers; nothing is left running.

// Each test program uses the part that it needs.
#![allow(dead_code, unused_imports)]

#[macro_use]
#[allow(
    unused_macros,
    reason = "not every test program runs through every gateway"
)]
mod through;

pub mod account;
pub mod apache;
pub mod api;
pub mod browser;
pub mod certificates;
pub mod chromium;
pub mod command;
mod dice;
pub mod faketime;
mod gateway;
pub mod http;
mod installation;
mod leaks;
pub mod legacy;
pub mod manual;
pub mod mariadb;
mod memcached;
pub mod nginx;
pub mod php;
mod ports;
pub mod process;
mod proxy;
mod site;
pub mod slapd;
mod supervised;
pub mod visitor;
pub mod weft;
mod wire;

pub use command::Ran;
pub use dice::Dice;
pub use gateway::{Gateway, Server, Shared};
pub use installation::{Installation, Node};
pub use mariadb::MariaDb;
pub use memcached::Memcached;
pub use ports::Port;
pub use proxy::Proxy;
pub use site::{Site, private, project};
pub use supervised::{Invocation, Supervised};
pub use wire::Wire;
