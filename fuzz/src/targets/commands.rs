//! A database that runs commands: its account is right, its record gives the same on another, and what was refused
//! changed nothing.

use latchkey_commands::{Call, Facts, Run};
use latchkey_engine::{Database, Limits};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_protocol::Words;

use crate::heap;
use crate::input::Input;
use crate::targets::session::{Line, lines};

/// Replies may be much larger than what is stored, and a script has memory of its own.
const HEAP_BYTES_MAX: usize = 64 << 20;

/// The first byte chooses limits, the rest is a session.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limits = limits(input.byte());
    heap::within(HEAP_BYTES_MAX, || {
        let mut pair = Pair::new(limits);
        lines(input.rest()).for_each(|line| match line {
            Line::Wait(ms) => pair.now = Now::from_ms(pair.now.ms() + ms),
            Line::Command(words) => pair.run(words),
        });
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

    fn run(&mut self, words: Words) {
        let Ok(call) = Call::resolve_over_rest(words) else { return };
        if matches!(call.spec().run, Run::Account(_)) {
            return;
        }
        // What is past its deadline goes before the command, whether that is refused or not.
        while self.database.sweep(1000, self.now) {}
        let before = self.database.keyspace().canonical();
        let ran = self.database.run(&call, self.now);
        if !ran.executed && !self.evicts {
            assert_eq!(self.database.keyspace().canonical(), before, "{:?} was refused", call.words());
        }
        let replayed = &mut self.replayed;
        self.database.keep(|record| replayed.replay(record).expect("we wrote it"));
        self.check(&call);
    }

    fn check(&self, call: &Call) {
        let (original, words) = (self.database.keyspace(), call.words());
        assert_eq!(original.bytes(), original.recount_bytes(), "the account after {words:?}");
        assert_eq!(self.replayed.canonical(), original.canonical(), "the replay of {words:?}");
        assert_eq!(self.replayed.bytes(), original.bytes(), "the replay of {words:?}");
        assert_eq!(self.replayed.next_due_ms(), original.next_due_ms(), "the replay of {words:?}");
    }
}
