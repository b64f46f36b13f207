//! What PHP did shows, what Weft did shows to PHP, and nothing goes back when the cache does.

use super::{bench, memcached};
use crate::harness::Memcached as Server;
use crate::storage_suite::{Bench, ManualClock, bare, full, ids_query, name};
use weft::sync::{Query, Timestamp, Ttl};

const NOW: i64 = ManualClock::START.centis();

struct Beside {
    server: Server,
    bench: Bench,
}

fn beside() -> Beside {
    let server = Server::start();
    let bench = bench(server.port());
    Beside { server, bench }
}

fn at(centis: i64) -> Timestamp {
    Timestamp::from_centis(centis)
}

impl Beside {
    fn user(&self) -> u32 {
        self.bench.user.number()
    }

    fn cached(&self, key: &str) -> String {
        let answer = self.server.get(&format!("{key}:{}", self.user()));
        match answer.split_once("\r\n") {
            Some((head, value)) => {
                assert!(head.contains(" 1 "), "the flag of serialize() in {head}");
                value.trim_end().to_owned()
            }
            None => String::new(),
        }
    }

    fn php_sets(&self, key: &str, value: &str) {
        self.server.set(&format!("{key}:{}", self.user()), 1, value);
    }

    fn php_has(&self, key: &str, value: &str) {
        assert_eq!(self.cached(key), value);
    }

    fn times(&self) -> Vec<(String, i64)> {
        let mut account = self.bench.storage.read_account(self.bench.user).unwrap();
        let times = account.times().unwrap().into_iter();
        times
            .map(|(name, time)| (name.to_string(), time.centis()))
            .collect()
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let mut account = self.bench.storage.read_account(self.bench.user).unwrap();
        let counts = account.counts().unwrap().into_iter();
        counts
            .map(|(name, count)| (name.to_string(), count))
            .collect()
    }

    fn tabs(&self) -> Vec<(String, String)> {
        let ids = self.bench.ids("tabs", &Query::default()).into_iter();
        ids.map(|id| {
            let payload = self.bench.get("tabs", &id).unwrap().payload.unwrap();
            (id, payload)
        })
        .collect()
    }

    fn pass(&self, seconds: i64) {
        self.bench.clock.as_ref().unwrap().move_seconds(seconds);
    }
}

