//! The REST door: HTTP/1.1 and HTTP/2, with or without TLS.
//!
//! A request goes one way through named steps: [`server`] accepts the connection, `door` routes the request and guards
//! it (deadline, panics, CORS), `read` turns it into an `Incoming`, the pipeline answers, `respond` turns the answer into
//! a response. Nothing here knows a command; nothing here sees the engine.

mod cors;
mod credentials;
mod door;
mod events;
mod patience;
mod peek;
mod read;
mod respond;
mod server;
mod settings;

pub use door::{Door, Readiness};
pub use server::{Server, ServerError};
pub use settings::Settings;
