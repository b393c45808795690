//! What is asked for? From here on each command has its declaration.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use latchkey_commands::Call;
use latchkey_protocol::{ReplyError, Words};
use latchkey_pubsub::Ear;
use latchkey_tenancy::Principal;
use tower::{Layer, Service};

use crate::{Answer, Authenticated, Batch, Shape, Watching};

/// Commands that the table knows, with the right number of words. Only [`Resolve`] makes one.
#[derive(Debug)]
pub struct Resolved {
    pub(crate) principal: Arc<Principal>,
    pub(crate) watching: Option<Watching>,
    pub(crate) ear: Option<Arc<Ear>>,
    pub(crate) shape: Shape,
    pub(crate) calls: Batch<Result<Call, ReplyError>>,
}

#[derive(Clone)]
pub(crate) struct ResolveLayer;

#[derive(Clone)]
pub(crate) struct Resolve<S> {
    inner: S,
}

impl<S> Layer<S> for ResolveLayer {
    type Service = Resolve<S>;

    fn layer(&self, inner: S) -> Resolve<S> {
        Resolve { inner }
    }
}

impl<S> Service<Authenticated> for Resolve<S>
where
    S: Service<Resolved, Response = Answer, Error = Infallible>,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, authenticated: Authenticated) -> S::Future {
        let Authenticated { principal, watching, ear, origin, shape, commands } = authenticated;
        let is_session = matches!(shape, Shape::Watch | Shape::Listen);
        let resolve = if is_session { Call::resolve } else { Call::resolve_over_rest };
        let resolve = |words: Words| resolve(words).map(|call| call.sent_from(origin));
        let calls = commands.into_iter().map(|words| words.and_then(resolve)).collect();
        self.inner.call(Resolved { principal, watching, ear, shape, calls })
    }
}
