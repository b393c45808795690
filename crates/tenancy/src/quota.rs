//! Daily quotas that hold under concurrency and across crashes.
//!
//! A [`Meter`] admits commands only from what the store has already counted durably: it *leases* commands in blocks
//! and counts them down in memory. The store counts a block as used when it leases it, so a crash loses the unused rest
//! of one block and never gives anything away; a clean shutdown returns the rest.
//!
//! With `total` (the store's count of the day, as last heard), `held` (leased and not yet admitted) and `unleased`
//! (admitted while no limit was set), the usage of the day is `total - held + unleased`.

use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::store::{Lease, LeaseError, LeaseRequest, LeaseStore, MeterScope, Return};

/// Most commands that a meter holds on stock, and so the most that a crash can cost (a transaction that needs more
/// leases what it needs). Near the limit blocks shrink to a quarter of what is left.
pub const LEASE_BLOCK_MAX: u64 = 1_000;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The UTC day of an instant in Unix milliseconds, in days since 1970-01-01.
pub const fn day_of(now_ms: u64) -> u64 {
    now_ms / DAY_MS
}

/// When a day's quota is renewed: 00:00 UTC of the next day, in Unix milliseconds.
pub const fn resets_at_ms(day: u64) -> u64 {
    (day + 1) * DAY_MS
}

/// The two meters that one token's commands pass: its own and its database's. Both admit, or neither counts.
#[derive(Clone, Debug)]
pub struct Allowance {
    // Always locked in this order: tokens share a database's meter, never the other way round.
    meters: [Arc<Meter>; 2],
}

impl Allowance {
    /// The allowance of a token on its database.
    pub fn new(database: Arc<Meter>, token: Arc<Meter>) -> Self {
        Self { meters: [database, token] }
    }

    /// For a pipeline: grants `n` commands or, where the quota ends before, as many as it has left; the first
    /// [`Reservation::granted`] entries run and the rest are refused.
    pub fn reserve_up_to(&self, n: u64, now_ms: u64) -> Reserved {
        self.reserve(n, Want::UpTo, now_ms)
    }

    /// For a transaction: grants `n` commands, or none.
    pub fn reserve_all(&self, n: u64, now_ms: u64) -> Reserved {
        self.reserve(n, Want::All, now_ms)
    }

    /// Gives back `n` commands that were refused before they ran. Panics if more is refunded than was granted.
    pub fn refund(&self, reservation: &mut Reservation, n: u64) {
        assert!(n <= reservation.granted, "refund of {n} out of {}", reservation.granted);
        reservation.granted -= n;
        if let Some(left) = &mut reservation.snapshot {
            left.remaining += n;
        }
        for (meter, day) in self.meters.iter().zip(reservation.days) {
            meter.state.lock().refund(n, day);
        }
    }

    /// Sends wishes to the store, takes in what it answers, and calls `heard` after each answer: the moment to ask again,
    /// for this caller and for all who wait for the same meters. On an error this caller gives up; the others may try.
    pub fn fetch<F>(&self, requests: Requests, store: &dyn LeaseStore, heard: F)
    where
        F: Fn(Result<(), LeaseError>) + Clone + Send + 'static,
    {
        for request in requests {
            let (allowance, heard) = (self.clone(), heard.clone());
            store.lease(request, Box::new(move |outcome| heard(allowance.take_in(&request, outcome))));
        }
    }

