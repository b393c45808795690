//! The REST dialect: commands as JSON or as a path, replies as JSON.

mod body;
mod json;
mod path;
mod write;

pub use body::{BodyError, BodyLimits, parse_batch, parse_command};
pub use json::{JsonError, JsonProblem};
pub use path::{PathRequest, Route, parse_path, query_token, route};
pub use write::{Encoding, Envelope, Format, write_batch, write_error, write_result};
