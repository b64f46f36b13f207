//! `[web]`: the pages that people see.

use crate::config::declare::section;
use std::time::Duration;

section! {
    /// The pages that people see in a browser: the front page, accounts, administration.
    "web" in web: Web {
        /// Who sees the administrator's pages at `/admin`: names of users, or the e-mail addresses that
        /// they enter in their browsers, such as `["ada", "bob@example.org"]`. They sign in as
        /// everybody does. Make their accounts before you write them here: nobody can sign up under
        /// a name that is listed.
        admins: Vec<String> = Vec::new();

        /// After this time, whoever signed in has to do so again.
        session: Duration = Duration::from_secs(43_200),
            in Duration::from_secs(300)..=Duration::from_secs(2_592_000);

        /// Keeps for each user which programs synced last, when, and from which address, and shows it
        /// to that user. At most twelve, and none for longer than half a year.
        devices: bool = true;
    }
}
