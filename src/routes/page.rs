//! The pages that people and browsers open, and how a page finds the way back to the root.
//!
//! Links on pages are relative, so that they work under any mount and behind any proxy; what leads from
//! a page to the root follows from the path of the request alone.

use crate::exchange::Target;

/// The pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The root of the server.
    Front,
    /// `media/weft.css`.
    Style,
    /// `media/weft.svg`.
    Logo,
    /// `account`: one's own account.
    Account,
    /// `account/sign-in`.
    SignIn,
    /// `account/sign-up`.
    SignUp,
    /// `account/sign-out`.
    SignOut,
    /// `account/password`: another password.
    Password,
    /// `account/email`: another address.
    Email,
    /// `account/download`: all one's data.
    Download,
    /// `account/collection`: the deletion of one collection.
    Collection,
    /// `account/clear`: the deletion of all collections.
    Clear,
    /// `account/undo`: bringing back what was deleted or replaced.
    Undo,
    /// `weave-password-reset`: what browsers open for a forgotten password.
    Reset,
    /// `weave-delete-account`.
    Leave,
    /// `admin`.
    Admin,
    /// `admin/user`: one user.
    AdminUser,
    /// `admin/invitations`.
    AdminInvitations,
    /// `admin/doctor`: what keeps browsers from syncing.
    AdminDoctor,
}

/// A page, and the way from it to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAt {
    /// The page.
    pub page: Page,
    /// What relative links to other pages begin with: empty, or `../` some times.
    pub up: String,
}

/// The page that these segments name.
pub(super) fn named(rest: &[&[u8]]) -> Option<Page> {
    Some(match rest {
        [b"media", b"weft.css"] => Page::Style,
        [b"media", b"weft.svg"] => Page::Logo,
        [b"account"] => Page::Account,
        [b"account", b"sign-in"] => Page::SignIn,
        [b"account", b"sign-up"] => Page::SignUp,
        [b"account", b"sign-out"] => Page::SignOut,
        [b"account", b"password"] => Page::Password,
        [b"account", b"email"] => Page::Email,
        [b"account", b"download"] => Page::Download,
        [b"account", b"collection"] => Page::Collection,
        [b"account", b"clear"] => Page::Clear,
        [b"account", b"undo"] => Page::Undo,
        [b"weave-password-reset"] => Page::Reset,
        [b"weave-delete-account"] => Page::Leave,
        [b"admin"] => Page::Admin,
        [b"admin", b"user"] => Page::AdminUser,
        [b"admin", b"invitations"] => Page::AdminInvitations,
        [b"admin", b"doctor"] => Page::AdminDoctor,
        _ => return None,
    })
}

/// The way to the root from a path in which that many segments stand before the page.
pub(super) fn way_up(target: &Target, before: usize) -> String {
    let raw = [target.mount.as_slice(), &target.path].concat();
    let begins = |at: &usize| raw[*at] != b'/' && (*at == 0 || raw[*at - 1] == b'/');
    match (0..raw.len()).filter(begins).nth(before) {
        Some(page) => "../".repeat(raw[page..].iter().filter(|byte| **byte == b'/').count()),
        // The root itself; without its slash it is, for a browser, a file in the folder above.
        None if raw.is_empty() || raw.ends_with(b"/") => String::new(),
        None => {
            let last = raw.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            format!("./{}/", String::from_utf8_lossy(last))
        }
    }
}
