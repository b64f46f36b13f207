//! What the doctor says: findings, each with what is wrong, why that matters and what mends it.

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Browsers can't sync, or data is in danger.
    Fault,
    /// It works, and may not be what the operator wants.
    Remark,
    /// It could not be looked at.
    Skipped,
    /// Nothing is wrong.
    Fine,
}

/// What mends a fault: lines, and where to put them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cure {
    /// To be read before the lines: `in /etc/nginx/weft.conf`, `run`.
    pub place: String,
    /// The lines.
    pub lines: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name, which `docs/doctor.md` explains and which does not change: `authorization`.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in a sentence or two.
    pub what: String,
    /// Why it matters to a browser, or what is behind it; may be empty.
    pub why: String,
    /// What mends it, the likeliest first; one of them is enough.
    pub cures: Vec<Cure>,
}

impl Finding {
    /// Nothing is wrong with it.
    pub fn fine(check: &'static str, what: impl Into<String>) -> Self {
        Finding::new(check, Severity::Fine, what)
    }

    /// It works, and may not be what is wanted.
    pub fn remark(check: &'static str, what: impl Into<String>) -> Self {
        Finding::new(check, Severity::Remark, what)
    }

    /// It is wrong.
    pub fn fault(check: &'static str, what: impl Into<String>) -> Self {
        Finding::new(check, Severity::Fault, what)
    }

    /// It could not be looked at, for this reason.
    pub fn skipped(check: &'static str, what: impl Into<String>) -> Self {
        Finding::new(check, Severity::Skipped, what)
    }

    fn new(check: &'static str, severity: Severity, what: impl Into<String>) -> Self {
        Finding {
            check,
            severity,
            what: what.into(),
            why: String::new(),
            cures: Vec::new(),
        }
    }

    /// With why it matters.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// With one more way to mend it.
    #[must_use]
    pub fn cure(mut self, place: impl Into<String>, lines: impl Into<String>) -> Self {
        self.cures.push(Cure {
            place: place.into(),
            lines: lines.into(),
        });
        self
    }

    /// With several more ways to mend it.
    #[must_use]
    pub fn cures(mut self, cures: Vec<Cure>) -> Self {
        self.cures.extend(cures);
        self
    }
}

/// All that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The address that was asked.
    pub url: String,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// A report with its findings in order.
    pub fn new(url: String, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.severity);
        Report { url, findings }
    }

    /// How many findings are of this kind.
    pub fn count(&self, severity: Severity) -> usize {
        let of_kind = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(of_kind).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first_and_the_rest_keeps_its_order() {
        let findings = vec![
            Finding::fine("a", ""),
            Finding::skipped("b", ""),
            Finding::fault("c", ""),
            Finding::remark("d", ""),
            Finding::fault("e", ""),
        ];
        let report = Report::new(String::new(), findings);
        let order: Vec<&str> = report.findings.iter().map(|f| f.check).collect();
        assert_eq!(order, ["c", "e", "d", "b", "a"]);
        assert_eq!(report.count(Severity::Fault), 2);
    }
}
