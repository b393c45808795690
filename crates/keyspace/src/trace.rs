//! What a step read and changed, in order, for those who keep copies of what they have read.

use crate::Str;

/// Something that a step did with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Somebody has read it.
    Read {
        /// Who, by number.
        who: u64,
        /// What.
        key: Str,
    },
    /// It was changed, set or removed.
    Changed {
        /// By whom: a number, or [`NOBODY`](Trace::NOBODY).
        who: u64,
        /// What.
        key: Str,
    },
    /// All keys went; or the step did so much that it was no longer noted what.
    Everything,
}

impl Trace {
    /// Who changes a key that expires, or is evicted.
    pub const NOBODY: u64 = 0;

    fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Read { key, .. } | Self::Changed { key, .. } => key.len(),
                Self::Everything => 0,
            }
    }
}

/// So much of one step is noted. One that does more counts as if it had changed everything.
const TRACE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The traces of a keyspace, until they are taken.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    pub(crate) is_wanted: bool,
    pub(crate) who: u64,
    traces: Vec<Trace>,
    bytes: usize,
}

/// How much was noted at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    traces: usize,
    bytes: usize,
}

impl Tracer {
    pub(crate) fn read(&mut self, key: &[u8]) {
        if self.is_wanted {
            self.note(Trace::Read { who: self.who, key: key.into() });
        }
    }

    pub(crate) fn changed(&mut self, key: &[u8]) {
        if self.is_wanted {
            self.note(Trace::Changed { who: self.who, key: key.into() });
        }
    }

    pub(crate) fn everything(&mut self) {
        if self.is_wanted {
            self.note(Trace::Everything);
        }
    }

    fn note(&mut self, trace: Trace) {
        if self.bytes > TRACE_BYTES_MAX || self.traces.last() == Some(&trace) {
            return;
        }
        self.bytes += trace.bytes();
        self.traces.push(trace);
        if self.bytes > TRACE_BYTES_MAX {
            self.traces.push(Trace::Everything);
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { traces: self.traces.len(), bytes: self.bytes }
    }

    /// Forgets what was noted since.
    pub(crate) fn go_back(&mut self, mark: Mark) {
        self.traces.truncate(mark.traces);
        self.bytes = mark.bytes;
    }

    pub(crate) fn has_any(&self) -> bool {
        !self.traces.is_empty()
    }

    pub(crate) fn take(&mut self) -> Vec<Trace> {
        self.bytes = 0;
        std::mem::take(&mut self.traces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Text;
    use crate::{Keyspace, Now};

    const NOW: Now = Now::from_ms(1_000);

    fn text() -> Text {
        Text::from(b"v".as_slice())
    }

    /// A keyspace with `k`, where traces are wanted.
    fn traced() -> Keyspace {
        let mut space = Keyspace::new(1);
        space.edit(NOW).put_with(b"k", text(), Some(5_000));
        space.want_traces(true);
        space.trace_as(7);
        space
    }

    fn changed(key: &str) -> Trace {
        Trace::Changed { who: 7, key: key.into() }
    }

    #[test]
    fn every_change_is_noted_and_nothing_else() {
        let mut space = traced();
        assert!(space.view(NOW).exists(b"k"));
        drop(space.edit(NOW).text(b"k").unwrap());
        assert!(!space.has_traces());
        space.edit(NOW).put(b"a", text());
        space.edit(NOW).set_deadline(b"a", Some(9_000));
        space.edit(NOW).rename(b"a", b"b");
        space.edit(NOW).remove(b"b");
        space.edit(NOW).remove(b"b");
        space.edit(Now::from_ms(6_000)).sweep(10);
        space.trace_read(b"k");
        space.edit(NOW).clear();
        let read = Trace::Read { who: 7, key: "k".into() };
        // A rename changes the key that goes, then the one that comes.
        let expected = [changed("a"), changed("b"), changed("k"), read, Trace::Everything];
        assert_eq!(space.take_traces(), expected);
        space.want_traces(false);
        space.edit(NOW).put(b"a", text());
        assert!(!space.has_traces());
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let mut space = traced();
        space.edit(NOW).put(b"a", text());
        let point = space.save();
        space.edit(NOW).put(b"b", text());
        space.edit(NOW).clear();
        space.roll_back(point);
        assert_eq!(space.take_traces(), vec![changed("a")]);
    }

    #[test]
    fn a_step_that_changes_too_much_has_changed_everything() {
        let mut space = traced();
        let point = space.save();
        for n in 0..200_000_u32 {
            space.trace_read(&n.to_be_bytes());
        }
        assert_eq!(space.tracer.traces.last(), Some(&Trace::Everything));
        assert!(space.tracer.traces.len() < 100_000, "{}", space.tracer.traces.len());
        space.roll_back(point);
        space.edit(NOW).put(b"a", text());
        assert_eq!(space.take_traces(), vec![changed("a")]);
    }
}
