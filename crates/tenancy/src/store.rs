//! What tenancy asks of a durable store, and the records that the store keeps.

use crate::keys::KeyAlgorithm;
use crate::plan::Limits;
use crate::token::TokenDigest;
use crate::usage::Usage;
use crate::{DatabaseId, TokenId};

/// Hands out commands of a daily quota. The only thing on the request path that waits for a disk, once per block.
pub trait LeaseStore: Send + Sync {
    /// Takes up to `request.want` commands from the day's quota. `done` is called once, from any thread, and only after
    /// the lease is durable; it must be quick. An `Err` may still have taken the commands: they are lost, never gained.
    fn lease(&self, request: LeaseRequest, done: LeaseDone);

    /// Puts back what was not used, at a clean shutdown. `done` is called once, after that is durable.
    fn give_back(&self, unused: Vec<Return>, done: Box<dyn FnOnce(Result<(), LeaseError>) + Send>);
}

/// Keeps the users of databases. What it keeps comes back to [`Authority::apply`](crate::Authority::apply), before
/// `done` is called; that is called once, from any thread, and has to be quick.
pub trait UserStore: Send + Sync {
    /// Changes a user, or makes it, as one step.
    fn change_user(&self, database: DatabaseId, name: String, change: UserChange, done: UserDone<()>);

    /// Deletes users. How many there were.
    fn delete_users(&self, database: DatabaseId, names: Vec<String>, done: UserDone<u64>);
}

/// Makes of a user as it is (`None`: there is none) what it is to be; or says in the client's words why not.
pub type UserChange = Box<dyn FnOnce(Option<UserRecord>) -> Result<UserRecord, String> + Send>;

/// Called with the outcome of a change of users.
pub type UserDone<T> = Box<dyn FnOnce(Result<T, UserError>) + Send>;

/// Why users were not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The change is refused, in the client's words.
    #[error("{0}")]
    Refused(String),
    /// The store could not do it; the text is for the log.
    #[error("the users could not be changed: {0}")]
    Unavailable(String),
}

/// Called with the outcome of [`LeaseStore::lease`].
pub type LeaseDone = Box<dyn FnOnce(Result<Lease, LeaseError>) + Send>;

/// The store could not lease; the text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no quota could be leased: {0}")]
pub struct LeaseError(pub String);

/// Whose commands a meter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeterScope {
    /// All commands on one database.
    Database(DatabaseId),
    /// The commands that one token sent.
    Token(TokenId),
}

/// A wish for more commands. The store adds `spent` to the day's total, then grants what `limit` leaves of `want`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Whose quota.
    pub scope: MeterScope,
    /// Days since 1970-01-01 UTC.
    pub day: u64,
    /// Commands a day: the total must not pass it.
    pub limit: u64,
    /// Commands wished for; the store may grant fewer, also none.
    pub want: u64,
    /// Commands already admitted without a lease, while no limit was set.
    pub spent: u64,
}

/// Commands that may be admitted, already durable in the store's total. Not `Clone`: it counts once.
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose quota.
    pub scope: MeterScope,
    /// Days since 1970-01-01 UTC.
    pub day: u64,
    /// Commands granted now.
    pub granted: u64,
    /// All commands leased or spent this day, `granted` included.
    pub total: u64,
}

/// What one meter gives back at a clean shutdown: `total - unused + spent` is exactly what was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// Whose quota.
    pub scope: MeterScope,
    /// Days since 1970-01-01 UTC.
    pub day: u64,
    /// Leased and not admitted.
    pub unused: u64,
    /// Admitted without a lease, while no limit was set.
    pub spent: u64,
}

/// A database, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseRecord {
    /// Its id, for ever.
    pub id: DatabaseId,
    /// Its name, unique among those not deleted.
    pub name: String,
    /// The plan its limits were taken from.
    pub plan: String,
    /// What it may use.
    pub limits: Limits,
    /// Unix milliseconds.
    pub created_ms: u64,
    /// Counts resets of its credentials: tokens of an earlier epoch are dead.
    pub epoch: u64,
    /// Deleted: its tokens are dead, its id is not used again.
    pub deleted: bool,
}

/// A token, as the store keeps it: without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its id; the `jti` of a signed token.
    pub id: TokenId,
    /// The database it opens.
    pub database: DatabaseId,
    /// How it is recognised.
    pub kind: TokenKind,
    /// What the operator calls it.
    pub name: String,
    /// Whether it may only read.
    pub read_only: bool,
    /// Commands a UTC day, within the database's own limit. `None`: only the database's limit.
    pub commands_per_day: Option<u64>,
    /// Unix milliseconds.
    pub created_ms: u64,
    /// From this instant on it is refused. Unix milliseconds.
    pub expires_at_ms: Option<u64>,
    /// Since when it is revoked. Unix milliseconds.
    pub revoked_at_ms: Option<u64>,
    /// The database's epoch when it was made.
    pub epoch: u64,
}

/// How a token is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// By one of our signatures.
    Signed,
    /// By the SHA-256 of its text.
    Opaque(TokenDigest),
}

/// A user of a database, as the store keeps it: without the passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Under which its commands are counted. A user that is made anew has another.
    pub id: TokenId,
    /// The database that it is a user of.
    pub database: DatabaseId,
    /// Its name, unique in the database.
    pub name: String,
    /// What it may do: the [text](latchkey_commands::acl::Rules::text) of its rules.
    pub rules: Vec<u8>,
    /// The SHA-256 of each of its passwords.
    pub passwords: Vec<TokenDigest>,
    /// Deleted: nobody is this user any more.
    pub deleted: bool,
}

/// A key that signs tokens, private half included: whoever reads it can make tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// The `kid` in a token's header.
    pub kid: String,
    /// The one algorithm this key is used with.
    pub algorithm: KeyAlgorithm,
    /// The 32-byte seed of an Ed25519 key, or the HS256 secret.
    pub secret: Vec<u8>,
    /// Unix milliseconds. The youngest key signs; the others only verify.
    pub created_ms: u64,
}

impl std::fmt::Debug for SigningKeyRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kid, algorithm, created_ms, .. } = self;
        write!(f, "SigningKeyRecord({kid}, {algorithm:?}, created_ms {created_ms})")
    }
}

/// Everything that authentication knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Deleted ones may be left out.
    pub databases: Vec<DatabaseRecord>,
    /// Revoked and expired ones may be left out.
    pub tokens: Vec<TokenRecord>,
    /// Those that are not here are deleted.
    pub users: Vec<UserRecord>,
    /// Keys that are no longer here verify nothing.
    pub keys: Vec<SigningKeyRecord>,
}

/// What the store tells [`Authority::apply`](crate::Authority::apply), in the order of its commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A database was made or changed.
    Database(DatabaseRecord),
    /// A token was made or changed.
    Token(TokenRecord),
    /// A user was made, changed or deleted.
    User(UserRecord),
    /// A key was added.
    Key(SigningKeyRecord),
    /// Another process changed something: this is all there is now.
    All(Records),
}

/// What one token used within one flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageRecord {
    /// The database it was used on.
    pub database: DatabaseId,
    /// The token that used it.
    pub token: TokenId,
    /// What was used since the last record of this token.
    pub usage: Usage,
}
