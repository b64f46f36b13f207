//! The doctor for administrators without a shell: the server examines itself through its public address.
//!
//! A form begins it, since it writes and takes some seconds. One at a time, and for less time than fronts
//! wait for an answer.

use super::super::frame::Frame;
use super::super::texts::Doctor as Texts;
use super::super::visit::Visit;
use super::super::{Shown, Trouble, filters};
use super::administrator;
use crate::doctor::{Finding, Order, Report, Severity};
use askama::Template;
use http::StatusCode;
use std::time::Duration;

/// mod_fcgid waits for 40 seconds, unless it is told otherwise.
const TIME: Duration = Duration::from_secs(25);

#[derive(Template)]
#[template(path = "admin_doctor.html")]
struct Examination {
    frame: Frame,
    t: &'static Texts,
    url: String,
    result: Option<Told>,
}

struct Told {
    verdict: &'static str,
    findings: Vec<Shape>,
}

/// A finding as it is shown.
struct Shape {
    class: &'static str,
    mark: &'static str,
    finding: Finding,
}

/// What it does, and the button that begins it.
pub fn doctor(visit: &mut Visit<'_, '_>) -> Shown {
    administrator(visit)?;
    let frame = visit.frame("admin");
    page(visit, StatusCode::OK, frame, None)
}

/// The examination.
pub fn examining(visit: &mut Visit<'_, '_>) -> Shown {
    administrator(visit)?;
    visit.form()?;
    let t = &visit.texts().doctor;
    let url = visit.public_url();
    let refused = |visit: &Visit<'_, '_>, why: &str| {
        let frame = visit.frame("admin").complaining(why);
        page(visit, StatusCode::BAD_REQUEST, frame, None)
    };
    if url.is_empty() {
        return refused(visit, t.no_address);
    }
    let Ok(_alone) = visit.web.examining.try_lock() else {
        return refused(visit, t.busy);
    };
    let order = Order {
        url,
        login: None,
        ca_file: None,
        time: TIME,
        from_within: true,
        thorough: false,
    };
    let report = visit.web.doctor.examine(visit.api, &order);
    page(visit, StatusCode::OK, visit.frame("admin"), Some(report))
}

fn page(
    visit: &Visit<'_, '_>,
    status: StatusCode,
    frame: Frame,
    report: Option<Report>,
) -> Result<crate::exchange::Response, Trouble> {
    let t = &visit.texts().doctor;
    let screen = Examination {
        frame,
        t,
        url: visit.public_url(),
        result: report.map(|report| told(t, report)),
    };
    visit.page(status, &screen)
}

fn told(t: &'static Texts, report: Report) -> Told {
    let verdict = match (
        report.count(Severity::Fault),
        report.count(Severity::Remark),
    ) {
        (0, 0) => t.all_well,
        (0, _) => t.some_remarks,
        _ => t.some_faults,
    };
    let shape = |finding: Finding| {
        let (class, mark) = match finding.severity {
            Severity::Fault => ("bad", t.fault),
            Severity::Remark => ("warn", t.remark),
            Severity::Skipped => ("", t.skipped),
            Severity::Fine => ("good", t.fine),
        };
        Shape {
            class,
            mark,
            finding,
        }
    };
    Told {
        verdict,
        findings: report.findings.into_iter().map(shape).collect(),
    }
}
