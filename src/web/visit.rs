//! One request for a page: who asks, what the form brought, and what every page has around it.

use super::cookie::{self, Cookie};
use super::form::Form;
use super::frame::Frame;
use super::session::{Claim, Signer};
use super::show::When;
use super::texts::{Texts, fill};
use super::{Shown, Trouble, Web, filters};
use crate::accounts::{SignUpMode, Visitor};
use crate::api::{Api, Call, ok};
use crate::auth::{Account, AuthResult};
use crate::exchange::Response;
use crate::routes::PageAt;
use crate::sync::{AccountError, Timestamp, UserName, username_from_account, username_in_browsers};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::{ALLOW, HeaderName, HeaderValue, LOCATION, SET_COOKIE};

/// The cookie of who is signed in.
const SESSION: &str = "weft_session";
/// The cookie of who is not, but was shown a form.
const VISITOR: &str = "weft_visitor";

/// The longest form, in bytes.
const FORM_BYTES: u64 = 64 << 10;

/// How many cookies of one name are looked at: other paths of the same host may have set some.
const MOST_COOKIES: usize = 4;

/// Headers of every page. `style-src 'self'` forbids styles in the page as well; `data:` is for the
/// picture of a captcha. `X-Frame-Options` says the same again to browsers that came before.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

/// A request for a page, while it is answered.
pub struct Visit<'v, 'b> {
    pub web: &'v Web,
    pub api: &'v Api,
    pub call: Call<'b>,
    pub place: PageAt,
    pub now: Timestamp,
    /// The parameters of the URL.
    pub query: Form,
    session: Option<(Account, String)>,
    cookies: Vec<HeaderValue>,
    visitor: Option<String>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'m> {
    frame: Frame,
    title: &'m str,
    text: &'m str,
}

impl<'v, 'b> Visit<'v, 'b> {
    pub fn new(web: &'v Web, api: &'v Api, call: Call<'b>, place: PageAt) -> Self {
        Visit {
            query: Form::parse(&call.target.query),
            now: (api.clock)(),
            web,
            api,
            call,
            place,
            session: None,
            cookies: Vec::new(),
            visitor: None,
        }
    }

    /// Finds out who is signed in.
    pub fn recognize(&mut self) -> Result<(), Trouble> {
        let sent: Vec<&str> = cookie::sent(&self.call.headers, SESSION)
            .take(MOST_COOKIES)
            .collect();
        for cookie in sent {
            let Some(claim) = Claim::parse(cookie) else {
                continue;
            };
            let Some(account) = self.api.accounts.lookup(&claim.user)? else {
                continue;
            };
            let stamp = self.api.accounts.password_stamp(&claim.user)?;
            if account.enabled && self.signer()?.is_genuine(&claim, &stamp, self.now) {
                self.session = Some((account, cookie.to_owned()));
                break;
            }
        }
        Ok(())
    }

    /// Who is signed in.
    pub fn user(&self) -> Option<&Account> {
        self.session.as_ref().map(|(account, _)| account)
    }

    /// Who is signed in; nobody is a reason to ask.
    pub fn owner(&self) -> Result<Account, Trouble> {
        self.user().cloned().ok_or(Trouble::SignIn)
    }

    /// Who is signed in, if their records are on this node as far as is known.
    pub fn resident(&self) -> Result<Account, Trouble> {
        let owner = self.owner()?;
        match self.api.elsewhere(&owner)? {
            Some(_) => Err(Trouble::Elsewhere),
            None => Ok(owner),
        }
    }

