//! Commands that wait: who is served when what they wait for has come.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bytes::Bytes;
use latchkey_commands::{Call, Wanted};
use latchkey_keyspace::{Await, Keyspace, Kind, Now, Str};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_pubsub::Reader;

use crate::{Database, Ran};

/// So many commands may wait on one database …
const WAITING_MAX: usize = 100_000;
/// … and their words may take so many bytes.
const WAITING_BYTES_MAX: usize = 256 * 1024 * 1024;

const TOO_MANY: ReplyError = ReplyError::fixed("ERR too many commands wait on this database, try again");

/// Somebody who waits for the reply to a command.
pub trait Waiter: Debug + Send {
    /// Whether a reply would reach anybody. Nothing is taken for somebody who has gone.
    fn is_there(&self) -> bool;

    /// The reply, with the database's position after the step that it came from. It may not leave before the record of
    /// this number is durable, if there is one.
    fn answer(self: Box<Self>, ran: Ran, position: u64, awaited: Option<u64>);
}

/// What became of a command that may wait.
#[derive(Debug)]
pub enum Begun {
    /// It found something, or may not wait for it.
    Done(Ran),
    /// It waits.
    Waits {
        /// To end the wait with.
        id: WaitId,
        /// What it answers if it waits in vain.
        in_vain: Reply,
    },
}

/// Names one who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitId(u64);

/// One who has waited, and what came of it.
#[derive(Debug)]
pub struct Served {
    waiter: Box<dyn Waiter>,
    ran: Ran,
}

impl Served {
    /// Tells, now that the step is done and nothing takes it back.
    pub fn tell(self, position: u64, awaited: Option<u64>) {
        self.waiter.answer(self.ran, position, awaited);
    }
}

impl Database {
    /// Runs a command. If it finds nothing, and its words say that it waits then, it does from now on.
    pub fn run_or_wait(&mut self, call: &Call, now: Now, waiter: Box<dyn Waiter>) -> Begun {
        let ran = self.run(call, now);
        let waits = call.spec().waits.filter(|_| call.patience().is_some());
        let Some(waits) = waits.filter(|waits| found_nothing(waits.wanted, &ran.reply)) else {
            return Begun::Done(ran);
        };
        let in_vain = if matches!(waits.wanted, Wanted::Nothing) { ran.reply } else { Reply::NullArray };
        let call = call.clone().settled(self.keyspace.view(now));
        let entered = self.waiters.enter(Waiting { call, waiter, reader: self.reader }, &mut self.keyspace);
        self.facts.blocked = self.waiting() as u64;
        match entered {
            Some(id) => Begun::Waits { id, in_vain },
            None => Begun::Done(Ran { reply: TOO_MANY.into(), executed: false }),
        }
    }

    /// Ends a wait. Whether it was one: if not, the reply is on its way already. O(log n) for each key.
    pub fn stop_waiting(&mut self, id: WaitId) -> bool {
        self.take_waiting(id).is_some()
    }

    fn take_waiting(&mut self, id: WaitId) -> Option<Waiting> {
        let waiting = self.waiters.leave(id, &mut self.keyspace);
        self.facts.blocked = self.waiting() as u64;
        waiting
    }

    /// How many commands wait. While some do, the database should stay in memory.
    pub fn waiting(&self) -> usize {
        self.waiters.waiting.len()
    }

    /// Those who were served since this was last asked. To be told when the step they were served in is done.
    pub fn take_served(&mut self) -> Vec<Served> {
        std::mem::take(&mut self.waiters.served)
    }

    /// Serves those for whom something has come, in the order in which the keys became ready, and at each key in the
    /// order in which they came. What they do can make other keys ready.
    pub(crate) fn serve_waiters(&mut self, now: Now) {
        while self.keyspace.has_ready() {
            for key in self.keyspace.take_ready() {
                for place in self.waiters.places_at(&key) {
                    self.serve_place(&place, now);
                }
            }
        }
    }

    fn serve_place(&mut self, place: &Place, now: Now) {
        let mut last = WaitId(0);
        while self.is_ready(place, now)
            && let Some(id) = self.waiters.next_at(place, last)
        {
            last = id;
            // Where one found nothing, nobody at this place does, unless each looks for something else.
            if !self.try_again(id, now) && place.queue != Queue::Entries {
                return;
            }
        }
    }

    /// Whether what is under the key now is what those at this place wait for.
    fn is_ready(&self, place: &Place, now: Now) -> bool {
        let kind = self.keyspace.view(now).kind(&place.key);
        match place.queue {
            Queue::Lists => kind == Some(Kind::List),
            Queue::SortedSets => kind == Some(Kind::SortedSet),
            Queue::Entries => kind == Some(Kind::Stream),
            // Whatever became of the stream or the group, they want to know.
            Queue::Deliveries(_) => true,
        }
    }

