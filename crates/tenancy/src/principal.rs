//! Who is calling: a token on its database, with what it may do.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use latchkey_commands::acl::Permissions;

use crate::authority::AuthError;
use crate::keys::SigningKey;
use crate::plan::Limits;
use crate::quota::Allowance;
use crate::registry::TokenEntry;
use crate::token::{Claims, Grant, TokenDigest};
use crate::usage::UsageCounter;
use crate::user::UserEntry;
use crate::{DatabaseId, TokenId};

/// The user of tokens that may do everything.
pub const USER: &str = "default";
/// The user of tokens that may only read.
pub const READ_ONLY_USER: &str = "default_ro";

/// What a principal may do, besides how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// Only what the read-only token may.
    pub read_only: bool,
    /// Only what the rules of a user allow.
    pub user: Option<Arc<Permissions>>,
}

impl Grants {
    /// What has to be checked; `None` for whoever may do everything.
    pub fn permissions(&self) -> Option<&Permissions> {
        match &self.user {
            Some(permissions) => Some(permissions),
            None => self.read_only.then(Permissions::for_readers),
        }
    }
}

/// An authenticated caller. Only [`Authority`](crate::Authority) makes one.
///
/// What was signed is part of it; what can change while it lives (revocation, limits, the database's epoch) is shared
/// with the authority, so a long-lived session sees changes at once: it asks [`Self::standing`] before each command.
#[derive(Debug)]
pub struct Principal {
    token: Arc<TokenEntry>,
    allowance: Allowance,
    epoch: u64,
    signed: Option<Signed>,
    login: Option<Login>,
}

/// Who came as a user, not with a token of the database itself.
#[derive(Debug)]
struct Login {
    user: Arc<UserEntry>,
    password: TokenDigest,
}

/// What a signature adds: it can only take away from what the token's record grants.
#[derive(Debug)]
struct Signed {
    key: Arc<SigningKey>,
    read_only: bool,
    expires_at_ms: u64,
}

impl Principal {
    pub(crate) fn opaque(token: Arc<TokenEntry>) -> Self {
        Self { allowance: token.allowance(), epoch: token.epoch(), token, signed: None, login: None }
    }

    pub(crate) fn signed(token: Arc<TokenEntry>, key: Arc<SigningKey>, claims: &Claims) -> Self {
        let read_only = claims.grant == Grant::ReadOnly;
        let signed = Signed { key, read_only, expires_at_ms: claims.expires_at_ms() };
        Self { allowance: token.allowance(), epoch: claims.epoch, token, signed: Some(signed), login: None }
    }

    /// A user with this password, if that is right.
    pub(crate) fn user(user: Arc<UserEntry>, password: TokenDigest) -> Result<Self, AuthError> {
        user.standing(&password)?;
        let token = Arc::clone(&user.token);
        let login = Some(Login { user, password });
        Ok(Self { allowance: token.allowance(), epoch: token.epoch(), token, signed: None, login })
    }

    pub(crate) fn is_user(&self) -> bool {
        self.login.is_some()
    }

    /// Whether it may still act at this instant. Costs a few loads and compares.
    pub fn standing(&self, now_ms: u64) -> Result<(), AuthError> {
        if let Some(Login { user, password }) = &self.login {
            return user.standing(password);
        }
        if self.signed.as_ref().is_some_and(|signed| signed.key.is_retired()) {
            return Err(AuthError::RetiredKey);
        }
        if self.expires_at_ms().is_some_and(|expires_at_ms| expires_at_ms <= now_ms) {
            return Err(AuthError::Expired);
        }
        self.token.standing(self.epoch)
    }

    /// The database it may use.
    pub fn database(&self) -> DatabaseId {
        self.token.database().id()
    }

    /// The token it came with.
    pub fn token(&self) -> TokenId {
        self.token.id()
    }

    /// What it may do now.
    pub fn grants(&self) -> Grants {
        let signed_read_only = self.signed.as_ref().is_some_and(|signed| signed.read_only);
        let user = self.login.as_ref().map(|login| login.user.permissions());
        Grants { read_only: signed_read_only || self.token.is_read_only(), user }
    }

    /// The name of the user that it is.
    pub fn user_name(&self) -> &str {
        match &self.login {
            Some(login) => login.user.name(),
            None if self.grants().read_only => READ_ONLY_USER,
            None => USER,
        }
    }

    /// The limits of its database now.
    pub fn limits(&self) -> Limits {
        self.token.database().limits()
    }

    /// How many connections speak to its database now. Doors that have connections count them.
    pub fn connections(&self) -> &Arc<AtomicU64> {
        self.token.database().connections()
    }

    /// The meters that its commands pass.
    pub fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// Where its usage is counted.
    pub fn usage(&self) -> &UsageCounter {
        self.token.usage()
    }

    /// From when on it is refused, in Unix milliseconds; `None` for never.
    pub fn expires_at_ms(&self) -> Option<u64> {
        let signed = self.signed.as_ref().map_or(u64::MAX, |signed| signed.expires_at_ms);
        let earlier = signed.min(self.token.expires_at_ms());
        (earlier != u64::MAX).then_some(earlier)
    }

    /// The database's epoch when its token was made.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}
