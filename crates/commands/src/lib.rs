//! The command table, and every command.
//!
//! A command is declared once, by the [`Spec`] above its handler. Dispatch, ACL, the read-only token, quota, storage
//! refusal, `COMMAND`, the documentation and a test per example all derive from it. To add a command, write its file in
//! the folder of its family and one line in that family's `mod.rs`.

#![deny(dead_code)] // a command that no family lists is dead code

pub mod acl;
mod args;
mod call;
mod category;
mod channels;
mod context;
mod counts;
mod deadline;
mod decimal;
mod error;
mod example;
mod keys;
mod notify;
mod scanning;
mod spec;
mod table;
mod waiting;

mod array;
mod bitmap;
mod connection;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
mod json;
mod list;
mod pubsub;
mod scripting;
mod server;
mod set;
mod sorted_set;
mod stream;
mod string;
mod transactions;

#[cfg(test)]
mod tests;

pub use args::{Args, float, int};
pub use call::{Call, Site, not_available, not_over_rest, printable};
pub use category::{Categories, Category};
pub use channels::Channels;
pub use context::{Facts, Read, Server, Settings, Write};
pub use error::{Error, Result};
pub use example::{Example, Samples, Step, steps};
pub use keys::{Access, Key, Keys};
pub use latchkey_keyspace::Watches;
pub use notify::Notify;
pub use spec::{Account, Arity, Cost, Growth, Refuses, Run, Script, Spec};
pub use table::{Command, FAMILIES, Family, commands, find};
pub use waiting::{Patience, Waits, Wanted};
