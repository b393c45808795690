//! All databases of this process.

use std::collections::HashMap;
use std::sync::Arc;

use fastrand::Rng;
use latchkey_commands::{Call, Facts, Patience};
use latchkey_engine::{Begun, Database, Limits, Now, Waiter};
use latchkey_pipeline::{Admitted, Backend, Batch, Clock, Executed, Refusal, Shape};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_tenancy::{DatabaseId, Principal};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::free::Free;
use crate::offload::offload;
use crate::tenant::{Busy, Tenant};

/// After so many commands of a pipeline others get their turn …
const TURN_COMMANDS: usize = 64;
/// … or, on a connection, after so many bytes of replies …
const TURN_REPLY_BYTES: u64 = 256 * 1024;
/// … or after so long, in microseconds.
const TURN_US: i64 = 500;

/// The databases of this process, each made when it is first used.
#[derive(Debug)]
pub struct Local {
    clock: Arc<dyn Clock>,
    about: About,
    tenants: RwLock<HashMap<DatabaseId, Arc<Tenant>>>,
    seeds: Mutex<Rng>,
    free: Free,
    /// Whether the server stops, and nobody should wait any more.
    pub(crate) stopping: watch::Sender<bool>,
}

/// What INFO tells of the process.
#[derive(Clone, Debug)]
pub struct About {
    /// The version of the binary.
    pub version: &'static str,
    /// An id of this run: 40 hexadecimal digits.
    pub run_id: String,
}

impl Local {
    /// No databases yet. All chance in them follows from the seed, which has to be secret: it keeps clients from
    /// choosing keys that collide.
    pub fn new(clock: Arc<dyn Clock>, seed: u64, about: About) -> std::io::Result<Self> {
        let seeds = Mutex::new(Rng::with_seed(seed));
        let (free, stopping) = (Free::start()?, watch::Sender::new(false));
        Ok(Self { clock, about, tenants: RwLock::default(), seeds, free, stopping })
    }

    /// Forgets a database, with all its keys.
    pub fn drop_database(&self, id: DatabaseId) {
        if let Some(tenant) = self.tenants.write().remove(&id) {
            self.free.take(vec![Box::new(tenant)]);
        }
    }

    /// Forgets every database that is not wanted any more.
    pub fn keep_databases(&self, is_wanted: impl Fn(DatabaseId) -> bool) {
        let unwanted: Vec<DatabaseId> =
            self.tenants.read().keys().copied().filter(|&id| !is_wanted(id)).collect();
        unwanted.into_iter().for_each(|id| self.drop_database(id));
    }

    /// Stored bytes of every database that is in use, by the documented formula.
    pub fn stored_bytes(&self) -> Vec<(DatabaseId, u64)> {
        let bytes = |(&id, tenant): (_, &Arc<Tenant>)| {
            Some((id, tenant.with(|database| database.stored_bytes()).ok()?))
        };
        self.all().iter().filter_map(|(id, tenant)| bytes((id, tenant))).collect()
    }

    pub(crate) fn all(&self) -> Vec<(DatabaseId, Arc<Tenant>)> {
        self.tenants.read().iter().map(|(&id, tenant)| (id, Arc::clone(tenant))).collect()
    }

