//! The keys that sign and verify our tokens.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Once};

use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

use crate::base32;
use crate::store::SigningKeyRecord;

/// An HS256 secret shorter than the hash it drives can be guessed from one token.
pub const HS256_SECRET_BYTES_MIN: usize = 32;

/// Chooses the cryptography behind signatures, once for the process. Every key does it when it is made; a program that
/// uses `jsonwebtoken` for something else too calls it first in `main`.
pub fn install() {
    static INSTALLED: Once = Once::new();
    // An error means that somebody installed a provider before us, which serves as well.
    INSTALLED.call_once(|| {
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    });
}

/// The one algorithm that a key is used with, whatever a token's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// EdDSA with Ed25519: the server's own key pair.
    EdDsa,
    /// HMAC with SHA-256: a configured secret, shared between gateways.
    Hs256,
}

impl KeyAlgorithm {
    /// As in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }

    /// The algorithm with this [`name`](Self::name).
    pub fn named(name: &str) -> Option<Self> {
        [Self::EdDsa, Self::Hs256].into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(crate) fn in_header(self) -> Algorithm {
        match self {
            Self::EdDsa => Algorithm::EdDSA,
            Self::Hs256 => Algorithm::HS256,
        }
    }
}

/// A key that cannot be used. Says nothing of the key itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An HS256 secret that is too short.
    #[error("the token secret has {bytes} bytes; it needs at least {HS256_SECRET_BYTES_MIN}")]
    SecretTooShort {
        /// Its length.
        bytes: usize,
    },
    /// Not the 32 bytes of an Ed25519 seed.
    #[error("an Ed25519 seed has 32 bytes, this one has {bytes}")]
    SeedLength {
        /// Its length.
        bytes: usize,
    },
    /// The cryptography refused it.
    #[error("the key is refused: {0}")]
    Refused(String),
}

/// A key with both halves, ready for use.
pub struct SigningKey {
    kid: String,
    algorithm: KeyAlgorithm,
    created_ms: u64,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    retired: AtomicBool,
}

impl SigningKey {
    /// Makes a stored key ready.
    pub fn from_record(record: &SigningKeyRecord) -> Result<Self, KeyError> {
        let (encoding, decoding) = match record.algorithm {
            KeyAlgorithm::EdDsa => ed25519_pair(&record.secret)?,
            KeyAlgorithm::Hs256 => hs256_pair(&record.secret)?,
        };
        let SigningKeyRecord { kid, algorithm, created_ms, .. } = record.clone();
        Ok(Self { kid, algorithm, created_ms, encoding, decoding, retired: AtomicBool::new(false) })
    }

    /// The `kid` in the headers of its tokens.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm it is used with.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Whether it was taken out of use: tokens it signed are dead.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Relaxed)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, {})", self.kid, self.algorithm.name())
    }
}

impl SigningKeyRecord {
    /// A key pair of the server's own. `seed` is 32 random bytes.
    pub fn ed25519(seed: [u8; 32], now_ms: u64) -> Self {
        Self::named_by_secret(KeyAlgorithm::EdDsa, seed.to_vec(), now_ms)
    }

    /// A configured secret. Its length is checked when it is used, by [`SigningKey::from_record`].
    pub fn hs256(secret: &[u8], now_ms: u64) -> Self {
        Self::named_by_secret(KeyAlgorithm::Hs256, secret.to_vec(), now_ms)
    }

    /// The `kid` is derived from the secret, so that the same secret configured twice is one key. It gives an attacker
    /// nothing to guess by that an HS256 token does not give as well.
    fn named_by_secret(algorithm: KeyAlgorithm, secret: Vec<u8>, created_ms: u64) -> Self {
        let hash = Sha256::new()
            .chain_update("latchkey kid\0")
            .chain_update(algorithm.name())
            .chain_update([0])
            .chain_update(&secret)
            .finalize();
        Self { kid: base32::encode(&hash[..10]), algorithm, secret, created_ms }
    }
}

