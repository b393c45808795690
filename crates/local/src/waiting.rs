//! Commands that wait, from the side of those who wait.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use latchkey_commands::{Call, Patience};
use latchkey_engine::{Begun, Ran, WaitId, Waiter};
use latchkey_journal::Lsn;
use latchkey_pipeline::{AUTHENTICATION_REFUSED, Admitted, Clock, Executed, Refusal, Unblock};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_tenancy::Principal;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Local;
use crate::local::{Outcome, run_or_wait};
use crate::tenant::{Mark, NotNow, Visit};

/// So long a request without a connection may wait. Proxies cut requests that take longer.
const REQUEST_WAIT_MAX: Duration = Duration::from_secs(60);

/// How often is looked whether who waits may still do so: so long a wait outlives a revoked token, which takes nothing.
const STANDING_PERIOD: Duration = Duration::from_secs(5);

/// A wait that is over waits so long for a database that is busy, and asks again.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

const UNBLOCKED: ReplyError = ReplyError::fixed("UNBLOCKED client unblocked via CLIENT UNBLOCK");
const STOPPING: ReplyError = ReplyError::fixed("UNBLOCKED the server stops, try again");
const LOST: ReplyError = ReplyError::fixed("ERR internal error");

impl Local {
    /// Ends every wait, now and from now on: the server stops.
    pub fn end_waits(&self) {
        self.stopping.send_replace(true);
    }

    /// Runs the only command of a request. It may wait for something to come.
    pub(crate) async fn run_or_wait(
        &self,
        visit: &Visit,
        admitted: &Admitted,
        call: &Call,
        patience: Patience,
    ) -> Result<Executed, Refusal> {
        let (sender, answer) = oneshot::channel();
        let (principal, clock) = (Arc::clone(admitted.principal()), Arc::clone(self.clock()));
        let ear = Box::new(Ear { sender, principal, clock });
        let (begun, mark) =
            self.work(visit, admitted, |database| run_or_wait(database, call, self.now(), ear))?;
        let (ran, mark) = match begun {
            Begun::Done(ran) => (ran, mark),
            Begun::Waits { id, in_vain } => {
                let place = Place { local: self, admitted, visit, id, is_over: false };
                let end = self.end_of_wait(admitted, patience);
                place.wait(answer, end, in_vain).await?
            }
        };
        let mut outcome = Outcome::new(1, admitted);
        outcome.mark = mark;
        outcome.push_outcome(call, ran);
        self.finish(outcome).await
    }

    /// Done when the wait is to end although nothing has come.
    async fn end_of_wait(&self, admitted: &Admitted, patience: Patience) -> End {
        let mut stopping = self.stopping.subscribe();
        let unblocked = async {
            match admitted.watching() {
                Some(vigil) => vigil.begin_wait().await.ok(),
                None => pending().await,
            }
        };
        tokio::select! {
            unblocked = unblocked => match unblocked {
                Some(Unblock::Refused) => End::Refused(UNBLOCKED),
                Some(Unblock::TimedOut) | None => End::InVain,
            },
            _ = stopping.wait_for(|&stopping| stopping) => End::Refused(STOPPING),
            end = self.end_of_patience(admitted, patience) => end,
        }
    }

    /// Done when the time is over, or the token is good no longer.
    async fn end_of_patience(&self, admitted: &Admitted, patience: Patience) -> End {
        let longest = admitted.watching().is_none().then_some(REQUEST_WAIT_MAX);
        let patience = match patience {
            Patience::For(duration) => Some(longest.map_or(duration, |longest| longest.min(duration))),
            Patience::Endless => longest,
        };
        let ends = patience.and_then(|patience| Instant::now().checked_add(patience));
        loop {
            let check = Instant::now() + STANDING_PERIOD;
            match ends.filter(|&ends| ends <= check) {
                Some(ends) => {
                    sleep_until(ends).await;
                    return End::InVain;
                }
                None => sleep_until(check).await,
            }
            if admitted.principal().standing(self.now_ms()).is_err() {
                return End::Dismissed;
            }
        }
    }
}

/// Why a wait ends although nothing has come.
enum End {
    InVain,
    Refused(ReplyError),
    /// The token was revoked, or has expired.
    Dismissed,
}

/// The ear of somebody who waits.
#[derive(Debug)]
struct Ear {
    sender: oneshot::Sender<Answer>,
    principal: Arc<Principal>,
    clock: Arc<dyn Clock>,
}

/// What came, and how far the database was then.
type Answer = (Ran, Mark);

impl Waiter for Ear {
    /// Who is let in no longer is as good as gone.
    fn is_there(&self) -> bool {
        !self.sender.is_closed() && self.principal.standing(self.clock.now_ms()).is_ok()
    }

    fn answer(self: Box<Self>, ran: Ran, position: u64, awaited: Option<u64>) {
        let mark = Mark { position, awaited: awaited.map(Lsn) };
        if self.sender.send((ran, mark)).is_err() {
            tracing::debug!("somebody who had waited left when the answer came");
        }
    }
}

fn dismissed() -> Refusal {
    Refusal::Unauthenticated(ReplyError::fixed(AUTHENTICATION_REFUSED))
}

/// A place among those who wait. Whoever drops it has gone.
struct Place<'a> {
    local: &'a Local,
    admitted: &'a Admitted,
    visit: &'a Visit,
    id: WaitId,
    is_over: bool,
}

impl Place<'_> {
    async fn wait(
        mut self,
        mut answer: oneshot::Receiver<Answer>,
        end: impl Future<Output = End>,
        in_vain: Reply,
    ) -> Result<Answer, Refusal> {
        let end = tokio::select! {
            biased;
            answered = &mut answer => {
                self.is_over = true;
                return answered.map_err(|_| self.forgotten());
            }
            end = end => end,
        };
        let Some(mark) = self.leave().await else {
            // It was served meanwhile.
            return answer.await.map_err(|_| self.forgotten());
        };
        let reply = match end {
            End::InVain => in_vain,
            End::Refused(error) => error.into(),
            End::Dismissed => return Err(dismissed()),
        };
        Ok((Ran { reply, executed: true }, mark))
    }

    /// Why there will be no answer: what came was not for somebody who is let in no longer, or the database is lost.
    fn forgotten(&self) -> Refusal {
        match self.admitted.principal().standing(self.local.now_ms()) {
            Ok(()) => Refusal::Unavailable(LOST),
            Err(_) => dismissed(),
        }
    }

    /// Leaves, unless it is too late for that: then the answer is on its way, or there will be none. How far the
    /// database is.
    async fn leave(&mut self) -> Option<Mark> {
        loop {
            let left = self.local.work(self.visit, self.admitted, |database| database.stop_waiting(self.id));
            match left {
                Ok((left, mark)) => {
                    self.is_over = true;
                    return left.then_some(mark);
                }
                Err(NotNow::Lost) => {
                    self.is_over = true;
                    return None;
                }
                Err(NotNow::Busy | NotNow::Crowded) => sleep(BUSY_PAUSE).await,
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.visit.tenant().abandon(self.id);
        }
    }
}
