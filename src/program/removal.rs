//! A user's way from one node to another, while browsers go on.
//!
//! Both nodes' data is reached from here, and both share the accounts. The order keeps all safe: hold
//! the user at the old node, copy, say where the user is, let go. While the user is held, browsers are
//! told to come back; afterwards the old node answers 401, upon which they ask for their node anew. A
//! move that was interrupted is begun or ended by running it again.

use super::by_hand::{account_failure, storage_failure};
use crate::api::Api;
use crate::app::people::own_node;
use crate::auth::Account;
use crate::cli::{self, Failure};
use crate::config::Config;
use crate::storage::{Carried, Movable, Presence};
use crate::sync::{UserName, username_from_account};
use std::fs::File;
use std::path::PathBuf;

/// After so many records a person who waits is told how far it got.
const STEP: u64 = 10_000;

/// A node.
pub(super) struct Place {
    url: String,
    folder: PathBuf,
    api: Api,
}

impl Place {
    pub(super) fn new(config: &Config, api: Api) -> Result<Self, Failure> {
        let url = own_node(config).ok_or_else(|| {
            other("both nodes must say who they are: set nodes.own, or server.public_url, in each")
        })?;
        Ok(Place {
            url,
            folder: config.data.dir.0.clone(),
            api,
        })
    }

    fn storage(&self) -> Result<&dyn Movable, Failure> {
        let storage = self.api.storage.movable();
        storage.ok_or_else(|| {
            other("users can be moved only between nodes with storage.engine = \"sqlite\", no mirror and no \
             memcached")
        })
    }

    fn account(&self, name: &UserName) -> Result<Account, Failure> {
        let mut account = self
            .api
            .accounts
            .lookup(name)
            .map_err(account_failure)?
            .ok_or_else(|| Failure::Other(format!("node {} knows no user {name}", self.url)))?;
        if account.node.is_none() {
            account.node = self
                .api
                .people
                .nodes
                .of(account.id)
                .map_err(account_failure)?;
        }
        Ok(account)
    }

    /// Says where the user is, everywhere that is asked.
    fn put(&self, account: &Account, url: &str) -> Result<(), Failure> {
        if let Some(admin) = self.api.accounts.admin() {
            let put = admin.set_node(&account.name, Some(url));
            put.map_err(account_failure)?;
        }
        let put = self.api.people.nodes.put(account.id, url);
        put.map_err(account_failure)
    }
}

/// A move from one node to another.
pub(super) struct Removal {
    pub(super) from: Place,
    pub(super) to: Place,
}

impl Removal {
    /// Moves the user, and answers the new node's URL. `tell` is called with each step.
    pub(super) fn run(&self, name: &str, tell: &mut dyn FnMut(&str)) -> Result<String, Failure> {
        let name = username_from_account(name)
            .map_err(|_| Failure::Other(format!("\"{name}\" can't be a user")))?;
        let _alone = self.lock()?;
        let account = self.check(&name)?;
        let (from, to) = (self.from.storage()?, self.to.storage()?);
        let presence = from.presence(account.id).map_err(storage_failure)?;
        let decided = account.node.as_deref() == Some(&self.to.url);
        match (decided, presence) {
            (true, Presence::Held) => tell("going on with a move that was interrupted"),
            (true, Presence::Gone) => {
                tell("nothing is left to do");
                return Ok(self.to.url.clone());
            }
            (true, Presence::Here) => {
                return Err(Failure::Other(format!(
                    "{name} is on {} already",
                    self.to.url
                )));
            }
            (false, Presence::Gone) => {
                return Err(Failure::Other(format!(
                    "the records of {name} are not on {} any more",
                    self.from.url
                )));
            }
            (false, _) => self.copy(&account, (from, to), tell)?,
        }
        from.let_go(account.id).map_err(storage_failure)?;
        Ok(self.to.url.clone())
    }

    /// One move at a time from this node.
    fn lock(&self) -> Result<File, Failure> {
        let path = self.from.folder.join("moving.lock");
        let open = File::create(&path).map_err(|error| Failure::File {
            doing: format!("open {}", path.display()),
            error,
        })?;
        match open.try_lock() {
            Ok(()) => Ok(open),
            Err(_) => Err(other(
                "another user is being moved from this node right now",
            )),
        }
    }

    /// Whether both nodes know the same user, and the user is at the one that we begin with.
    fn check(&self, name: &UserName) -> Result<Account, Failure> {
        if self.from.url == self.to.url {
            return Err(other("both configurations are of the same node"));
        }
        let (account, there) = (self.from.account(name)?, self.to.account(name)?);
        if account != there {
            return Err(Failure::Other(format!(
                "the nodes know different accounts of {name}; they must share them (data.accounts)"
            )));
        }
        match &account.node {
            Some(node) if *node != self.from.url && *node != self.to.url => Err(Failure::Other(
                format!("{name} is on {node}; move from there"),
            )),
            _ => Ok(account),
        }
    }

    fn copy(
        &self,
        account: &Account,
        (from, to): (&dyn Movable, &dyn Movable),
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        tell("holding the user's browsers off");
        let told = from.hold(account.id).map_err(storage_failure)?;
        tell("copying");
        let mut records = 0_u64;
        let copied = to.carry_in(account.id, told, &mut |carry| {
            from.carry_out(account.id, &mut |piece| {
                carry(piece)?;
                records += u64::from(matches!(piece, Carried::Record { .. }));
                if records > 0 && records.is_multiple_of(STEP) {
                    tell(&format!("{} so far", cli::records(records)));
                }
                Ok(())
            })
        });
        let decided = match copied {
            Ok(()) => self.decide(account)?,
            Err(error) => Some(storage_failure(error)),
        };
        match decided {
            None => Ok(()),
            Some(failure) => {
                tell("that failed; the user stays where they were");
                from.release(account.id).map_err(storage_failure)?;
                Err(failure)
            }
        }
    }

    /// Says that the user is at the new node. Answers why that is taken back, if it had to be.
    ///
    /// # Errors
    ///
    /// It is not known what was said. The user must stay held until this can be run again.
    fn decide(&self, account: &Account) -> Result<Option<Failure>, Failure> {
        let heard = self
            .from
            .put(account, &self.to.url)
            .and_then(|()| self.to.account(&account.name));
        let why = match heard {
            Ok(there) if there.node.as_deref() == Some(&self.to.url) => return Ok(None),
            Ok(_) => other(
                "the new node does not hear what this one says: they must share accounts \
                 (data.accounts)",
            ),
            Err(failure) => failure,
        };
        let before = account.node.as_deref().unwrap_or(&self.from.url);
        self.from.put(account, before)?;
        Ok(Some(why))
    }
}

fn other(text: &str) -> Failure {
    Failure::Other(text.to_owned())
}
