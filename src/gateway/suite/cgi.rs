//! The CGI door, asked as Apache's mod_cgi asks.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{Call, Door, Double, Outcome, Reply};
use crate::gateway::environment::decode_path;

pub(super) struct Cgi;

impl Door for Cgi {
    fn name(&self) -> &'static str {
        "CGI"
    }

    fn call(&self, call: &Call) -> Outcome {
        // More input than the body: it must not be touched.
        let mut input = call.body.clone();
        input.extend_from_slice(b"THE NEXT ONE");
        let mut input = io::Cursor::new(input);
        let outcome = run(&variables(call), &mut input);
        assert_eq!(input.position(), call.body.len() as u64);
        outcome
    }
}

fn run(variables: &[(Vec<u8>, Vec<u8>)], input: impl Read + Send) -> Outcome {
    let owned = |bytes: &Vec<u8>| OsString::from_vec(bytes.clone());
    let environment: Vec<_> = variables
        .iter()
        .map(|(n, v)| (owned(n), owned(v)))
        .collect();
    let mut output = Vec::new();
    crate::gateway::cgi::serve(&Double, &environment, input, &mut output)?;
    reply(&output)
}

/// What Apache would set for a call, mounted at `/weft.cgi`.
pub(super) fn variables(call: &Call) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (path, query) = call.url.split_once('?').unwrap_or((&call.url, ""));
    let mut variables: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (b"GATEWAY_INTERFACE".into(), b"CGI/1.1".into()),
        (b"REQUEST_METHOD".into(), call.method.into()),
        (b"SCRIPT_NAME".into(), b"/weft.cgi".into()),
        (b"PATH_INFO".into(), decode_path(path.as_bytes()).unwrap()),
        (b"QUERY_STRING".into(), query.into()),
        (
            b"REQUEST_URI".into(),
            format!("/weft.cgi{}", call.url).into(),
        ),
        (b"REMOTE_ADDR".into(), b"127.0.0.1".into()),
    ];
    if !call.body.is_empty() {
        variables.push((b"CONTENT_LENGTH".into(), call.body.len().to_string().into()));
    }
    for (name, value) in &call.headers {
        let name = name.to_ascii_uppercase().replace('-', "_");
        let plain = name == "CONTENT_TYPE" || name == "CONTENT_LENGTH";
        let name = if plain { name } else { format!("HTTP_{name}") };
        variables.push((name.into(), value.clone()));
    }
    variables
}

/// Reads an answer as a front server does.
pub(super) fn reply(output: &[u8]) -> Outcome {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
    let text = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut headers: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
    let status = headers.remove(0);
    let number = status
        .strip_prefix("Status: ")
        .and_then(|rest| rest.get(..3))
        .unwrap();
    let reply = Reply {
        status: number.parse().unwrap(),
        headers,
        body: output[end + 4..].to_vec(),
    };
    Ok(reply)
}

#[test]
fn no_more_than_the_body_is_read_and_without_a_length_nothing() {
    struct Untouchable;
    impl Read for Untouchable {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("the input was read")
        }
    }
    let reply = run(&variables(&Call::get("/echo")), Untouchable).unwrap();
    assert_eq!(reply.status, 200);
}

#[test]
fn a_body_nobody_wants_is_taken_off_the_front_server_s_hands() {
    let mut input = io::Cursor::new(b"too much, and more".to_vec());
    let call = Call::post("/bytes", "too much");
    assert_eq!(run(&variables(&call), &mut input).unwrap().text(), "whole");
    assert_eq!(input.position(), 8);
}

#[test]
fn a_chunked_upload_is_read_to_the_end_of_the_input() {
    let call = Call::get("/echo").with("Transfer-Encoding", "chunked");
    let reply = run(&variables(&call), &b"no length"[..]).unwrap();
    assert!(reply.text().ends_with("\nno length"), "{}", reply.text());
}

#[test]
fn an_input_shorter_than_its_length_is_a_broken_body() {
    let reply = run(&variables(&Call::post("/echo", "12345")), &b"123"[..]).unwrap();
    assert_eq!(
        (reply.status, reply.text().as_str()),
        (400, "broken: UnexpectedEof")
    );
}

#[test]
fn what_http_cannot_hold_is_400() {
    let call = Call::get("/bytes").with("X-A", "a\nb");
    let reply = run(&variables(&call), io::empty()).unwrap();
    assert_eq!((reply.status, reply.text().as_str()), (400, "\"\""));
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    struct Gone;
    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for url in ["/bytes", "/stream?100000", "/panic"] {
        let environment: Vec<_> = variables(&Call::get(url))
            .iter()
            .map(|(n, v)| {
                [n, v]
                    .map(|b| std::ffi::OsStr::from_bytes(b).to_owned())
                    .into()
            })
            .collect();
        let served = crate::gateway::cgi::serve(&Double, &environment, io::empty(), &mut Gone);
        assert_eq!(
            served.unwrap_err().kind(),
            io::ErrorKind::BrokenPipe,
            "{url}"
        );
    }
}
