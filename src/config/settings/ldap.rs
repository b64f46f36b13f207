//! `[ldap]`: a directory that knows the users.

use crate::config::declare::section;
use crate::config::value::{FilePath, LdapUrl, Secret, choices};
use std::time::Duration;

choices! {
    /// How the entries of people are laid out.
    LdapLayout {
        /// As the PHP server's plain engine expected it.
        Php = "php",
        /// As Mozilla's directory was, for the PHP server.
        Mozilla = "mozilla",
        /// As the Python server expected it.
        Python = "python",
        /// Anyhow.
        Search = "search",
    }
}

section! {
    /// A directory that knows the users, when `auth.engine` is `"ldap"`. Passwords are checked by the
    /// directory itself.
    "ldap" in ldap: Ldap {
        /// The servers, such as `["ldaps://one.example.org", "ldaps://two.example.org"]`. The first that answers is asked; one that does not is
        /// passed over for some seconds.
        url: Vec<LdapUrl> = Vec::new(), php "WEAVE_LDAP_AUTH_HOST";

        /// Where people are: `"php"` binds as `<user_attribute>=<user>,<base>` and reads the user's
        /// number, as the PHP server's engine `ldap` did; `"mozilla"` is that server's engine of the
        /// same name; `"python"` searches for `uid=<user>` and reads `uidNumber`, as the Python
        /// server did; `"search"` searches with `filter`, which suits any other directory.
        layout: LdapLayout = LdapLayout::Php;

        /// Encrypts connections to `ldap://` servers, and uses none that can't be encrypted. The
        /// `mozilla` layout always does. Without it, and without `ldaps://`, everybody on the way
        /// reads the users' passwords.
        start_tls: bool = false;

        /// The certificates (PEM) of the authorities that the servers' own certificates must come
        /// from, and no others. With `""`, those that the system believes.
        ca_file: Option<FilePath> = None;

        /// How long the directory may take to answer, all servers and steps together, before a
        /// client is told to come back later.
        timeout: Duration = Duration::from_secs(5),
            in Duration::from_millis(100)..=Duration::from_secs(60);

        /// How long one server may take to accept a connection.
        connect_timeout: Duration = Duration::from_secs(2),
            in Duration::from_millis(100)..=Duration::from_secs(60);

        /// The entry below which people are, such as `"ou=users,dc=example,dc=org"`; new ones are
        /// made there.
        base: String = String::new(), php "WEAVE_LDAP_AUTH_DN";

        /// The entry below which people are searched for, if that is another one.
        search_base: String = String::new();

        /// The search for a person; `{user}` is the name. With `""` it is
        /// `"(&(objectClass=person)(uid={user}))"` in the `search` layout, and `"(uid={user})"` in
        /// the `python` one. For Active Directory:
        /// `"(&(objectClass=user)(sAMAccountName={user}))"`. Exactly one entry must fit.
        filter: String = String::new();

        /// The attribute that holds the user name.
        user_attribute: String = "uid".to_owned(), php "WEAVE_LDAP_AUTH_USER_PARAM_NAME";

        /// Who searches; with `""`, nobody in particular. It needs no right but to find and read
        /// people.
        bind_dn: String = String::new(), php "WEAVE_LDAP_AUTH_USER";

        /// The password of `bind_dn`.
        bind_password: Secret = Secret::default(), php "WEAVE_LDAP_AUTH_PASS";

        /// Who registers, changes and deletes accounts. With `""` that is impossible here, and the
        /// directory is only read.
        admin_dn: String = String::new();

        /// The password of `admin_dn`.
        admin_password: Secret = Secret::default();

        /// The attribute that holds a user's number, under which the records are kept. With `""` it
        /// is `uidNumber`, or in the `search` layout none: numbers are then given here, and kept in
        /// `ids.db` in the data folder, a file that must not be lost.
        id_attribute: String = String::new();

        /// How users without a number are told apart: by an attribute that is never given twice,
        /// such as `"entryUUID"` (or `"objectGUID"` of Active Directory); by their `"name"`; or by
        /// the `"dn"` of their entry. By a name, whoever gets one that was somebody else's gets
        /// that one's data too.
        id_key: String = "entryUUID".to_owned();

        /// The entry whose `uidNumber` is the next user's number, such as
        /// `"cn=maxuid,ou=users,dc=example,dc=org"`. Without it, users with a number can't register.
        next_id_dn: String = String::new();

        /// The attribute that holds the e-mail address.
        mail_attribute: String = "mail".to_owned();

        /// Which users may log in: `"always"` for all; an attribute and its value, such as
        /// `"account-enabled=Yes"`; or `"active-directory"` for those whose `userAccountControl` does
        /// not say otherwise. With `""` it is `"account-enabled=Yes"` in the `python` layout, and
        /// `"always"` in the others.
        enabled: String = String::new();

        /// Refuses users whose `primaryNode` (`weave:<host>`) is not the host that was asked, so that
        /// their browsers look for the right one. The `mozilla` layout always does.
        check_node: bool = false;

        /// The host that is written into `primaryNode` of new accounts.
        node: String = String::new();

        /// The object classes of new accounts. With `[]`, `inetOrgPerson`, and `dataStore` in the
        /// layouts of the legacy servers.
        object_classes: Vec<String> = Vec::new();

        /// How long a password that was right is remembered; 0 is not at all. While it is, the
        /// directory is not asked, so a password that was changed, or a user who was disabled,
        /// elsewhere than here counts only after this time. For directories that are slow or far.
        remember: Option<Duration> = None;
    }
}
