//! What tells people from programs at sign-up.
//!
//! The browser's wizard loads `misc/1.0/captcha_html` into a frame and reads two elements of it,
//! `recaptcha_challenge_field` and `recaptcha_response_field`; a page of ours may use any names. Both
//! values come back together, as a [`CaptchaAnswer`].

mod drawing;
mod image;
mod png;
#[cfg(feature = "https")]
mod siteverify;

pub use image::ImageCaptcha;
#[cfg(feature = "https")]
pub use siteverify::SiteVerify;

use crate::auth::AuthResult;
use crate::sync::Timestamp;
use std::net::IpAddr;

/// A kind of captcha.
pub trait Captcha: Send + Sync {
    /// What a form must show; nothing where no captcha is asked for. Each call is a new challenge.
    fn form(&self, now: Timestamp) -> AuthResult<Option<CaptchaForm>>;

    /// Whether the answer is right. An answer is looked at once, right or wrong: after a wrong one
    /// the form needs a new challenge.
    fn check(&self, answer: &CaptchaAnswer<'_>, now: Timestamp) -> AuthResult<bool>;
}

/// What a form must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptchaForm {
    /// A picture of digits, to be typed into a field.
    Image {
        /// Comes back as the challenge, from a hidden field.
        challenge: String,
        /// The picture, to be put into a `data:` URL.
        png: Vec<u8>,
    },
    /// The widget of a service that speaks the `siteverify` form. It needs the service's script; the
    /// response is the field that the widget adds to its form, the challenge is empty.
    Widget(Widget),
}

/// How the widget of a service is shown: `<div class="CLASS" data-sitekey="SITE_KEY"></div>` and the
/// script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widget {
    /// The URL of the service's script.
    pub script: String,
    /// The class that the script looks for.
    pub class: String,
    /// The service's public key for this site.
    pub site_key: String,
    /// The name of the field that the widget adds to the form.
    pub field: String,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptchaAnswer<'a> {
    /// The challenge, as it was shown.
    pub challenge: &'a str,
    /// What the person answered.
    pub response: &'a str,
    /// Who answered, as far as it is known.
    pub address: Option<IpAddr>,
}

/// Keeps which challenges were answered, for all processes of an installation.
pub trait Answered: Send + Sync {
    /// Notes that a challenge, which is void from `expires` on, was answered; true for the first of all
    /// who answer the same one.
    fn first(&self, challenge: &[u8], expires: Timestamp, now: Timestamp) -> AuthResult<bool>;
}

/// No captcha: everybody is taken for a person.
pub struct NoCaptcha;

impl Captcha for NoCaptcha {
    fn form(&self, _: Timestamp) -> AuthResult<Option<CaptchaForm>> {
        Ok(None)
    }

    fn check(&self, _: &CaptchaAnswer<'_>, _: Timestamp) -> AuthResult<bool> {
        Ok(true)
    }
}
