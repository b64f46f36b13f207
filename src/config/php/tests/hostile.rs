//! Files that no operator would write: none may make the reading fail.

use super::deployment::{DEFAULTS, SHARDS};
use super::*;
use crate::config::php_mapping::to_toml;

#[test]
fn hostile_nesting_neither_overflows_nor_takes_long() {
    for piece in [
        "(",
        "{",
        "[",
        "!",
        "-",
        "if (1) ",
        "if (1) {",
        "switch (1) { case ",
        "f(",
        "$a = ",
    ] {
        let bomb = read(&piece.repeat(100_000));
        assert!(!bomb.findings.is_empty(), "{piece}");
    }
    let chain = format!("define('X', 1{});", "+1".repeat(50_000));
    assert_eq!(x(&chain), PhpScalar::Int(50_001));
    let doubling = format!(
        "$a = 'x'; {} define('X', $a);",
        "$a = $a . $a; ".repeat(1000)
    );
    assert_eq!(read(&doubling).global.get("X"), None);
    let elses = format!(
        "if (0) {{}} {} else define('X', 1);",
        "elseif (0) {} ".repeat(10_000)
    );
    assert_eq!(x(&elses), PhpScalar::Int(1));
}

#[test]
fn no_mutation_of_the_files_panics_and_the_result_is_always_valid_toml() {
    let mut random = crate::cache::php_value::tests::Xorshift(0xdead_beef);
    let pieces: [&[u8]; 12] = [
        b"'",
        b"\"",
        b"(",
        b")",
        b"{",
        b"}",
        b";",
        b"*/",
        b"?>",
        b"<<<A\n",
        b"\xff",
        b"$_SERVER['HTTP_HOST']",
    ];
    let mut with_values = 0;
    for _ in 0..1_500 {
        let (mut defaults, mut shards) = (DEFAULTS.to_vec(), SHARDS.to_vec());
        for _ in 0..=random.below(4) {
            let file = if random.below(2) == 0 {
                &mut defaults
            } else {
                &mut shards
            };
            let at = random.below(file.len());
            match random.below(4) {
                0 => random.mutate(file),
                1 => file.truncate(at),
                _ => {
                    let piece = pieces[random.below(pieces.len())];
                    let end = (at + random.below(3)).min(file.len());
                    file.splice(at..end, piece.iter().copied());
                }
            }
        }
        let files = vec![source("default_constants.php", defaults)];
        let read = read_constants(files, &|_| Some(shards.clone()));
        with_values += usize::from(!read.global.is_empty());
        let toml = to_toml(&read);
        if let Err(error) = toml.parse::<toml::Table>() {
            panic!("{error}\n{toml}");
        }
    }
    assert!(
        with_values > 500,
        "only {with_values} mutants had constants: the test tests nothing"
    );
}
