//! The screens that people see: plain HTML that needs no script, under any mount.
//!
//! [`Web::answer`] finds the handler of a page; one file for each room of pages. A handler works with
//! a `Visit`: the request, who is signed in, the tokens of forms, and the frame that every page has.
//! The HTML is in `templates/`, all words are in [`texts`], the look is in `media/weft.css`. Pages ask
//! the same functions of `accounts` as the user API does, so that both do the same.

mod account;
mod admin;
mod change;
mod cookie;
pub mod devices;
mod download;
mod entry;
pub mod failures;
mod filters;
mod form;
mod frame;
mod front;
mod leave;
mod media;
mod reset;
mod session;
mod show;
pub mod texts;
mod undo;
mod visit;

use crate::api::error::ApiError;
use crate::api::farewell::NotRemoved;
use crate::api::{Api, Call};
use crate::auth::AuthError;
use crate::doctor::Doctor;
use crate::exchange::Response;
use crate::routes::{Page, PageAt};
use crate::storage::StorageError;
use crate::sync::UserName;
use devices::Devices;
use failures::Failures;
use http::{Method, StatusCode};
use std::sync::{Arc, Mutex, OnceLock};
use texts::Texts;
use visit::Visit;

pub(crate) use show::number as thousands_apart;

/// The screens of one installation.
pub struct Web {
    /// The operator's choices.
    pub settings: WebSettings,
    /// The devices that synced; nothing where they are not kept.
    pub devices: Option<Arc<Devices>>,
    /// The last failures.
    pub failures: Failures,
    /// Fills a buffer with what nobody can guess.
    pub random: fn(&mut [u8]),
    /// What signs sessions, once it was fetched.
    pub key: OnceLock<[u8; 32]>,
    /// Examines the installation.
    pub doctor: Doctor,
    /// Held while the doctor is at work.
    pub examining: Mutex<()>,
}

/// The operator's choices for the screens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Who sees the administrator's pages.
    pub admins: Vec<UserName>,
    /// How long a session holds, in seconds.
    pub session_seconds: i64,
    /// The language of the words.
    pub language: Language,
}

/// A language of the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
}

impl Language {
    fn texts(self) -> &'static Texts {
        match self {
            Language::English => &texts::ENGLISH,
        }
    }
}

/// Why a page was not shown. Each becomes a small page of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Nobody is signed in: the page to sign in is shown instead.
    SignIn,
    /// The form is not one of ours for this browser.
    Form,
    /// There is nothing of that name.
    NotFound,
    /// The page is not for this user.
    Forbidden,
    /// The user's records are on another node.
    Elsewhere,
    /// The page does not know the method; it knows these.
    Method(&'static str),
    /// The form is larger than any of ours.
    TooLarge,
    /// Too many attempts.
    TooOften,
    /// A backend is away.
    Away,
}

type Shown = Result<Response, Trouble>;

impl From<AuthError> for Trouble {
    fn from(error: AuthError) -> Self {
        log::error!("{error}");
        Trouble::Away
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        if let StorageError::Elsewhere = error {
            return Trouble::Elsewhere;
        }
        log::error!("{error}");
        Trouble::Away
    }
}

impl From<NotRemoved> for Trouble {
    fn from(error: NotRemoved) -> Self {
        match error {
            NotRemoved::Elsewhere => Trouble::Elsewhere,
            NotRemoved::Storage(error) => error.into(),
            NotRemoved::Accounts(error) => error.into(),
        }
    }
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::TooLarge => Trouble::TooLarge,
            _ => Trouble::Form,
        }
    }
}

impl Web {
    /// Answers a request for a page.
    pub fn answer(&self, api: &Api, call: Call<'_>, place: PageAt) -> Response {
        match place.page {
            Page::Style | Page::Logo => return media::answer(&call, place.page),
            _ => {}
        }
        let mut visit = Visit::new(self, api, call, place);
        match self.show(&mut visit) {
            Ok(response) => visit.finish(response),
            Err(trouble) => {
                let response = visit.trouble(trouble);
                visit.finish(response)
            }
        }
    }

    fn show(&self, visit: &mut Visit<'_, '_>) -> Shown {
        // Whoever wants a front page must get one, even if nothing else works.
        let recognized = visit.recognize();
        let page = visit.place.page;
        if page != Page::Front {
            recognized?;
        }
        let method = match visit.call.method {
            Method::GET | Method::HEAD => Verb::Look,
            Method::POST => Verb::Send,
            _ => return Err(Trouble::Method("GET, HEAD, POST")),
        };
        match (page, method) {
            (Page::Front, Verb::Look) => front::show(visit),
            (Page::SignIn, Verb::Look) => entry::sign_in(visit),
            (Page::SignIn, Verb::Send) => entry::signing_in(visit),
            (Page::SignUp, Verb::Look) => entry::sign_up(visit),
            (Page::SignUp, Verb::Send) => entry::signing_up(visit),
            (Page::SignOut, Verb::Send) => entry::signing_out(visit),
            (Page::Account, Verb::Look) => account::show(visit),
            (Page::Password, Verb::Look) => change::password(visit),
            (Page::Password, Verb::Send) => change::changing_password(visit),
            (Page::Email, Verb::Look) => change::email(visit),
            (Page::Email, Verb::Send) => change::changing_email(visit),
            (Page::Download, Verb::Look) => download::answer(visit),
            (Page::Collection, Verb::Look) => leave::collection(visit),
            (Page::Collection, Verb::Send) => leave::deleting_collection(visit),
            (Page::Clear, Verb::Look) => leave::clear(visit),
            (Page::Clear, Verb::Send) => leave::clearing(visit),
            (Page::Undo, Verb::Look) => undo::show(visit),
            (Page::Undo, Verb::Send) => undo::bringing_back(visit),
            (Page::Reset, Verb::Look) => reset::show(visit),
            (Page::Reset, Verb::Send) => reset::sent(visit),
            (Page::Leave, Verb::Look) => leave::account(visit),
            (Page::Leave, Verb::Send) => leave::deleting_account(visit),
            (Page::Admin, Verb::Look) => admin::show(visit),
            (Page::AdminUser, Verb::Look) => admin::user(visit),
            (Page::AdminUser, Verb::Send) => admin::changing_user(visit),
            (Page::AdminInvitations, Verb::Look) => admin::invitations(visit),
            (Page::AdminInvitations, Verb::Send) => admin::changing_invitations(visit),
            (Page::AdminDoctor, Verb::Look) => admin::doctor(visit),
            (Page::AdminDoctor, Verb::Send) => admin::examining(visit),
            (Page::SignOut, Verb::Look) => Err(Trouble::Method("POST")),
            (_, Verb::Send) => Err(Trouble::Method("GET, HEAD")),
            (Page::Style | Page::Logo, Verb::Look) => Err(Trouble::NotFound),
        }
    }

    fn is_admin(&self, name: &UserName) -> bool {
        self.settings.admins.contains(name)
    }
}

enum Verb {
    Look,
    Send,
}

impl Trouble {
    fn status(self) -> StatusCode {
        match self {
            Trouble::SignIn => StatusCode::OK,
            Trouble::Form | Trouble::Forbidden => StatusCode::FORBIDDEN,
            Trouble::Elsewhere => StatusCode::CONFLICT,
            Trouble::NotFound => StatusCode::NOT_FOUND,
            Trouble::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Trouble::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Trouble::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Trouble::Away => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