    /// The texts.
    pub fn texts(&self) -> &'static Texts {
        self.web.settings.language.texts()
    }

    /// Who asks, for what is counted and for codes.
    pub fn visitor(&self) -> Visitor {
        Visitor {
            address: self.call.client.address,
            now: self.now,
        }
    }

    /// A time as it looks now.
    pub fn when(&self, time: Timestamp) -> When {
        When::new(time, self.now)
    }

    /// The fields of the form that was sent, if it is one that this browser was shown.
    pub fn form(&mut self) -> Result<Form, Trouble> {
        let form = Form::parse(&self.call.body(FORM_BYTES)?);
        let token = form.text("token");
        let signer = self.signer()?;
        let own = match &self.session {
            Some((_, cookie)) => signer.is_own_form(cookie, token),
            None => cookie::sent(&self.call.headers, VISITOR)
                .take(MOST_COOKIES)
                .any(|cookie| signer.is_own_form(cookie, token)),
        };
        own.then_some(form).ok_or(Trouble::Form)
    }

    /// Begins a session for an account, in the place of any that there was.
    pub fn sign_in(&mut self, account: Account) -> Result<(), Trouble> {
        let stamp = self.api.accounts.password_stamp(&account.name)?;
        let nonce = self.nonce();
        let signer = self.signer()?;
        let cookie = signer.session(&account.name, &stamp, self.now, nonce);
        self.set_cookie(SESSION, &cookie, None);
        self.set_cookie(VISITOR, "", Some(0));
        self.session = Some((account, cookie));
        Ok(())
    }

    /// Ends the session.
    pub fn sign_out(&mut self) {
        self.session = None;
        self.set_cookie(SESSION, "", Some(0));
    }

    /// The frame of a page without forms of its own.
    pub fn frame(&self, tab: &'static str) -> Frame {
        let user = self.user().map(|account| account.name.clone());
        let token = match (&self.session, self.signer()) {
            (Some((_, cookie)), Ok(signer)) => signer.form_token(cookie),
            _ => String::new(),
        };
        Frame {
            t: self.texts(),
            home: match self.place.up.as_str() {
                "" => "./".to_owned(),
                up => up.to_owned(),
            },
            up: self.place.up.clone(),
            admin: user.as_ref().is_some_and(|name| self.web.is_admin(name)),
            sign_up: self.api.people.settings.sign_up != SignUpMode::Closed,
            user,
            token,
            tab,
            wide: false,
            notice: None,
        }
    }

    /// The frame of a page with forms: whoever is not signed in gets a cookie for their token.
    pub fn form_frame(&mut self, tab: &'static str) -> Result<Frame, Trouble> {
        let mut frame = self.frame(tab);
        if self.session.is_none() {
            let cookie = self.visitor_cookie();
            frame.token = self.signer()?.form_token(&cookie);
        }
        Ok(frame)
    }

    fn visitor_cookie(&mut self) -> String {
        if let Some(cookie) = &self.visitor {
            return cookie.clone();
        }
        let fits = |cookie: &&str| {
            cookie.len() == 22 && URL_SAFE_NO_PAD.decode(cookie).is_ok_and(|b| b.len() == 16)
        };
        let known = cookie::sent(&self.call.headers, VISITOR).find(fits);
        let cookie = match known {
            Some(cookie) => cookie.to_owned(),
            None => {
                let cookie = URL_SAFE_NO_PAD.encode(self.nonce());
                self.set_cookie(VISITOR, &cookie, None);
                cookie
            }
        };
        self.visitor = Some(cookie.clone());
        cookie
    }

    /// A page.
    pub fn page(&self, status: StatusCode, template: &impl Template) -> Shown {
        let html = template.render().map_err(|error| {
            log::error!("a page can't be made: {error}");
            Trouble::Away
        })?;
        let mut response = ok("text/html; charset=utf-8", html);
        *response.status_mut() = status;
        Ok(response)
    }

    /// A page that says one thing.
    pub fn message(&self, status: StatusCode, title: &str, text: &str) -> Shown {
        let frame = self.frame("");
        self.page(status, &Message { frame, title, text })
    }

    /// Sends the browser to another page of ours: a path below the root.
    pub fn redirect(&self, to: &str) -> Shown {
        let mut response = ok("text/html; charset=utf-8", "");
        *response.status_mut() = StatusCode::SEE_OTHER;
        // Relative: no proxy that changes the path or the host can break it.
        let to = match (self.place.up.as_str(), to) {
            ("", "") => "./".to_owned(),
            (up, to) => format!("{up}{to}"),
        };
        let value = HeaderValue::try_from(to).map_err(|_| Trouble::NotFound)?;
        response.headers_mut().insert(LOCATION, value);
        Ok(response)
    }

    /// The small page for a trouble.
    pub fn trouble(&mut self, trouble: Trouble) -> Response {
        if trouble == Trouble::SignIn {
            let shown = self.redirect("account/sign-in");
            return shown.unwrap_or_else(|_| ok("text/plain", ""));
        }
        let t = &self.texts().common;
        let elsewhere;
        let (title, text) = match trouble {
            Trouble::Elsewhere => {
                let node = self.user().map(|user| self.api.known_node(user));
                let node = node.and_then(Result::ok).flatten().unwrap_or_default();
                elsewhere = fill(t.elsewhere, &[&node]);
                (t.elsewhere_title, elsewhere.as_str())
            }
            Trouble::Form => (t.form_title, t.form),
            Trouble::SignIn | Trouble::NotFound => (t.not_found_title, t.not_found),
            Trouble::Forbidden => (t.forbidden_title, t.forbidden),
            Trouble::Method(_) => (t.method_title, t.method),
            Trouble::TooLarge => (t.large_title, t.large),
            Trouble::TooOften => (t.often_title, t.often),
            Trouble::Away => (t.away_title, t.away),
        };
        let shown = self.message(trouble.status(), title, text);
        let mut response = shown.unwrap_or_else(|_| ok("text/plain", text.to_owned()));
        if let Trouble::Method(allowed) = trouble {
            let allowed = HeaderValue::from_static(allowed);
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }

    /// Puts on what every page carries.
    pub fn finish(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            let name = HeaderName::from_static(name);
            headers.insert(name, HeaderValue::from_static(value));
        }
        for cookie in self.cookies {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }

    /// The URL that people put into their browsers, with its slash.
    pub fn public_url(&self) -> String {
        self.api.public_url(&self.call).unwrap_or_default()
    }

    /// Whom to ask, as a sentence; empty where the operator did not say.
    pub fn contact(&self, sentence: &str) -> String {
        match &self.api.people.settings.contact {
            Some(contact) => fill(sentence, &[contact]),
            None => String::new(),
        }
    }

    fn is_https(&self) -> bool {
        let told = self.api.settings.public_url.as_ref();
        self.call.client.https || told.is_some_and(|url| url.starts_with("https:"))
    }

    fn set_cookie(&mut self, name: &'static str, value: &str, seconds: Option<i64>) {
        // Behind a proxy that changes the path, the operator's word is the one that browsers see.
        let told = self.api.settings.public_url.as_ref();
        let told = told.and_then(|url| url::Url::parse(url).ok());
        let path = match told {
            Some(url) => url.path().to_owned(),
            None => self.api.seen_path(&self.call),
        };
        let cookie = Cookie {
            name,
            value,
            path: &path,
            secure: self.is_https(),
            seconds,
        };
        self.cookies.extend(cookie.header());
    }

    fn nonce(&self) -> [u8; 16] {
        let mut nonce = [0; 16];
        (self.web.random)(&mut nonce);
        nonce
    }

    fn signer(&self) -> AuthResult<Signer> {
        let key = match self.web.key.get() {
            Some(key) => *key,
            None => {
                let key = self.api.people.secrets.key("session")?;
                *self.web.key.get_or_init(|| key)
            }
        };
        Ok(Signer::new(key, self.web.settings.session_seconds))
    }
}

/// The names that somebody may mean who typed `account`, the likeliest first: browsers and the Python
/// server make different names of some addresses.
pub fn names(account: &str) -> Result<Vec<UserName>, AccountError> {
    let typed = account.trim();
    let python = username_from_account(typed);
    let mut names = match username_in_browsers(typed) {
        Ok(name) => vec![name],
        Err(_) => vec![],
    };
    match python {
        Ok(name) if !names.contains(&name) => names.push(name),
        // What is neither a name nor an address is a name for browsers all the same.
        Err(error) if names.is_empty() => return Err(error),
        _ => {}
    }
    Ok(names)
}
