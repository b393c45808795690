//! What a handler gets to work with: no more than its kind needs.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use fastrand::Rng;
use latchkey_keyspace::{Edit, Now, View};
use latchkey_protocol::ReplyError;
use latchkey_pubsub::Outbox;

use crate::{Notify, Result};

/// What a reading command sees: the keyspace at one instant, and chance.
#[derive(Debug)]
pub struct Read<'a> {
    view: View<'a>,
    /// For commands that draw (SRANDMEMBER, RANDOMKEY).
    pub chance: &'a mut Rng,
}

impl<'a> Read<'a> {
    /// For a command that runs at the view's instant.
    pub fn new(view: View<'a>, chance: &'a mut Rng) -> Self {
        Self { view, chance }
    }
}

impl<'a> Deref for Read<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

/// What a writing command works on.
#[derive(Debug)]
pub struct Write<'a> {
    edit: Edit<'a>,
    /// For commands that draw (SPOP).
    pub chance: &'a mut Rng,
    record_bytes_max: u64,
}

impl<'a> Write<'a> {
    /// For a command that runs at the edit's instant; `record_bytes_max` is the longest value the plan allows.
    pub fn new(edit: Edit<'a>, chance: &'a mut Rng, record_bytes_max: u64) -> Self {
        Self { edit, chance, record_bytes_max }
    }

    /// Refuses a string that would be longer than Redis or the plan allows, before memory is taken for it.
    pub fn check_text_len(&self, bytes: u64) -> Result<()> {
        /// Redis's `proto-max-bulk-len`.
        const TEXT_BYTES_MAX: u64 = 512 * 1024 * 1024;
        if bytes > TEXT_BYTES_MAX {
            return Err(ReplyError::STRING_TOO_LONG.into());
        }
        self.check_record_bytes(bytes)
    }

    /// The longest value that the plan allows under one key, in stored bytes.
    pub fn record_bytes_max(&self) -> u64 {
        self.record_bytes_max
    }

    /// Refuses a value that would take more than the plan allows under one key, before memory is taken for it.
    pub fn check_record_bytes(&self, bytes: u64) -> Result<()> {
        if bytes > self.record_bytes_max {
            return Err(ReplyError::RECORD_TOO_LONG.into());
        }
        Ok(())
    }
}

impl<'a> Deref for Write<'a> {
    type Target = Edit<'a>;

    fn deref(&self) -> &Edit<'a> {
        &self.edit
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.edit
    }
}

/// What a command about the server sees: facts about the process, the keyspace to look at, and the database's settings.
#[derive(Debug)]
pub struct Server<'a> {
    /// The keyspace, to be looked at.
    pub view: View<'a>,
    /// What is known of the process and of this database.
    pub facts: &'a Facts,
    /// What CONFIG SET may change.
    pub settings: &'a mut Settings,
    /// What is to be published.
    pub outbox: &'a mut Outbox,
}

impl Server<'_> {
    /// The instant.
    pub fn now(&self) -> Now {
        self.view.now()
    }
}

/// What INFO tells. Only of the own database, never of a neighbour.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// When the process began to serve, in milliseconds since the epoch.
    pub started_at_ms: i64,
    /// The version of the `latchkey` binary.
    pub version: &'static str,
    /// An id of this run of the process: 40 hexadecimal digits.
    pub run_id: String,
    /// How many connections speak to this database; counted by whoever has them.
    pub clients: Arc<AtomicU64>,
    /// Commands that wait on this database.
    pub blocked: u64,
    /// Commands that this database has run.
    pub commands: u64,
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Keys that went because their deadline passed.
    pub expired: u64,
    /// Keys that were evicted.
    pub evicted: u64,
    /// The most bytes that this database may store, if there is a limit.
    pub bytes_max: Option<u64>,
    /// Whether keys are evicted to make room.
    pub evicts: bool,
}

/// What CONFIG SET may change in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which changes of keys are published.
    pub notify_keyspace_events: Notify,
}
