//! The configuration: every setting declared once, in [`settings`].
//!
//! From that one table come the typed [`Config`], the reading of `weft.toml` and of the
//! environment, the printed sample file, the check and the manual's table. What was written is a
//! [`Written`] value with its place; what it means is a field of [`Config`]. [`load()`] goes from one
//! to the other, and gathers every problem on the way instead of stopping at the first.
//!
//! To add a setting, add its declaration to its section; to add a section, add its file to
//! [`settings`] and one line to the list below.
//!
//! Nothing in here reads the environment, the time or the command line: [`Surroundings`] and
//! [`Options`] bring them.

pub mod built;
mod check;
pub mod data;
mod declare;
mod find;
mod host;
mod load;
mod markdown;
mod nearest;
pub mod php;
pub mod php_mapping;
mod problem;
mod read;
mod sample;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod value;

pub use check::exposed;
pub use declare::{Section, Setting};
pub use find::{Found, Origin, Surroundings};
pub use host::{Host, choose as choose_host};
pub use load::{Loaded, Options, load};
pub use markdown::markdown;
pub use problem::{Place, Problem, Problems};
pub use sample::sample;
pub use value::{Item, Value, Written};

use settings::*;

declare::sections! {
    /// The ways in, and who is behind them.
    server: Server,
    /// What the APIs answer.
    api: Api,
    /// How much one request may ask for.
    limits: Limits,
    /// How much one user may store.
    quota: Quota,
    /// Where this program keeps its own files.
    data: Data,
    /// Where records are kept.
    storage: Storage,
    /// What was replaced and deleted.
    undo: Undo,
    /// A second store that gets every write too.
    mirror: Mirror,
    /// What all MySQL servers have in common.
    mysql: Mysql,
    /// The MySQL server that holds the records.
    mysql_write: MysqlWrite,
    /// A replica of it.
    mysql_read: MysqlRead,
    /// The cache that hosts share.
    memcached: Memcached,
    /// Life beside PHP.
    legacy: Legacy,
    /// Who users are, and how passwords are kept.
    auth: Auth,
    /// The MySQL server that knows the users.
    auth_mysql: AuthMysql,
    /// The directory that knows the users.
    ldap: Ldap,
    /// What happens after many wrong passwords.
    lockout: Lockout,
    /// Who may create an account.
    registration: Registration,
    /// Letters to users.
    mail: Mail,
    /// What tells people from programs.
    captcha: Captcha,
    /// Several servers that share accounts.
    nodes: Nodes,
    /// What the program tells, and where.
    log: Log,
    /// Where refused logins are told.
    security_log: SecurityLog,
    /// The pages that people see.
    web: Web,
}
