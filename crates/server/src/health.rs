//! `latchkey health`: is a server up? For container health checks, where nothing else can ask.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cli::HealthOptions;

/// Longer than this, and the server is as good as down.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) fn run(options: &HealthOptions) -> Result<()> {
    let url = &options.url;
    let rest = url.strip_prefix("http://").context("the URL has to begin with http://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, "healthz"));
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let status = ask(&address, authority, path).with_context(|| format!("{url} does not answer"))?;
    if !status.contains(" 200 ") {
        bail!("{url} answers: {status}");
    }
    Ok(())
}

/// The status line.
fn ask(address: &str, host: &str, path: &str) -> Result<String> {
    let address = address.to_socket_addrs()?.next().context("the host has no address")?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut reply = [0; 64];
    let read = stream.read(&mut reply)?;
    let text = String::from_utf8_lossy(&reply[..read]);
    Ok(text.lines().next().unwrap_or("").to_owned())
}
