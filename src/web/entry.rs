//! Signing in, up and out.

use super::form::Form;
use super::frame::Frame;
use super::texts::Entry as Texts;
use super::visit::{Visit, names};
use super::{Shown, Trouble, filters};
use crate::accounts::{Brake, CaptchaAnswer, CaptchaForm, SignUpMode, SignedUp, is_email};
use crate::auth::{Account, Login, NewAccount, Password};
use crate::security_log::Incident;
use crate::sync::UserName;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'s> {
    frame: Frame,
    t: &'static Texts,
    name: &'s str,
}

/// The page to sign in.
pub fn sign_in(visit: &mut Visit<'_, '_>) -> Shown {
    if visit.user().is_some() {
        return visit.redirect("account");
    }
    let t = &visit.texts().entry;
    let said = match visit.query.text("done") {
        "out" => t.signed_out,
        _ => "",
    };
    let frame = visit.form_frame("sign-in")?.saying(said);
    visit.page(StatusCode::OK, &SignIn { frame, t, name: "" })
}

/// The form of that page.
pub fn signing_in(visit: &mut Visit<'_, '_>) -> Shown {
    let form = visit.form()?;
    let account = checked(visit, &form)?;
    if let Some(account) = account {
        log::info!(target: "security", "{} signed in to the screens", account.name);
        visit.sign_in(account)?;
        return visit.redirect("account");
    }
    let t = &visit.texts().entry;
    let frame = visit.form_frame("sign-in")?.complaining(t.sign_in_wrong);
    let name = form.text("username");
    visit.page(StatusCode::BAD_REQUEST, &SignIn { frame, t, name })
}

/// The account that a form's `username` and `password` belong to, if they belong together.
///
/// Failures are counted by address and by name, in all processes together, and by the lockout that
/// browsers are counted by.
pub fn checked(visit: &Visit<'_, '_>, form: &Form) -> Result<Option<Account>, Trouble> {
    let typed = form.raw("password").unwrap_or_default();
    let (Ok(names), Ok(password)) = (
        names(form.text("username")),
        Password::from_wire(typed.as_bytes()),
    ) else {
        return Ok(None);
    };
    for name in &names {
        if let Some(account) = check_password(visit, name, &password)? {
            return Ok(Some(account));
        }
    }
    Ok(None)
}

/// The account of that name, if the password is right and there were not too many attempts.
pub fn check_password(
    visit: &Visit<'_, '_>,
    name: &UserName,
    password: &Password,
) -> Result<Option<Account>, Trouble> {
    let (api, now) = (visit.api, visit.now);
    let brakes = &api.people.brakes;
    let visitor = visit.visitor();
    let mut counted = vec![format!("user {name}")];
    // Behind a proxy that nobody named, all the world has the address of this machine.
    if !visitor.is_local() {
        counted.push(visitor.place());
    }
    for who in &counted {
        if !brakes.is_free(Brake::SIGN_IN, who, now)? {
            api.tell(&visit.call, Incident::LOCKOUT, name.as_str());
            return Err(Trouble::TooOften);
        }
    }
    let received = visit.call.received;
    let lockout = api.lockout.as_ref();
    if lockout.is_some_and(|lockout| lockout.is_locked(name, received)) {
        api.tell(&visit.call, Incident::LOCKOUT, name.as_str());
        return Err(Trouble::TooOften);
    }
    let host = visit.call.header("host");
    match api.accounts.authenticate(name, password, host, received)? {
        Login::Accepted(account) => Ok(Some(account)),
        Login::Refused(refusal) => {
            log::debug!(target: "security", "sign-in of {name} refused: {refusal:?}");
            api.tell(&visit.call, Incident::AUTH_FAIL, name.as_str());
            for who in &counted {
                brakes.allow(Brake::SIGN_IN, who, now)?;
            }
            if let Some(lockout) = lockout {
                lockout.failed(name, received);
            }
            Ok(None)
        }
    }
}

/// Ends the session.
pub fn signing_out(visit: &mut Visit<'_, '_>) -> Shown {
    if visit.user().is_some() {
        visit.form()?;
        visit.sign_out();
    }
    visit.redirect("account/sign-in?done=out")
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUp<'s> {
    frame: Frame,
    t: &'static Texts,
    closed: &'s str,
    contact: String,
    by_invitation: bool,
    email_needed: bool,
    invitation: &'s str,
    name: &'s str,
    email: &'s str,
    captcha: Option<Picture>,
}

/// A captcha's picture.
struct Picture {
    challenge: String,
    png: String,
}

/// The page to sign up.
pub fn sign_up(visit: &mut Visit<'_, '_>) -> Shown {
    let form = visit.query.clone();
    sign_up_page(visit, StatusCode::OK, &form, "")
}

