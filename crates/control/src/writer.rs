//! The thread that owns the connection and commits whatever has queued up at once.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use latchkey_tenancy::{Change, Records};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::ControlError;
use crate::rows::registry;

/// How often a server looks whether another process changed something.
pub const FOREIGN_CHANGE_SEEN_MS: u64 = 250;

/// Most operations that wait; beyond, they are refused with [`ControlError::Busy`].
pub const QUEUE_JOBS_MAX: usize = 4_096;

/// Most operations in one transaction, so that the first does not wait for too many others.
pub const BATCH_JOBS_MAX: usize = 256;

/// Hears of changes to databases, tokens and keys in the order of their commits.
pub(crate) type Listener = Box<dyn Fn(Change) + Send>;

/// One operation: runs within a shared transaction, and is told whether that was committed.
pub(crate) trait Job: Send {
    /// Whether it changes anything.
    fn writes(&self) -> bool;
    /// Does its work; `false` undoes it, and only it.
    fn run(&mut self, connection: &Connection, changes: &mut Vec<Change>) -> bool;
    /// Passes its result on.
    fn finish(self: Box<Self>, committed: Result<(), ControlError>);
}

enum Message {
    Job(Box<dyn Job>),
    Watch(Listener, SyncSender<Result<(), ControlError>>),
}

/// The writer's end that others hold. Dropping it lets the thread finish what has queued, and waits for it.
pub(crate) struct Writer {
    sender: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_JOBS_MAX);
        let thread = thread::Builder::new()
            .name("control-writer".into())
            .spawn(move || Loop { connection, listener: None, data_version: None }.run(&receiver))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Queues a job. Never waits; a job that can't be queued is finished with the error.
    pub(crate) fn submit(&self, job: Box<dyn Job>) {
        match self.sender().try_send(Message::Job(job)) {
            Ok(()) => {}
            Err(TrySendError::Full(message)) => message.refuse(ControlError::Busy),
            Err(TrySendError::Disconnected(message)) => message.refuse(ControlError::Closed),
        }
    }

    /// Tells the listener all there is, then every change. Waits until it has heard the former.
    pub(crate) fn watch(&self, listener: Listener) -> Result<(), ControlError> {
        let (done, heard) = sync_channel(1);
        self.sender().send(Message::Watch(listener, done)).map_err(|_| ControlError::Closed)?;
        heard.recv().map_err(|_| ControlError::Closed)?
    }

    fn sender(&self) -> &SyncSender<Message> {
        self.sender.as_ref().expect("the sender is only taken by drop")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.sender.take());
        let Some(thread) = self.thread.take() else { return };
        // A callback may hold the last handle: the thread can't wait for itself, and ends anyway.
        if thread.thread().id() != thread::current().id() {
            // A panic of the thread has been reported by the panic hook already.
            let _ = thread.join();
        }
    }
}

impl Message {
    fn refuse(self, error: ControlError) {
        match self {
            Self::Job(job) => job.finish(Err(error)),
            // Its waiter sees that the sender is gone.
            Self::Watch(..) => {}
        }
    }
}

struct Loop {
    connection: Connection,
    listener: Option<Listener>,
    /// As last seen; SQLite changes it when another connection commits.
    data_version: Option<i64>,
}

impl Loop {
    fn run(mut self, receiver: &Receiver<Message>) {
        let pause = Duration::from_millis(FOREIGN_CHANGE_SEEN_MS);
        let mut looks_at = Instant::now() + pause;
        loop {
            match receiver.recv_timeout(looks_at.saturating_duration_since(Instant::now())) {
                Ok(message) => self.take(message, receiver),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= looks_at {
                self.look_for_foreign_changes();
                looks_at = Instant::now() + pause;
            }
        }
    }

    /// Takes a message, and the jobs that queued behind it into the same transaction.
    fn take(&mut self, first: Message, receiver: &Receiver<Message>) {
        let mut jobs = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Job(job) => jobs.push(job),
                Message::Watch(listener, done) => {
                    // Whatever came before is committed, and so part of all there is.
                    self.commit(std::mem::take(&mut jobs));
                    // Nobody listens any more if the caller is gone.
                    let _ = done.send(self.watch(listener));
                }
            }
            next = if jobs.len() < BATCH_JOBS_MAX { receiver.try_recv().ok() } else { None };
        }
        self.commit(jobs);
    }

    fn commit(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        let mut changes = Vec::new();
        let committed = self.transact(&mut jobs, &mut changes);
        if let (Ok(()), Some(listener)) = (&committed, &self.listener) {
            changes.into_iter().for_each(listener);
        }
        jobs.into_iter().for_each(|job| job.finish(committed.clone()));
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>], changes: &mut Vec<Change>) -> Result<(), ControlError> {
        let writes = jobs.iter().any(|job| job.writes());
        let behavior = if writes { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
        let mut transaction = self.connection.transaction_with_behavior(behavior)?;
        for job in jobs {
            run_apart(&mut transaction, job.as_mut(), changes)?;
        }
        Ok(transaction.commit()?)
    }

    fn watch(&mut self, listener: Listener) -> Result<(), ControlError> {
        // First the version, then the data: a change in between is told twice, not never.
        self.data_version = Some(self.read_data_version()?);
        listener(Change::All(self.load()?));
        self.listener = Some(listener);
        Ok(())
    }

    /// An error here is not the end: nothing was missed, and the next look tries again.
    fn look_for_foreign_changes(&mut self) {
        if self.listener.is_none() {
            return;
        }
        let Ok(version) = self.read_data_version() else { return };
        if self.data_version == Some(version) {
            return;
        }
        if let (Ok(records), Some(listener)) = (self.load(), &self.listener) {
            listener(Change::All(records));
            self.data_version = Some(version);
        }
    }

    /// All tables as of one instant.
    fn load(&mut self) -> Result<Records, ControlError> {
        registry::load(&*self.connection.transaction()?)
    }

    fn read_data_version(&self) -> rusqlite::Result<i64> {
        self.connection.prepare_cached("PRAGMA data_version")?.query_row((), |row| row.get(0))
    }
}

/// One job that fails must not undo the others, and nothing is told of what is undone.
fn run_apart(
    transaction: &mut Transaction<'_>,
    job: &mut dyn Job,
    changes: &mut Vec<Change>,
) -> rusqlite::Result<()> {
    let savepoint = transaction.savepoint()?;
    let told = changes.len();
    if job.run(&savepoint, changes) {
        savepoint.commit()
    } else {
        changes.truncate(told);
        savepoint.finish()
    }
}
