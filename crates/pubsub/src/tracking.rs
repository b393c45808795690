//! Who keeps copies of which keys, and is told when they are stale: Redis's client-side caching.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::task::Waker;

use bytes::Bytes;
use latchkey_keyspace::{Str, Trace};
use parking_lot::Mutex;

use crate::copies::Copies;
use crate::limits::{PREFIX_BYTES_MAX, PREFIXES_MAX, PREFIXES_PER_EAR_MAX};
use crate::mailbox::Mailbox;
use crate::prefixes::{Changes, Prefixes};
use crate::{Full, Message, Stale};

/// Which keys a connection is told of when they change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Those that it has read.
    #[default]
    Reads,
    /// Those that it has read with a command for which it said so.
    OptIn,
    /// Those that it has read, but for commands for which it said otherwise.
    OptOut,
    /// Those with certain prefixes, whether it has read them or not.
    Broadcast,
}

/// What a connection that keeps copies wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Which keys it is told of.
    pub mode: Mode,
    /// Whether it is told nothing of what it changes itself.
    pub spares_own: bool,
    /// The prefixes of keys that it is told of, in the mode for that.
    pub prefixes: Vec<Bytes>,
}

/// What is known of a connection that keeps copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Which keys it is told of.
    pub mode: Mode,
    /// Whether it is told nothing of what it changes itself.
    pub spares_own: bool,
    /// Whether its next command is an exception to its mode.
    pub is_exception: bool,
    /// The number of the connection that is told in its place.
    pub redirect: Option<u64>,
    /// Whether there was something to tell, and that connection was gone.
    pub is_broken: bool,
    /// The prefixes of keys that it is told of, in order.
    pub prefixes: Vec<Str>,
}

/// Somebody who keeps copies, as commands that run for it know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Its number, in traces.
    pub number: u64,
    /// Whether it is to be noted what it reads now.
    pub remembers: bool,
}

/// How much is tracked in a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackedCounts {
    /// Connections that keep copies.
    pub clients: usize,
    /// Keys of which somebody may have a copy.
    pub keys: usize,
    /// Copies of them.
    pub copies: usize,
    /// Different prefixes.
    pub prefixes: usize,
}

/// All who keep copies of keys of one database. Has a lock of its own, which is held while no other is taken but a mailbox's.
#[derive(Debug)]
pub(crate) struct Tracking {
    state: Mutex<State>,
    /// How many keep copies.
    trackers: AtomicU64,
}

#[derive(Debug)]
struct State {
    trackers: BTreeMap<u64, Tracker>,
    copies: Copies,
    prefixes: Prefixes,
}

#[derive(Debug)]
struct Tracker {
    mailbox: Arc<Mailbox>,
    mode: Mode,
    spares_own: bool,
    is_exception: bool,
    prefixes: BTreeSet<Str>,
    redirect: Option<Redirect>,
}

/// A connection that is told in another one's place.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) number: u64,
    /// Not there any more if the connection has gone.
    pub(crate) mailbox: Weak<Mailbox>,
    pub(crate) is_broken: bool,
}

/// What is to be done when no lock is held: whoever is woken may go, and take its ear with it.
#[derive(Debug, Default)]
struct Rest {
    wakers: Vec<Waker>,
    garbage: Option<Copies>,
}

impl Tracking {
    /// Nobody keeps copies. The seed decides which of them are given up first.
    pub(crate) fn new(seed: u64) -> Self {
        let state =
            State { trackers: BTreeMap::new(), copies: Copies::new(seed), prefixes: Prefixes::default() };
        Self { state: Mutex::new(state), trackers: AtomicU64::new(0) }
    }

    /// Whether anybody keeps copies. Costs a load.
    pub(crate) fn has_any(&self) -> bool {
        self.trackers.load(Relaxed) > 0
    }

