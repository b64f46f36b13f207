//! `[legacy]` and `[memcached]`: life beside a PHP server.

use crate::config::declare::section;
use crate::config::value::HostPort;
use std::time::Duration;

section! {
    /// Life beside legacy PHP servers.
    "legacy" in legacy: Legacy {
        /// PHP servers work on the same database, directory or memcached now. While this is so, new
        /// passwords are hashed as PHP can read them (`"ssha-256"`, whatever `auth.new_hash` says), the
        /// tabs are shared with PHP through memcached, and times allow for writes that PHP makes
        /// without a lock and by its own clock.
        php_beside: bool = false;
    }
}

section! {
    /// memcached, shared by all hosts: wrong passwords and the day's writes are counted there, and
    /// while `legacy.php_beside` is set, tabs and the collections' times are shared with PHP. Without
    /// servers, each process counts by itself. Weft answers nothing from it that the database does not
    /// know, and loses nothing with it.
    "memcached" in memcached: Memcached {
        /// The servers, such as `["mc1:11211", "mc2:11211"]`. Their order decides which of them holds a
        /// key: every host, PHP or not, must have the same. A host whose name can't be looked up is a
        /// server that is away.
        servers: Vec<HostPort> = Vec::new(), php "WEAVE_STORAGE_MEMCACHE_HOST";

        /// How long an entry lives.
        ttl: Duration = Duration::from_secs(86_400),
            in Duration::from_secs(1)..=Duration::from_secs(2_592_000),
            php "WEAVE_STORAGE_MEMCACHE_DECAY";

        /// How long making a connection may take.
        connect_timeout: Duration = Duration::from_millis(100),
            in Duration::from_millis(1)..=Duration::from_secs(10);

        /// How long a server may take to answer.
        io_timeout: Duration = Duration::from_millis(100),
            in Duration::from_millis(1)..=Duration::from_secs(10);

        /// How long a server that does not answer is not asked again.
        silence: Duration = Duration::from_secs(5),
            in Duration::from_millis(100)..=Duration::from_secs(3_600);
    }
}
