//! Load over keep-alive connections of HTTP/1.1, with as little work per request as can be.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// No answer is longer.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// Bytes that are sent again and again.
#[derive(Clone)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    pub(crate) fn post(path: &str, token: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Self(text.into_bytes())
    }
}

/// What came of it.
pub(crate) struct Load {
    pub(crate) answers: u64,
    pub(crate) elapsed: Duration,
}

/// Sends the request over so many connections at once, each as soon as it has its answer, for so long.
pub(crate) async fn run(
    address: SocketAddr,
    request: &Request,
    connections: u16,
    length: Duration,
) -> Result<Load> {
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        clients.spawn(client(address, request.clone(), began + length));
    }
    let mut answers = 0;
    while let Some(client) = clients.join_next().await {
        answers += client??;
    }
    Ok(Load { answers, elapsed: began.elapsed() })
}

async fn client(address: SocketAddr, request: Request, until: Instant) -> Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; RESPONSE_BYTES_MAX];
    let mut answers = 0;
    while Instant::now() < until {
        stream.write_all(&request.0).await?;
        read_answer(&mut stream, &mut buffer).await?;
        answers += 1;
    }
    Ok(answers)
}

/// Reads one answer to its end; anything but 200 is an error.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..]).await? {
            0 => bail!("the server closed, or its answer is too long"),
            read => filled += read,
        }
        if let Some(length) = answer_length(&buffer[..filled])?
            && filled >= length
        {
            return Ok(());
        }
    }
}

/// Bytes of the whole answer; `None` while its head is not complete.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head])?;
    if !text.starts_with("HTTP/1.1 200") {
        bail!("{}", String::from_utf8_lossy(bytes));
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
    Ok(Some(head + 4 + length.parse::<usize>()?))
}
