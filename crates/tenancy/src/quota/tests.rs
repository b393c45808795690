//! Quotas against a store in memory: exact, under threads, crashes and midnights.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use proptest::prelude::*;

use super::*;
use crate::{DatabaseId, TokenId};

const NOON: u64 = 20_000 * DAY_MS + DAY_MS / 2;
const DATABASE: MeterScope = MeterScope::Database(DatabaseId::from_bytes([1; 16]));

fn token(n: u8) -> MeterScope {
    MeterScope::Token(TokenId::from_bytes([n; 16]))
}

/// What a store does with leases, without a disk.
#[derive(Default)]
struct Store(HashMap<(MeterScope, u64), u64>);

impl Store {
    fn lease(&mut self, request: LeaseRequest) -> Lease {
        let LeaseRequest { scope, day, limit, want, spent } = request;
        let total = self.0.entry((scope, day)).or_default();
        *total += spent;
        let granted = want.min(limit.saturating_sub(*total));
        *total += granted;
        Lease { scope, day, granted, total: *total }
    }

    fn give_back(&mut self, Return { scope, day, unused, spent }: Return) {
        let total = self.0.entry((scope, day)).or_default();
        *total = *total - unused + spent;
    }
}

fn allowance(database: Option<u64>, token_limit: Option<u64>) -> Allowance {
    Allowance::new(Arc::new(Meter::new(DATABASE, database)), Arc::new(Meter::new(token(1), token_limit)))
}

impl Allowance {
    fn answer(&self, request: LeaseRequest, store: &mut Store) {
        self.take_in(&request, Ok(store.lease(request))).unwrap();
    }

    /// Reserves as the pipeline does, with a store that answers at once.
    fn settle(&self, n: u64, all: bool, now_ms: u64, store: &mut Store) -> Result<Reservation, Exhausted> {
        loop {
            let reserved = if all { self.reserve_all(n, now_ms) } else { self.reserve_up_to(n, now_ms) };
            match reserved {
                Reserved::Granted { reservation, refill } => {
                    refill.into_iter().for_each(|request| self.answer(request, store));
                    return Ok(reservation);
                }
                Reserved::Exhausted(exhausted) => return Err(exhausted),
                Reserved::NeedsLease(requests) => {
                    requests.into_iter().for_each(|request| self.answer(request, store));
                }
            }
        }
    }

    fn granted(&self, n: u64, all: bool, now_ms: u64, store: &mut Store) -> u64 {
        self.settle(n, all, now_ms, store).map_or(0, |reservation| reservation.granted())
    }
}

#[test]
fn a_pipeline_gets_what_is_left_and_a_transaction_all_or_nothing() {
    let (allowance, mut store) = (allowance(None, Some(10)), Store::default());
    assert_eq!(allowance.granted(4, false, NOON, &mut store), 4);
    let refused = allowance.settle(7, true, NOON, &mut store).unwrap_err();
    assert_eq!((refused.limit, refused.used, refused.scope), (10, 4, token(1)));
    assert_eq!(allowance.granted(6, true, NOON, &mut store), 6);
    assert_eq!(allowance.granted(1, false, NOON, &mut store), 0);

    let next_day = resets_at_ms(day_of(NOON));
    assert_eq!(allowance.granted(100, false, next_day, &mut store), 10);
}

#[test]
fn the_refusal_is_the_text_that_clients_know() {
    let (allowance, mut store) = (allowance(None, Some(3)), Store::default());
    assert_eq!(allowance.settle(1, false, NOON, &mut store).unwrap().refusal(), None);
    let reservation = allowance.settle(9, false, NOON, &mut store).unwrap();
    assert_eq!(reservation.granted(), 2);
    let refused = allowance.settle(1, false, NOON, &mut store).unwrap_err();
    assert_eq!(reservation.refusal(), Some(refused));
    assert_eq!(
        refused.to_string(),
        "ERR max daily request limit exceeded. Limit: 3, Usage: 3. \
         See https://upstash.com/docs/redis/troubleshooting/max_daily_request_limit for details"
    );
    assert_eq!(refused.retry_after_seconds(NOON), 12 * 60 * 60);
    assert_eq!(refused.retry_after_seconds(NOON + 1), 12 * 60 * 60, "never earlier than the reset");
}

#[test]
fn both_meters_count_or_neither() {
    let (allowance, mut store) = (allowance(Some(5), Some(100)), Store::default());
    assert_eq!(allowance.granted(5, true, NOON, &mut store), 5);
    let refused = allowance.settle(1, true, NOON, &mut store).unwrap_err();
    assert_eq!(refused.scope, DATABASE);
    assert_eq!(allowance.meters[1].used(NOON), 5);
}

