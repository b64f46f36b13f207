//! What every page has: headers, links that hold under any mount, HEAD, a style.

use crate::harness::http::{Request, Response};
use crate::harness::visitor::{Visitor, resolved};
use crate::harness::{Gateway, Server};
use crate::{says, signed_in};
use std::collections::BTreeSet;

const OPEN: [&str; 6] = [
    "",
    "account/sign-in",
    "account/sign-up",
    "weave-password-reset",
    "weave-password-reset?username=ada&key=ABCD",
    "weave-delete-account",
];

fn header<'r>(page: &'r Response, name: &str) -> &'r str {
    page.header(name)
        .unwrap_or_else(|| panic!("no {name}: {page:?}"))
}

#[test]
fn every_page_forbids_what_pages_must_not_do() {
    let server = crate::server();
    let mut visitor = signed_in(server, "headers");
    let own = [
        "account",
        "account/password",
        "account/email",
        "account/clear",
        "admin",
        "nothing",
    ];
    for path in OPEN.iter().chain(&own[..5]) {
        let page = visitor.open(path);
        let policy = header(&page, "Content-Security-Policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self';"),
            "{policy}"
        );
        assert!(
            policy.contains("form-action 'self'; frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(header(&page, "X-Content-Type-Options"), "nosniff");
        assert_eq!(header(&page, "Referrer-Policy"), "no-referrer");
        assert_eq!(header(&page, "Cache-Control"), "no-store");
        assert_eq!(header(&page, "X-Frame-Options"), "DENY");
        assert_eq!(header(&page, "Content-Type"), "text/html; charset=utf-8");
        let text = page.text();
        for forbidden in ["<script", "style=", "<style", "onclick", "http-equiv"] {
            assert!(!text.contains(forbidden), "{path} has {forbidden}: {text}");
        }
        assert!(
            !text.contains("src=\"http") && !text.contains("href=\"http"),
            "{text}"
        );
    }
}

#[test]
fn no_cookie_is_set_before_there_is_a_form() {
    let server = crate::server();
    let mut visitor = Visitor::new(server);
    visitor.open("");
    assert!(visitor.cookies.is_empty());
    visitor.open("account/sign-in");
    assert_eq!(visitor.cookies.len(), 1);
    assert_eq!(visitor.cookies[0].0, "weft_visitor");
}

fn links_lead_to_pages(server: &Server) {
    let mut visitor = signed_in(server, "linked");
    let mut waiting: Vec<String> = OPEN.map(str::to_owned).into();
    waiting.push("account/".to_owned());
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let page = visitor.open(&path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        if !header(&page, "Content-Type").starts_with("text/html") {
            continue;
        }
        let text = page.text();
        for mark in ["href=\"", "src=\"", "action=\""] {
            for link in text
                .split(mark)
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
            {
                let link = resolved(&visitor.at, &link.replace("&amp;", "&"));
                if mark != "action=\"" && !link.contains('#') {
                    waiting.push(link);
                }
            }
        }
    }
    for needed in [
        "media/weft.css",
        "media/weft.svg",
        "account/download",
        "account/email",
    ] {
        assert!(seen.contains(needed), "{seen:?}");
    }
}

#[test]
fn links_lead_to_pages_at_the_root() {
    links_lead_to_pages(crate::server());
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn links_lead_to_pages_in_a_folder_of_shared_hosting() {
    links_lead_to_pages(&Gateway::Cgi.start(crate::ADMIN));
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn links_lead_to_pages_behind_the_programs_name() {
    links_lead_to_pages(&Gateway::CgiByName.start(crate::ADMIN));
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn links_lead_to_pages_behind_nginx() {
    links_lead_to_pages(&Gateway::Nginx.start(crate::ADMIN));
}

#[test]
fn head_answers_as_get_without_a_body() {
    let server = crate::server();
    let visitor = Visitor::new(server);
    for path in ["", "account/sign-in", "media/weft.css"] {
        let head = server.send(&visitor.request("HEAD", path));
        assert_eq!((head.status, head.body.len()), (200, 0), "{head:?}");
        let get = server.send(&visitor.request("GET", path));
        assert_eq!(head.header("Content-Type"), get.header("Content-Type"));
    }
}

#[test]
fn the_style_is_kept_by_browsers_and_asked_for_again() {
    let server = crate::server();
    let visitor = Visitor::new(server);
    let style = server.send(&visitor.request("GET", "media/weft.css"));
    assert_eq!(header(&style, "Content-Type"), "text/css; charset=utf-8");
    assert_eq!(header(&style, "Cache-Control"), "public, max-age=3600");
    let again = visitor.request("GET", "media/weft.css");
    let again = server.send(&again.header("If-None-Match", header(&style, "ETag")));
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn other_methods_are_told_which_there_are() {
    let server = crate::server();
    let visitor = Visitor::new(server);
    for (method, path, allowed) in [
        ("PUT", "account", "GET, HEAD, POST"),
        ("POST", "", "GET, HEAD"),
        ("GET", "account/sign-out", "POST"),
        ("POST", "media/weft.css", "GET, HEAD"),
    ] {
        let answer = server.send(&visitor.request(method, path).body(""));
        assert_eq!(answer.status, 405, "{answer:?}");
        assert_eq!(answer.header("Allow"), Some(allowed));
    }
}

#[test]
fn the_front_page_says_what_to_enter_and_what_it_knows() {
    let server = crate::server();
    let page = Visitor::new(server).open("");
    let address = format!("http://{}/", server.host());
    says(
        &page,
        &[
            &address,
            "Sign-up is open",
            "services.sync.serverURL",
            "weft doctor",
        ],
    );
    says(
        &page,
        &[
            "does not leave this machine",
            "The server reaches its data.",
        ],
    );
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn the_front_page_tells_of_an_address_that_differs() {
    let told = "server.public_url = \"https://sync.example.org/weave/\"\n";
    let server = Gateway::Nginx.start(told);
    let page = Visitor::new(&server).open("");
    let came = format!("You came by <code>http://{}/</code>", server.host());
    says(&page, &["value=\"https://sync.example.org/weave/\"", &came]);
}

#[test]
fn a_host_name_can_put_nothing_into_a_page() {
    let server = crate::server();
    let hostile = Request::new("GET", "/").header("Host", "\"><script>alert(1)</script>");
    let page = server.send(&hostile);
    assert!(!page.text().contains("<script"), "{page:?}");
}

#[test]
fn the_front_page_is_shown_while_the_data_is_away() {
    let server = Gateway::Builtin.start("");
    std::fs::remove_dir_all(server.data_folder()).ok();
    std::fs::write(server.data_folder(), "no folder").unwrap();
    let page = Visitor::new(&server).open("");
    says(&page, &["reach its data just now"]);
    let away = Visitor::new(&server).open("account/sign-in");
    assert_eq!(away.status, 503);
    assert!(
        away.text().contains("Something is out of order"),
        "{away:?}"
    );
    assert!(away.header("Retry-After").is_some());
}
