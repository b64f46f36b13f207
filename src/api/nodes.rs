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
        match self.elsewhere(account)? {
            Some(_) => {
                self.tell(call, Incident::WRONG_NODE, account.name.as_str());
                Err(ApiError::Unauthorized)
            }
            None => Ok(()),
        }
    }

    /// The URL of the other node that the user's records are known to be on. Who has no node yet is
    /// served wherever they are, and so is everybody where nodes are not checked.
    ///
    /// # Errors
    ///
    /// An engine did not answer.
    pub fn elsewhere(&self, account: &Account) -> AuthResult<Option<String>> {
        let Some(own) = &self.settings.check_node else {
            return Ok(None);
        };
        let elsewhere = self.known_node(account)?.filter(|node| !is_same(node, own));
        if let Some(node) = &elsewhere {
            log::info!("{} belongs to {node}", account.name);
        }
        Ok(elsewhere)
    }

    /// The URL of the node that the user was given, if any was.
    ///
    /// # Errors
    ///
    /// An engine did not answer.
    pub fn known_node(&self, account: &Account) -> AuthResult<Option<String>> {
        match &account.node {
            Some(node) => Ok(Some(node.clone())),
            None => self.people.nodes.of(account.id),
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim().trim_end_matches('/').to_ascii_lowercase();
    plain(one) == plain(other)
}
