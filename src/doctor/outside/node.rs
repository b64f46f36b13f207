//! Where browsers are sent: the answer to `node/weave`, which they use from then on for everything.

use super::client::Answer;
use super::probe::Probe;
use super::settings::{file, in_section, is_local};
use super::{Exam, Finding};
use crate::api::Node;
use url::Url;

/// Asks for the node as a browser does, and tries it; and for the captcha of the sign-up.
pub fn look(exam: &Exam<'_>, probe: &Probe<'_>, let_in: bool) -> Vec<Finding> {
    let name = &probe.login.name;
    let mut findings = Vec::new();
    match exam
        .client
        .get(&format!("user/1.0/{name}/node/weave"), None)
    {
        Ok(answer) if answer.is_ours() && answer.status == 200 => {
            findings.push(judge(exam, probe, answer.text().trim(), let_in));
        }
        Ok(answer) => findings.push(Finding::fault(
            "node",
            format!(
                "The question for the node is answered with {}.",
                answer.described()
            ),
        )),
        Err(why) => findings.push(Finding::fault(
            "node",
            format!(
                "The question for the node is not answered: {}.",
                why.described()
            ),
        )),
    }
    let captcha = exam.client.get("misc/1.0/captcha_html", None);
    findings.extend(captcha.ok().and_then(|answer| framed(&answer)));
    findings
}

fn judge(exam: &Exam<'_>, probe: &Probe<'_>, told: &str, let_in: bool) -> Finding {
    if told == "null" {
        return no_node(exam);
    }
    let node = Url::parse(told).ok().filter(|url| url.has_host());
    let Some(node) = node.filter(|_| told.ends_with('/')) else {
        return wrong(exam, told).because(
            "Browsers need a whole address with a slash at its end, and put paths behind it.",
        );
    };
    if node == exam.url {
        return Finding::fine(
            "node",
            format!("Browsers are sent to {told}, which is this address."),
        );
    }
    if node.scheme() == "http" && exam.url.scheme() == "https" {
        return wrong(exam, told)
            .because("They would send their passwords unencrypted, though they came by https.");
    }
    if is_local(&node) && !is_local(&exam.url) {
        return wrong(exam, told).because("Nobody outside of this machine's network reaches that.");
    }
    let settings = &exam.api.settings;
    if settings.public_url.is_none() && settings.node == Node::Here {
        return wrong(exam, told).because(
            "A proxy in front changes scheme, host, port or path, and the program takes what it sees \
             for the address.",
        );
    }
    match leads_here(exam, probe, &node, let_in) {
        Ok(()) => Finding::remark(
            "node",
            format!("Browsers are sent to {told}, which is another address of this server."),
        )
        .because("It works, as long as both addresses do."),
        Err(why) => wrong(exam, told).because(format!("There, {why}.")),
    }
}

/// Whether this server answers at the node's address as well.
fn leads_here(exam: &Exam<'_>, probe: &Probe<'_>, node: &Url, let_in: bool) -> Result<(), String> {
    let path = match let_in {
        true => format!("1.1/{}/info/collection_counts", probe.login.name),
        false => "__heartbeat__".to_owned(),
    };
    let client = exam.client.at(node.clone());
    match client.get(&path, Some(&probe.login).filter(|_| let_in)) {
        Ok(answer) if answer.is_ours() && answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("the answer is {}", answer.described())),
        Err(why) => Err(why.described()),
    }
}

/// Browsers are sent to an address that is not this one; who said so decides what mends it.
fn wrong(exam: &Exam<'_>, told: &str) -> Finding {
    let url = &exam.url;
    let settings = &exam.api.settings;
    let what = format!("Browsers that begin at {url} are sent on to {told}");
    let finding = Finding::fault("node", what);
    if let Node::Fixed(_) = settings.node {
        return finding.cure(in_section(exam.doctor, "api"), format!("node = \"{url}\""));
    }
    let finding = finding.cure(
        in_section(exam.doctor, "server"),
        format!("public_url = \"{url}\""),
    );
    match settings.public_url {
        Some(_) => finding,
        None => finding.cure(
            format!(
                "or, if the proxy sends X-Forwarded-Proto and X-Forwarded-Host, in {}, below [server], \
                 with the proxy's address",
                file(exam.doctor)
            ),
            "trusted_proxies = [\"127.0.0.1\"]",
        ),
    }
}

fn no_node(exam: &Exam<'_>) -> Finding {
    match exam.api.settings.node {
        Node::Assign => Finding::fault("node", "No node has a free place.")
            .because("A new user's browser is told that there is no server for it now.")
            .cure("run", "weft node add URL --places NUMBER"),
        _ => Finding::fault("node", "Browsers are told that there is no node.")
            .because("The setting api.node says so.")
            .cure(in_section(exam.doctor, "api"), "node = \"own\""),
    }
}

/// The sign-up wizard of browsers shows the captcha in a frame.
fn framed(answer: &Answer) -> Option<Finding> {
    let options = answer.header("x-frame-options")?;
    (answer.status == 200).then(|| {
        Finding::fault(
            "captcha",
            format!("The captcha can't be shown: its page has X-Frame-Options: {options}."),
        )
        .because(
            "Browsers show it in a frame of their sign-up wizard, and this header forbids that.",
        )
        .cure(
            "in the configuration of Apache",
            "<LocationMatch \"/captcha_html$\">\n    Header unset X-Frame-Options\n\
             \x20   Header always unset X-Frame-Options\n</LocationMatch>",
        )
    })
}
