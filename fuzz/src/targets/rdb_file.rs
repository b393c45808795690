//! Whole RDB files: what is loaded can be written and loaded again, within its memory.

use std::collections::BTreeMap;

use latchkey_keyspace::{Keyspace, Kind, Now};
use latchkey_rdb::{Error, JsonAs, Loaded, Reader, load, write};

use crate::heap;

const SEED: u64 = 7;

/// The most stored bytes of each value.
const VALUE_BYTES_MAX: u64 = 64 * 1024;

/// A file without its last part, which is put behind it: the end, and zeroes for a checksum that nobody made.
pub(crate) fn run(bytes: &[u8]) {
    let file = [bytes, b"\xff", &[0; 8]].concat();
    // Each value is bounded; that there are many takes a byte or two for each.
    let heap_bytes_max = 16 * VALUE_BYTES_MAX as usize * (1 + bytes.len() / 32);
    heap::within(heap_bytes_max, || {
        let mut space = Keyspace::new(SEED);
        let loaded = read(&file, &mut space, VALUE_BYTES_MAX);
        assert_eq!(space.bytes(), space.recount_bytes());
        if let Ok(loaded) = loaded {
            check_again(&space, &loaded);
        }
    });
}

fn check_again(space: &Keyspace, loaded: &Loaded) {
    let mut file = Vec::new();
    let libraries = loaded.libraries.iter().map(Vec::as_slice);
    write(&mut file, space.view(Now::BEFORE_ALL), libraries, JsonAs::Module).expect("memory takes it");
    let mut again = Keyspace::new(SEED + 1);
    let loaded_again = read(&file, &mut again, u64::MAX).expect("we wrote it");
    assert_eq!(canonical(&again), canonical(space));
    assert_eq!(again.bytes(), space.bytes());
    assert_eq!(loaded_again.libraries, loaded.libraries);
}

fn read(mut file: &[u8], space: &mut Keyspace, value_bytes_max: u64) -> Result<Loaded, Error> {
    load(&mut Reader::new(&mut file, SEED, value_bytes_max)?, 0, &mut space.edit(Now::BEFORE_ALL))
}

fn canonical(space: &Keyspace) -> BTreeMap<Vec<u8>, (Option<i64>, Kind, Vec<u8>)> {
    space.canonical()
}
