//! `weft purge`: makes room.

use super::counts::records;
use super::{Caller, Common, Failure, Program, Role, json, print, start};
use std::collections::BTreeMap;

/// Remove records whose time to live has passed, and what is kept for an undo for too long.
///
/// Nobody sees such records any more; this gives their room back. Writes do a little of it all the
/// time, so there is no need to run it more often than once a day. When nothing is to be kept any more
/// (undo.keep is 0), it removes all that still is.
#[derive(clap::Args, Debug)]
pub struct Purge {
    /// Print JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Purge {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let (errors, watched) = (&mut *caller.errors, caller.terminal);
        let mut told = false;
        let gone = program.purge(&config, &mut |so_far| {
            if watched {
                told = true;
                // Only a sign of life.
                let _ = write!(errors, "\r{} so far ", records(so_far));
            }
        })?;
        if told {
            let _ = writeln!(errors);
        }
        let text = match self.json {
            true => json(&BTreeMap::from([("records", gone)])),
            false => format!("{} removed\n", records(gone)),
        };
        print(caller, &text)
    }
}
