//! The LDAP engine against the suite of all account engines, in each of its layouts on a real slapd,
//! and alone: hostile names, certificates, servers that die, hang and come back.

// No hashes are checked by this engine.
#[macro_use]
#[allow(dead_code)]
mod accounts_suite;
mod harness;
#[cfg(not(without = "slapd"))]
mod ldap;

/// The suite in one layout.
macro_rules! layout {
    ($module:ident, $layout:expr) => {
        #[cfg(not(without = "slapd"))]
        mod $module {
            fn bench() -> crate::accounts_suite::Bench {
                crate::ldap::bench($layout)
            }
            accounts_suite!(super::bench);
        }
    };
}

layout!(php, weft::auth::ldap::Layout::Php);
layout!(mozilla, weft::auth::ldap::Layout::Mozilla);
layout!(python, weft::auth::ldap::Layout::Python);
layout!(search, weft::auth::ldap::Layout::Search);
