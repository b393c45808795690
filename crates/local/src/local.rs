//! All databases of this process.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use fastrand::Rng;
use latchkey_commands::{Call, Facts, Patience, not_over_rest};
use latchkey_engine::{Begun, Database, Limits, Now, Waiter, growth_max};
use latchkey_keyspace::Keyspace;
use latchkey_pipeline::{Admitted, Backend, Batch, Clock, Executed, Refusal, Shape};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_storage::Storage;
use latchkey_tenancy::{DatabaseId, Durability, Principal};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::free::Free;
use crate::memory::{Memory, Room};
use crate::offload::offload;
use crate::sleep::Sleep;
use crate::tenant::{Done, Mark, NotNow, Tenant, Terms, Visit};

/// After so many commands of a pipeline others get their turn …
const TURN_COMMANDS: usize = 64;
/// … or, on a connection, after so many bytes of replies …
const TURN_REPLY_BYTES: u64 = 256 * 1024;
/// … or after so many bytes of changes, which are kept as one record …
const TURN_RECORD_BYTES: usize = 1 << 20;
/// … or after so long, in microseconds.
const TURN_US: i64 = 500;

/// The databases of this process. Each is made, or read from its files, when it is first used.
#[derive(Debug)]
pub struct Local {
    clock: Arc<dyn Clock>,
    about: About,
    tenants: RwLock<HashMap<DatabaseId, Arc<Tenant>>>,
    seeds: Mutex<Rng>,
    free: Free,
    /// How many wait for databases that are busy.
    waiting: Arc<AtomicUsize>,
    /// Whether the server stops, and nobody should wait any more.
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) sleep: Sleep,
}

/// What INFO tells of the process.
#[derive(Clone, Debug)]
pub struct About {
    /// The version of the binary.
    pub version: &'static str,
    /// An id of this run: 40 hexadecimal digits.
    pub run_id: String,
}

/// How much memory databases may use, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Stored bytes of all databases in memory together, by the documented formula; `None` for no limit.
    pub memory_bytes_max: Option<u64>,
    /// A database that nobody has used for so long leaves the memory, if it has files to return from.
    pub idle_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { memory_bytes_max: None, idle_after: Duration::from_secs(300) }
    }
}

impl Local {
    /// Databases that are kept in `storage`, or, without it, end with this process. All chance in them follows from the
    /// seed, which has to be secret: it keeps clients from choosing keys that collide.
    pub fn new(
        clock: Arc<dyn Clock>,
        seed: u64,
        about: About,
        storage: Option<Storage>,
        settings: Settings,
    ) -> std::io::Result<Self> {
        Ok(Self {
            clock,
            about,
            tenants: RwLock::default(),
            seeds: Mutex::new(Rng::with_seed(seed)),
            free: Free::start()?,
            waiting: Arc::default(),
            stopping: watch::Sender::new(false),
            memory: Arc::new(Memory::new(settings.memory_bytes_max)),
            sleep: Sleep::new(storage, settings.idle_after)?,
        })
    }

    /// Forgets a database, with all its keys. Its files go when [`tend`](Self::tend) comes to it.
    pub fn drop_database(&self, id: DatabaseId) {
        let tenant = self.tenants.write().remove(&id);
        match self.sleep.has_files() {
            true => self.sleep.bury(tenant.unwrap_or_else(|| Arc::new(self.sleeper(id)))),
            false => self
                .free
                .take(tenant.map(|tenant| -> Box<dyn Any + Send> { Box::new(tenant) }).into_iter().collect()),
        }
    }

    /// Forgets every database in memory that is not wanted any more.
    pub fn keep_databases(&self, is_wanted: impl Fn(DatabaseId) -> bool) {
        let unwanted: Vec<DatabaseId> =
            self.tenants.read().keys().copied().filter(|&id| !is_wanted(id)).collect();
        unwanted.into_iter().for_each(|id| self.drop_database(id));
    }

