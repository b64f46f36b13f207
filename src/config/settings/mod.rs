//! The table of settings, section by section. Each setting stands here and nowhere else.

mod access;
mod api;
mod data;
mod limits;
mod log;
mod people;
mod server;
mod web;

pub use access::{Auth, AuthEngine, Lockout, NewHash, Registration, SignUp};
pub use api::{Api, Profile};
pub use data::{Data, Storage, StorageEngine};
pub use limits::{Limits, Quota};
pub use log::{Log, LogLevel, LogRequests};
pub use people::{Captcha, CaptchaKind, Mail, MailSecurity, MailTransport, Nodes};
pub use server::Server;
pub use web::Web;
