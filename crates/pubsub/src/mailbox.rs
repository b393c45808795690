//! What waits for one listener.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use latchkey_keyspace::Str;
use parking_lot::Mutex;

use crate::limits::{MAILBOX_BYTES_MAX, MAILBOX_MESSAGES_MAX, MESSAGE_BYTES};

/// Messages for one listener, within limits.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Message>,
    bytes: usize,
    waker: Option<Waker>,
    is_too_slow: bool,
}

/// What a listener hears. Cheap to clone: all who hear the same share its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// It was published on a channel that is listened on.
    Channel(Arc<News>),
    /// It was published on a channel that matches this pattern.
    Pattern(Bytes, Arc<News>),
    /// It was published on a shard channel that is listened on.
    Shard(Arc<News>),
    /// A line for who monitors.
    Line(Bytes),
    /// Copies of keys are stale.
    Stale {
        /// Which ones.
        stale: Stale,
        /// Whether another connection keeps the copies, and has it told here.
        is_redirected: bool,
    },
    /// The connection of this number, which was told in this one's place, has gone.
    RedirectBroken(u64),
}

/// Copies that are stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Those of these keys.
    Keys(Arc<[Str]>),
    /// All of them.
    Everything,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Where.
    pub channel: Bytes,
    /// What.
    pub payload: Bytes,
}

/// A listener did not keep up: what it had not heard is lost, and it hears nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

impl Message {
    fn is_about_copies(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }

    fn is_redirected(&self) -> bool {
        matches!(self, Self::Stale { is_redirected: true, .. })
    }

    fn bytes(&self) -> usize {
        MESSAGE_BYTES
            + match self {
                Self::Channel(news) | Self::Shard(news) => news.bytes(),
                Self::Pattern(pattern, news) => pattern.len() + news.bytes(),
                Self::Line(line) => line.len(),
                Self::Stale { stale: Stale::Keys(keys), .. } => {
                    keys.iter().map(|key| size_of::<Str>() + key.len()).sum()
                }
                Self::Stale { stale: Stale::Everything, .. } | Self::RedirectBroken(_) => 0,
            }
    }
}

impl News {
    /// Copies both: what comes in with a request would keep all of the request in memory.
    pub(crate) fn copied(channel: &[u8], payload: &[u8]) -> Arc<Self> {
        let copy = Bytes::copy_from_slice;
        Arc::new(Self { channel: copy(channel), payload: copy(payload) })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.channel.len() + self.payload.len()
    }
}

impl Mailbox {
    /// Puts a message in, and gives out whom to wake. An error if there is no room: then the mailbox is closed.
    pub(crate) fn put(&self, message: Message, wakers: &mut Vec<Waker>) -> Result<(), TooSlow> {
        let mut waiting = self.0.lock();
        if waiting.is_too_slow {
            return Err(TooSlow);
        }
        wakers.extend(waiting.waker.take());
        if waiting.put(message).is_err() {
            *waiting = Waiting { is_too_slow: true, ..Waiting::default() };
            return Err(TooSlow);
        }
        Ok(())
    }

    /// The next message, if there is one.
    pub(crate) fn take(&self) -> Result<Option<Message>, TooSlow> {
        self.0.lock().take()
    }

    /// Done when it is closed.
    pub(crate) fn poll_overflow(&self, context: &Context<'_>) -> Poll<()> {
        let mut waiting = self.0.lock();
        if waiting.is_too_slow {
            return Poll::Ready(());
        }
        waiting.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The next message, once there is one.
    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<Result<Message, TooSlow>> {
        let mut waiting = self.0.lock();
        match waiting.take() {
            Ok(Some(message)) => Poll::Ready(Ok(message)),
            Err(slow) => Poll::Ready(Err(slow)),
            Ok(None) => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Waiting {
    fn put(&mut self, message: Message) -> Result<(), TooSlow> {
        if self.has_room_for(&message) {
            self.push(message);
            return Ok(());
        }
        // Whoever keeps copies need not be given up: it gives up its copies instead.
        let message = if message.is_about_copies() { self.take_stale(message) } else { message };
        if !self.has_room_for(&message) {
            return Err(TooSlow);
        }
        self.push(message);
        Ok(())
    }

    fn has_room_for(&self, message: &Message) -> bool {
        self.messages.len() < MAILBOX_MESSAGES_MAX && self.bytes + message.bytes() <= MAILBOX_BYTES_MAX
    }

    fn push(&mut self, message: Message) {
        self.bytes += message.bytes();
        self.messages.push_back(message);
    }

    /// Takes out all that is said of stale copies, and says it in one message, with this one.
    fn take_stale(&mut self, last: Message) -> Message {
        let mut is_redirected = last.is_redirected();
        self.messages.retain(|message| {
            is_redirected |= message.is_redirected();
            !message.is_about_copies()
        });
        self.bytes = self.messages.iter().map(Message::bytes).sum();
        Message::Stale { stale: Stale::Everything, is_redirected }
    }

    fn take(&mut self) -> Result<Option<Message>, TooSlow> {
        if self.is_too_slow {
            return Err(TooSlow);
        }
        let message = self.messages.pop_front();
        self.bytes -= message.as_ref().map_or(0, Message::bytes);
        if self.messages.is_empty() {
            self.messages = VecDeque::new(); // who listens and hears nothing costs no memory
        }
        Ok(message)
    }
}