#[test]
fn the_snapshot_is_that_of_the_tighter_meter() {
    let (allowance, mut store) = (allowance(Some(1_000), Some(100)), Store::default());
    let reservation = allowance.settle(1, true, NOON, &mut store).unwrap();
    let expected = Snapshot { limit: 100, remaining: 99, resets_in_seconds: 43_200 };
    assert_eq!(reservation.snapshot(), Some(expected));
    assert_eq!(allowance.snapshot(NOON), Some(expected));
    assert_eq!(self::allowance(None, None).snapshot(NOON), None);
}

#[test]
fn a_refund_can_be_used_again_but_not_the_next_day() {
    let (allowance, mut store) = (allowance(None, Some(10)), Store::default());
    let mut reservation = allowance.settle(10, true, NOON, &mut store).unwrap();
    allowance.refund(&mut reservation, 3);
    assert_eq!(allowance.granted(10, false, NOON, &mut store), 3);

    let tomorrow = NOON + DAY_MS;
    assert_eq!(allowance.granted(10, false, tomorrow, &mut store), 10);
    allowance.refund(&mut reservation, 7);
    assert_eq!(allowance.granted(1, false, tomorrow, &mut store), 0);
}

#[test]
#[should_panic(expected = "refund of 2 out of 1")]
fn more_than_was_granted_is_not_refunded() {
    let allowance = allowance(None, None);
    let mut reservation = allowance.settle(1, true, NOON, &mut Store::default()).unwrap();
    allowance.refund(&mut reservation, 2);
}

#[test]
fn a_crash_costs_at_most_one_block_and_a_clean_shutdown_nothing() {
    let mut store = Store::default();
    let before = allowance(None, Some(10_000));
    assert_eq!(before.granted(1, true, NOON, &mut store), 1);
    let after_crash = allowance(None, Some(10_000));
    let left = after_crash.granted(10_000, false, NOON, &mut store);
    assert_eq!(left, 10_000 - LEASE_BLOCK_MAX);

    let tomorrow = NOON + DAY_MS;
    let before = allowance(None, Some(10_000));
    assert_eq!(before.granted(1, true, tomorrow, &mut store), 1);
    before.meters.iter().filter_map(|meter| meter.close()).for_each(|unused| store.give_back(unused));
    let after_shutdown = allowance(None, Some(10_000));
    assert_eq!(after_shutdown.granted(10_000, false, tomorrow, &mut store), 9_999);
}

#[test]
fn a_clock_set_back_renews_nothing() {
    let (allowance, mut store) = (allowance(None, Some(10)), Store::default());
    assert_eq!(allowance.granted(10, false, NOON, &mut store), 10);
    assert_eq!(allowance.granted(10, false, NOON - DAY_MS, &mut store), 0);
}

#[test]
fn usage_without_a_limit_counts_once_there_is_one() {
    let (allowance, mut store) = (allowance(None, None), Store::default());
    assert_eq!(allowance.granted(7, true, NOON, &mut store), 7);
    assert_eq!(allowance.meters[1].used(NOON), 7);
    allowance.meters[1].set_limit(Some(10));
    assert_eq!(allowance.granted(100, false, NOON, &mut store), 3);
    allowance.meters[1].set_limit(Some(5));
    assert_eq!(allowance.settle(1, true, NOON, &mut store).unwrap_err().used, 10);
    allowance.meters[1].set_limit(None);
    assert_eq!(allowance.granted(100, false, NOON, &mut store), 100);
}

/// A crash must not forget what was admitted while there was no limit: it is made durable before anything else is
/// admitted, even where a lease is still held. A store that fails to do it is asked again.
#[test]
fn usage_without_a_limit_is_durable_before_a_limit_admits() {
    let (allowance, mut store) = (allowance(None, Some(100)), Store::default());
    assert_eq!(allowance.granted(1, true, NOON, &mut store), 1);
    allowance.meters[1].set_limit(None);
    assert_eq!(allowance.granted(40, true, NOON, &mut store), 40);
    allowance.meters[1].set_limit(Some(100));
    for _ in 0..2 {
        let Reserved::NeedsLease(requests) = allowance.reserve_all(1, NOON) else {
            panic!("40 are not durable")
        };
        let request = requests.into_iter().next().expect("the token's meter asks");
        assert_eq!(request.spent, 40);
        assert!(allowance.take_in(&request, Err(LeaseError("disk full".into()))).is_err());
    }
    assert_eq!(allowance.granted(100, false, NOON, &mut store), 59);
    assert_eq!(store.0[&(token(1), day_of(NOON))], 100);
}

