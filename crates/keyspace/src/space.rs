//! The keyspace itself: entries, deadlines and size.

use std::any::Any;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::awaited::{Await, Awaited};
use crate::codec::Record;
use crate::collections::scan_map::ScanMap;
use crate::entry::Entry;
use crate::event::{Classes, Deed, Event, Events};
use crate::ledger::{Ledger, Savepoint};
use crate::libraries::Libraries;
use crate::watch::Watched;
use crate::{Class, Edit, Kind, Now, Str, Value, View};

/// All keys of one database. Read through a [`View`], written through an [`Edit`].
#[derive(Debug)]
pub struct Keyspace {
    pub(crate) seed: u64,
    pub(crate) entries: ScanMap<Entry>,
    /// Deadlines with the hash of their key, soonest first. Two keys with one hash and one deadline share an element;
    /// the one that loses it still expires when it is looked at.
    pub(crate) due: BTreeSet<(i64, u64)>,
    /// How many keys have a deadline of their own.
    pub(crate) expiring: usize,
    pub(crate) bytes: u64,
    pub(crate) libraries: Libraries,
    pub(crate) ledger: Ledger,
    /// How often a value was looked for and found, and looked for and not found.
    pub(crate) lookups: Cell<(u64, u64)>,
    pub(crate) watched: Watched,
    pub(crate) awaited: Awaited,
    /// Whether it is noted when a key was used.
    pub(crate) touches: bool,
    pub(crate) events: Events,
    announced: Option<Vec<Str>>,
}

