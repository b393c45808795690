//! Entries and effects in bytes, as snapshots and logs hold them: whatever they are, the account stays right, and all can
//! be taken back.

use latchkey_keyspace::Keyspace;
use latchkey_keyspace::codec::{EncodedEntries, encode_entry, encode_library, touched};

use crate::heap;
use crate::input::Input;
use crate::targets::same::check_alike;

const SEED: u64 = 7;

/// Larger strings are long, not interesting.
const OFFSET_MAX: u64 = 1 << 16;

/// Two bytes say how much of the rest is a snapshot; what follows it are effects.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let snapshot_bytes = usize::from(u16::from_le_bytes([input.byte(), input.byte()]));
    let (snapshot, effects) = (input.piece(snapshot_bytes), input.rest());
    if !is_light(effects) {
        return;
    }
    // An element has a byte at least, and at most the place in a map or tree that its first one needs; every effect may
    // make a string as long as it may be far away.
    let heap_bytes_max = (1 << 20) + bytes.len() * 1024 + effects.len() / 4 * OFFSET_MAX as usize;
    heap::within(heap_bytes_max, || {
        let mut space = Keyspace::new(SEED);
        load(&mut space, snapshot);
        check_account(&space);
        let before = space.canonical();
        let start = space.save();
        let _whether_all_fit = space.replay(effects);
        check_account(&space);
        check_snapshot(&space);
        space.roll_back(start);
        check_account(&space);
        assert_eq!(space.canonical(), before, "taken back");
        let _whether_it_is_one = touched(effects, |_| ());
    });
}

/// Loads what is sound at the front.
fn load(space: &mut Keyspace, snapshot: &[u8]) {
    for entry in EncodedEntries::new(snapshot) {
        if entry.and_then(|entry| space.load(&entry)).is_err() {
            break;
        }
    }
}

fn check_account(space: &Keyspace) {
    assert_eq!(space.bytes(), space.recount_bytes());
}

/// What is there is what comes back from its own bytes.
fn check_snapshot(space: &Keyspace) {
    let mut bytes = Vec::new();
    for (name, library) in space.libraries().iter() {
        encode_library(&mut bytes, name, library.code());
    }
    for (_, key, entry) in space.in_hash_order() {
        encode_entry(&mut bytes, key, entry.expires_at_ms(), entry.value());
    }
    let mut loaded = Keyspace::new(SEED + 1);
    for entry in EncodedEntries::new(&bytes) {
        entry.and_then(|entry| loaded.load(&entry)).expect("we wrote it");
    }
    check_alike(&loaded, space, || "its own bytes".to_owned());
}

/// Whether no effect writes far behind a string's end: a short effect with a long result, which is allowed.
fn is_light(mut effects: &[u8]) -> bool {
    /// The number of that effect.
    const TEXT_WRITE: u8 = 16;
    while let Some(mut effect) = number(&mut effects).and_then(|length| take(&mut effects, length)) {
        let offset = match effect.split_off_first() {
            Some(&TEXT_WRITE) => number(&mut effect)
                .and_then(|length| take(&mut effect, length))
                .and_then(|_| number(&mut effect)),
            _ => None,
        };
        if offset.is_some_and(|offset| offset > OFFSET_MAX) {
            return false;
        }
    }
    true
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    bytes.split_off(..usize::try_from(length).ok()?)
}

/// Seven bits of a byte, the lowest first; the eighth says that more follow.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
