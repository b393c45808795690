//! All listeners of one database.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Waker;

use bytes::Bytes;
use latchkey_keyspace::collections::glob;
use latchkey_keyspace::{Str, Trace};
use parking_lot::Mutex;

use crate::limits::{
    CHANNEL_BYTES_MAX, NAME_BYTES_MAX, PATTERN_BYTES_MAX, PATTERNS_MAX, SUBSCRIPTIONS_MAX,
    SUBSCRIPTIONS_PER_EAR_MAX,
};
use crate::mailbox::{Mailbox, News};
use crate::topics::{Topic, Topics};
use crate::tracking::Tracking;
use crate::{Ear, Message, Reader, Scope, TrackedCounts};

/// Knows who listens to what. Has a lock of its own, which is held for moments and never while another is taken but a
/// mailbox's, so that a listener that goes need not wait for the database.
#[derive(Debug)]
pub struct Hub {
    state: Mutex<State>,
    /// Subscriptions and monitors: a look at it tells whether anybody listens at all.
    listening: AtomicU64,
    /// How many monitor.
    monitoring: AtomicU64,
    /// Who keeps copies of keys.
    pub(crate) tracking: Tracking,
}

#[derive(Debug)]
struct State {
    last_id: u64,
    listeners: BTreeMap<u64, Listener>,
    channels: Topics,
    patterns: Topics,
    shards: Topics,
    monitors: BTreeMap<u64, Arc<Mailbox>>,
    subscriptions: usize,
    name_bytes: usize,
}

/// What one listener listens on.
#[derive(Debug, Default)]
struct Listener {
    channels: BTreeSet<Str>,
    patterns: BTreeSet<Str>,
    shards: BTreeSet<Str>,
}

/// There are too many subscriptions already, or a name is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Of this listener.
    Listener,
    /// Of this database.
    Database,
    /// The name of a channel, or a pattern, is too long.
    Name,
}

impl Hub {
    /// A hub to which nobody listens. The seed decides the order of names.
    pub fn new(seed: u64) -> Self {
        let topics = || Topics::new(seed);
        let state = State {
            last_id: 0,
            listeners: BTreeMap::new(),
            channels: topics(),
            patterns: topics(),
            shards: topics(),
            monitors: BTreeMap::new(),
            subscriptions: 0,
            name_bytes: 0,
        };
        Self {
            state: Mutex::new(state),
            listening: AtomicU64::new(0),
            monitoring: AtomicU64::new(0),
            tracking: Tracking::new(seed),
        }
    }

    /// Has this ear listen on all of these names, or on none if that would be too many. After each, how many names it
    /// listens on, as [`Ear::subscriptions`] counts them. An ear that listens to another hub leaves it.
    pub fn subscribe(self: &Arc<Self>, ear: &Ear, scope: Scope, names: &[Bytes]) -> Result<Vec<usize>, Full> {
        let id = self.admit(ear);
        let mut state = self.state.lock();
        state.check_room(id, scope, names)?;
        let counts = names.iter().map(|name| state.subscribe(id, scope, name, &ear.mailbox)).collect();
        self.recount(&state);
        Ok(counts)
    }

    /// Has this ear hear every line that is told of the commands that run.
    pub fn monitor(self: &Arc<Self>, ear: &Ear) {
        let id = self.admit(ear);
        let mut state = self.state.lock();
        state.listeners.entry(id).or_default();
        state.monitors.insert(id, Arc::clone(&ear.mailbox));
        self.recount(&state);
    }

    /// Has this ear belong here, so that it can [track](Ear::track) keys.
    pub fn join(self: &Arc<Self>, ear: &Ear) {
        self.admit(ear);
    }

    /// The number under which an ear is known here.
    fn admit(self: &Arc<Self>, ear: &Ear) -> u64 {
        let mut place = ear.place.lock();
        if let Some((hub, id)) = &*place {
            if Arc::ptr_eq(hub, self) {
                return *id;
            }
            hub.forget(*id);
        }
        let mut state = self.state.lock();
        state.last_id += 1;
        *place = Some((Arc::clone(self), state.last_id));
        state.last_id
    }

    /// Whether anybody listens on anything, or monitors. Costs a load.
    pub fn has_listeners(&self) -> bool {
        self.listening.load(Relaxed) > 0
    }

    /// Whether anybody keeps copies of keys. Costs a load.
    pub fn has_trackers(&self) -> bool {
        self.tracking.has_any()
    }

    /// Whether anybody wants to hear anything from here. Costs two loads.
    pub fn is_attended(&self) -> bool {
        self.has_listeners() || self.has_trackers()
    }

    /// Whoever has this ear, if it keeps copies of keys of this database.
    pub fn reader(self: &Arc<Self>, ear: &Ear) -> Option<Reader> {
        match &*ear.place.lock() {
            Some((hub, id)) if Arc::ptr_eq(hub, self) => self.tracking.reader(*id),
            _ => None,
        }
    }

