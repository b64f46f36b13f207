//! Accounts, changed by the operator.

use crate::accounts::{CodeText, RESET_SECONDS, is_email};
use crate::api::Api;
use crate::api::farewell::NotRemoved;
use crate::auth::{Account, AccountAdmin, AuthError, NewAccount, Password};
use crate::cli::{self, Change, Collection, Failure, Invited, Link, Usage};
use crate::storage::StorageError;
use crate::sync::{CollectionName, Timestamp, UserName, username_from_account};

pub(super) fn storage_failure(error: StorageError) -> Failure {
    Failure::Other(error.to_string())
}

pub(super) fn account_failure(error: AuthError) -> Failure {
    Failure::Other(error.to_string())
}

/// Accounts, changed by the operator.
pub(super) struct ByHand(pub(super) Api);

impl ByHand {
    pub(super) fn account(&self, name: &UserName) -> Result<Account, Failure> {
        let account = self.0.accounts.lookup(name).map_err(account_failure)?;
        account.ok_or_else(|| unknown(name))
    }

    fn admin(&self) -> Result<&dyn AccountAdmin, Failure> {
        self.0.accounts.admin().ok_or_else(|| {
            Failure::Other("this account engine has no such thing; change it there".to_owned())
        })
    }

    fn link(&self, code: &CodeText, page: String, expires: Timestamp) -> Link {
        let base = self.0.people.settings.public_url.as_ref();
        Link {
            code: code.as_str().to_owned(),
            link: base.map(|base| format!("{base}{page}")),
            page,
            expires: seconds(expires),
        }
    }

    fn usage(&self, mut account: Account) -> Result<Usage, Failure> {
        let storage = &self.0.storage;
        if account.node.is_none() {
            let assigned = self.0.people.nodes.of(account.id);
            account.node = assigned.map_err(account_failure)?;
        }
        let collections = match storage.read_account(account.id) {
            Ok(mut session) => {
                let (times, counts) = (session.times(), session.counts());
                let usage = session.usage().map_err(storage_failure)?;
                let times = times.map_err(storage_failure)?;
                collections(times, counts.map_err(storage_failure)?, usage)
            }
            // On another node: nothing of it is here.
            Err(StorageError::Elsewhere) => Vec::new(),
            Err(error) => return Err(storage_failure(error)),
        };
        Ok(Usage {
            account: shown(account),
            collections,
        })
    }

    pub(super) fn name(&self, text: &str) -> Result<UserName, Failure> {
        username_from_account(text).map_err(|_| {
            Failure::Other(format!(
                "\"{text}\" can't be a user: it must be an e-mail address, or 1 to 32 letters, \
                 digits, dots, underscores and hyphens"
            ))
        })
    }

    fn password(&self, name: &UserName, text: &str) -> Result<Password, Failure> {
        let password = Password::from_wire(text.as_bytes()).ok();
        password.filter(|password| password.may_be_chosen_by(name.as_str()).is_ok()).ok_or_else(|| {
            Failure::Other(
                "the password is too weak: it must have 8 characters at least and not be the user's \
                 name"
                    .to_owned(),
            )
        })
    }
}

/// Times, counts and bytes come in the same order, as they are of one snapshot.
fn collections(
    times: Vec<(CollectionName, Timestamp)>,
    counts: Vec<(CollectionName, u64)>,
    usage: Vec<(CollectionName, u64)>,
) -> Vec<Collection> {
    let rows = times.into_iter().zip(counts).zip(usage);
    let rows = rows.map(|(((name, time), (_, records)), (_, bytes))| Collection {
        name: name.to_string(),
        records,
        bytes,
        modified: seconds(time),
    });
    rows.collect()
}

fn shown(account: Account) -> cli::Account {
    cli::Account {
        name: account.name.to_string(),
        email: account.email,
        enabled: account.enabled,
        alert: account.alert,
        quota_bytes: account.quota_bytes,
        node: account.node,
    }
}

fn seconds(time: Timestamp) -> f64 {
    // Exact for the next thousand years.
    time.centis() as f64 / 100.0
}

fn unknown(name: &UserName) -> Failure {
    Failure::Other(format!("there is no user {name}"))
}

