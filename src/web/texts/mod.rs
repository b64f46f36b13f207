//! Every text that the screens show, in one place.
//!
//! A language is a constant beside [`ENGLISH`]; the compiler says which texts it lacks. In a text,
//! what stands between backticks is shown as code, and `{}` is filled in: by [`fill`], in order.

mod account;
mod admin;
mod common;
mod doctor;
mod entry;
mod front;
mod undo;

pub use account::Account;
pub use admin::Admin;
pub use common::Common;
pub use doctor::Doctor;
pub use entry::Entry;
pub use front::Front;
pub use undo::Undo;

/// The texts of one language.
pub struct Texts {
    /// The language's tag, such as `en`.
    pub language: &'static str,
    /// What several screens say.
    pub common: Common,
    /// The front page.
    pub front: Front,
    /// Signing in and up, forgotten passwords, leaving.
    pub entry: Entry,
    /// The pages of one's own account.
    pub account: Account,
    /// Bringing back what was deleted or replaced.
    pub undo: Undo,
    /// The administrator's pages.
    pub admin: Admin,
    /// The doctor's page.
    pub doctor: Doctor,
}

/// English.
pub static ENGLISH: Texts = Texts {
    language: "en",
    common: Common::ENGLISH,
    front: Front::ENGLISH,
    entry: Entry::ENGLISH,
    account: Account::ENGLISH,
    undo: Undo::ENGLISH,
    admin: Admin::ENGLISH,
    doctor: Doctor::ENGLISH,
};

/// Puts values in the places of `{}`.
pub fn fill(text: &str, values: &[&str]) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut values = values.iter();
    let mut parts = text.split("{}");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(values.next().copied().unwrap_or_default());
        out.push_str(part);
    }
    out
}

/// Declares a group of texts together with its English.
macro_rules! texts {
    ($(#[doc = $doc:literal])* $Group:ident { $($name:ident: $text:literal,)* }) => {
        $(#[doc = $doc])*
        #[allow(missing_docs, reason = "the English is the documentation")]
        pub struct $Group {
            $(pub $name: &'static str,)*
        }

        impl $Group {
            pub(super) const ENGLISH: $Group = $Group { $($name: $text,)* };
        }
    };
}
use texts;

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_take_their_places_in_order() {
        assert_eq!(fill("{} of {}", &["1", "{}"]), "1 of {}");
        assert_eq!(fill("nothing", &["x"]), "nothing");
        assert_eq!(fill("{}{}", &["x"]), "x");
    }
}
