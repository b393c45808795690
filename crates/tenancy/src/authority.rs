//! Turns credentials into principals.

use std::sync::Arc;

use parking_lot::RwLock;
use quick_cache::sync::Cache;

use crate::DatabaseId;
use crate::keys::{KeyError, SigningKey};
use crate::principal::Principal;
use crate::quota::Meter;
use crate::registry::{Registry, TokenEntry};
use crate::store::{Change, Records, Return, UsageRecord, UserRecord};
use crate::token::{self, Claims, TOKEN_BYTES_MAX, TokenDigest, TokenError, Unverified};
use crate::user::UserToken;

/// The one reply to a missing, empty, wrong, expired or revoked token: the client can't tell which it was.
pub const AUTHENTICATION_REFUSED: &str = "WRONGPASS invalid or missing auth token. \
     See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details.";

/// Signed tokens whose verification is remembered.
pub const VERIFIED_TOKENS_MAX: usize = 65_536;

/// Why a credential is refused: for the log. The client gets [`AUTHENTICATION_REFUSED`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// None was sent, or an empty one.
    #[error("no token was sent")]
    Missing,
    /// It looks like a signed token, and is not believed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No token is known under this text or this id.
    #[error("the token is unknown")]
    Unknown,
    /// Signed, but for another database than the token's record says.
    #[error("the token names another database than its record")]
    WrongDatabase,
    /// The key that signed it was taken out of use.
    #[error("the key that signed the token is retired")]
    RetiredKey,
    /// It is past its expiry.
    #[error("the token has expired")]
    Expired,
    /// It was revoked.
    #[error("the token is revoked")]
    Revoked,
    /// The database's credentials were reset since.
    #[error("the database's credentials were reset after the token was made")]
    StaleEpoch,
    /// The user is off, or has never been on.
    #[error("the user is off")]
    UserOff,
    /// The token is good, but another user's than was named.
    #[error("the token is not of the user that was named")]
    WrongUser,
    /// The database is gone.
    #[error("the token's database was deleted")]
    DatabaseDeleted,
    /// No database is known under the name that was asked for.
    #[error("there is no database of the name that was asked for")]
    NoDatabase,
    /// It is good, but another database's than was asked for.
    #[error("it is of another database than was asked for")]
    OtherDatabase,
}

/// What somebody says who logs in.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The name or id of the database that was asked for already. Nobody gets into another.
    pub database: Option<&'a str>,
    /// The name of the user, alone or with its database, as `ann@shop`. `None` for whoever the password belongs to.
    pub user: Option<&'a [u8]>,
    /// A token; or, where the database is known, the bare password of a user.
    pub password: &'a [u8],
}

/// Knows all databases, tokens and keys, and who is calling.
///
/// A known token costs a SHA-256, one or two lookups and a few compares; nothing is allocated. A signature is checked the
/// first time a token is seen. Revocation, expiry, epochs and retired keys are looked at on every call.
#[derive(Debug)]
pub struct Authority {
    verified: Cache<TokenDigest, Arc<Principal>>,
    registry: RwLock<Registry>,
}

impl Authority {
    /// An authority over what a store has.
    pub fn new(records: &Records) -> Result<Self, KeyError> {
        let mut registry = Registry::default();
        registry.replace(records)?;
        Ok(Self { verified: Cache::new(VERIFIED_TOKENS_MAX), registry: RwLock::new(registry) })
    }

