//! Client-side caching: what a step has read and changed is told to those who keep copies.

use latchkey_commands::Call;
use latchkey_keyspace::{Now, Trace};
use latchkey_pubsub::{Ear, Reader};

use crate::{Database, Ran};

impl Database {
    /// The coming commands are those of whoever has this ear. If it keeps copies of keys, it is noted what it reads.
    pub fn speak_for(&mut self, ear: Option<&Ear>) {
        let hub = self.hub();
        self.reader = if hub.has_trackers() { ear.and_then(|ear| hub.reader(ear)) } else { None };
    }

    /// Has the keyspace note what is read and changed, if anybody keeps copies.
    pub(crate) fn want_traces(&mut self) {
        let are_wanted = self.hub().has_trackers();
        self.keyspace.want_traces(are_wanted);
    }

    /// What is read and changed from now on is this reader's doing, or nobody's.
    pub(crate) fn trace_as(&mut self, reader: Option<Reader>) {
        self.keyspace.trace_as(reader.map_or(Trace::NOBODY, |reader| reader.number));
    }

    /// Runs a command of somebody else than whoever speaks now.
    pub(crate) fn run_for(&mut self, reader: Option<Reader>, call: &Call, now: Now) -> Ran {
        let speaker = std::mem::replace(&mut self.reader, reader);
        self.trace_as(reader);
        let ran = self.run_step(call, now);
        self.reader = speaker;
        self.trace_as(speaker);
        ran
    }

    /// Notes what a command has read.
    pub(crate) fn trace_reads(&mut self, call: &Call) {
        if self.reader.is_some_and(|reader| reader.remembers) && call.spec().is_read() {
            call.keys().iter().for_each(|key| self.keyspace.trace_read(key.name));
        }
    }

    /// Tells of the step, now that nothing takes it back. Whoever reads again waits for the database, and so finds what
    /// it was told of.
    pub(crate) fn tell_trackers(&mut self) {
        if self.keyspace.has_traces() {
            let traces = self.keyspace.take_traces();
            let garbage = self.hub().tell_trackers(traces);
            self.garbage = garbage.or(self.garbage.take());
        }
    }
}
