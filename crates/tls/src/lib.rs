//! TLS: certificates from files, taken in anew when they change, or one made for development.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

/// How often the files are looked at for a new certificate.
pub const RELOAD_PERIOD: Duration = Duration::from_secs(30);

/// A certificate with its key, and what accepts connections with it. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    files: Arc<Files>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The key does not belong to the certificate.
    #[error("the key {key} does not belong to the certificate {certificate}: {cause}")]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        cause: rustls::Error,
    },
    /// rustls refuses the configuration.
    #[error(transparent)]
    Config(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
}

impl Tls {
    /// From a certificate chain and its key, both PEM.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Arc::new(Files::load(certificate, key)?);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Files>::clone(&files);
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), files })
    }

    /// With a certificate of our own for `localhost`, `127.0.0.1` and `::1`, made in `directory` unless one is there.
    pub fn self_signed(directory: &Path) -> Result<Self, TlsError> {
        let (certificate, key) = (directory.join("self-signed.crt"), directory.join("self-signed.key"));
        if !certificate.exists() || !key.exists() {
            generate(&certificate, &key)?;
        }
        Self::from_files(&certificate, &key)
    }

    /// The same certificate, also after a reload, for a door that offers these protocols by ALPN, best first.
    pub fn offering(&self, protocols: &[&[u8]]) -> Self {
        let mut config = ServerConfig::clone(self.acceptor.config());
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), files: Arc::clone(&self.files) }
    }

    /// Where the certificate is, for whoever has to trust it.
    pub fn certificate_path(&self) -> &Path {
        &self.files.certificate
    }

    /// Takes in the files if they have changed. Whether they had; a pair that cannot be used leaves the old one in use.
    pub fn reload(&self) -> Result<bool, TlsError> {
        self.files.reload()
    }

    /// Shakes hands. Has no deadline of its own.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}

/// The host that the client wants, if it has said so.
pub fn server_name(stream: &TlsStream<TcpStream>) -> Option<&str> {
    stream.get_ref().1.server_name()
}

/// The two files, and the certificate that was last read from them.
#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    certified: Arc<CertifiedKey>,
    stamp: Stamp,
}

/// When the files were last written.
type Stamp = [Option<SystemTime>; 2];

impl Files {
    fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let current = ArcSwap::from_pointee(Loaded::read(certificate, key)?);
        Ok(Self { certificate: certificate.into(), key: key.into(), current })
    }

    fn reload(&self) -> Result<bool, TlsError> {
        if stamp(&self.certificate, &self.key) == self.current.load().stamp {
            return Ok(false);
        }
        self.current.store(Arc::new(Loaded::read(&self.certificate, &self.key)?));
        Ok(true)
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().certified))
    }
}

impl Loaded {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let stamp = stamp(certificate, key);
        let wrong = |path: &Path, cause: &dyn std::fmt::Display| TlsError::File {
            path: path.into(),
            cause: cause.to_string(),
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain = chain.map_err(|cause| wrong(certificate, &cause))?;
        if chain.is_empty() {
            return Err(wrong(certificate, &"holds no certificate"));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(|cause| wrong(key, &cause))?;
        let certified =
            CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider()).map_err(|cause| {
                TlsError::Mismatch { certificate: certificate.into(), key: key.into(), cause }
            })?;
        Ok(Self { certified: Arc::new(certified), stamp })
    }
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}

fn generate(certificate: &Path, key: &Path) -> Result<(), TlsError> {
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let made = rcgen::generate_simple_self_signed(names)?;
    write_private(key, &made.signing_key.serialize_pem())?;
    write_private(certificate, &made.cert.pem())
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> Result<(), TlsError> {
    let options = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|cause| TlsError::File { path: path.into(), cause: cause.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_certificate_is_taken_in_and_a_broken_one_is_not() {
        let directory = std::env::temp_dir().join(format!("latchkey-tls-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let tls = Tls::self_signed(&directory).unwrap();
        let first = Arc::clone(&tls.files.current.load().certified);
        assert!(!tls.reload().unwrap(), "nothing has changed");

        let (certificate, key) = (tls.certificate_path().to_owned(), tls.files.key.clone());
        generate(&certificate, &key).unwrap();
        let later = SystemTime::now() + Duration::from_secs(5);
        fs::File::options().append(true).open(&key).unwrap().set_modified(later).unwrap();
        assert!(tls.reload().unwrap());
        let second = Arc::clone(&tls.files.current.load().certified);
        assert_ne!(first.cert, second.cert);

        fs::write(&certificate, "not a certificate").unwrap();
        assert!(tls.reload().is_err());
        assert_eq!(tls.files.current.load().certified.cert, second.cert);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_key_of_another_certificate_is_refused_by_name() {
        let directory = std::env::temp_dir().join(format!("latchkey-tls-mismatch-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let [a, b, c, d] = ["a.crt", "a.key", "b.crt", "b.key"].map(|name| directory.join(name));
        generate(&a, &b).unwrap();
        generate(&c, &d).unwrap();
        let Err(TlsError::Mismatch { key, .. }) = Tls::from_files(&a, &d) else { panic!("accepted") };
        assert_eq!(key, d);
        fs::remove_dir_all(&directory).unwrap();
    }
}