#[test]
fn one_wish_at_a_time_and_a_failed_one_is_made_again() {
    let allowance = allowance(None, Some(10));
    let Reserved::NeedsLease(requests) = allowance.reserve_up_to(1, NOON) else {
        panic!("nothing is leased")
    };
    let request = requests.into_iter().next().expect("the token's meter asks");
    let Reserved::NeedsLease(none) = allowance.reserve_up_to(1, NOON) else { panic!("nothing is leased") };
    assert_eq!(none, Requests::default());
    let down = LeaseError("disk full".into());
    assert_eq!(allowance.take_in(&request, Err(down.clone())), Err(down));
    let Reserved::NeedsLease(again) = allowance.reserve_up_to(1, NOON) else { panic!("nothing is leased") };
    assert_eq!(again.into_iter().next(), Some(request));
}

#[test]
fn a_lease_that_arrives_after_midnight_is_dropped() {
    let (allowance, mut store) = (allowance(None, Some(10)), Store::default());
    let Reserved::NeedsLease(requests) = allowance.reserve_up_to(10, NOON) else {
        panic!("nothing is leased")
    };
    let late = requests.into_iter().next().expect("the token's meter asks");
    let tomorrow = NOON + DAY_MS;
    assert_eq!(allowance.granted(10, true, tomorrow, &mut store), 10);
    allowance.answer(late, &mut store);
    assert_eq!(allowance.granted(1, false, tomorrow, &mut store), 0);
}

#[test]
fn a_quota_of_zero_admits_nothing_and_asks_nobody() {
    let allowance = allowance(None, Some(0));
    assert!(matches!(allowance.reserve_up_to(1, NOON), Reserved::Exhausted(_)));
    assert!(matches!(allowance.reserve_all(0, NOON), Reserved::Granted { .. }));
}

/// 64 threads against a quota of 1,000 get exactly 1,000.
#[test]
fn threads_share_a_quota_exactly() {
    let allowance = allowance(Some(1_500), Some(1_000));
    let store = Mutex::new(Store::default());
    let granted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                loop {
                    match allowance.reserve_up_to(1, NOON) {
                        Reserved::Exhausted(_) => break,
                        Reserved::NeedsLease(requests) => {
                            requests.into_iter().for_each(|one| allowance.answer(one, &mut store.lock()));
                            std::thread::yield_now();
                        }
                        Reserved::Granted { reservation, refill } => {
                            granted.fetch_add(reservation.granted(), Relaxed);
                            refill.into_iter().for_each(|one| allowance.answer(one, &mut store.lock()));
                        }
                    }
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 1_000);
}

#[derive(Clone, Debug)]
enum Step {
    Reserve { token: usize, n: u64, all: bool },
    Refund { nth: usize, n: u64 },
    Answer { nth: usize },
    Fail { nth: usize, taken: bool },
    Crash,
    Shutdown,
    Pass { hours: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2usize, 0..60u64, any::<bool>()).prop_map(|(token, n, all)| Step::Reserve { token, n, all }),
        2 => (any::<usize>(), 0..60u64).prop_map(|(nth, n)| Step::Refund { nth, n }),
        6 => any::<usize>().prop_map(|nth| Step::Answer { nth }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(nth, taken)| Step::Fail { nth, taken }),
        1 => Just(Step::Crash),
        1 => Just(Step::Shutdown),
        1 => (1..20u64).prop_map(|hours| Step::Pass { hours }),
    ]
}

const TOKEN_LIMITS: [u64; 2] = [70, 90];
const DATABASE_LIMIT: u64 = 110;

/// One database with two tokens, a store, and the truth: what was admitted and not refunded, per meter and day.
struct World {
    now_ms: u64,
    tokens: Vec<Allowance>,
    store: Store,
    wishes: Vec<LeaseRequest>,
    reservations: Vec<(usize, u64, Reservation)>,
    admitted: HashMap<(MeterScope, u64), u64>,
}

impl World {
    fn new() -> Self {
        Self {
            now_ms: NOON,
            tokens: Self::boot(),
            store: Store::default(),
            wishes: Vec::new(),
            reservations: Vec::new(),
            admitted: HashMap::new(),
        }
    }

    fn boot() -> Vec<Allowance> {
        let database = Arc::new(Meter::new(DATABASE, Some(DATABASE_LIMIT)));
        let meter = |at: usize| Arc::new(Meter::new(token(at as u8), Some(TOKEN_LIMITS[at])));
        (0..2).map(|at| Allowance::new(Arc::clone(&database), meter(at))).collect()
    }

    fn meter(&self, scope: MeterScope) -> &Meter {
        let mut all = self.tokens.iter().flat_map(|allowance| &allowance.meters);
        all.find(|meter| meter.scope == scope).expect("a meter of this world")
    }

