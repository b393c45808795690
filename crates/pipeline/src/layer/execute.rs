//! Runs it, and settles the account.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use latchkey_commands::Call;
use latchkey_protocol::ReplyError;
use latchkey_tenancy::Usage;
use tower::Service;

use crate::{Admitted, Answer, Backend, Batch, Executed, Refusal, Replies, Shape, Standing};

/// The end of the stack.
pub(crate) struct Execute<B> {
    pub(crate) backend: Arc<B>,
}

impl<B> Clone for Execute<B> {
    fn clone(&self) -> Self {
        Self { backend: Arc::clone(&self.backend) }
    }
}

impl<B: Backend> Service<Admitted> for Execute<B> {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, admitted: Admitted) -> Self::Future {
        let backend = Arc::clone(&self.backend);
        Box::pin(async move {
            let outcome = backend.execute(&admitted).await;
            Ok(settle(admitted, outcome))
        })
    }
}

/// Gives back what was reserved for commands that were not executed, and counts the others.
fn settle(admitted: Admitted, outcome: Result<Executed, Refusal>) -> Answer {
    let Admitted { principal, shape, mut calls, mut reservation, .. } = admitted;
    let rest = take_rest(&mut calls, shape, &outcome);
    let granted = reservation.as_ref().map_or(0, |reservation| reservation.granted());
    let unreached = rest.iter().flatten().filter(|call| !call.spec().free).count() as u64;
    let unexecuted =
        outcome.as_ref().map_or(granted, |executed| (executed.unexecuted + unreached).min(granted));
    if let Some(reservation) = reservation.as_mut().filter(|_| unexecuted > 0) {
        principal.allowance().refund(reservation, unexecuted);
    }
    if outcome.is_ok() {
        principal.usage().add(usage(&calls, granted, unexecuted));
    }
    let quota = reservation.and_then(|reservation| reservation.snapshot());
    let (replies, position) = match outcome {
        Ok(Executed { mut replies, position, .. }) => {
            let replies = match shape {
                Shape::One | Shape::Watch | Shape::Listen => {
                    replies.pop().map_or_else(|| Replies::Many(replies), Replies::One)
                }
                Shape::Pipeline | Shape::Stream | Shape::Atomic => Replies::Many(replies),
            };
            (replies, Some(position))
        }
        Err(refusal) => (Replies::Refused(refusal), None),
    };
    let rest = rest.into_iter().map(|call| call.map(Call::into_words)).collect();
    Answer { replies, standing: Some(Standing { principal, quota, position }), rest }
}

/// The commands of a stream that the backend did not come to.
fn take_rest(
    calls: &mut Batch<Result<Call, ReplyError>>,
    shape: Shape,
    outcome: &Result<Executed, Refusal>,
) -> Batch<Result<Call, ReplyError>> {
    match outcome {
        Ok(executed) if shape == Shape::Stream => calls.drain(executed.replies.len()..).collect(),
        _ => Batch::new(),
    }
}

fn usage(calls: &[Result<Call, ReplyError>], granted: u64, unexecuted: u64) -> Usage {
    let ran = || calls.iter().flatten().filter(|call| !call.spec().free);
    let writes = ran().filter(|call| call.spec().is_write()).count() as u64;
    Usage {
        commands: granted - unexecuted,
        reads: ran().filter(|call| call.spec().is_read()).count() as u64,
        writes: writes.saturating_sub(unexecuted), // only what writes can lack room
        bytes_in: ran().map(|call| call.words().bytes() as u64).sum(),
        bytes_out: 0, // the door knows
    }
}
