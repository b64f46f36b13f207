//! `node/weave`: the URL of the server, from every way a request can come.

use super::*;
use crate::auth::AccountAdmin;

const NODE: &str = "/user/1.0/ada/node/weave";

#[test]
fn the_node_is_where_the_request_found_the_server() {
    let server = Server::with_ada(|_| {});
    for (mount, path, url) in [
        ("", NODE, "http://sync.example.com/"),
        ("", "//user//1/ada/node/weave/", "http://sync.example.com/"),
        ("/sync", NODE, "http://sync.example.com/sync/"),
        (
            "",
            "/sync/user/1.1/ada/node/weave",
            "http://sync.example.com/sync/",
        ),
        (
            "/cgi-bin/weft.cgi",
            NODE,
            "http://sync.example.com/cgi-bin/weft.cgi/",
        ),
        (
            "/weave/user",
            "/1.0/ada/node/weave",
            "http://sync.example.com/weave/",
        ),
        ("/~ada/a b", NODE, "http://sync.example.com/~ada/a%20b/"),
        ("/user/x", NODE, "http://sync.example.com/user/x/"),
    ] {
        assert_eq!(server.node(ask("GET", path).mount(mount)), url);
    }
}

#[test]
fn a_user_may_be_called_user() {
    let server = Server::new(|_| {});
    let put = ask("PUT", "/user/1.0/user").body(r#"{"password":"long enough"}"#);
    assert_eq!(server.answer(put), is(200, "user"));
    let url = server.node(ask("GET", "/user/1.0/user/node/weave"));
    assert_eq!(url, "http://sync.example.com/");
}

#[test]
fn scheme_and_port_are_those_of_the_request() {
    let server = Server::with_ada(|_| {});
    let here = || ask("GET", NODE);
    let tls = here().from(|client| client.https = true);
    assert_eq!(server.node(tls), "https://sync.example.com/");
    let port = here().header("host", "localhost:5000");
    assert_eq!(server.node(port), "http://localhost:5000/");
    let v6 = here().header("host", "[::1]:5000");
    assert_eq!(server.node(v6), "http://[::1]:5000/");
    let front = |client: &mut Client| client.server = Some("front.example:8080".to_owned());
    let old = here().without("host").from(front);
    assert_eq!(server.node(old), "http://front.example:8080/");
    assert_eq!(server.node(here().without("host")), "null");
    let odd = here().header("host", "a\"><script>");
    assert_eq!(server.node(odd), "null");
}

#[test]
fn android_leaves_the_port_out_and_gets_it_back() {
    let server = Server::with_ada(|_| {});
    let android = |host: &str, server: &str| {
        let server = Some(server.to_owned());
        ask("GET", NODE)
            .header("user-agent", "Firefox AndroidSync 1.68.0 (Pale Moon)")
            .header("host", host)
            .from(|client| client.server = server)
    };
    for (host, front, url) in [
        ("10.0.2.2", "10.0.2.2:5000", "http://10.0.2.2:5000/"),
        (
            "Sync.Example",
            "sync.example:5000",
            "http://sync.example:5000/",
        ),
        ("10.0.2.2:99", "10.0.2.2:5000", "http://10.0.2.2:99/"),
        ("10.0.2.2", "10.0.2.20:5000", "http://10.0.2.2/"),
        (
            "other.example",
            "sync.example:5000",
            "http://other.example/",
        ),
    ] {
        assert_eq!(server.node(android(host, front)), url, "{host} {front}");
    }
    let desktop = android("10.0.2.2", "10.0.2.2:5000").header("user-agent", "Firefox");
    assert_eq!(server.node(desktop), "http://10.0.2.2/");
}

#[test]
fn the_operator_s_word_counts_before_the_request_s() {
    let public = Server::with_ada(|settings| {
        settings.public_url = Some("https://public.example/weave/".to_owned());
    });
    let url = public.node(ask("GET", NODE));
    assert_eq!(url, "https://public.example/weave/");

    let based = Server::with_ada(|settings| settings.base_path = Some("/deep/er".to_owned()));
    let url = based.node(ask("GET", "/deep/er/user/1.0/ada/node/weave"));
    assert_eq!(url, "http://sync.example.com/deep/er/");

    let fixed = "https://node1.example.com/";
    let fixed_node = Server::with_ada(|settings| settings.node = Node::Fixed(fixed.to_owned()));
    assert_eq!(fixed_node.node(ask("GET", NODE)), fixed);

    let none = Server::with_ada(|settings| settings.node = Node::None);
    assert_eq!(none.node(ask("GET", NODE)), "null");
    none.accounts.set_node(&ada(), Some(fixed)).unwrap();
    assert_eq!(none.node(ask("GET", NODE)), fixed, "the account's own");
}

#[test]
fn nobody_has_no_node() {
    let server = Server::with_ada(|_| {});
    let path = "/user/1.0/nobody/node/weave";
    assert_eq!(server.answer(ask("GET", path)).0, 404);
    let post = ask("POST", NODE);
    assert_eq!(server.answer(post).0, 405);
}
