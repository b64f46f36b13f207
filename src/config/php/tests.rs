//! The reading of settings files: each rule of PHP that it follows. A whole deployment and hostile files
//! have rooms of their own.

use super::*;

mod deployment;
mod hostile;

fn source(path: &str, text: impl Into<Vec<u8>>) -> PhpSource {
    PhpSource {
        path: path.to_owned(),
        text: text.into(),
    }
}

/// Reads one file that includes nothing; the opening tag is added.
fn read(php: &str) -> PhpConstants {
    read_constants(vec![source("a.php", format!("<?php {php}"))], &|_| None)
}

/// The value of `X` after this code, and nothing to find.
fn x(php: &str) -> PhpScalar {
    let constants = read(php);
    assert_eq!(constants.findings, [], "{php}");
    constants
        .global
        .get("X")
        .unwrap_or_else(|| panic!("no X: {php}"))
        .value
        .clone()
}

fn text(text: &str) -> PhpScalar {
    PhpScalar::Str(text.as_bytes().to_vec())
}

fn whys(constants: &PhpConstants) -> Vec<(u32, &str)> {
    constants
        .findings
        .iter()
        .map(|finding| (finding.line, finding.why.as_str()))
        .collect()
}

#[test]
fn literals_have_the_values_that_php_gives_them() {
    let cases: &[(&str, PhpScalar)] = &[
        ("1", PhpScalar::Int(1)),
        ("-7", PhpScalar::Int(-7)),
        ("0x1F", PhpScalar::Int(31)),
        ("017", PhpScalar::Int(15)),
        ("0b101", PhpScalar::Int(5)),
        ("1_000", PhpScalar::Int(1000)),
        ("1.5", PhpScalar::Float(1.5)),
        (".5", PhpScalar::Float(0.5)),
        ("1e3", PhpScalar::Float(1000.0)),
        ("1.5e-3", PhpScalar::Float(0.0015)),
        (
            "9223372036854775808",
            PhpScalar::Float(9_223_372_036_854_775_808.0),
        ),
        ("TRUE", PhpScalar::Bool(true)),
        ("false", PhpScalar::Bool(false)),
        ("Null", PhpScalar::Null),
        (r"'it\'s \\ \n $x'", text("it's \\ \\n $x")),
        (
            r#""a\tb\n\x41\101\u{e9}\$x\\ \" \q $ 5 {}""#,
            text("a\tb\nAAé$x\\ \" \\q $ 5 {}"),
        ),
    ];
    for (literal, value) in cases {
        assert_eq!(x(&format!("define('X', {literal});")), *value, "{literal}");
    }
}

#[test]
fn expressions_have_the_values_that_php_gives_them() {
    let cases: &[(&str, PhpScalar)] = &[
        ("1024*1024", PhpScalar::Int(1_048_576)),
        ("2 + 3 * 4 - 1", PhpScalar::Int(13)),
        ("(2 + 3) * 4", PhpScalar::Int(20)),
        ("7 / 2", PhpScalar::Float(3.5)),
        ("8 / 2", PhpScalar::Int(4)),
        ("1 << 20", PhpScalar::Int(1_048_576)),
        ("'a' . 'b' . 3 . true . null", text("ab31")),
        ("'5' * '2'", PhpScalar::Int(10)),
        ("A", text("first")),
        ("A . '/x'", text("first/x")),
        ("defined('A') ? A : 'none'", text("first")),
        ("defined('B') ? B : 'none'", text("none")),
        ("A == 'first' && !defined('B')", PhpScalar::Bool(true)),
        ("'1' == '01'", PhpScalar::Bool(true)),
        ("'' == null", PhpScalar::Bool(true)),
        ("dirname(__FILE__) . '/x'", text("./x")),
    ];
    for (expression, value) in cases {
        let php = format!("define('A', 'first'); define('X', {expression});");
        assert_eq!(x(&php), *value, "{expression}");
    }
}

#[test]
fn conditions_work_in_all_their_spellings() {
    for php in [
        "if (!defined('X')) { define('X', 1); }",
        "if (!defined('X')) define('X', 1);",
        "if (!defined(\"X\")):\n define('X', 1); endif;",
        "IF (false) { } ELSE IF (true) { DEFINE('X', 1); }",
        "if (0) {} elseif ('') {} else define('X', 1);",
        "if (0): elseif (1): define('X', 1); else: endif;",
        "defined('X') or define('X', 1);",
        "!defined('X') && define('X', 1);",
        "switch (2): case 1: define('X', 0); default: define('X', 1); endswitch;",
        "switch (true) { default: break; case 1 == 1; define('X', 1); }",
        "$a = 1; define('X', $a);",
        "const X = 1;",
        "if (true) { define('X', 1) ?>\n<?php } // ?>",
    ] {
        assert_eq!(x(php), PhpScalar::Int(1), "{php}");
    }
}

#[test]
fn return_ends_the_file_and_not_the_one_that_includes_it() {
    let resolve = |_: &str| Some(b"<?php return; define('X', 1);".to_vec());
    let main = "<?php include 'b.php'; define('Y', 1);";
    let read = read_constants(vec![source("a.php", main)], &resolve);
    assert_eq!(
        read.global.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        ["Y"]
    );
}

