//! Names that are listened on, and by whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use latchkey_keyspace::Str;
use latchkey_keyspace::collections::scan_map::ScanMap;

use crate::mailbox::Mailbox;

/// What a name that is listened on stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One channel: SUBSCRIBE.
    Channel,
    /// All channels that match a pattern: PSUBSCRIBE.
    Pattern,
    /// One shard channel: SSUBSCRIBE. They have names of their own.
    Shard,
}

/// All names of one scope.
#[derive(Debug)]
pub(crate) struct Topics(ScanMap<Topic>);

/// A name, and who listens on it, by number.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Bytes,
    pub(crate) listeners: BTreeMap<u64, Arc<Mailbox>>,
}

impl Topics {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ScanMap::new(seed))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<&Topic> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.0.iter().map(|(_, topic)| topic)
    }

    pub(crate) fn add(&mut self, name: &[u8], id: u64, mailbox: Arc<Mailbox>) {
        let new = || Topic { name: Bytes::copy_from_slice(name), listeners: BTreeMap::new() };
        self.0.get_or_insert_with(name, new).listeners.insert(id, mailbox);
    }

    /// A name goes with its last listener.
    pub(crate) fn remove(&mut self, name: &Str, id: u64) {
        let Some(topic) = self.0.get_mut(name) else { return };
        topic.listeners.remove(&id);
        if topic.listeners.is_empty() {
            self.0.remove(name);
        }
    }
}