    pub(crate) fn free(&self) -> &Free {
        &self.free
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn now(&self) -> Now {
        Now::from_us(self.clock.now_us())
    }

    fn tenant(&self, principal: &Principal) -> Arc<Tenant> {
        let id = principal.database();
        if let Some(tenant) = self.tenants.read().get(&id) {
            return Arc::clone(tenant);
        }
        let mut tenants = self.tenants.write();
        Arc::clone(tenants.entry(id).or_insert_with(|| Arc::new(Tenant::new(self.database(principal)))))
    }

    fn database(&self, principal: &Principal) -> Database {
        let facts = Facts {
            started_at_ms: self.now().ms(),
            version: self.about.version,
            run_id: self.about.run_id.clone(),
            clients: Arc::clone(principal.connections()),
            ..Facts::default()
        };
        let seed = self.seeds.lock().u64(..);
        let clock = Arc::clone(&self.clock);
        Database::new(seed, limits(principal), facts).with_clock(Arc::new(move || clock.now_us()))
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
                if now.us() > ends_us || ran.is_full() {
                    break;
                }
            }
            match call {
                Ok(call) => ran.push_outcome(call, run(database, call, now)),
                Err(refusal) => ran.replies.push(Reply::Error(refusal.clone())),
            }
        }
    }

    async fn pipeline(&self, tenant: &Tenant, admitted: &Admitted) -> Result<Executed, Refusal> {
        let calls = admitted.calls();
        let mut ran = Outcome::new(calls.len(), admitted);
        while ran.replies.len() < calls.len() {
            let rest = &calls[ran.replies.len()..];
            let turn = tenant.with(|database| {
                database.set_limits(limits(admitted.principal()));
                self.take_turn(database, rest, &mut ran);
                (database.take_garbage(), database.position())
            });
            let (garbage, position) = match turn {
                Ok(turn) => turn,
                Err(busy) if ran.replies.is_empty() => return Err(busy.into()),
                // What ran is answered: only the rest may be sent again.
                Err(Busy) => {
                    ran.refuse(rest);
                    break;
                }
            };
            self.free.take(garbage);
            ran.position = position;
            if ran.replies.len() < calls.len() {
                tokio::task::yield_now().await;
            }
        }
        Ok(ran.into_executed())
    }

    /// Runs the first commands of a stream: one turn.
    fn stream(&self, tenant: &Tenant, admitted: &Admitted) -> Result<Executed, Refusal> {
        let calls = admitted.calls();
        let mut ran = Outcome::new(calls.len().min(TURN_COMMANDS), admitted);
        let (garbage, position) = tenant.with(|database| {
            database.set_limits(limits(admitted.principal()));
            self.take_turn(database, calls, &mut ran);
            (database.take_garbage(), database.position())
        })?;
        self.free.take(garbage);
        ran.position = position;
        Ok(ran.into_executed())
    }

    fn watch(&self, tenant: &Tenant, admitted: &Admitted) -> Result<Executed, Refusal> {
        let mut ran = Outcome::new(1, admitted);
        ran.position = tenant.with(|database| {
            let now = self.now();
            if let Some(watching) = admitted.watching() {
                let mut watches = watching.lock();
                admitted.calls().iter().flatten().for_each(|call| database.watch(call, now, &mut watches));
            }
            database.position()
        })?;
        for call in admitted.calls() {
            ran.push(call.as_ref().map_or_else(|error| error.clone().into(), |_| Reply::OK));
        }
        Ok(ran.into_executed())
    }

    fn transaction(&self, tenant: &Tenant, admitted: &Admitted) -> Result<Executed, Refusal> {
        let calls: Vec<Call> = admitted.calls().iter().flatten().cloned().collect();
        let mut ran = Outcome::new(calls.len(), admitted);
        let (outcome, garbage, position) = tenant.with(|database| {
            let now = self.now();
            database.set_limits(limits(admitted.principal()));
            let is_overtaken = admitted
                .watching()
                .is_some_and(|watching| database.are_touched(&std::mem::take(&mut watching.lock()), now));
            if is_overtaken {
                return (Err(Refusal::Overtaken), database.take_garbage(), database.position());
            }
            let long = calls.iter().any(|call| database.is_long(call, now));
            let outcome =
                if long { offload(|| database.run_all(&calls, now)) } else { database.run_all(&calls, now) };
            (outcome.map_err(Refusal::Discarded), database.take_garbage(), database.position())
        })?;
        self.free.take(garbage);
        ran.position = position;
        let replies = outcome?;
        replies.into_iter().for_each(|reply| ran.push(reply));
        Ok(ran.into_executed())
    }
}

impl Backend for Local {
    async fn execute(&self, admitted: &Admitted) -> Result<Executed, Refusal> {
        let tenant = self.tenant(admitted.principal());
        match admitted.shape() {
            Shape::Atomic => self.transaction(&tenant, admitted),
            Shape::Watch => self.watch(&tenant, admitted),
            Shape::Stream => self.stream(&tenant, admitted),
            Shape::One | Shape::Pipeline => match alone(admitted) {
                Some((call, patience)) => self.run_or_wait(&tenant, admitted, call, patience).await,
                None => self.pipeline(&tenant, admitted).await,
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
    pub(crate) position: u64,
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
            position: 0,
            reply_bytes: 0,
            reply_bytes_max,
            streams: admitted.shape() == Shape::Stream,
        }
    }

    pub(crate) fn push_outcome(&mut self, call: &Call, ran: latchkey_engine::Ran) {
        self.unexecuted += u64::from(!ran.executed && !call.spec().free);
        self.push(ran.reply);
    }

    /// Answers the rest of a pipeline that the database is too busy for.
    fn refuse(&mut self, rest: &[Result<Call, ReplyError>]) {
        for call in rest {
            self.unexecuted += u64::from(call.as_ref().is_ok_and(|call| !call.spec().free));
            self.push(call.as_ref().err().cloned().unwrap_or(BUSY).into());
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
        Executed { replies: self.replies, unexecuted: self.unexecuted, position: self.position }
    }
}

const BUSY: ReplyError =
    ReplyError::fixed("BUSY the database is running a command that takes long, try again");

impl From<Busy> for Refusal {
    fn from(Busy: Busy) -> Self {
        Self::Unavailable(BUSY)
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
