//! Those who wait for a frame to be durable.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use parking_lot::Mutex;

use crate::error::JournalError;
use crate::frame::Lsn;
use crate::log::Log;

/// Pending until a frame and all before it are durable, or never will be. Belongs to no runtime. Takes memory in the log
/// only while it is pending; dropping it gives that back.
#[derive(Debug)]
#[must_use = "nothing is waited for unless it is polled"]
pub struct Waiting {
    log: Arc<Log>,
    lsn: Lsn,
    ticket: Option<u64>,
}

impl Waiting {
    pub(crate) fn new(log: Arc<Log>, lsn: Lsn) -> Self {
        Self { log, lsn, ticket: None }
    }

    /// The same, for a thread.
    pub(crate) fn block(mut self) -> Result<(), JournalError> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        loop {
            if let Poll::Ready(outcome) = Pin::new(&mut self).poll(&mut Context::from_waker(&waker)) {
                return outcome;
            }
            std::thread::park();
        }
    }
}

impl Future for Waiting {
    type Output = Result<(), JournalError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(outcome) = self.log.outcome_of(self.lsn) {
            return Poll::Ready(outcome);
        }
        let ticket = self.log.waiters().enter(self.lsn, self.ticket, context.waker());
        self.ticket = Some(ticket);
        // Between the first look and the entry, all may have been woken.
        self.log.outcome_of(self.lsn).map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.log.waiters().leave(self.lsn, ticket);
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Wakers by what they wait for. As many as there are requests under way, which the doors limit.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    wakers: Mutex<BTreeMap<(Lsn, u64), Waker>>,
    last_ticket: AtomicU64,
}

impl Waiters {
    /// Waker to be called when `lsn` is durable. Replaces that of the ticket.
    pub(crate) fn enter(&self, lsn: Lsn, ticket: Option<u64>, waker: &Waker) -> u64 {
        let ticket = ticket.unwrap_or_else(|| self.last_ticket.fetch_add(1, Ordering::Relaxed));
        self.wakers.lock().insert((lsn, ticket), waker.clone());
        ticket
    }

    fn leave(&self, lsn: Lsn, ticket: u64) {
        self.wakers.lock().remove(&(lsn, ticket));
    }

    /// Wakes those who wait for `durable` or less, in that order.
    pub(crate) fn wake_through(&self, durable: Lsn) {
        let due = {
            let mut wakers = self.wakers.lock();
            let later = wakers.split_off(&(durable.next(), 0));
            std::mem::replace(&mut *wakers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    pub(crate) fn wake_all(&self) {
        let all = std::mem::take(&mut *self.wakers.lock());
        all.into_values().for_each(Waker::wake);
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.wakers.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Record, Urgency};
    use crate::settings::Settings;
    use crate::sim::SimDisk;

    fn log() -> Arc<Log> {
        let settings = Settings { segment_bytes: 1 << 16, ..Settings::new(1) };
        Arc::new(Log::start(Arc::new(SimDisk::new(1)), settings, Lsn::FIRST).unwrap())
    }

    fn append(log: &Log) -> Lsn {
        log.append(Record { database: [0; 16], seq: 1, kind: 1, flags: 0, payload: b"x" }, Urgency::Now)
    }

    /// Notes in which order it was woken.
    struct Note(u64, Arc<Mutex<Vec<u64>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().push(self.0);
        }
    }

    fn poll(waiting: &mut Waiting, waker: &Waker) -> Poll<Result<(), JournalError>> {
        Pin::new(waiting).poll(&mut Context::from_waker(waker))
    }

    #[test]
    fn they_are_woken_in_the_order_of_their_frames_whoever_came_first() {
        let (log, woken) = (log(), Arc::new(Mutex::new(Vec::new())));
        for _ in 0..3 {
            append(&log);
        }
        let mut waiting = [4, 2, 5, 1, 3].map(|lsn| log.wait(Lsn(lsn)));
        for waiting in &mut waiting {
            let waker = Waker::from(Arc::new(Note(waiting.lsn.0, Arc::clone(&woken))));
            assert!(poll(waiting, &waker).is_pending());
        }
        log.commit_all().unwrap();
        assert_eq!(*woken.lock(), [1, 2, 3]);
        append(&log);
        append(&log);
        log.commit_all().unwrap();
        assert_eq!(*woken.lock(), [1, 2, 3, 4, 5]);
        assert!(waiting.iter_mut().all(|waiting| poll(waiting, Waker::noop()) == Poll::Ready(Ok(()))));
        assert_eq!(log.waiters().count(), 0);
    }

    #[test]
    fn one_that_goes_early_leaves_nothing_behind() {
        let log = log();
        let lsn = append(&log);
        let (mut gone, mut left, never_polled) = (log.wait(lsn), log.wait(lsn), log.wait(lsn));
        for _ in 0..3 {
            assert!(poll(&mut gone, Waker::noop()).is_pending());
            assert!(poll(&mut left, Waker::noop()).is_pending());
        }
        assert_eq!(log.waiters().count(), 2);
        drop((gone, never_polled));
        assert_eq!(log.waiters().count(), 1);
        log.commit_all().unwrap();
        assert_eq!(poll(&mut left, Waker::noop()), Poll::Ready(Ok(())));
    }

    #[test]
    fn what_is_durable_is_not_waited_for() {
        let log = log();
        let lsn = append(&log);
        log.commit_all().unwrap();
        assert_eq!(poll(&mut log.wait(lsn), Waker::noop()), Poll::Ready(Ok(())));
        assert_eq!(poll(&mut log.wait(Lsn::NONE), Waker::noop()), Poll::Ready(Ok(())));
        assert_eq!(log.waiters().last_ticket.load(Ordering::Relaxed), 0);
    }
}
