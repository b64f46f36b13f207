//! A letter as it goes over the wire: headers that mail servers like to see, and the text.

use super::{Letter, MailError};
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};

/// Who letters are from.
#[derive(Clone, Debug)]
pub struct Sender {
    mailbox: Mailbox,
    random: fn(&mut [u8]),
}

impl Sender {
    /// From `Name <address>` or a bare address. `random` fills a buffer, for the letters' numbers.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn new(text: &str, random: fn(&mut [u8])) -> Result<Self, String> {
        match text.parse() {
            Ok(mailbox) => Ok(Sender { mailbox, random }),
            Err(error) => Err(format!("\"{text}\" is no address: {error}")),
        }
    }

    /// The part behind the `@`.
    pub fn domain(&self) -> &str {
        self.mailbox.email.domain()
    }

    /// The bare address.
    pub fn address(&self) -> &str {
        self.mailbox.email.as_ref()
    }

    pub(super) fn message(&self, letter: &Letter<'_>) -> Result<Message, MailError> {
        let to = letter
            .to
            .parse()
            .map_err(|error| MailError::Letter(format!("\"{}\": {error}", letter.to)))?;
        let mut number = [0; 16];
        (self.random)(&mut number);
        let number = u128::from_le_bytes(number);
        let builder: MessageBuilder = Message::builder()
            .from(self.mailbox.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .message_id(Some(format!("<{number:032x}@{}>", self.domain())))
            .raw_header(by_a_program());
        let built = builder
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.to_owned());
        built.map_err(|error| MailError::Letter(error.to_string()))
    }
}

/// Keeps answering machines quiet.
fn by_a_program() -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    HeaderValue::new(name, "auto-generated".to_owned())
}
