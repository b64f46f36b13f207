//! The doctor against real set-ups, each broken on purpose in one way: it must name the fault, the file
//! and the line; and against sound ones, where it must find nothing.

mod harness;
mod doctor {
    mod backends;
    mod certificates;
    mod clocks;
    mod fronts;
    mod page;
    mod places;
    mod sound;
}

use harness::{Installation, Node, Port, Ran, Server};
use serde_json::Value;

/// What the doctor said.
struct Examined {
    code: i32,
    report: Value,
}

impl Examined {
    fn from(ran: &Ran) -> Examined {
        let report = serde_json::from_str(&ran.output);
        Examined {
            code: ran.code,
            report: report.unwrap_or_else(|problem| panic!("{problem}: {ran:?}")),
        }
    }

    /// Asks the doctor beside a server, through the address that browsers have.
    fn of(server: &Server) -> Examined {
        let url = format!("http://{}{}", server.host(), server.prefix());
        Examined::from(&server.command(&["doctor", "--json", &url], ""))
    }

    fn findings(&self) -> &Vec<Value> {
        self.report["findings"].as_array().expect("findings")
    }

    fn with_severity(&self, severity: &str) -> Vec<&Value> {
        let all = self.findings().iter();
        all.filter(|finding| finding["severity"] == severity)
            .collect()
    }

    /// Fails unless there is exactly one fault, with this name, and a cure of it names this place and
    /// these lines.
    fn has_one_fault(&self, check: &str, place: &str, lines: &str) {
        assert_eq!(self.with_severity("fault").len(), 1, "{:#}", self.report);
        self.has_fault(check, place, lines);
    }

    /// The same, among others.
    fn has_fault(&self, check: &str, place: &str, lines: &str) {
        assert_eq!(self.code, 1, "{:#}", self.report);
        let faults = self.with_severity("fault");
        let cures = faults
            .iter()
            .filter(|fault| fault["check"] == check)
            .flat_map(|fault| fault["cures"].as_array().expect("cures"));
        let mends = |cure: &Value| {
            let says = |member: &str, words: &str| {
                cure[member]
                    .as_str()
                    .is_some_and(|text| text.contains(words))
            };
            says("place", place) && says("lines", lines)
        };
        assert!(cures.into_iter().any(mends), "{check}: {:#}", self.report);
    }

    /// Fails unless the finding of that name says these words.
    fn says(&self, check: &str, words: &str) {
        let said = self.findings().iter().any(|finding| {
            let text = finding["what"].as_str().unwrap_or_default();
            finding["check"] == check && text.contains(words)
        });
        assert!(said, "{check}: no {words:?} in {:#}", self.report);
    }

    /// Fails unless nothing is wrong, and everything was tried.
    fn is_sound(&self) {
        assert_eq!(self.code, 0, "{:#}", self.report);
        for severity in ["fault", "remark", "skipped"] {
            assert!(self.with_severity(severity).is_empty(), "{:#}", self.report);
        }
        for check in [
            "address",
            "authorization",
            "upload",
            "node",
            "answers",
            "files",
        ] {
            let looked = self.findings().iter().any(|one| one["check"] == check);
            assert!(looked, "{check} was not looked at: {:#}", self.report);
        }
    }
}

/// `weft serve` with these settings, and where it can be asked.
struct Served {
    // The folder waits for the server in it to end, so that must go first.
    node: Node,
    at: Installation,
}

impl Served {
    fn with(settings: &str) -> Served {
        let at = Installation::new();
        at.configure("weft", settings);
        Served::from(at, Port::claim())
    }

    fn from(at: Installation, port: Port) -> Served {
        let config = at.site.path("weft.toml");
        harness::private(&config);
        let node = at.serve("weft", "serve", Some(port));
        Served { node, at }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.node.address)
    }

    fn examined(&self) -> Examined {
        self.examined_with(&[&self.url()], "")
    }

    fn examined_with(&self, arguments: &[&str], input: &str) -> Examined {
        let arguments = [&["doctor", "--json"], arguments].concat();
        Examined::from(&self.at.run("weft", &arguments, input))
    }
}
