//! Files without a server: those that we write, and what no server of today writes.

use fastrand::Rng;
use latchkey_keyspace::value::{Array, Hash, Json, Text, json};
use latchkey_keyspace::{Keyspace, Now, Str, Value};
use proptest::prelude::*;

use super::{JsonAs, Loaded, Reader, load, write};
use crate::tests::{NO_LIMIT, NOW, SEED, any_value};
use crate::{Error, crc64};

fn written(space: &Keyspace, libraries: &[&[u8]], json: JsonAs) -> Vec<u8> {
    let mut out = Vec::new();
    let libraries = libraries.iter().copied();
    write(&mut out, space.view(NOW), libraries, json).expect("memory takes it");
    out
}

fn read(mut file: &[u8], space: &mut Keyspace) -> Result<Loaded, Error> {
    load(&mut Reader::new(&mut file, SEED, NO_LIMIT)?, 0, &mut space.edit(NOW))
}

/// A file of this version and these parts, with its end.
fn file(version: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut file = [b"REDIS", version.as_bytes(), &parts.concat(), b"\xff"].concat();
    file.extend(crc64::update(0, &file).to_le_bytes());
    file
}

fn some_keyspace(seed: u64) -> Keyspace {
    let (mut space, mut chance) = (Keyspace::new(SEED), Rng::with_seed(seed));
    let mut edit = space.edit(NOW);
    for key in 0..chance.u8(1..6) {
        let expires_at_ms = chance.bool().then(|| NOW.ms() + chance.i64(1..1 << 40));
        edit.put_until(&[key], any_value(&mut chance), expires_at_ms);
    }
    space
}

#[test]
fn a_keyspace_comes_back() {
    for seed in 0..40 {
        let space = some_keyspace(seed);
        let mut back = Keyspace::new(SEED + 1);
        let loaded =
            read(&written(&space, &[b"one", b"two"], JsonAs::Module), &mut back).expect("it is ours");
        assert_eq!(back.canonical(), space.canonical(), "{seed}");
        assert_eq!(back.bytes(), space.bytes(), "{seed}");
        assert_eq!(loaded.libraries, [b"one", b"two"]);
    }
}

#[test]
fn a_file_has_the_lowest_version_that_says_everything() {
    let mut space = Keyspace::new(SEED);
    space.edit(NOW).put(b"text", Text::from(b"v".as_slice()));
    assert_eq!(written(&space, &[], JsonAs::Module)[..9], *b"REDIS0010");
    let field = (Str::from("f"), Str::from("v"), Some(NOW.ms() + 1));
    space.edit(NOW).put(b"hash", Hash::from_fields([field], SEED));
    assert_eq!(written(&space, &[], JsonAs::Module)[..9], *b"REDIS0012");
    space.edit(NOW).put(b"array", [(0, Str::from("v"))].into_iter().collect::<Array>());
    assert_eq!(written(&space, &[], JsonAs::Module)[..9], *b"REDIS0014");
}

#[test]
fn documents_can_be_written_as_text() {
    let mut space = Keyspace::new(SEED);
    space.edit(NOW).put(b"k", Json::new(json::Node::array(vec![json::Node::int(1)])));
    let mut back = Keyspace::new(SEED);
    read(&written(&space, &[], JsonAs::Text), &mut back).expect("it is ours");
    let Some(Value::Text(text)) = back.view(NOW).value(b"k") else { panic!("a string") };
    text.with(|text| assert_eq!(text, b"[1]"));
}

/// What stands before keys and between them, in all that versions up to 12 have.
#[test]
fn parts_of_every_kind_are_read() {
    let soon = (NOW.ms() + 5).to_le_bytes();
    let gone = (NOW.ms() - 1).to_le_bytes();
    let late = i32::MAX.to_le_bytes();
    let whole = file(
        "0012",
        &[
            b"\xfa\x09redis-ver\x057.4.0",
            b"\xf7\x01\x02\x02\x05\x03abc\x00",
            b"\xf5\x07library",
            b"\xfe\x00\xfb\x05\x01\xf4\x01\x02\x03",
            b"\xf8\x20\x00\x04idle\x01v",
            b"\xf9\x07\x00\x04used\x01v",
            &[b"\xfc", &soon[..], b"\x00\x04soon\x01v"].concat(),
            &[b"\xfc", &gone[..], b"\x00\x04gone\x01v"].concat(),
            &[b"\xfd", &late[..], b"\x00\x04late\x01v"].concat(),
            b"\x07\x06module\x81\x00\x00\x00\x00\x00\x00\x04\x01\x01\x05\x02\x06\x05\x01x\x00",
            b"\xfe\x03\x00\x05other\x01v",
        ],
    );
    let mut space = Keyspace::new(SEED);
    let loaded = read(&whole, &mut space).expect("it is sound");
    let expected = Loaded {
        keys: 4,
        expired: 1,
        elsewhere: 1,
        unknown: vec![(b"module".to_vec(), "AAAAAAAAB/1".to_owned())],
        libraries: vec![b"library".to_vec()],
    };
    assert_eq!(loaded, expected);
    let view = space.view(Now::BEFORE_ALL);
    let deadline = |key: &str| view.peek(key.as_bytes()).and_then(latchkey_keyspace::Entry::expires_at_ms);
    assert_eq!(deadline("idle"), None);
    assert_eq!(deadline("soon"), Some(NOW.ms() + 5));
    assert_eq!(deadline("late"), Some(i64::from(i32::MAX) * 1000));
}

#[test]
fn checksums_are_asked_for_where_there_are_any() {
    let sound = |file: &[u8]| read(file, &mut Keyspace::new(SEED)).is_ok();
    let whole = file("0010", &[b"\x00\x01k\x01v"]);
    let body = &whole[..whole.len() - 8];
    assert!(sound(&whole));
    assert!(sound(&[body, &[0; 8]].concat()), "written without");
    assert!(!sound(&[body, &[1; 8]].concat()));
    assert!(!sound(body));
    assert!(sound(b"REDIS0004\x00\x01k\x01v\xff"), "before there were any");
    for head in ["REDIS0000", "REDIS0015", "REDISxxxx", "VALKEY080", "RED"] {
        assert!(!sound(head.as_bytes()), "{head}");
    }
}

proptest! {
    #[test]
    fn mutated_files_do_no_harm(
        seed in 0..50_u64,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut file = written(&some_keyspace(seed), &[b"library"], JsonAs::Module);
        // No checksum: otherwise every change is found at the end.
        let body = file.len() - 8;
        file[body..].fill(0);
        for (at, byte) in changes {
            let at = at.index(body);
            file[at] = byte;
        }
        drop(read(&file, &mut Keyspace::new(SEED)));
    }
}
