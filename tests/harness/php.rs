//! Real PHP in the part of the legacy server.

use std::process::Command;

use serde_json::Value;

/// The password check of the legacy server, in the words of today's PHP: prints `right` or `wrong` for
/// a stored hash and a password.
pub const VERIFY_PASSWORD: &str = r#"
    [$_, $stored, $password] = $argv;
    function salted($password, $salt) {
        return '{SSHA-256}' . base64_encode(hash('sha256', $password . $salt, true) . $salt);
    }
    $salt = substr(base64_decode(substr($stored, 10)), 32);
    $right = substr($stored, 0, 10) === '{SSHA-256}' && strlen($salt) === 8
        && $stored === salted($password, $salt);
    echo $right ? 'right' : 'wrong';
"#;

/// What a program prints that needs no more than PHP itself.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let mut php = Command::new("php");
    php.args(["-n", "-r", program, "--"]).args(arguments);
    String::from_utf8(output(&mut php)).expect("text")
}

/// Reads from or writes to memcached by PHP's own class; see `tests/php/shared_cache.php`.
pub fn shared_cache(
    verb: &str,
    hosts: &str,
    port: u16,
    key: &str,
    value: Option<&Value>,
) -> Vec<u8> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/php/shared_cache.php");
    let mut php = Command::new("php");
    php.args([script, verb, hosts, &port.to_string(), key])
        .args(value.map(Value::to_string));
    output(&mut php)
}

fn output(php: &mut Command) -> Vec<u8> {
    let output = php.output().expect("php is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{php:?}: {errors}"
    );
    output.stdout
}
