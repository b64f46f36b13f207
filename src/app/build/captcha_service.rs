//! The service that tells people from programs, from settings.

use crate::accounts::{Captcha, SiteVerify, Widget};
use crate::config::Config;
use std::sync::Arc;

/// The service. It is not asked before it is used.
pub fn service(config: &Config) -> Result<Arc<dyn Captcha>, String> {
    let captcha = &config.captcha;
    let widget = Widget {
        script: captcha.script.clone(),
        class: captcha.widget.clone(),
        site_key: captcha.site_key.clone(),
        field: captcha.response_field.clone(),
    };
    let secret = captcha.secret.expose().to_owned();
    let url = captcha.verify_url.clone();
    Ok(Arc::new(SiteVerify::new(
        url,
        secret,
        widget,
        captcha.timeout,
    )))
}
