//! What the pages of a node say of those whose records are on another.

use crate::Cluster;
use crate::harness::Node;
use crate::harness::http::Response;
use crate::harness::visitor::Visitor;

const RECORD: &str = r#"[{"id":"a","payload":"p"}]"#;

/// Signs in on the pages; answers what is shown then.
fn enter<'n>(node: &'n Node, name: &str) -> (Visitor<'n>, Response) {
    let mut visitor = Visitor::new(node);
    let fields = [("username", name), ("password", "testpass")];
    let page = visitor.submit("account/sign-in", &fields);
    (visitor, page)
}

/// Two nodes, and a user with a record on the second.
fn with_ada_on_the_second() -> Cluster {
    let cluster = Cluster::start();
    cluster.add_node(1, "5");
    cluster.add_user("ada");
    assert_eq!(cluster.told("ada").text(), cluster.url(1));
    let request = cluster.ask(1, "ada", "POST", "storage/bookmarks");
    let answer = cluster.nodes[1].send(&request.body(RECORD));
    assert_eq!(answer.status, 200);
    cluster
}

#[track_caller]
fn sends_to(page: &Response, url: &str) {
    assert_eq!(page.status, 409, "{page:?}");
    assert!(page.text().contains(url), "{page:?}");
}

/// Else the account would go, and what it has stored would stay for ever.
#[test]
fn an_account_is_deleted_where_its_records_are() {
    let cluster = with_ada_on_the_second();
    let fields = [("username", "ada"), ("password", "testpass")];
    let mut visitor = Visitor::new(&cluster.nodes[0]);
    let page = visitor.submit("weave-delete-account", &fields);
    sends_to(&page, &cluster.url(1));
    assert_eq!(cluster.get(1, "ada", "storage/bookmarks/a").status, 200);
    let mut visitor = Visitor::new(&cluster.nodes[1]);
    let page = visitor.submit("weave-delete-account", &fields);
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(cluster.get(1, "ada", "storage/bookmarks/a").status, 401);
}

/// A page that shows nothing where there is much, or says that all is deleted where nothing is, is wrong.
#[test]
fn nobody_is_shown_or_deletes_nothing_where_their_records_are_not() {
    let cluster = with_ada_on_the_second();
    let (mut visitor, page) = enter(&cluster.nodes[0], "ada");
    sends_to(&page, &cluster.url(1));
    for path in [
        "account/clear",
        "account/download",
        "account/undo",
        "account/collection?name=bookmarks",
    ] {
        sends_to(&visitor.open(path), &cluster.url(1));
    }
    assert_eq!(
        visitor.open("account/password").status,
        200,
        "accounts are shared"
    );
    let (_, page) = enter(&cluster.nodes[1], "ada");
    assert!(
        page.status == 200 && page.text().contains("Bookmarks"),
        "{page:?}"
    );
}

#[test]
fn administrators_see_their_users_though_some_have_moved_away() {
    let cluster = with_ada_on_the_second();
    cluster.add_node(0, "5");
    cluster.add_user("bob");
    cluster.add_user("root");
    cluster.move_user(1, "ada");
    let (mut visitor, _) = enter(&cluster.nodes[1], "root");
    let page = visitor.open("admin");
    assert_eq!(page.status, 200, "{page:?}");
    for expected in ["ada", "bob", "on another node"] {
        assert!(page.text().contains(expected), "{expected}: {page:?}");
    }
    assert_eq!(visitor.open("admin/user?name=ada").status, 200);
    let (_, page) = enter(&cluster.nodes[1], "ada");
    sends_to(&page, &cluster.url(0));
}
