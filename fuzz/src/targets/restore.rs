//! Payloads of RESTORE: what is accepted is a value that can be written and read again, within its memory.

use latchkey_keyspace::{Keyspace, Kind, Now, Value};
use latchkey_rdb::{dump, restore};

use crate::heap;
use crate::targets::sum;

const NOW: Now = Now::from_ms(1_767_323_045_678);
const SEED: u64 = 7;

/// The most stored bytes of the value.
const VALUE_BYTES_MAX: u64 = 256 * 1024;

/// What a payload of this length may take. Compression makes up to 88 bytes out of one, and an element of two bytes has a
/// handle and a place in a map or tree, while it is read next to the string that it is made from. The canonical form and
/// the payload of the value come on top. A string's announced length is believed up to 64 KiB.
fn heap_bytes_max(body_bytes: usize) -> usize {
    (256 << 10) + (2048 * body_bytes).min(16 * VALUE_BYTES_MAX as usize)
}

/// The body of a payload. Version and checksum are put behind it, or nothing would come past them.
pub(crate) fn run(body: &[u8]) {
    let payload = seal(body);
    heap::within(heap_bytes_max(body.len()), || {
        let Ok(value) = restore(&payload, SEED, VALUE_BYTES_MAX) else { return };
        let form = canonical(&value);
        let again = restore(&dump(&value, Now::BEFORE_ALL), SEED, u64::MAX).expect("we wrote it");
        assert_eq!(canonical(&again), form, "{value:?}");
        assert_eq!(again.bytes(), value.bytes(), "{value:?}");
        dump(&value, NOW);
    });
}

fn seal(body: &[u8]) -> Vec<u8> {
    let mut payload = body.to_vec();
    payload.extend(latchkey_rdb::VERSION_MAX.to_le_bytes());
    let sum = sum::crc64(&payload);
    payload.extend(sum.to_le_bytes());
    payload
}

/// What a value holds, whatever its encoding: put in a keyspace, which knows.
fn canonical(value: &Value) -> (Kind, Vec<u8>) {
    let mut space = Keyspace::new(SEED);
    space.edit(Now::BEFORE_ALL).put_until(b"k", value.clone(), None);
    assert_eq!(space.bytes(), space.recount_bytes());
    let (_, (_, kind, form)) = space.canonical().pop_first().expect("the key");
    (kind, form)
}
