//! Stands in for captcha services where the program was built without calls to web servers. Settings
//! that name one were refused when they were read.

use crate::accounts::Captcha;
use crate::config::Config;
use crate::config::built::without;
use std::sync::Arc;

/// There is none.
pub fn service(_: &Config) -> Result<Arc<dyn Captcha>, String> {
    Err(without("https"))
}
