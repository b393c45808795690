//! The node, what happens to it, and what is seen of that.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fastrand::Rng;
use latchkey_commands::Call;
use latchkey_engine::{Limits, Now};
use latchkey_journal::sim::{Faults, Loss, Refusal, SimDisk};
use latchkey_journal::{JournalError, Lsn, Waiting};
use latchkey_storage::{Durability, Settings, Storage, StorageError};
use parking_lot::Mutex;

use crate::bug::Bug;
use crate::command;
use crate::disk::ProcessDisk;
use crate::run::Seen;
use crate::tenant::{Tenant, Turn, Unseen};

const LOSSES: [Loss; 4] = [Loss::All, Loss::Nothing, Loss::Torn, Loss::Scattered];
const STARTS_MAX: usize = 8;
/// Before this many replies wait, the disk goes on.
const WAITING_MAX: usize = 64;

/// So much of what happened last is told with a failure.
const TRACE_MAX: usize = 24;

/// What happened last, for whoever looks for the reason of a failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<VecDeque<String>>>);

impl Trace {
    fn note(&self, event: String) {
        let mut events = self.0.lock();
        if events.len() == TRACE_MAX {
            events.pop_front();
        }
        events.push_back(event);
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().iter().map(|event| format!("  {event}\n")).collect()
    }
}

/// A node with its databases, clients and disk.
pub(crate) struct World {
    seed: u64,
    bug: Option<Bug>,
    disk: SimDisk,
    faults: Faults,
    process: Option<Process>,
    /// How many processes there were.
    processes: u64,
    tenants: Vec<Tenant>,
    now_us: i64,
    waiting: Vec<Reply>,
    /// Whether little goes wrong, so that what is there grows old.
    is_calm: bool,
    /// So many commits are left out yet: the disk is slow.
    slow_for: u32,
    seen: Seen,
    answered: DefaultHasher,
    trace: Trace,
}

/// What ends with a process.
struct Process {
    disk: ProcessDisk,
    storage: Storage,
    /// How many operations had failed before it began.
    failed_before: u64,
    oldest_ends_at: Option<Lsn>,
}

