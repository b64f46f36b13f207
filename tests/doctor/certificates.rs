//! Certificates that browsers don't believe, each for a reason of its own.

use crate::Examined;
use crate::harness::{Port, Site, certificates, command, nginx, weft};

/// Examines nginx with this certificate; `trusted` is the authority that is believed.
fn examined(certificate: &str, trusted: &str, host: &str) -> Examined {
    let site = Site::new();
    let program = site.install_program("weft");
    let (workers, socket) = weft::fastcgi(&site, &program).unwrap();
    let (plain, port) = (Port::claim(), Port::claim());
    let (made, number) = (certificates::folder().display(), port.number);
    let outside = format!(
        "upstream weft {{ server \"unix:{}\"; }}\n\
         server {{\nlisten 127.0.0.1:{number} ssl;\nlisten 127.0.0.2:{number} ssl;\n\
         ssl_certificate \"{made}/{certificate}.pem\";\n\
         ssl_certificate_key \"{made}/{certificate}.key\";\n\
         include \"{}/apache/nginx.conf\";\n}}",
        socket.display(),
        env!("CARGO_MANIFEST_DIR")
    );
    let front = nginx::start_with(&site, &plain, &outside, "return 404;");
    let front = front.unwrap_or_else(|problem| panic!("{problem}\n{}", site.logs()));
    let url = format!("https://{host}:{number}/");
    let file = format!("{made}/{trusted}.pem");
    let arguments = ["doctor", "--json", "--ca-file", &file, &url];
    let ran = command::run(&site, &program, &arguments, "");
    drop((front, workers));
    Examined::from(&ran)
}

#[test]
#[cfg_attr(
    any(without = "nginx", without = "smtp"),
    ignore = "its server is not installed"
)]
fn a_good_certificate_is_good() {
    examined("good", "ca", "localhost").is_sound();
}

#[test]
#[cfg_attr(
    any(without = "nginx", without = "smtp"),
    ignore = "its server is not installed"
)]
fn an_expired_certificate_is_named() {
    let examined = examined("expired", "ca", "localhost");
    examined.has_one_fault("certificate", "renew it", "certbot renew");
    examined.says("certificate", "has expired");
}

#[test]
#[cfg_attr(
    any(without = "nginx", without = "smtp"),
    ignore = "its server is not installed"
)]
fn a_chain_that_ends_before_an_authority_that_is_known_is_named() {
    let examined = examined("stranger", "ca", "localhost");
    examined.has_one_fault("certificate", "nginx", "fullchain.pem");
    examined.says("certificate", "sends its own certificate alone");
}

#[test]
#[cfg_attr(
    any(without = "nginx", without = "smtp"),
    ignore = "its server is not installed"
)]
fn a_certificate_that_is_signed_by_itself_is_named() {
    let examined = examined("alone", "ca", "localhost");
    examined.has_one_fault("certificate", "get one that browsers know", "certbot");
    examined.says("certificate", "signed by itself");
}

#[test]
#[cfg_attr(
    any(without = "nginx", without = "smtp"),
    ignore = "its server is not installed"
)]
fn a_certificate_for_another_name_is_named() {
    let examined = examined("good", "ca", "127.0.0.2");
    examined.has_one_fault("certificate", "get one for this name", "127.0.0.2");
}
