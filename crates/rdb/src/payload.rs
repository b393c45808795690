//! The payloads of DUMP and RESTORE, and of FUNCTION DUMP and FUNCTION RESTORE: the kind of a value, the value, two bytes
//! of version, eight of checksum. Instead of one value, the latter have any number of function libraries.

use latchkey_keyspace::{Now, Value};

use crate::error::{Error, Result};
use crate::input::Input;
use crate::{VERSION_MAX, VERSION_PLAIN, crc64, kind, output, value};

/// Version and checksum.
const FOOT_BYTES: usize = 2 + 8;

/// No value that Redis wrote takes more stored bytes than so many times those of its payload: compressed strings expand
/// to 88 times, and the shortest element of a collection, which has two bytes, counts 18.
const EXPANSION_MAX: u64 = 1024;

/// A value's payload, with a version that is as low as it can be. Hash fields that are past their deadline are left out.
pub fn dump(value: &Value, now: Now) -> Vec<u8> {
    let mut payload = vec![value::kind_of(value, now)];
    value::write(&mut payload, value, now);
    with_foot(payload, value::version_of(value, now))
}

/// The payload of function libraries, of which these are the sources.
pub fn dump_libraries<'l>(sources: impl Iterator<Item = &'l [u8]>) -> Vec<u8> {
    let mut payload = Vec::new();
    for source in sources {
        payload.push(kind::LIBRARY);
        output::string(&mut payload, source);
    }
    with_foot(payload, VERSION_PLAIN)
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

/// The sources of the libraries of a payload that [`dump_libraries`] made, or Redis; together no longer than
/// `bytes_max`.
pub fn restore_libraries(payload: &[u8], bytes_max: u64) -> Result<Vec<Vec<u8>>> {
    let mut body = check_foot(payload)?;
    let (mut sources, mut bytes_left) = (Vec::new(), bytes_max);
    while !body.is_empty() {
        let mut input = Input::new(&mut body, bytes_left);
        if input.byte()? != kind::LIBRARY {
            return Err(Error::NotALibrary);
        }
        let source = input.string()?;
        bytes_left = bytes_left.checked_sub(source.len() as u64).ok_or(Error::TooLong)?;
        sources.push(source);
    }
    Ok(sources)
}

fn with_foot(mut payload: Vec<u8>, version: u16) -> Vec<u8> {
    payload.extend(version.to_le_bytes());
    payload.extend(crc64::update(0, &payload).to_le_bytes());
    payload
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

#[cfg(test)]
mod tests {
    use super::*;

    fn dumped(sources: &[&[u8]]) -> Vec<u8> {
        dump_libraries(sources.iter().copied())
    }

    #[test]
    fn libraries_come_back_in_order() {
        let long = vec![b'x'; 100];
        let payload = dumped(&[b"one", &long]);
        assert_eq!(payload[..7], [0xf5, 3, b'o', b'n', b'e', 0xf5, 0x40]);
        assert_eq!(restore_libraries(&payload, 103).expect("what was dumped"), [b"one".to_vec(), long]);
        assert!(matches!(restore_libraries(&payload, 102), Err(Error::TooLong)));
        assert_eq!(restore_libraries(&dumped(&[]), 0).expect("nothing"), Vec::<Vec<u8>>::new());
    }

    /// As Redis 7.0 dumped it: compressed.
    #[test]
    fn libraries_that_redis_dumped_are_read() {
        let payload = b"\xf5\xc3@C@i\x1f#!lua name=a\nredis.register_func\x06tion('a\xe0\x1e\x00\x02', \xe0\x004\x0e) return \
                        1 end)\n\x00t\xb2I\x11\xdc\x07\xc7\x9d";
        let name = "a".repeat(40);
        let source = format!("#!lua name=a\nredis.register_function('{name}', function() return 1 end)");
        assert_eq!(restore_libraries(payload, 1000).expect("Redis's"), [source.into_bytes()]);
    }

    #[test]
    fn what_is_no_library_is_refused() {
        let mut payload = dumped(&[b"one"]);
        payload[1] = 2;
        assert!(matches!(restore_libraries(&payload, 100), Err(Error::Untrusted)));
        let cut = with_foot(vec![kind::LIBRARY, 9, b'x'], VERSION_PLAIN);
        assert!(matches!(restore_libraries(&cut, 100), Err(Error::Malformed { .. })));
        let value = with_foot(vec![0, 1, b'x'], VERSION_PLAIN);
        assert!(matches!(restore_libraries(&value, 100), Err(Error::NotALibrary)));
    }
}
