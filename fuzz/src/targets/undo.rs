//! Commands that are taken back: nothing is left of them, and running them again leaves what snapshots can hold.

use std::sync::Arc;

use fastrand::Rng;
use latchkey_commands::{Call, Facts, Run, Settings, Site};
use latchkey_keyspace::codec::{EncodedEntries, encode_entry};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_protocol::Words;
use latchkey_pubsub::{Hub, Outbox};

use crate::heap;
use crate::targets::session::{Line, lines};

/// Replies may be much larger than what is stored.
const HEAP_BYTES_MAX: usize = 16 << 20;

/// The longest value of a key. Nothing limits all keys together, but that sessions are short.
const RECORD_BYTES_MAX: u64 = 32 << 10;

/// A session.
pub(crate) fn run(bytes: &[u8]) {
    heap::within(HEAP_BYTES_MAX, || {
        let mut table = Table::new();
        lines(bytes).for_each(|line| match line {
            Line::Wait(ms) => table.now = Now::from_ms(table.now.ms() + ms),
            Line::Command(words) => table.run(words),
        });
    });
}

struct Table {
    space: Keyspace,
    now: Now,
    chance: Rng,
    facts: Facts,
    settings: Settings,
    outbox: Outbox,
}

impl Table {
    fn new() -> Self {
        Self {
            space: Keyspace::new(7),
            now: Now::from_ms(1_767_323_045_678),
            chance: Rng::with_seed(7),
            facts: Facts::default(),
            settings: Settings::default(),
            outbox: Outbox::new(Arc::new(Hub::new(7))),
        }
    }

    fn run(&mut self, words: Words) {
        let Ok(call) = Call::resolve_over_rest(words) else { return };
        if matches!(call.spec().run, Run::Account(_) | Run::Script(_)) {
            return;
        }
        let (before, start) = (self.space.canonical(), self.space.save());
        self.run_call(&call);
        self.space.roll_back(start);
        assert_eq!(self.space.canonical(), before, "{:?} was taken back", call.words());
        self.check_account(&call);
        self.run_call(&call);
        self.check_account(&call);
        self.check_snapshot(&call);
        drop(self.space.take_garbage());
    }

    fn run_call(&mut self, call: &Call) {
        call.run(&mut Site {
            keyspace: &mut self.space,
            now: self.now,
            chance: &mut self.chance,
            facts: &self.facts,
            settings: &mut self.settings,
            outbox: &mut self.outbox,
            record_bytes_max: RECORD_BYTES_MAX,
        });
        self.outbox.discard();
    }

    fn check_account(&self, call: &Call) {
        assert_eq!(self.space.bytes(), self.space.recount_bytes(), "the account after {:?}", call.words());
    }

    fn check_snapshot(&self, call: &Call) {
        let mut snapshot = Vec::new();
        for (_, key, entry) in self.space.in_hash_order() {
            encode_entry(&mut snapshot, key, entry.expires_at_ms(), entry.value());
        }
        let mut loaded = Keyspace::new(9);
        for entry in EncodedEntries::new(&snapshot) {
            entry.and_then(|entry| loaded.load(&entry)).expect("we wrote it");
        }
        assert_eq!(loaded.canonical(), self.space.canonical(), "a snapshot after {:?}", call.words());
        assert_eq!(loaded.bytes(), self.space.bytes(), "a snapshot after {:?}", call.words());
    }
}
