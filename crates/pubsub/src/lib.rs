//! Who listens to what, and what they have not heard yet.
//!
//! A [`Hub`] belongs to one database. What is published is put into the mailbox of everybody who listens, at once and in
//! order; each reads its own through its [`Ear`] when it comes to it. Nobody waits for a listener: one that does not
//! keep up is dropped. Nothing here knows a socket, a runtime or a key.

mod ear;
mod hub;
pub mod limits;
mod mailbox;
mod outbox;
mod topics;

#[cfg(test)]
mod tests;

pub use ear::Ear;
pub use hub::{Full, Hub};
pub use mailbox::{Message, News, TooSlow};
pub use outbox::{Mark, Outbox};
pub use topics::Scope;
