//! The bytes of one connection, in and out, within limits.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::door::Share;

/// So much is read at once, at most.
const READ_BYTES: usize = 16 * 1024;
/// Replies beyond this size are written before there are more.
const OUTPUT_BYTES: usize = 64 * 1024;
/// A buffer that has grown beyond this is not kept when it is empty.
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// So much of what a client sends ahead is taken in while a command of it waits.
const AHEAD_BYTES_MAX: usize = 256 * 1024;
/// What has arrived of a command counts against the budget from this size on.
const LARGE_BYTES: usize = 64 * 1024;

/// A connection's stream with its buffers.
pub(crate) struct Line<'a, T> {
    stream: T,
    /// What has arrived and is not decoded yet.
    pub(crate) input: BytesMut,
    /// Replies that are not written yet.
    pub(crate) output: Vec<u8>,
    share: Share<'a>,
    stopped: watch::Receiver<bool>,
    /// The server is about to stop: what has arrived is still answered.
    is_last_round: bool,
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ends {
    #[error("the client left")]
    Left,
    #[error("another connection ended it")]
    Killed,
    /// For a protocol error, too many wrong passwords, or a token that is no longer good.
    #[error("it was dismissed, and told why")]
    Dismissed,
    #[error("its token or its user is no longer good")]
    Expelled,
    #[error("it was silent for too long, or did not read its replies")]
    Silent,
    #[error("it did not keep up with what it listens on")]
    TooSlow,
    #[error("too much memory is in use for large commands")]
    NoMemory,
    #[error("the server stops")]
    Stopped,
    #[error("the socket failed: {0}")]
    Broken(io::Error),
}

/// So long a client may take to read why it is dismissed.
const LINGER: Duration = Duration::from_secs(1);

/// Reads and drops what comes, until the client closes or has had its time.
pub(crate) async fn linger(stream: &mut (impl AsyncRead + Unpin)) {
    let mut dropped = [0; 4096];
    let reading = async { while stream.read(&mut dropped).await.is_ok_and(|bytes| bytes > 0) {} };
    if timeout(LINGER, reading).await.is_err() {
        tracing::debug!("the client did not close");
    }
}

impl<'a, T: AsyncRead + AsyncWrite + Unpin> Line<'a, T> {
    pub(crate) fn new(stream: T, share: Share<'a>, stopped: watch::Receiver<bool>) -> Self {
        let (input, output) = (BytesMut::new(), Vec::new());
        Self { stream, input, output, share, stopped, is_last_round: false }
    }

    /// Reads what there is, or waits for it. `held_bytes` is what a command takes that has begun to arrive.
    pub(crate) async fn read(&mut self, held_bytes: usize, deadline: Instant) -> Result<(), Ends> {
        self.make_room(held_bytes)?;
        if std::mem::replace(&mut self.is_last_round, *self.stopped.borrow()) {
            return Err(Ends::Stopped);
        }
        let Self { stream, input, stopped, .. } = self;
        let read = tokio::select! {
            biased;
            read = timeout_at(deadline, stream.read_buf(input)) => read,
            _ = stopped.wait_for(|&stopped| stopped) => return Err(Ends::Stopped),
        };
        match read {
            Ok(Ok(0)) => Err(Ends::Left),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Ends::Broken(error)),
            Err(_) => Err(Ends::Silent),
        }
    }

    /// Takes in what comes while a command waits, and is done only when the connection ends. What the client sends
    /// ahead is kept up to a limit; beyond it, its leaving is noticed when the wait is over.
    pub(crate) async fn listen(&mut self, held_bytes: usize) -> Ends {
        while self.input.len() < AHEAD_BYTES_MAX {
            if let Err(end) = self.make_room(held_bytes) {
                return end;
            }
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => return Ends::Left,
                Ok(_) => {}
                Err(error) => return Ends::Broken(error),
            }
        }
        std::future::pending().await
    }

    fn make_room(&mut self, held_bytes: usize) -> Result<(), Ends> {
        let large_bytes = self.input.len() + held_bytes;
        let counted = if large_bytes > LARGE_BYTES { large_bytes + READ_BYTES } else { 0 };
        if !self.share.resize(counted) {
            return Err(Ends::NoMemory);
        }
        if self.input.is_empty() && self.input.capacity() > KEPT_BYTES_MAX {
            self.input = BytesMut::new();
        }
        self.input.reserve(READ_BYTES);
        Ok(())
    }

    /// Writes the replies if there are many.
    pub(crate) async fn flush_if_full(&mut self, deadline: Instant) -> Result<(), Ends> {
        if self.output.len() > OUTPUT_BYTES { self.flush(deadline).await } else { Ok(()) }
    }

    /// Writes the replies.
    pub(crate) async fn flush(&mut self, deadline: Instant) -> Result<(), Ends> {
        if self.output.is_empty() {
            return Ok(());
        }
        let writing = async {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await
        };
        let written = timeout_at(deadline, writing).await;
        self.output.clear();
        self.output.shrink_to(KEPT_BYTES_MAX);
        written.map_err(|_| Ends::Silent)?.map_err(Ends::Broken)
    }

    /// Says that nothing more comes.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Reads what the client had still sent, for a short time: to close before would take from it what was written last.
    pub(crate) async fn linger(&mut self) {
        linger(&mut self.stream).await;
    }
}