    /// Tells those who keep copies what a step read and changed, in order. What it returns is to be dropped where nobody
    /// waits for it.
    pub fn tell_trackers(&self, traces: Vec<Trace>) -> Option<Box<dyn Any + Send>> {
        self.tracking.tell(traces)
    }

    /// How much is tracked.
    pub fn tracked(&self) -> TrackedCounts {
        self.tracking.counts()
    }

    /// Whether anybody monitors. Costs a load.
    pub fn has_monitors(&self) -> bool {
        self.monitoring.load(Relaxed) > 0
    }

    /// How many would hear what is published on this channel: one who listens in two ways counts twice.
    pub fn receivers(&self, scope: Scope, channel: &[u8]) -> usize {
        if !self.has_listeners() {
            return 0;
        }
        self.state.lock().receivers(scope, channel)
    }

    /// Puts the news into the mailboxes of all who listen, in order.
    pub(crate) fn deliver(&self, news: impl IntoIterator<Item = (Scope, Arc<News>)>) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        for (scope, news) in news {
            state.deliver(scope, &news, &mut wakers);
        }
        self.recount(&state);
        drop(state);
        wake(wakers);
    }

    /// Tells those who monitor.
    pub fn tell_monitors(&self, line: Bytes) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        let mut slow = Vec::new();
        for (&id, mailbox) in &state.monitors {
            if mailbox.put(Message::Line(line.clone()), &mut wakers).is_err() {
                slow.push(id);
            }
        }
        slow.into_iter().for_each(|id| state.forget(id));
        self.recount(&state);
        drop(state);
        wake(wakers);
    }

    /// The channels that somebody listens on and whose names match, in no particular order.
    pub fn channels(&self, scope: Scope, pattern: Option<&[u8]>) -> Vec<Bytes> {
        let state = self.state.lock();
        let is_wanted = |name: &[u8]| pattern.is_none_or(|pattern| glob::matches(pattern, name, false));
        let names = state.topics(scope).iter().map(|topic| &topic.name);
        names.filter(|name| is_wanted(name)).cloned().collect()
    }

    /// How many listen on exactly this name.
    pub fn listeners_on(&self, scope: Scope, name: &[u8]) -> usize {
        self.state.lock().topics(scope).get(name).map_or(0, |topic| topic.listeners.len())
    }

    /// How many different names of this scope somebody listens on.
    pub fn names(&self, scope: Scope) -> usize {
        self.state.lock().topics(scope).len()
    }

    /// How many listen on anything. Who only monitors does not. O(listeners).
    pub fn subscribers(&self) -> usize {
        self.state.lock().listeners.values().filter(|listener| listener.total() > 0).count()
    }

    pub(crate) fn unsubscribe(&self, id: u64, scope: Scope, names: &[Bytes]) -> Vec<(Bytes, usize)> {
        let mut state = self.state.lock();
        let names = if names.is_empty() { state.names(id, scope) } else { names.to_vec() };
        let left = names.into_iter().map(|name| {
            let count = state.unsubscribe(id, scope, &name);
            (name, count)
        });
        let left = left.collect();
        state.drop_if_idle(id);
        self.recount(&state);
        left
    }

    pub(crate) fn is_monitor(&self, id: u64) -> bool {
        self.state.lock().monitors.contains_key(&id)
    }

    pub(crate) fn subscriptions(&self, id: u64, scope: Scope) -> usize {
        self.state.lock().listeners.get(&id).map_or(0, |listener| listener.count(scope))
    }

    pub(crate) fn subscribed(&self, id: u64) -> [usize; 3] {
        let state = self.state.lock();
        let all = |listener: &Listener| {
            [&listener.channels, &listener.patterns, &listener.shards].map(BTreeSet::len)
        };
        state.listeners.get(&id).map_or([0; 3], all)
    }

    pub(crate) fn knows(&self, id: u64) -> bool {
        self.state.lock().listeners.contains_key(&id)
    }

    pub(crate) fn forget(&self, id: u64) {
        self.tracking.stop(id);
        let mut state = self.state.lock();
        state.forget(id);
        self.recount(&state);
    }

    fn recount(&self, state: &State) {
        self.listening.store((state.subscriptions + state.monitors.len()) as u64, Relaxed);
        self.monitoring.store(state.monitors.len() as u64, Relaxed);
    }
}

impl State {
    fn topics(&self, scope: Scope) -> &Topics {
        match scope {
            Scope::Channel => &self.channels,
            Scope::Pattern => &self.patterns,
            Scope::Shard => &self.shards,
        }
    }

    fn topics_mut(&mut self, scope: Scope) -> &mut Topics {
        match scope {
            Scope::Channel => &mut self.channels,
            Scope::Pattern => &mut self.patterns,
            Scope::Shard => &mut self.shards,
        }
    }