impl Keyspace {
    /// An empty keyspace. The seed decides the order of keys, and must stay the same for SCAN cursors to stay valid.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            entries: ScanMap::new(seed),
            due: BTreeSet::new(),
            expiring: 0,
            bytes: 0,
            libraries: Libraries::default(),
            ledger: Ledger::default(),
            lookups: Cell::default(),
            watched: Watched::new(seed),
            awaited: Awaited::new(seed),
            touches: true,
            events: Events::new(),
            announced: None,
        }
    }

    /// Reads at one instant.
    pub fn view(&self, now: Now) -> View<'_> {
        View::new(self, now)
    }

    /// Writes at one instant.
    pub fn edit(&mut self, now: Now) -> Edit<'_> {
        Edit::new(self, now)
    }

    /// How many keys there are, those that are past their deadline and not swept yet included. O(1).
    pub fn keys(&self) -> usize {
        self.entries.len()
    }

    /// Stored bytes by the formula in [`cost`](crate::cost), kept incrementally.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Stored bytes, counted anew over every entry and library. For tests: it must equal [`bytes`](Self::bytes).
    pub fn recount_bytes(&self) -> u64 {
        let keys: u64 = self.entries.iter().map(|(key, entry)| key.len() as u64 + entry.bytes()).sum();
        keys + self.libraries.iter().map(|(_, library)| library.bytes()).sum::<u64>()
    }

    /// What the keyspace holds, in one canonical form: keys in order, each with its deadline, its type and its value
    /// whatever its encoding. For tests that compare two keyspaces; it copies everything.
    pub fn canonical(&self) -> BTreeMap<Vec<u8>, (Option<i64>, Kind, Vec<u8>)> {
        let form = |entry: &Entry| (entry.expires_at_ms(), entry.value.kind(), entry.value.canonical());
        self.entries.iter().map(|(key, entry)| (key.to_vec(), form(entry))).collect()
    }

    /// How many changes there have been: a position that goes forward with every write.
    pub fn changes(&self) -> u64 {
        self.ledger.changes
    }

    /// How often a value was looked for and found, and looked for and not found.
    pub fn lookups(&self) -> (u64, u64) {
        self.lookups.get()
    }

    /// When the next deadline falls, if there is one. The keyspace has to be swept some time after.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.due.first().map(|&(due_ms, _)| due_ms)
    }

    /// The seed that it was made with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The hash that orders this key, see [`ScanMap`].
    pub fn hash_of(&self, key: &[u8]) -> u64 {
        self.entries.hash_of(key)
    }

    /// All entries with the hash of their key, in ascending order of hash and, among equal hashes, of key. Also those
    /// that are past their deadline: they are there until they are swept.
    pub fn in_hash_order(&self) -> impl Iterator<Item = (u64, &Str, &Entry)> {
        self.entries.in_order()
    }

    /// Makes room for so many keys, at once: a number that comes from a file has to be checked against its length. Only
    /// an empty keyspace does.
    pub fn reserve(&mut self, keys: usize) {
        if self.entries.is_empty() {
            self.entries = ScanMap::with_capacity(self.seed, keys);
        }
    }

    /// Starts to keep what takes the coming changes back, or marks a place on the way if that is done already: steps
    /// nest. Every savepoint is either released or gone back to, the newest first.
    pub fn save(&mut self) -> Savepoint {
        let is_outermost = self.ledger.undo.is_none();
        let undo = self.ledger.undo.get_or_insert_default();
        let effects = undo.len();
        Savepoint { effects, is_outermost, recorded: self.ledger.recorded() }
    }

    /// Keeps the changes since the savepoint, unless an outer one is gone back to.
    pub fn release(&mut self, point: Savepoint) {
        if point.is_outermost {
            self.ledger.undo = None;
        }
    }

    /// Takes back the changes since the savepoint. Nothing of them stays in the record; only to a record that was begun
    /// since then, the way back is a change too.
    pub fn roll_back(&mut self, point: Savepoint) {
        let mut undo = self.ledger.undo.take().unwrap_or_default();
        let wanted = std::mem::take(&mut self.events.wanted);
        let mark = point.recorded.filter(|(record, _)| *record == self.ledger.records);
        let record = self.ledger.record.take_if(|_| mark.is_some());
        let mut edit = self.edit(Now::BEFORE_ALL);
        for effect in undo.drain(point.effects.min(undo.len())..).rev() {
            edit.apply(effect);
        }
        self.events.wanted = wanted;
        if !point.is_outermost {
            self.ledger.undo = Some(undo);
        }
        if let (Some(mut record), Some((_, mark))) = (record, mark) {
            record.cut(mark);
            self.ledger.record = Some(record);
        }
    }

    /// Forgets savepoints that were neither released nor gone back to, because what made them panicked.
    pub fn forget_savepoints(&mut self) {
        self.ledger.undo = None;
    }

    /// Starts to record the coming changes. What an earlier record had that was not taken is lost.
    pub fn begin_record(&mut self) {
        let mut record = self.ledger.record.take().unwrap_or_else(|| std::mem::take(&mut self.ledger.spare));
        record.clear();
        self.ledger.record = Some(record);
        self.ledger.records += 1;
    }

    /// The changes since [`begin_record`](Self::begin_record) so far, if they are recorded.
    pub fn record(&self) -> Option<&Record> {
        self.ledger.record.as_ref()
    }

    /// Ends the record: the changes since [`begin_record`](Self::begin_record), in order.
    pub fn take_record(&mut self) -> Record {
        self.ledger.record.take().unwrap_or_default()
    }

    /// Which events are noted from now on.
    pub fn want_events(&mut self, classes: Classes) {
        self.events.wanted = classes;
    }

    /// What the coming changes are called.
    pub fn begin_deed(&mut self, deed: Deed) {
        self.events.deed = deed;
    }

    /// The events that were noted since they were taken last, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.take()
    }

    /// Gives a record back that is no longer needed, so that the next one need not allocate. A large one is freed.
    pub fn reuse_record(&mut self, record: Record) {
        if record.is_worth_keeping() {
            self.ledger.spare = record;
        }
    }

    /// Large values that were taken out: to be dropped, where nobody waits for it.
    pub fn take_garbage(&mut self) -> Vec<Box<dyn Any + Send>> {
        std::mem::take(&mut self.ledger.garbage)
    }

    /// Whether it is noted from now on when a key was used.
    pub fn set_touching(&mut self, touches: bool) {
        self.touches = touches;
    }

    /// Somebody waits for this key from now on. Every start is followed by a stop that says the same.
    pub fn start_awaiting(&mut self, key: &[u8], what: Await) {
        self.awaited.start(key, what);
    }

    /// One who waited for this key does so no more.
    pub fn stop_awaiting(&mut self, key: &[u8], what: Await) {
        self.awaited.stop(key, what);
    }

    /// Whether something has come that somebody waits for, since [`take_ready`](Self::take_ready). O(1).
    pub fn has_ready(&self) -> bool {
        self.awaited.has_ready()
    }

    /// The keys at which something has come that somebody waits for: each once, in the order in which it first came. It
    /// may have gone again.
    pub fn take_ready(&mut self) -> Vec<Str> {
        self.awaited.take_ready()
    }

    /// Says which keys the coming accesses may touch; `None` for any. Checked in debug builds only: it finds commands
    /// that touch a key which their declaration does not name.
    pub fn announce(&mut self, keys: Option<Vec<Str>>) {
        self.announced = keys;
    }

    /// Panics, in debug builds, if the key was not announced.
    pub(crate) fn check_announced(&self, key: &[u8]) {
        debug_assert!(
            self.announced.as_ref().is_none_or(|keys| keys.iter().any(|known| known.as_slice() == key)),
            "a command touched a key that its spec does not announce"
        );
    }

    /// Tells that a key comes which is not there, and that what was there before is past its deadline.
    pub(crate) fn tell_arrival(&self, key: &[u8], now: Now) {
        if !self.events.are_wanted() {
            return;
        }
        let old = self.entries.get(key);
        if let Some(old) = old.filter(|old| !old.is_live(now)) {
            self.tell_departure(key, old, now);
        }
        if !old.is_some_and(|old| old.is_live(now)) {
            self.events.tell(Class::New, "new", key);
        }
    }

    /// Tells that a key is gone because its deadline has passed, or the last of those of its fields.
    pub(crate) fn tell_departure(&self, key: &[u8], old: &Entry, now: Now) {
        if now.is_past(old.expires_at_ms) {
            self.events.tell(Class::Expired, "expired", key);
        } else {
            self.events.tell(Class::Hash, "hexpired", key);
            self.events.tell(Class::Generic, "del", key);
        }
    }

    /// The entry, live or not.
    pub(crate) fn slot(&mut self, key: &[u8]) -> Option<&mut Entry> {
        self.entries.get_mut(key)
    }

    /// Puts an entry, and returns the one that was there, live or not.
    pub(crate) fn insert(&mut self, key: &[u8], entry: Entry) -> Option<Entry> {
        self.check_announced(key);
        self.watched.touch(key);
        self.awaited.come(key);
        self.replace(key, entry)
    }

    /// Puts an entry that no change has made.
    pub(crate) fn put_loaded(&mut self, key: &[u8], expires_at_ms: Option<i64>, value: Value) {
        self.replace(key, Entry::new(value, expires_at_ms, Now::BEFORE_ALL));
    }

    fn replace(&mut self, key: &[u8], entry: Entry) -> Option<Entry> {
        let hash = self.entries.hash_of(key);
        let due_ms = entry.due_ms();
        self.count_in(key, &entry, hash);
        let old = self.entries.insert_hashed(hash, key, entry)?;
        self.count_out(key, &old, hash);
        // A deadline that both have was just taken away for the new one too.
        if let Some(due_ms) = due_ms {
            self.due.insert((due_ms, hash));
        }
        Some(old)
    }

    /// Takes an entry out, live or not.
    pub(crate) fn take(&mut self, key: &[u8]) -> Option<Entry> {
        self.check_announced(key);
        let hash = self.entries.hash_of(key);
        let (_, entry) = self.entries.remove_hashed(hash, key)?;
        self.watched.touch(key);
        self.awaited.gone(key);
        self.count_out(key, &entry, hash);
        Some(entry)
    }

    fn count_in(&mut self, key: &[u8], entry: &Entry, hash: u64) {
        self.bytes += key.len() as u64 + entry.bytes();
        self.expiring += usize::from(entry.expires_at_ms().is_some());
        if let Some(due_ms) = entry.due_ms() {
            self.due.insert((due_ms, hash));
        }
    }

    fn count_out(&mut self, key: &[u8], entry: &Entry, hash: u64) {
        self.bytes -= key.len() as u64 + entry.bytes();
        self.expiring -= usize::from(entry.expires_at_ms().is_some());
        if let Some(due_ms) = entry.due_ms() {
            self.due.remove(&(due_ms, hash));
        }
    }

    /// Corrects size and deadlines after an entry was changed in place.
    pub(crate) fn recount(&mut self, key: &[u8], before: Before) {
        let Some(entry) = self.entries.get(key) else { return };
        let after = Before::of(entry);
        self.bytes = self.bytes - before.bytes + after.bytes;
        self.expiring = self.expiring - usize::from(before.expires) + usize::from(after.expires);
        if before.due_ms != after.due_ms {
            let hash = self.entries.hash_of(key);
            if let Some(due_ms) = before.due_ms {
                self.due.remove(&(due_ms, hash));
            }
            if let Some(due_ms) = after.due_ms {
                self.due.insert((due_ms, hash));
            }
        }
    }
}

/// What an entry contributed to the keyspace's totals before it was changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    bytes: u64,
    expires: bool,
    due_ms: Option<i64>,
}

impl Before {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { bytes: entry.bytes(), expires: entry.expires_at_ms().is_some(), due_ms: entry.due_ms() }
    }
}