    fn take_in(&self, request: &LeaseRequest, outcome: Result<Lease, LeaseError>) -> Result<(), LeaseError> {
        let mut meters = self.meters.iter();
        let meter =
            meters.find(|meter| meter.scope == request.scope).expect("only its own meters made the wish");
        match outcome {
            Ok(lease) => meter.extend(lease),
            Err(error) => {
                meter.lease_failed(request);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Limit and rest of the meter with the least left, without reserving anything. `None`: nothing is limited.
    pub fn snapshot(&self, now_ms: u64) -> Option<Snapshot> {
        tightest(&self.lock(now_ms), now_ms)
    }

    fn reserve(&self, n: u64, want: Want, now_ms: u64) -> Reserved {
        let mut states = self.lock(now_ms);
        let reach = states.iter().map(|state| state.reach()).min().unwrap_or(u64::MAX);
        let target = match want {
            Want::UpTo if reach > 0 => n.min(reach),
            _ => n,
        };
        if target > reach {
            let refusal = self.refusal(&states, target).expect("the meter with the least reach refuses");
            return Reserved::Exhausted(refusal);
        }
        if !states.iter().all(|state| state.holds(target)) {
            return Reserved::NeedsLease(self.requests(&mut states, target));
        }
        states.iter_mut().for_each(|state| state.draw(target));
        let days = [states[0].day, states[1].day];
        let refusal = if target < n { self.refusal(&states, 1) } else { None };
        let snapshot = tightest(&states, now_ms);
        let reservation = Reservation { granted: target, days, snapshot, refusal };
        Reserved::Granted { reservation, refill: self.refills(&mut states) }
    }

    fn lock(&self, now_ms: u64) -> States<'_> {
        self.meters.each_ref().map(|meter| meter.lock(now_ms))
    }

    fn refusal(&self, states: &States<'_>, n: u64) -> Option<Exhausted> {
        let short = (0..states.len()).find(|&at| states[at].reach() < n)?;
        states[short].refusal(self.meters[short].scope)
    }

    /// Wishes of the meters that hold less than `target`, unless theirs are under way already.
    fn requests(&self, states: &mut States<'_>, target: u64) -> Requests {
        let short = self.meters.iter().zip(states).filter(|(_, state)| !state.holds(target));
        Requests(short.filter_map(|(meter, state)| state.request(meter.scope, target)).collect())
    }

    /// Wishes made ahead of need, so that commands need not wait for the store.
    fn refills(&self, states: &mut States<'_>) -> Requests {
        let low = self.meters.iter().zip(states).filter(|(_, state)| state.runs_low());
        Requests(low.filter_map(|(meter, state)| state.request(meter.scope, 0)).collect())
    }
}

enum Want {
    UpTo,
    All,
}

type States<'a> = [MutexGuard<'a, State>; 2];

/// Whether commands may run.
#[must_use]
#[derive(Debug)]
pub enum Reserved {
    /// They may. Hand `refill` to [`Allowance::fetch`] without waiting for it.
    Granted {
        /// How many, and what is left.
        reservation: Reservation,
        /// Wishes made ahead of need; mostly none.
        refill: Requests,
    },
    /// They may not before the reset; nothing was counted.
    Exhausted(Exhausted),
    /// Not decided, nothing counted: hand these wishes to [`Allowance::fetch`], and ask again when it has heard. Where
    /// another caller's wish is under way the list is empty: ask again when that one has heard.
    NeedsLease(Requests),
}

/// At most one wish per meter. While one is on its way its meter makes no other, so it must not be dropped.
#[must_use]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requests(Vec<LeaseRequest>);

impl Requests {
    /// Whether there is nothing to ask for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Requests {
    type Item = LeaseRequest;
    type IntoIter = std::vec::IntoIter<LeaseRequest>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Commands that were counted and may run. What is not refunded stays counted.
#[must_use]
#[derive(Debug)]
pub struct Reservation {
    granted: u64,
    days: [u64; 2],
    snapshot: Option<Snapshot>,
    refusal: Option<Exhausted>,
}

impl Reservation {
    /// How many commands may run.
    pub fn granted(&self) -> u64 {
        self.granted
    }

    /// The answer to those of a pipeline's commands that were not granted; `None` where all were.
    pub fn refusal(&self) -> Option<Exhausted> {
        self.refusal
    }

    /// What was left just after this reservation; `None` where nothing is limited.
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot
    }
}

/// What the `RateLimit` header of a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Commands a day.
    pub limit: u64,
    /// Commands left today.
    pub remaining: u64,
    /// Seconds to the reset, rounded up.
    pub resets_in_seconds: u64,
}

/// A daily quota is used up. Its `Display` is the reply that clients know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Whose quota.
    pub scope: MeterScope,
    /// Commands a day.
    pub limit: u64,
    /// Commands used today. Less than `limit` where a transaction did not fit into the rest.
    pub used: u64,
    /// Unix milliseconds.
    pub resets_at_ms: u64,
}

impl Exhausted {
    /// For `Retry-After`: seconds to the reset, rounded up.
    pub fn retry_after_seconds(&self, now_ms: u64) -> u64 {
        seconds_until(self.resets_at_ms, now_ms)
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, used, .. } = self;
        write!(
            f,
            "ERR max daily request limit exceeded. Limit: {limit}, Usage: {used}. \
             See https://upstash.com/docs/redis/troubleshooting/max_daily_request_limit for details"
        )
    }
}

impl std::error::Error for Exhausted {}

/// Counts the commands of one token or one database, day by day.
#[derive(Debug)]
pub struct Meter {
    scope: MeterScope,
    state: Mutex<State>,
}

impl Meter {
    /// A meter that knows nothing of the day yet: where there is a limit, its first command asks the store.
    pub fn new(scope: MeterScope, limit: Option<u64>) -> Self {
        Self { scope, state: Mutex::new(State { limit, ..State::default() }) }
    }

    /// Whose commands it counts.
    pub fn scope(&self) -> MeterScope {
        self.scope
    }

    /// Changes the limit at once. What was used today stays used.
    pub fn set_limit(&self, limit: Option<u64>) {
        let mut state = self.state.lock();
        // What was admitted without a limit has to be durable before anything is admitted under one.
        state.known &= state.limit.is_some() || limit.is_none();
        state.limit = limit;
    }

    /// Takes in what the store granted. A lease of another day than the meter's is dropped: it can't be used any more.
    /// Panics if the lease is another meter's.
    pub fn extend(&self, lease: Lease) {
        assert_eq!(lease.scope, self.scope, "a lease went to the wrong meter");
        self.state.lock().extend(&lease);
    }

