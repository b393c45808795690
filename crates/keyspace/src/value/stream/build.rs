//! Making a stream outside of a keyspace.

use std::ops::Deref;

use super::{Counters, Delivery, Id, Record, Stream};

/// A stream that is being read from somewhere, part by part. What would make it inconsistent is refused.
#[derive(Debug, Default)]
pub struct Builder {
    stream: Stream,
    last_entry: Id,
}

impl Builder {
    /// Adds an entry. Whether it may come here: its id has to be greater than all before.
    pub fn append(&mut self, record: &Record) -> bool {
        let ascends = record.id > self.last_entry;
        if ascends {
            self.stream.entries.append(record);
            self.last_entry = record.id;
        }
        ascends
    }

    /// Sets what the stream remembers of entries that are gone.
    pub fn set_counters(&mut self, counters: Counters) {
        self.stream.counters = counters;
    }

    /// Adds a group. Whether there was none of this name.
    pub fn put_group(&mut self, name: &[u8], last_id: Id, entries_read: Option<u64>) -> bool {
        let is_new = self.stream.group(name).is_none();
        if is_new {
            self.stream.put_group(name, last_id, entries_read);
        }
        is_new
    }

    /// Adds a consumer to a group. Whether the group is there, and had none of this name.
    pub fn put_consumer(
        &mut self,
        group: &[u8],
        name: &[u8],
        seen_at_ms: i64,
        active_at_ms: Option<i64>,
    ) -> bool {
        let is_new = self.stream.group(group).is_some_and(|group| group.consumer(name).is_none());
        if is_new {
            self.stream.put_consumer(group, name, seen_at_ms, active_at_ms);
        }
        is_new
    }

    /// A consumer has to acknowledge an entry. Nothing happens if there is no such group or consumer.
    pub fn assign(&mut self, group: &[u8], consumer: &[u8], id: Id, delivery: Delivery) {
        self.stream.assign(group, consumer, &[(id, delivery)]);
    }

    /// The stream.
    pub fn finish(self) -> Stream {
        self.stream
    }
}

/// To look at what is there so far.
impl Deref for Builder {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        &self.stream
    }
}
