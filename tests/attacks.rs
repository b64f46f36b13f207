//! Attacks, tried on the real program behind real fronts.
//!
//! Each table is a list of what a stranger, or a user who wants more than is theirs, may send. After
//! every one of them the server lives, an ordinary request works, and nothing was written that should
//! not be.

#[macro_use]
mod harness;
mod attacks {
    mod floods;
    mod framing;
    mod guessing;
    mod injection;
    mod links;
}

use harness::Server;
use harness::api::{PYTHON, User};

/// Somebody whose data nobody else is to touch.
struct Bystander<'s>(User<'s>);

impl<'s> Bystander<'s> {
    /// An account with a record in it.
    fn new(server: &'s Server, name: &str) -> Bystander<'s> {
        let user = User::new(server, PYTHON, name);
        user.put("storage/bookmarks/mine", r#"{"payload":"precious"}"#)
            .written();
        Bystander(user)
    }

    /// Fails unless all is as it was: the server answers, and holds this one record.
    #[track_caller]
    fn is_unharmed(&self, after: &str) {
        let collections = self.0.get("info/collection_counts");
        assert_eq!(
            (collections.status, collections.text().as_str()),
            (200, r#"{"bookmarks":1}"#),
            "after {after}: {collections:?}"
        );
        let record = self.0.get("storage/bookmarks/mine");
        assert_eq!(record.json()["payload"], "precious", "after {after}");
    }
}

/// Every byte of a text as a URL may carry it.
fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