/// A reply that waits for the disk.
struct Reply {
    tenant: usize,
    life: u64,
    /// What it tells of.
    steps: usize,
    waiting: Waiting,
    /// Events since it was made.
    age: u32,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>, trace: Trace) -> Result<Self, String> {
        let mut chance = Rng::with_seed(seed);
        let mut world = Self {
            seed,
            bug,
            disk: SimDisk::new(seed),
            faults: Faults::default(),
            process: None,
            processes: 0,
            tenants: tenants(&mut chance),
            now_us: 1_767_323_045_678_901,
            waiting: Vec::new(),
            is_calm: chance.bool(),
            slow_for: 0,
            seen: Seen::default(),
            answered: DefaultHasher::new(),
            trace,
        };
        world.start(&mut chance)?;
        Ok(world)
    }

    /// Lets one thing happen.
    pub(crate) fn happen(&mut self, chance: &mut Rng) -> Result<(), String> {
        self.pass_time(chance);
        let mut event = chance.u32(..200);
        if self.is_calm && event >= 182 && chance.u32(..10) > 0 {
            event = chance.u32(..182);
        }
        match event {
            0..104 => self.client(chance)?,
            104..134 => self.commit(chance)?,
            134..146 => self.tend_log()?,
            146..162 => self.tend_storage()?,
            162..168 => self.compact(chance)?,
            168..176 => self.sleep(chance)?,
            176..178 => self.drop_keyspace(chance),
            178..180 => self.delete(chance)?,
            180..182 => self.set_durability(chance)?,
            182..185 => self.slow_for = chance.u32(1..20),
            185..188 => self.fill_disk(chance),
            188..191 => self.make_room(),
            191..194 => self.crash_soon(chance),
            194..196 => self.fail_soon(chance),
            196..198 => self.crash(chance)?,
            198 if chance.bool() => self.kill(chance)?,
            198 => self.kill_soon(chance),
            _ => self.stop(chance)?,
        }
        self.observe(chance)
    }

    /// Looks at all databases after a last crash.
    pub(crate) fn end(mut self, chance: &mut Rng) -> Result<Seen, String> {
        self.crash(chance)?;
        self.make_room();
        self.disk.set_faults(Faults::default());
        for tenant in 0..self.tenants.len() {
            self.wake(tenant, chance)?;
            if self.tenants[tenant].awake.is_none() {
                return Err(format!("database {tenant} cannot be read at the end"));
            }
        }
        self.seen.disk = self.disk.fired();
        self.seen.fingerprint = self.answered.finish();
        Ok(self.seen)
    }

    fn pass_time(&mut self, chance: &mut Rng) {
        match chance.u32(..60) {
            0 => self.now_us += chance.i64(0..600_000_000),
            1 => {
                self.now_us -= chance.i64(0..60_000_000);
                self.seen.clock_set_back += 1;
            }
            _ => self.now_us += chance.i64(0..20_000),
        }
    }

    fn now(&self) -> Now {
        Now::from_us(self.now_us)
    }

    fn storage(&self) -> Storage {
        self.process.as_ref().expect("there is one between events").storage.clone()
    }

    /// A client sends something, or a deadline passes.
    fn client(&mut self, chance: &mut Rng) -> Result<(), String> {
        let tenant = chance.usize(..self.tenants.len());
        self.peek(tenant, chance)?;
        if !self.wake(tenant, chance)? || self.is_congested()? {
            return Ok(());
        }
        let turn = self.draw_turn(chance);
        self.turn(tenant, &turn)
    }

    /// A client reads from a database that sleeps. It may get no answer, but no other than the model's.
    fn peek(&mut self, at: usize, chance: &mut Rng) -> Result<(), String> {
        if !self.tenants[at].is_known() {
            return Ok(());
        }
        let (now, storage) = (self.now(), self.storage());
        let call = command::draw_read(chance, now.ms());
        let keys: Vec<&[u8]> = call.keys().iter().map(|key| key.name).collect();
        let process = self.process.as_ref().expect("there is one between events");
        let tenant = &self.tenants[at];
        let peeked = process.disk.while_peeking(|| storage.peek(tenant.id, &keys));
        let Some(peeked) = peeked else { return Ok(()) };
        self.trace.note(format!("look into the files of database {at}"));
        self.seen.peeks += 1;
        tenant.check_peeked(call, peeked, now).map_err(|what| name(at, &what))
    }

    fn draw_turn(&self, chance: &mut Rng) -> Turn {
        let now_ms = self.now().ms();
        let mut draw = |most| -> Vec<Call> {
            let count = chance.usize(1..=most);
            (0..count).map(|_| command::draw(chance, now_ms)).collect()
        };
        match draw(16).len() {
            1..=9 => Turn::Pipeline(draw(1)),
            10..=12 => Turn::Pipeline(draw(6)),
            13..=15 => Turn::Atomic(draw(6)),
            _ => Turn::Sweep,
        }
    }

    fn turn(&mut self, at: usize, turn: &Turn) -> Result<(), String> {
        let (now, storage) = (self.now(), self.storage());
        let tenant = &mut self.tenants[at];
        let done = tenant.run(turn, now, storage.is_full(), self.bug).map_err(|what| name(at, &what))?;
        self.trace.note(format!("database {at} has {} steps after {turn}", done.steps));
        (at, done.steps, tenant.model.database.stored_bytes()).hash(&mut self.answered);
        self.seen.turns += 1;
        self.seen.refused += u64::from(done.was_refused);
        if let Some(lsn) = done.awaited {
            let (life, waiting) = (tenant.life, storage.journal().wait(lsn));
            self.waiting.push(Reply { tenant: at, life, steps: done.steps, waiting, age: 0 });
        }
        Ok(())
    }

    /// Whether no more should be taken now. If so, the log gets its turn.
    fn is_congested(&mut self) -> Result<bool, String> {
        let storage = self.storage();
        if storage.is_congested() || self.waiting.len() > WAITING_MAX {
            self.slow_for = 0;
            storage.journal().hurry();
            self.judge("tend", storage.tend())?;
        }
        Ok(storage.is_congested())
    }

    fn commit(&mut self, chance: &mut Rng) -> Result<(), String> {
        if self.slow_for > 0 {
            self.slow_for -= 1;
            return Ok(());
        }
        let storage = self.storage();
        match chance.u32(..3) {
            0 => self.judge_log("write the log", storage.journal().write()),
            _ => self.judge_log("commit", storage.journal().commit()),
        }
    }

    fn tend_log(&mut self) -> Result<(), String> {
        let tended = self.storage().journal().tend();
        self.judge_log("tend the log", tended)
    }

    fn tend_storage(&mut self) -> Result<(), String> {
        let tended = self.storage().tend();
        self.judge("tend", tended).map(drop)
    }

    fn compact(&mut self, chance: &mut Rng) -> Result<(), String> {
        let (storage, now_ms) = (self.storage(), self.now().ms());
        let compacted = match chance.u32(..4) {
            0 => storage.compact(self.tenants[chance.usize(..self.tenants.len())].id, now_ms),
            _ => storage.compact_due(now_ms),
        };
        let compacted = self.judge("compact", compacted)?.flatten();
        self.seen.compactions += u64::from(compacted.is_some());
        Ok(())
    }

    /// Whether the database is awake now.
    fn wake(&mut self, at: usize, chance: &mut Rng) -> Result<bool, String> {
        if self.tenants[at].awake.is_some() {
            return Ok(true);
        }
        let (id, durability) = (self.tenants[at].id, self.tenants[at].durability);
        let woken = self.storage().wake(id, durability, chance.u64(..));
        let Some((keyspace, shelf)) = self.judge(&format!("wake database {at}"), woken)? else {
            return Ok(false);
        };
        let tenant = &mut self.tenants[at];
        let (steps, was_unseen) = (tenant.model.steps(), tenant.unseen != Unseen::Nothing);
        tenant.woke(keyspace, shelf, self.bug).map_err(|what| name(at, &what))?;
        self.seen.steps_lost += steps.saturating_sub(tenant.model.steps()) as u64;
        self.seen.wakes += 1;
        if was_unseen {
            self.look(at)?;
        }
        Ok(true)
    }

    /// Reads all keys of a database, as a client does.
    fn look(&mut self, at: usize) -> Result<(), String> {
        let keys: Vec<Vec<u8>> = self.tenants[at].model.database.keyspace().canonical().into_keys().collect();
        let calls = keys.iter().flat_map(|key| command::look_at(key)).collect();
        self.turn(at, &Turn::Pipeline(calls))
    }

    fn sleep(&mut self, chance: &mut Rng) -> Result<(), String> {
        let at = chance.usize(..self.tenants.len());
        self.send_to_sleep(at).map(drop)
    }

    /// Whether it sleeps now, with all its steps in its files.
    fn send_to_sleep(&mut self, at: usize) -> Result<bool, String> {
        let Some(awake) = self.tenants[at].awake.take() else { return Ok(true) };
        let slept = match self.bug {
            Some(Bug::ForgetOnSleep) => {
                drop(awake);
                Ok(())
            }
            _ => awake.shelf.sleep(),
        };
        let slept = self.judge(&format!("let database {at} sleep"), slept)?.is_some();
        if slept {
            self.tenants[at].promise_all();
            self.seen.sleeps += 1;
        }
        Ok(slept)
    }

    /// As after a panic: what is in memory is given up.
    fn drop_keyspace(&mut self, chance: &mut Rng) {
        let at = chance.usize(..self.tenants.len());
        self.trace.note(format!("drop the keyspace of database {at}"));
        self.seen.drops += u64::from(self.tenants[at].awake.take().is_some());
    }

    fn delete(&mut self, chance: &mut Rng) -> Result<(), String> {
        let at = chance.usize(..self.tenants.len());
        let tenant = &mut self.tenants[at];
        tenant.awake = None;
        tenant.may_be_gone = true;
        let deleted = self.storage().delete(self.tenants[at].id);
        if self.judge(&format!("delete database {at}"), deleted)?.is_some() {
            self.tenants[at].end_life(chance.u64(..));
            self.seen.deletions += 1;
        }
        Ok(())
    }

    fn set_durability(&mut self, chance: &mut Rng) -> Result<(), String> {
        let at = chance.usize(..self.tenants.len());
        let durability = draw_durability(chance);
        let tenant = &mut self.tenants[at];
        let Some(awake) = &mut tenant.awake else {
            tenant.durability = durability;
            return Ok(());
        };
        let is_switch = (awake.shelf.durability() == Durability::None) != (durability == Durability::None);
        let set = awake.shelf.set_durability(durability);
        if self.judge(&format!("set durability of database {at} to {durability:?}"), set)?.is_some() {
            let tenant = &mut self.tenants[at];
            tenant.durability = durability;
            if is_switch {
                tenant.promise_all();
            }
            self.seen.durability_changes += 1;
        }
        Ok(())
    }

    fn set_faults(&mut self, faults: Faults) {
        self.trace.note(format!("from operation {} on, {faults:?}", self.disk.operations()));
        self.faults = faults;
        self.disk.set_faults(faults);
    }

    fn fill_disk(&mut self, chance: &mut Rng) {
        let capacity_bytes = Some(chance.u64(..200_000));
        self.set_faults(Faults { capacity_bytes, ..self.faults });
    }

    fn make_room(&mut self) {
        self.set_faults(Faults { capacity_bytes: None, ..self.faults });
    }

    fn crash_soon(&mut self, chance: &mut Rng) {
        let crash_at = Some(self.disk.operations() + chance.u64(1..60));
        self.set_faults(Faults { crash_at, ..self.faults });
    }

    fn fail_soon(&mut self, chance: &mut Rng) {
        let refusal = if chance.u32(..4) == 0 { Refusal::Full } else { Refusal::Broken };
        let fail_at = Some((self.disk.operations() + chance.u64(1..30), refusal));
        self.set_faults(Faults { fail_at, ..self.faults });
    }

    fn crash(&mut self, chance: &mut Rng) -> Result<(), String> {
        self.end_process(Unseen::Crash);
        self.crash_machine(chance);
        self.start(chance)
    }

    fn crash_machine(&mut self, chance: &mut Rng) {
        let loss = chance.usize(..LOSSES.len());
        self.seen.crashes[loss] += 1;
        self.trace.note(format!("crash that takes {:?}", LOSSES[loss]));
        self.disk = self.disk.crash(LOSSES[loss]);
        self.faults.crash_at = None;
        self.faults.fail_at = None;
        self.disk.set_faults(self.faults);
        self.tenants.iter_mut().for_each(|tenant| tenant.unseen = Unseen::Crash);
    }

    fn kill(&mut self, chance: &mut Rng) -> Result<(), String> {
        self.seen.kills += 1;
        self.trace.note("kill".into());
        self.end_process(Unseen::Kill);
        if self.bug == Some(Bug::WriteLate) {
            self.disk = self.disk.crash(Loss::All);
        }
        self.start(chance)
    }

    fn kill_soon(&mut self, chance: &mut Rng) {
        if let Some(process) = &self.process {
            process.disk.kill_after(chance.u64(1..60));
        }
    }

    /// The process stops in order, or what comes near to that on a disk that fails.
    fn stop(&mut self, chance: &mut Rng) -> Result<(), String> {
        let mut all_sleep = true;
        for at in 0..self.tenants.len() {
            all_sleep &= self.send_to_sleep(at)?;
        }
        let closed = self.storage().close();
        let is_closed = self.judge("close", closed)?.is_some();
        if is_closed && all_sleep {
            self.tenants
                .iter_mut()
                .filter(|tenant| tenant.unseen == Unseen::Nothing)
                .for_each(Tenant::promise_all);
            self.seen.stops += 1;
        }
        self.end_process(Unseen::Kill);
        if chance.bool() {
            self.crash_machine(chance);
        }
        self.start(chance)
    }

    /// From here on nothing of the process reaches the disk.
    fn end_process(&mut self, unseen: Unseen) {
        let Some(process) = self.process.take() else { return };
        self.deliver(&process.storage);
        process.disk.kill();
        self.seen.replies_lost += self.waiting.len() as u64;
        self.waiting.clear();
        for tenant in &mut self.tenants {
            tenant.awake = None;
            tenant.unseen = tenant.unseen.max(unseen);
        }
    }

    /// Starts a process, sooner or later.
    fn start(&mut self, chance: &mut Rng) -> Result<(), String> {
        for start in 1..=STARTS_MAX {
            self.choose_faults(chance, start);
            let kill_after = chance.u64(1..120);
            let kill_after = (start < STARTS_MAX && chance.u32(..8) == 0).then_some(kill_after);
            if self.try_to_start(kill_after)? {
                self.set_faults(Faults { crash_at: None, fail_at: None, ..self.faults });
                return Ok(());
            }
            self.seen.failed_starts += 1;
            if self.disk.has_crashed() || chance.u32(..3) == 0 {
                self.crash_machine(chance);
            }
        }
        Err("the node does not start".into())
    }

    /// Starting is interrupted now and then; the last time, nothing is in the way.
    fn choose_faults(&mut self, chance: &mut Rng, start: usize) {
        let mut faults = Faults { capacity_bytes: self.faults.capacity_bytes, ..Faults::default() };
        let at = self.disk.operations() + chance.u64(1..120);
        match chance.u32(..8) {
            0 | 1 => faults.crash_at = Some(at),
            2 => faults.fail_at = Some((at, Refusal::Broken)),
            _ => {}
        }
        self.set_faults(if start < STARTS_MAX { faults } else { Faults::default() });
    }

    fn try_to_start(&mut self, kill_after: Option<u64>) -> Result<bool, String> {
        self.processes += 1;
        let seed = self.seed.wrapping_mul(31).wrapping_add(self.processes);
        let disk = ProcessDisk::new(self.disk.clone(), self.bug);
        disk.kill_after(kill_after.unwrap_or(u64::MAX));
        let failed_before = self.disk.fired().operations_failed;
        let opened = Storage::open(Arc::new(disk.clone()), settings(seed), |_| {});
        match opened {
            Ok((_, recovered)) if !recovered.damaged.is_empty() => {
                Err(format!("recovery found damage: {:?}", recovered.damaged))
            }
            Ok((storage, recovered)) => {
                disk.kill_after(u64::MAX);
                self.trace.note(format!("start, and recover {} frames", recovered.frames));
                self.process = Some(Process { disk, storage, failed_before, oldest_ends_at: None });
                Ok(true)
            }
            Err(_) if disk.is_killed() => Ok(false),
            Err(error) => {
                disk.kill();
                self.check_excuse("start", &error, failed_before).map(|()| false)
            }
        }
    }

    /// What everybody sees after each event.
    fn observe(&mut self, chance: &mut Rng) -> Result<(), String> {
        let storage = self.storage();
        self.deliver(&storage);
        self.note_freed(storage.journal().pressure().oldest_ends_at);
        if self.disk.has_crashed() {
            self.seen.crashes_in_operations += 1;
            drop(storage);
            return self.crash(chance);
        }
        if self.process.as_ref().is_some_and(|process| process.disk.is_killed()) {
            drop(storage);
            return self.kill(chance);
        }
        let Some(error) = storage.failure() else { return Ok(()) };
        drop(storage);
        self.check_excuse("go on", &error, self.failed_before())?;
        if error.is_full() && !self.has_failed_since(self.failed_before()) {
            return Err(format!("the node ended because the disk is full: {error}"));
        }
        self.seen.failures += 1;
        // What a failed sync has left unwritten can still be read, if the machine goes on.
        if chance.bool() { self.kill(chance) } else { self.crash(chance) }
    }

    fn deliver(&mut self, storage: &Storage) {
        let (durable, written) = (storage.journal().durable(), storage.journal().written());
        self.tenants.iter_mut().for_each(|tenant| tenant.note_log(durable, written));
        let mut context = Context::from_waker(Waker::noop());
        let Self { waiting, tenants, seen, .. } = self;
        waiting.retain_mut(|reply| {
            reply.age += 1;
            let Poll::Ready(outcome) = Pin::new(&mut reply.waiting).poll(&mut context) else { return true };
            let tenant = &mut tenants[reply.tenant];
            if outcome.is_ok() && tenant.life == reply.life {
                tenant.promised = tenant.promised.max(reply.steps);
                seen.late_replies += u64::from(reply.age > 1);
            }
            false
        });
    }

    fn note_freed(&mut self, oldest_ends_at: Option<Lsn>) {
        let Some(process) = &mut self.process else { return };
        let is_freed = process.oldest_ends_at.is_some() && process.oldest_ends_at != oldest_ends_at;
        self.seen.segments_freed += u64::from(is_freed);
        process.oldest_ends_at = oldest_ends_at;
    }

    fn failed_before(&self) -> u64 {
        self.process.as_ref().map_or(0, |process| process.failed_before)
    }

    fn has_failed_since(&self, failed_before: u64) -> bool {
        self.disk.fired().operations_failed > failed_before
    }

    fn judge_log<T>(&self, doing: &str, outcome: Result<T, JournalError>) -> Result<(), String> {
        self.judge(doing, outcome.map_err(StorageError::from)).map(drop)
    }

    /// Nothing if it failed, and may have.
    fn judge<T>(&self, doing: &str, outcome: Result<T, StorageError>) -> Result<Option<T>, String> {
        match outcome {
            Ok(done) => {
                self.trace.note(doing.to_owned());
                Ok(Some(done))
            }
            Err(error) => self.check_excuse(doing, &error, self.failed_before()).map(|()| None),
        }
    }

    /// Whether the disk did something that explains the error.
    fn check_excuse(&self, doing: &str, error: &StorageError, failed_before: u64) -> Result<(), String> {
        let is_full = self.faults.capacity_bytes.is_some() && is_full(error);
        let is_killed = self.process.as_ref().is_some_and(|process| process.disk.is_killed());
        let is_broken = is_killed || self.disk.has_crashed() || self.has_failed_since(failed_before);
        if (is_full || is_broken) && !error.is_damage() {
            self.trace.note(format!("cannot {doing}: {error}"));
            return Ok(());
        }
        Err(format!("cannot {doing}: {error}"))
    }
}

