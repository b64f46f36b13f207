//! A captcha of somebody's service that speaks the usual `siteverify` form: `secret`, `response` and
//! `remoteip` posted to a URL, which answers JSON with `success`.
//!
//! reCAPTCHA, hCaptcha, Turnstile and what people run themselves speak it. Browsers as old as those that
//! this server is for may not be able to run a service's script; then our own picture is the choice.

use super::{Captcha, CaptchaAnswer, CaptchaForm, Widget};
use crate::auth::{AuthError, AuthResult};
use crate::sync::Timestamp;
use std::time::Duration;
use ureq::Agent;

/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 64 << 10;

/// More than any service's response has.
const LONGEST_RESPONSE: usize = 16 << 10;

/// A service.
pub struct SiteVerify {
    url: String,
    secret: String,
    widget: Widget,
    agent: Agent,
}

impl SiteVerify {
    /// The service at `url`, which knows us by `secret`; its answer is waited for `timeout` at most.
    pub fn new(url: String, secret: String, widget: Widget, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            // Else HTTP_PROXY names one, and in a CGI program that is a header of the request.
            .proxy(None)
            .build();
        SiteVerify {
            url,
            secret,
            widget,
            agent: config.into(),
        }
    }

    fn ask(&self, answer: &CaptchaAnswer<'_>) -> Result<bool, String> {
        let address = answer.address.map(|address| address.to_string());
        let mut form = vec![
            ("secret", self.secret.as_str()),
            ("response", answer.response),
        ];
        if let Some(address) = &address {
            form.push(("remoteip", address));
        }
        let sent = self.agent.post(&self.url).send_form(form);
        let mut response = sent.map_err(|error| error.to_string())?;
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER);
        let text = body.read_to_string().map_err(|error| error.to_string())?;
        let json: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| error.to_string())?;
        match json.get("success").and_then(serde_json::Value::as_bool) {
            Some(success) => {
                if !success {
                    log::info!("the captcha service refused: {}", json["error-codes"]);
                }
                Ok(success)
            }
            None => Err("no \"success\" in its answer".to_owned()),
        }
    }
}

impl Captcha for SiteVerify {
    fn form(&self, _: Timestamp) -> AuthResult<Option<CaptchaForm>> {
        Ok(Some(CaptchaForm::Widget(self.widget.clone())))
    }

    fn check(&self, answer: &CaptchaAnswer<'_>, _: Timestamp) -> AuthResult<bool> {
        if answer.response.is_empty() || answer.response.len() > LONGEST_RESPONSE {
            return Ok(false);
        }
        self.ask(answer)
            .map_err(|why| AuthError::Unavailable(format!("captcha service {}: {why}", self.url)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    /// A service that answers one request, and the form that it was sent.
    fn service(answer: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/siteverify", listener.local_addr().unwrap());
        let heard = thread::spawn(move || {
            let mut reader = BufReader::new(listener.accept().unwrap().0);
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut form = vec![0; length];
            reader.read_exact(&mut form).unwrap();
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            String::from_utf8(form).unwrap()
        });
        (url, heard)
    }

    fn check(url: String, response: &str) -> AuthResult<bool> {
        let widget = Widget {
            script: String::new(),
            class: String::new(),
            site_key: String::new(),
            field: String::new(),
        };
        let captcha = SiteVerify::new(url, "se cret".to_owned(), widget, Duration::from_secs(5));
        let answer = CaptchaAnswer {
            challenge: "",
            response,
            address: "192.0.2.7".parse().ok(),
        };
        captcha.check(&answer, Timestamp::ZERO)
    }

    #[test]
    fn the_service_decides() {
        for (success, body) in [(true, "{\"success\":true}"), (false, "{\"success\":false}")] {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let (url, heard) = service(answer.leak());
            assert_eq!(check(url, "an&swer").unwrap(), success);
            let form = heard.join().unwrap();
            assert_eq!(form, "secret=se+cret&response=an%26swer&remoteip=192.0.2.7");
        }
    }

    #[test]
    fn a_service_that_fails_lets_nobody_in_and_is_no_wrong_answer() {
        for answer in [
            "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "nonsense",
        ] {
            let (url, heard) = service(answer);
            assert!(matches!(check(url, "x"), Err(AuthError::Unavailable(_))));
            heard.join().unwrap();
        }
    }

    #[test]
    fn an_empty_answer_is_wrong_without_asking() {
        let nowhere = "http://127.0.0.1:1/".to_owned();
        assert!(!check(nowhere, "").unwrap());
    }
}
