//! Which server holds a user's records: what `node/weave` tells, and who is refused here.

use super::error::ApiError;
use super::{Api, Call, Node};
use crate::auth::{Account, AuthResult};
use crate::security_log::Incident;

impl Api {
    /// The URL of the user's node; nothing when there is none for now. A user without a node is given
    /// one, where the operator has several.
    pub fn node_of(&self, call: &Call<'_>, account: &Account) -> Result<Option<String>, ApiError> {
        if let Some(node) = &account.node {
            return Ok(Some(node.clone()));
        }
        match &self.settings.node {
            Node::Fixed(url) => Ok(Some(url.clone())),
            Node::None => Ok(None),
            Node::Here => Ok(self.public_url(call)),
            Node::Assign => self.assign_node(account),
        }
    }

    fn assign_node(&self, account: &Account) -> Result<Option<String>, ApiError> {
        let assigned = self.people.nodes.assign(account.id)?;
        match (&assigned, self.accounts.admin()) {
            // Said where all hosts look, too.
            (Some(node), Some(admin)) => {
                admin.set_node(&account.name, Some(node))?;
            }
            (None, _) => log::error!("no node has a free place for {}", account.name),
            _ => {}
        }
        Ok(assigned)
    }

    /// Refuses the storage of a user whose records are on another node: their browser then asks where
    /// they are.
    pub(super) fn refuse_strangers(
        &self,
        call: &Call<'_>,
        account: &Account,
    ) -> Result<(), ApiError> {
        match self.is_elsewhere(account)? {
            true => {
                self.tell(call, Incident::WRONG_NODE, account.name.as_str());
                Err(ApiError::Unauthorized)
            }
            false => Ok(()),
        }
    }

    /// Whether the user's records are known to be on another node. Who has no node yet is served
    /// wherever they are.
    pub(super) fn is_elsewhere(&self, account: &Account) -> AuthResult<bool> {
        let Some(own) = &self.settings.check_node else {
            return Ok(false);
        };
        let node = match &account.node {
            Some(node) => Some(node.clone()),
            None => self.people.nodes.of(account.id)?,
        };
        let elsewhere = node.filter(|node| !is_same(node, own));
        if let Some(node) = &elsewhere {
            log::info!("{} belongs to {node}", account.name);
        }
        Ok(elsewhere.is_some())
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim().trim_end_matches('/').to_ascii_lowercase();
    plain(one) == plain(other)
}
