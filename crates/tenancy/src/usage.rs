//! What one token has used since it was last asked.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Amounts that only grow. The sum over a database's tokens is the database's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Metered commands, failed ones included, refused ones not.
    pub commands: u64,
    /// Those of them that only read.
    pub reads: u64,
    /// Those of them that may write.
    pub writes: u64,
    /// Bytes of requests.
    pub bytes_in: u64,
    /// Bytes of replies.
    pub bytes_out: u64,
}

/// Counts from many threads. The fields are counted independently: a reader may see a command before its bytes.
#[derive(Debug, Default)]
pub struct UsageCounter {
    commands: AtomicU64,
    reads: AtomicU64,
    writes: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl UsageCounter {
    /// Adds to what was counted.
    pub fn add(&self, usage: Usage) {
        for (counter, amount) in [
            (&self.commands, usage.commands),
            (&self.reads, usage.reads),
            (&self.writes, usage.writes),
            (&self.bytes_in, usage.bytes_in),
            (&self.bytes_out, usage.bytes_out),
        ] {
            if amount > 0 {
                counter.fetch_add(amount, Relaxed);
            }
        }
    }

    /// Takes what was counted since the last time. Whoever takes it and cannot store it adds it again.
    pub fn take(&self) -> Usage {
        Usage {
            commands: self.commands.swap(0, Relaxed),
            reads: self.reads.swap(0, Relaxed),
            writes: self.writes.swap(0, Relaxed),
            bytes_in: self.bytes_in.swap(0, Relaxed),
            bytes_out: self.bytes_out.swap(0, Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_not_taken_again() {
        let counter = UsageCounter::default();
        let get = Usage { commands: 1, reads: 1, bytes_in: 20, bytes_out: 5, ..Usage::default() };
        counter.add(get);
        counter.add(get);
        assert_eq!(counter.take(), Usage { commands: 2, reads: 2, bytes_in: 40, bytes_out: 10, writes: 0 });
        assert_eq!(counter.take(), Usage::default());
    }
}
