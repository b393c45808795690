//! A connection to a server, with TLS or without.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::Error;
use crate::target::Target;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Both kinds of connection.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Connects; the door says hello.
pub(crate) async fn connect(target: &Target, tls: Option<&TlsConnector>) -> Result<Box<dyn Duplex>, Error> {
    let late = || Error::Connect { address: target.to_string(), cause: io::ErrorKind::TimedOut.into() };
    tokio::time::timeout(CONNECT_MAX, connect_in_time(target, tls)).await.map_err(|_| late())?
}

async fn connect_in_time(target: &Target, tls: Option<&TlsConnector>) -> Result<Box<dyn Duplex>, Error> {
    let stream = TcpStream::connect((target.host.as_str(), target.port)).await.map_err(|cause| {
        let address = target.to_string();
        match cause.kind() {
            io::ErrorKind::ConnectionRefused => Error::Refused(address),
            _ => Error::Connect { address, cause },
        }
    })?;
    // Requests are written whole, so nothing is gained by waiting for more of them.
    stream.set_nodelay(true).map_err(Error::Broken)?;
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| Error::Url("has a host that no certificate can be for"))?;
    let connected = tls.connect(name, stream).await;
    Ok(Box::new(connected.map_err(|cause| untrusted(target, cause))?))
}

fn untrusted(target: &Target, cause: io::Error) -> Error {
    let is_certificate = cause.to_string().contains("certificate");
    let advice = if is_certificate {
        "--cacert FILE trusts a certificate (NODE_EXTRA_CA_CERTS of `latchkey dev` names it), --insecure any"
    } else {
        "If the port has no TLS, use redis:// or http:// in the URL"
    };
    Error::Tls { address: target.to_string(), cause, advice }
}
