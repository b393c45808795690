//! The store as others use it.

use std::fs::File;
use std::marker::PhantomData;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use latchkey_tenancy::{
    Change, DatabaseId, DatabaseRecord, Lease, LeaseDone, LeaseError, LeaseRequest, LeaseStore, Plan,
    Records, Return, SigningKeyRecord, TokenId, TokenRecord, Usage, UsageRecord, UserChange, UserDone,
    UserError, UserRecord, UserStore,
};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::rows::usage::{Span, UsagePeriod};
use crate::rows::{databases, keys, leases, registry, tokens, usage, users};
use crate::writer::{Job, Writer};
use crate::{ControlError, files, schema};

/// Who opens a data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one server of the directory: holds its lock.
    Server,
    /// A command-line tool, which may work beside a server.
    Tool,
}

/// The control data of one node. All operations queue for one thread, which commits what has queued together; what a
/// [`Pending`] or a callback reports is durable.
///
/// Dropping it commits what has queued. It gives back no leases: whoever admits does that, by
/// [`LeaseStore::give_back`].
pub struct Control {
    writer: Writer,
    // After the writer, so that the lock is released last.
    _lock: Option<File>,
}

impl Control {
    /// Opens a data directory, and makes it if it is not there.
    pub fn open(directory: &Path, role: Role) -> Result<Self, ControlError> {
        let path = files::prepare(directory)?;
        let lock = match role {
            Role::Server => Some(files::lock(directory)?),
            Role::Tool => None,
        };
        Self::start(schema::open(&path)?, lock)
    }

    /// Control data that is gone with the process.
    pub fn ephemeral() -> Result<Self, ControlError> {
        Self::start(schema::open_in_memory()?, None)
    }

    fn start(connection: Connection, lock: Option<File>) -> Result<Self, ControlError> {
        let writer =
            Writer::start(connection).map_err(|error| ControlError::file(Path::new("thread"), &error))?;
        Ok(Self { writer, _lock: lock })
    }

    /// Tells `listener` all databases, tokens and keys before it returns, and from then on every change: one made through
    /// this handle before its caller hears that it is done, one by another process within
    /// [`FOREIGN_CHANGE_SEEN_MS`](crate::FOREIGN_CHANGE_SEEN_MS). Blocks; the listener runs on the writer's thread and
    /// must not wait for this store.
    pub fn watch(&self, listener: impl Fn(Change) + Send + 'static) -> Result<(), ControlError> {
        self.writer.watch(Box::new(listener))
    }

    /// All that authentication needs, now.
    pub fn records(&self) -> Pending<Records> {
        self.read(registry::load)
    }

    /// Adds a database.
    pub fn create_database(&self, record: DatabaseRecord) -> Pending<DatabaseRecord> {
        self.change_database(move |connection| databases::create(connection, &record).map(|()| record))
    }

    /// All databases that are not deleted, oldest first.
    pub fn databases(&self) -> Pending<Vec<DatabaseRecord>> {
        self.read(databases::list)
    }

    /// The ids of all databases that were deleted: their keys, which are another store's, have to go too.
    pub fn deleted_databases(&self) -> Pending<Vec<DatabaseId>> {
        self.read(databases::deleted)
    }

    /// The database with this id.
    pub fn database(&self, id: DatabaseId) -> Pending<DatabaseRecord> {
        self.read(move |connection| databases::find(connection, id))
    }

    /// The database with this name.
    pub fn database_named(&self, name: impl Into<String>) -> Pending<Option<DatabaseRecord>> {
        let name = name.into();
        self.read(move |connection| databases::find_named(connection, &name))
    }

    /// Gives a database another name.
    pub fn rename_database(&self, id: DatabaseId, name: impl Into<String>) -> Pending<DatabaseRecord> {
        let name = name.into();
        self.change_database(move |connection| databases::rename(connection, id, &name))
    }

    /// Gives a database the limits of a plan.
    pub fn set_plan(&self, id: DatabaseId, plan: Plan) -> Pending<DatabaseRecord> {
        self.change_database(move |connection| databases::set_plan(connection, id, &plan))
    }

    /// Revokes every token of a database, takes all passwords from its users, and starts a new epoch. New tokens are made with the epoch of the answer.
    pub fn reset_credentials(&self, id: DatabaseId, now_ms: u64) -> Pending<DatabaseRecord> {
        self.write(move |connection, changes| {
            let record = databases::bump_epoch(connection, id)?;
            changes.push(Change::Database(record.clone()));
            changes.extend(tokens::revoke_all(connection, id, now_ms)?.into_iter().map(Change::Token));
            changes.extend(users::take_passwords(connection, id)?.into_iter().map(Change::User));
            Ok(record)
        })
    }

