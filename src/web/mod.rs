//! The screens that people see.

use crate::accounts::SignUpMode;
use crate::api::{Api, Call, ok};
use crate::exchange::Response;
use http::header::{HeaderName, HeaderValue};

/// The front page: what this is, and what to put into the browser.
pub fn front(api: &Api, call: &Call<'_>) -> Response {
    let url = api
        .public_url(call)
        .map_or_else(|| "its address".to_owned(), |url| escaped(&url));
    let signup = match api.people.settings.sign_up {
        SignUpMode::Open => "Sign-up is open: the browser makes the account when it sets Sync up.",
        SignUpMode::Invite => "Sign-up is by invitation: ask whoever runs this server for one.",
        SignUpMode::Closed => "Sign-up is closed: ask whoever runs this server for an account.",
    };
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Weft</title></head><body>\n<h1>This is a Sync server</h1>\n\
         <p>It keeps bookmarks, passwords, history, tabs and settings of Pale Moon, Basilisk and old \
         Firefox in step between devices. What it keeps is encrypted by the browser.</p>\n\
         <p>To use it, open <code>about:config</code>, put this address into \
         <code>services.sync.serverURL</code>, and set up Sync in the browser's preferences:</p>\n\
         <p><code>{url}</code></p>\n<p>{signup}</p>\n</body></html>\n"
    );
    let mut response = ok("text/html; charset=utf-8", page);
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: &'static str| {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    };
    put(
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    );
    put("x-content-type-options", "nosniff");
    put("referrer-policy", "no-referrer");
    response
}

fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}
