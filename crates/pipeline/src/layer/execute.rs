//! Runs it, and settles the account.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use latchkey_commands::{Account, Call};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_tenancy::Usage;
use tower::Service;

use crate::accounts::{self, Accounts};
use crate::{Admitted, Answer, Backend, Batch, Executed, Refusal, Replies, Shape, Standing};

/// The end of the stack.
pub(crate) struct Execute<B> {
    pub(crate) backend: Arc<B>,
    pub(crate) accounts: Accounts,
}

impl<B> Clone for Execute<B> {
    fn clone(&self) -> Self {
        Self { backend: Arc::clone(&self.backend), accounts: self.accounts.clone() }
    }
}

impl<B: Backend> Service<Admitted> for Execute<B> {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut admitted: Admitted) -> Self::Future {
        let backend = Arc::clone(&self.backend);
        let asked = AboutUsers::take_out_of(&mut admitted.calls);
        // Nobody but who manages users pays for them.
        let accounts = (!asked.0.is_empty()).then(|| self.accounts.clone());
        Box::pin(async move {
            let mut outcome = backend.execute(&admitted).await;
            if let Some(accounts) = accounts {
                asked.answer(&mut admitted, &mut outcome, &accounts).await;
            }
            Ok(settle(admitted, outcome))
        })
    }
}

/// Commands about users, with their places in a batch. The backend answers the others; they are answered afterwards.
struct AboutUsers(Vec<(usize, Call, Account)>);

/// Holds the place of a command about users.
const LATER: ReplyError = ReplyError::fixed("ERR this command is answered elsewhere");

impl AboutUsers {
    fn take_out_of(calls: &mut Batch<Result<Call, ReplyError>>) -> Self {
        let mut taken = Vec::new();
        for (at, call) in calls.iter_mut().enumerate() {
            if let Some(account) = call.as_ref().ok().and_then(accounts::asked)
                && let Ok(call) = std::mem::replace(call, Err(LATER))
            {
                taken.push((at, call, account));
            }
        }
        Self(taken)
    }

    /// Puts the commands back, and their replies to those of the others. All replies together stay within the plan's
    /// limit. Of a stream that the backend has not come to the end of, the rest is left for later.
    async fn answer(
        self,
        admitted: &mut Admitted,
        outcome: &mut Result<Executed, Refusal>,
        accounts: &Accounts,
    ) {
        let principal = Arc::clone(&admitted.principal);
        let bytes_max = usize::try_from(principal.limits().reply_bytes_max).unwrap_or(usize::MAX);
        let mut bytes: usize = outcome.iter().flat_map(|done| &done.replies).map(Reply::bytes).sum();
        for (at, call, account) in self.0 {
            let place = outcome.as_mut().ok().and_then(|done| done.replies.get_mut(at));
            if let Some(place) = place {
                let reply = accounts.run(&principal, &call, account).await;
                bytes = bytes.saturating_add(reply.bytes());
                let fits = bytes <= bytes_max;
                *place = if fits { reply } else { ReplyError::request_too_large(bytes_max, bytes).into() };
            }
            admitted.calls[at] = Ok(call);
        }
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
