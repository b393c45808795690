//! Who is calling? From here on there is a principal.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use latchkey_protocol::{ReplyError, Words};
use latchkey_pubsub::Ear;
use latchkey_tenancy::{AuthError, Authority, Principal};
use tower::{Layer, Service};

use crate::{Answer, Batch, Caller, Clock, Incoming, Shape, Watching};

/// Commands whose sender is known. Only [`Authenticate`] makes one.
#[derive(Debug)]
pub struct Authenticated {
    pub(crate) principal: Arc<Principal>,
    /// The keys that a session watches.
    pub(crate) watching: Option<Watching>,
    /// What the caller hears with.
    pub(crate) ear: Option<Arc<Ear>>,
    /// Where a session's connection comes from.
    pub(crate) origin: Option<SocketAddr>,
    pub(crate) shape: Shape,
    pub(crate) commands: Batch<Result<Words, ReplyError>>,
}

impl Authenticated {
    fn new(principal: Arc<Principal>, incoming: Incoming) -> Self {
        let Incoming { caller, shape, commands } = incoming;
        let passing = Self { principal, watching: None, ear: None, origin: None, shape, commands };
        match caller {
            Caller::Session(session) => Self {
                watching: Some(Watching::clone(session.watching())),
                ear: Some(Arc::clone(session.ear())),
                origin: session.origin(),
                ..passing
            },
            Caller::Listener(_, ear) => Self { ear: Some(ear), ..passing },
            Caller::Token(_) => passing,
        }
    }
}

#[derive(Clone)]
pub(crate) struct AuthenticateLayer {
    pub(crate) authority: Arc<Authority>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[derive(Clone)]
pub(crate) struct Authenticate<S> {
    inner: S,
    layer: AuthenticateLayer,
}

impl AuthenticateLayer {
    fn identify(&self, caller: &Caller) -> Result<Arc<Principal>, AuthError> {
        let now_ms = self.clock.now_ms();
        match caller {
            Caller::Token(token) | Caller::Listener(token, _) => self.authority.authenticate(token, now_ms),
            Caller::Session(session) => {
                session.principal().standing(now_ms).map(|()| Arc::clone(session.principal()))
            }
        }
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        Authenticate { inner, layer: self.clone() }
    }
}

impl<S> Service<Incoming> for Authenticate<S>
where
    S: Service<Authenticated, Response = Answer, Error = Infallible>,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Either<Ready<Result<Answer, Infallible>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        match self.layer.identify(&incoming.caller) {
            Ok(principal) => Either::Right(self.inner.call(Authenticated::new(principal, incoming))),
            Err(cause) => {
                tracing::debug!(%cause, "refused a token");
                Either::Left(ready(Ok(Answer::unauthenticated())))
            }
        }
    }
}
