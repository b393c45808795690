//! Quotas over the real store: exact under threads, across crashes and shutdowns.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use latchkey_control::{CONTROL_FILE, Control};
use latchkey_tenancy::{
    Authority, LEASE_BLOCK_MAX, LeaseRequest, LeaseStore, Limits, MeterScope, Plan, Principal, Records,
    Requests, Reserved, Return, TokenDigest, TokenKind, TokenRecord, day_of,
};
use rusqlite::Connection;

use crate::support::{NOW_MS, SECRET, database, directory, power_cut, server, token};

const QUOTA: u64 = 10_000;

struct Node {
    control: Control,
    authority: Arc<Authority>,
}

impl Node {
    fn start(directory: &Path) -> Self {
        let control = server(directory);
        let authority = Arc::new(Authority::new(&Records::default()).unwrap());
        let listening = Arc::clone(&authority);
        control.watch(move |change| listening.apply(&change).unwrap()).unwrap();
        Self { control, authority }
    }

    fn with_token(directory: &Path) -> Self {
        let node = Self::start(directory);
        node.control.create_database(database(1)).wait().unwrap();
        let kind = TokenKind::Opaque(TokenDigest::of(SECRET.as_bytes()));
        let record = TokenRecord {
            kind,
            commands_per_day: Some(QUOTA),
            expires_at_ms: None,
            ..token(2, &database(1))
        };
        node.control.create_token(record).wait().unwrap();
        node
    }

    fn caller(&self) -> Arc<Principal> {
        self.authority.authenticate(SECRET.as_bytes(), NOW_MS).unwrap()
    }

    /// Reserves up to `n` commands as the pipeline does: waits for leases where it must.
    fn reserve(&self, n: u64) -> u64 {
        let caller = self.caller();
        loop {
            let requests = match caller.allowance().reserve_up_to(n, NOW_MS) {
                Reserved::Granted { reservation, refill } => {
                    self.fetch(&caller, refill);
                    return reservation.granted();
                }
                Reserved::Exhausted(_) => return 0,
                Reserved::NeedsLease(requests) => requests,
            };
            self.fetch(&caller, requests);
            std::thread::yield_now();
        }
    }

    /// Sends the wishes and waits for the answers.
    fn fetch(&self, caller: &Principal, requests: Requests) {
        let (sender, receiver) = channel();
        caller.allowance().fetch(requests, &self.control, move |outcome| sender.send(outcome).unwrap());
        receiver.iter().for_each(|outcome| outcome.unwrap());
    }

    fn shut_down(self) {
        let (sender, receiver) = channel();
        self.control
            .give_back(self.authority.close_meters(), Box::new(move |done| sender.send(done).unwrap()));
        receiver.recv().unwrap().unwrap();
    }
}

#[test]
fn threads_get_exactly_the_quota() {
    let directory = directory();
    let node = Node::with_token(directory.path());
    let granted: u64 = std::thread::scope(|scope| {
        let count =
            || std::iter::from_fn(|| Some(node.reserve(7)).filter(|&granted| granted > 0)).sum::<u64>();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(granted, QUOTA);
}

#[test]
fn a_power_cut_costs_at_most_one_block_and_gives_nothing() {
    let directory = directory();
    let node = Node::with_token(directory.path());
    let before = node.reserve(123);
    assert_eq!(before, 123);
    let image = power_cut(directory.path());
    let after = Node::start(image.path()).reserve(QUOTA);
    assert_eq!(after, QUOTA - LEASE_BLOCK_MAX);
}

#[test]
fn a_clean_shutdown_loses_nothing() {
    let directory = directory();
    let node = Node::with_token(directory.path());
    assert_eq!(node.reserve(123), 123);
    node.shut_down();
    assert_eq!(Node::start(directory.path()).reserve(QUOTA), QUOTA - 123);
}

/// The database's meter has no limit and leases nothing; a limit set after a restart knows of today's commands anyway.
#[test]
fn usage_without_a_limit_survives_a_clean_shutdown() {
    let directory = directory();
    let node = Node::with_token(directory.path());
    assert_eq!(node.reserve(123), 123);
    node.shut_down();
    let node = Node::start(directory.path());
    let limits = Limits { commands_per_day: Some(200), ..Limits::UNLIMITED };
    node.control.set_plan(database(1).id, Plan::named("small", limits)).wait().unwrap();
    assert_eq!(node.reserve(QUOTA), 77);
}

/// More than was leased is not taken back, whoever asks.
#[test]
fn a_store_takes_back_no_more_than_it_leased() {
    let control = Control::ephemeral().unwrap();
    let (sender, receiver) = channel();
    let scope = MeterScope::Database(database(1).id);
    let too_much = Return { scope, day: day_of(NOW_MS), unused: 1, spent: 0 };
    control.give_back(vec![too_much], Box::new(move |done| sender.send(done).unwrap()));
    assert!(receiver.recv().unwrap().is_err());
}

/// The callback of a lease finds it committed: another connection sees it there already.
#[test]
fn a_lease_is_committed_before_it_is_granted() {
    let directory = directory();
    let control = server(directory.path());
    let scope = MeterScope::Database(database(1).id);
    let request = LeaseRequest { scope, day: day_of(NOW_MS), limit: 100, want: 60, spent: 5 };
    for (granted, total) in [(60, 65), (30, 100), (0, 105)] {
        let path = directory.path().join(CONTROL_FILE);
        let (sender, receiver) = channel();
        let check = move |outcome: Result<latchkey_tenancy::Lease, _>| {
            let lease = outcome.unwrap();
            let read = |row: &rusqlite::Row<'_>| row.get::<_, u64>(0);
            let stored =
                Connection::open(path).unwrap().query_row("SELECT total FROM leases", (), read).unwrap();
            sender.send((lease.granted, lease.total, stored)).unwrap();
        };
        control.lease(request, Box::new(check));
        assert_eq!(receiver.recv().unwrap(), (granted, total, total));
    }
}

#[test]
fn leases_of_past_days_are_dropped() {
    let directory = directory();
    let control = server(directory.path());
    let scope = MeterScope::Token(token(2, &database(1)).id);
    for day in 100..110 {
        let (sender, receiver) = channel();
        let request = LeaseRequest { scope, day, limit: 10, want: 1, spent: 0 };
        control.lease(request, Box::new(move |outcome| sender.send(outcome).unwrap()));
        assert_eq!(receiver.recv().unwrap().unwrap().total, 1);
    }
    let reader = Connection::open(directory.path().join(CONTROL_FILE)).unwrap();
    let days: (u64, u64) = reader
        .query_row("SELECT min(day), count(*) FROM leases", (), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(days, (108, 2));
}

/// A meter whose wish is never answered would wait for ever: also a store that has broken down answers.
#[test]
fn a_broken_store_still_answers() {
    let control = Control::ephemeral().unwrap();
    let scope = MeterScope::Database(database(1).id);
    let request = LeaseRequest { scope, day: 1, limit: 10, want: 1, spent: 0 };
    control.lease(request, Box::new(|_| panic!("a callback that breaks the writer's thread")));
    let (sender, receiver) = channel();
    control.lease(request, Box::new(move |outcome| sender.send(outcome).unwrap()));
    assert!(receiver.recv().unwrap().is_err());
}