fn pairs<const N: usize>(list: [(&str, &str); N]) -> Vec<(String, String)> {
    list.map(|(id, payload)| (id.to_owned(), payload.to_owned()))
        .to_vec()
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_write_is_told_to_php_in_its_own_bytes() {
    let beside = beside();
    beside.bench.put("foo", &[full("a", "x")]);
    let first = format!("s:3:\"foo\";a:2:{{i:0;s:12:\"{NOW}\";i:1;s:1:\"1\";}}");
    beside.php_has("coll", &format!("a:1:{{{first}}}"));
    beside.pass(1);
    let time = beside
        .bench
        .put("history", &[full("a", "x"), full("b", "y")]);
    let second = format!(
        "s:7:\"history\";a:2:{{i:0;d:{};i:1;s:1:\"2\";}}",
        time.centis()
    );
    beside.php_has("coll", &format!("a:2:{{{first}{second}}}"));
    beside.pass(1);
    let (time, _) = beside.bench.delete("history", &Query::default());
    let emptied = format!(
        "s:7:\"history\";a:2:{{i:0;d:{};i:1;s:1:\"0\";}}",
        time.centis()
    );
    beside.php_has("coll", &format!("a:2:{{{first}{emptied}}}"));
    beside
        .bench
        .storage
        .delete_records(beside.bench.user)
        .unwrap();
    beside.php_has("coll", "");
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_deletion_by_php_is_told_and_stays_told_when_the_cache_is_emptied() {
    let beside = beside();
    beside.bench.put("foo", &[full("a", "x"), full("b", "y")]);
    beside.pass(10);
    let deletion = NOW + 500;
    // PHP deleted a record; the time is nowhere in the database.
    beside.php_sets(
        "coll",
        &format!("a:1:{{s:3:\"foo\";a:2:{{i:0;d:{deletion};i:1;s:1:\"1\";}}}}"),
    );
    let told = beside.times();
    assert!(told[0].1 >= deletion, "{told:?}");
    beside.server.flush();
    assert!(beside.times() >= told);
    let account = beside
        .bench
        .storage
        .read_account(beside.bench.user)
        .unwrap();
    drop(account);
    assert!(beside.bench.put("foo", &[full("c", "z")]).centis() > told[0].1);
    assert_eq!(beside.counts(), [("foo".to_owned(), 3)]);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_precondition_sees_a_deletion_by_php() {
    let beside = beside();
    let before = beside.bench.put("foo", &[full("a", "x")]);
    beside.pass(10);
    let deletion = NOW + 500;
    beside.php_sets(
        "coll",
        &format!("a:1:{{s:3:\"foo\";a:2:{{i:0;d:{deletion};i:1;s:1:\"0\";}}}}"),
    );
    let mut session = beside.bench.write("foo");
    assert_eq!(session.modified().unwrap(), Some(at(deletion)));
    assert!(session.modified().unwrap() > Some(before));
    assert!(session.time() > at(deletion));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn an_entry_that_is_older_than_the_database_is_not_believed_and_repaired() {
    let beside = beside();
    beside.bench.put("foo", &[full("a", "x")]);
    let stale = beside.cached("coll");
    beside.pass(10);
    let time = beside.bench.put("foo", &[full("b", "x")]);
    beside.php_sets("coll", &stale);
    assert_eq!(beside.times(), [("foo".to_owned(), time.centis())]);
    beside.php_has(
        "coll",
        &format!(
            "a:1:{{s:3:\"foo\";a:2:{{i:0;s:12:\"{}\";i:1;s:1:\"2\";}}}}",
            time.centis()
        ),
    );
    // A list that lacks a collection is as bad as an old one.
    beside.php_sets("coll", "a:1:{s:3:\"bar\";a:2:{i:0;i:5;i:1;s:1:\"1\";}}");
    assert_eq!(beside.counts(), [("foo".to_owned(), 2)]);
    assert!(beside.cached("coll").contains("s:3:\"foo\""));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn what_is_no_value_of_php_changes_no_answer() {
    let beside = beside();
    let time = beside.bench.put("foo", &[full("a", "x")]);
    let far = format!(
        "a:1:{{s:3:\"foo\";a:2:{{i:0;d:{};i:1;s:1:\"1\";}}}}",
        NOW * 2
    );
    for junk in ["", "junk", "a:1:{", "O:1:\"X\":0:{}", "b:0;", &far] {
        beside.php_sets("coll", junk);
        beside.php_sets("tabs", junk);
        assert_eq!(
            beside.times(),
            [("foo".to_owned(), time.centis())],
            "{junk}"
        );
        assert_eq!(beside.tabs(), [], "{junk}");
    }
    beside.bench.put("foo", &[full("b", "x")]);
    assert_eq!(beside.counts(), [("foo".to_owned(), 2)]);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_tab_that_php_stored_is_there_and_outlives_the_cache() {
    let beside = beside();
    let (one, two) = (NOW - 300, NOW - 200);
    beside.php_sets(
        "tabs",
        &format!(
            "a:2:{{s:4:\"tab1\";a:2:{{i:0;d:{one};i:1;s:6:\"one é\";}}\
             i:12;a:2:{{i:0;d:{two};i:1;s:3:\"two\";}}}}"
        ),
    );
    assert_eq!(beside.counts(), [("tabs".to_owned(), 2)]);
    assert!(beside.times()[0].1 >= two);
    let expected = pairs([("12", "two"), ("tab1", "one é")]);
    assert_eq!(beside.tabs(), expected);
    let told = beside.times();
    beside.server.flush();
    assert_eq!(beside.tabs(), expected);
    assert!(beside.times() >= told);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_tab_that_weft_stored_is_there_for_php_beside_phps_own() {
    let beside = beside();
    beside.php_sets(
        "tabs",
        &format!(
            "a:1:{{s:3:\"php\";a:2:{{i:0;d:{};i:1;s:1:\"p\";}}}}",
            NOW - 300
        ),
    );
    let time = beside.bench.put("tabs", &[full("weft", "w")]).centis();
    beside.php_has(
        "tabs",
        &format!(
            "a:2:{{s:3:\"php\";a:2:{{i:0;i:{time};i:1;s:1:\"p\";}}\
             s:4:\"weft\";a:2:{{i:0;i:{time};i:1;s:1:\"w\";}}}}"
        ),
    );
    assert!(beside.cached("coll").contains("s:4:\"tabs\";a:2:{i:0;"));
    beside.server.flush();
    beside.bench.put("tabs", &[full("weft", "w2")]);
    assert!(beside.cached("tabs").contains("\"p\"") && beside.cached("tabs").contains("w2"));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn of_two_tabs_with_one_id_the_later_wins() {
    let beside = beside();
    beside.bench.put("tabs", &[full("t", "weft")]);
    beside.php_sets(
        "tabs",
        &format!(
            "a:1:{{s:1:\"t\";a:2:{{i:0;d:{};i:1;s:3:\"old\";}}}}",
            NOW - 100
        ),
    );
    assert_eq!(beside.tabs(), pairs([("t", "weft")]));
    beside.pass(10);
    beside.php_sets(
        "tabs",
        &format!(
            "a:1:{{s:1:\"t\";a:2:{{i:0;d:{};i:1;s:3:\"new\";}}}}",
            NOW + 900
        ),
    );
    assert_eq!(beside.tabs(), pairs([("t", "new")]));
    // A write without payload merges with what PHP stored.
    let mut touch = bare("t");
    (touch.sortindex, touch.touch) = (Some(5), true);
    beside.bench.put("tabs", &[touch]);
    assert_eq!(beside.tabs(), pairs([("t", "new")]));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_tab_that_weft_deleted_is_gone_for_php() {
    let beside = beside();
    let both = format!(
        "a:2:{{s:1:\"a\";a:2:{{i:0;d:{0};i:1;s:1:\"x\";}}s:1:\"b\";a:2:{{i:0;d:{0};i:1;s:1:\"y\";}}}}",
        NOW - 300
    );
    beside.php_sets("tabs", &both);
    assert_eq!(beside.bench.delete("tabs", &ids_query(&["a"])).1, 1);
    assert!(!beside.cached("tabs").contains("s:1:\"a\""));
    assert_eq!(beside.tabs(), pairs([("b", "y")]));
    assert_eq!(beside.bench.delete("tabs", &Query::default()).1, 1);
    beside.php_has("tabs", "");
    assert_eq!((beside.tabs(), beside.counts()), (vec![], vec![]));
    // A PHP host that read before and stores after is late by minutes at most.
    beside.pass(1000);
    beside.bench.put("tabs", &[full("c", "z")]);
    beside.php_sets("tabs", &both);
    assert_eq!(beside.tabs(), pairs([("c", "z")]));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_tab_whose_life_is_over_does_not_come_back_from_the_cache() {
    let beside = beside();
    let mut short = full("short", "x");
    short.ttl = Ttl::from_seconds(5);
    beside.bench.put("tabs", &[short]);
    beside.pass(10);
    assert_eq!((beside.tabs(), beside.counts()), (vec![], vec![]));
    beside.bench.put("tabs", &[full("long", "y")]);
    assert!(!beside.cached("tabs").contains("short"));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_tab_that_php_deleted_is_gone_for_weft() {
    let beside = beside();
    beside.bench.put("tabs", &[full("a", "x"), full("b", "y")]);
    beside.pass(10);
    let left = format!("a:1:{{s:1:\"b\";a:2:{{i:0;d:{NOW};i:1;s:1:\"y\";}}}}");
    beside.php_sets("tabs", &left);
    let count = |number: u32, time: i64| {
        format!("a:1:{{s:4:\"tabs\";a:2:{{i:0;d:{time};i:1;s:1:\"{number}\";}}}}")
    };
    beside.php_sets("coll", &count(1, NOW + 500));
    assert_eq!(beside.tabs(), pairs([("b", "y")]));
    beside.pass(10);
    // Of the last one PHP tells in the list only.
    beside.php_sets("coll", &count(0, NOW + 1500));
    assert_eq!((beside.tabs(), beside.counts()), (vec![], vec![]));
    beside.bench.put("tabs", &[full("c", "z")]);
    assert_eq!(beside.tabs(), pairs([("c", "z")]));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_tab_that_php_lost_stays() {
    let beside = beside();
    beside.bench.put("tabs", &[full("a", "x")]);
    beside.server.flush();
    assert_eq!(beside.tabs(), pairs([("a", "x")]));
    // A PHP host stored another one in the empty cache.
    let time = NOW + 100;
    beside.pass(10);
    beside.php_sets(
        "tabs",
        &format!("a:1:{{s:1:\"b\";a:2:{{i:0;d:{time};i:1;s:1:\"y\";}}}}"),
    );
    beside.php_sets(
        "coll",
        &format!("a:1:{{s:4:\"tabs\";a:2:{{i:0;d:{time};i:1;s:1:\"1\";}}}}"),
    );
    assert_eq!(beside.tabs(), pairs([("a", "x"), ("b", "y")]));
    assert!(beside.cached("tabs").contains("s:1:\"a\""));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn the_whole_storage_deleted_takes_phps_tabs_along() {
    let beside = beside();
    let tabs = format!("a:1:{{s:1:\"b\";a:2:{{i:0;d:{NOW};i:1;s:1:\"y\";}}}}");
    beside.php_sets("tabs", &tabs);
    beside
        .bench
        .storage
        .delete_records(beside.bench.user)
        .unwrap();
    assert_eq!((beside.tabs(), beside.counts()), (vec![], vec![]));
    beside.php_sets("tabs", &tabs);
    beside.bench.storage.forget_user(beside.bench.user).unwrap();
    assert_eq!((beside.tabs(), beside.counts()), (vec![], vec![]));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_cache_that_comes_back_stale_sets_nothing_back() {
    let Beside { server, bench } = beside();
    bench.put("foo", &[full("a", "x")]);
    let key = format!("coll:{}", bench.user);
    let stale = server.get(&key);
    let stale = stale.split_once("\r\n").unwrap().1.trim_end();
    server.pause();
    bench.clock.as_ref().unwrap().move_seconds(10);
    let time = bench.put("foo", &[full("b", "x")]);
    assert_eq!(bench.listed(bench.user), ["foo"]);
    server.go_on();
    server.set(&key, 1, stale);
    let again = weft::cache::Cache::look(&*memcached(server.port()), &key);
    assert_eq!(again.found().unwrap().bytes, stale.as_bytes());
    let mut account = bench.storage.read_account(bench.user).unwrap();
    assert_eq!(account.times().unwrap(), [(name("foo"), time)]);
}
