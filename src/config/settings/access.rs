//! `[auth]`, `[lockout]` and `[registration]`: who may come in.

use crate::config::declare::section;
use crate::config::value::{Secret, choices};
use std::time::Duration;

choices! {
    /// Where users and their passwords are known.
    AuthEngine {
        /// A file in the data folder.
        Sqlite = "sqlite",
        /// The `users` table of a MySQL or MariaDB server.
        Mysql = "mysql",
        /// An LDAP directory.
        Ldap = "ldap",
        /// Nowhere: every password is right. For tests, or behind a server that asks itself.
        None = "none",
    }
}

choices! {
    /// How new passwords are hashed.
    NewHash {
        /// Argon2id: slow to guess.
        Argon2id = "argon2id",
        /// Salted SHA-256, as the old servers could read it.
        Ssha256 = "ssha-256",
    }
}

section! {
    /// Who users are, and how passwords are kept.
    "auth" in auth: Auth {
        /// Where users are known: `"sqlite"` is a file in the data folder; `"mysql"` the `users` table
        /// of the legacy PHP server; `"ldap"` a directory; `"none"` accepts every password and is for
        /// tests only.
        engine: AuthEngine = AuthEngine::Sqlite, php "WEAVE_AUTH_ENGINE";

        /// How long a password that was right is remembered (in memory, not readable), since browsers
        /// send it with every request and a good hash is slow on purpose; 0 is not at all. A changed
        /// password counts at once all the same.
        remember: Option<Duration> = Some(Duration::from_secs(300));

        /// How many such passwords each process remembers at most.
        remember_entries: usize = 10_000, in 0..=10_000_000;

        /// How new passwords are hashed: `"argon2id"`, or `"ssha-256"` as long as a legacy server
        /// must be able to read them too. Old hashes are replaced at the next login.
        new_hash: NewHash = NewHash::Argon2id;

        /// Accepts passwords that are kept as bare MD5, and replaces them at the next login.
        legacy_md5: bool = false, php "WEAVE_MD5_FALLBACK";

        /// The site-wide salt of the oldest password hashes of the PHP server.
        legacy_sha_salt: Secret = Secret::default(), php "WEAVE_SHA_SALT";

        /// The memory that one check of an Argon2id hash takes, in KiB.
        argon2_memory_kib: u32 = 19_456, in 8..=4_194_304;

        /// The rounds of one check of an Argon2id hash.
        argon2_iterations: u32 = 2, in 1..=64;

        /// Accepts as names of new accounts only what browsers send: 32 letters and digits, made from
        /// an e-mail address. Without it, plain names such as `ada` work too.
        strict_usernames: bool = false;

        /// Refuses new accounts without an e-mail address.
        require_email: bool = false;
    }
}

section! {
    /// What happens after many wrong passwords. They are counted by all processes together: in
    /// memcached if that is used, for all hosts; else in a file of the data folder, for this one.
    "lockout" in lockout: Lockout {
        /// After so many wrong passwords for one name, it is locked; 0 is never.
        failures: Option<u32> = Some(20), php "WEAVE_STORAGE_LOCKOUT_COUNT";

        /// How long after the last wrong password the lock ends, and the count is forgotten.
        window: Duration = Duration::from_secs(900),
            in Duration::from_secs(1)..=Duration::from_secs(604_800),
            php "WEAVE_STORAGE_LOCKOUT_DECAY";
    }
}

choices! {
    /// Who may create an account.
    SignUp {
        /// Anybody.
        Open = "open",
        /// Whoever has an invitation.
        Invite = "invite",
        /// Nobody.
        Closed = "closed",
    }
}

section! {
    /// Who may create an account.
    "registration" in registration: Registration {
        /// `"open"`: anybody who reaches this server may create an account, as the browser's own set-up
        /// does. `"invite"`: whoever has an invitation (`weft user invite`), on the server's sign-up
        /// page. `"closed"`: nobody; say so when all your users have theirs: they go on as before, and
        /// `weft user add` still works.
        mode: SignUp = SignUp::Open;

        /// Tools that send this in `X-Weave-Secret` may create accounts even when registration is
        /// not open, and without a captcha. `""` lets none.
        secret: Secret = Secret::default(), php "WEAVE_REGISTER_ADMIN_SECRET";
    }
}
