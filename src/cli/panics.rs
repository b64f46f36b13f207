//! What is said of a panic: where, and what of its message cannot come from a request.
//!
//! A panic is a fault of the program, and who mends it wants its place. But messages of `unwrap`, of
//! `assert_eq!` and of a slice that cuts a letter show the value that was at hand, and that may be a
//! password. So a message that was put together is told up to where a value begins.

use log::LevelFilter;
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::thread;

/// From now on, panics of this process are told to the log. With `RUST_BACKTRACE` the way to a panic is
/// told to standard error, too; it holds names of functions and no values.
pub fn tell_panics() {
    panic::set_hook(Box::new(tell));
}

fn tell(about: &PanicHookInfo<'_>) {
    let place = about.location().map(ToString::to_string);
    let text = format!(
        "thread {} panicked at {}: {}",
        thread::current().name().unwrap_or("without a name"),
        place.as_deref().unwrap_or("an unknown place"),
        message(about.payload())
    );
    // There is nobody left to tell that standard error is closed.
    if log::max_level() == LevelFilter::Off {
        let _ = writeln!(io::stderr(), "weft: {text}");
    } else {
        log::error!("{text}");
    }
    let way = Backtrace::capture();
    if way.status() == BacktraceStatus::Captured {
        let _ = write!(io::stderr(), "{way}");
    }
}

/// What the standard library says of its own, before a value or a number begins.
const KNOWN: [&str; 14] = [
    "assertion `left != right` failed",
    "assertion `left == right` failed",
    "begin > end ",
    "byte index ",
    "called `Option::",
    "called `Result::unwrap()` on an `Err` value",
    "called `Result::unwrap_err()` on an `Ok` value",
    "end byte index ",
    "index out of bounds: ",
    "no entry found for key",
    "range end index ",
    "range start index ",
    "slice index starts at ",
    "start byte index ",
];

/// What was written into the program as it stands, or the beginning of what the standard library has put
/// together.
fn message(payload: &dyn Any) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        return text;
    }
    let text = payload.downcast_ref::<String>().map_or("", String::as_str);
    let known = KNOWN.iter().find(|known| text.starts_with(*known));
    let Some((known, rest)) = known.and_then(|known| text.split_at_checked(known.len())) else {
        return "what it says may hold what a client sent, and is not told";
    };
    let end = rest.find([':', '`', '\'', '"', '\n']);
    &text[..known.len() + end.unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    /// Something that panics, and what is told of it.
    type Case = (fn(String), &'static str);

    /// What is told of a real panic. Its own hook says the rest to the test's output.
    fn told(panics: fn(String)) -> String {
        let secret = black_box("p\u{e4}sswort".to_owned());
        let payload = panic::catch_unwind(|| panics(secret)).unwrap_err();
        message(&*payload).to_owned()
    }

    #[test]
    fn values_are_not_told() {
        let cases: [Case; 13] = [
            (|_| panic!("as it stands"), "as it stands"),
            (
                |secret| drop(secret[..2].to_owned()),
                "end byte index 2 is not a char boundary; it is inside ",
            ),
            (
                |secret| drop(secret[100..].to_owned()),
                "start byte index 100 is out of bounds of ",
            ),
            (
                |secret| drop(secret.split_at(2).0.to_owned()),
                "end byte index 2 is not a char boundary; it is inside ",
            ),
            (
                |secret| black_box(Err(secret)).unwrap(),
                "called `Result::unwrap()` on an `Err` value",
            ),
            (
                |secret| black_box(Ok(secret)).unwrap_err(),
                "called `Result::unwrap_err()` on an `Ok` value",
            ),
            (
                |secret| assert_eq!(secret, "x"),
                "assertion `left == right` failed",
            ),
            (
                |secret| assert_ne!(secret, secret.clone(), "{secret}"),
                "assertion `left != right` failed",
            ),
            (
                |secret| drop(secret.as_bytes()[black_box(70)..].to_owned()),
                "range start index 70 out of range for slice of length 9",
            ),
            (
                |secret| assert!(secret.as_bytes()[black_box(70)] > 0),
                "index out of bounds: the len is 9 but the index is 70",
            ),
            (
                |secret| black_box(Err(secret)).expect("it is there"),
                "what it says may hold what a client sent, and is not told",
            ),
            (
                |secret| black_box(None).expect(&secret),
                "what it says may hold what a client sent, and is not told",
            ),
            (
                |secret| panic::panic_any(secret.into_bytes()),
                "what it says may hold what a client sent, and is not told",
            ),
        ];
        for (panics, expected) in cases {
            assert_eq!(told(panics), expected);
        }
    }
}