fn is_full(error: &StorageError) -> bool {
    let kind = match error {
        StorageError::Io { kind, .. } | StorageError::Journal(JournalError::Io { kind, .. }) => kind,
        _ => return false,
    };
    *kind == std::io::ErrorKind::StorageFull
}

fn name(at: usize, what: &str) -> String {
    format!("database {at}: {what}")
}

fn draw_durability(chance: &mut Rng) -> Durability {
    [Durability::Always, Durability::Always, Durability::EverySecond, Durability::None][chance.usize(..4)]
}

/// Two to four databases; one has a limit that it will reach.
fn tenants(chance: &mut Rng) -> Vec<Tenant> {
    let count = chance.u8(2..=4);
    let limits = |at| match at {
        0 => Limits { stored_bytes_max: Some(4_000), record_bytes_max: 2_000, ..Limits::NONE },
        _ => Limits::NONE,
    };
    (0..count).map(|at| Tenant::new([at + 1; 16], draw_durability(chance), limits(at))).collect()
}

/// Settings under which small things are large.
fn settings(seed: u64) -> Settings {
    let mut settings = Settings::new(seed);
    settings.journal.directory = Path::new("log").to_owned();
    settings.journal.segment_bytes = 7 << 10;
    settings.journal.group_bytes_max = 2 << 10;
    settings.journal.queue_bytes_max = 16 << 10;
    settings.journal.free_bytes_min = 2 << 10;
    settings.journal.has_threads = false;
    settings.chunk_bytes = 700;
    settings.pending_bytes_max = 32 << 10;
    settings.segments_max = 2;
    settings.compaction_bytes_min = 6 << 10;
    settings.free_bytes_min = 2 << 10;
    settings
}
