//! Commands that are taken back: nothing is left of them, and running them again leaves what snapshots can hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use latchkey_commands::{Call, Facts, Run, Settings, Site};
use latchkey_keyspace::codec::{EncodedEntries, encode_entry};
use latchkey_keyspace::{Keyspace, Kind, Now};
use latchkey_protocol::Words;
use latchkey_pubsub::{Hub, Outbox};
use latchkey_rdb::{JsonAs, Reader, load, write};

use crate::heap;
use crate::targets::same::check_alike;
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
        table.check_file();
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
        let (before, due_ms, start) = (self.space.canonical(), self.space.next_due_ms(), self.space.save());
        self.run_call(&call);
        self.space.roll_back(start);
        assert_eq!(self.space.canonical(), before, "{:?} was taken back", call.words());
        assert_eq!(self.space.next_due_ms(), due_ms, "{:?} was taken back", call.words());
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
        check_alike(&loaded, &self.space, || format!("a snapshot after {:?}", call.words()));
    }

    /// What is there in the end survives an RDB file, in forms that may be others. Of streams the file does not say when
    /// consumers were active last.
    fn check_file(&self) {
        let mut file = Vec::new();
        let view = self.space.view(Now::BEFORE_ALL);
        write(&mut file, view, None, JsonAs::Module).expect("memory takes it");
        let mut loaded = Keyspace::new(10);
        let mut rest = &file[..];
        let mut reader = Reader::new(&mut rest, loaded.seed(), u64::MAX).expect("we wrote it");
        load(&mut reader, 0, &mut loaded.edit(Now::BEFORE_ALL)).expect("we wrote it");
        assert_eq!(without_streams(&loaded), without_streams(&self.space), "in a file");
        assert_eq!(loaded.bytes(), self.space.bytes(), "in a file");
    }
}

fn without_streams(space: &Keyspace) -> BTreeMap<Vec<u8>, (Option<i64>, Kind, Vec<u8>)> {
    let mut entries = space.canonical();
    entries.retain(|_, (_, kind, _)| *kind != Kind::Stream);
    entries
}