    /// Who is calling with this bearer token or password.
    pub fn authenticate(&self, credential: &[u8], now_ms: u64) -> Result<Arc<Principal>, AuthError> {
        if credential.is_empty() {
            return Err(AuthError::Missing);
        }
        if credential.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong.into());
        }
        let digest = TokenDigest::of(credential);
        let Some(remembered) = self.verified.get(&digest) else {
            return self.recognise(credential, digest, now_ms);
        };
        match remembered.standing(now_ms) {
            Ok(()) => Ok(remembered),
            Err(refusal) => {
                self.verified.remove(&digest);
                // There may be another user of that name by now.
                if remembered.is_user() { self.recognise(credential, digest, now_ms) } else { Err(refusal) }
            }
        }
    }

    /// Who logs in. A user who shows a bare password is named with its database, as `ann@shop`, unless a database was
    /// asked for already.
    pub fn log_in(&self, credentials: Credentials<'_>, now_ms: u64) -> Result<Arc<Principal>, AuthError> {
        let Credentials { database, user, password } = credentials;
        let asked_for = |name| self.registry.read().database_asked_for(name).ok_or(AuthError::NoDatabase);
        let database = database.map(asked_for).transpose()?;
        let user = user.map(str::from_utf8).transpose().map_err(|_| AuthError::Unknown)?;
        let principal = match (self.authenticate(password, now_ms), user) {
            (Ok(principal), Some(user)) if !self.is_named(&principal, user) => {
                return Err(AuthError::WrongUser);
            }
            (Err(refusal), Some(user)) => self.with_bare_password(database, user, password).ok_or(refusal)?,
            (authenticated, _) => authenticated?,
        };
        let is_asked_for = database.is_none_or(|database| database == principal.database());
        is_asked_for.then_some(principal).ok_or(AuthError::OtherDatabase)
    }

    /// Whether a principal is the user of this name, or of this name with its database.
    fn is_named(&self, principal: &Principal, user: &str) -> bool {
        let own = principal.user_name();
        let is_with_database = |(name, database): (&str, &str)| {
            name == own && self.registry.read().database_named(database) == Some(principal.database())
        };
        user == own || user.rsplit_once('@').is_some_and(is_with_database)
    }

    /// The user of this name in the database that was asked for, or of this name with its database.
    fn with_bare_password(
        &self,
        database: Option<DatabaseId>,
        user: &str,
        password: &[u8],
    ) -> Option<Arc<Principal>> {
        let registry = self.registry.read();
        let with_database = || {
            let (name, database) = user.rsplit_once('@')?;
            registry.user(registry.database_named(database)?, name)
        };
        let user = database.and_then(|database| registry.user(database, user)).or_else(with_database)?;
        Principal::user(Arc::clone(user), TokenDigest::of(password)).ok().map(Arc::new)
    }

    /// The user of this name.
    pub fn user(&self, database: DatabaseId, name: &str) -> Option<UserRecord> {
        self.registry.read().user(database, name).map(|user| user.record())
    }

    /// The users of a database, by name.
    pub fn users(&self, database: DatabaseId) -> Vec<UserRecord> {
        self.registry.read().users(database).map(|user| user.record()).collect()
    }

    /// Takes in a change, effective for the next [`authenticate`](Self::authenticate) and for every principal there is.
    pub fn apply(&self, change: &Change) -> Result<(), KeyError> {
        let mut registry = self.registry.write();
        match change {
            Change::Database(record) => registry.put_database(record),
            Change::Token(record) => registry.put_token(record),
            Change::User(record) => registry.put_user(record),
            Change::Key(record) => registry.keys.put(record)?,
            Change::All(records) => registry.replace(records)?,
        }
        Ok(())
    }

    /// The key that new tokens are signed with.
    pub fn signing_key(&self) -> Option<Arc<SigningKey>> {
        self.registry.read().keys.signing().cloned()
    }

    /// What each token used since the last call: for a periodic flush to the store.
    pub fn take_usage(&self) -> Vec<UsageRecord> {
        self.registry.write().take_usage()
    }

    /// Empties all meters, and says what the store should take back. For a clean shutdown, when nothing is admitted any
    /// more and no lease is under way.
    pub fn close_meters(&self) -> Vec<Return> {
        self.registry.read().meters().filter_map(Meter::close).collect()
    }

    fn recognise(
        &self,
        credential: &[u8],
        digest: TokenDigest,
        now_ms: u64,
    ) -> Result<Arc<Principal>, AuthError> {
        if let Some(principal) = self.registry.read().opaque(&digest).cloned() {
            return principal.standing(now_ms).map(|()| principal);
        }
        if let Some(token) = UserToken::parse(credential) {
            return self.recognise_user(&token, digest);
        }
        let (token, key) = self.plausible(credential, now_ms)?;
        let claims = token::verify_with(credential, &key, now_ms)?;
        token.learn_signed_quota(claims.quota);
        let principal = Arc::new(Principal::signed(token, key, &claims));
        principal.standing(now_ms)?;
        self.verified.insert(digest, Arc::clone(&principal));
        Ok(principal)
    }

    fn recognise_user(&self, token: &UserToken, digest: TokenDigest) -> Result<Arc<Principal>, AuthError> {
        let user =
            self.registry.read().user(token.database, &token.user).cloned().ok_or(AuthError::Unknown)?;
        let principal = Arc::new(Principal::user(user, token.digest())?);
        self.verified.insert(digest, Arc::clone(&principal));
        Ok(principal)
    }

    /// The record and the key that a signed token names, if all that can be checked without its signature is right. So a
    /// forger has to know the id of a living token before he costs us a signature.
    fn plausible(
        &self,
        credential: &[u8],
        now_ms: u64,
    ) -> Result<(Arc<TokenEntry>, Arc<SigningKey>), AuthError> {
        if !credential.contains(&b'.') {
            return Err(AuthError::Unknown);
        }
        let unverified = Unverified::parse(credential)?;
        unverified.check_times(now_ms)?;
        let registry = self.registry.read();
        let key = unverified.key(&registry.keys)?;
        let token = recorded(&registry, &unverified.claims)?;
        Ok((Arc::clone(token), Arc::clone(key)))
    }
}

fn recorded<'a>(registry: &'a Registry, claims: &Claims) -> Result<&'a Arc<TokenEntry>, AuthError> {
    let token = registry.token(claims.jti).filter(|token| token.is_signed()).ok_or(AuthError::Unknown)?;
    if token.database().id() != claims.db {
        return Err(AuthError::WrongDatabase);
    }
    token.standing(claims.epoch)?;
    Ok(token)
}

#[cfg(test)]
mod tests;
