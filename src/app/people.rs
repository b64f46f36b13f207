//! What goes with accounts, from settings: the file of codes and invitations, the way out for letters, the
//! captcha.

use super::build::accounts::random;
use super::build::{captcha_service, letters};
use super::screens::devices;
use crate::accounts::sqlite::SqlitePeople;
use crate::accounts::{
    Captcha, ImageCaptcha, NoCaptcha, People, PeopleSettings, SignUpMode, Traces,
};
use crate::config::Config;
use crate::config::settings::{CaptchaKind, SignUp};
use crate::storage::sqlite::SqliteOptions;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a login waits for others who count.
const LONGEST_COUNTING: Duration = Duration::from_millis(500);

/// Makes what goes with accounts. Nothing is opened or asked before it is used.
///
/// # Errors
///
/// A sentence for the operator, about settings that make no sense.
pub fn people(config: &Config) -> Result<People, String> {
    let options = file(config, config.storage.busy_timeout);
    let kept = Arc::new(SqlitePeople::new(options, random));
    Ok(People {
        codes: kept.clone(),
        invitations: kept.clone(),
        nodes: kept.clone(),
        brakes: kept.clone(),
        secrets: kept.clone(),
        mailer: letters::mailer(config)?,
        captcha: captcha(config, kept)?,
        traces: devices(config).map(|devices| devices as Arc<dyn Traces>),
        settings: PeopleSettings {
            sign_up: match config.registration.mode {
                SignUp::Open => SignUpMode::Open,
                SignUp::Invite => SignUpMode::Invite,
                SignUp::Closed => SignUpMode::Closed,
            },
            public_url: public_url(config),
            contact: said(&config.mail.contact),
            same_answer: config.mail.same_answer,
        },
    })
}

/// The same file for counts that a login must not wait for.
pub fn counts(config: &Config) -> SqlitePeople {
    let busy = config.storage.busy_timeout.min(LONGEST_COUNTING);
    SqlitePeople::new(file(config, busy), random)
}

fn file(config: &Config, busy: Duration) -> SqliteOptions {
    let mut options = SqliteOptions::new(accounts_folder(config).join("people.db"));
    options.busy = busy;
    options
}

/// The folder for files of accounts.
pub fn accounts_folder(config: &Config) -> PathBuf {
    let folder = config.data.accounts.as_ref();
    folder.unwrap_or(&config.data.dir).0.clone()
}

/// The URL that the operator says browsers use.
pub fn public_url(config: &Config) -> Option<String> {
    let url = config.server.public_url.as_ref();
    url.map(|url| url.as_str().to_owned())
}

/// The URL of this node, as far as the operator says it.
pub fn own_node(config: &Config) -> Option<String> {
    let own = config.nodes.own.as_ref();
    own.map(|url| url.as_str().to_owned())
        .or_else(|| public_url(config))
}

/// What the operator wrote, if it was more than blanks.
pub fn said(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

fn captcha(config: &Config, kept: Arc<SqlitePeople>) -> Result<Arc<dyn Captcha>, String> {
    Ok(match config.captcha.kind {
        CaptchaKind::None => Arc::new(NoCaptcha),
        CaptchaKind::Image => Arc::new(ImageCaptcha::new(kept.clone(), kept, random)),
        CaptchaKind::SiteVerify => captcha_service::service(config)?,
    })
}
