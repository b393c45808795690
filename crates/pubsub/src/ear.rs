//! One listener's end.

use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;

use crate::mailbox::Mailbox;
use crate::tracking::Redirect;
use crate::{Full, Hub, Message, Scope, Terms, TooSlow, Tracked};

/// What one listener hears with. When it is dropped, the hub forgets it at once.
#[derive(Debug, Default)]
pub struct Ear {
    pub(crate) mailbox: Arc<Mailbox>,
    /// The hub that knows it, and as which number; none before it first listens.
    pub(crate) place: Mutex<Option<(Arc<Hub>, u64)>>,
}

impl Ear {
    /// An ear that listens on nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next message, if there is one.
    pub fn try_hear(&self) -> Result<Option<Message>, TooSlow> {
        self.mailbox.take()
    }

    /// The next message, once there is one. Only who asked last is woken.
    pub fn poll_hear(&self, context: &Context<'_>) -> Poll<Result<Message, TooSlow>> {
        self.mailbox.poll_take(context)
    }

    /// Waits for the next message.
    pub async fn hear(&self) -> Result<Message, TooSlow> {
        std::future::poll_fn(|context| self.poll_hear(context)).await
    }

    /// Done when too much waits, and the hub has given this listener up.
    pub async fn overflows(&self) {
        std::future::poll_fn(|context| self.mailbox.poll_overflow(context)).await;
    }

    /// How many channels, patterns and shard channels it listens on.
    pub fn subscribed(&self) -> [usize; 3] {
        self.place.lock().as_ref().map_or([0; 3], |(hub, id)| hub.subscribed(*id))
    }

    /// Listens on these names no more, or, if there are none, on nothing of this scope. What it stopped to
    /// listen on, each with [`subscriptions`](Self::subscriptions) afterwards; a name that it did not listen on
    /// included.
    pub fn unsubscribe(&self, scope: Scope, names: &[bytes::Bytes]) -> Vec<(bytes::Bytes, usize)> {
        match &*self.place.lock() {
            Some((hub, id)) => hub.unsubscribe(*id, scope, names),
            None => names.iter().map(|name| (name.clone(), 0)).collect(),
        }
    }

    /// How many names it listens on: shard channels for that scope, otherwise channels and patterns together, as Redis
    /// counts.
    pub fn subscriptions(&self, scope: Scope) -> usize {
        self.place.lock().as_ref().map_or(0, |(hub, id)| hub.subscriptions(*id, scope))
    }

    /// Keeps copies of keys from now on, or goes on by other terms, and is told when they are stale; or the ear of the
    /// connection of this number is. Prefixes are added to those that it has. Nothing is done for an ear that has not
    /// [joined](Hub::join) a hub.
    pub fn track(&self, terms: &Terms, redirect: Option<(u64, &Ear)>) -> Result<(), Full> {
        let redirect = redirect.map(|(number, ear)| {
            let mailbox = Arc::downgrade(&ear.mailbox);
            Redirect { number, mailbox, is_broken: false }
        });
        match &*self.place.lock() {
            Some((hub, id)) => hub.tracking.start(*id, &self.mailbox, terms, redirect),
            None => Ok(()),
        }
    }

    /// Keeps no copies any more, or does not want to be told.
    pub fn stop_tracking(&self) {
        if let Some((hub, id)) = &*self.place.lock() {
            hub.tracking.stop(*id);
        }
    }

    /// Says whether the next command is an exception to the [mode](crate::Mode) in which keys are tracked.
    pub fn set_exception(&self, is_exception: bool) {
        if let Some((hub, id)) = &*self.place.lock() {
            hub.tracking.set_exception(*id, is_exception);
        }
    }

    /// How keys are tracked for it, if they are.
    pub fn tracked(&self) -> Option<Tracked> {
        let place = self.place.lock();
        place.as_ref().and_then(|(hub, id)| hub.tracking.tracked(*id))
    }

    /// Whether it listens on anything, or monitors.
    pub fn is_listening(&self) -> bool {
        self.place.lock().as_ref().is_some_and(|(hub, id)| hub.knows(*id))
    }

    /// Whether it monitors.
    pub fn is_monitoring(&self) -> bool {
        self.place.lock().as_ref().is_some_and(|(hub, id)| hub.is_monitor(*id))
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        if let Some((hub, id)) = self.place.get_mut().take() {
            hub.forget(id);
        }
    }
}
