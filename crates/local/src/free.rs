//! Frees large values where nobody waits for it.

use std::any::Any;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

/// So many batches may wait to be freed; beyond that, whoever took them out frees them.
const WAITING_MAX: usize = 1024;

/// A thread that drops what it is given.
#[derive(Clone, Debug)]
pub(crate) struct Free(SyncSender<Vec<Box<dyn Any + Send>>>);

impl Free {
    /// Starts the thread. It ends when the last handle is gone.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel::<Vec<Box<dyn Any + Send>>>(WAITING_MAX);
        thread::Builder::new()
            .name("latchkey-free".into())
            .spawn(move || receiver.into_iter().for_each(drop))?;
        Ok(Self(sender))
    }

    /// Takes what is to be dropped. Never waits.
    pub(crate) fn take(&self, garbage: Vec<Box<dyn Any + Send>>) {
        if garbage.is_empty() {
            return;
        }
        match self.0.try_send(garbage) {
            Ok(()) => {}
            Err(TrySendError::Full(garbage) | TrySendError::Disconnected(garbage)) => drop(garbage),
        }
    }
}