/// The keys in use, by `kid`.
#[derive(Debug, Default)]
pub struct KeyRing(HashMap<String, Arc<SigningKey>>);

impl KeyRing {
    /// All stored keys, or the error of the first that can't be used.
    pub fn from_records(records: &[SigningKeyRecord]) -> Result<Self, KeyError> {
        let mut ring = Self::default();
        ring.replace(records)?;
        Ok(ring)
    }

    /// The key with this `kid`.
    pub fn find(&self, kid: &str) -> Option<&Arc<SigningKey>> {
        self.0.get(kid)
    }

    /// The key that signs new tokens: the youngest, of equally young ones the one whose `kid` sorts last.
    pub fn signing(&self) -> Option<&Arc<SigningKey>> {
        self.0.values().max_by_key(|key| (key.created_ms, &key.kid))
    }

    /// Adds a key, unless it is there.
    pub(crate) fn put(&mut self, record: &SigningKeyRecord) -> Result<(), KeyError> {
        if !self.0.contains_key(&record.kid) {
            self.0.insert(record.kid.clone(), Arc::new(SigningKey::from_record(record)?));
        }
        Ok(())
    }

    /// Makes these the keys in use, and retires the others.
    pub(crate) fn replace(&mut self, records: &[SigningKeyRecord]) -> Result<(), KeyError> {
        records.iter().try_for_each(|record| self.put(record))?;
        let staying: HashSet<_> = records.iter().map(|record| record.kid.as_str()).collect();
        self.0.retain(|kid, key| {
            let stays = staying.contains(kid.as_str());
            key.retired.store(!stays, Relaxed);
            stays
        });
        Ok(())
    }
}

/// What stands before the seed in the shortest PKCS #8 form of an Ed25519 key.
const ED25519_PKCS8_HEADER: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

fn ed25519_pair(seed: &[u8]) -> Result<(EncodingKey, DecodingKey), KeyError> {
    install();
    let seed: &[u8; 32] = seed.try_into().map_err(|_| KeyError::SeedLength { bytes: seed.len() })?;
    let private = EncodingKey::from_ed_der(&[&ED25519_PKCS8_HEADER[..], seed].concat());
    let public =
        Jwk::from_encoding_key(&private, Algorithm::EdDSA).and_then(|jwk| DecodingKey::from_jwk(&jwk));
    Ok((private, public.map_err(|error| KeyError::Refused(error.to_string()))?))
}

fn hs256_pair(secret: &[u8]) -> Result<(EncodingKey, DecodingKey), KeyError> {
    install();
    if secret.len() < HS256_SECRET_BYTES_MIN {
        return Err(KeyError::SecretTooShort { bytes: secret.len() });
    }
    Ok((EncodingKey::from_secret(secret), DecodingKey::from_secret(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_secret_is_refused() {
        let short = SigningKey::from_record(&SigningKeyRecord::hs256(&[7; 31], 0));
        assert_eq!(short.unwrap_err(), KeyError::SecretTooShort { bytes: 31 });
        assert!(SigningKey::from_record(&SigningKeyRecord::hs256(&[7; 32], 0)).is_ok());
    }

    #[test]
    fn the_youngest_key_signs() {
        let (old, young) = (SigningKeyRecord::ed25519([1; 32], 10), SigningKeyRecord::ed25519([2; 32], 20));
        let ring = KeyRing::from_records(&[young.clone(), old]).unwrap();
        assert_eq!(ring.signing().unwrap().kid(), young.kid);
    }

    #[test]
    fn the_name_of_a_key_is_not_its_secret() {
        let record = SigningKeyRecord::hs256(b"correct horse battery staple, as they say", 0);
        let shown = format!("{record:?} {:?}", SigningKey::from_record(&record).unwrap());
        assert!(!shown.contains("horse") && shown.contains(&record.kid), "{shown}");
        assert_ne!(record.kid, SigningKeyRecord::hs256(&[0; 40], 0).kid);
    }
}
