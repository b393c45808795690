//! One database: it runs commands.

use std::any::Any;
use std::sync::Arc;

use fastrand::Rng;
use latchkey_commands::{Call, Cost, Facts, Growth, Run, Settings, Site, Watches};
use latchkey_keyspace::{Keyspace, Now, Record, Trace};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_pubsub::{Hub, Outbox, Reader};
use latchkey_script::{Budget, Clock, Scripts};

use crate::functions::Functions;
use crate::room::{self, Room};
use crate::step::Step;
use crate::waiting::Waiters;
use crate::{Limits, Source};

/// So many keys that are past their deadline are dropped before each command.
const SWEPT_PER_COMMAND: usize = 20;

/// From this many elements, or bytes of strings, on, a command whose time grows with them is expected to take long.
const LONG_ELEMENTS_MIN: usize = 4096;

/// A keyspace with its limits, its settings and its own random numbers.
#[derive(Debug)]
pub struct Database {
    pub(crate) keyspace: Keyspace,
    pub(crate) chance: Rng,
    limits: Limits,
    pub(crate) settings: Settings,
    pub(crate) facts: Facts,
    pub(crate) scripts: Scripts,
    pub(crate) functions: Functions,
    pub(crate) outbox: Outbox,
    pub(crate) waiters: Waiters,
    /// Whoever keeps copies of keys and has commands run now.
    pub(crate) reader: Option<Reader>,
    /// What those who keep copies need no more.
    pub(crate) garbage: Option<Box<dyn Any + Send>>,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// What it answers.
    pub reply: Reply,
    /// Whether it was executed; a command that was refused for want of room was not, and is not charged.
    pub executed: bool,
}

/// There was not enough room.
struct Short {
    refusal: ReplyError,
    /// How much the command would have added, where keys could be evicted for it.
    added: Option<u64>,
}

impl From<ReplyError> for Short {
    fn from(refusal: ReplyError) -> Self {
        Self { refusal, added: None }
    }
}

impl Database {
    /// An empty database. All its chance follows from the seed.
    pub fn new(seed: u64, limits: Limits, facts: Facts) -> Self {
        Self::of(Keyspace::new(seed), seed, limits, facts)
    }

    /// A database with these keys. All chance but the order of the keys follows from the seed.
    pub fn of(keyspace: Keyspace, seed: u64, limits: Limits, facts: Facts) -> Self {
        Self {
            keyspace,
            chance: Rng::with_seed(seed),
            facts: Facts { bytes_max: limits.stored_bytes_max, evicts: limits.evicts, ..facts },
            limits,
            settings: Settings::default(),
            scripts: Scripts::default(),
            functions: Functions::default(),
            outbox: Outbox::new(Arc::new(Hub::new(seed))),
            waiters: Waiters::new(seed),
            reader: None,
            garbage: None,
        }
    }

