//! A person at a terminal: what is typed becomes requests, replies become text, over both doors.
//!
//! [`run`] is all there is to call. The address says which door: `redis://` and `rediss://` speak RESP, `http://` and
//! `https://` REST, where replies come in RESP2 as well, so that there is one reader.

mod connect;
mod door;
mod env_file;
mod error;
mod events;
mod grammar;
mod options;
mod print;
mod prompt;
mod reply;
mod resp;
mod rest;
mod session;
mod target;
mod trust;

pub use error::Error;
pub use options::Options;
pub use session::run;