    /// Runs a command that waits once more. Whether it waits no longer.
    fn try_again(&mut self, id: WaitId, now: Now) -> bool {
        let Some(Waiting { call, waiter, reader }) = self.waiters.waiting.get(&id) else { return true };
        if !waiter.is_there() {
            return self.stop_waiting(id);
        }
        let (call, reader) = (call.clone(), *reader);
        let ran = self.run_for(reader, &call, now);
        self.facts.commands -= 1; // it was counted when it came
        if call.spec().waits.is_some_and(|waits| found_nothing(waits.wanted, &ran.reply)) {
            return false;
        }
        if let Some(Waiting { waiter, .. }) = self.take_waiting(id) {
            self.waiters.served.push(Served { waiter, ran });
        }
        true
    }
}

fn found_nothing(wanted: Wanted, reply: &Reply) -> bool {
    match wanted {
        Wanted::Nothing => !matches!(reply, Reply::Error(_)),
        _ => matches!(reply, Reply::Null | Reply::NullArray),
    }
}

/// All who wait on a database.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    last_id: u64,
    /// In the order in which they came.
    waiting: BTreeMap<WaitId, Waiting>,
    places: BTreeMap<Place, BTreeSet<WaitId>>,
    /// What the words of all of them take.
    bytes: usize,
    served: Vec<Served>,
}

/// One who waits, with the command to try again.
#[derive(Debug)]
struct Waiting {
    call: Call,
    waiter: Box<dyn Waiter>,
    /// Whose command it is, if they keep copies of keys.
    reader: Option<Reader>,
}

/// Where somebody waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    key: Str,
    queue: Queue,
}

/// With whom somebody waits at a key: each queue has something of its own to wait for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Queue {
    Lists,
    SortedSets,
    Entries,
    /// By the name of the group: what one of its consumers finds, no other does.
    Deliveries(Str),
}

impl Queue {
    fn of(call: &Call) -> Option<Self> {
        match call.spec().waits?.wanted {
            Wanted::List => Some(Self::Lists),
            Wanted::SortedSet => Some(Self::SortedSets),
            Wanted::Entries => Some(Self::Entries),
            Wanted::Deliveries(group) => Some(Self::Deliveries(group(call.words().as_slice())?.into())),
            Wanted::Nothing => None,
        }
    }

    fn what(&self) -> Await {
        if let Self::Deliveries(_) = self { Await::ComingOrGoing } else { Await::Coming }
    }
}

impl Waiters {
    /// Nobody waits. Their numbers begin anywhere: who waited on the same database before it was read anew, and has not
    /// heard of that, means nobody here.
    pub(crate) fn new(seed: u64) -> Self {
        Self { last_id: seed >> 1, ..Self::default() }
    }

    /// Lets somebody in, behind all others, if there is room.
    fn enter(&mut self, waiting: Waiting, keyspace: &mut Keyspace) -> Option<WaitId> {
        let bytes = self.bytes + bytes_of(&waiting.call);
        if self.waiting.len() >= WAITING_MAX || bytes > WAITING_BYTES_MAX {
            return None;
        }
        self.bytes = bytes;
        self.last_id += 1;
        let id = WaitId(self.last_id);
        for place in places(&waiting.call) {
            // A key may be named twice.
            if self.places.entry(place.clone()).or_default().insert(id) {
                keyspace.start_awaiting(&place.key, place.queue.what());
            }
        }
        self.waiting.insert(id, waiting);
        Some(id)
    }

    fn leave(&mut self, id: WaitId, keyspace: &mut Keyspace) -> Option<Waiting> {
        let waiting = self.waiting.remove(&id)?;
        self.bytes -= bytes_of(&waiting.call);
        for place in places(&waiting.call) {
            let Some(ids) = self.places.get_mut(&place) else { continue };
            if ids.remove(&id) {
                keyspace.stop_awaiting(&place.key, place.queue.what());
            }
            if ids.is_empty() {
                self.places.remove(&place);
            }
        }
        Some(waiting)
    }

    /// The places at this key where somebody waits.
    fn places_at(&self, key: &Str) -> Vec<Place> {
        let first = Place { key: key.clone(), queue: Queue::Lists };
        self.places
            .range(first..)
            .map(|(place, _)| place)
            .take_while(|place| place.key == *key)
            .cloned()
            .collect()
    }

    /// The one who came to this place first after `last`.
    fn next_at(&self, place: &Place, last: WaitId) -> Option<WaitId> {
        self.places.get(place)?.range(WaitId(last.0 + 1)..).next().copied()
    }
}

fn places(call: &Call) -> impl Iterator<Item = Place> {
    let queue = Queue::of(call);
    call.awaited_keys().filter_map(move |key| Some(Place { key: key.into(), queue: queue.clone()? }))
}

/// What a command takes while it waits.
fn bytes_of(call: &Call) -> usize {
    call.words().bytes() + call.words().len() * size_of::<Bytes>()
}
