//! `weft doctor`: whether browsers can sync through the public address, and what to put where if not.

use super::user::ask;
use super::{Caller, Common, Failure, Program, json, print, start};
use crate::config::load;
use crate::doctor::{Credentials, Finding, Order, Report, Severity};
use std::path::PathBuf;
use std::time::Duration;

/// How long an examination may take.
const TIME: Duration = Duration::from_secs(120);
/// The same with the longest upload.
const LONG_TIME: Duration = Duration::from_secs(900);

/// Find out what keeps browsers from syncing, and how to mend it.
///
/// Talks to the server through its public address as a browser would: logs in, uploads 300 KB, asks for
/// what nobody may read, looks at certificate, clocks, databases and mail. For that it makes a user of
/// its own and removes it again. Each fault is named with the line to put into which file; the manual's
/// page docs/doctor.md explains all of them.
///
/// Run it where the server runs, as the user that the server runs as, with the server's settings.
/// The exit code is 0 if there is no fault, 1 if there is one or the examination could not be made, and 2
/// for a command line that means nothing.
#[derive(clap::Args, Debug)]
pub struct DoctorCommand {
    /// The address that is put into browsers, such as https://sync.example.org/weave/
    ///
    /// Without it: the setting server.public_url, or else the address of "weft serve".
    url: Option<String>,

    /// Log in as this user, whose password is asked for, instead of making one.
    ///
    /// For accounts that can't be made from here, as in a directory that is only read. Nothing of the
    /// user's data is touched.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Trust the certificates in this file (PEM), too.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Try the longest upload that the settings allow, too.
    #[arg(long)]
    thorough: bool,

    /// Print JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl DoctorCommand {
    pub(super) fn run(
        self,
        common: &Common,
        caller: &mut Caller<'_>,
        program: &dyn Program,
    ) -> Result<(), Failure> {
        // No log is opened and no folder made: the report says it all, and this may run as somebody
        // else than the server.
        let config = load(&caller.surroundings, &start::options(common))?.config;
        let login = match self.user {
            Some(name) => Some(Credentials {
                name,
                password: ask::password(caller)?,
            }),
            None => None,
        };
        let public = config.server.public_url.as_ref();
        let url = match (self.url, public) {
            (Some(url), _) => format!("{}/", url.trim_end_matches('/')),
            (None, Some(url)) => url.as_str().to_owned(),
            (None, None) => {
                if !self.json {
                    print(caller, NO_ADDRESS)?;
                }
                format!("http://{}/", config.server.listen)
            }
        };
        let order = Order {
            url,
            login,
            ca_file: self
                .ca_file
                .map(|file| caller.surroundings.folder.join(file)),
            time: if self.thorough { LONG_TIME } else { TIME },
            from_within: false,
            thorough: self.thorough,
        };
        let report = program.examine(&config, &order)?;
        let told = if self.json {
            json(&report)
        } else {
            text(&report)
        };
        print(caller, &told)?;
        match report.count(Severity::Fault) {
            0 => Ok(()),
            1 => Err(Failure::Other("there is 1 fault".to_owned())),
            faults => Err(Failure::Other(format!("there are {faults} faults"))),
        }
    }
}

const NO_ADDRESS: &str = "No public address is known, so this looks at the one of `weft serve`. Behind a web \
     server, say the\naddress that browsers have: weft doctor https://your.host/weave/\n\n";

/// The report as a person reads it: what is wrong at length, what is well in a line.
fn text(report: &Report) -> String {
    let mut text = format!("Examined: {}\n\n", report.url);
    for finding in &report.findings {
        text += &paragraph(finding);
    }
    let counts = [
        (Severity::Fault, "faults"),
        (Severity::Remark, "remarks"),
        (Severity::Skipped, "skipped"),
        (Severity::Fine, "fine"),
    ];
    let counts = counts.map(|(severity, name)| format!("{name}: {}", report.count(severity)));
    text + "\n" + &counts.join(", ") + "\n"
}

fn paragraph(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Fault => "FAULT  ",
        Severity::Remark => "remark ",
        Severity::Skipped => "skipped",
        Severity::Fine => "fine   ",
    };
    let mut text = format!("{mark} {}: {}\n", finding.check, finding.what);
    if !finding.why.is_empty() {
        text += &format!("        {}\n", finding.why);
    }
    for cure in &finding.cures {
        text += &format!("        → {}:\n", cure.place);
        for line in cure.lines.lines() {
            text += &format!("              {line}\n");
        }
    }
    match finding.severity {
        Severity::Fault | Severity::Remark => text + "\n",
        Severity::Skipped | Severity::Fine => text,
    }
}
