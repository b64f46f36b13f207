//! Every way into the program carries the same requests to it and the same answers back.
//!
//! Each test runs through the built-in server, Apache in five forms and nginx, all real, with the
//! very files of `apache/`. What is asserted here is what a gateway can spoil: credentials, encoded
//! paths, prefixes, large bodies, chunks, HEAD, redirects, and files that nobody may read. What the
//! answers mean is the business of other tests.

#[macro_use]
mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use harness::browser::Profile;
use harness::http::{Connection, Request, Response};
use harness::{Gateway, Server};
use serde_json::{Value, json};

through_every_gateway! {
    answers_the_heartbeat
    brings_credentials_to_the_program
    keeps_every_printable_character_of_an_id
    works_under_any_prefix
    works_over_a_connection_that_is_kept
    takes_an_ordinary_upload_of_300_kilobytes
    refuses_or_applies_20_megabytes_as_it_says
    takes_an_upload_in_chunks
    answers_head_without_a_body
    never_redirects_for_a_slash
    hands_out_no_file_of_the_program_folder
}

fn answers_the_heartbeat(server: &Server) {
    let answer = server.send(&plain("GET", server, "__heartbeat__"));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn brings_credentials_to_the_program(server: &Server) {
    let profile = Profile::registered(server, "credentials");
    let wrong = Profile {
        password: "another password".to_owned(),
        ..profile.clone()
    };
    let collections = "info/collections";
    let right = server.send(&profile.desktop().get(collections));
    assert_eq!((right.status, right.text().as_str()), (200, "{}"));
    assert_eq!(server.send(&wrong.desktop().get(collections)).status, 401);
    let nobody = plain("GET", server, "1.1/credentials/info/collections");
    assert_eq!(server.send(&nobody).status, 401);
}

fn keeps_every_printable_character_of_an_id(server: &Server) {
    let profile = Profile::registered(server, "printable");
    let printable: Vec<u8> = (b' '..=b'~').filter(|byte| *byte != b'/').collect();
    let mut ids: Vec<String> = printable
        .chunks(32)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    ids.extend(["zażółć-日本", "100%25", "{8b6e-4c}", "a+b c", "..%2e"].map(str::to_owned));
    for id in &ids {
        let path = format!("storage/odd/{}", percent_encoded(id));
        let written = server.send(&profile.desktop().put(&path, br#"{"payload":"x"}"#));
        assert_eq!(written.status, 200, "{id:?}: {written:?}");
        let read = json_of(&server.send(&profile.desktop().get(&path)));
        assert_eq!(read["id"], json!(id));
    }
    assert_eq!(
        stored_ids(server, &profile, "odd"),
        ids.into_iter().collect()
    );
}

fn works_under_any_prefix(server: &Server) {
    let profile = Profile::registered(server, "prefix");
    for more in ["index.php/", "sync/index.php/"] {
        let elsewhere = profile.below(more);
        let collections = server.send(&elsewhere.desktop().get("info/collections"));
        assert_eq!(
            (collections.status, collections.text().as_str()),
            (200, "{}"),
            "{more}"
        );
        let taken = server.send(&elsewhere.desktop().exists());
        assert_eq!((taken.status, taken.text().as_str()), (200, "1"), "{more}");
    }
}

fn works_over_a_connection_that_is_kept(server: &Server) {
    let profile = Profile::registered(server, "kept");
    let mut line = Connection::open(server.address()).expect("the server takes connections");
    let mut ask = |request: &Request| line.exchange(request).expect("the connection is kept");
    for number in 0..3 {
        let record = format!(r#"{{"id":"{number}","payload":"{number}"}}"#);
        let written = ask(&profile.android().post("storage/kept", &[&record]));
        assert_eq!(written.status, 200, "{written:?}");
        let read = json_of(&ask(&profile
            .android()
            .get(&format!("storage/kept/{number}"))));
        assert_eq!(read["payload"], json!(number.to_string()));
    }
}

fn takes_an_ordinary_upload_of_300_kilobytes(server: &Server) {
    let profile = Profile::registered(server, "ordinary");
    let batch = batch(100, 3_000);
    let answer = server.send(&profile.desktop().post("storage/history", &batch));
    if server
        .gateway
        .body_limit()
        .is_some_and(|limit| limit < batch.len())
    {
        // The host's own refusal: why the files recommend the CGI form.
        assert_eq!(answer.status, 500);
        assert_eq!(stored_ids(server, &profile, "history"), BTreeSet::new());
    } else {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(succeeded(&answer).len(), 100);
        assert_eq!(stored_ids(server, &profile, "history"), succeeded(&answer));
    }
}

fn refuses_or_applies_20_megabytes_as_it_says(server: &Server) {
    let profile = Profile::registered(server, "large");
    let batch = batch(80, 250_000);
    let answer = server.send(&profile.desktop().post("storage/history", &batch));
    let said = match answer.status {
        200 => {
            let failed = json_of(&answer)["failed"]
                .as_object()
                .expect("an object")
                .len();
            assert_eq!(
                succeeded(&answer).len() + failed,
                80,
                "every record is accounted for"
            );
            succeeded(&answer)
        }
        400.. => BTreeSet::new(),
        _ => panic!("neither success nor refusal: {answer:?}"),
    };
    assert_eq!(stored_ids(server, &profile, "history"), said);
    let next = server.send(&profile.desktop().get("info/collections"));
    assert_eq!(next.status, 200, "the next request works: {next:?}");
}

fn takes_an_upload_in_chunks(server: &Server) {
    let profile = Profile::registered(server, "chunks");
    let mut request = profile.desktop().post("storage/forms", b"");
    request.headers.retain(|(name, _)| name != "Content-Length");
    let body = batch(20, 1_000);
    let chunks: Vec<&[u8]> = body.chunks(700).collect();
    let answer = server.send(&request.chunked(&chunks));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(succeeded(&answer).len(), 20);
    assert_eq!(stored_ids(server, &profile, "forms"), succeeded(&answer));
}

fn answers_head_without_a_body(server: &Server) {
    let mut line = Connection::open(server.address()).expect("the server takes connections");
    let head = line
        .exchange(&plain("HEAD", server, "__heartbeat__"))
        .expect("an answer");
    assert_eq!(head.status, 200, "{head:?}");
    // A body after the headers would be taken for the beginning of the next answer.
    let next = line
        .exchange(&plain("GET", server, "__heartbeat__"))
        .expect("another answer");
    assert_eq!(next.status, 200, "{next:?}");
}

fn never_redirects_for_a_slash(server: &Server) {
    let profile = Profile::registered(server, "slashes");
    for path in [
        "info/collections",
        "info/quota",
        "storage/bookmarks",
        "storage/meta/global",
    ] {
        let without = server.send(&profile.desktop().get(path));
        let with = server.send(&profile.desktop().get(&format!("{path}/")));
        assert!(
            without.status == 200 || without.status == 404,
            "{path}: {without:?}"
        );
        assert_eq!(
            (with.status, &with.body),
            (without.status, &without.body),
            "{path}/"
        );
        assert_eq!(
            (with.header("Location"), without.header("Location")),
            (None, None),
            "{path}"
        );
    }
    let checked = server.send(&profile.android().check_password());
    assert_eq!((checked.status, checked.text().as_str()), (200, "{}"));
}

fn hands_out_no_file_of_the_program_folder(server: &Server) {
    Profile::registered(server, "files");
    let data = files_below(&server.data_folder());
    assert!(
        !data.is_empty(),
        "the account is stored in {}",
        server.data_folder().display()
    );
    let below = |path: &Path| {
        let path = path
            .strip_prefix(server.program_folder())
            .expect("it is in the folder");
        path.to_str().expect("names are ASCII").to_owned()
    };
    let files = files_below(server.program_folder());
    let mut paths: Vec<String> = files.iter().map(|path| below(path)).collect();
    for path in &data {
        let path = below(path);
        paths.push(path.replacen('-', "%2D", 1));
        paths.push(path.replacen('/', "//", 1));
        paths.push(format!("1.1/../{path}"));
        paths.push(format!("1.1/%2e%2e/{path}"));
    }
    paths.extend(["", "weft-data", "weft-data/", "weft.toml", ".htaccess"].map(str::to_owned));
    for path in paths {
        let target = format!("{}{path}", server.folder_prefix());
        let answer = server.send(&Request::new("GET", target).header("Host", server.host()));
        let secret = files.iter().any(|file| shows(&answer, file));
        assert!(!secret, "{path} hands out a file: {}", answer.status);
        let listing = answer.text().contains("Index of");
        assert!(!listing, "{path} lists the folder");
    }
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn the_wrapper_script_starts_the_program_with_its_settings() {
    let server = Gateway::ModFcgidWrapped.start("");
    assert_eq!(
        server.send(&plain("GET", &server, "__heartbeat__")).status,
        200
    );
    let workers = server.worker_pids();
    assert!(
        !workers.is_empty(),
        "the program took the place of the script"
    );
    for worker in workers {
        let environment = fs::read(format!("/proc/{worker}/environ")).expect("it still runs");
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let settings = environment
            .split('\0')
            .find(|line| line.starts_with("WEFT_CONFIG="));
        assert!(
            settings.is_some_and(|line| line.ends_with("/elsewhere.toml")),
            "{settings:?}"
        );
    }
}

#[test]
fn a_server_is_gone_when_its_test_is() {
    let server = Gateway::Builtin.start("");
    let address = server.address();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}

/// A request without anything that a browser would add.
fn plain(method: &str, server: &Server, path: &str) -> Request {
    Request::new(method, format!("{}{path}", server.prefix())).header("Host", server.host())
}

/// The body of a POST: that many records with payloads of that many bytes.
fn batch(records: usize, payload: usize) -> Vec<u8> {
    let payload = "p".repeat(payload);
    let records: Vec<Value> = (0..records)
        .map(|id| json!({ "id": format!("r{id:03}"), "payload": payload }))
        .collect();
    Value::from(records).to_string().into_bytes()
}

fn stored_ids(server: &Server, profile: &Profile, collection: &str) -> BTreeSet<String> {
    let answer = server.send(&profile.desktop().get(&format!("storage/{collection}")));
    strings(&json_of(&answer))
}

fn succeeded(answer: &Response) -> BTreeSet<String> {
    strings(&json_of(answer)["success"])
}

fn strings(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter()
        .map(|item| item.as_str().expect("a string").to_owned())
        .collect()
}

fn json_of(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}

/// Whether the answer holds the beginning of the file.
fn shows(answer: &Response, file: &Path) -> bool {
    let content = fs::read(file).unwrap_or_default();
    let beginning = &content[..content.len().min(16)];
    !beginning.is_empty()
        && answer
            .body
            .windows(beginning.len())
            .any(|part| part == beginning)
}