impl cli::Accounts for ByHand {
    fn add(&self, name: &str, password: &str, email: Option<&str>) -> Result<(), Failure> {
        let email = email.or_else(|| name.contains('@').then_some(name));
        let name = self.name(name)?;
        let password = self.password(&name, password)?;
        let new = NewAccount {
            name: &name,
            password: &password,
            email,
        };
        match self.0.accounts.create(&new).map_err(account_failure)? {
            Some(_) => Ok(()),
            None => Err(Failure::Other(format!("there is a user {name} already"))),
        }
    }

    fn list(&self, visit: &mut dyn FnMut(&cli::Account)) -> Result<(), Failure> {
        for account in self.0.accounts.list().map_err(account_failure)? {
            visit(&shown(account));
        }
        Ok(())
    }

    fn show(&self, name: &str) -> Result<Usage, Failure> {
        let account = self.account(&self.name(name)?)?;
        self.usage(account)
    }

    fn usages(&self, visit: &mut dyn FnMut(&Usage)) -> Result<(), Failure> {
        for account in self.0.accounts.list().map_err(account_failure)? {
            visit(&self.usage(account)?);
        }
        Ok(())
    }

    fn set(&self, name: &str, change: &Change) -> Result<(), Failure> {
        let name = self.name(name)?;
        let changed = match change {
            Change::Email(address) if !is_email(address) => {
                return Err(Failure::Other(format!(
                    "\"{address}\" is no e-mail address"
                )));
            }
            Change::Email(address) => self.0.accounts.set_email(&name, address),
            Change::Enabled(enabled) => self.admin()?.set_enabled(&name, *enabled),
            Change::Quota(bytes) => self.admin()?.set_quota(&name, *bytes),
            Change::Alert(text) => self.admin()?.set_alert(&name, text.as_deref()),
        };
        match changed.map_err(account_failure)? {
            true => Ok(()),
            false => Err(unknown(&name)),
        }
    }

    fn reset_link(&self, name: &str) -> Result<Link, Failure> {
        let account = self.account(&self.name(name)?)?;
        let now = (self.0.clock)();
        let code = self.0.people.codes.create(account.id, now);
        let code = code.map_err(account_failure)?;
        let page = format!(
            "weave-password-reset?username={}&key={}",
            account.name,
            code.as_str()
        );
        Ok(self.link(&code, page, now.plus_seconds(RESET_SECONDS)))
    }

    fn invite(&self, days: u32, note: Option<&str>) -> Result<Link, Failure> {
        let now = (self.0.clock)();
        let code = self.0.people.invitations.create(days, note, now);
        let code = code.map_err(account_failure)?;
        let page = format!("account/sign-up?invitation={}", code.as_str());
        Ok(self.link(&code, page, now.plus_seconds(i64::from(days) * 86_400)))
    }

    fn invitations(&self) -> Result<Vec<Invited>, Failure> {
        let all = self.0.people.invitations.list().map_err(account_failure)?;
        let all = all.into_iter().map(|one| Invited {
            number: one.number,
            note: one.note,
            expires: seconds(one.expires),
            used_by: one.used_by,
        });
        Ok(all.collect())
    }

    fn revoke(&self, number: i64) -> Result<(), Failure> {
        let revoked = self.0.people.invitations.revoke(number);
        match revoked.map_err(account_failure)? {
            true => Ok(()),
            false => Err(Failure::Other(format!(
                "there is no invitation {number} that could be taken back"
            ))),
        }
    }

    fn set_password(&self, name: &str, password: &str) -> Result<(), Failure> {
        let name = self.name(name)?;
        let password = self.password(&name, password)?;
        match self
            .0
            .accounts
            .set_password(&name, &password)
            .map_err(account_failure)?
        {
            true => Ok(()),
            false => Err(unknown(&name)),
        }
    }

    fn delete(&self, name: &str) -> Result<(), Failure> {
        let name = self.name(name)?;
        let account = self.account(&name)?;
        let removed = self.0.remove_account(&account);
        removed.map_err(|error| match error {
            NotRemoved::Elsewhere => Failure::Other(format!(
                "the records of {name} are on another node; delete the account there"
            )),
            NotRemoved::Storage(error) => storage_failure(error),
            NotRemoved::Accounts(error) => account_failure(error),
        })
    }
}
