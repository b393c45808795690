//! A node with databases, and what they must hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_journal::sim::{Faults, SimDisk};
use latchkey_journal::{Disk, Lsn};
use latchkey_keyspace::value::Text;
use latchkey_keyspace::{Keyspace, Kind, Now, Str};
use latchkey_storage::{Durability, Recovered, Settings, Shelf, Storage, StorageError};

/// What a keyspace holds.
pub(crate) type Contents = BTreeMap<Vec<u8>, (Option<i64>, Kind, Vec<u8>)>;

pub(crate) const NOW: Now = Now::from_ms(1_700_000_000_000);

/// Settings under which small things are large.
pub(crate) fn settings(seed: u64) -> Settings {
    let mut settings = Settings::new(seed);
    settings.journal.segment_bytes = 12 << 10;
    settings.journal.group_bytes_max = 1 << 10;
    settings.journal.free_bytes_min = 0;
    settings.journal.retry_after = std::time::Duration::from_millis(1);
    settings.journal.sync_within = std::time::Duration::from_millis(1);
    settings.chunk_bytes = 300;
    settings.segments_max = 2;
    settings.compaction_bytes_min = 2 << 10;
    settings.free_bytes_min = 0;
    settings
}

pub(crate) fn id(name: u8) -> [u8; 16] {
    [name; 16]
}

pub(crate) fn open(disk: &SimDisk, seed: u64) -> Result<(Storage, Recovered), StorageError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Storage::open(disk, settings(seed), |_| {})
}

/// The same without threads of the log: each operation of the disk has its number, the same each time.
pub(crate) fn open_without_threads(disk: &SimDisk, seed: u64) -> Result<(Storage, Recovered), StorageError> {
    let mut settings = settings(seed);
    settings.journal.has_threads = false;
    Storage::open(Arc::new(disk.clone()), settings, |_| {})
}

/// A database that is awake.
pub(crate) struct Awake {
    pub(crate) keyspace: Keyspace,
    pub(crate) shelf: Shelf,
}

impl Awake {
    pub(crate) fn wake(storage: &Storage, name: u8, durability: Durability) -> Result<Self, StorageError> {
        let (mut keyspace, shelf) = storage.wake(id(name), durability, u64::from(name))?;
        keyspace.begin_record();
        Ok(Self { keyspace, shelf })
    }

    /// Does a step and appends it.
    pub(crate) fn step(&mut self, step: &Step) -> Lsn {
        step.run(&mut self.keyspace);
        let record = self.keyspace.take_record();
        self.keyspace.begin_record();
        self.shelf.append(record.bytes())
    }

    pub(crate) fn contents(&self) -> Contents {
        contents_of(&self.keyspace)
    }
}

/// The keys, and the libraries under names that no key has here.
pub(crate) fn contents_of(keyspace: &Keyspace) -> Contents {
    let library = |(name, library): (&Str, &latchkey_keyspace::Library)| {
        ([b"library:", name.as_slice()].concat(), (None, Kind::Text, library.code().to_vec()))
    };
    keyspace.canonical().into_iter().chain(keyspace.libraries().iter().map(library)).collect()
}

/// Something that changes a keyspace.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Put(u16, usize),
    Expire(u16, i64),
    Push(u16, u8),
    Remove(u16),
    Rename(u16, u16),
    Clear,
    /// A library that gets a program of this length, or goes.
    Library(u16, Option<usize>),
    Several(Vec<Step>),
}

impl Step {
    fn run(&self, keyspace: &mut Keyspace) {
        let mut edit = keyspace.edit(NOW);
        match *self {
            Self::Put(key, length) => edit.put(&name(key), Text::from(&noise(key, length)[..])),
            Self::Expire(key, at_ms) => _ = edit.set_deadline(&name(key), Some(at_ms)),
            Self::Push(key, item) => {
                if let Ok(mut list) = edit.list_or_new(&name(key)) {
                    list.push(latchkey_keyspace::value::list::End::Back, vec![Str::from(&[item][..])]);
                }
            }
            Self::Remove(key) => _ = edit.remove(&name(key)),
            Self::Rename(source, destination) => {
                if edit.view().exists(&name(source)) {
                    edit.rename(&name(source), &name(destination));
                }
            }
            Self::Clear => edit.clear(),
            Self::Library(library, Some(length)) => edit.put_library(&name(library), &noise(library, length)),
            Self::Library(library, None) => _ = edit.remove_library(&name(library)),
            Self::Several(ref steps) => steps.iter().for_each(|step| step.run(keyspace)),
        }
    }
}