    fn count(&mut self, token_at: usize, day: u64, by: i64) {
        for scope in [DATABASE, token(token_at as u8)] {
            let admitted = self.admitted.entry((scope, day)).or_default();
            *admitted = admitted.checked_add_signed(by).expect("never below nothing");
        }
    }

    fn reserve(&mut self, token_at: usize, n: u64, all: bool) {
        let allowance = &self.tokens[token_at];
        let reserved =
            if all { allowance.reserve_all(n, self.now_ms) } else { allowance.reserve_up_to(n, self.now_ms) };
        match reserved {
            Reserved::Exhausted(_) => {}
            Reserved::NeedsLease(requests) => self.wishes.extend(requests),
            Reserved::Granted { reservation, refill } => {
                assert!(reservation.granted() == n || !all);
                self.wishes.extend(refill);
                let day = day_of(self.now_ms);
                self.count(token_at, day, reservation.granted() as i64);
                self.reservations.push((token_at, day, reservation));
            }
        }
    }

    fn refund(&mut self, nth: usize, n: u64) {
        if self.reservations.is_empty() {
            return;
        }
        let at = nth % self.reservations.len();
        let (token_at, day, mut reservation) = self.reservations.swap_remove(at);
        let n = n.min(reservation.granted());
        self.tokens[token_at].refund(&mut reservation, n);
        self.count(token_at, day, -(n as i64));
    }

    fn wish(&mut self, nth: usize) -> Option<LeaseRequest> {
        (!self.wishes.is_empty()).then(|| self.wishes.swap_remove(nth % self.wishes.len()))
    }

    fn reboot(&mut self) {
        self.tokens = Self::boot();
        self.reservations.clear();
    }

    fn shutdown(&mut self) {
        while let Some(wish) = self.wish(0) {
            let lease = self.store.lease(wish);
            self.meter(wish.scope).extend(lease);
        }
        let scopes = [DATABASE, token(0), token(1)];
        let unused: Vec<_> = scopes.iter().filter_map(|&scope| self.meter(scope).close()).collect();
        unused.into_iter().for_each(|unused| self.store.give_back(unused));
        self.reboot();
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Reserve { token, n, all } => self.reserve(token, n, all),
            Step::Refund { nth, n } => self.refund(nth, n),
            Step::Answer { nth } => {
                if let Some(wish) = self.wish(nth) {
                    let lease = self.store.lease(wish);
                    self.meter(wish.scope).extend(lease);
                }
            }
            Step::Fail { nth, taken } => {
                if let Some(wish) = self.wish(nth) {
                    if taken {
                        self.store.lease(wish);
                    }
                    self.meter(wish.scope).lease_failed(&wish);
                }
            }
            Step::Crash => {
                self.wishes.clear();
                self.reboot();
            }
            Step::Shutdown => self.shutdown(),
            Step::Pass { hours } => self.now_ms += hours * 60 * 60 * 1_000,
        }
    }

    fn check(&self) {
        for (&(scope, day), &admitted) in &self.admitted {
            let limit = match scope {
                DATABASE => DATABASE_LIMIT,
                other => TOKEN_LIMITS[usize::from(other == token(1))],
            };
            assert!(admitted <= limit, "{scope:?}: {admitted} of {limit} on day {day}");
            let counted = self.store.0.get(&(scope, day)).copied().unwrap_or(0);
            assert!(admitted <= counted, "{scope:?}: {admitted} admitted, {counted} durable on day {day}");
        }
    }
}

proptest! {
    /// In any order of reservations, refunds, answers, failures, crashes and midnights, no meter admits more than its
    /// quota in a day, and everything admitted is durable in the store first.
    #[test]
    fn no_quota_is_ever_exceeded(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        for step in steps {
            world.run(step);
            world.check();
        }
    }

    /// Without crashes nothing is lost either: shutdowns and refunds leave the whole quota usable.
    #[test]
    fn nothing_is_lost_without_a_crash(
        rounds in prop::collection::vec((0..40u64, any::<bool>(), any::<bool>()), 1..20),
    ) {
        let (mut allowance, mut store, mut used) = (allowance(None, Some(500)), Store::default(), 0);
        for (n, refund, shutdown) in rounds {
            if let Ok(mut reservation) = allowance.settle(n, false, NOON, &mut store) {
                used += if refund { 0 } else { n.min(500 - used) };
                if refund {
                    let all = reservation.granted();
                    allowance.refund(&mut reservation, all);
                }
            }
            if shutdown {
                allowance.meters.iter().filter_map(|meter| meter.close()).for_each(|one| store.give_back(one));
                allowance = self::allowance(None, Some(500));
            }
        }
        prop_assert_eq!(allowance.granted(1_000, false, NOON, &mut store), 500 - used);
    }
}
