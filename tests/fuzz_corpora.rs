//! Every input that the fuzzers found worth keeping, through the same functions as theirs.
//!
//! `fuzz/corpus/` holds a few dozen for each kind of input; what once broke something is among them.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

fn runs(name: &str) {
    let (_, target) = targets::ALL
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a target of that name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let files = fs::read_dir(&folder).expect("each target has a corpus");
    let mut inputs: Vec<_> = files.flatten().map(|file| file.path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 5, "{}: {}", folder.display(), inputs.len());
    for input in inputs {
        let bytes = fs::read(&input).unwrap();
        // What a failure is about.
        println!("{}", input.display());
        target(&bytes);
    }
}

macro_rules! corpora {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            runs(stringify!($name));
        })*

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),*];
            let all = targets::ALL.map(|(name, _)| name);
            assert_eq!(run.as_slice(), all.as_slice());
        }
    };
}

corpora! {
    fastcgi_records
    cgi_environment
    paths
    basic_credentials
    wbo_json
    query_strings
    accept_headers
    php_serialized
    php_constants
    ldap_names
    cookies
    forms
}
