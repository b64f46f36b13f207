//! Gathers what surrounds the process, and does what was asked.

#![forbid(unsafe_code)]

use std::io::{self, BufReader, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;
use std::time::SystemTime;
use weft::cli::{self, Caller};
use weft::config::Surroundings;

fn main() -> ExitCode {
    let surroundings = Surroundings {
        environment: std::env::vars_os().collect(),
        program: std::env::current_exe().ok(),
        folder: std::env::current_dir().unwrap_or_default(),
        user: std::fs::metadata("/proc/self")
            .ok()
            .map(|about| about.uid()),
        system_config: "/etc/weft/weft.toml".into(),
    };
    let mut caller = Caller {
        surroundings,
        terminal: io::stdin().is_terminal(),
        // Unlocked, because a CGI request reads standard input too.
        input: &mut BufReader::new(io::stdin()),
        output: &mut io::stdout(),
        errors: &mut io::stderr(),
        clock: SystemTime::now,
    };
    let code = cli::run(std::env::args_os().collect(), &mut caller, &NotYet);
    let _ = io::stdout().flush();
    ExitCode::from(code)
}

/// Stands where the application will.
struct NotYet;

fn not_yet<T>() -> Result<T, cli::Failure> {
    Err(cli::Failure::Other(
        "this version of weft can't do that yet".to_owned(),
    ))
}

impl cli::Program for NotYet {
    fn serve(
        &self,
        _: &weft::config::Config,
        _: &mut dyn FnMut(std::net::SocketAddr),
    ) -> Result<(), cli::Failure> {
        not_yet()
    }

    fn fastcgi(&self, _: &weft::config::Config, _: cli::Socket) -> Result<(), cli::Failure> {
        not_yet()
    }

    fn purge(&self, _: &weft::config::Config) -> Result<u64, cli::Failure> {
        not_yet()
    }

    fn accounts(&self, _: &weft::config::Config) -> Result<Box<dyn cli::Accounts>, cli::Failure> {
        not_yet()
    }
}
