//! Bearer tokens: signed ones that we mint and verify, opaque ones that we know by their hash.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::keys::{KeyRing, SigningKey};
use crate::{DatabaseId, TokenId, base32};

/// The `iss` of every token we mint.
pub const ISSUER: &str = "latchkey";

/// Longest credential that is looked at.
pub const TOKEN_BYTES_MAX: usize = 4 * 1_024;

/// What a signed token says. Times are Unix seconds. A claim we do not know is refused, because it may be a
/// restriction. There is no leeway: a token is valid from `nbf` up to but not including `exp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// [`ISSUER`].
    pub iss: String,
    /// The token's id, under which it can be revoked.
    pub jti: TokenId,
    /// The database it opens.
    pub db: DatabaseId,
    /// What it may do there.
    pub grant: Grant,
    /// Commands a UTC day. What the token's record says is enforced too: the smaller number holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
    /// When it was minted.
    pub iat: u64,
    /// From when on it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// From when on it no longer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// The database's epoch when it was minted.
    pub epoch: u64,
}

impl Claims {
    fn check_times(&self, now_ms: u64) -> Result<(), TokenError> {
        if self.expires_at_ms() <= now_ms {
            return Err(TokenError::Expired);
        }
        if now_ms < self.nbf.unwrap_or(0).saturating_mul(1_000) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }

    /// Unix milliseconds; `u64::MAX` for never.
    pub(crate) fn expires_at_ms(&self) -> u64 {
        self.exp.map_or(u64::MAX, |seconds| seconds.saturating_mul(1_000))
    }
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// Everything.
    #[serde(rename = "rw")]
    ReadWrite,
    /// What the read-only token may.
    #[serde(rename = "ro")]
    ReadOnly,
}

/// Why a signed token is not believed. For the log: the client is told nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than [`TOKEN_BYTES_MAX`].
    #[error("the token is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not three parts of base64, or not the header and the claims that we write (`alg` being `none` included).
    #[error("the token is malformed")]
    Malformed,
    /// No `kid`, or none of our keys.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The header's `alg` is not the key's.
    #[error("the token's algorithm is not that of its key")]
    WrongAlgorithm,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// Before `nbf`.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// From `exp` on.
    #[error("the token has expired")]
    Expired,
    /// Signing failed.
    #[error("the token cannot be signed: {0}")]
    Unsignable(String),
}

/// Writes and signs a token.
pub fn mint(key: &SigningKey, claims: &Claims) -> Result<String, TokenError> {
    let header = Header { kid: Some(key.kid().to_owned()), ..Header::new(key.algorithm().in_header()) };
    jsonwebtoken::encode(&header, claims, &key.encoding)
        .map_err(|error| TokenError::Unsignable(error.to_string()))
}

/// Believes a token or not: structure, key, algorithm and times first, the signature last because it costs most.
pub fn verify(token: &[u8], keys: &KeyRing, now_ms: u64) -> Result<Claims, TokenError> {
    let unverified = Unverified::parse(token)?;
    let key = unverified.key(keys)?;
    unverified.claims.check_times(now_ms)?;
    verify_with(token, key, now_ms)
}

/// Checks the signature under a key's own algorithm, then the claims, which only now can be believed.
pub(crate) fn verify_with(token: &[u8], key: &SigningKey, now_ms: u64) -> Result<Claims, TokenError> {
    let mut validation = Validation::new(key.algorithm().in_header());
    validation.set_required_spec_claims(&["iss"]);
    validation.set_issuer(&[ISSUER]);
    // The library compares with the machine's clock; we compare with the time we are told.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
    let claims = decoded.map_err(|_| TokenError::BadSignature)?.claims;
    claims.check_times(now_ms)?;
    Ok(claims)
}

/// What a token says of itself, not to be believed.
pub(crate) struct Unverified {
    header: Header,
    pub(crate) claims: Claims,
}

impl Unverified {
    /// Cheap: refuses what we cannot have written, without any cryptography.
    pub(crate) fn parse(token: &[u8]) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        if token.iter().filter(|&&byte| byte == b'.').count() != 2 {
            return Err(TokenError::Malformed);
        }
        let parts = jsonwebtoken::dangerous::insecure_decode::<Claims>(token);
        let jsonwebtoken::TokenData { header, claims } = parts.map_err(|_| TokenError::Malformed)?;
        // `crit` names extensions that must be understood, and we understand none.
        if header.crit.is_some() || claims.iss != ISSUER {
            return Err(TokenError::Malformed);
        }
        Ok(Self { header, claims })
    }

    /// The key it names, if the header agrees with that key's algorithm.
    pub(crate) fn key<'a>(&self, keys: &'a KeyRing) -> Result<&'a Arc<SigningKey>, TokenError> {
        let kid = self.header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
        let key = keys.find(kid).ok_or(TokenError::UnknownKey)?;
        if key.algorithm().in_header() != self.header.alg {
            return Err(TokenError::WrongAlgorithm);
        }
        Ok(key)
    }

    /// Refuses early what would be refused after the signature.
    pub(crate) fn check_times(&self, now_ms: u64) -> Result<(), TokenError> {
        self.claims.check_times(now_ms)
    }
}

/// A token taken apart for its owner to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The key it names.
    pub kid: Option<String>,
    /// The algorithm it names.
    pub algorithm: String,
    /// What it says; believe it only if `verdict` is `Ok`.
    pub claims: Claims,
    /// Whether it is signed by one of the keys and valid now. Revocation is not considered.
    pub verdict: Result<(), TokenError>,
}

/// Reads a signed token without trusting it. `Err` only where it cannot be read at all.
pub fn inspect(token: &[u8], keys: &KeyRing, now_ms: u64) -> Result<Inspection, TokenError> {
    let Unverified { header, claims } = Unverified::parse(token)?;
    let verdict = verify(token, keys, now_ms).map(|_| ());
    Ok(Inspection { kid: header.kid, algorithm: format!("{:?}", header.alg), claims, verdict })
}

/// The text of a new opaque token, from 32 random bytes: `lk_` and 52 letters and digits.
pub fn opaque_secret(random: [u8; 32]) -> String {
    format!("lk_{}", base32::encode(&random))
}

/// The SHA-256 of a token's text: what is stored, and what tokens are found by. A lookup by it tells an attacker nothing
/// through timing, because nobody can choose texts by the bytes of their hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token's text.
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// A digest read from a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Whether both are the same. Takes as long if they are not.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
    }

    /// The digest in hexadecimal, 64 digits, as ACL rules write it.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A few letters tell digests apart in a log; all of them would let it be tested for weak tokens.
        write!(f, "TokenDigest({}…)", base32::encode(&self.0[..5]))
    }
}

#[cfg(test)]
mod tests;
