//! The certificate: whether browsers believe it, and if not, which of the usual reasons it is.
//!
//! Checked by rustls with the authorities of the system, as other programs of the machine believe them.
//! A browser that has seen the missing link elsewhere shows nothing wrong; one that has not can't connect.

use super::settings::in_section;
use super::{Exam, Finding};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long each step of the connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at it.
pub fn look(exam: &Exam<'_>) -> Finding {
    let host = exam.url.host_str().unwrap_or_default();
    let seen = Arc::new(Seen::default());
    match connect(exam, host, &seen) {
        Ok(()) => Finding::fine(
            "certificate",
            format!("The certificate of {host} is believed."),
        ),
        Err(Trouble::Connection(why)) => Finding::fault(
            "certificate",
            format!("{host} is not reached over TLS: {why}."),
        )
        .because("Browsers get no answer either.")
        .cure(
            "look whether the web server runs and listens there, or correct the address: "
                .to_owned()
                + &in_section(exam.doctor, "server"),
            "public_url = \"https://your.host/\"",
        ),
        Err(Trouble::Tls(error)) => {
            let chain = seen.chain.lock().unwrap_or_else(PoisonError::into_inner);
            explain(host, &error, &chain)
        }
    }
}

enum Trouble {
    Connection(String),
    Tls(Error),
}

fn connect(exam: &Exam<'_>, host: &str, seen: &Arc<Seen>) -> Result<(), Trouble> {
    let no_connection = |error: io::Error| Trouble::Connection(error.to_string());
    let port = exam.url.port_or_known_default().unwrap_or(443);
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses = (plain, port).to_socket_addrs().map_err(no_connection)?;
    let connected = addresses.find_map(|to| TcpStream::connect_timeout(&to, PATIENCE).ok());
    let mut stream =
        connected.ok_or_else(|| Trouble::Connection(format!("nobody listens at port {port}")))?;
    let limits = stream.set_read_timeout(Some(PATIENCE));
    limits.map_err(no_connection)?;
    let limits = stream.set_write_timeout(Some(PATIENCE));
    limits.map_err(no_connection)?;
    let name = ServerName::try_from(plain.to_owned())
        .map_err(|_| Trouble::Connection("this is no name of a host".to_owned()))?;
    let rules = rules(&exam.roots, seen).map_err(Trouble::Tls)?;
    let mut connection = ClientConnection::new(rules, name).map_err(Trouble::Tls)?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            let cause = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
            return Err(match cause {
                Some(cause) => Trouble::Tls(cause.clone()),
                None => no_connection(error),
            });
        }
    }
    Ok(())
}

fn rules(
    trusted: &[CertificateDer<'static>],
    seen: &Arc<Seen>,
) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    let witness = Witness {
        judge,
        seen: seen.clone(),
    };
    let rules = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(witness))
        .with_no_client_auth();
    Ok(Arc::new(rules))
}

/// The certificates that the server sent, its own first.
#[derive(Debug, Default)]
struct Seen {
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

/// Judges as rustls does, and keeps what it judged.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    seen: Arc<Seen>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(end_entity).chain(intermediates);
        let mut chain = self
            .seen
            .chain
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *chain = sent.map(|one| one.clone().into_owned()).collect();
        drop(chain);
        self.judge
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

const WHERE: &str = "in the virtual host of Apache";
const WHERE_NGINX: &str = "or in the server of nginx";

fn explain(host: &str, error: &Error, chain: &[CertificateDer<'_>]) -> Finding {
    let fault = |what: String| {
        Finding::fault("certificate", what)
            .because("Browsers connect to no server whose certificate they don't believe.")
    };
    let Error::InvalidCertificate(why) = error else {
        if !matches!(error, Error::InvalidMessage(_)) {
            return fault(format!(
                "No encrypted connection to {host} comes about: {error}."
            ));
        }
        return fault(format!(
            "{host} answers at this port, but not with TLS: {error}."
        ))
        .cure(
            "look at the port in the address, and in the virtual host of Apache",
            "SSLEngine on",
        );
    };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => fault(format!(
            "The certificate of {host} has expired, or the clock of this machine is wrong."
        ))
        .cure("renew it; with Let's Encrypt, run", "certbot renew"),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            fault(format!(
                "The certificate of {host} is not valid yet: most likely the clock of this machine \
                 is wrong."
            ))
            .cure("run", "timedatectl set-ntp true")
        }
        CertificateError::NotValidForName => {
            fault(format!("The certificate is for other names than {host}.")).cure(
                "get one for this name; with Let's Encrypt, run",
                certbot(host),
            )
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.join(", ");
            fault(format!(
                "The certificate is not for {host}: it names {names}."
            ))
            .cure(
                "get one for this name; with Let's Encrypt, run",
                certbot(host),
            )
        }
        CertificateError::UnknownIssuer | CertificateError::Other(_) => unknown_issuer(host, chain),
        other => fault(format!(
            "The certificate of {host} is not believed: {other:?}."
        )),
    }
}