    fn check_room(&self, id: u64, scope: Scope, names: &[Bytes]) -> Result<(), Full> {
        let name_bytes_max = if scope == Scope::Pattern { PATTERN_BYTES_MAX } else { CHANNEL_BYTES_MAX };
        if names.iter().any(|name| name.len() > name_bytes_max) {
            return Err(Full::Name);
        }
        if self.listeners.get(&id).map_or(0, Listener::total) + names.len() > SUBSCRIPTIONS_PER_EAR_MAX {
            return Err(Full::Listener);
        }
        let bytes = names.iter().map(Bytes::len).sum::<usize>();
        let is_full = self.subscriptions + names.len() > SUBSCRIPTIONS_MAX
            || self.name_bytes + bytes > NAME_BYTES_MAX
            || scope == Scope::Pattern && self.patterns.len() + names.len() > PATTERNS_MAX;
        if is_full { Err(Full::Database) } else { Ok(()) }
    }

    fn subscribe(&mut self, id: u64, scope: Scope, name: &Bytes, mailbox: &Arc<Mailbox>) -> usize {
        let listener = self.listeners.entry(id).or_default();
        let is_new = listener.names_mut(scope).insert(Str::from(name.as_ref()));
        let count = listener.count(scope);
        if is_new {
            self.topics_mut(scope).add(name, id, Arc::clone(mailbox));
            self.subscriptions += 1;
            self.name_bytes += name.len();
        }
        count
    }

    /// How many names of this kind the listener listens on afterwards.
    fn unsubscribe(&mut self, id: u64, scope: Scope, name: &[u8]) -> usize {
        let Some(listener) = self.listeners.get_mut(&id) else { return 0 };
        let taken = listener.names_mut(scope).take(&Str::from(name));
        let count = listener.count(scope);
        if let Some(name) = taken {
            self.leave(id, scope, &name);
        }
        count
    }

    fn leave(&mut self, id: u64, scope: Scope, name: &Str) {
        self.topics_mut(scope).remove(name, id);
        self.subscriptions -= 1;
        self.name_bytes -= name.len();
    }

    fn names(&self, id: u64, scope: Scope) -> Vec<Bytes> {
        let names = self.listeners.get(&id).map(|listener| listener.names(scope).iter());
        names.into_iter().flatten().map(|name| Bytes::copy_from_slice(name)).collect()
    }

    fn drop_if_idle(&mut self, id: u64) {
        let is_idle = self.listeners.get(&id).is_some_and(|listener| listener.total() == 0);
        if is_idle && !self.monitors.contains_key(&id) {
            self.listeners.remove(&id);
        }
    }

    fn forget(&mut self, id: u64) {
        self.monitors.remove(&id);
        let Some(listener) = self.listeners.remove(&id) else { return };
        for scope in [Scope::Channel, Scope::Pattern, Scope::Shard] {
            for name in listener.names(scope) {
                self.leave(id, scope, name);
            }
        }
    }

    /// Those who hear what is published there: on the name itself, then by patterns, as Redis delivers.
    fn topics_of(&self, scope: Scope, channel: &[u8]) -> impl Iterator<Item = (Scope, &Topic)> {
        let exact = self.topics(scope).get(channel).map(|topic| (scope, topic));
        let patterns = (scope == Scope::Channel).then(|| {
            let matching = |topic: &&Topic| glob::matches(&topic.name, channel, false);
            self.patterns.iter().filter(matching).map(|topic| (Scope::Pattern, topic))
        });
        exact.into_iter().chain(patterns.into_iter().flatten())
    }

    fn receivers(&self, scope: Scope, channel: &[u8]) -> usize {
        self.topics_of(scope, channel).map(|(_, topic)| topic.listeners.len()).sum()
    }

    fn deliver(&mut self, scope: Scope, news: &Arc<News>, wakers: &mut Vec<Waker>) {
        let mut slow = Vec::new();
        for (scope, topic) in self.topics_of(scope, &news.channel) {
            let message = match scope {
                Scope::Channel => Message::Channel(Arc::clone(news)),
                Scope::Pattern => Message::Pattern(topic.name.clone(), Arc::clone(news)),
                Scope::Shard => Message::Shard(Arc::clone(news)),
            };
            for (&id, mailbox) in &topic.listeners {
                if mailbox.put(message.clone(), wakers).is_err() {
                    slow.push(id);
                }
            }
        }
        slow.into_iter().for_each(|id| self.forget(id));
    }
}

impl Listener {
    fn names(&self, scope: Scope) -> &BTreeSet<Str> {
        match scope {
            Scope::Channel => &self.channels,
            Scope::Pattern => &self.patterns,
            Scope::Shard => &self.shards,
        }
    }

    fn names_mut(&mut self, scope: Scope) -> &mut BTreeSet<Str> {
        match scope {
            Scope::Channel => &mut self.channels,
            Scope::Pattern => &mut self.patterns,
            Scope::Shard => &mut self.shards,
        }
    }

    fn count(&self, scope: Scope) -> usize {
        match scope {
            Scope::Channel | Scope::Pattern => self.channels.len() + self.patterns.len(),
            Scope::Shard => self.shards.len(),
        }
    }

    fn total(&self) -> usize {
        self.channels.len() + self.patterns.len() + self.shards.len()
    }
}

/// Without any lock: who is woken may be dropped by that, and with it its ear.
fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}
