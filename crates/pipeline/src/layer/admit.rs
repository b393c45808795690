//! May it run, and is there allowance left? Counts it. From here on it is admitted.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use latchkey_commands::Call;
use latchkey_protocol::ReplyError;
use latchkey_pubsub::Ear;
use latchkey_tenancy::{Exhausted, LeaseStore, Principal, Requests, Reservation, Reserved};
use tower::{Layer, Service};

use crate::accounts;
use crate::session::NOT_IN_TRANSACTION;
use crate::waiting::WaitingRooms;
use crate::{Answer, Batch, Clock, Refusal, Resolved, Shape, Watching, policy};

/// Commands that may run now and are already counted. Only [`Admit`] makes one; a backend accepts nothing less.
#[derive(Debug)]
pub struct Admitted {
    pub(crate) principal: Arc<Principal>,
    pub(crate) watching: Option<Watching>,
    pub(crate) ear: Option<Arc<Ear>>,
    pub(crate) shape: Shape,
    pub(crate) calls: Batch<Result<Call, ReplyError>>,
    pub(crate) reservation: Option<Reservation>,
}

impl Admitted {
    /// Who sent them.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// The keys that the session watches, if it is one.
    pub fn watching(&self) -> Option<&Watching> {
        self.watching.as_ref()
    }