    /// Begins to tell somebody, or goes on by other terms; prefixes are added to those that it has.
    pub(crate) fn start(
        &self,
        id: u64,
        mailbox: &Arc<Mailbox>,
        terms: &Terms,
        redirect: Option<Redirect>,
    ) -> Result<(), Full> {
        let mut state = self.state.lock();
        state.start(id, mailbox, terms, redirect)?;
        self.recount(&state);
        Ok(())
    }

    /// Tells somebody no more. What it has read is forgotten by and by.
    pub(crate) fn stop(&self, id: u64) {
        let mut state = self.state.lock();
        let garbage = state.stop(id);
        self.recount(&state);
        drop(state);
        drop(garbage);
    }

    fn recount(&self, state: &State) {
        self.trackers.store(state.trackers.len() as u64, Relaxed);
    }

    /// Says whether the next command of somebody is an exception to its mode.
    pub(crate) fn set_exception(&self, id: u64, is_exception: bool) {
        if let Some(tracker) = self.state.lock().trackers.get_mut(&id) {
            tracker.is_exception = is_exception;
        }
    }

    pub(crate) fn tracked(&self, id: u64) -> Option<Tracked> {
        self.state.lock().trackers.get(&id).map(Tracker::describe)
    }

    pub(crate) fn reader(&self, id: u64) -> Option<Reader> {
        let remembers = self.state.lock().trackers.get(&id)?.remembers();
        Some(Reader { number: id, remembers })
    }

    pub(crate) fn counts(&self) -> TrackedCounts {
        let state = self.state.lock();
        TrackedCounts {
            clients: state.trackers.len(),
            keys: state.copies.keys(),
            copies: state.copies.len(),
            prefixes: state.prefixes.len(),
        }
    }

    /// Tells of a step, in the order in which it did things. What it returns is costly to free.
    pub(crate) fn tell(&self, traces: Vec<Trace>) -> Option<Box<dyn Any + Send>> {
        let mut rest = Rest::default();
        let mut state = self.state.lock();
        let mut changes = Changes::default();
        for trace in traces {
            state.tell(trace, &mut changes, &mut rest);
        }
        state.broadcast(changes, &mut rest.wakers);
        drop(state);
        rest.wakers.into_iter().for_each(Waker::wake);
        rest.garbage.map(|garbage| -> Box<dyn Any + Send> { Box::new(garbage) })
    }
}

impl State {
    fn start(
        &mut self,
        id: u64,
        mailbox: &Arc<Mailbox>,
        terms: &Terms,
        redirect: Option<Redirect>,
    ) -> Result<(), Full> {
        let mut prefixes = self.trackers.get(&id).map_or_else(BTreeSet::new, |was| was.prefixes.clone());
        prefixes.extend(terms.prefixes.iter().map(Str::from));
        if prefixes.len() > PREFIXES_PER_EAR_MAX {
            return Err(Full::Listener);
        }
        if terms.prefixes.iter().any(|prefix| prefix.len() > PREFIX_BYTES_MAX) {
            return Err(Full::Name);
        }
        if self.prefixes.len() + terms.prefixes.len() > PREFIXES_MAX {
            return Err(Full::Database);
        }
        prefixes.iter().for_each(|prefix| self.prefixes.add(prefix, id));
        let Terms { mode, spares_own, .. } = *terms;
        let mailbox = Arc::clone(mailbox);
        let is_exception = self.trackers.get(&id).is_some_and(|was| was.is_exception);
        let tracker = Tracker { mailbox, mode, spares_own, is_exception, prefixes, redirect };
        self.trackers.insert(id, tracker);
        Ok(())
    }

    /// The copies go with the last who keeps any.
    fn stop(&mut self, id: u64) -> Option<Copies> {
        let tracker = self.trackers.remove(&id)?;
        tracker.prefixes.iter().for_each(|prefix| self.prefixes.remove(prefix, id));
        self.trackers.is_empty().then(|| self.copies.take())
    }

