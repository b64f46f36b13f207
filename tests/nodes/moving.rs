//! Users that move while their browsers go on writing.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::Cluster;
use serde_json::Value;

/// A browser that writes one record after the other, and asks for its node anew whenever it is refused.
struct Browser<'c> {
    cluster: &'c Cluster,
    user: &'c str,
    name: String,
    node: usize,
}

/// A time in a body, in hundredths.
fn centis(value: &Value) -> i64 {
    (value.as_f64().expect("a time") * 100.0).round() as i64
}

impl Browser<'_> {
    /// Writes until `enough`, and answers each record that was acknowledged with its time.
    fn write_until(&mut self, enough: &AtomicBool, count: &AtomicUsize) -> Vec<(String, i64)> {
        let mut written = Vec::new();
        while !enough.load(Ordering::Relaxed) {
            let id = format!("{}-{}", self.name, written.len());
            let time = self.write(&id);
            if let Some((_, last)) = written.last() {
                assert!(time > *last, "{id}: {time} after {last}");
            }
            written.push((id, time));
            count.fetch_add(1, Ordering::Relaxed);
        }
        written
    }

    /// Tries until it is told that the record was written; answers its time.
    fn write(&mut self, id: &str) -> i64 {
        let body = format!(r#"[{{"id":"{id}","payload":"written by {}"}}]"#, self.name);
        loop {
            let request = self
                .cluster
                .ask(self.node, self.user, "POST", "storage/log");
            let answer = self.cluster.nodes[self.node].send(&request.body(body.as_str()));
            match answer.status {
                200 => {
                    let json: Value = serde_json::from_str(&answer.text()).unwrap();
                    assert_eq!(json["success"][0], id, "{answer:?}");
                    return centis(&json["modified"]);
                }
                401 => self.find_node(),
                503 => assert!(answer.header("Retry-After").is_some(), "{answer:?}"),
                _ => panic!("{answer:?}"),
            }
        }
    }

    fn find_node(&mut self) {
        let told = self.cluster.told(self.user).text();
        self.node = (0..2)
            .find(|node| self.cluster.url(*node) == told)
            .unwrap_or_else(|| panic!("{told} is no node"));
    }
}

/// A browser that only reads: at each sync what is newer than the time it was told before.
struct Follower<'c> {
    browser: Browser<'c>,
    since: String,
    seen: BTreeMap<String, i64>,
}

