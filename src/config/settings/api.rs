//! `[api]`: what the APIs answer.

use crate::config::declare::section;
use crate::config::value::{Node, choices};

choices! {
    /// Whose answers are given where the two old servers differed.
    Profile {
        /// `/1.0/` as PHP, `/1.1/` and `/1/` as Python.
        ByVersion = "by-version",
        /// Everything as PHP.
        Php = "php",
        /// Everything as Python.
        Python = "python",
    }
}

section! {
    /// What the APIs answer. Browsers are content with these defaults.
    "api" in api: Api {
        /// The old servers differed in details. `"by-version"` answers `/1.0/` as the PHP server did
        /// and `/1.1/` as the Python server did; `"php"` and `"python"` answer both alike.
        profile: Profile = Profile::ByVersion;

        /// What a browser is told that asks which server holds its data: `""` for this one, the URL
        /// of another; `"none"` for no answer (`null`), upon which it stays where it is; or `"assign"`
        /// for the one of several nodes (`weft node`) with the most free places.
        node: Node = Node::Own, php "WEAVE_REGISTER_STORAGE_LOCATION";
    }
}
