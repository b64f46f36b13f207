//! Stands in for directories where the program was built without LDAP. Settings that name one were
//! refused when they were read.

use crate::auth::Accounts;
use crate::config::Config;
use crate::config::built::without;
use std::sync::Arc;

/// There is none.
pub fn accounts(_: &Config, _: fn(&mut [u8])) -> Result<Arc<dyn Accounts>, String> {
    Err(without("ldap"))
}
