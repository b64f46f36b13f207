//! One user, as the administrator sees and changes them.

use super::super::form::{Form, encoded};
use super::super::frame::Frame;
use super::super::show::size;
use super::super::texts::{Admin as Texts, fill};
use super::super::visit::Visit;
use super::super::{Shown, Trouble, filters};
use super::{Made, User, administrator, row};
use crate::auth::{Account, AuthResult};
use crate::sync::UserName;
use askama::Template;
use http::StatusCode;

/// Bytes of a megabyte, as quotas are entered.
const MEGABYTE: u64 = 1_000_000;
/// The longest alert, in bytes: it goes with every answer, in a header.
const ALERT_BYTES: usize = 300;

#[derive(Template)]
#[template(path = "admin_user.html")]
struct One {
    frame: Frame,
    t: &'static Texts,
    title: String,
    user: User,
    number: u64,
    quota_now: String,
    quota: String,
    alert: String,
    made: Option<Made>,
    can_change: bool,
}

/// The page of one user.
pub fn user(visit: &mut Visit<'_, '_>) -> Shown {
    administrator(visit)?;
    let account = find(visit, &visit.query.clone())?;
    let said = match visit.query.text("done") {
        "" => "",
        _ => visit.texts().admin.saved,
    };
    let frame = visit.frame("admin").saying(said);
    page(visit, StatusCode::OK, frame, account, None)
}

/// One of its forms.
pub fn changing_user(visit: &mut Visit<'_, '_>) -> Shown {
    let administrator = administrator(visit)?;
    let form = visit.form()?;
    let account = find(visit, &form)?;
    if form.text("do") == "reset-link" {
        let made = reset_link(visit, &account)?;
        let frame = visit.frame("admin");
        return page(visit, StatusCode::OK, frame, account, Some(made));
    }
    let complaint = match form.text("do") {
        "disable" if account.name == administrator.name => visit.texts().admin.disable_self,
        _ => match change(visit, &account.name, &form)? {
            Ok(()) => {
                let (who, what) = (&administrator.name, form.text("do"));
                log::info!(target: "security", "{who} changed {}: {what}", account.name);
                let name = encoded(account.name.as_str());
                return visit.redirect(&format!("admin/user?name={name}&done=1"));
            }
            Err(complaint) => complaint,
        },
    };
    let frame = visit.frame("admin").complaining(complaint);
    page(visit, StatusCode::BAD_REQUEST, frame, account, None)
}

fn find(visit: &Visit<'_, '_>, form: &Form) -> Result<Account, Trouble> {
    let name = UserName::new(form.text("name")).map_err(|_| Trouble::NotFound)?;
    visit.api.accounts.lookup(&name)?.ok_or(Trouble::NotFound)
}

fn page(
    visit: &Visit<'_, '_>,
    status: StatusCode,
    frame: Frame,
    account: Account,
    made: Option<Made>,
) -> Shown {
    let t = &visit.texts().admin;
    let quota = visit.api.quota_of(&account);
    let mut user = row(visit, &account)?;
    if user.email.is_empty() {
        user.email = visit.texts().account.no_email.to_owned();
    }
    let one = One {
        frame,
        t,
        title: fill(t.user_title, &[account.name.as_str()]),
        user,
        number: u64::from(account.id.number()),
        quota_now: match (quota, account.quota_bytes) {
            (Some(bytes), Some(_)) => size(bytes),
            (Some(bytes), None) => format!("{} ({})", size(bytes), t.quota_default),
            (None, _) => format!("– ({})", t.quota_default),
        },
        quota: account.quota_bytes.map_or_else(String::new, megabytes),
        alert: account.alert.unwrap_or_default(),
        made,
        can_change: visit.api.accounts.admin().is_some(),
    };
    visit.page(status, &one)
}

fn megabytes(bytes: u64) -> String {
    match bytes % MEGABYTE {
        0 => (bytes / MEGABYTE).to_string(),
        _ => format!("{:.3}", bytes as f64 / MEGABYTE as f64),
    }
}

/// Does what a form asks; answers what is wrong with it.
fn change(
    visit: &Visit<'_, '_>,
    name: &UserName,
    form: &Form,
) -> Result<Result<(), &'static str>, Trouble> {
    let t = &visit.texts().admin;
    let Some(admin) = visit.api.accounts.admin() else {
        return Ok(Err(t.cant));
    };
    let changed: AuthResult<bool> = match form.text("do") {
        "enable" => admin.set_enabled(name, true),
        "disable" => admin.set_enabled(name, false),
        "quota" => match quota(form.text("quota")) {
            Ok(bytes) => admin.set_quota(name, bytes),
            Err(()) => return Ok(Err(t.quota_bad)),
        },
        "alert" => {
            let mut text = form.text("alert").to_owned();
            let mut end = ALERT_BYTES.min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            admin.set_alert(name, Some(text.as_str()).filter(|text| !text.is_empty()))
        }
        _ => return Err(Trouble::NotFound),
    };
    match changed? {
        true => Ok(Ok(())),
        false => Err(Trouble::NotFound),
    }
}

/// The bytes that are meant by a number of megabytes; nothing for an empty field.
fn quota(text: &str) -> Result<Option<u64>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let number: f64 = text.replace(',', ".").parse().map_err(|_| ())?;
    // More than this is no quota, and less than nothing neither; NaN is in no range.
    if !(0.0..=1e9).contains(&number) {
        return Err(());
    }
    Ok(Some((number * MEGABYTE as f64).round() as u64))
}

fn reset_link(visit: &Visit<'_, '_>, account: &Account) -> Result<Made, Trouble> {
    let code = visit.api.people.codes.create(account.id, visit.now)?;
    log::info!(target: "security", "a link for a new password of {} was made", account.name);
    let query = format!("username={}&key={}", account.name, code.as_str());
    let root = visit.public_url();
    Ok(Made {
        link: format!("{root}weave-password-reset?{query}"),
        code: code.as_str().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_megabytes_or_nothing() {
        assert_eq!(quota(""), Ok(None));
        assert_eq!(quota("25"), Ok(Some(25_000_000)));
        assert_eq!(quota("0"), Ok(Some(0)));
        assert_eq!(quota("0,5"), Ok(Some(500_000)));
        for bad in ["-1", "x", "NaN", "inf", "1e12", "25 MB"] {
            assert_eq!(quota(bad), Err(()), "{bad}");
        }
        assert_eq!(megabytes(25_000_000), "25");
        assert_eq!(megabytes(500_000), "0.500");
    }
}