    /// What the caller hears with; always there for a [`Shape::Listen`].
    pub fn ear(&self) -> Option<&Ear> {
        self.ear.as_deref()
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
    /// For requests that cannot be decided before a lease has arrived.
    pub(crate) waiting: WaitingRooms,
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

/// Refused at once, let through at once, or decided when a lease has arrived.
type Admitting<F> = Either<Either<Ready<Result<Answer, Infallible>>, F>, Slow>;
type Slow = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

impl<S> Service<Resolved> for Admit<S>
where
    S: Service<Admitted, Response = Answer, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Admitting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, resolved: Resolved) -> Self::Future {
        let checked = match check(resolved) {
            Ok(checked) => checked,
            Err((refusal, principal)) => return self.refuse(refusal, principal),
        };
        match self.layer.reserve(&checked) {
            Attempt::Decided(Ok(allowed)) => {
                let admitted = self.layer.admit(checked, allowed);
                Either::Left(Either::Right(self.inner.call(admitted)))
            }
            Attempt::Decided(Err(refusal)) => self.refuse(refusal, checked.principal),
            Attempt::Wait { .. } => {
                let (layer, mut inner) = (self.layer.clone(), self.inner.clone());
                Either::Right(Box::pin(async move {
                    match layer.reserve_waiting(&checked).await {
                        Ok(allowed) => inner.call(layer.admit(checked, allowed)).await,
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
    fn refuse(&self, refusal: Refusal, principal: Arc<Principal>) -> Admitting<S::Future> {
        Either::Left(Either::Left(ready(Ok(self.layer.refused(refusal, principal)))))
    }
}

/// Commands that are allowed, but not counted yet.
struct Checked {
    principal: Arc<Principal>,
    watching: Option<Watching>,
    ear: Option<Arc<Ear>>,
    shape: Shape,
    calls: Batch<Result<Call, ReplyError>>,
    /// How many of them cost something.
    metered: u64,
}

/// Refuses the commands that the caller may not run; a transaction goes with its first.
fn check(resolved: Resolved) -> Result<Checked, (Refusal, Arc<Principal>)> {
    let Resolved { principal, watching, ear, shape, calls } = resolved;
    let (grants, limits) = (principal.grants(), principal.limits());
    let allowed = |call: Call| {
        policy::allows(&call, &grants, &limits)?;
        if shape == Shape::Atomic && accounts::asked(&call).is_some() {
            return Err(NOT_IN_TRANSACTION);
        }
        Ok(match &grants.user {
            Some(permissions) => call.on_behalf_of(Arc::clone(permissions)),
            None => call,
        })
    };
    let calls: Batch<_> = calls.into_iter().map(|call| call.and_then(allowed)).collect();
    if let (Shape::Atomic, Some(Err(error))) = (shape, calls.iter().find(|call| call.is_err())) {
        let discarded = ReplyError::new(format!("EXECABORT Transaction discarded because of: {error}"));
        return Err((Refusal::Discarded(discarded), principal));
    }
    let metered = calls.iter().filter(|call| is_metered(call)).count() as u64;
    Ok(Checked { principal, watching, ear, shape, calls, metered })
}

fn is_metered(call: &Result<Call, ReplyError>) -> bool {
    call.as_ref().is_ok_and(|call| !call.spec().free)
}

/// What the meters say to a batch.
#[derive(Default)]
struct Allowed {
    reservation: Option<Reservation>,
    /// The answer to the entries of a pipeline for which there was no allowance.
    refusal: Option<Exhausted>,
}

/// What came of an attempt to reserve.
enum Attempt {
    Decided(Result<Allowed, Refusal>),
    /// Not before a lease has arrived. It is on its way: this attempt has asked for it, or an earlier one had.
    Wait {
        asked: bool,
    },
}

/// So often a request asks for a lease before it gives up: each time, one came and others took it all.
const WISHES_MAX: usize = 32;

impl AdmitLayer {
    fn reserve(&self, checked: &Checked) -> Attempt {
        if checked.metered == 0 {
            return Attempt::Decided(Ok(Allowed::default()));
        }
        let (allowance, now_ms) = (checked.principal.allowance(), self.clock.now_ms());
        let reserved = match checked.shape {
            Shape::Atomic => allowance.reserve_all(checked.metered, now_ms),
            Shape::One | Shape::Pipeline | Shape::Stream | Shape::Watch | Shape::Listen => {
                allowance.reserve_up_to(checked.metered, now_ms)
            }
        };
        Attempt::Decided(match (reserved, checked.shape) {
            (Reserved::Granted { reservation, refill }, _) => {
                self.fetch(&checked.principal, refill);
                Ok(Allowed { refusal: reservation.refusal(), reservation: Some(reservation) })
            }
            // Every entry of the pipeline that costs something is refused; those that are free still run.
            (Reserved::Exhausted(refusal), Shape::Pipeline | Shape::Stream) => {
                Ok(Allowed { reservation: None, refusal: Some(refusal) })
            }
            (Reserved::Exhausted(refusal), _) => Err(Refusal::Exhausted(refusal)),
            (Reserved::NeedsLease(requests), _) => {
                let asked = !requests.is_empty();
                self.fetch(&checked.principal, requests);
                return Attempt::Wait { asked };
            }
        })
    }

    /// Tries again whenever the store has answered somebody, until it is decided or the store has failed.
    async fn reserve_waiting(&self, checked: &Checked) -> Result<Allowed, Refusal> {
        let room = self.waiting.room(checked.principal.database());
        let failures = room.failures();
        let mut wishes = 0;
        while wishes < WISHES_MAX && room.failures() == failures {
            // Listen first: the answer may come before we begin to wait.
            let answered = room.answered();
            match self.reserve(checked) {
                Attempt::Decided(decided) => return decided,
                // Only what was asked here counts: others of the room may hear many answers that are not ours.
                Attempt::Wait { asked } => wishes += usize::from(asked),
            }
            answered.await;
        }
        Err(Refusal::Unavailable(ReplyError::QUOTA_UNKNOWN))
    }

    /// Sends wishes at once, whether or not anybody will wait for them: a meter makes no other while one is on its way,
    /// so a wish that went with a request whose client has left would block the meter for ever.
    fn fetch(&self, principal: &Principal, requests: Requests) {
        if requests.is_empty() {
            return;
        }
        let (waiting, database) = (self.waiting.clone(), principal.database());
        principal.allowance().fetch(requests, &*self.leases, move |outcome| {
            let is_news = waiting.note_outcome(outcome.is_ok());
            match &outcome {
                Err(error) if is_news => tracing::error!(%error, "the quota store does not answer"),
                Ok(_) if is_news => tracing::info!("the quota store answers again"),
                _ => {}
            }
            waiting.room(database).answer(outcome.is_ok());
        });
    }

    fn admit(&self, checked: Checked, allowed: Allowed) -> Admitted {
        let Checked { principal, watching, ear, shape, mut calls, .. } = checked;
        let Allowed { reservation, refusal } = allowed;
        if let Some(refusal) = refusal {
            let mut granted = reservation.as_ref().map_or(0, Reservation::granted);
            let refusal = ReplyError::new(refusal.to_string());
            for call in calls.iter_mut().filter(|call| is_metered(call)) {
                match granted.checked_sub(1) {
                    Some(rest) => granted = rest,
                    None => *call = Err(refusal.clone()),
                }
            }
        }
        Admitted { principal, watching, ear, shape, calls, reservation }
    }

    fn refused(&self, refusal: Refusal, principal: Arc<Principal>) -> Answer {
        Answer::refused(refusal, principal, self.clock.now_ms())
    }
}
