//! The Redis protocol: requests as RESP arrays or as lines, replies in RESP2 and RESP3.

mod inline;
mod read;
mod write;

pub use inline::split as split_line;
pub use read::{Decoder, RequestLimits};
pub use write::{Version, write_bulk, write_push_header, write_reply};