fn certbot(host: &str) -> String {
    format!("certbot certonly -d {host}")
}

/// Nobody whom the system believes has signed it: it is its own witness, or the link between is missing.
fn unknown_issuer(host: &str, chain: &[CertificateDer<'_>]) -> Finding {
    let own = chain.first().and_then(|first| names(first));
    let self_signed = own.is_some_and(|(issuer, subject)| issuer == subject);
    let finding = match (self_signed, chain.len()) {
        (true, _) => Finding::fault(
            "certificate",
            format!("The certificate of {host} is signed by itself."),
        )
        .cure(
            "get one that browsers know; with Let's Encrypt, run",
            certbot(host),
        ),
        (false, ..=1) => Finding::fault(
            "certificate",
            format!(
                "{host} sends its own certificate alone: the one of the authority between it and \
                 those that browsers know is missing, or its authority is one that nobody knows."
            ),
        )
        .cure(
            WHERE,
            "SSLCertificateFile /etc/letsencrypt/live/NAME/fullchain.pem",
        )
        .cure(
            WHERE_NGINX,
            "ssl_certificate /etc/letsencrypt/live/NAME/fullchain.pem;",
        ),
        _ => Finding::fault(
            "certificate",
            format!(
                "The certificate of {host} comes from an authority that this system does not know."
            ),
        )
        .cure(
            "get one that browsers know, or, if yours trust this authority, run",
            "weft doctor --ca-file FILE",
        ),
    };
    finding.because("Browsers connect to no server whose certificate they don't believe.")
}

/// Who signed a certificate, and for whom, as their bytes are in it: they stand in the same order in
/// every certificate (RFC 5280, 4.1).
fn names<'c>(certificate: &'c CertificateDer<'_>) -> Option<(&'c [u8], &'c [u8])> {
    let (_, outer, _) = element(certificate.as_ref())?;
    let (_, mut rest, _) = element(outer)?;
    let (tag, _, after) = element(rest)?;
    if tag == 0xa0 {
        rest = after;
    }
    let (_, _, rest) = element(rest)?; // The serial number,
    let (_, _, rest) = element(rest)?; // how it is signed,
    let (_, issuer, rest) = element(rest)?;
    let (_, _, rest) = element(rest)?; // how long it holds.
    let (_, subject, _) = element(rest)?;
    Some((issuer, subject))
}

/// The tag and the content of the element that begins here, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().fold(0, |sum, d| sum << 8 | usize::from(*d));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_and_nonsense_is_not() {
        assert_eq!(element(&[2, 1, 7, 9]), Some((2, &[7][..], &[9][..])));
        assert_eq!(
            element(&[4, 0x81, 2, 1, 2]),
            Some((4, &[1, 2][..], &[][..]))
        );
        for bad in [
            &[][..],
            &[2],
            &[2, 5, 1],
            &[2, 0x80],
            &[2, 0x84, 0, 0, 0, 1],
            &[2, 0x82, 1],
        ] {
            assert_eq!(element(bad), None, "{bad:?}");
        }
    }
}
