//! A certificate authority of the tests' own, made once for each test program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::site::Site;

/// Makes in the current folder: `ca.pem`, and `good`, `expired` and `stranger` (`.pem` and `.key`) for
/// `localhost` and 127.0.0.1. `other-ca.pem` knows the stranger only; `alone` is signed by itself.
const MAKE: &str = r#"
set -e
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
cat >extensions <<END
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
basicConstraints = critical, CA:FALSE
END
cat >ca.conf <<END
[ca]
default_ca = tests
[tests]
database = index
rand_serial = yes
default_md = sha256
policy = anything
[anything]
commonName = supplied
END
: >index
for ca in ca other-ca; do
    openssl req -x509 $key -keyout $ca.key -out $ca.pem -days 30 -subj "/CN=Weft tests $ca" \
        -addext 'keyUsage = critical, keyCertSign, cRLSign'
done
issue() {
    openssl req -new $key -keyout $1.key -out $1.csr -subj "/CN=$1"
    openssl ca -batch -config ca.conf -notext -in $1.csr -out $1.pem -outdir . \
        -cert $2.pem -keyfile $2.key -extfile extensions -startdate $3 -enddate $4
}
issue good ca 20200101000000Z 21000101000000Z
issue expired ca 20200101000000Z 20210101000000Z
issue stranger other-ca 20200101000000Z 21000101000000Z
openssl req -x509 $key -keyout alone.key -out alone.pem -days 30 -subj "/CN=localhost" \
    -addext 'subjectAltName = DNS:localhost, IP:127.0.0.1'
"#;

/// The folder with the certificates.
pub fn folder() -> &'static Path {
    static MADE: OnceLock<Site> = OnceLock::new();
    &MADE
        .get_or_init(|| {
            let site = Site::new();
            let made = Command::new("sh")
                .args(["-c", MAKE])
                .current_dir(&site.folder)
                .output()
                .expect("sh starts");
            let said = String::from_utf8_lossy(&made.stderr);
            assert!(made.status.success(), "no certificates were made: {said}");
            for entry in fs::read_dir(&site.folder).expect("it is ours").flatten() {
                if let Some(account) = &site.account {
                    account.own(&entry.path());
                }
            }
            site
        })
        .folder
}

/// The certificate of the authority that is believed.
pub fn authority() -> PathBuf {
    folder().join("ca.pem")
}

/// The certificate of the authority that is not.
pub fn other_authority() -> PathBuf {
    folder().join("other-ca.pem")
}
