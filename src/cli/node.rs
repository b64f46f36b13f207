//! `weft node`: several servers that share accounts, and who is on which.

use super::{Caller, Common, Failure, Program, Role, json, print, start};
use clap::Subcommand;
use serde::Serialize;
use std::path::PathBuf;

/// Share the users among several servers.
///
/// Each node is a Weft of its own, with a URL and a data folder or database of its own; all of them
/// share the accounts (data.accounts). With api.node = "assign" new users get the node with the most
/// free places, and with nodes.check each node refuses users of the others, whose browsers then ask
/// where they belong.
#[derive(clap::Args, Debug)]
pub struct NodeCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a node, or change how many users it may have.
    Add {
        /// Its URL, as browsers see it.
        url: String,
        /// How many users it may have at most.
        #[arg(long, value_name = "NUMBER")]
        places: u32,
    },
    /// List all nodes and their places.
    List {
        /// Print JSON, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Give a node no new users. Those that are there stay; "weft node move" moves one.
    Drain {
        /// Its URL.
        url: String,
    },
    /// Move a user with all data to another node, while the user's browsers go on.
    ///
    /// To be run where both nodes' data can be reached: --config names this node's configuration, --to
    /// the other's. The browsers are told to come back later for the moment of the copy, then find
    /// their new node by themselves. If it is interrupted, run it again.
    Move {
        /// The user's name.
        name: String,
        /// The other node's configuration.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

/// A node as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its URL.
    pub url: String,
    /// How many users it may have.
    pub places: u32,
    /// How many it has.
    pub taken: u32,
    /// It gets no new users.
    pub draining: bool,
}

/// The nodes of an installation.
pub trait Nodes {
    /// Adds one, or changes its places.
    fn add(&self, url: &str, places: u32) -> Result<(), Failure>;

    /// Gives one no new users.
    fn drain(&self, url: &str) -> Result<(), Failure>;

    /// All of them, by URL.
    fn list(&self) -> Result<Vec<Node>, Failure>;
}

impl NodeCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let told = match self.action {
            Action::Add { url, places } => {
                program.nodes(&config)?.add(&url, places)?;
                match places {
                    1 => format!("node {url} has 1 place\n"),
                    _ => format!("node {url} has {places} places\n"),
                }
            }
            Action::Drain { url } => {
                program.nodes(&config)?.drain(&url)?;
                format!("node {url} gets no new users\n")
            }
            Action::List { json: as_json } => {
                let nodes = program.nodes(&config)?.list()?;
                if as_json { json(&nodes) } else { table(&nodes) }
            }
            Action::Move { name, to } => {
                let options = start::options(&Common {
                    config: Some(to),
                    data: None,
                });
                let other = start::other(caller, &options)?;
                let errors = &mut *caller.errors;
                let moved = program.move_user((&config, &other), &name, &mut |step| {
                    // Only a sign of life.
                    let _ = writeln!(errors, "{step}");
                })?;
                format!("{name} is on {moved} now\n")
            }
        };
        print(caller, &told)
    }
}

fn table(nodes: &[Node]) -> String {
    let row = |node: &Node| {
        let draining = if node.draining { "\tdraining" } else { "" };
        format!(
            "{}\t{} of {}{draining}\n",
            node.url, node.taken, node.places
        )
    };
    nodes.iter().map(row).collect()
}
