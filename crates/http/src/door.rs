//! One request: routed, guarded and answered.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{Either, Full};
use hyper::body::{Body, Incoming as HyperBody};
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use latchkey_pipeline::{Answer, Caller, Clock, Ear, Replies, Stack};
use latchkey_protocol::rest::{self, Route};
use latchkey_protocol::{Reply, ReplyError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::events::{self, Events, Source};
use crate::read::{self, Budget, Dialect, Unreadable};
use crate::{Settings, cors, respond};

/// Answers requests. Shared by all connections.
pub struct Door<S> {
    stack: S,
    clock: Arc<dyn Clock>,
    is_known: IsKnown,
    pub(crate) settings: Settings,
    readiness: Readiness,
    budget: Budget,
    /// Places for event streams.
    streams: Arc<Semaphore>,
    /// Whether streams are to end.
    stopping: watch::Sender<bool>,
}

/// A body that is known in full, or one that goes on.
pub(crate) type Content = Either<Full<Bytes>, Events>;

/// Whether a token is good at this moment.
type IsKnown = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Whether the server takes requests. Turned off when it is about to stop, so that a load balancer looks elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says whether requests are taken.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Methods that the data routes take.
const METHODS: &str = "HEAD, GET, POST, PUT, OPTIONS";
/// Methods that the batch routes take.
const BATCH_METHODS: &str = "POST, PUT, OPTIONS";
/// Methods that the routes for whoever watches over the process take.
const STATUS_METHODS: &str = "HEAD, GET, OPTIONS";

impl<S: Stack> Door<S> {
    /// A door before this pipeline. `is_known` is asked before a large body is read.
    pub fn new(
        stack: S,
        clock: Arc<dyn Clock>,
        is_known: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
        settings: Settings,
        readiness: Readiness,
    ) -> Self {
        let budget = Budget::new(settings.large_bodies_bytes_max);
        let streams = Arc::new(Semaphore::new(settings.streams_max));
        let (is_known, stopping) = (Box::new(is_known), watch::Sender::new(false));
        Self { stack, clock, is_known, settings, readiness, budget, streams, stopping }
    }

    /// Ends all event streams: they would never end by themselves.
    pub(crate) fn stop_streams(&self) {
        self.stopping.send_replace(true);
    }

    /// Answers one request, whatever happens: a panic is an error 500, and the connection lives on.
    pub(crate) async fn answer(&self, request: Request<HyperBody>) -> Response<Content> {
        let (parts, body) = request.into_parts();
        let answered = AssertUnwindSafe(self.dispatch(&parts, body)).catch_unwind().await;
        let mut response = answered.unwrap_or_else(|_| {
            tracing::error!(method = %parts.method, "a request made the server panic");
            let error = ReplyError::fixed("ERR internal error");
            respond::error(StatusCode::INTERNAL_SERVER_ERROR, &error).map(Either::Left)
        });
        respond::keep_sync_token(&parts.headers, response.headers_mut());
        cors::allow(&parts.headers, response.headers_mut());
        if parts.method == Method::HEAD {
            strip_body(&mut response);
        }
        tracing::debug!(method = %parts.method, status = response.status().as_u16(), "answered");
        response
    }

    async fn dispatch(&self, parts: &Parts, body: HyperBody) -> Response<Content> {
        let route = rest::route(parts.uri.path());
        if let Some(response) = self.at_once(route, parts) {
            return response.map(Either::Left);
        }
        match self.run(route, parts, body).await {
            Ok(response) => response,
            Err(error) => respond::unreadable(&error).map(Either::Left),
        }
    }

    /// The response to what is answered without a look at its token.
    fn at_once(&self, route: Route, parts: &Parts) -> Option<Response<Full<Bytes>>> {
        if parts.method == Method::OPTIONS {
            return Some(preflight(&parts.headers));
        }
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        match parts.uri.path() {
            "/healthz" | "/readyz" if !is_read => return Some(respond::method_not_allowed(STATUS_METHODS)),
            "/healthz" => return Some(respond::status(true)),
            "/readyz" => return Some(respond::status(self.readiness.get())),
            _ => {}
        }
        let is_write = matches!(parts.method, Method::POST | Method::PUT);
        match route {
            _ if !is_read && !is_write => Some(respond::method_not_allowed(METHODS)),
            Route::Pipeline | Route::MultiExec if !is_write => {
                Some(respond::method_not_allowed(BATCH_METHODS))
            }
            _ => None,
        }
    }

    async fn run(
        &self,
        route: Route,
        parts: &Parts,
        body: HyperBody,
    ) -> Result<Response<Content>, Unreadable> {
        let credential = read::credential(parts)?;
        let dialect = read::dialect(&parts.headers)?;
        let (body, _share) =
            read::body(body, &self.settings, &self.budget, || (self.is_known)(&credential)).await?;
        let ear = events::is_stream(route).then(Arc::<Ear>::default);
        let caller = match &ear {
            Some(ear) => Caller::Listener(credential.clone(), Arc::clone(ear)),
            None => Caller::Token(credential.clone()),
        };
        let incoming = match read::incoming(route, parts, body, caller, &self.settings) {
            Ok(incoming) => incoming,
            // Somebody unknown learns no more than that.
            Err(_) if !(self.is_known)(&credential) => return Err(Unreadable::unauthenticated()),
            Err(error) => return Err(error.into()),
        };
        let place = ear.as_ref().map(|_| self.place()).transpose()?;
        let dialect = if route == Route::MultiExec { dialect.or_json() } else { dialect };
        let answer = match self.stack.clone().call(incoming).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        Ok(match (ear, place) {
            (Some(ear), Some(place)) => self.stream(answer, ear, place, dialect),
            _ => respond::answer(answer, dialect, &*self.clock).map(Either::Left),
        })
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, Unreadable> {
        let too_many = |_| {
            let error = ReplyError::fixed("ERR too many event streams are open, try again");
            Unreadable::new(StatusCode::SERVICE_UNAVAILABLE, error)
        };
        Arc::clone(&self.streams).try_acquire_owned().map_err(too_many)
    }

    /// The response to somebody who listens from now on; to others an answer as any.
    fn stream(
        &self,
        answer: Answer,
        ear: Arc<Ear>,
        place: OwnedSemaphorePermit,
        dialect: Dialect,
    ) -> Response<Content> {
        let Answer {
            replies: Replies::One(confirmed @ (Reply::Array(_) | Reply::Status(_))),
            standing: Some(standing),
            ..
        } = answer
        else {
            return respond::answer(answer, dialect.or_json(), &*self.clock).map(Either::Left);
        };
        let mut response = respond::stream(&standing);
        let (clock, stopped) = (Arc::clone(&self.clock), self.stopping.subscribe());
        let heartbeat = self.settings.heartbeat;
        let source = Source { ear, standing, clock, heartbeat, stopped, _place: place };
        *response.body_mut() = Either::Right(Events::new(&confirmed, source));
        response
    }
}

fn preflight(request: &HeaderMap) -> Response<Full<Bytes>> {
    let mut response = respond::empty(StatusCode::OK);
    cors::preflight(request, response.headers_mut());
    response
}

/// Drops the body and keeps its length, as a reply to HEAD has to; a stream has none, and ends.
fn strip_body(response: &mut Response<Content>) {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(hyper::header::CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = Either::Left(Full::default());
}