    /// Scripts end by this clock too, not only by their steps.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { scripts: Scripts::new(Budget::DEFAULT, Some(clock)), ..self }
    }

    /// To whoever listens to this hub: it outlives databases that sleep.
    pub fn with_hub(self, hub: Arc<Hub>) -> Self {
        Self { outbox: Outbox::new(hub), ..self }
    }

    /// Records every change from now on, for [`keep`](Self::keep).
    pub fn recording(mut self) -> Self {
        self.keyspace.begin_record();
        self
    }

    /// Hands over what was changed since the last call, encoded, if anything was. Nothing is unless it
    /// [records](Self::recording).
    pub fn keep(&mut self, keep: impl FnOnce(&[u8])) {
        if self.keyspace.record().is_none_or(Record::is_empty) {
            return;
        }
        let record = self.keyspace.take_record();
        keep(record.bytes());
        self.keyspace.reuse_record(record);
        self.keyspace.begin_record();
    }

    /// How many bytes wait for [`keep`](Self::keep).
    pub fn recorded_bytes(&self) -> usize {
        self.keyspace.record().map_or(0, |record| record.bytes().len())
    }

    /// What it holds, to be compared with something else.
    pub fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// What CONFIG SET has changed: to be given to the same database when it is read anew.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// With what CONFIG SET has changed before.
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Runs one command.
    pub fn run(&mut self, call: &Call, now: Now) -> Ran {
        self.begin(now);
        self.tell_monitors(call, Source::Client, now);
        let ran = self.run_step(call, now);
        self.end(now);
        ran
    }

    /// Runs several commands as one step: nobody sees a state in between. An error of one does not stop the others, as
    /// in Redis; but if there is no room for one of them, none of them happened.
    pub fn run_all(&mut self, calls: &[Call], now: Now) -> Result<Vec<Reply>, ReplyError> {
        self.begin(now);
        calls.iter().for_each(|call| self.tell_monitors(call, Source::Client, now));
        let replies = self.run_all_if_they_fit(calls, now);
        self.end(now);
        replies
    }

    fn run_all_if_they_fit(&mut self, calls: &[Call], now: Now) -> Result<Vec<Reply>, ReplyError> {
        calls.iter().for_each(|call| self.make_room(call, now));
        if calls.iter().all(|call| room::growth_max(call) == 0) || self.is_roomy(calls) {
            return Ok(calls.iter().map(|call| self.run_now(call, now)).collect());
        }
        let start = self.save();
        let mut replies = Vec::with_capacity(calls.len());
        for call in calls {
            let room = match Room::check(call, &self.keyspace, &self.limits, now) {
                Ok(room) => room,
                Err(refusal) => return self.give_up(start, refusal),
            };
            replies.push(self.run_now(call, now));
            if let Err(refusal) = room.check_outcome(&self.keyspace, &self.limits, now) {
                return self.give_up(start, refusal);
            }
        }
        self.release(start);
        Ok(replies)
    }

    /// Watches the keys that this command names, for a transaction.
    pub fn watch(&mut self, call: &Call, now: Now, watches: &mut Watches) {
        self.want_traces();
        self.trace_as(None);
        let mut edit = self.keyspace.edit(now);
        call.keys().iter().for_each(|key| edit.watch(key.name, watches));
        self.tell_trackers();
    }

    /// Whether one of the keys was changed since it is watched: then the transaction must not run.
    pub fn are_touched(&mut self, watches: &Watches, now: Now) -> bool {
        self.want_traces();
        self.trace_as(None);
        let are_touched = self.keyspace.edit(now).are_touched(watches);
        self.tell_trackers();
        are_touched
    }

    /// Whether it is noted from now on when a key was used: CLIENT NO-TOUCH.
    pub fn set_touching(&mut self, touches: bool) {
        self.keyspace.set_touching(touches);
    }

    /// Whether the command will take so long that it should not run where others wait.
    pub fn is_long(&self, call: &Call, now: Now) -> bool {
        let view = self.keyspace.view(now);
        match call.spec().cost {
            Cost::Small => false,
            Cost::Values => {
                let weight = call.keys().iter().map(|key| view.weight(key.name)).sum::<usize>();
                weight >= LONG_ELEMENTS_MIN
            }
            Cost::Database => self.keyspace.keys() >= LONG_ELEMENTS_MIN,
            Cost::Unknown => true,
        }
    }

    /// Drops what is past its deadline, at most `limit` keys. Whether there may be more.
    pub fn sweep(&mut self, limit: usize, now: Now) -> bool {
        self.want_traces();
        let more = self.sweep_quietly(limit, now);
        self.end(now);
        more
    }

    /// As [`sweep`](Self::sweep); what it publishes waits for the end of the step, and so does who waits.
    fn sweep_quietly(&mut self, limit: usize, now: Now) -> bool {
        if !self.keyspace.next_due_ms().is_some_and(|due_ms| now.is_past(due_ms)) {
            return false;
        }
        self.want_events(false);
        self.trace_as(None);
        let swept = self.keyspace.edit(now).sweep(limit);
        self.publish_events();
        self.facts.expired += swept as u64;
        swept == limit
    }

    /// Who listens to this database.
    pub fn hub(&self) -> &Arc<Hub> {
        self.outbox.hub()
    }

    /// Notes that a command was run which belongs to a connection.
    pub fn note(&mut self, call: &Call, now: Now) {
        self.facts.commands += 1;
        self.tell_monitors(call, Source::Client, now);
    }

    /// When the next deadline falls, in milliseconds since the epoch.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.keyspace.next_due_ms()
    }

    /// What was removed and is costly to free: drop it where nobody waits.
    pub fn take_garbage(&mut self) -> Vec<Box<dyn Any + Send>> {
        let mut garbage = self.keyspace.take_garbage();
        garbage.extend(self.garbage.take());
        garbage
    }

    /// Stored bytes, by the documented formula.
    pub fn stored_bytes(&self) -> u64 {
        self.keyspace.bytes()
    }

    /// A number that goes forward with every change.
    pub fn position(&self) -> u64 {
        self.keyspace.changes()
    }

    /// Changes the limits. What is stored stays, even if it is more than the new ones allow.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.facts.bytes_max = limits.stored_bytes_max;
        self.facts.evicts = limits.evicts;
    }

    /// Before every step.
    fn begin(&mut self, now: Now) {
        self.keyspace.forget_savepoints();
        self.outbox.discard();
        self.want_traces();
        self.sweep_quietly(SWEPT_PER_COMMAND, now);
        self.trace_as(self.reader);
    }

    /// After every step: serves those who wait for what it brought, and tells whoever wants to know.
    fn end(&mut self, now: Now) {
        self.serve_waiters(now);
        self.outbox.send();
        self.tell_trackers();
    }

    /// Runs a command on its own, after making room for it.
    pub(crate) fn run_step(&mut self, call: &Call, now: Now) -> Ran {
        self.make_room(call, now);
        match self.run_if_it_fits(call, now) {
            Ok(reply) => Ran { reply, executed: true },
            Err(refusal) => Ran { reply: refusal.into(), executed: false },
        }
    }

    /// Runs a command, unless there is no room for it.
    pub(crate) fn run_if_it_fits(&mut self, call: &Call, now: Now) -> Result<Reply, ReplyError> {
        let added = match self.try_if_it_fits(call, now) {
            Err(Short { added: Some(added), .. }) => added,
            done => return done.map_err(|short| short.refusal),
        };
        // How much it adds is known now: where keys may be evicted for that, it gets a second chance.
        self.evict(added, now);
        self.try_if_it_fits(call, now).map_err(|short| short.refusal)
    }

    fn try_if_it_fits(&mut self, call: &Call, now: Now) -> Result<Reply, Short> {
        let room = Room::check(call, &self.keyspace, &self.limits, now)?;
        if !room.must_look_back {
            return Ok(self.run_now(call, now));
        }
        let bytes_before = self.keyspace.bytes();
        let start = self.save();
        let reply = self.run_now(call, now);
        let Err(refusal) = room.check_outcome(&self.keyspace, &self.limits, now) else {
            self.release(start);
            return Ok(reply);
        };
        let added = self.keyspace.bytes().checked_sub(bytes_before);
        self.roll_back(start);
        Err(Short { refusal, added: added.filter(|_| self.limits.evicts) })
    }

    /// Takes the step back.
    fn give_up<T>(&mut self, start: Step, refusal: ReplyError) -> Result<T, ReplyError> {
        self.roll_back(start);
        Err(refusal)
    }

    /// Runs a command, whether there is room or not.
    fn run_now(&mut self, call: &Call, now: Now) -> Reply {
        self.facts.commands += 1;
        if let Run::Script(script) = call.spec().run {
            return self.run_script_command(script, call, now);
        }
        self.want_events(call.spec().is_read());
        let (hits, misses) = self.keyspace.lookups();
        let reply = call.run(&mut Site {
            keyspace: &mut self.keyspace,
            now,
            chance: &mut self.chance,
            facts: &self.facts,
            settings: &mut self.settings,
            outbox: &mut self.outbox,
            record_bytes_max: self.limits.record_bytes_max,
        });
        self.publish_events();
        self.trace_reads(call);
        if call.spec().is_read() {
            let (found, missed) = self.keyspace.lookups();
            self.facts.hits += found - hits;
            self.facts.misses += missed - misses;
        }
        reply
    }

    /// Evicts keys for what the command will add, where that is known before.
    pub(crate) fn make_room(&mut self, call: &Call, now: Now) {
        if call.spec().growth == Growth::Arguments {
            self.evict(room::growth_max(call), now);
        }
    }

    /// Evicts keys until `bytes` more fit, if the plan says so and they can fit at all.
    fn evict(&mut self, bytes: u64, now: Now) {
        self.want_events(false);
        let Self { keyspace, limits, chance, facts, .. } = self;
        let max = limits.bytes_max();
        if limits.evicts && bytes <= max {
            keyspace.trace_as(Trace::NOBODY);
            facts.evicted += room::evict(keyspace, max, bytes, now, chance);
            self.publish_events();
            self.trace_as(self.reader);
        }
    }

    /// Whether all of the commands together cannot reach any limit. Of a script nobody knows.
    fn is_roomy(&self, calls: &[Call]) -> bool {
        if calls.iter().any(|call| matches!(call.spec().run, Run::Script(_))) {
            return false;
        }
        let growth_max = calls.iter().map(room::growth_max).fold(0, u64::saturating_add);
        let bytes_max = self.keyspace.bytes().saturating_add(growth_max);
        let limits = &self.limits;
        !limits.disk_is_full && bytes_max <= limits.bytes_max() && bytes_max <= limits.record_bytes_max
    }
}
