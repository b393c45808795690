//! Who is calling: a token on its database, with what it may do.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::authority::AuthError;
use crate::keys::SigningKey;
use crate::plan::Limits;
use crate::quota::Allowance;
use crate::registry::TokenEntry;
use crate::token::{Claims, Grant};
use crate::usage::UsageCounter;
use crate::{DatabaseId, TokenId};

/// What a principal may do, besides how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    /// Only what the read-only token may.
    pub read_only: bool,
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
        Self { allowance: token.allowance(), epoch: token.epoch(), token, signed: None }
    }

    pub(crate) fn signed(token: Arc<TokenEntry>, key: Arc<SigningKey>, claims: &Claims) -> Self {
        let read_only = claims.grant == Grant::ReadOnly;
        let signed = Signed { key, read_only, expires_at_ms: claims.expires_at_ms() };
        Self { allowance: token.allowance(), epoch: claims.epoch, token, signed: Some(signed) }
    }

    /// Whether it may still act at this instant. Costs a few loads and compares.
    pub fn standing(&self, now_ms: u64) -> Result<(), AuthError> {
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
        Grants { read_only: signed_read_only || self.token.is_read_only() }
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
