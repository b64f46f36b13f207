//! The table of settings, section by section. Each setting stands here and nowhere else.

mod access;
mod api;
mod data;
mod ldap;
mod legacy;
mod limits;
mod log;
mod mysql;
mod people;
mod security_log;
mod server;
mod web;

pub use access::{Auth, AuthEngine, Lockout, NewHash, Registration, SignUp};
pub use api::{Api, Profile};
pub use data::{Data, Storage, StorageEngine, Undo};
pub use ldap::{Ldap, LdapLayout};
pub use legacy::{Legacy, Memcached};
pub use limits::{Limits, Quota};
pub use log::{Log, LogLevel, LogRequests};
pub use mysql::{
    AuthMysql, Mirror, MirrorEngine, Mysql, MysqlCharset, MysqlRead, MysqlServer, MysqlWrite,
};
pub use people::{Captcha, CaptchaKind, Mail, MailSecurity, MailTransport, Nodes};
pub use security_log::{SecurityLog, SecurityLogTarget, SyslogFacility};
pub use server::Server;
pub use web::Web;
