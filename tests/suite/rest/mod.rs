//! The REST door, byte for byte.

mod bad_input;
mod batches;
mod bodies;
mod browsers;
mod curl;
mod errors;
mod log;
mod methods;
mod paths;
mod quota;
mod replies;
mod resp2;
mod slow;
mod storage;
mod sync_token;
mod tokens;
mod waiting;

pub(crate) use curl::{curl, curl_speaks_http2};
