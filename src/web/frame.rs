//! What every page has around its own: menu, language, links, and a word about what was done.

use super::texts::Texts;
use crate::sync::UserName;

/// What every page has around its own.
pub struct Frame {
    pub t: &'static Texts,
    /// What leads to the root, for links that follow it.
    pub up: String,
    /// The link to the root itself.
    pub home: String,
    /// Who is signed in.
    pub user: Option<UserName>,
    /// They are an administrator.
    pub admin: bool,
    /// Somebody can sign up on a page.
    pub sign_up: bool,
    /// What forms carry; empty on pages without one.
    pub token: String,
    /// Which entry of the menu the page is.
    pub tab: &'static str,
    /// The page holds wide tables.
    pub wide: bool,
    /// A word about what was done, or why not.
    pub notice: Option<Notice>,
}

/// A word about what was done, or why not.
pub struct Notice {
    pub bad: bool,
    pub text: String,
}

impl Frame {
    /// With a word about what was done.
    pub fn saying(mut self, text: &str) -> Self {
        let text = text.to_owned();
        self.notice = (!text.is_empty()).then_some(Notice { bad: false, text });
        self
    }

    /// With a word about why it was not.
    pub fn complaining(mut self, text: &str) -> Self {
        let text = text.to_owned();
        self.notice = (!text.is_empty()).then_some(Notice { bad: true, text });
        self
    }
}