pub(crate) fn name(key: u16) -> Vec<u8> {
    format!("key:{key}").into_bytes()
}

/// Bytes that do not compress, for every other key.
fn noise(key: u16, length: usize) -> Vec<u8> {
    let mut chance = fastrand::Rng::with_seed(u64::from(key) << 32 | length as u64);
    std::iter::repeat_with(|| if key.is_multiple_of(2) { chance.u8(..) } else { 7 }).take(length).collect()
}

/// Wakes a database, looks, and lets it sleep again.
pub(crate) fn look(storage: &Storage, name: u8) -> Contents {
    let awake = Awake::wake(storage, name, Durability::Always).expect("the database wakes");
    let contents = awake.contents();
    assert_eq!(awake.keyspace.bytes(), awake.keyspace.recount_bytes());
    awake.shelf.sleep().expect("the database sleeps");
    contents
}

/// Something that happens to a node.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Wake(u8, Durability),
    Step(u8, Step),
    /// Waits until all steps so far are durable, if they are promised.
    Wait(u8),
    SetDurability(u8, Durability),
    Sleep(u8),
    /// The keyspace is lost, as after a panic.
    Drop(u8),
    Compact(u8),
    /// A key of a database that sleeps is read from its files.
    Peek(u8, u16),
    Delete(u8),
    Tend,
    /// The disk takes no more bytes, or does again.
    Fill(bool),
}

/// What a database may hold after a crash.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// What it held after each step, beginning with nothing.
    states: Vec<Contents>,
    /// The last state that was promised to last.
    durable: usize,
    /// Whether it is being deleted.
    may_be_gone: bool,
}

impl Default for Expected {
    fn default() -> Self {
        Self { states: vec![Contents::new()], durable: 0, may_be_gone: false }
    }
}

impl Expected {
    /// Whether somebody tried to delete it.
    pub(crate) fn may_be_gone(&self) -> bool {
        self.may_be_gone
    }

    fn last(&self) -> &Contents {
        self.states.last().expect("there is the empty one")
    }

    /// What a database holds that was looked at after a crash.
    pub(crate) fn exactly(contents: Contents) -> Self {
        Self { states: vec![contents], durable: 0, may_be_gone: false }
    }

    /// Panics if this is not what it may hold.
    #[track_caller]
    pub(crate) fn check(&self, name: u8, contents: &Contents) {
        let is_allowed = self.states[self.durable..].contains(contents);
        let is_gone = self.may_be_gone && contents.is_empty();
        let known = self.states.iter().position(|state| state == contents);
        assert!(
            is_allowed || is_gone,
            "database {name} holds {known:?} of {} states, durable {}",
            self.states.len(),
            self.durable
        );
    }
}

/// A node, and what it must hold.
pub(crate) struct World {
    disk: SimDisk,
    is_filled: bool,
    /// The operation of the disk that the machine crashes in.
    crash_at: Option<u64>,
    pub(crate) storage: Storage,
    pub(crate) awake: BTreeMap<u8, Awake>,
    pub(crate) expected: BTreeMap<u8, Expected>,
}

impl World {
    pub(crate) fn new(disk: &SimDisk, storage: Storage) -> Self {
        Self {
            disk: disk.clone(),
            is_filled: false,
            crash_at: None,
            storage,
            awake: BTreeMap::new(),
            expected: BTreeMap::new(),
        }
    }

    /// Lets this happen, up to the first error.
    pub(crate) fn run(&mut self, ops: &[Op]) -> Result<(), StorageError> {
        ops.iter().try_for_each(|op| self.happen(op))
    }

