//! From an incoming request to its reply, in typed steps.
//!
//! ```text
//! Incoming ─Authenticate→ Authenticated ─Resolve→ Resolved ─Admit→ Admitted ─Execute→ Answer
//! ```
//!
//! Every door sends the same [`Incoming`] into the same [`stack`]. Each step is a type that only its step can make, so
//! an order that leaves one out does not compile, and a backend accepts nothing that was not admitted. The decisions
//! are plain functions ([`policy`]) and the meters of `latchkey-tenancy`; the layers are shells around them.

mod accounts;
mod answer;
mod backend;
mod batch;
mod clock;
mod layer;
pub mod policy;
mod session;
mod stack;
mod vigil;
mod waiting;

#[cfg(test)]
mod tests;

pub use accounts::{Accounts, Entropy};
pub use answer::{Answer, Refusal, Replies, Standing};
pub use backend::{Backend, Executed};
pub use batch::{Batch, Incoming, Shape};
pub use clock::Clock;
pub use latchkey_commands::Command;
pub use latchkey_pubsub::{Ear, Full, Message, Mode, Scope, Stale, Terms, TooSlow, Tracked};
pub use latchkey_tenancy::{AUTHENTICATION_REFUSED, Credentials, DatabaseId};
pub use layer::admit::Admitted;
pub use layer::authenticate::Authenticated;
pub use layer::resolve::Resolved;
pub use session::{Asked, Caller, Gate, Session, Watching, asked, full_name, may_write, not_available};
pub use stack::{Stack, stack};
pub use vigil::{Unblock, Vigil};
