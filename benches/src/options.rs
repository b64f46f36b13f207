//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use url::Url;

/// Measures Weft, the least that Apache, FastCGI and MariaDB take by themselves, the least that PHP takes for
/// the statements of the legacy server, and whatever else is named, in one run and by turns, so that a noisy
/// machine hurts all alike.
#[derive(Parser, Debug)]
#[command(name = "benches/run")]
pub struct Options {
    /// A short run, to see that all works: its figures say little.
    #[arg(long)]
    pub quick: bool,

    /// The length of one turn of one contender at one kind of request, in seconds.
    #[arg(long, value_name = "N")]
    pub seconds: Option<f64>,

    /// The turns that each contender has at each kind of request.
    #[arg(long, value_name = "N")]
    pub rounds: Option<usize>,

    /// Measure these things only.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "THINGS")]
    pub only: Vec<Thing>,

    /// Measure these contenders only: those whose name contains one of these words.
    #[arg(long, value_delimiter = ',', value_name = "WORDS")]
    pub contenders: Vec<String>,

    /// The clients that ask at the same time, each with an account of its own.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub clients: usize,

    /// The accounts that share the session mix.
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub accounts: usize,

    /// Put a server that runs already into the table: its address as it goes into the browser, and an
    /// account made for this. What the account holds is overwritten. All contenders then use one account.
    #[arg(long, num_args = 3, value_names = ["URL", "USER", "PASSWORD"])]
    pub peer: Vec<String>,

    /// The version of the storage API that the peer is asked.
    #[arg(long, value_name = "VERSION", default_value = "1.1")]
    pub peer_api: String,

    /// Another build of Weft that is measured beside this one, for instance the release before.
    #[arg(long, value_name = "PROGRAM")]
    pub compare: Option<PathBuf>,

    /// The build of Weft that is measured.
    #[arg(long, value_name = "PROGRAM")]
    pub program: PathBuf,

    /// The FastCGI responder that does nothing.
    #[arg(long, value_name = "PROGRAM")]
    pub nothing: PathBuf,

    /// The FastCGI responder that asks MariaDB and memcached, and does nothing besides.
    #[arg(long, value_name = "PROGRAM")]
    pub asking: PathBuf,

    /// Write all figures here, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write charts into this folder, as SVG.
    #[arg(long, value_name = "DIR")]
    pub charts: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Thing {
    /// Each kind of request by itself: requests a second, times, processor time, memory.
    Requests,
    /// Sessions as browsers have them.
    Mix,
    /// Apache's modules and their settings, when as many clients ask as workers are there.
    Fronts,
    /// From the start of a process to its first answer.
    Start,
    /// Statements, exchanges with the database, system calls, instructions.
    Counts,
    /// What a request costs with more records, and with more accounts.
    Growth,
}

/// A server that was there before.
#[derive(Clone, Debug)]
pub struct Peer {
    pub url: Url,
    pub user: String,
    pub password: String,
    pub api: String,
}

impl Options {
    pub fn measures(&self, thing: Thing) -> bool {
        self.only.is_empty() || self.only.contains(&thing)
    }

    /// Whether a contender of this name takes part.
    pub fn invites(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let mut words = self.contenders.iter().map(|word| word.to_lowercase());
        self.contenders.is_empty() || words.any(|word| name.contains(&word))
    }

    pub fn turn(&self) -> Duration {
        let usual = if self.quick { 0.2 } else { 0.8 };
        Duration::from_secs_f64(self.seconds.unwrap_or(usual).clamp(0.01, 600.0))
    }

    pub fn rounds(&self) -> usize {
        let usual = if self.quick { 2 } else { 5 };
        self.rounds.unwrap_or(usual).max(1)
    }

    /// The peer, if one is named.
    ///
    /// # Errors
    ///
    /// Its URL is none, or needs encryption.
    pub fn peer(&self) -> Result<Option<Peer>, String> {
        let [url, user, password] = &self.peer[..] else {
            return Ok(None);
        };
        let url = Url::parse(url).map_err(|why| format!("{url}: {why}"))?;
        if url.scheme() != "http" {
            return Err(format!(
                "{url}: only http:// can be measured; all the others are without encryption too"
            ));
        }
        Ok(Some(Peer {
            url,
            user: user.clone(),
            password: password.clone(),
            api: self.peer_api.clone(),
        }))
    }
}
