//! A database that runs commands: its account is right, its record gives the same on another, and what was refused
//! changed nothing.

use latchkey_commands::{Call, Facts, Run};
use latchkey_engine::{Begun, Database, Limits, Ran, Waiter};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_protocol::Words;

use crate::heap;
use crate::input::Input;
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
}

impl Pair {
    fn new(limits: Limits) -> Self {
        let database = Database::new(7, limits, Facts::default()).recording();
        let now = Now::from_ms(1_767_323_045_678);
        Self { database, replayed: Keyspace::new(8), now, evicts: limits.evicts }
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
        let words = calls.iter().map(Call::words).collect::<Vec<_>>();
        let original = self.database.keyspace();
        if !executed && !self.evicts {
            assert_eq!(original.canonical(), before, "{words:?} was refused");
        }
        assert_eq!(original.bytes(), original.recount_bytes(), "the account after {words:?}");
        let replayed = &mut self.replayed;
        self.database.keep(|record| replayed.replay(record).expect("we wrote it"));
        let (replayed, original) = (&self.replayed, self.database.keyspace());
        assert_eq!(replayed.canonical(), original.canonical(), "the replay of {words:?}");
        assert_eq!(replayed.bytes(), original.bytes(), "the replay of {words:?}");
        assert_eq!(replayed.next_due_ms(), original.next_due_ms(), "the replay of {words:?}");
    }
}
