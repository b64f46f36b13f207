//! The memcached engine against a real memcached: alive, dead, stopped, restarted, and two of them.

mod harness;

use harness::Memcached as Server;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use weft::cache::{Cache, Item, Looked, Memcached, MemcachedOptions, Replaced};

const SILENCE: Duration = Duration::from_millis(300);

/// How long a server may take that is neither stopped nor dead, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(10);

/// The usual time for a command, where a test waits until it is over.
const USUAL: Duration = Duration::from_millis(100);

fn options(server: &Server) -> MemcachedOptions {
    patient(MemcachedOptions {
        servers: vec![(server.address().ip().to_string(), server.port())],
        silence: SILENCE,
        ..MemcachedOptions::legacy("", 0)
    })
}

fn patient(options: MemcachedOptions) -> MemcachedOptions {
    MemcachedOptions {
        connect_timeout: PATIENCE,
        io_timeout: PATIENCE,
        ..options
    }
}

fn cache(server: &Server) -> Memcached {
    Memcached::new(&options(server))
}

fn item(bytes: &[u8]) -> Item<'_> {
    Item {
        bytes,
        flags: 1,
        life: 60,
    }
}

fn found(cache: &Memcached, key: &str) -> Option<Vec<u8>> {
    cache.look(key).found().map(|entry| entry.bytes)
}

/// Asks until the server is back; a silence must end by itself.
fn wait_for(cache: &Memcached) {
    told(cache, "k");
}

/// What is told about a key as soon as the server is there.
fn told(cache: &Memcached, key: &str) -> Looked {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let told = cache.look(key);
        if told != Looked::Away {
            return told;
        }
        assert!(Instant::now() < end, "it never came back");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn values_and_flags_are_kept_byte_for_byte() {
    let server = Server::start();
    let cache = cache(&server);
    assert_eq!(cache.look("k"), Looked::Missing);
    let bytes = b"a:1:{\r\nEND\r\n\0\xff}";
    cache.add("k", item(bytes));
    cache.add("k", item(b"another"));
    let entry = cache.look("k").found().unwrap();
    assert_eq!((&*entry.bytes, entry.flags), (&bytes[..], 1));
    assert_eq!(cache.replace("k", &entry, item(b"")), Replaced::Yes);
    assert_eq!(cache.replace("k", &entry, item(b"late")), Replaced::No);
    assert_eq!(found(&cache, "k").as_deref(), Some(&b""[..]));
    cache.delete("k");
    assert_eq!(cache.look("k"), Looked::Missing);
    assert_eq!(cache.replace("k", &entry, item(b"gone")), Replaced::No);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn no_key_carries_a_command() {
    let server = Server::start();
    let cache = cache(&server);
    cache.add("k", item(b"v"));
    let evil = "x\r\nflush_all\r\nget y";
    assert_eq!(cache.look(evil), Looked::Missing);
    cache.add(evil, item(b"v"));
    cache.delete(evil);
    assert_eq!(cache.look(&"k".repeat(251)), Looked::Missing);
    assert_eq!(found(&cache, "k").as_deref(), Some(&b"v"[..]));
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_value_that_the_server_refuses_does_not_make_it_dead() {
    let server = Server::start();
    let cache = cache(&server);
    let large = vec![b'x'; 2 << 20];
    for _ in 0..4 {
        cache.add("large", item(&large));
    }
    cache.add("k", item(b"v"));
    assert_eq!(found(&cache, "k").as_deref(), Some(&b"v"[..]));
    let entry = cache.look("k").found().unwrap();
    assert_eq!(cache.replace("k", &entry, item(&large)), Replaced::No);
    assert_eq!(cache.look("large"), Looked::Missing);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_dead_server_costs_next_to_nothing_and_is_found_again() {
    let mut server = Server::start();
    let cache = cache(&server);
    cache.add("k", item(b"v"));
    server.kill();
    let mut costs: Vec<Duration> = (0..1000)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(cache.look("k"), Looked::Away);
            cache.add("k", item(b"v"));
            cache.delete("k");
            start.elapsed()
        })
        .collect();
    costs.sort();
    // A machine that does much else makes some of them long.
    let usual = costs[costs.len() / 2];
    println!("three commands to a dead server: {usual:?}");
    let millisecond_each = Duration::from_millis(3);
    assert!(usual < millisecond_each, "{usual:?}");
    server.start_again();
    wait_for(&cache);
    assert_eq!(cache.look("k"), Looked::Missing);
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_stopped_server_costs_one_timeout_in_each_silence() {
    let server = Server::start();
    let silence = Duration::from_secs(30);
    let cache = Memcached::new(&MemcachedOptions {
        io_timeout: USUAL,
        silence,
        ..options(&server)
    });
    server.pause();
    let costs: Vec<Duration> = (0..2000)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(cache.look("k"), Looked::Away);
            start.elapsed()
        })
        .collect();
    println!("the first command to a stopped server: {:?}", costs[0]);
    assert!(costs[0] >= USUAL, "{costs:?}");
    // A machine that does much else, or stands still for a moment, makes some of them long.
    let long = costs.iter().filter(|cost| **cost >= USUAL).count();
    assert!(long <= 10, "{long} of {} took a timeout", costs.len());
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_server_that_goes_on_is_not_read_out_of_step() {
    let server = Server::start();
    let patient = self::cache(&server);
    for n in 0..10 {
        patient.add(&format!("k{n}"), item(n.to_string().as_bytes()));
    }
    let cache = Memcached::new(&MemcachedOptions {
        io_timeout: Duration::from_secs(1),
        ..options(&server)
    });
    // It has a connection, in which the answer may come late.
    wait_for(&cache);
    server.pause();
    assert_eq!(cache.look("k3"), Looked::Away);
    server.go_on();
    for n in (0..10).rev() {
        let told = told(&cache, &format!("k{n}"));
        let value = told.found().map(|entry| entry.bytes);
        assert_eq!(value, Some(n.to_string().into_bytes()));
    }
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_restart_between_two_commands_is_not_noticed() {
    let mut server = Server::start();
    let cache = cache(&server);
    cache.add("k", item(b"v"));
    for _ in 0..3 {
        server.kill();
        server.start_again();
        assert_eq!(cache.look("k"), Looked::Missing);
        cache.add("k", item(b"v"));
        assert_eq!(found(&cache, "k").as_deref(), Some(&b"v"[..]));
    }
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn one_dead_server_of_two_leaves_the_keys_of_the_other() {
    let [mut one, two] = Server::start_at(["127.0.0.1", "127.0.0.2"]);
    let options = MemcachedOptions::legacy("127.0.0.1:127.0.0.2", one.port());
    let cache = Memcached::new(&patient(options));
    // Where PHP puts them.
    for (key, server) in [("coll:111", &one), ("coll:888", &two)] {
        cache.add(key, item(b"v"));
        assert_eq!(server.get(key), format!("VALUE {key} 1 1\r\nv\r\n"));
    }
    one.kill();
    assert_eq!(cache.look("coll:111"), Looked::Away);
    assert_eq!(found(&cache, "coll:888").as_deref(), Some(&b"v"[..]));
    assert_eq!(two.get("coll:111"), "");
}

#[test]
#[cfg_attr(without = "memcached", ignore = "memcached is not installed")]
fn a_living_server_is_quick_and_takes_many_at_once() {
    let server = Server::start();
    let cache = cache(&server);
    let value = vec![b'x'; 600];
    cache.add("k", item(&value));
    let start = Instant::now();
    for _ in 0..1000 {
        assert!(cache.look("k").found().is_some());
    }
    println!("a look at 600 bytes: {:?}", start.elapsed() / 1000);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let cache = &cache;
            scope.spawn(move || {
                for n in 0..50 {
                    let key = format!("{thread}-{n}");
                    cache.add(&key, item(key.as_bytes()));
                    assert_eq!(found(cache, &key), Some(key.into_bytes()));
                }
            });
        }
    });
}

/// A server that knows text commands alone and holds `v` in every key. It answers a meta command with
/// `refusal`, or closes the connection where that is empty, and tells the first word of all that it is sent.
/// While `away`, it closes every connection at once.
fn old_server(refusal: &'static str, away: Arc<AtomicBool>) -> (Memcached, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, tell) = (stream.unwrap(), tell.clone());
            if !away.load(SeqCst) {
                std::thread::spawn(move || talk(&stream, refusal, &tell));
            }
        }
    });
    let options = MemcachedOptions {
        silence: SILENCE,
        ..MemcachedOptions::legacy("127.0.0.1", port)
    };
    (Memcached::new(&patient(options)), told)
}

