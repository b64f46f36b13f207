//! The list of nodes, by hand.

use super::by_hand::account_failure;
use crate::accounts::People;
use crate::cli::{self, Failure};
use crate::config::value::RootUrl;

/// The list of nodes.
pub(super) struct Listed(pub(super) People);

impl cli::Nodes for Listed {
    fn add(&self, url: &str, places: u32) -> Result<(), Failure> {
        let url = root(url)?;
        let added = self.0.nodes.add(url.as_str(), places);
        added.map_err(account_failure)
    }

    fn drain(&self, url: &str) -> Result<(), Failure> {
        let url = root(url)?;
        match self.0.nodes.drain(url.as_str()).map_err(account_failure)? {
            true => Ok(()),
            false => Err(Failure::Other(format!(
                "there is no node {}; see: weft node list",
                url.as_str()
            ))),
        }
    }

    fn list(&self) -> Result<Vec<cli::Node>, Failure> {
        let nodes = self.0.nodes.list().map_err(account_failure)?;
        let nodes = nodes.into_iter().map(|node| cli::Node {
            url: node.url,
            places: node.places,
            taken: node.taken,
            draining: node.draining,
        });
        Ok(nodes.collect())
    }
}

fn root(url: &str) -> Result<RootUrl, Failure> {
    RootUrl::parse(url).ok_or_else(|| {
        Failure::Other(format!(
            "\"{url}\" is no URL of a server, such as https://n1.example.org/"
        ))
    })
}
