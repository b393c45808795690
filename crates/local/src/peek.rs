//! Reads that are answered from files, before the database is awake.

use std::pin::pin;
use std::sync::Arc;

use latchkey_commands::Call;
use latchkey_engine::{Limits, Ran};
use latchkey_pipeline::{Admitted, Executed, Refusal, Shape};
use latchkey_storage::{Peeked, Storage};
use latchkey_tenancy::DatabaseId;

use crate::Local;
use crate::local::{Maker, Outcome, limits};
use crate::tenant::{Mark, Tenant, Visit};

/// So many requests are answered from files at the same time, each of another database. Each takes a thread and some
/// memory. Others wait for their turn, or until their database is awake.
pub(crate) const PEEKING_MAX: usize = 4;

/// A command with more keys waits for the waking.
const KEYS_MAX: usize = 16;

impl Local {
    /// Has a database woken. If its files answer the request before that is done, gives the answer; then the waking goes
    /// on by itself, and whoever comes next finds the database awake sooner or later.
    pub(crate) async fn wake_or_peek(
        &self,
        visit: &Visit,
        admitted: &Admitted,
    ) -> Result<Option<Executed>, Refusal> {
        let mut waking = pin!(self.wake(visit.tenant(), admitted.principal()));
        let mut peeking = pin!(self.peek(visit, admitted));
        tokio::select! {
            // The waking begins first.
            biased;
            woken = &mut waking => match woken {
                Ok(()) => Ok(None),
                Err(refusal) if visit.tenant().is_unreadable() => Err(refusal),
                // There is no memory for all of it, but for a few keys there is.
                Err(refusal) => peeking.await.ok_or(refusal).map(Some),
            },
            answered = &mut peeking => match answered {
                Some(answered) => Ok(Some(answered)),
                None => waking.await.map(|()| None),
            },
        }
    }

    /// `None` if the request has to wait until the database is awake.
    async fn peek(&self, visit: &Visit, admitted: &Admitted) -> Option<Executed> {
        let call = peekable(visit.tenant(), admitted)?;
        let storage = self.sleep.storage()?.clone();
        visit.touch(self.now().ms());
        let window = visit.tenant().window().await;
        let permit = Arc::clone(&self.sleep.peeking).acquire_owned().await.ok()?;
        let principal = admitted.principal();
        let (id, maker, limits) = (principal.database(), self.maker(principal), limits(principal));
        let peek = Peek { storage, id, call: call.clone(), maker, limits };
        let peeked = tokio::task::spawn_blocking(move || {
            let peeked = peek.run();
            drop((window, permit));
            peeked
        });
        // One that panicked does so again where that is told.
        let (ran, position) = peeked.await.ok()??;
        let mut outcome = Outcome::new(1, admitted);
        // All that files hold is durable.
        outcome.mark = Mark { position, awaited: None };
        outcome.push_outcome(call, ran);
        Some(outcome.into_executed())
    }
}

/// The only command of a request, if it leaves nothing behind in the database and needs nothing of it but its keys.
/// Whatever else a read has to do there is one more condition here.
fn peekable<'a>(tenant: &Tenant, admitted: &'a Admitted) -> Option<&'a Call> {
    let (Shape::One | Shape::Pipeline | Shape::Stream, [Ok(call)]) = (admitted.shape(), admitted.calls())
    else {
        return None;
    };
    // Listeners may want to hear of a key that is missed, and monitors of every command; who keeps copies of keys is to be
    // told when they are stale.
    let is_heard = tenant.hub().is_attended();
    let is_simple = call.needs_its_keys_only() && call.keys().len() <= KEYS_MAX;
    (is_simple && !is_heard && !tenant.is_unreadable()).then_some(call)
}

/// What answers a command from files.
struct Peek {
    storage: Storage,
    id: DatabaseId,
    call: Call,
    maker: Maker,
    limits: Limits,
}

impl Peek {
    /// Runs the command as the engine would, on a database that is there for it alone. With the position of what it saw.
    fn run(self) -> Option<(Ran, u64)> {
        let keys: Vec<&[u8]> = self.call.keys().iter().map(|key| key.name).collect();
        let Peeked { keyspace, position } = self.storage.peek(*self.id.as_bytes(), &keys)?;
        let now = self.maker.now();
        let mut database = self.maker.make(keyspace);
        database.set_limits(self.limits);
        Some((database.run(&self.call, now), position))
    }
}