    /// Deletes a database and its tokens. Its keys are another store's.
    pub fn delete_database(&self, id: DatabaseId) -> Pending<DatabaseRecord> {
        self.change_database(move |connection| databases::delete(connection, id))
    }

    /// Adds a token.
    pub fn create_token(&self, record: TokenRecord) -> Pending<TokenRecord> {
        self.change_token(move |connection| tokens::create(connection, &record).map(|()| record))
    }

    /// All tokens of a database, revoked ones included, oldest first.
    pub fn tokens(&self, database: DatabaseId) -> Pending<Vec<TokenRecord>> {
        self.read(move |connection| tokens::list(connection, database))
    }

    /// The token with this id.
    pub fn token(&self, id: TokenId) -> Pending<TokenRecord> {
        self.read(move |connection| tokens::find(connection, id))
    }

    /// Revokes a token for good.
    pub fn revoke_token(&self, id: TokenId, now_ms: u64) -> Pending<TokenRecord> {
        self.change_token(move |connection| tokens::revoke(connection, id, now_ms))
    }

    /// Changes a token's commands a day.
    pub fn set_token_quota(&self, id: TokenId, commands_per_day: Option<u64>) -> Pending<TokenRecord> {
        self.change_token(move |connection| tokens::set_quota(connection, id, commands_per_day))
    }

    /// The users of a database, by name.
    pub fn users(&self, database: DatabaseId) -> Pending<Vec<UserRecord>> {
        self.read(move |connection| users::list(connection, database))
    }

    /// Adds a key. The youngest signs, the others still verify.
    pub fn add_key(&self, record: SigningKeyRecord) -> Pending<()> {
        self.write(move |connection, changes| {
            keys::add(connection, &record)?;
            changes.push(Change::Key(record));
            Ok(())
        })
    }

    /// Adds this key if there is none yet, and answers with the key that signs: for the first start.
    pub fn first_key(&self, record: SigningKeyRecord) -> Pending<SigningKeyRecord> {
        self.write(move |connection, changes| {
            if let Some(youngest) = keys::list(connection)?.pop() {
                return Ok(youngest);
            }
            keys::add(connection, &record)?;
            changes.push(Change::Key(record.clone()));
            Ok(record)
        })
    }

    /// Removes a key: the tokens it signed are dead.
    pub fn retire_key(&self, kid: impl Into<String>) -> Pending<()> {
        let kid = kid.into();
        self.write(move |connection, changes| {
            keys::retire(connection, &kid)?;
            changes.push(Change::All(registry::load(connection)?));
            Ok(())
        })
    }

    /// Adds what was used since the last call, and what is stored now, to the hour and the day of `now_ms`.
    pub fn record_usage(
        &self,
        used: Vec<UsageRecord>,
        stored: Vec<(DatabaseId, u64)>,
        now_ms: u64,
    ) -> Pending<()> {
        self.write(move |connection, _| usage::record(connection, &used, &stored, now_ms))
    }

    /// The hours or days of a database that begin in `from_ms..to_ms`, oldest first; those without usage are left out.
    pub fn usage(
        &self,
        database: DatabaseId,
        span: Span,
        from_ms: u64,
        to_ms: u64,
    ) -> Pending<Vec<UsagePeriod>> {
        self.read(move |connection| usage::of_database(connection, database, span, from_ms, to_ms))
    }

    /// What each token of a database used in the UTC days that begin in `from_ms..to_ms`.
    pub fn usage_by_token(
        &self,
        database: DatabaseId,
        from_ms: u64,
        to_ms: u64,
    ) -> Pending<Vec<(TokenId, Usage)>> {
        self.read(move |connection| usage::by_token(connection, database, from_ms, to_ms))
    }

    fn change_database(
        &self,
        work: impl FnOnce(&Connection) -> Result<DatabaseRecord, ControlError> + Send + 'static,
    ) -> Pending<DatabaseRecord> {
        self.write(move |connection, changes| {
            let record = work(connection)?;
            changes.push(Change::Database(record.clone()));
            Ok(record)
        })
    }

    fn change_token(
        &self,
        work: impl FnOnce(&Connection) -> Result<TokenRecord, ControlError> + Send + 'static,
    ) -> Pending<TokenRecord> {
        self.write(move |connection, changes| {
            let record = work(connection)?;
            changes.push(Change::Token(record.clone()));
            Ok(record)
        })
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ControlError> + Send + 'static,
    ) -> Pending<T> {
        let (done, pending) = Pending::new();
        self.submit(false, move |connection, _| work(connection), done);
        pending
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut Vec<Change>) -> Result<T, ControlError> + Send + 'static,
    ) -> Pending<T> {
        let (done, pending) = Pending::new();
        self.submit(true, work, done);
        pending
    }

    fn submit<T: Send + 'static>(
        &self,
        writes: bool,
        work: impl FnOnce(&Connection, &mut Vec<Change>) -> Result<T, ControlError> + Send + 'static,
        done: impl FnOnce(Result<T, ControlError>) + Send + 'static,
    ) {
        let (result, done) = (Err(ControlError::Closed), Done::new(done));
        self.writer.submit(Box::new(Task { writes, work: Some(work), result, done }));
    }
}

