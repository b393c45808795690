//! Runs untrusted Lua scripts within a budget.
//!
//! [`Scripts`] is the script cache of one database with its interpreter. A script runs with a callback for the commands
//! that it calls; this crate knows neither commands nor keys. Whatever a script does, it ends: see [`Budget`].

mod arguments;
mod bits;
mod bridge;
mod cjson;
mod cmsgpack;
mod convert;
mod flags;
mod format;
mod interpreter;
mod library;
mod memory;
mod meter;
mod number;
mod packing;
mod pattern;
mod raise;
mod redis;
mod register;
mod scripts;
mod source;
mod text;

#[cfg(test)]
mod tests;

pub use flags::Flags;
pub use interpreter::{Called, Host, Input};
pub use library::{Library, Registered, library_name};
pub use meter::{Budget, Clock};
pub use scripts::{SCRIPTS_BYTES_MAX, SCRIPTS_MAX, Scripts};
pub use source::{Digest, Source};
