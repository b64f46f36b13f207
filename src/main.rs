//! Gathers what surrounds the process, and does what was asked.

#![forbid(unsafe_code)]

use std::io::{self, BufReader, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;
use weft::cli::{self, Caller};
use weft::config::Surroundings;
use weft::gateway::{self, Door};
use weft::program::Program;

fn main() -> ExitCode {
    cli::tell_panics();
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
        to_terminal: io::stdout().is_terminal(),
        input: &mut BufReader::new(io::stdin()),
        output: &mut io::stdout(),
        errors: &mut io::stderr(),
        clock: SystemTime::now,
        install: cli::Logger::install,
    };
    let program = Program::new(Arc::new(|| SystemTime::now().into()));
    // Whoever gives arguments wants a command, wherever the program is called from.
    let door = match std::env::args_os().len() {
        0 | 1 => gateway::detect(&caller.surroundings.environment),
        _ => Ok(Door::Command),
    };
    match door {
        Ok(Door::Command) => {
            let code = cli::run(std::env::args_os().collect(), &mut caller, &program);
            let _ = io::stdout().flush();
            ExitCode::from(code)
        }
        Ok(Door::FastCgi(listener)) => ended(program.worker(&caller, listener)),
        Ok(Door::Cgi) => ended(program.cgi(&caller, io::stdin(), &mut io::stdout().lock())),
        Err(error) => ended(Err(error)),
    }
}

fn ended(outcome: io::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weft: {error}");
            ExitCode::FAILURE
        }
    }
}