impl LeaseStore for Control {
    fn lease(&self, request: LeaseRequest, done: LeaseDone) {
        let work = move |connection: &Connection, _: &mut Vec<Change>| leases::lease(connection, request);
        self.submit(true, work, move |result: Result<Lease, _>| done(result.map_err(lease_error)));
    }

    fn give_back(&self, unused: Vec<Return>, done: Box<dyn FnOnce(Result<(), LeaseError>) + Send>) {
        let work = move |connection: &Connection, _: &mut Vec<Change>| leases::give_back(connection, &unused);
        self.submit(true, work, move |result| done(result.map_err(lease_error)));
    }
}

impl UserStore for Control {
    fn change_user(&self, database: DatabaseId, name: String, change: UserChange, done: UserDone<()>) {
        let work = move |connection: &Connection, changes: &mut Vec<Change>| {
            changes.push(Change::User(users::change(connection, database, &name, change)?));
            Ok(())
        };
        self.submit(true, work, move |result| done(result.map_err(user_error)));
    }

    fn delete_users(&self, database: DatabaseId, names: Vec<String>, done: UserDone<u64>) {
        let work = move |connection: &Connection, changes: &mut Vec<Change>| {
            let deleted = users::delete(connection, database, &names)?;
            let count = deleted.len() as u64;
            changes.extend(deleted.into_iter().map(Change::User));
            Ok(count)
        };
        self.submit(true, work, move |result| done(result.map_err(user_error)));
    }
}

fn user_error(error: ControlError) -> UserError {
    match error {
        ControlError::RefusedUser(text) => UserError::Refused(text),
        error => UserError::Unavailable(error.to_string()),
    }
}

fn lease_error(error: ControlError) -> LeaseError {
    LeaseError(error.to_string())
}

/// An operation that was queued. It happens whether or not anybody waits for it. Await it, or [`wait`](Self::wait).
#[must_use = "the operation may fail"]
pub struct Pending<T>(oneshot::Receiver<Result<T, ControlError>>);

impl<T: Send + 'static> Pending<T> {
    fn new() -> (impl FnOnce(Result<T, ControlError>) + Send + 'static, Self) {
        let (sender, receiver) = oneshot::channel();
        // Nobody may wait any more; then the result is of no use.
        (move |result| drop(sender.send(result)), Self(receiver))
    }

    /// Blocks until it is durable. Panics inside an async runtime, where it is awaited.
    pub fn wait(self) -> Result<T, ControlError> {
        self.0.blocking_recv().unwrap_or(Err(ControlError::Closed))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, ControlError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|received| received.unwrap_or(Err(ControlError::Closed)))
    }
}

/// A [`Job`] made of two functions: one that works, one that hears the result.
struct Task<T, W, D: FnOnce(Result<T, ControlError>)> {
    writes: bool,
    work: Option<W>,
    result: Result<T, ControlError>,
    done: Done<T, D>,
}

impl<T, W, D> Job for Task<T, W, D>
where
    T: Send,
    W: FnOnce(&Connection, &mut Vec<Change>) -> Result<T, ControlError> + Send,
    D: FnOnce(Result<T, ControlError>) + Send,
{
    fn writes(&self) -> bool {
        self.writes
    }

    fn run(&mut self, connection: &Connection, changes: &mut Vec<Change>) -> bool {
        let work = self.work.take().expect("a job runs once");
        self.result = work(connection, changes);
        self.result.is_ok()
    }

    fn finish(self: Box<Self>, committed: Result<(), ControlError>) {
        let Self { result, done, .. } = *self;
        done.call(committed.and(result));
    }
}

/// Hears one result, whatever happens: if it is dropped, that the store is closed. A meter waits for its lease, and
/// must not wait for ever because the writer's thread is gone.
struct Done<T, D: FnOnce(Result<T, ControlError>)>(Option<D>, PhantomData<fn(T)>);

impl<T, D: FnOnce(Result<T, ControlError>)> Done<T, D> {
    fn new(hears: D) -> Self {
        Self(Some(hears), PhantomData)
    }

    fn call(mut self, result: Result<T, ControlError>) {
        let hears = self.0.take().expect("only this and drop take it");
        hears(result);
    }
}

impl<T, D: FnOnce(Result<T, ControlError>)> Drop for Done<T, D> {
    fn drop(&mut self) {
        if let Some(hears) = self.0.take() {
            hears(Err(ControlError::Closed));
        }
    }
}
