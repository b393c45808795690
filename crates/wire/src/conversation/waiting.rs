//! Commands that may wait: what was answered before is sent first, and a client that leaves ends its wait.

use std::pin::pin;

use futures_util::FutureExt;
use latchkey_pipeline::{Batch, Shape, Stack};
use latchkey_protocol::Words;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Conversation;
use crate::line::Ends;

impl<S: Stack, T: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S, T> {
    /// Hands in a command that may wait. Those before it have been run.
    pub(super) async fn run_waiting(&mut self, words: Words) -> Result<(), Ends> {
        self.note_said();
        let mut answering = pin!(self.begin_call(Shape::One, Batch::from_iter([Ok(words)]))?);
        let answer = match answering.as_mut().now_or_never() {
            Some(answer) => answer,
            None => {
                self.line.flush(self.idle_deadline()).await?;
                tokio::select! {
                    // Looked at first: what was taken for this client is not lost if both are ready.
                    biased;
                    answer = &mut answering => answer,
                    end = self.line.listen(self.decoder.held_bytes()) => return Err(end),
                }
            }
        };
        let answer = self.admit_answer(answer)?;
        self.write_answer(answer, 1);
        self.line.flush_if_full(self.idle_deadline()).await
    }
}
