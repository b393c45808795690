//! One request: routed, guarded and answered.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::{Body, Incoming as HyperBody};
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use latchkey_pipeline::{Clock, Stack};
use latchkey_protocol::ReplyError;
use latchkey_protocol::rest::{self, Route};

use crate::read::{self, Budget, Unreadable};
use crate::{Settings, cors, respond};

/// Answers requests. Shared by all connections.
pub struct Door<S> {
    stack: S,
    clock: Arc<dyn Clock>,
    is_known: IsKnown,
    pub(crate) settings: Settings,
    readiness: Readiness,
    budget: Budget,
}

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
        Self { stack, clock, is_known: Box::new(is_known), settings, readiness, budget }
    }

    /// Answers one request, whatever happens: a panic is an error 500, and the connection lives on.
    pub(crate) async fn answer(&self, request: Request<HyperBody>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let answered = AssertUnwindSafe(self.dispatch(&parts, body)).catch_unwind().await;
        let mut response = answered.unwrap_or_else(|_| {
            tracing::error!(method = %parts.method, "a request made the server panic");
            let error = ReplyError::fixed("ERR internal error");
            respond::error(StatusCode::INTERNAL_SERVER_ERROR, &error)
        });
        respond::keep_sync_token(&parts.headers, response.headers_mut());
        cors::allow(&parts.headers, response.headers_mut());
        if parts.method == Method::HEAD {
            strip_body(&mut response);
        }
        tracing::debug!(method = %parts.method, status = response.status().as_u16(), "answered");
        response
    }

    async fn dispatch(&self, parts: &Parts, body: HyperBody) -> Response<Full<Bytes>> {
        if parts.method == Method::OPTIONS {
            return preflight(&parts.headers);
        }
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        match parts.uri.path() {
            "/healthz" | "/readyz" if !is_read => return respond::method_not_allowed(STATUS_METHODS),
            "/healthz" => return respond::status(true),
            "/readyz" => return respond::status(self.readiness.get()),
            _ => {}
        }
        let is_write = matches!(parts.method, Method::POST | Method::PUT);
        let route = rest::route(parts.uri.path());
        match route {
            _ if !is_read && !is_write => respond::method_not_allowed(METHODS),
            Route::Pipeline | Route::MultiExec if !is_write => respond::method_not_allowed(BATCH_METHODS),
            _ => self.run(route, parts, body).await.unwrap_or_else(|error| respond::unreadable(&error)),
        }
    }

    async fn run(
        &self,
        route: Route,
        parts: &Parts,
        body: HyperBody,
    ) -> Result<Response<Full<Bytes>>, Unreadable> {
        let credential = read::credential(parts)?;
        let dialect = read::dialect(&parts.headers)?;
        let (body, _share) =
            read::body(body, &self.settings, &self.budget, || (self.is_known)(&credential)).await?;
        let incoming = match read::incoming(route, parts, body, credential.clone(), &self.settings) {
            Ok(incoming) => incoming,
            // Somebody unknown learns no more than that.
            Err(_) if !(self.is_known)(&credential) => return Err(Unreadable::unauthenticated()),
            Err(error) => return Err(error.into()),
        };
        let dialect = if route == Route::MultiExec { dialect.or_json() } else { dialect };
        let answer = match self.stack.clone().call(incoming).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        Ok(respond::answer(answer, dialect, &*self.clock))
    }
}

fn preflight(request: &HeaderMap) -> Response<Full<Bytes>> {
    let mut response = respond::empty(StatusCode::OK);
    cors::preflight(request, response.headers_mut());
    response
}

/// Drops the body and keeps its length, as a reply to HEAD has to.
fn strip_body(response: &mut Response<Full<Bytes>>) {
    let length = response.body().size_hint().exact().unwrap_or(0);
    response.headers_mut().insert(hyper::header::CONTENT_LENGTH, length.into());
    *response.body_mut() = Full::default();
}
