//! Tokens that hold, and every way in which they don't.

use super::*;
use crate::store::SigningKeyRecord;

const NOW_MS: u64 = 1_800_000_000_000;
const NOW_S: u64 = NOW_MS / 1_000;

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        jti: TokenId::from_bytes([3; 16]),
        db: DatabaseId::from_bytes([4; 16]),
        grant: Grant::ReadOnly,
        quota: Some(1_000),
        iat: NOW_S,
        nbf: None,
        exp: Some(NOW_S + 60),
        epoch: 2,
    }
}

fn ed25519() -> SigningKeyRecord {
    SigningKeyRecord::ed25519([9; 32], 1)
}

fn ring(records: &[SigningKeyRecord]) -> KeyRing {
    KeyRing::from_records(records).unwrap()
}

fn minted(record: &SigningKeyRecord, claims: &Claims) -> String {
    mint(&SigningKey::from_record(record).unwrap(), claims).unwrap()
}

/// A token with any header, signed (if at all) with HMAC under `secret`.
fn forged(header: &Header, claims: &impl Serialize, secret: &[u8]) -> String {
    crate::install();
    jsonwebtoken::encode(header, claims, &jsonwebtoken::EncodingKey::from_secret(secret)).unwrap()
}

#[test]
fn what_is_minted_is_verified_under_both_algorithms() {
    for record in [ed25519(), SigningKeyRecord::hs256(&[5; 32], 1)] {
        let token = minted(&record, &claims());
        assert_eq!(verify(token.as_bytes(), &ring(&[record]), NOW_MS), Ok(claims()));
    }
}

#[test]
fn times_have_no_leeway() {
    let dated = Claims { nbf: Some(NOW_S), ..claims() };
    let (token, keys) = (minted(&ed25519(), &dated), ring(&[ed25519()]));
    let at = |now_ms| verify(token.as_bytes(), &keys, now_ms).map(|_| ());
    assert_eq!(at(NOW_MS - 1), Err(TokenError::NotYetValid));
    assert_eq!(at(NOW_MS), Ok(()));
    assert_eq!(at(NOW_MS + 59_999), Ok(()));
    assert_eq!(at(NOW_MS + 60_000), Err(TokenError::Expired));
}

#[test]
fn another_key_of_the_same_name_is_refused() {
    let impostor = SigningKeyRecord { kid: ed25519().kid, ..SigningKeyRecord::ed25519([8; 32], 1) };
    let token = minted(&impostor, &claims());
    assert_eq!(verify(token.as_bytes(), &ring(&[ed25519()]), NOW_MS), Err(TokenError::BadSignature));
}

#[test]
fn every_changed_byte_is_refused() {
    let (token, keys) = (minted(&ed25519(), &claims()), ring(&[ed25519()]));
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(verify(&changed, &keys, NOW_MS).is_err(), "byte {at}");
    }
}

/// The classic confusion: the public key, which is public, used as an HMAC secret.
#[test]
fn the_algorithm_is_the_keys_not_the_headers() {
    let record = ed25519();
    let header = Header { kid: Some(record.kid.clone()), ..Header::new(jsonwebtoken::Algorithm::HS256) };
    let public =
        ring(std::slice::from_ref(&record)).signing().unwrap().decoding.try_get_as_bytes().unwrap().to_vec();
    let token = forged(&header, &claims(), &public);
    assert_eq!(verify(token.as_bytes(), &ring(&[record]), NOW_MS), Err(TokenError::WrongAlgorithm));
}

#[test]
fn no_algorithm_is_no_token() {
    let token = minted(&ed25519(), &claims());
    let payload = token.split('.').nth(1).unwrap();
    // {"alg":"none","kid":"x"}
    for unsigned in [
        format!("eyJhbGciOiJub25lIiwia2lkIjoieCJ9.{payload}."),
        format!("eyJhbGciOiJub25lIiwia2lkIjoieCJ9.{payload}"),
    ] {
        assert_eq!(verify(unsigned.as_bytes(), &ring(&[ed25519()]), NOW_MS), Err(TokenError::Malformed));
    }
}

#[test]
fn a_key_must_be_named_and_known() {
    let keys = ring(&[SigningKeyRecord::hs256(&[5; 32], 1)]);
    let nameless = forged(&Header::new(jsonwebtoken::Algorithm::HS256), &claims(), &[5; 32]);
    assert_eq!(verify(nameless.as_bytes(), &keys, NOW_MS), Err(TokenError::UnknownKey));
    let foreign = minted(&ed25519(), &claims());
    assert_eq!(verify(foreign.as_bytes(), &keys, NOW_MS), Err(TokenError::UnknownKey));
}

#[test]
fn claims_we_did_not_write_are_refused_even_when_signed() {
    let record = SigningKeyRecord::hs256(&[5; 32], 1);
    let header = Header { kid: Some(record.kid.clone()), ..Header::new(jsonwebtoken::Algorithm::HS256) };
    let mut restricted = serde_json::to_value(claims()).unwrap();
    restricted["prefix"] = "ci:*".into();
    let mut foreign = serde_json::to_value(claims()).unwrap();
    foreign["iss"] = "somebody".into();
    for claims in [restricted, foreign] {
        let token = forged(&header, &claims, &[5; 32]);
        let verdict = verify(token.as_bytes(), &ring(std::slice::from_ref(&record)), NOW_MS);
        assert_eq!(verdict, Err(TokenError::Malformed));
    }
}

#[test]
fn a_critical_extension_is_refused() {
    let record = SigningKeyRecord::hs256(&[5; 32], 1);
    let header = Header {
        kid: Some(record.kid.clone()),
        crit: Some(vec!["b64".into()]),
        ..Header::new(jsonwebtoken::Algorithm::HS256)
    };
    let token = forged(&header, &claims(), &[5; 32]);
    assert_eq!(verify(token.as_bytes(), &ring(&[record]), NOW_MS), Err(TokenError::Malformed));
}

#[test]
fn rubbish_is_refused_before_any_cryptography() {
    let keys = KeyRing::default();
    for rubbish in ["", ".", "..", "...", "a.b.c", "eyJ.eyJ.eyJ"] {
        assert_eq!(verify(rubbish.as_bytes(), &keys, NOW_MS), Err(TokenError::Malformed), "{rubbish}");
    }
    assert_eq!(verify(&[b'a'; TOKEN_BYTES_MAX + 1], &keys, NOW_MS), Err(TokenError::TooLong));
}

#[test]
fn inspection_reads_what_it_does_not_believe() {
    let token = minted(&ed25519(), &claims());
    let read = inspect(token.as_bytes(), &KeyRing::default(), NOW_MS).unwrap();
    assert_eq!((read.claims, read.kid), (claims(), Some(ed25519().kid)));
    assert_eq!(read.verdict, Err(TokenError::UnknownKey));
    assert_eq!(inspect(token.as_bytes(), &ring(&[ed25519()]), NOW_MS).unwrap().verdict, Ok(()));
}

#[test]
fn an_opaque_secret_has_no_space_and_never_looks_signed() {
    let secret = opaque_secret([0xa5; 32]);
    assert_eq!(secret.len(), 55);
    assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    assert_ne!(secret, opaque_secret([0xa4; 32]));
}
