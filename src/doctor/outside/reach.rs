//! Whether this very program answers at the public address, with every path below it.

use super::client::{Answer, Answered, NoAnswer};
use super::probe::Probe;
use super::settings::in_section;
use super::site::Need;
use super::{Exam, Finding};
use url::Url;

/// What answers to paths below the address.
const HEARTBEAT: &str = "__heartbeat__";

/// Judges by what the address itself answered, and by a path below it.
pub fn look(exam: &Exam<'_>, front_page: Answered) -> Vec<Finding> {
    let answer = match front_page {
        Ok(answer) => answer,
        Err(why) => return vec![no_answer(exam, &why)],
    };
    if let Some(to) = answer.location() {
        return vec![redirect(exam, to)];
    }
    if !answer.is_ours() {
        return vec![stranger(exam, &answer)];
    }
    vec![below(exam)]
}

fn no_answer(exam: &Exam<'_>, why: &NoAnswer) -> Finding {
    let (url, why) = (&exam.url, why.described());
    if exam.order.from_within {
        return Finding::remark(
            "address",
            format!("The server's call to itself at {url} was not answered: {why}."),
        )
        .because(
            "Where one worker answers everything it can't answer itself while it waits; some hosts let \
             no program call out. Browsers may get through all the same.",
        )
        .cure("from a shell, on this machine or another, run", "weft doctor")
        .cure(
            "or, for `weft serve` and `weft fastcgi`, ".to_owned() + &in_section(exam.doctor, "server"),
            "workers = 8",
        )
        .cure("or, for mod_fcgid, in the virtual host of Apache", "FcgidMaxProcessesPerClass 8");
    }
    Finding::fault("address", format!("Nobody answers at {url}: {why}."))
        .because("Browsers get no answer either.")
        .cure(
            "if the web server runs, the address is wrong: ".to_owned()
                + &in_section(exam.doctor, "server"),
            "public_url = \"https://your.host/\"",
        )
}

fn redirect(exam: &Exam<'_>, to: &str) -> Finding {
    let to = exam
        .url
        .join(to)
        .map_or_else(|_| to.to_owned(), String::from);
    let what = format!("{} sends browsers on to {to}", exam.url);
    Finding::fault("redirect", what)
        .because(
            "An upload that is sent on arrives without its body, and the password is not sent again.",
        )
        .cure(
            "give the browsers the second address, and write it ".to_owned()
                + &in_section(exam.doctor, "server"),
            format!("public_url = \"{}/\"", to.trim_end_matches('/')),
        )
}

/// Something else answers. The program may be there under its own name, where the host has no
/// mod_rewrite.
fn stranger(exam: &Exam<'_>, answer: &Answer) -> Finding {
    for name in ["weft.cgi/", "weft.fcgi/"] {
        let there = exam.client.get(name, None);
        if there.is_ok_and(|answer| answer.is_ours()) {
            let url = format!("{}{name}", exam.url);
            return Finding::fault("address", format!("The program answers at {url} only."))
                .because("This host has no mod_rewrite, or its rules are not in force.")
                .cure(
                    "give the browsers this address, and write it ".to_owned()
                        + &in_section(exam.doctor, "server"),
                    format!("public_url = \"{url}\""),
                );
        }
    }
    let url = &exam.url;
    if answer.status == 401 {
        return Finding::fault(
            "address",
            format!("The web server itself asks for a password at {url}"),
        )
        .because("Browsers send the password of their Sync account, which it does not know.")
        .cure(
            "in the configuration of the web server, remove",
            "AuthType …\nRequire valid-user",
        );
    }
    let what = format!(
        "Something else than this program answers at {url} ({}).",
        answer.described()
    );
    Finding::fault("address", what)
        .because("Its port or path is wrong, or the web server does not call the program.")
        .cure(
            in_section(exam.doctor, "server"),
            "public_url = \"https://your.host/path/\"",
        )
        .cures(exam.front.cures(Need::Path))
}

fn below(exam: &Exam<'_>) -> Finding {
    let answer = match exam.client.get(HEARTBEAT, None) {
        Ok(answer) => answer,
        Err(why) => return no_answer(exam, &why),
    };
    let url = &exam.url;
    match (answer.is_ours(), answer.status) {
        (true, 200) if !answer.is_html() => Finding::fine(
            "address",
            format!("The program answers at {url}, and below it."),
        ),
        (true, 404) => Finding::fault(
            "path",
            format!("The program answers at {url}, but takes no path below it for its own."),
        )
        .because("The setting server.base_path is not the path of this address.")
        .cure(in_section(exam.doctor, "server"), format!("base_path = \"{}\"", path(url))),
        _ if answer.location().is_some() => redirect(exam, answer.location().unwrap_or_default()),
        _ => Finding::fault(
            "path",
            format!(
                "The path is lost on the way to the program: {url}{HEARTBEAT} is answered as if it were \
                 another ({}).",
                answer.described()
            ),
        )
        .because("Every request of a browser names the user and the collection in its path.")
        .cures(exam.front.cures(Need::Path)),
    }
}

/// The path of an address, as `server.base_path` has it.
pub(super) fn path(url: &Url) -> String {
    match url.path().trim_end_matches('/') {
        "" => "/".to_owned(),
        path => path.to_owned(),
    }
}

/// Whether the program that answers knows the doctor's user; if not, it is another installation.
pub fn another_server(exam: &Exam<'_>, probe: &Probe<'_>) -> Option<Finding> {
    if !probe.is_own() {
        return None;
    }
    let name = &probe.login.name;
    let answer = exam.client.get(&format!("user/1.0/{name}"), None).ok()?;
    // A server that was asked too often says 0 with another status.
    let unknown = answer.is_ours() && answer.status == 200 && answer.text().trim() == "0";
    unknown.then(|| {
        let folder = exam.doctor.config.data.dir.display();
        Finding::fault(
            "installation",
            format!(
                "A server answers at {}, but not with these settings: it does not know a user who \
                 was just made with them.",
                exam.url
            ),
        )
        .because(format!(
            "It has other settings or another data folder; here the settings are in {}, and the data in \
             {folder}.",
            super::settings::file(exam.doctor)
        ))
        .cure(
            "use the settings of the server: in the folder of its program, run",
            "./weft doctor --config weft.toml",
        )
    })
}
