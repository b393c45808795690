//! One database in memory.
//!
//! A [`Keyspace`] maps keys to values and knows their deadlines and their size. Nobody touches an entry but through
//! two doors: a [`View`] reads at one instant, an [`Edit`] also writes. They alone do lazy expiry, byte accounting and
//! the undo log, so a command cannot forget them. Time comes in as an argument ([`Now`]); nothing here reads a clock,
//! draws a random number of its own, starts a thread or opens a file.

mod awaited;
pub mod codec;
pub mod collections;
pub mod cost;
mod edit;
mod effect;
mod entry;
mod event;
mod ledger;
mod libraries;
mod now;
mod open;
mod space;
mod trace;
pub mod value;
mod view;
mod watch;

pub use awaited::Await;
pub use codec::{CodecError, Record};
pub use collections::str::Str;
pub use edit::Edit;
pub use effect::Effect;
pub use entry::Entry;
pub use event::{Class, Classes, Deed, Event};
pub use ledger::Savepoint;
pub use libraries::{Libraries, Library};
pub use now::Now;
pub use open::Open;
pub use space::Keyspace;
pub use trace::Trace;
pub use value::{Contents, Kind, Value, WrongType};
pub use view::View;
pub use watch::Watches;
