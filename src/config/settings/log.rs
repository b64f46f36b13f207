//! `[log]`: what the program tells, and where.

use crate::config::declare::section;
use crate::config::value::{FilePath, choices};

choices! {
    /// How much is told.
    LogLevel {
        /// What went wrong.
        Error = "error",
        /// And what looks wrong.
        Warn = "warn",
        /// And what happens.
        Info = "info",
        /// And why.
        Debug = "debug",
        /// And everything else.
        Trace = "trace",
    }
}

choices! {
    /// Whether each request is told.
    LogRequests {
        /// By `weft serve` only: front servers have logs of their own.
        Auto = "auto",
        /// Always.
        Always = "always",
        /// Never.
        Never = "never",
    }
}

section! {
    /// What the program tells, and where. No password, payload or query ever appears there.
    "log" in log: Log {
        /// How much is told: `"error"`, `"warn"`, `"info"`, `"debug"` or `"trace"`.
        level: LogLevel = LogLevel::Info;

        /// The file to which it is told, line by line; `""` is standard error, which under Apache is
        /// Apache's error log. It may be moved away at any time: a second later it is made anew.
        file: Option<FilePath> = None;

        /// A line per request: `"auto"` is only in `weft serve`, because front servers write such
        /// lines themselves; `"always"`; or `"never"`.
        requests: LogRequests = LogRequests::Auto;
    }
}
