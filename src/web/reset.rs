//! A forgotten password, at the URL that browsers open: `weave-password-reset`.
//!
//! The fields, and the order in which errors are told, are the Python server's: `username` alone asks
//! for the letter; `username` and `key` in the URL open the form for the new password, whose fields
//! are `username`, `key`, `password`, `confirm`.

use super::entry::chosen_password;
use super::form::Form;
use super::frame::Frame;
use super::texts::{Entry as Texts, fill};
use super::visit::{Visit, names};
use super::{Shown, Trouble, filters};
use crate::accounts::{Asked, Reset};
use crate::auth::Account;
use crate::security_log::Incident;
use askama::Template;
use http::StatusCode;

#[derive(Template)]
#[template(path = "reset_ask.html")]
struct Ask<'a> {
    frame: Frame,
    t: &'static Texts,
    can_mail: bool,
    contact: String,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "reset_form.html")]
struct Choose<'c> {
    frame: Frame,
    t: &'static Texts,
    lead: String,
    name: &'c str,
    key: &'c str,
}

/// The page that asks who forgot, or with a code, for the new password.
pub fn show(visit: &mut Visit<'_, '_>) -> Shown {
    let query = visit.query.clone();
    match query.has("key") {
        true => choose(visit, StatusCode::OK, &query, ""),
        false => ask(visit, StatusCode::OK, query.text("username"), ""),
    }
}

/// One of its two forms.
pub fn sent(visit: &mut Visit<'_, '_>) -> Shown {
    let form = visit.form()?;
    match form.has("key") || form.has("password") {
        true => choosing(visit, &form),
        false => asking(visit, form.text("username")),
    }
}

fn ask(visit: &mut Visit<'_, '_>, status: StatusCode, name: &str, complaint: &str) -> Shown {
    let t = &visit.texts().entry;
    let page = Ask {
        frame: visit.form_frame("")?.complaining(complaint),
        t,
        can_mail: visit.api.people.can_mail().is_ok(),
        contact: visit.contact(t.reset_contact),
        name,
    };
    visit.page(status, &page)
}

fn choose(visit: &mut Visit<'_, '_>, status: StatusCode, form: &Form, complaint: &str) -> Shown {
    let t = &visit.texts().entry;
    let name = form.text("username");
    let page = Choose {
        frame: visit.form_frame("")?.complaining(complaint),
        t,
        lead: match name {
            "" => String::new(),
            name => fill(t.reset_form_lead, &[name]),
        },
        name,
        key: form.text("key"),
    };
    visit.page(status, &page)
}

fn asking(visit: &mut Visit<'_, '_>, typed: &str) -> Shown {
    let (people, t) = (&visit.api.people, &visit.texts().entry);
    let accounts = &*visit.api.accounts;
    let asked = match (typed, names(typed)) {
        ("", _) => return ask(visit, StatusCode::BAD_REQUEST, typed, t.reset_no_name),
        (_, Err(_)) => Asked::UnknownUser,
        (_, Ok(names)) => {
            // Of the names that may be meant, the one that has an account; else the first.
            let mut meant = names.first();
            for name in &names {
                if accounts.lookup(name)?.is_some() {
                    meant = Some(name);
                    break;
                }
            }
            match meant {
                Some(name) => people.ask_reset(accounts, name, &visit.visitor())?,
                None => Asked::UnknownUser,
            }
        }
    };
    let complaint = match asked {
        Asked::Sent => {
            let text = match people.settings.same_answer {
                true => format!("{} {}", t.sent_maybe, t.sent),
                false => t.sent.to_owned(),
            };
            return visit.message(StatusCode::OK, t.sent_title, &text);
        }
        Asked::UnknownUser => t.reset_unknown,
        Asked::NoAddress => t.reset_no_address,
        Asked::NoMail(_) => t.reset_no_mail,
        Asked::Failed => {
            return ask(
                visit,
                StatusCode::SERVICE_UNAVAILABLE,
                typed,
                t.reset_failed,
            );
        }
        Asked::TooOften => return Err(Trouble::TooOften),
    };
    ask(visit, StatusCode::BAD_REQUEST, typed, complaint)
}

fn choosing(visit: &mut Visit<'_, '_>, form: &Form) -> Shown {
    let t = &visit.texts().entry;
    match choose_with(visit, form)? {
        Ok(()) => visit.message(StatusCode::OK, t.changed_title, t.changed),
        Err(complaint) => choose(visit, StatusCode::BAD_REQUEST, form, complaint),
    }
}

fn choose_with(visit: &Visit<'_, '_>, form: &Form) -> Result<Result<(), &'static str>, Trouble> {
    let (api, t) = (visit.api, &visit.texts().entry);
    let typed = form.text("username");
    if typed.is_empty() {
        return Ok(Err(t.reset_no_name));
    }
    let Some(account) = account_of(visit, typed)? else {
        return Ok(Err(t.reset_unknown));
    };
    let password = match chosen_password(form, &account.name, t) {
        Ok(password) => password,
        Err(complaint) => return Ok(Err(complaint)),
    };
    let (accounts, whose) = (&*api.accounts, (&account.name, form.text("key")));
    let reset = api
        .people
        .reset_password(accounts, whose, &password, &visit.visitor())?;
    match reset {
        Reset::Done => {
            log::info!(target: "security", "{} has a new password by a code", account.name);
            if let Some(lockout) = &api.lockout {
                lockout.forget(&account.name);
            }
            Ok(Ok(()))
        }
        Reset::UnknownUser => Ok(Err(t.reset_unknown)),
        Reset::WrongCode => {
            api.tell(
                &visit.call,
                Incident::INVALID_RESET_CODE,
                account.name.as_str(),
            );
            Ok(Err(t.reset_key_bad))
        }
        Reset::TooOften => Err(Trouble::TooOften),
    }
}

fn account_of(visit: &Visit<'_, '_>, typed: &str) -> Result<Option<Account>, Trouble> {
    for name in names(typed).unwrap_or_default() {
        if let Some(account) = visit.api.accounts.lookup(&name)? {
            return Ok(Some(account));
        }
    }
    Ok(None)
}
