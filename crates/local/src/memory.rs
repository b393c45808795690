//! The memory that all databases of this process may use together.
//!
//! What counts is stored bytes by the documented formula. Each awake database holds a grant and never stores more
//! than that, so the sum is exact whatever runs at the same time: a grant grows only by what nobody else holds.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A database that may grow asks for so many bytes more than it needs, so that it seldom has to ask.
const SLACK_BYTES: u64 = 256 * 1024;

/// What all grants may come to, and what they come to.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes_max: Option<u64>,
    granted: AtomicU64,
}

/// What one database holds of it. Given back with [`Memory::release`].
#[derive(Debug, Default)]
#[must_use = "what is not released is lost"]
pub(crate) struct Grant {
    bytes: u64,
}

/// Whether there is memory for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is.
    Now,
    /// There would be if others slept.
    NotNow,
    /// There is less in all.
    Never,
}

impl Memory {
    /// So much, or no limit.
    pub(crate) fn new(bytes_max: Option<u64>) -> Self {
        Self { bytes_max, granted: AtomicU64::new(0) }
    }

    /// A grant to be enlarged, which is given back unless it is [kept](Loan::keep).
    pub(crate) fn lend(&self) -> Loan<'_> {
        Loan { memory: self, grant: Grant::default() }
    }

    /// Enlarges a grant to so many bytes, or somewhat more, if they are there. What it comes to.
    pub(crate) fn reach(&self, grant: &mut Grant, bytes: u64) -> Option<u64> {
        let Some(max) = self.bytes_max else { return Some(u64::MAX) };
        let missing = bytes.saturating_sub(grant.bytes);
        let has_it = missing == 0 || missing <= max && self.take(grant, missing + SLACK_BYTES, missing);
        has_it.then_some(grant.bytes)
    }

    /// Whether so many bytes are left, or would be if no database was awake.
    pub(crate) fn has_room(&self, bytes: u64) -> Room {
        match self.bytes_max {
            Some(max) if bytes > max => Room::Never,
            Some(max) if bytes > max.saturating_sub(self.granted.load(Relaxed)) => Room::NotNow,
            _ => Room::Now,
        }
    }

    /// Lets a database that stores so much grow by so much more, as far as there is memory. What it may store then;
    /// `None` for no limit.
    pub(crate) fn enlarge(&self, grant: &mut Grant, stored_bytes: u64, growth_max: u64) -> Option<u64> {
        self.bytes_max?;
        let needed = stored_bytes.saturating_add(growth_max);
        if growth_max > 0 && needed > grant.bytes {
            let missing = needed.saturating_add(SLACK_BYTES) - grant.bytes;
            self.take(grant, missing, 0);
        }
        Some(grant.bytes)
    }

    /// Takes back what a database holds far beyond what it stores.
    pub(crate) fn trim(&self, grant: &mut Grant, stored_bytes: u64) {
        let enough = stored_bytes.saturating_add(2 * SLACK_BYTES);
        if self.bytes_max.is_some() && grant.bytes > enough {
            self.give_back(grant, grant.bytes - enough);
        }
    }

    /// Takes back all.
    pub(crate) fn release(&self, mut grant: Grant) {
        let bytes = grant.bytes;
        self.give_back(&mut grant, bytes);
    }

    /// Whether there is a limit.
    pub(crate) fn is_limited(&self) -> bool {
        self.bytes_max.is_some()
    }

    /// Whether so little is left that databases which nobody uses should sleep.
    pub(crate) fn is_short(&self) -> bool {
        self.bytes_max.is_some_and(|max| self.granted.load(Relaxed) > max - max / 8)
    }

    /// Adds as many bytes as there are, up to `wanted`, if that is `least` at least.
    fn take(&self, grant: &mut Grant, wanted: u64, least: u64) -> bool {
        let Some(max) = self.bytes_max else { return true };
        let mut added = 0;
        let taken = self.granted.fetch_update(Relaxed, Relaxed, |granted| {
            added = wanted.min(max.saturating_sub(granted));
            (added >= least).then_some(granted + added)
        });
        if taken.is_ok() {
            grant.bytes += added;
        }
        taken.is_ok()
    }

    fn give_back(&self, grant: &mut Grant, bytes: u64) {
        grant.bytes -= bytes;
        self.granted.fetch_sub(bytes, Relaxed);
    }
}

/// A grant that nobody has yet: whatever ends the work that it is for, a panic too, it is not lost.
pub(crate) struct Loan<'a> {
    memory: &'a Memory,
    grant: Grant,
}

impl Loan<'_> {
    /// As [`Memory::reach`].
    pub(crate) fn reach(&mut self, bytes: u64) -> Option<u64> {
        self.memory.reach(&mut self.grant, bytes)
    }

    /// For whoever gives it back himself.
    pub(crate) fn keep(mut self) -> Grant {
        std::mem::take(&mut self.grant)
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.memory.release(std::mem::take(&mut self.grant));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEGABYTE: u64 = 1 << 20;

    #[test]
    fn grants_never_come_to_more_than_there_is() {
        let memory = Memory::new(Some(4 * MEGABYTE));
        let (mut first, mut second, mut third) = Default::default();
        assert_eq!(memory.reach(&mut first, MEGABYTE), Some(MEGABYTE + SLACK_BYTES));
        assert_eq!(memory.reach(&mut first, MEGABYTE / 2), Some(MEGABYTE + SLACK_BYTES), "it has that");
        memory.reach(&mut second, MEGABYTE - SLACK_BYTES).expect("there is enough");
        assert_eq!(memory.reach(&mut third, 3 * MEGABYTE), None);
        assert_eq!([1, 3, 5].map(|n| memory.has_room(n * MEGABYTE)), [Room::Now, Room::NotNow, Room::Never]);
        assert_eq!(memory.enlarge(&mut first, MEGABYTE, u64::MAX), Some(3 * MEGABYTE), "all that is left");
        assert_eq!(memory.enlarge(&mut second, MEGABYTE, 10), Some(MEGABYTE), "nothing is left");
        assert!(memory.is_short());
        memory.trim(&mut first, MEGABYTE);
        assert!(memory.enlarge(&mut second, MEGABYTE, 10) > Some(MEGABYTE + 10));
        memory.release(first);
        memory.release(second);
        assert_eq!(memory.reach(&mut third, 4 * MEGABYTE), Some(4 * MEGABYTE), "all came back");
        memory.release(third);
    }

    #[test]
    fn a_loan_that_is_not_kept_comes_back() {
        let memory = Memory::new(Some(MEGABYTE));
        let lost = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut loan = memory.lend();
            loan.reach(MEGABYTE).expect("there is enough");
            assert_eq!(memory.has_room(1), Room::NotNow);
            std::panic::resume_unwind(Box::new(()))
        }));
        lost.unwrap_err();
        assert_eq!(memory.has_room(MEGABYTE), Room::Now);
        let mut loan = memory.lend();
        loan.reach(MEGABYTE).expect("it came back");
        let grant = loan.keep();
        assert_eq!(memory.has_room(1), Room::NotNow);
        memory.release(grant);
    }

    #[test]
    fn a_database_that_does_not_grow_asks_for_nothing() {
        let memory = Memory::new(Some(MEGABYTE));
        let mut grant = Grant::default();
        let granted = memory.reach(&mut grant, 100);
        assert_eq!(memory.enlarge(&mut grant, 100, 0), granted);
        assert_eq!(Memory::new(None).enlarge(&mut grant, 100, u64::MAX), None);
    }
}
