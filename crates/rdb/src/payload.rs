//! The payloads of DUMP and RESTORE: the kind of a value, the value, two bytes of version, eight of checksum.

use latchkey_keyspace::{Now, Value};

use crate::error::{Error, Result};
use crate::input::Input;
use crate::{VERSION_MAX, crc64, value};

/// Version and checksum.
const FOOT_BYTES: usize = 2 + 8;

/// No value that Redis wrote takes more stored bytes than so many times those of its payload: compressed strings expand
/// to 88 times, and the shortest element of a collection, which has two bytes, counts 18.
const EXPANSION_MAX: u64 = 1024;

/// A value's payload, with a version that is as low as it can be. Hash fields that are past their deadline are left out.
pub fn dump(value: &Value, now: Now) -> Vec<u8> {
    let mut payload = vec![value::kind_of(value, now)];
    value::write(&mut payload, value, now);
    payload.extend(value::version_of(value, now).to_le_bytes());
    payload.extend(crc64::update(0, &payload).to_le_bytes());
    payload
}

/// The value of a payload that [`dump`] made, or Redis. `seed` is that of the keyspace that it is for; `value_bytes_max`
/// limits its stored bytes, by and large: what is a little longer may pass.
///
/// Memory stays in proportion to the payload whatever it claims. As in Redis, bytes behind the value are ignored.
pub fn restore(payload: &[u8], seed: u64, value_bytes_max: u64) -> Result<Value> {
    let mut body = check_foot(payload)?;
    let value_bytes_max = value_bytes_max.min(EXPANSION_MAX.saturating_mul(payload.len() as u64));
    let mut input = Input::new(&mut body, value_bytes_max);
    let kind = input.byte()?;
    match value::read(&mut input, kind, seed)? {
        value::Read::Value(value) => Ok(value),
        value::Read::OfModule(_) => Err(input.flaw("a value of an unknown module")),
    }
}

/// The payload without its foot, if that is right.
fn check_foot(payload: &[u8]) -> Result<&[u8]> {
    let length = payload.len().checked_sub(FOOT_BYTES).ok_or(Error::Untrusted)?;
    let (body, foot) = payload.split_at(length);
    let (&version, sum) = foot.split_first_chunk().ok_or(Error::Untrusted)?;
    let expected = crc64::update(0, &payload[..length + 2]).to_le_bytes();
    if u16::from_le_bytes(version) > VERSION_MAX || sum != expected {
        return Err(Error::Untrusted);
    }
    Ok(body)
}
