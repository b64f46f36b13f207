//! Names and passwords that try to be something else.

use super::Place;
use crate::accounts_suite::{login_with, name, password};
use std::time::Instant;
use weft::auth::ldap::{Enabled, IdKey, IdSource, Layout};
use weft::auth::{Accounts, AuthError, Authenticator, Login, Refusal};
use weft::sync::UserName;

#[test]
fn what_could_break_out_of_a_filter_or_a_name_is_no_user_name() {
    let hostile = [
        "*",
        ")(uid=*",
        "a,dc=example",
        "a\\",
        "a\0",
        " a",
        "#a",
        "a+b",
        "a=b",
        "(",
        "",
    ];
    for text in hostile {
        assert!(UserName::new(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_empty_password_gets_nobody_in() {
    assert!(weft::auth::Password::from_wire(b"").is_err());
    for layout in [Layout::Php, Layout::Mozilla, Layout::Python, Layout::Search] {
        let place = Place::new(layout);
        let engine = place.engine(|_| {});
        place.add("ada");
        // What a server written in C would take for an empty one.
        for text in ["\0", "\0testpass"] {
            let refused = login_with(&engine, "ada", text);
            assert_eq!(refused, Err(Refusal::WrongPassword), "{layout:?}");
        }
    }
}

#[test]
fn a_user_without_a_password_in_the_directory_is_refused() {
    let place = Place::new(Layout::Php);
    place.slapd().add(
        "dn: uid=ada,ou=users,dc=example\nobjectClass: inetOrgPerson\nobjectClass: dataStore\n\
         cn: ada\nsn: ada\nuid: ada\nuidNumber: 7\naccount-enabled: Yes\n",
    );
    let engine = place.engine(|_| {});
    let refused = login_with(&engine, "ada", "testpass");
    assert_eq!(refused, Err(Refusal::WrongPassword));
    assert_eq!(engine.lookup(&name("ada")).unwrap().unwrap().id.number(), 7);
}

#[test]
fn of_two_entries_that_match_none_is_let_in() {
    for layout in [Layout::Python, Layout::Search] {
        let place = Place::new(layout);
        place.add("ada");
        let engine = place.engine(|_| {});
        assert!(login_with(&engine, "ada", "testpass").is_ok());
        place.slapd().add(
            "dn: cn=other,ou=users,dc=example\nobjectClass: inetOrgPerson\ncn: other\nsn: other\n\
             uid: ada\nuserPassword: testpass\n",
        );
        let refused = login_with(&engine, "ada", "testpass");
        assert_eq!(refused, Err(Refusal::UnknownUser), "{layout:?}");
        assert!(matches!(
            engine.lookup(&name("ada")),
            Err(AuthError::Broken(_))
        ));
        let changed = engine.set_password(&name("ada"), &password("new password"));
        assert!(matches!(changed, Err(AuthError::Broken(_))), "{changed:?}");
        assert!(matches!(
            engine.delete(&name("ada")),
            Err(AuthError::Broken(_))
        ));
    }
}

#[test]
fn referrals_are_not_followed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let elsewhere = listener.local_addr().unwrap();
    for layout in [Layout::Php, Layout::Search] {
        let place = Place::new(layout);
        place.add("bob");
        // Only who manages referrals may see one as an entry; slapadd may write it.
        place.slapd().add_offline(&format!(
            "dn: uid=ada,ou=users,dc=example\nobjectClass: referral\nobjectClass: extensibleObject\n\
             uid: ada\nref: ldap://{elsewhere}/uid=ada,ou=users,dc=example\n"
        ));
        let engine = place.engine(|_| {});
        let (ada, text) = (name("ada"), password("testpass"));
        let login = engine.authenticate(&ada, &text, None, Instant::now());
        match login {
            Ok(Login::Accepted(_)) => panic!("{layout:?}: a referral was let in"),
            Ok(Login::Refused(_)) | Err(AuthError::Broken(_)) => {}
            Err(other) => panic!("{layout:?}: {other}"),
        }
        assert!(login_with(&engine, "bob", "testpass").is_ok(), "{layout:?}");
        let asked = listener.accept();
        assert!(asked.is_err(), "{layout:?}: the referral was followed");
    }
}

#[test]
fn an_entry_without_a_number_is_an_error_and_nobody_s() {
    let place = Place::new(Layout::Php);
    place.slapd().add(
        "dn: uid=ada,ou=users,dc=example\nobjectClass: inetOrgPerson\nobjectClass: dataStore\n\
         cn: ada\nsn: ada\nuid: ada\nuserPassword: testpass\naccount-enabled: Yes\n",
    );
    let engine = place.engine(|_| {});
    let (ada, text) = (name("ada"), password("testpass"));
    let login = engine.authenticate(&ada, &text, None, Instant::now());
    assert!(matches!(login, Err(AuthError::Broken(_))), "{login:?}");
    assert_eq!(engine.list().unwrap(), []);
}

#[test]
fn a_directory_at_large_is_only_read_and_numbers_are_ours() {
    let place = Place::new(Layout::Search);
    for (user, status) in [("ada", "512"), ("bob", "514")] {
        place.slapd().add(&format!(
            "dn: cn={user} of sales,ou=users,dc=example\nobjectClass: inetOrgPerson\n\
             cn: {user} of sales\nsn: {user}\nuid: {user}\nuserPassword: testpass\n\
             mail: {user}@example.com\nemployeeNumber: {status}\n"
        ));
    }
    for key in [IdKey::Name, IdKey::Dn, IdKey::Attribute("entryUUID".into())] {
        let open = || {
            place.engine(|options| {
                options.admin = None;
                options.enabled = Enabled::Attribute("employeeNumber".into(), "512".into());
                options.ids = IdSource::Table(key.clone());
                options.filter = "(&(objectClass=person)(|(uid={user})(mail={user}@x)))".into();
            })
        };
        let engine = open();
        assert_eq!(engine.list().unwrap(), [], "nobody has used this server");
        let ada = login_with(&engine, "ada", "testpass").unwrap();
        let refused = login_with(&engine, "bob", "testpass");
        assert_eq!(refused, Err(Refusal::Disabled));
        assert_eq!(login_with(&open(), "ada", "testpass"), Ok(ada));
        let listed = engine.list().unwrap();
        assert!(listed.iter().any(|account| account.id == ada));
        assert_eq!(listed[0].email.as_deref(), Some("ada@example.com"));
        let refused = engine.set_password(&name("ada"), &password("new password"));
        assert!(
            matches!(refused, Err(AuthError::Unsupported(_))),
            "{refused:?}"
        );
        assert!(matches!(
            engine.delete(&name("ada")),
            Err(AuthError::Unsupported(_))
        ));
    }
}
