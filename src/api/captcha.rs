//! `misc/…/captcha_html`: what the browser's sign-up wizard shows in a frame.
//!
//! A 404 hides the frame. Otherwise the wizard reads two elements of the page when the account is to be
//! made, `recaptcha_challenge_field` and `recaptcha_response_field`, and loads it anew after a wrong
//! answer. So this is the one page that may be framed, and it fits the wizard's small frame.

use super::error::ApiError;
use super::{Api, Call, ok};
use crate::accounts::{CaptchaForm, Widget};
use crate::exchange::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

const HTML: &str = "text/html; charset=utf-8";

const STYLE: &str = "body{margin:0;font:15px sans-serif;background:#fff;color:#222}\
    img{display:block;border:1px solid #888}label{display:block;margin:4px 0}input{width:198px}";

/// Carries the service's answer to the element that the wizard reads. `NAME` is the service's field.
const CARRY: &str = "setInterval(function(){var f=document.getElementsByName(\"NAME\")[0];\
    if(f)document.getElementById(\"recaptcha_response_field\").value=f.value},200)";

impl Api {
    /// Answers the page; 404 where no captcha is asked for.
    pub fn captcha_page(&self, call: &Call<'_>) -> Result<Response, ApiError> {
        if !matches!(call.method, Method::GET | Method::HEAD | Method::POST) {
            return Err(ApiError::Method("GET, HEAD, POST"));
        }
        match self.people.captcha_form((self.clock)())? {
            None => Err(ApiError::NotFound("Not Found")),
            Some(CaptchaForm::Image { challenge, png }) => Ok(image_page(&challenge, &png)),
            Some(CaptchaForm::Widget(widget)) => Ok(widget_page(&widget)),
        }
    }
}

fn image_page(challenge: &str, png: &[u8]) -> Response {
    let png = STANDARD.encode(png);
    let body = format!(
        "<img src=\"data:image/png;base64,{png}\" width=\"200\" height=\"70\" alt=\"A picture of five digits\">\
         <label for=\"recaptcha_response_field\">The five digits in the picture:</label>\
         <input type=\"text\" id=\"recaptcha_response_field\" name=\"recaptcha_response_field\" \
         autocomplete=\"off\" inputmode=\"numeric\">\
         <input type=\"hidden\" id=\"recaptcha_challenge_field\" name=\"recaptcha_challenge_field\" \
         value=\"{challenge}\">"
    );
    let policy = format!(
        "default-src 'none'; img-src data:; style-src {}",
        hash(STYLE)
    );
    page(&body, &policy)
}

fn widget_page(widget: &Widget) -> Response {
    let carry = CARRY.replace("NAME", &script_text(&widget.field));
    let body = format!(
        "<form><div class=\"{}\" data-sitekey=\"{}\"></div>\
         <input type=\"hidden\" id=\"recaptcha_challenge_field\" value=\"-\">\
         <input type=\"hidden\" id=\"recaptcha_response_field\" value=\"\"></form>\
         <script>{carry}</script><script src=\"{}\" async defer></script>",
        escaped(&widget.class),
        escaped(&widget.site_key),
        escaped(&widget.script)
    );
    // The service's script brings frames, styles and more scripts of its own, from wherever it likes.
    let policy = format!(
        "default-src https: data: 'unsafe-inline'; script-src https: {}",
        hash(&carry)
    );
    page(&body, &policy)
}

fn page(body: &str, policy: &str) -> Response {
    let mut response = ok(
        HTML,
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Are you a person?\
             </title><style>{STYLE}</style></head><body>{body}</body></html>\n"
        ),
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    // Each loading is a new challenge.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nosniff = HeaderName::from_static("x-content-type-options");
    headers.insert(nosniff, HeaderValue::from_static("nosniff"));
    let referrer = HeaderName::from_static("referrer-policy");
    headers.insert(referrer, HeaderValue::from_static("no-referrer"));
    response
}

/// By which a policy allows one inline text and no other.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// A field's name inside a script: what has a meaning there is no part of any name.
fn script_text(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}