    /// The store could not answer this wish: the next reservation asks again.
    pub fn lease_failed(&self, request: &LeaseRequest) {
        let mut state = self.state.lock();
        if request.day == state.day
            && let Some(spent) = state.in_flight.take()
        {
            state.unleased += spent;
        }
    }

    /// Commands used in the day of `now_ms`, as far as this process knows.
    pub fn used(&self, now_ms: u64) -> u64 {
        self.lock(now_ms).used()
    }

    /// Empties the meter at a clean shutdown, and says what the store should take back. Call it when nothing is admitted
    /// any more and no lease is under way.
    pub fn close(&self) -> Option<Return> {
        let mut state = self.state.lock();
        let closed = Return { scope: self.scope, day: state.day, unused: state.held, spent: state.unleased };
        *state = State { day: state.day, limit: state.limit, ..State::default() };
        (closed.unused > 0 || closed.spent > 0).then_some(closed)
    }

    fn lock(&self, now_ms: u64) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.roll(day_of(now_ms));
        state
    }
}

#[derive(Debug, Default)]
struct State {
    day: u64,
    limit: Option<u64>,
    /// The store's total for the day, as last heard.
    total: u64,
    /// Part of `total` that is not admitted yet.
    held: u64,
    /// Admitted without a lease, not in `total`.
    unleased: u64,
    /// A wish is under way, and has taken so much of `unleased` along.
    in_flight: Option<u64>,
    /// Whether the store has answered for this day under this limit.
    known: bool,
}

impl State {
    /// Starts a new day. A clock that is set back starts none, so it renews nothing.
    fn roll(&mut self, day: u64) {
        if day > self.day {
            *self = Self { day, limit: self.limit, ..Self::default() };
        }
    }

    fn used(&self) -> u64 {
        (self.total + self.unleased + self.in_flight.unwrap_or(0)).saturating_sub(self.held)
    }

    /// Commands that could at most still be admitted today.
    fn reach(&self) -> u64 {
        match self.limit {
            // A limit of zero needs no store to refuse.
            Some(limit) if self.known || limit == 0 => limit.saturating_sub(self.used()),
            _ => u64::MAX,
        }
    }

    /// Whether `n` commands, within reach, can be admitted without asking the store.
    fn holds(&self, n: u64) -> bool {
        self.limit.is_none() || n == 0 || (self.known && self.held >= n)
    }

    fn draw(&mut self, n: u64) {
        match self.limit {
            None => self.unleased += n,
            Some(_) => self.held -= n,
        }
    }

    fn refund(&mut self, n: u64, day: u64) {
        if day != self.day {
            return;
        }
        // Either way the usage falls by n; only what has no lease must not become one.
        let unleased = n.min(self.unleased);
        self.unleased -= unleased;
        self.held += n - unleased;
    }

    fn extend(&mut self, lease: &Lease) {
        if lease.day != self.day {
            return;
        }
        self.in_flight = None;
        self.total = lease.total;
        self.held += lease.granted;
        self.known = true;
    }

    /// Commands that the store could still lease, as far as is known.
    fn unleased_rest(&self) -> u64 {
        let counted = self.total + self.unleased + self.in_flight.unwrap_or(0);
        self.limit.map_or(0, |limit| limit.saturating_sub(counted))
    }

    /// How much to hold after a lease.
    fn block(&self) -> u64 {
        (self.unleased_rest() / 4).clamp(1, LEASE_BLOCK_MAX)
    }

    fn runs_low(&self) -> bool {
        self.known && self.unleased_rest() > 0 && self.held < self.block() / 4
    }

    /// A wish for enough to hold a block, or `target` where that is more; `None` while one is under way.
    fn request(&mut self, scope: MeterScope, target: u64) -> Option<LeaseRequest> {
        if self.in_flight.is_some() {
            return None;
        }
        let limit = self.limit?;
        let want = self.block().max(target).saturating_sub(self.held);
        let spent = std::mem::take(&mut self.unleased);
        self.in_flight = Some(spent);
        Some(LeaseRequest { scope, day: self.day, limit, want, spent })
    }

    fn refusal(&self, scope: MeterScope) -> Option<Exhausted> {
        let limit = self.limit?;
        Some(Exhausted { scope, limit, used: self.used(), resets_at_ms: resets_at_ms(self.day) })
    }

    fn snapshot(&self, now_ms: u64) -> Option<Snapshot> {
        let limit = self.limit?;
        let remaining = limit.saturating_sub(self.used());
        Some(Snapshot { limit, remaining, resets_in_seconds: seconds_until(resets_at_ms(self.day), now_ms) })
    }
}

fn tightest(states: &States<'_>, now_ms: u64) -> Option<Snapshot> {
    states.iter().filter_map(|state| state.snapshot(now_ms)).min_by_key(|snapshot| snapshot.remaining)
}

fn seconds_until(then_ms: u64, now_ms: u64) -> u64 {
    then_ms.saturating_sub(now_ms).div_ceil(1_000)
}

#[cfg(test)]
mod tests;
