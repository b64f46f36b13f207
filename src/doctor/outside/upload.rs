//! Whether uploads of the size that browsers send get through: tried for real.
//!
//! A first sync posts 100 records at a time, some 300 KB. mod_fcgid's own limit is 131,072 bytes, nginx's
//! 1 MiB, and a browser repeats a refused upload for ever. Where one is refused, smaller ones are tried,
//! until the limit is known well enough to be recognised.

use super::client::{Answer, Answered};
use super::probe::{COLLECTION, Probe};
use super::settings::in_section;
use super::site::{Front, Need};
use super::{Exam, Finding};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

/// What an ordinary upload has, in bytes.
const ORDINARY: usize = 300_000;

/// What one record's payload has at most, in bytes.
const PAYLOAD: usize = 20_000;

/// More records than this in one request are for another one.
const MOST_RECORDS: usize = 100;

/// mod_fcgid's own limit: what was found to pass and what not lie on its two sides.
const FCGID: usize = 131_072;

/// Posts an ordinary upload, and the longest one that is allowed if that is wished.
pub fn look(exam: &Exam<'_>, probe: &Probe<'_>) -> Vec<Finding> {
    let limits = &exam.api.settings.limits;
    let most = usize::try_from(limits.body_bytes).unwrap_or(usize::MAX);
    let mut findings = Vec::new();
    if most < ORDINARY {
        findings.push(
            Finding::fault(
                "upload",
                format!("The settings allow uploads of {most} bytes only."),
            )
            .because("Browsers post 100 records at once, and repeat a refused upload for ever.")
            .cure(in_section(exam.doctor, "limits"), "body_bytes = \"32MiB\""),
        );
        return findings;
    }
    findings.push(try_for_real(exam, probe, ORDINARY));
    let passed = findings.iter().all(|f| f.severity == super::Severity::Fine);
    if exam.order.thorough && passed {
        // JSON around the payloads takes its part too.
        let longest = most - most / 20;
        findings.push(try_for_real(exam, probe, longest));
    }
    findings
}

fn try_for_real(exam: &Exam<'_>, probe: &Probe<'_>, bytes: usize) -> Finding {
    let answered = post(exam, probe, bytes);
    let answer = match &answered {
        Ok(answer) if answer.is_ours() => answer,
        _ => return cut(exam, probe, bytes, &answered),
    };
    if answer.status == 200 {
        return arrived(exam, probe, bytes, answer);
    }
    let text = answer.text();
    match (answer.status, text.trim()) {
        (400 | 403, "14" | "\"Over Quota\"") => Finding::skipped(
            "upload",
            "No upload was tried: this user has used up the quota.",
        ),
        _ => Finding::fault(
            "upload",
            format!(
                "The program refuses an upload of {bytes} bytes ({}).",
                answer.described()
            ),
        )
        .because("Browsers repeat a refused upload for ever."),
    }
}

/// What the program acknowledged must be there.
fn arrived(exam: &Exam<'_>, probe: &Probe<'_>, bytes: usize, answer: &Answer) -> Finding {
    let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let count = |member: &str| told[member].as_array().map_or(0, Vec::len);
    let taken = count("success");
    let whole = format!("1.1/{}/storage/{COLLECTION}?full=1", probe.login.name);
    let back = exam.client.get(&whole, Some(&probe.login));
    let back = back.ok().filter(|answer| answer.status == 200);
    match back {
        Some(back) if taken > 0 && (bytes > ORDINARY || back.body.len() > bytes / 2) => {
            Finding::fine("upload", format!("An upload of {bytes} bytes arrives."))
        }
        _ => Finding::fault(
            "upload",
            format!(
                "An upload of {bytes} bytes was answered with success, but does not come back whole \
                 (records taken: {taken})."
            ),
        )
        .because("Something in front cuts uploads or downloads short."),
    }
}

/// Something in front refused it, or cut it off: how much does it let through?
fn cut(exam: &Exam<'_>, probe: &Probe<'_>, bytes: usize, answered: &Answered) -> Finding {
    let (mut passes, mut fails) = (0, bytes);
    while fails - passes > bytes / 64 {
        let middle = (passes + fails) / 2;
        match post(exam, probe, middle) {
            Ok(answer) if answer.is_ours() => passes = middle,
            Ok(_) => fails = middle,
            Err(_) if passes == 0 && middle < bytes / 8 => break,
            Err(_) => fails = middle,
        }
    }
    let how = match answered {
        Ok(answer) => format!("it answers {}", answer.described()),
        Err(why) => why.described(),
    };
    let server = answered.as_ref().map(Answer::server).unwrap_or_default();
    let what = match passes {
        0 => format!("No upload gets through to the program: {how}."),
        _ => format!(
            "An upload of {bytes} bytes does not get through ({how}); one of {passes} bytes does."
        ),
    };
    let finding = Finding::fault("upload", what).because(
        "Browsers post 100 records at once, some 300 KB, and repeat a refused upload for ever: the first \
         sync never ends.",
    );
    let is_fcgid = passes <= FCGID && FCGID <= fails + bytes / 64;
    match (&exam.front, is_fcgid) {
        (Front::Apache, true) => finding.cure(
            "this is the limit of mod_fcgid: in the virtual host of Apache (see apache/weft-fcgid.conf)",
            "FcgidMaxRequestLen 67108864",
        ),
        (Front::Other, _) if server.contains("nginx") => {
            finding.cures(Front::Nginx.cures(Need::Uploads))
        }
        (front, _) => finding.cures(front.cures(Need::Uploads)),
    }
}

/// Posts so many bytes of payload, give or take a few.
fn post(exam: &Exam<'_>, probe: &Probe<'_>, bytes: usize) -> Answered {
    let size = PAYLOAD.max(bytes / MOST_RECORDS);
    let allowed = usize::try_from(exam.api.settings.limits.payload_bytes).unwrap_or(usize::MAX);
    let size = match allowed {
        0 => size,
        allowed => size.min(allowed),
    };
    let mut records = Vec::new();
    let mut left = bytes;
    while left > 0 {
        let length = size.min(left);
        records.push(json!({
            "id": format!("upload{}", records.len()),
            "payload": payload(exam, length),
        }));
        left -= length;
    }
    let body = Value::from(records).to_string();
    let path = format!("1.1/{}/storage/{COLLECTION}", probe.login.name);
    exam.client
        .send(Method::POST, &path, Some(&probe.login), body.into_bytes())
}

/// As a browser's is to whoever does not have the key: nothing that can be pressed smaller.
fn payload(exam: &Exam<'_>, length: usize) -> String {
    let mut bytes = vec![0; length * 3 / 4];
    (exam.doctor.random)(&mut bytes);
    STANDARD.encode(bytes)
}