    /// Lets one thing happen; what makes no sense does not.
    pub(crate) fn happen(&mut self, op: &Op) -> Result<(), StorageError> {
        match *op {
            Op::Wake(name, durability) => self.wake(name, durability),
            Op::Step(name, ref step) => {
                let Some(awake) = self.awake.get_mut(&name) else { return Ok(()) };
                awake.step(step);
                self.expected.entry(name).or_default().states.push(awake.contents());
                Ok(())
            }
            Op::Wait(name) => self.wait(name),
            Op::SetDurability(name, durability) => self.set_durability(name, durability),
            Op::Sleep(name) => self.sleep(name),
            Op::Drop(name) => {
                drop(self.awake.remove(&name));
                Ok(())
            }
            Op::Compact(name) => self.storage.compact(id(name), 0).map(drop),
            Op::Peek(name, key) => {
                self.peek(name, key);
                Ok(())
            }
            Op::Delete(name) => self.delete(name),
            Op::Tend => self.storage.tend(),
            Op::Fill(is_filled) => {
                self.is_filled = is_filled;
                self.set_faults();
                Ok(())
            }
        }
    }

    /// Lets the machine crash after so many operations of the disk.
    pub(crate) fn crash_after(&mut self, operations: u64) {
        self.crash_at = Some(self.disk.operations() + operations);
        self.set_faults();
    }

    fn set_faults(&self) {
        let capacity_bytes = self.is_filled.then_some(0);
        self.disk.set_faults(Faults { capacity_bytes, crash_at: self.crash_at, ..Faults::default() });
    }

    fn wake(&mut self, name: u8, durability: Durability) -> Result<(), StorageError> {
        if self.awake.contains_key(&name) {
            return Ok(());
        }
        let awake = Awake::wake(&self.storage, name, durability)?;
        let expected = self.expected.entry(name).or_default();
        if expected.may_be_gone && awake.contents().is_empty() {
            *expected = Expected::default();
        }
        assert_eq!(awake.contents(), *expected.last(), "database {name} woke");
        self.awake.insert(name, awake);
        Ok(())
    }

    /// What it finds is the last state; it may as well find nothing out.
    fn peek(&mut self, database: u8, key: u16) {
        let peeked = self.storage.peek(id(database), &[&name(key)]);
        let Some(peeked) = peeked else { return };
        assert!(!self.awake.contains_key(&database), "database {database} was peeked into while awake");
        let expected = self.expected.entry(database).or_default();
        let found = peeked.keyspace.canonical().remove(&name(key));
        assert!(
            found.as_ref() == expected.last().get(&name(key)) || expected.may_be_gone,
            "key {key} of database {database} is {found:?}"
        );
    }

    fn wait(&mut self, name: u8) -> Result<(), StorageError> {
        // On a full disk it would be for ever.
        let Some(awake) = self.awake.get(&name).filter(|_| !self.is_filled) else { return Ok(()) };
        self.storage.journal().wait_blocking(awake.shelf.last_lsn())?;
        if awake.shelf.durability() != Durability::None {
            self.note_durable(name);
        }
        Ok(())
    }

    fn set_durability(&mut self, name: u8, durability: Durability) -> Result<(), StorageError> {
        let Some(awake) = self.awake.get_mut(&name) else { return Ok(()) };
        let is_switch = (awake.shelf.durability() == Durability::None) != (durability == Durability::None);
        awake.shelf.set_durability(durability)?;
        if is_switch {
            self.note_durable(name);
        }
        Ok(())
    }

    fn sleep(&mut self, name: u8) -> Result<(), StorageError> {
        let Some(awake) = self.awake.remove(&name) else { return Ok(()) };
        awake.shelf.sleep()?;
        self.note_durable(name);
        Ok(())
    }

    fn delete(&mut self, name: u8) -> Result<(), StorageError> {
        self.awake.remove(&name);
        self.expected.entry(name).or_default().may_be_gone = true;
        self.storage.delete(id(name))?;
        self.expected.remove(&name);
        Ok(())
    }

    fn note_durable(&mut self, name: u8) {
        let expected = self.expected.entry(name).or_default();
        expected.durable = expected.states.len() - 1;
    }
}
