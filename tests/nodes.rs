//! Several nodes that share accounts: who is assigned where, who is refused where, what the pages say, and
//! users that move while their browsers go on writing.

mod harness;
mod nodes {
    mod moving;
    mod pages;
}

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::http::{Request, Response};
use harness::{Installation, Node, Port};

/// Two nodes on one machine, and their users' browsers.
struct Cluster {
    // The folder waits for the servers in it to end, so they must go first.
    nodes: [Node; 2],
    at: Installation,
}

const NAMES: [&str; 2] = ["one", "two"];

impl Cluster {
    fn start() -> Cluster {
        let at = Installation::new();
        let nodes = NAMES.map(|name| {
            let port = Port::claim();
            let number = port.number;
            at.configure(
                name,
                &format!(
                    "[data]\ndir = \"{name}-data\"\naccounts = \"shared\"\n[api]\nnode = \"assign\"\n\
                     [nodes]\nown = \"http://127.0.0.1:{number}/\"\ncheck = true\n\
                     [web]\nadmins = [\"root\"]\n"
                ),
            );
            at.serve(name, name, Some(port))
        });
        Cluster { nodes, at }
    }

    fn url(&self, node: usize) -> String {
        format!("http://{}/", self.nodes[node].address)
    }

    fn add_node(&self, node: usize, places: &str) {
        let url = self.url(node);
        let arguments = ["node", "add", &url, "--places", places];
        self.at.run("one", &arguments, "").expect();
    }

    fn add_user(&self, name: &str) {
        self.at
            .run("one", &["user", "add", name], "testpass")
            .expect();
    }

    /// The node that a user is told, by either of them.
    fn told(&self, name: &str) -> Response {
        let path = format!("/user/1.0/{name}/node/weave");
        self.nodes[0].send(&self.nodes[0].request("GET", &path))
    }

    fn move_command(&self, from: usize, name: &str) -> Vec<String> {
        let to = format!("{}.toml", NAMES[1 - from]);
        let to = self.at.site.path(&to).display().to_string();
        ["node", "move", name, "--to", &to]
            .map(str::to_owned)
            .to_vec()
    }

    fn move_user(&self, from: usize, name: &str) {
        let command = self.move_command(from, name);
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        self.at.run(NAMES[from], &arguments, "").expect();
    }

    fn ask(&self, node: usize, user: &str, method: &str, rest: &str) -> Request {
        let login = STANDARD.encode(format!("{user}:testpass"));
        self.nodes[node]
            .request(method, &format!("/1.1/{user}/{rest}"))
            .header("Authorization", format!("Basic {login}"))
    }

    fn get(&self, node: usize, user: &str, rest: &str) -> Response {
        self.nodes[node].send(&self.ask(node, user, "GET", rest))
    }
}

#[test]
fn new_users_get_the_node_with_the_most_free_places_and_keep_it() {
    let cluster = Cluster::start();
    for user in ["ada", "bob", "eve", "fay"] {
        cluster.add_user(user);
    }
    assert_eq!(cluster.told("ada").text(), "null", "no node has been added");
    cluster.add_node(0, "1");
    cluster.add_node(1, "2");
    let one = cluster.url(0);
    let two = cluster.url(1);
    assert_eq!(cluster.told("ada").text(), two);
    let mut rest = [cluster.told("bob").text(), cluster.told("eve").text()];
    rest.sort();
    let mut both = [one.clone(), two.clone()];
    both.sort();
    assert_eq!(rest, both);
    assert_eq!(cluster.told("fay").text(), "null", "all places are taken");
    cluster.add_node(0, "9");
    cluster.at.run("one", &["node", "drain", &one], "").expect();
    assert_eq!(
        cluster.told("fay").text(),
        "null",
        "the free ones are drained"
    );
    assert_eq!(cluster.told("ada").text(), two);
    let listed = cluster
        .at
        .run("two", &["node", "list", "--json"], "")
        .json();
    let listed: Vec<_> = listed.as_array().unwrap().iter().collect();
    let drained = listed
        .iter()
        .find(|node| node["url"] == one.as_str())
        .unwrap();
    assert_eq!(
        (&drained["taken"], &drained["draining"]),
        (&1.into(), &true.into())
    );
    // A place is free again when its user has gone.
    cluster
        .at
        .run("two", &["user", "delete", "ada", "--yes"], "")
        .expect();
    assert_eq!(cluster.told("fay").text(), two);
}

#[test]
fn a_node_refuses_users_of_the_other_and_serves_its_own() {
    let cluster = Cluster::start();
    cluster.add_node(1, "5");
    cluster.add_user("ada");
    assert_eq!(cluster.told("ada").text(), cluster.url(1));
    let refused = cluster.get(0, "ada", "info/collections");
    assert_eq!(refused.status, 401);
    assert!(refused.header("WWW-Authenticate").is_some());
    assert_eq!(cluster.get(1, "ada", "info/collections").status, 200);
    let there = cluster
        .at
        .run("one", &["user", "delete", "ada", "--yes"], "");
    assert_eq!(there.code, 1, "her records would stay behind: {there:?}");
}
