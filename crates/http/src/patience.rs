//! A connection that ends when nothing of what is written is read for too long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream whose writes fail once the other side has taken nothing for so long. Where nothing is to be written, no time
/// passes: what a client may not send for how long is measured elsewhere.
pub(crate) struct Patience<T> {
    stream: T,
    write_timeout: Duration,
    /// Runs while what is to be written has to wait.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<T: Unpin> Patience<T> {
    pub(crate) fn new(stream: T, write_timeout: Duration) -> Self {
        Self { stream, write_timeout, waiting: None }
    }

    /// What a write has come to: what the stream says, unless it has said for too long that there is no room.
    fn bounded<V>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<V>>,
    ) -> Poll<io::Result<V>> {
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.write_timeout)));
        waiting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patience<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patience<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.bounded(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.bounded(context, |stream, context| stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bounded(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bounded(context, |stream, context| stream.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_given_up() {
        let (client, server) = duplex(10);
        let mut server = Patience::new(server, WRITE_TIMEOUT);
        let began = Instant::now();
        server.write_all(b"0123456789").await.unwrap();
        let error = server.write_all(b"and more").await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, WRITE_TIMEOUT));
        drop(client);
    }

    /// Goal: a slow client is no client that is gone.
    #[tokio::test(start_paused = true)]
    async fn whatever_is_read_gives_the_client_its_time_anew() {
        let (mut client, server) = duplex(1);
        let mut server = Patience::new(server, WRITE_TIMEOUT);
        let began = Instant::now();
        let writing = server.write_all(b"012345");
        let reading = async {
            for digit in b'0'..b'5' {
                sleep(WRITE_TIMEOUT - Duration::from_millis(1)).await;
                assert_eq!(client.read_u8().await.unwrap(), digit);
            }
        };
        let (written, ()) = tokio::join!(writing, reading);
        written.unwrap();
        assert!(began.elapsed() > 4 * WRITE_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn time_between_writes_does_not_count() {
        let (mut client, server) = duplex(1);
        let mut server = Patience::new(server, WRITE_TIMEOUT);
        for _ in 0..2 {
            server.write_all(b"x").await.unwrap();
            sleep(2 * WRITE_TIMEOUT).await;
            client.read_u8().await.unwrap();
        }
    }
}