    fn tell(&mut self, trace: Trace, changes: &mut Changes, rest: &mut Rest) {
        match trace {
            Trace::Read { who, key } => self.remember(who, key, &mut rest.wakers),
            Trace::Changed { who, key } => {
                self.tell_readers(&key, who, &mut rest.wakers);
                if !self.prefixes.is_empty() {
                    changes.note(key, who);
                }
            }
            Trace::Everything => {
                rest.garbage = Some(self.copies.take());
                for tracker in self.trackers.values_mut() {
                    tracker.tell(Stale::Everything, &mut rest.wakers);
                }
            }
        }
    }

    /// Notes that somebody has a copy. Where there are too many, others are given up, and who has them is told.
    fn remember(&mut self, who: u64, key: Str, wakers: &mut Vec<Waker>) {
        let Self { trackers, copies, .. } = self;
        if !trackers.get(&who).is_some_and(Tracker::remembers) {
            return;
        }
        copies.add(key, who, |who| trackers.contains_key(&who));
        while let Some(key) = self.copies.surplus() {
            self.tell_readers(&key, Trace::NOBODY, wakers);
        }
    }

    /// Tells all who have a copy of a key. They have none any more.
    fn tell_readers(&mut self, key: &[u8], by: u64, wakers: &mut Vec<Waker>) {
        let Some((key, readers)) = self.copies.remove(key) else { return };
        let keys: Arc<[Str]> = Arc::new([key]);
        for who in readers {
            let Some(tracker) = self.trackers.get_mut(&who) else { continue };
            if tracker.mode != Mode::Broadcast && !(tracker.spares_own && who == by) {
                tracker.tell(Stale::Keys(Arc::clone(&keys)), wakers);
            }
        }
    }

    /// Tells those who are told by prefix: each of all keys of a prefix at once.
    fn broadcast(&mut self, changes: Changes, wakers: &mut Vec<Waker>) {
        for (listeners, changed) in self.prefixes.sort(&changes) {
            let all: Arc<[Str]> = changed.iter().map(|change| change.key.clone()).collect();
            for &who in listeners {
                let Some(tracker) = self.trackers.get_mut(&who) else { continue };
                let keys = match tracker.spares_own {
                    true => changed
                        .iter()
                        .filter(|change| !change.is_only_by(who))
                        .map(|change| change.key.clone())
                        .collect(),
                    false => Arc::clone(&all),
                };
                if !keys.is_empty() {
                    tracker.tell(Stale::Keys(keys), wakers);
                }
            }
        }
    }
}

impl Tracker {
    fn remembers(&self) -> bool {
        match self.mode {
            Mode::Reads => true,
            Mode::OptIn => self.is_exception,
            Mode::OptOut => !self.is_exception,
            Mode::Broadcast => false,
        }
    }

    /// Tells it, or whoever is told in its place. Who does not keep up finds that out at its mailbox.
    fn tell(&mut self, stale: Stale, wakers: &mut Vec<Waker>) {
        let put = |mailbox: &Mailbox, message, wakers: &mut Vec<Waker>| {
            mailbox.put(message, wakers).unwrap_or_default();
        };
        let Some(redirect) = &mut self.redirect else {
            return put(&self.mailbox, Message::Stale { stale, is_redirected: false }, wakers);
        };
        match redirect.mailbox.upgrade() {
            Some(mailbox) => put(&mailbox, Message::Stale { stale, is_redirected: true }, wakers),
            None => {
                redirect.is_broken = true;
                put(&self.mailbox, Message::RedirectBroken(redirect.number), wakers);
            }
        }
    }

    fn describe(&self) -> Tracked {
        Tracked {
            mode: self.mode,
            spares_own: self.spares_own,
            is_exception: self.is_exception,
            redirect: self.redirect.as_ref().map(|redirect| redirect.number),
            is_broken: self.redirect.as_ref().is_some_and(|redirect| redirect.is_broken),
            prefixes: self.prefixes.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