#[test]
fn the_first_definition_counts_and_another_value_later_is_reported() {
    let read = read("define('X', 1);\ndefine('X', 1);\ndefine('X', 2);");
    assert_eq!(read.global.get("X").unwrap().value, PhpScalar::Int(1));
    assert_eq!(read.findings.len(), 1);
    assert_eq!(read.findings[0].line, 3);
    assert!(read.findings[0].why.contains("a.php:1 already"));
}

#[test]
fn what_only_php_can_know_is_a_finding_and_not_a_value() {
    let cases = [
        ("define('X', getenv('DB'));", "getenv() is not followed"),
        (
            "define('X', \"db $name\");",
            "a string with variables in it",
        ),
        ("define('X', array(1, 2));", "an array"),
        ("define('X', [1, 2]);", "an array"),
        ("define('X', <<<END\ntext\nEND\n);", "a heredoc"),
        ("define('X', `hostname`);", "the output of a command"),
        ("define('X', MISSING);", "MISSING is not defined"),
        ("define('X', 'a' . 1 + 2);", "differs between PHP versions"),
        ("define('X', 1, t.rue);", "t is not defined"),
        ("define('X', 1 / 0);", "PHP decides"),
        ("define('X', 0 == 'a');", "PHP decides"),
        (
            "define('X', $_SERVER['HTTP_HOST']);",
            "the name of the host",
        ),
        (
            "define('X', $_SERVER['PATH']);",
            "known to a running PHP only",
        ),
        (
            "define('X', $_SERVER['HTTP_HOST'] . '-db');",
            "the name of the host",
        ),
        ("if (rand()) { define('X', 1); }", "rand() is not followed"),
        (
            "foreach (array(1) as $i) { define('X', $i); }",
            "'foreach' is not followed",
        ),
        ("class A { const X = 1; } ", "'class' is not followed"),
        ("$a['b'] = 1;", "an array element"),
        ("ini_set('display_errors', 0);", "ini_set() is not followed"),
        ("require 'missing.php';", "missing.php, which was not found"),
        ("define('X', 1", "a call can't be read"),
        ("define('X', 1)", "the file ends"),
        ("/* define('X', 1);", "a comment without end"),
        ("'define(1);", "a string without end"),
    ];
    for (php, why) in cases {
        let read = read(php);
        assert_eq!(read.global.get("X"), None, "{php}");
        let found = read
            .findings
            .iter()
            .any(|finding| finding.why.contains(why));
        assert!(found, "{php}: {:?}", whys(&read));
    }
}

#[test]
fn a_default_is_not_taken_for_the_truth_after_code_that_was_not_followed() {
    let read = read(
        "if (getenv('PROD')) { define('X', 'prod'); }\n\
         if (!defined('X')) { define('X', 'test'); }\n\
         define('Y', X);\n\
         define('Z', 1);",
    );
    assert_eq!(
        read.global.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        ["Z"]
    );
    assert_eq!(read.findings.len(), 3);
    assert!(read.findings[1].why.contains("X is not known: see a.php:1"));
}

#[test]
fn a_variable_that_unknown_code_may_have_changed_is_unknown() {
    let read = read("$a = 1; foreach ($list as $a) {}\ndefine('X', $a);");
    assert_eq!(read.global.get("X"), None);
}

#[test]
fn reading_goes_on_after_a_statement_that_is_not_understood() {
    let php = "function f($a) { if ($a) { return 1; } }\n$o->run(1)['x'];\n) ] }\ndefine('X', 1);";
    let read = read(php);
    assert_eq!(read.global.get("X").unwrap().line, 4);
}

#[test]
fn files_include_each_other_by_the_path_that_php_computes() {
    let main = "<?php require_once dirname(__FILE__) . '/b.php'; include_once 'b.php'; \
                if (file_exists('c.php')) include 'c.php'; define('X', 1);";
    let resolve =
        |path: &str| (path == "/etc/weave/b.php").then(|| b"<?php define('B', __FILE__);".to_vec());
    let read = read_constants(vec![source("/etc/weave/a.php", main)], &resolve);
    assert_eq!(read.findings, []);
    let names: Vec<_> = read.global.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["B", "X"]);
    assert_eq!(
        read.global.get("B").unwrap().value,
        text("/etc/weave/b.php")
    );
}

#[test]
fn a_file_that_includes_itself_comes_to_an_end() {
    let resolve = |_: &str| Some(b"<?php include 'a.php'; define('X', 1);".to_vec());
    let read = read_constants(vec![source("main.php", "<?php include 'a.php';")], &resolve);
    assert_eq!(read.global.get("X").unwrap().value, PhpScalar::Int(1));
    assert!(whys(&read).iter().any(|(_, why)| why.contains("too deep")));
}

#[test]
fn text_outside_of_php_and_files_without_php_are_reported() {
    let files = vec![
        source("a.php", "hello\n<?php define('X', 1);"),
        source("b.php", "X=1"),
    ];
    let read = read_constants(files, &|_| None);
    assert!(read.global.get("X").is_some());
    let files: Vec<_> = read
        .findings
        .iter()
        .map(|finding| finding.file.as_str())
        .collect();
    assert_eq!(files, ["a.php", "b.php"]);
    let marked = read_constants(
        vec![source("a.php", "\u{feff}<?php define('X', 1);")],
        &|_| None,
    );
    assert_eq!(marked.findings, [], "a byte order mark is no text");
}
