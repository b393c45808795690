//! May it run, and is there allowance left? Counts it. From here on it is admitted.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use latchkey_commands::Call;
use latchkey_protocol::ReplyError;
use latchkey_tenancy::Principal;
use latchkey_tenancy::{Requests, Reservation, Reserved};
use latchkey_tenancy::LeaseStore;
use tokio::sync::Notify;
use tower::{Layer, Service};

use crate::{Answer, Batch, Clock, Refusal, Resolved, Shape, policy};

/// Commands that may run now and are already counted. Only [`Admit`] makes one; a backend accepts nothing less.
#[derive(Debug)]
pub struct Admitted {
    pub(crate) principal: Arc<Principal>,
    pub(crate) shape: Shape,
    pub(crate) calls: Batch<Result<Call, ReplyError>>,
    pub(crate) reservation: Option<Reservation>,
}

impl Admitted {
    /// Who sent them.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How they belong together. Of an atomic batch, none is an error.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The commands; an error stands for one that was refused, and is its reply.
    pub fn calls(&self) -> &[Result<Call, ReplyError>] {
        &self.calls
    }
}

#[derive(Clone)]
pub(crate) struct AdmitLayer {
    pub(crate) leases: Arc<dyn LeaseStore>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Rings when a lease has arrived, for whoever waits for one.
    pub(crate) arrived: Arc<Notify>,
}

#[derive(Clone)]
pub(crate) struct Admit<S> {
    inner: S,
    layer: AdmitLayer,
}

impl<S> Layer<S> for AdmitLayer {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        Admit { inner, layer: self.clone() }
    }
}

type Slow = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

impl<S> Service<Resolved> for Admit<S>
where
    S: Service<Admitted, Response = Answer, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Either<Either<Ready<Result<Answer, Infallible>>, S::Future>, Slow>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, resolved: Resolved) -> Self::Future {
        let checked = match check(resolved) {
            Ok(checked) => checked,
            Err((refusal, principal)) => return self.refuse(refusal, principal),
        };
        match self.layer.reserve(&checked) {
            Attempt::Decided(Ok(reservation)) => {
                let admitted = self.layer.admit(checked, reservation);
                Either::Left(Either::Right(self.inner.call(admitted)))
            }
            Attempt::Decided(Err(refusal)) => self.refuse(refusal, checked.principal),
            Attempt::Wait(requests) => {
                let (layer, mut inner) = (self.layer.clone(), self.inner.clone());
                Either::Right(Box::pin(async move {
                    match layer.reserve_waiting(&checked, requests).await {
                        Ok(reservation) => inner.call(layer.admit(checked, reservation)).await,
                        Err(refusal) => Ok(layer.refused(refusal, checked.principal)),
                    }
                }))
            }
        }
    }
}

impl<S> Admit<S>
where
    S: Service<Admitted, Response = Answer, Error = Infallible>,
{
    fn refuse(
        &self,
        refusal: Refusal,
        principal: Arc<Principal>,
    ) -> Either<Either<Ready<Result<Answer, Infallible>>, S::Future>, Slow> {
        Either::Left(Either::Left(ready(Ok(self.layer.refused(refusal, principal)))))
    }
}

/// Commands that are allowed, but not counted yet.
struct Checked {
    principal: Arc<Principal>,
    shape: Shape,
    calls: Batch<Result<Call, ReplyError>>,
    /// How many of them cost something.
    metered: u64,
}

/// Refuses the commands that the caller may not run; a transaction goes with its first.
fn check(resolved: Resolved) -> Result<Checked, (Refusal, Arc<Principal>)> {
    let Resolved { principal, shape, calls } = resolved;
    let (grants, limits) = (principal.grants(), principal.limits());
    let allowed = |call: Call| policy::allows(&call, grants, &limits).map(|()| call);
    let calls: Batch<_> = calls.into_iter().map(|call| call.and_then(allowed)).collect();
    if let (Shape::Atomic, Some(Err(error))) = (shape, calls.iter().find(|call| call.is_err())) {
        let discarded = ReplyError::new(format!("EXECABORT Transaction discarded because of: {error}"));
        return Err((Refusal::Discarded(discarded), principal));
    }
    let metered = calls.iter().filter(|call| is_metered(call)).count() as u64;
    Ok(Checked { principal, shape, calls, metered })
}