fn talk(mut stream: &TcpStream, refusal: &str, tell: &mpsc::Sender<String>) {
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        let mut words = line.split(' ');
        let command = words.next().unwrap_or_default();
        let _ = tell.send(command.to_owned());
        let answer = match (command, words.next()) {
            ("gets", Some(key)) => format!("VALUE {key} 1 1 5\r\nv\r\nEND\r\n"),
            _ if refusal.is_empty() => return,
            _ => refusal.to_owned(),
        };
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// Old servers don't know meta commands; early forms of them were others; proxies may hang up.
const REFUSALS: [&str; 4] = ["ERROR\r\n", "VA vfc 1 1 5\r\nv\r\n", "END\r\n", ""];

#[test]
fn a_server_without_meta_commands_is_asked_for_one_once() {
    for refusal in REFUSALS {
        let (cache, told) = old_server(refusal, Arc::default());
        for _ in 0..3 {
            let entry = cache.look("k").found().unwrap();
            assert_eq!(
                (&*entry.bytes, entry.flags, entry.version),
                (&b"v"[..], 1, 5)
            );
        }
        let told: Vec<String> = told.try_iter().collect();
        assert_eq!(told, ["mg", "gets", "gets", "gets"], "{refusal:?}");
    }
}

#[test]
fn a_server_without_meta_commands_that_was_away_at_first_is_found_again() {
    for refusal in REFUSALS {
        let away = Arc::new(AtomicBool::new(true));
        let (cache, _told) = old_server(refusal, Arc::clone(&away));
        for _ in 0..3 {
            assert_eq!(cache.look("k"), Looked::Away, "{refusal:?}");
        }
        away.store(false, SeqCst);
        wait_for(&cache);
        assert_eq!(
            found(&cache, "k").as_deref(),
            Some(&b"v"[..]),
            "{refusal:?}"
        );
    }
}
