//! What one step publishes, until it is certain that the step happened.

use std::sync::Arc;

use crate::limits::OUTBOX_BYTES_MAX;
use crate::mailbox::News;
use crate::{Hub, Scope};

/// A database's voice. What a command publishes waits here, because a transaction or a script may be taken back, and
/// nobody may have heard of what did not happen.
#[derive(Debug)]
pub struct Outbox {
    hub: Arc<Hub>,
    news: Vec<(Scope, Arc<News>)>,
    bytes: usize,
}

/// How much was said at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    news: usize,
    bytes: usize,
}

impl Outbox {
    /// Speaks to this hub.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub, news: Vec::new(), bytes: 0 }
    }

    /// The hub that it speaks to.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Publishes, and says how many will hear it. `None` if this step has published too much already.
    pub fn publish(&mut self, scope: Scope, channel: &[u8], payload: &[u8]) -> Option<usize> {
        let receivers = self.hub.receivers(scope, channel);
        if receivers > 0 {
            let bytes = self.bytes + channel.len() + payload.len();
            if bytes > OUTBOX_BYTES_MAX {
                return None;
            }
            self.bytes = bytes;
            self.news.push((scope, News::copied(channel, payload)));
        }
        Some(receivers)
    }

    /// Where it stands, to come back to.
    pub fn mark(&self) -> Mark {
        Mark { news: self.news.len(), bytes: self.bytes }
    }

    /// Says nothing of what was published since.
    pub fn go_back(&mut self, mark: Mark) {
        self.news.truncate(mark.news);
        self.bytes = mark.bytes;
    }

    /// Forgets what was left by a step that panicked.
    pub fn discard(&mut self) {
        self.go_back(Mark { news: 0, bytes: 0 });
    }

    /// Delivers all of it.
    pub fn send(&mut self) {
        if !self.news.is_empty() {
            self.bytes = 0;
            self.hub.deliver(self.news.drain(..));
        }
        if self.news.capacity() > KEPT_NEWS_MAX {
            self.news = Vec::new();
        }
    }
}

/// A step that published more than this gives the memory back.
const KEPT_NEWS_MAX: usize = 1024;
