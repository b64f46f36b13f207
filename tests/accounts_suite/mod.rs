//! What every account engine promises, as tests.
//!
//! An engine's test crate has a function that makes a [`Bench`], an engine on an empty backend, and
//! says `accounts_suite!(crate::bench);`. Each behaviour is then one `#[test]`. What an engine can't
//! do at all, [`Backend`] answers with nothing, and the tests of it have nothing to say. A new
//! behaviour is a function in one of the modules here and its name in the list below.

pub mod accounts;
pub mod hashes;
pub mod logins;
pub mod trouble;

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft::auth::password::{Argon2Cost, HashSettings, PasswordHashes};
use weft::auth::password_check::{Memory, PasswordCheck};
use weft::auth::{AccountAdmin, Accounts, Login, NewAccount, Password, Refusal};
use weft::sync::{UserId, UserName};

macro_rules! accounts_suite {
    ($bench:path) => {
        accounts_suite! { @ $bench;
            accounts {
                a_new_account_is_found_with_what_it_was_made_of,
                a_name_that_is_taken_is_not_given_again,
                names_are_found_in_any_letter_case,
                nobody_is_known_in_an_empty_backend,
                names_of_one_and_of_thirty_two_characters_are_names,
                an_account_made_anew_gets_another_number,
                an_email_address_is_changed,
                accounts_are_listed_by_name,
                what_is_not_there_is_not_changed,
                the_operator_sets_alert_quota_and_node,
            }
            logins {
                the_right_password_and_no_other_is_accepted,
                an_unknown_user_is_refused,
                a_disabled_account_is_refused_at_once_and_lives_again,
                a_changed_password_counts_at_once_everywhere,
                a_deleted_account_is_refused_at_once_everywhere,
                passwords_are_any_text,
                a_password_in_latin_1_is_the_same_in_utf_8,
                a_login_says_who_it_was,
                a_wrong_password_and_an_unknown_user_take_the_same_time,
            }
            hashes {
                every_old_hash_is_accepted_and_renewed,
                a_wrong_password_leaves_an_old_hash_as_it_is,
                what_is_no_hash_is_nobody_s_password,
                a_new_hash_is_kept,
                a_renewal_undoes_no_change_of_password,
                old_and_new_hashes_take_the_same_time_to_refuse,
            }
            trouble {
                a_healthy_engine_checks_well,
                a_dead_backend_is_an_error_and_nobody_is_unknown,
                one_of_many_makes_the_account,
                two_instances_see_the_same_accounts,
            }
        }
    };
    (@ $bench:path; $($module:ident { $($name:ident,)* })*) => {$(
        mod $module {
            $(#[test] fn $name() { crate::accounts_suite::$module::$name(&$bench()); })*
        }
    )*};
}

/// An empty place for accounts, and what can be done to it behind the engine's back.
pub trait Backend: Sync {
    /// An engine on it, which remembers nothing yet: what another process would have.
    fn open(&self) -> Arc<dyn Accounts>;

    /// The same engine for the operator; nothing where the engine has no such side.
    fn admin(&self) -> Option<Arc<dyn AccountAdmin>>;

    /// Makes an account, where the engine can't do that itself.
    fn add(&self, name: &UserName, password: &Password) {
        let email = None;
        let new = NewAccount {
            name,
            password,
            email,
        };
        assert!(self.open().create(&new).unwrap().is_some(), "{name}");
    }

    /// Makes an account whose password is stored as `hash`; false where no hashes are stored.
    fn plant(&self, name: &UserName, hash: &str) -> bool;

    /// The hash that is stored; to be asked only where hashes are.
    fn hash_of(&self, name: &UserName) -> String;

    /// Lets the account log in, or not.
    fn enable(&self, name: &UserName, enabled: bool);

    /// Makes the backend unable to answer.
    fn kill(&self);

    /// The URL of the node that the backend gives to every new account, if it does that.
    fn node(&self) -> Option<String> {
        None
    }

    /// What the engine can do.
    fn can(&self) -> Abilities;
}

/// What an engine can do to accounts; the rest it answers with `Unsupported`.
#[derive(Clone, Copy)]
pub struct Abilities {
    pub create: bool,
    pub set_password: bool,
    pub set_email: bool,
    pub delete: bool,
    pub list: bool,
}

/// An engine on an empty backend.
pub struct Bench {
    pub backend: Box<dyn Backend>,
    /// What must live as long as the backend.
    pub _keep: Box<dyn Any>,
}

impl Bench {
    pub fn open(&self) -> Arc<dyn Accounts> {
        self.backend.open()
    }

    pub fn add(&self, user: &str, text: &str) {
        self.backend.add(&name(user), &password(text));
    }

    /// An account made by the engine itself.
    pub fn create(&self, user: &str, email: Option<&str>) -> Option<UserId> {
        let new = NewAccount {
            name: &name(user),
            password: &password("testpass"),
            email,
        };
        self.open().create(&new).unwrap()
    }
}

/// How a login ended, with a new engine that remembers nothing.
pub fn login(bench: &Bench, user: &str, text: &str) -> Result<UserId, Refusal> {
    login_with(&*bench.open(), user, text)
}

/// How a login ended.
pub fn login_with(accounts: &dyn Accounts, user: &str, text: &str) -> Result<UserId, Refusal> {
    let (name, password) = (name(user), password(text));
    let host = Some("sync.example.com");
    match accounts.authenticate(&name, &password, host, Instant::now()) {
        Ok(Login::Accepted(account)) => {
            assert_eq!(account.name, name);
            Ok(account.id)
        }
        Ok(Login::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("login of {user}: {error}"),
    }
}

pub fn name(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

pub fn password(text: &str) -> Password {
    Password::from_wire(text.as_bytes()).unwrap()
}

/// A check with cheap new hashes that reads every old kind and remembers what it has verified.
#[allow(dead_code, reason = "not every engine checks passwords itself")]
pub fn password_check() -> PasswordCheck {
    let settings = HashSettings {
        legacy_md5: true,
        legacy_sha_salt: Some("salty".to_owned()),
        argon2: Argon2Cost {
            memory_kib: 4096,
            passes: 2,
            lanes: 1,
        },
        ..HashSettings::default()
    };
    let memory = Memory {
        lifetime: Duration::from_secs(300),
        capacity: 100,
    };
    let hashes = PasswordHashes::new(settings).unwrap();
    PasswordCheck::new(hashes, memory, |bytes| getrandom::fill(bytes).unwrap())
}
