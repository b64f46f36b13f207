//! Whom a certificate must come from: the system's authorities, and those of a file.

use super::Finding;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;

/// The certificates that are believed, and what is wrong with the file.
pub fn trusted(file: Option<&Path>) -> (Vec<CertificateDer<'static>>, Option<Finding>) {
    // Some systems have certificates among theirs that nobody can read any more.
    let mut roots = rustls_native_certs::load_native_certs().certs;
    let Some(file) = file else {
        return (roots, None);
    };
    let own: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).and_then(|certificates| certificates.collect());
    match own {
        Ok(own) => {
            roots.extend(own);
            (roots, None)
        }
        Err(error) => {
            let what = format!(
                "The certificates in {} can't be read: {error}.",
                file.display()
            );
            (roots, Some(Finding::remark("certificate", what)))
        }
    }
}
