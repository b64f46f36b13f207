//! Stands in for mail where the program was built without it. Settings that name a way out were
//! refused when they were read.

use crate::accounts::{Mailer, NoMailer};
use crate::config::Config;
use crate::config::built::without;
use crate::config::settings::MailTransport;
use std::sync::Arc;

/// There is no way out.
pub fn mailer(config: &Config) -> Result<Arc<dyn Mailer>, String> {
    match config.mail.transport {
        MailTransport::None => Ok(Arc::new(NoMailer)),
        _ => Err(without("mail")),
    }
}