    /// Stored bytes of every database that is awake and not busy, by the documented formula.
    pub fn stored_bytes(&self) -> Vec<(DatabaseId, u64)> {
        let bytes = |tenant: &Tenant| Some(tenant.try_with(|database| database.stored_bytes())?.value);
        self.all().iter().filter_map(|tenant| Some((tenant.id(), bytes(tenant)?))).collect()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Tenant>> {
        self.tenants.read().values().cloned().collect()
    }

    /// Forgets tenants that sleep and that nobody holds: they cost nothing then.
    pub(crate) fn forget_sleepers(&self) {
        // Whoever would use one has to come through this map, which is locked.
        self.tenants.write().retain(|_, tenant| !tenant.is_forgettable() || Arc::strong_count(tenant) > 1);
    }

    pub(crate) fn free(&self) -> &Free {
        &self.free
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn now(&self) -> Now {
        Now::from_us(self.clock.now_us())
    }

    fn tenant(&self, id: DatabaseId) -> Arc<Tenant> {
        if let Some(tenant) = self.tenants.read().get(&id) {
            return Arc::clone(tenant);
        }
        Arc::clone(self.tenants.write().entry(id).or_insert_with(|| Arc::new(self.sleeper(id))))
    }

    fn sleeper(&self, id: DatabaseId) -> Tenant {
        Tenant::new(id, self.seeds.lock().u64(..), Arc::clone(&self.waiting))
    }

    /// What makes a database of a keyspace.
    pub(crate) fn maker(&self, principal: &Principal) -> Maker {
        let facts = Facts {
            started_at_ms: self.now().ms(),
            version: self.about.version,
            run_id: self.about.run_id.clone(),
            clients: Arc::clone(principal.connections()),
            ..Facts::default()
        };
        Maker { seed: self.seeds.lock().u64(..), facts, clock: Arc::clone(&self.clock) }
    }

    /// Does `work` on the database, and disposes of what it leaves.
    pub(crate) fn work<R>(
        &self,
        visit: &Visit,
        admitted: &Admitted,
        work: impl FnOnce(&mut Database) -> R,
    ) -> Result<(R, Mark), NotNow> {
        let terms = self.terms(admitted);
        let touches = !admitted.watching().is_some_and(|vigil| vigil.leaves_no_trace());
        let Done { value, mark, garbage } = visit.with(&terms, &self.memory, |database| {
            database.set_touching(touches);
            database.speak_for(admitted.ear());
            work(database)
        })?;
        self.free.take(garbage);
        Ok((value, mark))
    }

    fn terms(&self, admitted: &Admitted) -> Terms {
        let limits = Limits { disk_is_full: self.sleep.disk_is_full(), ..limits(admitted.principal()) };
        Terms { limits, growth_max: self.growth_max(admitted) }
    }

    /// How much memory commands may need, if there is a limit for it.
    fn growth_max(&self, admitted: &Admitted) -> u64 {
        if !self.memory.is_limited() {
            return 0;
        }
        let record_bytes_max = admitted.principal().limits().record_bytes_max;
        let grows = |call: &Call| growth_max(call).min(record_bytes_max.saturating_mul(2));
        admitted.calls().iter().flatten().map(grows).fold(0, u64::saturating_add)
    }

    /// Runs some commands of a pipeline, from the first of `calls` on, until others should get their turn.
    fn take_turn(&self, database: &mut Database, calls: &[Result<Call, ReplyError>], ran: &mut Outcome) {
        let turn = &calls[..calls.len().min(TURN_COMMANDS)];
        // The clock is asked once for each command. One that is set back makes a turn longer, but not in commands.
        let mut now = self.now();
        let ends_us = now.us().saturating_add(TURN_US);
        for (at, call) in turn.iter().enumerate() {
            if at > 0 {
                now = self.now();
                if now.us() > ends_us || ran.is_full() || database.recorded_bytes() > TURN_RECORD_BYTES {
                    break;
                }
            }
            match call {
                Ok(call) => ran.push_outcome(call, run(database, call, now)),
                Err(refusal) => ran.replies.push(Reply::Error(refusal.clone())),
            }
        }
    }

    async fn pipeline(&self, visit: &Visit, admitted: &Admitted) -> Result<Executed, Refusal> {
        let calls = admitted.calls();
        let mut ran = Outcome::new(calls.len(), admitted);
        while ran.replies.len() < calls.len() {
            let rest = &calls[ran.replies.len()..];
            match self.work(visit, admitted, |database| self.take_turn(database, rest, &mut ran)) {
                Ok(((), mark)) => ran.mark = mark,
                Err(not_now) if ran.replies.is_empty() => return Err(not_now.into()),
                // What ran is answered: only the rest may be sent again.
                Err(not_now) => {
                    ran.refuse(rest, &not_now.error());
                    break;
                }
            }
            if ran.replies.len() < calls.len() {
                tokio::task::yield_now().await;
                visit.approach().await;
            }
        }
        self.finish(ran).await
    }

    /// Runs the first commands of a stream: one turn.
    async fn stream(&self, visit: &Visit, admitted: &Admitted) -> Result<Executed, Refusal> {
        let calls = admitted.calls();
        let mut ran = Outcome::new(calls.len().min(TURN_COMMANDS), admitted);
        let ((), mark) = self.work(visit, admitted, |database| self.take_turn(database, calls, &mut ran))?;
        ran.mark = mark;
        self.finish(ran).await
    }

    async fn watch(&self, visit: &Visit, admitted: &Admitted) -> Result<Executed, Refusal> {
        let mut ran = Outcome::new(1, admitted);
        let ((), mark) = self.work(visit, admitted, |database| {
            let now = self.now();
            if let Some(watching) = admitted.watching() {
                let mut watches = watching.lock();
                admitted.calls().iter().flatten().for_each(|call| database.watch(call, now, &mut watches));
            }
        })?;
        ran.mark = mark;
        for call in admitted.calls() {
            ran.push(call.as_ref().map_or_else(|error| error.clone().into(), |_| Reply::OK));
        }
        self.finish(ran).await
    }

    async fn transaction(&self, visit: &Visit, admitted: &Admitted) -> Result<Executed, Refusal> {
        let calls: Vec<Call> = admitted.calls().iter().flatten().cloned().collect();
        let mut ran = Outcome::new(calls.len(), admitted);
        let (outcome, mark) = self.work(visit, admitted, |database| {
            let now = self.now();
            let is_overtaken = admitted
                .watching()
                .is_some_and(|watching| database.are_touched(&std::mem::take(&mut watching.lock()), now));
            if is_overtaken {
                return Err(Refusal::Overtaken);
            }
            let long = calls.iter().any(|call| database.is_long(call, now));
            let outcome =
                if long { offload(|| database.run_all(&calls, now)) } else { database.run_all(&calls, now) };
            outcome.map_err(Refusal::Discarded)
        })?;
        // A refusal tells of others' writes too.
        self.sleep.await_durable(mark).await?;
        ran.mark = mark;
        outcome?.into_iter().for_each(|reply| ran.push(reply));
        Ok(ran.into_executed())
    }

    /// Lets replies go when what they tell of is as durable as the database asks.
    pub(crate) async fn finish(&self, ran: Outcome) -> Result<Executed, Refusal> {
        self.sleep.await_durable(ran.mark).await?;
        Ok(ran.into_executed())
    }
}

impl Local {
    async fn listen(&self, visit: &Visit, admitted: &Admitted) -> Result<Executed, Refusal> {
        let mut ran = Outcome::new(1, admitted);
        let ((), mark) = self.work(visit, admitted, |database| {
            let now = self.now();
            for call in admitted.calls() {
                match (call, admitted.ear()) {
                    (Ok(call), Some(ear)) => ran.push_outcome(call, database.listen(call, ear, now)),
                    (Ok(call), None) => ran.push(not_over_rest(call.command()).into()),
                    (Err(refusal), _) => ran.push(refusal.clone().into()),
                }
            }
        })?;
        ran.mark = mark;
        self.finish(ran).await
    }
}

impl Backend for Local {
    async fn execute(&self, admitted: &Admitted) -> Result<Executed, Refusal> {
        let visit = Visit::begin(self.tenant(admitted.principal().database()));
        // A future of its own: those who find the database awake need not carry it.
        if !visit.tenant().is_awake()
            && let Some(answered) = Box::pin(self.wake_or_peek(&visit, admitted)).await?
        {
            return Ok(answered);
        }
        let growth_max = self.growth_max(admitted);
        if self.memory.has_room(growth_max) == Room::NotNow {
            Box::pin(self.make_room_to_grow(growth_max)).await;
        }
        self.sleep.await_room().await?;
        visit.approach().await;
        visit.touch(self.now().ms());
        match admitted.shape() {
            Shape::Atomic => self.transaction(&visit, admitted).await,
            Shape::Watch => self.watch(&visit, admitted).await,
            Shape::Listen => self.listen(&visit, admitted).await,
            Shape::Stream => self.stream(&visit, admitted).await,
            Shape::One | Shape::Pipeline => match alone(admitted) {
                Some((call, patience)) => self.run_or_wait(&visit, admitted, call, patience).await,
                None => self.pipeline(&visit, admitted).await,
            },
        }
    }
}

/// The command that may wait: only one that is alone, as others would have to wait with it.
fn alone(admitted: &Admitted) -> Option<(&Call, Patience)> {
    let (Shape::One, [Ok(call)]) = (admitted.shape(), admitted.calls()) else { return None };
    Some((call, call.patience()?))
}

pub(crate) fn run_or_wait(database: &mut Database, call: &Call, now: Now, waiter: Box<dyn Waiter>) -> Begun {
    if call.command().is_heavy() && database.is_long(call, now) {
        return offload(|| database.run_or_wait(call, now, waiter));
    }
    database.run_or_wait(call, now, waiter)
}

fn run(database: &mut Database, call: &Call, now: Now) -> latchkey_engine::Ran {
    if call.command().is_heavy() && database.is_long(call, now) {
        return offload(|| database.run(call, now));
    }
    database.run(call, now)
}

/// What has come of a batch so far.
pub(crate) struct Outcome {
    replies: Batch<Reply>,
    unexecuted: u64,
    pub(crate) mark: Mark,
    reply_bytes: u64,
    reply_bytes_max: u64,
    /// Whether replies leave as they come, so that only each by itself has a limit.
    streams: bool,
}

impl Outcome {
    pub(crate) fn new(commands: usize, admitted: &Admitted) -> Self {
        let reply_bytes_max = admitted.principal().limits().reply_bytes_max;
        Self {
            replies: Batch::with_capacity(commands),
            unexecuted: 0,
            mark: Mark::default(),
            reply_bytes: 0,
            reply_bytes_max,
            streams: admitted.shape() == Shape::Stream,
        }
    }

    pub(crate) fn push_outcome(&mut self, call: &Call, ran: latchkey_engine::Ran) {
        self.unexecuted += u64::from(!ran.executed && !call.spec().free);
        self.push(ran.reply);
    }

    /// Answers the rest of a pipeline that cannot run now.
    fn refuse(&mut self, rest: &[Result<Call, ReplyError>], refusal: &ReplyError) {
        for call in rest {
            self.unexecuted += u64::from(call.as_ref().is_ok_and(|call| !call.spec().free));
            self.push(call.as_ref().err().cloned().unwrap_or(refusal.clone()).into());
        }
    }

    /// Whether the replies so far should leave before there are more.
    fn is_full(&self) -> bool {
        self.streams && self.reply_bytes > TURN_REPLY_BYTES
    }

    /// Keeps a reply, unless all replies together would be larger than the plan allows: no batch of reads may gather
    /// more memory than that.
    fn push(&mut self, reply: Reply) {
        let others = if self.streams { 0 } else { self.reply_bytes };
        let bytes = others + reply.bytes() as u64;
        if bytes <= self.reply_bytes_max {
            self.reply_bytes += reply.bytes() as u64;
            self.replies.push(reply);
        } else {
            let (limit, actual) = (self.reply_bytes_max as usize, bytes as usize);
            self.replies.push(ReplyError::request_too_large(limit, actual).into());
        }
    }

    pub(crate) fn into_executed(self) -> Executed {
        Executed { replies: self.replies, unexecuted: self.unexecuted, position: self.mark.position }
    }
}

const BUSY: ReplyError =
    ReplyError::fixed("BUSY the database is running a command that takes long, try again");

const CROWDED: ReplyError = ReplyError::fixed(
    "BUSY too many requests wait for databases that run commands which take long, try again",
);

/// Nothing of the request was kept; it may be sent again.
const LOST: ReplyError = ReplyError::fixed("ERR the database is being read anew, try again");

impl NotNow {
    /// What the client is told.
    fn error(self) -> ReplyError {
        match self {
            Self::Busy => BUSY,
            Self::Crowded => CROWDED,
            Self::Lost => LOST,
        }
    }
}

impl From<NotNow> for Refusal {
    fn from(not_now: NotNow) -> Self {
        Self::Unavailable(not_now.error())
    }
}

/// What makes a database of a keyspace: chance, a clock to end scripts by, and what INFO tells.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) seed: u64,
    facts: Facts,
    clock: Arc<dyn Clock>,
}

impl Maker {
    /// One whose steps are kept, as far as that.
    pub(crate) fn with_durability(mut self, durability: Durability) -> Self {
        self.facts.syncs_always = durability == Durability::Always;
        self
    }

    /// An empty database.
    pub(crate) fn make_empty(self) -> Database {
        let seed = self.seed;
        self.make(Keyspace::new(seed))
    }

    pub(crate) fn now(&self) -> Now {
        Now::from_us(self.clock.now_us())
    }

    /// A database with these keys.
    pub(crate) fn make(self, keyspace: Keyspace) -> Database {
        let clock = self.clock;
        Database::of(keyspace, self.seed, Limits::NONE, self.facts)
            .with_clock(Arc::new(move || clock.now_us()))
    }
}

/// The part of a principal's limits that the engine has to know.
pub(crate) fn limits(principal: &Principal) -> Limits {
    let limits = principal.limits();
    Limits {
        stored_bytes_max: limits.stored_bytes_max,
        record_bytes_max: limits.record_bytes_max,
        evicts: limits.eviction,
        ..Limits::NONE
    }
}
