//! What is said: words in, replies out, in every dialect.
//!
//! A *command* is a list of [`Words`]: the name and its arguments, as the client sent them. A [`Reply`] is a value;
//! how it looks on the wire is decided by the dialect that writes it (JSON, JSON with base64, RESP2, RESP3).

mod error;
pub mod number;
mod reply;
pub mod resp;
pub mod rest;
mod words;

pub use error::ReplyError;
pub use reply::Reply;
pub use words::Words;
