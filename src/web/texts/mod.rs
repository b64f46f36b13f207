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

use super::show::number;
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

/// Puts a number in the place of the first `{}` of `many`; of one there is a text of its own.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => one.to_owned(),
        _ => many.replacen("{}", &number(count), 1),
    }
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
    use super::{counted, fill};

    #[test]
    fn one_of_something_is_not_many() {
        let told = |count| counted(count, "1 record", "{} records of {}");
        let counts = [0, 1, 2, 12_345];
        let expected = [
            "0 records of {}",
            "1 record",
            "2 records of {}",
            "12,345 records of {}",
        ];
        assert_eq!(counts.map(told), expected);
    }

    #[test]
    fn values_take_their_places_in_order() {
        assert_eq!(fill("{} of {}", &["1", "{}"]), "1 of {}");
        assert_eq!(fill("nothing", &["x"]), "nothing");
        assert_eq!(fill("{}{}", &["x"]), "x");
    }
}