fn is_metered(call: &Result<Call, ReplyError>) -> bool {
    call.as_ref().is_ok_and(|call| !call.spec().free)
}

/// What came of an attempt to reserve.
enum Attempt {
    Decided(Result<Option<Reservation>, Refusal>),
    /// Not before a lease has arrived.
    Wait(Requests),
}

/// So often a request asks again for a lease before it gives up: each time, one came and others took it all.
const ATTEMPTS_MAX: usize = 32;

impl AdmitLayer {
    fn reserve(&self, checked: &Checked) -> Attempt {
        if checked.metered == 0 {
            return Attempt::Decided(Ok(None));
        }
        let (allowance, now_ms) = (checked.principal.allowance(), self.clock.now_ms());
        let reserved = match checked.shape {
            Shape::Atomic => allowance.reserve_all(checked.metered, now_ms),
            Shape::One | Shape::Pipeline => allowance.reserve_up_to(checked.metered, now_ms),
        };
        match (reserved, checked.shape) {
            (Reserved::Granted { reservation, refill }, _) => {
                self.request(&checked.principal, refill);
                Attempt::Decided(Ok(Some(reservation)))
            }
            // Every entry of the pipeline that costs something is refused; those that are free still run.
            (Reserved::Exhausted(_), Shape::Pipeline) => Attempt::Decided(Ok(None)),
            (Reserved::Exhausted(exhausted), _) => Attempt::Decided(Err(Refusal::Exhausted(exhausted))),
            (Reserved::NeedsLease(requests), _) => Attempt::Wait(requests),
        }
    }

    async fn reserve_waiting(
        &self,
        checked: &Checked,
        mut requests: Requests,
    ) -> Result<Option<Reservation>, Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            // Listen first: the lease may arrive before we begin to wait.
            let mut arrived = std::pin::pin!(self.arrived.notified());
            arrived.as_mut().enable();
            self.request(&checked.principal, requests);
            arrived.await;
            match self.reserve(checked) {
                Attempt::Decided(decided) => return decided,
                Attempt::Wait(more) => requests = more,
            }
        }
        Err(Refusal::Unavailable(ReplyError::fixed("BUSY the quota could not be counted, try again")))
    }

    /// Sends wishes for quota to the store; what it grants goes to the principal's meters.
    fn request(&self, principal: &Arc<Principal>, requests: Requests) {
        for request in requests {
            let (principal, arrived) = (Arc::clone(principal), Arc::clone(&self.arrived));
            let done = move |outcome| {
                match outcome {
                    Ok(lease) => principal.allowance().extend(lease),
                    Err(error) => {
                        tracing::error!(%error, "quota store");
                        principal.allowance().lease_failed(&request);
                    }
                }
                arrived.notify_waiters();
            };
            self.leases.lease(request, Box::new(done));
        }
    }

    /// Refuses the entries of a pipeline for which there was no allowance left.
    fn admit(&self, checked: Checked, reservation: Option<Reservation>) -> Admitted {
        let Checked { principal, shape, mut calls, metered } = checked;
        let mut granted = reservation.as_ref().map_or(0, Reservation::granted);
        if granted < metered {
            let exhausted = principal.allowance().exhausted(self.clock.now_ms());
            let refusal = exhausted.map_or(ReplyError::QUOTA_UNKNOWN, |e| ReplyError::new(e.to_string()));
            for call in calls.iter_mut().filter(|call| is_metered(call)) {
                match granted.checked_sub(1) {
                    Some(rest) => granted = rest,
                    None => *call = Err(refusal.clone()),
                }
            }
        }
        Admitted { principal, shape, calls, reservation }
    }

    fn refused(&self, refusal: Refusal, principal: Arc<Principal>) -> Answer {
        Answer::refused(refusal, principal, self.clock.now_ms())
    }
}
