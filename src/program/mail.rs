//! A letter to try the mail settings.

use crate::accounts::{Letter, NoMail, People};
use crate::cli::Failure;

/// Sends it. Answers what else keeps letters for forgotten passwords from being sent.
pub(super) fn test(people: &People, address: &str) -> Result<Vec<String>, Failure> {
    let letter = Letter {
        to: address,
        subject: "A letter from your Sync server",
        text: "This letter was sent to try the mail settings of the Sync server.\n\
               If you read it, they work.\n",
    };
    let sent = people.mailer.send(&letter);
    sent.map_err(|error| Failure::Other(error.to_string()))?;
    let remark = match people.can_mail() {
        Err(NoMail::NoPublicUrl) => Some(format!(
            "nobody who forgot a password gets a letter yet: {}",
            NoMail::NoPublicUrl
        )),
        _ => None,
    };
    Ok(remark.into_iter().collect())
}
