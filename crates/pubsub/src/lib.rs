//! Who listens to what or keeps copies of what, and what they have not heard yet.
//!
//! A [`Hub`] belongs to one database. What is published is put into the mailbox of everybody who listens, at once and in
//! order; each reads its own through its [`Ear`] when it comes to it. Nobody waits for a listener: one that does not
//! keep up is dropped. Nothing here knows a socket, a runtime or a key.

mod copies;
mod ear;
mod hub;
pub mod limits;
mod mailbox;
mod outbox;
mod prefixes;
mod topics;
mod tracking;

#[cfg(test)]
mod tests;

pub use ear::Ear;
pub use hub::{Full, Hub};
pub use mailbox::{Message, News, Stale, TooSlow};
pub use outbox::{Mark, Outbox};
pub use topics::Scope;
pub use tracking::{Mode, Reader, Terms, Tracked, TrackedCounts};
