//! The files that every page needs: the style and the mark.

use crate::api::{Call, ok};
use crate::exchange::Response;
use crate::routes::Page;
use http::header::{
    ALLOW, CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, StatusCode};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("media/weft.css");
const LOGO: &str = include_str!("media/weft.svg");

/// Answers a request for one of them. Browsers keep it for an hour, then ask whether it has changed.
pub fn answer(call: &Call<'_>, page: Page) -> Response {
    let (media_type, text) = match page {
        Page::Logo => ("image/svg+xml", LOGO),
        _ => ("text/css; charset=utf-8", STYLE),
    };
    let mut response = ok(media_type, text);
    if !matches!(call.method, Method::GET | Method::HEAD) {
        response = ok("text/plain", "");
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let tag = tag(text);
    if call
        .header(IF_NONE_MATCH.as_str())
        .is_some_and(|known| known.contains(&tag))
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = "".into();
    }
    let headers = response.headers_mut();
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

fn tag(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits: Vec<String> = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{}\"", digits.concat())
}
