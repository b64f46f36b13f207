//! Whether name and password reach the program, and whether its refusals reach the browser.

use super::client::Answer;
use super::probe::{COLLECTION, Probe};
use super::site::Need;
use super::{Exam, Finding};

/// Logs in through the public address as somebody whose password is known to be right.
pub fn look(exam: &Exam<'_>, probe: &Probe<'_>) -> Finding {
    let path = format!("1.1/{}/info/collection_counts", probe.login.name);
    let answer = match exam.client.get(&path, Some(&probe.login)) {
        Ok(answer) => answer,
        Err(why) => {
            let what = format!("A login is not answered: {}.", why.described());
            return Finding::fault("authorization", what);
        }
    };
    match (answer.status, answer.is_ours()) {
        (200, true) if !answer.is_html() => {
            Finding::fine("authorization", "Name and password reach the program.")
        }
        (401, true) => Finding::fault(
            "authorization",
            "Name and password do not reach the program: the header Authorization is lost on the way.",
        )
        .because(format!(
            "{} can log in with this very password, as the program's own engine says; through the address \
             the answer is 401. Browsers will say that the password is wrong.",
            probe.login.name
        ))
        .cures(exam.front.cures(Need::Authorization)),
        (401, false) => Finding::fault(
            "authorization",
            "The web server itself asks for a password, and does not know that of a Sync account.",
        )
        .because("A request can carry one name and password only.")
        .cure(
            "in the configuration of the web server, remove",
            "AuthType …\nRequire valid-user",
        ),
        (503, true) => Finding::fault(
            "authorization",
            "The program answers, but its databases are not reached from the server (503).",
        )
        .because(
            "From here they are: the server may run as another user, or with other settings. Its log \
             says more.",
        ),
        _ => Finding::fault(
            "authorization",
            format!("A login is answered with {}.", answer.described()),
        )
        .because("Browsers expect JSON from the program.")
        .cures(exam.front.cures(Need::Path)),
    }
}

/// Whether answers with an error status reach the browser as the program made them.
pub fn refusals(exam: &Exam<'_>, probe: &Probe<'_>, let_in: bool) -> Finding {
    let name = &probe.login.name;
    let missing = format!("1.1/{name}/storage/{COLLECTION}/nothing");
    let counts = format!("1.1/{name}/info/collection_counts");
    let mut asked = vec![(401, exam.client.get(&counts, None))];
    if let_in {
        asked.push((404, exam.client.get(&missing, Some(&probe.login))));
    }
    for (expected, answer) in asked {
        let Ok(answer) = answer else { continue };
        if !is_whole(&answer, expected) {
            return Finding::fault(
                "answers",
                format!(
                    "Where the program answers {expected}, the browser gets another answer ({}).",
                    answer.described()
                ),
            )
            .because(
                "Something in front puts pages of its own in the place of errors. Browsers decide by the \
                 program's answers whether to wait, to ask for the password, or to upload everything \
                 anew.",
            )
            .cures(exam.front.cures(Need::Answers));
        }
    }
    Finding::fine(
        "answers",
        "The program's refusals reach the browser as they are.",
    )
}

fn is_whole(answer: &Answer, status: u16) -> bool {
    answer.status == status && answer.is_ours() && !answer.is_html()
}
