//! From the `[ldap]` section to the account engine of a directory.

use crate::auth::Accounts;
use crate::auth::ids::SqliteIds;
use crate::auth::ldap::{Bind, Enabled, IdKey, IdSource, Layout, LdapAccounts, LdapOptions};
use crate::config::Config;
use crate::config::settings::{Ldap, LdapLayout};
use std::sync::Arc;

/// The engine of the directory that `config` describes. Its servers need not be up.
pub fn accounts(config: &Config, random: fn(&mut [u8])) -> Result<Arc<dyn Accounts>, String> {
    let mut options = options(&config.ldap)?;
    options.remember_entries = config.auth.remember_entries;
    let ids = SqliteIds::new(super::accounts::sqlite(config, "ids.db"));
    let accounts = LdapAccounts::new(options, Some(Arc::new(ids)), random);
    accounts
        .map(|accounts| Arc::new(accounts) as Arc<dyn Accounts>)
        .map_err(|error| error.to_string())
}

fn options(ldap: &Ldap) -> Result<LdapOptions, String> {
    let layout = match ldap.layout {
        LdapLayout::Php => Layout::Php,
        LdapLayout::Mozilla => Layout::Mozilla,
        LdapLayout::Python => Layout::Python,
        LdapLayout::Search => Layout::Search,
    };
    let mut options = LdapOptions::new(layout, "", &ldap.base);
    options.urls = ldap.url.iter().map(|url| url.as_str().to_owned()).collect();
    options.start_tls = ldap.start_tls;
    options.ca_file = ldap.ca_file.as_ref().map(|file| file.to_path_buf());
    options.timeout = ldap.timeout;
    options.connect_timeout = ldap.connect_timeout;
    options.search_base.clone_from(&ldap.search_base);
    if !ldap.filter.is_empty() {
        options.filter.clone_from(&ldap.filter);
    }
    options.user_attribute.clone_from(&ldap.user_attribute);
    options.bind = Bind::new(&ldap.bind_dn, ldap.bind_password.expose());
    options.admin = Bind::new(&ldap.admin_dn, ldap.admin_password.expose());
    options.ids = ids(ldap);
    options.next_id_dn.clone_from(&ldap.next_id_dn);
    options.mail_attribute.clone_from(&ldap.mail_attribute);
    if let Some(enabled) = enabled(&ldap.enabled)? {
        options.enabled = enabled;
    }
    options.check_node = ldap.check_node;
    options.node.clone_from(&ldap.node);
    if !ldap.object_classes.is_empty() {
        options.object_classes.clone_from(&ldap.object_classes);
    }
    options.remember = ldap.remember.unwrap_or_default();
    Ok(options)
}

fn ids(ldap: &Ldap) -> IdSource {
    match (ldap.id_attribute.as_str(), ldap.layout) {
        ("", LdapLayout::Search) => IdSource::Table(match ldap.id_key.as_str() {
            "name" => IdKey::Name,
            "dn" => IdKey::Dn,
            attribute => IdKey::Attribute(attribute.to_owned()),
        }),
        ("", _) => IdSource::Attribute("uidNumber".to_owned()),
        (attribute, _) => IdSource::Attribute(attribute.to_owned()),
    }
}

fn enabled(text: &str) -> Result<Option<Enabled>, String> {
    match text {
        "" => Ok(None),
        "always" => Ok(Some(Enabled::Always)),
        "active-directory" => Ok(Some(Enabled::ActiveDirectory)),
        other => match other.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Some(Enabled::Attribute(name.to_owned(), value.to_owned())))
            }
            _ => Err(format!(
                "ldap.enabled must be \"always\", \"active-directory\" or an attribute and its \
                 value, such as \"account-enabled=Yes\", not {other:?}"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::LdapUrl;

    fn ldap(change: impl FnOnce(&mut Ldap)) -> Ldap {
        let mut ldap = Ldap {
            url: vec![LdapUrl::parse("ldap://localhost").unwrap()],
            base: "dc=example".to_owned(),
            ..Ldap::default()
        };
        change(&mut ldap);
        ldap
    }

    #[test]
    fn what_is_not_set_is_what_the_layout_says() {
        for (word, layout) in [
            (LdapLayout::Php, Layout::Php),
            (LdapLayout::Mozilla, Layout::Mozilla),
            (LdapLayout::Python, Layout::Python),
            (LdapLayout::Search, Layout::Search),
        ] {
            let made = options(&ldap(|ldap| ldap.layout = word)).unwrap();
            let mut expected = LdapOptions::new(layout, "ldap://localhost", "dc=example");
            (expected.start_tls, expected.check_node) = (false, false);
            assert_eq!(made, expected);
            assert_eq!(made.check(), Ok(()));
        }
    }

    #[test]
    fn numbers_come_from_where_the_operator_says() {
        let cases = [
            ("", "name", IdSource::Table(IdKey::Name)),
            ("", "dn", IdSource::Table(IdKey::Dn)),
            (
                "",
                "objectGUID",
                IdSource::Table(IdKey::Attribute("objectGUID".to_owned())),
            ),
            (
                "employeeNumber",
                "name",
                IdSource::Attribute("employeeNumber".to_owned()),
            ),
        ];
        for (attribute, key, expected) in cases {
            let ldap = ldap(|ldap| {
                ldap.layout = LdapLayout::Search;
                (ldap.id_attribute, ldap.id_key) = (attribute.to_owned(), key.to_owned());
            });
            assert_eq!(ids(&ldap), expected);
        }
    }

    #[test]
    fn who_is_enabled_is_said_in_words_or_by_an_attribute() {
        let yes = Enabled::Attribute("account-enabled".to_owned(), "Yes".to_owned());
        assert_eq!(enabled("account-enabled=Yes"), Ok(Some(yes)));
        assert_eq!(
            enabled("active-directory"),
            Ok(Some(Enabled::ActiveDirectory))
        );
        assert_eq!(enabled("always"), Ok(Some(Enabled::Always)));
        assert_eq!(enabled(""), Ok(None));
        for wrong in ["yes", "=Yes"] {
            assert!(enabled(wrong).is_err(), "{wrong}");
        }
    }
}
