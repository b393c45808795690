//! A database that runs commands: its account is right, its record gives the same on another, and what was refused
//! changed nothing.

use std::collections::BTreeSet;

use latchkey_commands::{Call, Facts, Run};
use latchkey_engine::{Begun, Database, Limits, Ran, Waiter};
use latchkey_keyspace::codec::{Touched, touched};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_protocol::Words;

use crate::heap;
use crate::input::Input;
use crate::targets::same::{check_alike, check_same};
use crate::targets::session::{Line, lines};

/// Replies may be much larger than what is stored, and a script has memory of its own.
const HEAP_BYTES_MAX: usize = 16 << 20;

/// So many commands are one transaction, where there are transactions.
const TRANSACTION_COMMANDS: usize = 3;

/// The first byte chooses limits, and whether commands run in transactions or may wait; the rest is a session.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let in_transactions = choice & 16 != 0;
    heap::within(HEAP_BYTES_MAX, || {
        let mut pair = Pair::new(limits(choice));
        let mut queued = Vec::new();
        for line in lines(input.rest()) {
            match line {
                Line::Wait(ms) => pair.now = Now::from_ms(pair.now.ms() + ms),
                Line::Command(words) => queued.extend(call(words)),
            }
            if !in_transactions {
                queued.drain(..).for_each(|call| pair.run(&call));
            } else if queued.len() == TRANSACTION_COMMANDS {
                pair.run_all(&std::mem::take(&mut queued));
            }
        }
    });
}

fn limits(choice: u8) -> Limits {
    Limits {
        stored_bytes_max: Some([64 << 10, 400, 1000, 4000][usize::from(choice & 3)]),
        record_bytes_max: if choice & 4 == 0 { 32 << 10 } else { 300 },
        evicts: choice & 8 != 0,
        ..Limits::NONE
    }
}

/// What these words ask of a database, if anything.
fn call(words: Words) -> Option<Call> {
    Call::resolve_over_rest(words).ok().filter(|call| !matches!(call.spec().run, Run::Account(_)))
}

/// Somebody who waits, and does not mind what comes.
#[derive(Debug)]
struct Patient;

impl Waiter for Patient {
    fn is_there(&self) -> bool {
        true
    }

    fn answer(self: Box<Self>, _: Ran, _: u64, _: Option<u64>) {}
}

/// A database, and another that gets its records.
struct Pair {
    database: Database,
    replayed: Keyspace,
    now: Now,
    evicts: bool,
    /// Whether a step may have been taken back. That leaves a value in the form which it had grown into, and the other
    /// database knows nothing of it.
    was_taken_back: bool,
}

impl Pair {
    fn new(limits: Limits) -> Self {
        let database = Database::new(7, limits, Facts::default()).recording();
        let now = Now::from_ms(1_767_323_045_678);
        Self {
            database,
            replayed: Keyspace::new(8),
            now,
            evicts: limits.evicts,
            was_taken_back: limits.evicts,
        }
    }

    fn run(&mut self, call: &Call) {
        self.check_step(std::slice::from_ref(call), |database, now| {
            match database.run_or_wait(call, now, Box::new(Patient)) {
                Begun::Done(ran) => ran.executed,
                Begun::Waits { .. } => true,
            }
        });
        self.database.take_served();
    }

    fn run_all(&mut self, calls: &[Call]) {
        self.check_step(calls, |database, now| database.run_all(calls, now).is_ok());
    }

    /// Does a step, which tells whether it was executed, and looks at what came of it.
    fn check_step(&mut self, calls: &[Call], step: impl FnOnce(&mut Database, Now) -> bool) {
        // What is past its deadline goes before the step, whether that is refused or not.
        while self.database.sweep(1000, self.now) {}
        let before = self.database.keyspace().canonical();
        let executed = step(&mut self.database, self.now);
        self.was_taken_back |=
            !executed || calls.iter().any(|call| matches!(call.spec().run, Run::Script(_)));
        let words = calls.iter().map(Call::words).collect::<Vec<_>>();
        let original = self.database.keyspace();
        if !executed && !self.evicts {
            assert_eq!(original.canonical(), before, "{words:?} was refused");
        }
        let replayed = &mut self.replayed;
        let mut reached = Some(BTreeSet::new());
        self.database.keep(|record| {
            replayed.replay(record).expect("we wrote it");
            reached = keys_in(record);
        });
        let (replayed, original) = (&self.replayed, self.database.keyspace());
        let how = || format!("the replay of {words:?}");
        match self.was_taken_back {
            true => check_same(replayed, original, how),
            false => check_alike(replayed, original, how),
        }
        if let Some(reached) = reached {
            let after = original.canonical();
            let changed = before
                .keys()
                .chain(after.keys())
                .find(|key| before.get(*key) != after.get(*key) && !reached.contains(*key));
            assert_eq!(changed, None, "changed by {words:?}, and the record does not say so");
        }
    }
}

/// The keys that a record touches; `None` for all.
fn keys_in(record: &[u8]) -> Option<BTreeSet<Vec<u8>>> {
    let mut keys = Some(BTreeSet::new());
    touched(record, |what| match (what, &mut keys) {
        (Touched::Key(key), Some(keys)) => _ = keys.insert(key.to_vec()),
        (Touched::Renamed { source, destination }, Some(keys)) => {
            keys.extend([source.to_vec(), destination.to_vec()]);
        }
        (Touched::All, _) => keys = None,
        _ => {}
    })
    .expect("we wrote it");
    keys
}
