//! Another password, another e-mail address: only for who knows the present password.

use super::entry::{check_password, chosen_password};
use super::form::Form;
use super::frame::Frame;
use super::texts::{Account as Texts, Entry};
use super::visit::Visit;
use super::{Shown, Trouble, filters};
use crate::accounts::is_email;
use crate::auth::{Account, Password};
use askama::Template;
use http::StatusCode;

#[derive(Template)]
#[template(path = "account_password.html")]
struct ChangePassword {
    frame: Frame,
    t: &'static Texts,
    e: &'static Entry,
}

#[derive(Template)]
#[template(path = "account_email.html")]
struct ChangeEmail<'c> {
    frame: Frame,
    t: &'static Texts,
    email: &'c str,
}

/// The page for another password.
pub fn password(visit: &mut Visit<'_, '_>) -> Shown {
    visit.owner()?;
    password_page(visit, StatusCode::OK, "")
}

fn password_page(visit: &Visit<'_, '_>, status: StatusCode, complaint: &str) -> Shown {
    let page = ChangePassword {
        frame: visit.frame("account").complaining(complaint),
        t: &visit.texts().account,
        e: &visit.texts().entry,
    };
    visit.page(status, &page)
}

/// Its form.
pub fn changing_password(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.owner()?;
    let form = visit.form()?;
    let t = visit.texts();
    let new = match chosen_password(&form, &owner.name, &t.entry) {
        Ok(new) => new,
        Err(complaint) => return password_page(visit, StatusCode::BAD_REQUEST, complaint),
    };
    if !knows_password(visit, &owner, &form)? {
        return password_page(visit, StatusCode::BAD_REQUEST, t.account.password_wrong);
    }
    visit.api.accounts.set_password(&owner.name, &new)?;
    log::info!(target: "security", "{} changed the password on the screens", owner.name);
    // Every session ended with the old password, this one too.
    visit.sign_in(owner)?;
    visit.redirect("account?done=password")
}

/// The page for another address.
pub fn email(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.owner()?;
    let email = owner.email.unwrap_or_default();
    email_page(visit, StatusCode::OK, &email, "")
}

fn email_page(visit: &Visit<'_, '_>, status: StatusCode, email: &str, complaint: &str) -> Shown {
    let page = ChangeEmail {
        frame: visit.frame("account").complaining(complaint),
        t: &visit.texts().account,
        email,
    };
    visit.page(status, &page)
}

/// Its form.
pub fn changing_email(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.owner()?;
    let form = visit.form()?;
    let t = visit.texts();
    let email = form.text("email");
    if !is_email(email) {
        return email_page(visit, StatusCode::BAD_REQUEST, email, t.entry.email_bad);
    }
    if !knows_password(visit, &owner, &form)? {
        return email_page(
            visit,
            StatusCode::BAD_REQUEST,
            email,
            t.account.password_wrong,
        );
    }
    visit.api.accounts.set_email(&owner.name, email)?;
    visit.redirect("account?done=email")
}

fn knows_password(visit: &Visit<'_, '_>, owner: &Account, form: &Form) -> Result<bool, Trouble> {
    let typed = form.raw("old").unwrap_or_default();
    match Password::from_wire(typed.as_bytes()) {
        Ok(password) => Ok(check_password(visit, &owner.name, &password)?.is_some()),
        Err(_) => Ok(false),
    }
}
