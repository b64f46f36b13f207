//! `[ldap]`: users in a directory.

use crate::config::declare::section;
use crate::config::value::{FilePath, LdapUrl, Secret, choices};
use std::time::Duration;

choices! {
    /// How people are laid out in a directory.
    LdapLayout {
        /// `<attribute>=<user>,<base>`, with a `uidNumber`.
        Plain = "plain",
        /// The same below the five levels of Mozilla's own directory.
        Mozilla = "mozilla",
        /// `uidNumber=<number>,<base>`, as the Python server had it.
        Python = "python",
        /// Anywhere, found by a filter.
        Search = "search",
    }
}

section! {
    /// The directory, for `auth.engine = "ldap"`.
    "ldap" in ldap: Ldap {
        /// Its servers, `ldap://` or `ldaps://`, in the order in which they are tried.
        url: Vec<LdapUrl> = Vec::new(), php "WEAVE_LDAP_AUTH_HOST";

        /// How people are laid out: `"plain"` (`uid=ada,<base>`, with `uidNumber`), `"mozilla"`
        /// (Mozilla's own directory), `"python"` (`uidNumber=7,<base>`) or `"search"` (anywhere, found
        /// by `filter`; right for OpenLDAP and Active Directory at large).
        layout: LdapLayout = LdapLayout::Search;

        /// Encrypts `ldap://` connections before anything is sent. The layout `"mozilla"` always does.
        start_tls: bool = false;

        /// The one certificate authority that is believed (PEM); `""` is those of the public.
        ca_file: Option<FilePath> = None;

        /// How long one question may take, all servers and steps together.
        timeout: Duration = Duration::from_secs(5),
            in Duration::from_millis(100)..=Duration::from_secs(60);

        /// How long making a connection may take, encryption included.
        connect_timeout: Duration = Duration::from_secs(2),
            in Duration::from_millis(100)..=Duration::from_secs(60);

        /// How long a password that was right is remembered without asking the directory again; 0 is
        /// not at all. A password that was changed elsewhere, or an account that was disabled, counts
        /// only after this time.
        remember: Option<Duration> = None;

        /// The entry below which people are, such as `"ou=users,dc=example,dc=com"`.
        base: String = String::new(), php "WEAVE_LDAP_AUTH_DN";

        /// The entry below which they are searched for; `""` is `base`.
        search_base: String = String::new();

        /// The filter that finds a person, with `{user}` for the name; `""` is the layout's own.
        filter: String = String::new();

        /// The attribute that holds the user name.
        user_attribute: String = "uid".to_owned(), php "WEAVE_LDAP_AUTH_USER_PARAM_NAME";

        /// The attribute that holds the e-mail address.
        mail_attribute: String = "mail".to_owned();

        /// The attribute that holds the number under which a user's records are stored; `""` is
        /// `uidNumber`, and in the layout `"search"` a table of our own, which gives numbers.
        id_attribute: String = String::new();

        /// What stands for a person in that table: an attribute that the directory never gives twice
        /// (`"entryUUID"`; `"objectGUID"` in Active Directory), or `"dn"`, or `"name"`.
        id_key: String = "entryUUID".to_owned();

        /// Which accounts may log in: `"always"` all, `"active-directory"` those that are not disabled
        /// there, or `"attribute=value"` those that have it; `""` is the layout's own.
        enabled: String = String::new();

        /// Who searches; `""` is nobody in particular.
        bind_dn: String = String::new(), php "WEAVE_LDAP_AUTH_USER";

        /// The password of `bind_dn`.
        bind_password: Secret = Secret::default(), php "WEAVE_LDAP_AUTH_PASS";

        /// Who makes, changes and deletes accounts; `""` is nobody, and these are impossible.
        admin_dn: String = String::new();

        /// The password of `admin_dn`.
        admin_password: Secret = Secret::default();

        /// The entry that holds the next free number, such as `"cn=maxuid,ou=users,dc=example"`; `""`
        /// is none, and accounts with a number can't be made.
        next_id_dn: String = String::new();

        /// The object classes of new accounts; none is the layout's own.
        object_classes: Vec<String> = Vec::new();

        /// Refuses users whose `primaryNode` is not the host that was asked. The layout `"mozilla"`
        /// always does.
        check_node: bool = false;

        /// The host that is written into `primaryNode` of new accounts.
        node: String = String::new();
    }
}