fn sign_up_page(
    visit: &mut Visit<'_, '_>,
    status: StatusCode,
    form: &Form,
    complaint: &str,
) -> Shown {
    let t = &visit.texts().entry;
    let mode = visit.api.people.settings.sign_up;
    let captcha = match mode {
        SignUpMode::Closed => None,
        _ => visit.api.people.captcha_form(visit.now)?,
    };
    let (closed, captcha) = match captcha {
        _ if mode == SignUpMode::Closed => (t.sign_up_closed, None),
        // A service's captcha needs its script, and no script runs on these pages.
        Some(CaptchaForm::Widget(_)) => (t.sign_up_browser, None),
        Some(CaptchaForm::Image { challenge, png }) => {
            let png = STANDARD.encode(png);
            ("", Some(Picture { challenge, png }))
        }
        None => ("", None),
    };
    let page = SignUp {
        frame: visit.form_frame("sign-up")?.complaining(complaint),
        t,
        closed,
        contact: visit.contact(t.reset_contact),
        by_invitation: mode == SignUpMode::Invite,
        email_needed: visit.api.settings.registration.require_email,
        invitation: form.text("invitation"),
        name: form.text("username"),
        email: form.text("email"),
        captcha,
    };
    visit.page(status, &page)
}

/// The form of that page.
pub fn signing_up(visit: &mut Visit<'_, '_>) -> Shown {
    let form = visit.form()?;
    match sign_up_with(visit, &form)? {
        Ok(account) => {
            log::info!(target: "security", "{} signed up on the screens", account.name);
            visit.sign_in(account)?;
            visit.redirect("account?done=new")
        }
        Err(complaint) => sign_up_page(visit, StatusCode::BAD_REQUEST, &form, complaint),
    }
}

/// A new account, or what is wrong with the form.
fn sign_up_with(
    visit: &Visit<'_, '_>,
    form: &Form,
) -> Result<Result<Account, &'static str>, Trouble> {
    let (api, t) = (visit.api, &visit.texts().entry);
    let (name, email) = match who(visit, form) {
        Ok(who) => who,
        Err(complaint) => return Ok(Err(complaint)),
    };
    let password = match chosen_password(form, &name, t) {
        Ok(password) => password,
        Err(complaint) => return Ok(Err(complaint)),
    };
    // An administrator's name is not for whoever comes first.
    if visit.web.is_admin(&name) || api.accounts.lookup(&name)?.is_some() {
        return Ok(Err(t.name_taken));
    }
    let answer = CaptchaAnswer {
        challenge: form.text("challenge"),
        response: form.text("response"),
        address: visit.call.client.address,
    };
    if !api.people.captcha.check(&answer, visit.now)? {
        api.tell(&visit.call, Incident::CAPTCHA_FAIL, name.as_str());
        return Ok(Err(t.captcha_bad));
    }
    let new = NewAccount {
        name: &name,
        password: &password,
        email: email.as_deref(),
    };
    let invitation = Some(form.text("invitation")).filter(|code| !code.is_empty());
    let visitor = visit.visitor();
    let accounts = &*api.accounts;
    Ok(
        match api.people.sign_up(accounts, &new, invitation, &visitor)? {
            SignedUp::Done(_) => api.accounts.lookup(&name)?.ok_or(t.name_taken),
            SignedUp::Taken => Err(t.name_taken),
            SignedUp::NoInvitation => Err(t.invitation_bad),
            SignedUp::Closed => Err(t.sign_up_closed),
            SignedUp::TooOften => return Err(Trouble::TooOften),
        },
    )
}

/// Name and address of a new account. Of an address that has two names, browsers make the first.
fn who(visit: &Visit<'_, '_>, form: &Form) -> Result<(UserName, Option<String>), &'static str> {
    let (rules, t) = (&visit.api.settings.registration, &visit.texts().entry);
    let typed = form.text("username");
    if typed.is_empty() {
        return Err(t.name_missing);
    }
    let is_address = typed.contains('@');
    if is_address && !is_email(typed) {
        return Err(t.email_bad);
    }
    if !is_address && rules.strict_usernames {
        return Err(t.name_strict);
    }
    let names = names(typed).map_err(|_| t.name_bad)?;
    let plain = UserName::new(typed).is_ok();
    let name = match names.into_iter().next() {
        Some(name) if is_address || plain => name,
        _ => return Err(t.name_bad),
    };
    let email = match form.text("email") {
        "" => is_address.then(|| typed.to_owned()),
        email if is_email(email) => Some(email.to_owned()),
        _ => return Err(t.email_bad),
    };
    if email.is_none() && rules.require_email {
        return Err(t.email_missing);
    }
    Ok((name, email))
}

/// The new password of a form, or what is wrong with it, in the Python server's order.
pub fn chosen_password(
    form: &Form,
    name: &UserName,
    t: &'static Texts,
) -> Result<Password, &'static str> {
    let typed = form.raw("password").unwrap_or_default();
    let password = Password::from_wire(typed.as_bytes()).map_err(|_| t.password_missing)?;
    if form.raw("confirm") != Some(typed) {
        return Err(t.password_differs);
    }
    match password.may_be_chosen_by(name.as_str()) {
        Ok(()) => Ok(password),
        Err(_) => Err(t.password_weak),
    }
}
