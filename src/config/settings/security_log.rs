//! `[security_log]`: refused logins, for the programs that watch them.

use crate::config::declare::section;
use crate::config::value::{FilePath, SyslogAddress, choices};

choices! {
    /// Where refused logins are told.
    SecurityLogTarget {
        /// Nowhere.
        Off = "off",
        /// In the program's own log.
        Log = "log",
        /// To syslog.
        Syslog = "syslog",
        /// In a file.
        File = "file",
    }
}

choices! {
    /// A facility of syslog.
    SyslogFacility {
        /// Number 1.
        User = "user",
        /// Number 3.
        Daemon = "daemon",
        /// Number 4.
        Auth = "auth",
        /// Number 10.
        Authpriv = "authpriv",
        /// Number 16.
        Local0 = "local0",
        /// Number 17.
        Local1 = "local1",
        /// Number 18.
        Local2 = "local2",
        /// Number 19.
        Local3 = "local3",
        /// Number 20.
        Local4 = "local4",
        /// Number 21.
        Local5 = "local5",
        /// Number 22.
        Local6 = "local6",
        /// Number 23.
        Local7 = "local7",
    }
}

impl SyslogFacility {
    /// Its number in the protocol.
    pub const fn number(self) -> u8 {
        match self {
            SyslogFacility::User => 1,
            SyslogFacility::Daemon => 3,
            SyslogFacility::Auth => 4,
            SyslogFacility::Authpriv => 10,
            SyslogFacility::Local0 => 16,
            SyslogFacility::Local1 => 17,
            SyslogFacility::Local2 => 18,
            SyslogFacility::Local3 => 19,
            SyslogFacility::Local4 => 20,
            SyslogFacility::Local5 => 21,
            SyslogFacility::Local6 => 22,
            SyslogFacility::Local7 => 23,
        }
    }
}

section! {
    /// Refused logins, wrong reset codes and the like, in the Common Event Format (CEF) of the legacy
    /// servers, for the programs that watch them.
    "security_log" in security_log: SecurityLog {
        /// Where they are told: in the program's own `"log"`, to `"syslog"`, in a `"file"`, or `"off"`.
        target: SecurityLogTarget = SecurityLogTarget::Log;

        /// The file, for `"file"`. It may be moved away at any time.
        file: Option<FilePath> = None;

        /// Where syslog listens, for `"syslog"`: a socket of this machine, or an IP address and a UDP
        /// port.
        syslog: SyslogAddress = SyslogAddress::Socket("/dev/log".into());

        /// The facility under which syslog sorts them.
        facility: SyslogFacility = SyslogFacility::Local4;

        /// The name under which they come from this installation.
        device: String = "weave".to_owned(), php "WEAVE_CEF_DEVICE";
    }
}
