//! `weft mail`: whether letters get out.

use super::{Caller, Common, Failure, Program, Role, print, start};
use clap::Subcommand;

/// Try the mail settings.
#[derive(clap::Args, Debug)]
pub struct MailCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send a letter to an address, and say what the mail server made of it.
    Test {
        /// Where to.
        address: String,
    },
}

impl MailCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        let config = start(caller, &start::options(common), Role::Helper)?.config;
        let Action::Test { address } = self.action;
        for remark in program.mail(&config, &address)? {
            print(caller, &format!("Remark: {remark}\n"))?;
        }
        let told =
            format!("The mail server took a letter for {address}. See whether it arrives.\n");
        print(caller, &told)
    }
}