impl Follower<'_> {
    /// Syncs until `enough`, and once more.
    fn follow_until(&mut self, enough: &AtomicBool) -> BTreeMap<String, i64> {
        let mut last = false;
        while !last {
            last = enough.load(Ordering::Relaxed);
            while !self.sync() {}
        }
        std::mem::take(&mut self.seen)
    }

    /// Whether it was answered.
    fn sync(&mut self) -> bool {
        let (cluster, node, user) = (self.browser.cluster, self.browser.node, self.browser.user);
        let newer = format!("storage/log?full=1&newer={}", self.since);
        let answer = cluster.get(node, user, &newer);
        match answer.status {
            200 => {
                let records: Vec<Value> = serde_json::from_str(&answer.text()).unwrap();
                for record in records {
                    let id = record["id"].as_str().unwrap().to_owned();
                    self.seen.insert(id, centis(&record["modified"]));
                }
                let told = answer.header("X-Weave-Timestamp").unwrap();
                let (told, since): (f64, f64) =
                    (told.parse().unwrap(), self.since.parse().unwrap());
                assert!(told >= since, "{told} after {since}");
                self.since = told.to_string();
                return true;
            }
            401 => self.browser.find_node(),
            503 => assert!(answer.header("Retry-After").is_some(), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
        false
    }
}

/// Everything in the collection, by id.
fn stored(cluster: &Cluster, node: usize, user: &str) -> BTreeMap<String, i64> {
    let answer = cluster.get(node, user, "storage/log?full=1");
    assert_eq!(answer.status, 200, "{answer:?}");
    let records: Vec<Value> = serde_json::from_str(&answer.text()).unwrap();
    let count = records.len();
    let by_id: BTreeMap<String, i64> = records
        .iter()
        .map(|record| {
            let id = record["id"].as_str().unwrap().to_owned();
            (id, centis(&record["modified"]))
        })
        .collect();
    assert_eq!(by_id.len(), count, "nothing is twice");
    by_id
}

/// Does `what` while three browsers write, some before and some after, and a fourth reads; then
/// everything that was acknowledged is at `node`, once, with the time that was told, and nothing else
/// is; and the reader has been given all of it.
fn while_browsers_write(cluster: &Cluster, user: &str, node: usize, what: impl FnOnce()) {
    let (enough, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let count = AtomicUsize::new(0);
    let before = stored(cluster, 1 - node, user);
    let (written, followed): (Vec<(String, i64)>, _) = thread::scope(|scope| {
        let mut follower = Follower {
            browser: Browser {
                cluster,
                user,
                name: "reader".to_owned(),
                node: 1 - node,
            },
            since: "0".to_owned(),
            seen: BTreeMap::new(),
        };
        let done = &done;
        let follower = scope.spawn(move || follower.follow_until(done));
        let browsers: Vec<_> = ["a", "b", "c"]
            .map(|name| {
                let mut browser = Browser {
                    cluster,
                    user,
                    name: format!("{name}{node}"),
                    node: 1 - node,
                };
                let (enough, count) = (&enough, &count);
                scope.spawn(move || browser.write_until(enough, count))
            })
            .into_iter()
            .collect();
        let reach = |goal: usize| {
            // A browser that ended early has failed, and says so below.
            let fails = || browsers.iter().any(|browser| browser.is_finished());
            while count.load(Ordering::Relaxed) < goal && !fails() {
                thread::yield_now();
            }
        };
        reach(30);
        what();
        reach(count.load(Ordering::Relaxed) + 30);
        enough.store(true, Ordering::Relaxed);
        let browsers = browsers.into_iter();
        let written: Vec<_> = browsers.map(|one| one.join()).collect();
        done.store(true, Ordering::Relaxed);
        let written = written.into_iter().flat_map(Result::unwrap).collect();
        (written, follower.join().unwrap())
    });
    let mut expected = before;
    expected.extend(written);
    assert_eq!(stored(cluster, node, user), expected);
    assert_eq!(followed, expected, "a reader missed nothing");
}

#[test]
fn a_user_moves_there_and_back_while_browsers_write_and_nothing_is_lost_or_twice() {
    let cluster = Cluster::start();
    cluster.add_node(0, "5");
    cluster.add_user("ada");
    assert_eq!(cluster.told("ada").text(), cluster.url(0));
    cluster.add_node(1, "5");
    fill(&cluster);
    let short =
        r#"[{"id":"short","payload":"p","ttl":100000},{"id":"gone","payload":"p","ttl":0}]"#;
    let request = cluster.ask(0, "ada", "POST", "storage/tabs").body(short);
    assert_eq!(cluster.nodes[0].send(&request).status, 200);
    let request = cluster.ask(0, "ada", "DELETE", "storage/tabs?ids=gone");
    cluster.nodes[0].send(&request);
    let before = cluster.get(0, "ada", "info/collections").text();
    let tabs: Value = serde_json::from_str(&before).unwrap();

    while_browsers_write(&cluster, "ada", 1, || cluster.move_user(0, "ada"));
    assert_eq!(cluster.told("ada").text(), cluster.url(1));
    assert_eq!(cluster.get(0, "ada", "info/collections").status, 401);
    let after = cluster.get(1, "ada", "info/collections").text();
    let after: Value = serde_json::from_str(&after).unwrap();
    assert_eq!(after["tabs"], tabs["tabs"], "its time came along");

    while_browsers_write(&cluster, "ada", 0, || cluster.move_user(1, "ada"));
    assert_eq!(cluster.get(1, "ada", "storage/log").status, 401);
    // Nothing of hers was left at the node that she left.
    let database = cluster.at.site.path("two-data/weft.db");
    let database = rusqlite::Connection::open(database).unwrap();
    let left: i64 = database
        .query_row("SELECT count(*) FROM wbo", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_move_that_is_killed_again_and_again_ends_well_when_it_is_run_once_more() {
    let cluster = Cluster::start();
    cluster.add_node(0, "5");
    cluster.add_user("ada");
    cluster.told("ada");
    fill(&cluster);
    while_browsers_write(&cluster, "ada", 1, || {
        let command = cluster.move_command(0, "ada");
        let config = cluster.at.site.path("one.toml").display().to_string();
        for delay in [2, 5, 8, 11, 14, 17, 20, 30, 40] {
            let mut process = Command::new("setpriv");
            if let Some(account) = &cluster.at.site.account {
                process
                    .arg(format!("--reuid={}", account.uid))
                    .arg(format!("--regid={}", account.gid))
                    .args(["--clear-groups", "--"]);
            }
            let mut moving = process
                .arg(&cluster.at.program)
                .args(&command)
                .args(["--config", &config])
                .current_dir(&cluster.at.site.folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // Wherever it is by then.
            thread::sleep(Duration::from_millis(delay));
            let _ = moving.kill();
            moving.wait().unwrap();
        }
        cluster.move_user(0, "ada");
    });
}

/// Enough that the copy takes a moment.
fn fill(cluster: &Cluster) {
    for batch in 0..20 {
        let records: Vec<String> = (0..100)
            .map(|n| {
                let payload = "x".repeat(1_000);
                format!(r#"{{"id":"old-{batch}-{n}","payload":"{payload}"}}"#)
            })
            .collect();
        let body = format!("[{}]", records.join(","));
        let request = cluster.ask(0, "ada", "POST", "storage/log").body(body);
        assert_eq!(cluster.nodes[0].send(&request).status, 200);
    }
}

#[test]
fn nodes_that_share_no_accounts_move_nobody() {
    let cluster = Cluster::start();
    cluster.add_node(0, "5");
    cluster.add_user("ada");
    cluster.told("ada");
    let url = cluster.url(1);
    cluster.at.configure(
        "two",
        &format!("[data]\ndir = \"two-data\"\n[nodes]\nown = \"{url}\"\ncheck = true\n"),
    );
    let command = cluster.move_command(0, "ada");
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    let refused = cluster.at.run("one", &arguments, "");
    assert_eq!(refused.code, 1);
    assert!(refused.errors.contains("knows no user ada"), "{refused:?}");
    // Not even if somebody of that name is there by chance.
    cluster
        .at
        .run("two", &["user", "add", "ada"], "testpass")
        .expect();
    let refused = cluster.at.run("one", &arguments, "");
    assert_eq!(refused.code, 1);
    assert!(refused.errors.contains("data.accounts"), "{refused:?}");
    assert_eq!(cluster.get(0, "ada", "info/collections").status, 200);
}
