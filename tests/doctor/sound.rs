//! Where nothing is wrong, the doctor finds nothing, leaves nothing behind, and says so in every form.

use crate::harness::Gateway;
use crate::{Examined, Served};

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn nothing_is_wrong_with_the_projects_own_apache_files() {
    let gateways = [
        Gateway::ModFcgid,
        Gateway::ModProxyFcgi,
        Gateway::Cgi,
        Gateway::CgiByName,
    ];
    for gateway in gateways {
        let server = gateway.start("");
        Examined::of(&server).is_sound();
        let left = server.command(&["user", "list"], "").expect();
        assert!(!left.contains("weft-doctor"), "{gateway:?}: {left}");
    }
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn nothing_is_wrong_with_the_projects_own_nginx_file() {
    Examined::of(&Gateway::Nginx.start("")).is_sound();
}

#[test]
fn nothing_is_wrong_with_weft_serve_and_nothing_stays_behind() {
    let served = Served::with("");
    served.examined().is_sound();
    served
        .examined_with(&["--thorough", &served.url()], "")
        .is_sound();
    let stats = served.at.run("weft", &["stats", "--json"], "").json();
    assert_eq!((&stats["users"], &stats["records"]), (&0.into(), &0.into()));
    let text = served
        .at
        .run("weft", &["doctor", &served.url()], "")
        .expect();
    assert!(
        text.contains("faults: 0, remarks: 0, skipped: 0, fine: "),
        "{text}"
    );
    assert!(
        text.contains("upload: An upload of 300000 bytes arrives."),
        "{text}"
    );
}

#[test]
fn a_user_can_be_named_and_keeps_everything() {
    let served = Served::with("[lockout]\nfailures = 0\n");
    served
        .at
        .run("weft", &["user", "add", "ada"], "testpass")
        .expect();
    let url = served.url();
    let asked = ["--user", "ada", &url];
    served.examined_with(&asked, "testpass\n").is_sound();
    let stats = served.at.run("weft", &["stats", "--json"], "").json();
    assert_eq!((&stats["users"], &stats["records"]), (&1.into(), &0.into()));
    let wrong = served.examined_with(&asked, "wrong\n");
    assert_eq!(
        wrong.code, 0,
        "nothing is known to be wrong: {:#}",
        wrong.report
    );
    wrong.says("user", "ada can't log in, whatever the way");
}

#[test]
fn what_a_killed_doctor_left_behind_is_removed() {
    let served = Served::with("");
    let left = ["user", "add", "weft-doctor-1700000000abcdef01"];
    served.at.run("weft", &left, "testpass").expect();
    served.examined().is_sound();
    let users = served.at.run("weft", &["user", "list"], "").expect();
    assert!(!users.contains("weft-doctor"), "{users}");
}
