//! TLS: both protocols by ALPN, and what is not TLS.

use std::sync::Arc;
use std::time::Duration;

use latchkey_http::Settings;
use latchkey_tls::Tls;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::http2;
use crate::support::{Client, Served, post};

/// A server with a certificate of its own. The directory goes when it is dropped.
async fn start(settings: Settings) -> (Served, Tls, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let tls = Tls::self_signed(directory.path()).unwrap();
    (Served::start_with(settings, Some(tls.clone())).await, tls, directory)
}

/// Trusts the certificate and nothing else.
async fn connect(served: &Served, tls: &Tls, alpn: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(tls.certificate_path()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.into()];
    let stream = TcpStream::connect(served.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn both_protocols_are_spoken() {
    let (served, tls, _directory) = start(Settings::default()).await;
    let mut client = Client::new(connect(&served, &tls, "http/1.1").await);
    for _ in 0..2 {
        assert_eq!(client.ask(post("/", r#"["ECHO","one"]"#)).await.text(), r#"{"result":"one"}"#);
    }
    let mut sender = http2::connect(connect(&served, &tls, "h2").await).await;
    assert_eq!(http2::ask(&mut sender, "/", r#"["ECHO","two"]"#.into()).await.1, r#"{"result":"two"}"#);
}

#[tokio::test]
async fn plain_http_is_told_what_to_change() {
    let (served, ..) = start(Settings::default()).await;
    let mut client = served.client().await;
    let response = client.ask(post("/", &format!(r#"["ECHO","{}"]"#, "x".repeat(100_000)))).await;
    let text = r#"{"error":"ERR this port speaks TLS: use https:// instead of http:// in the URL"}"#;
    assert_eq!((response.status, response.text()), (400, text));
    assert_eq!(client.rest().await, "", "the length is right");
}

#[tokio::test]
async fn a_handshake_that_stops_is_cut() {
    let settings = Settings { first_byte_timeout: Duration::from_millis(50), ..Settings::default() };
    let (served, ..) = start(settings).await;
    let mut client = served.client().await;
    client.send([0x16, 3, 1]).await;
    assert_eq!(client.rest().await, "");
}
