//! `weft purge`: makes room.

use super::{Caller, Common, Failure, Program, Role, print, start};

/// Remove records whose time to live has passed.
///
/// Nobody sees such records any more; this gives their room back. Writes do a little of it all the
/// time, so there is no need to run it more often than once a day.
#[derive(clap::Args, Debug)]
pub struct Purge {}

impl Purge {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let gone = program.purge(&config)?;
        print(caller, &format!("{gone} records removed\n"))
    }
}
