//! Databases as files: snapshots, tails, compaction, recovery.
//!
//! A [`Storage`] has the files of all databases of a node and the log that they share. [`Storage::wake`] reads one into
//! a `Keyspace` and gives a [`Shelf`] with it, which takes the steps that happen from then on: into the log, where they
//! become durable, and later into the database's own tail. When tails have grown, [`Storage::compact_due`] makes a new
//! snapshot of the old one and the tails, without the keyspace. What the files look like is in `docs/on-disk.md`.

mod bytes;
mod chain;
mod check;
mod compact;
mod database;
mod error;
mod keeper;
mod names;
mod outside;
mod peek;
mod recover;
mod settings;
mod shelf;
mod snapshot;
mod storage;
mod tail;
mod transfer;
mod wake;
mod write;

pub use check::{Report, check, stored};
pub use compact::Compacted;
pub use database::Durability;
pub use error::StorageError;
pub use keeper::{Keeper, News};
pub use peek::Peeked;
pub use recover::Recovered;
pub use settings::Settings;
pub use shelf::{Shelf, Woken};
pub use storage::Storage;
pub use transfer::{Copied, copy_out, import, read, read_copy};
pub use wake::Admit;
