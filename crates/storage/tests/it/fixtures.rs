//! Files of earlier versions, as they were left by a process that was killed: this version reads them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_journal::{Disk, RealDisk};
use latchkey_keyspace::value::list::End;
use latchkey_keyspace::value::{Json, Text, json};
use latchkey_keyspace::{Keyspace, Str};
use latchkey_storage::{Durability, Storage};

use crate::world::{Awake, Contents, NOW, Step, id, look, settings};

/// One of each type, and what a snapshot, a promised tail, another one and the log hold.
fn fill(keyspace: &mut Keyspace) {
    let mut edit = keyspace.edit(NOW);
    edit.put_with(b"text", Text::from(&b"value"[..]), Some(1_900_000_000_000));
    edit.put(b"int", Text::from(&b"-42"[..]));
    edit.put(b"long", Text::from(&[b'x'; 3000][..]));
    edit.list_or_new(b"list").unwrap().push(End::Back, vec![Str::from(&b"a"[..]), Str::from(&b"b"[..])]);
    let mut hash = edit.hash_or_new(b"hash").unwrap();
    hash.put(b"field", b"value", Some(1_900_000_000_001));
    hash.put(b"other", &[0, 255, 10], None);
    drop(hash);
    edit.set_or_new(b"set").unwrap().add([1, 2, 3].iter().map(|member: &u8| Str::from(&[*member][..])));
    edit.set_or_new(b"ints").unwrap().add(["7", "8"].iter().map(|member| Str::from(member.as_bytes())));
    let mut sorted = edit.sorted_set_or_new(b"sorted").unwrap();
    sorted.put(b"one", 1.5);
    sorted.put(b"low", f64::NEG_INFINITY);
    drop(sorted);
    let document = br#"{"a":[1,2.5,"x",null,true],"b":{}}"#;
    edit.put(b"json", Json::new(json::parse(document).unwrap()));
    let mut stream = edit.stream_or_new(b"stream").unwrap();
    stream.put_group(b"group", latchkey_keyspace::value::stream::Id::default(), Some(0));
    stream.put_consumer(b"group", b"consumer", 5, None);
}

fn step(awake: &mut Awake, change: impl FnOnce(&mut Keyspace)) {
    change(&mut awake.keyspace);
    let record = awake.keyspace.take_record();
    awake.keyspace.begin_record();
    awake.shelf.append(record.bytes());
}

/// Database 1 has a snapshot, a tail and steps in the log; 2 has a tail that is not promised; 3 is in the log alone.
fn live(disk: Arc<dyn Disk>) -> Vec<(u8, Contents)> {
    let (storage, _) = Storage::open(disk, settings(1), |error| panic!("{error}")).unwrap();
    let wake = |name, durability| Awake::wake(&storage, name, durability).unwrap();
    let mut one = wake(1, Durability::Always);
    step(&mut one, fill);
    storage.compact(id(1), 1_700_000_000_000).unwrap().unwrap();
    one.step(&Step::Put(1, 50));
    one.shelf.sleep().unwrap();
    let mut one = wake(1, Durability::Always);
    one.step(&Step::Remove(1));
    one.step(&Step::Put(2, 20));
    let mut two = wake(2, Durability::None);
    step(&mut two, fill);
    let mut three = wake(3, Durability::EverySecond);
    three.step(&Step::Put(3, 30));
    let contents = vec![(1, one.contents()), (2, two.contents()), (3, three.contents())];
    two.shelf.sleep().unwrap();
    storage.journal().hurry();
    storage.journal().wait_blocking(storage.journal().last()).unwrap();
    contents
}

fn as_text(contents: &[(u8, Contents)]) -> String {
    let mut text = String::new();
    for (name, contents) in contents {
        for (key, (expires_at_ms, kind, value)) in contents {
            let key = String::from_utf8_lossy(key);
            writeln!(text, "{name} {key} {expires_at_ms:?} {} {}", kind.name(), hexadecimal(value)).unwrap();
        }
    }
    text
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn copy(source: &Path, target: &Path) {
    fs::create_dir_all(target).unwrap();
    for entry in fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        let target = target.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            _ = fs::copy(entry.path(), target).unwrap()
        }
    }
}

#[test]
fn files_of_every_version_are_read() {
    let mut versions = 0;
    for entry in fs::read_dir(fixtures()).unwrap() {
        let version = entry.unwrap().path();
        let directory = tempfile::tempdir().unwrap();
        copy(&version.join("data"), directory.path());
        // Empty directories are not kept with the source.
        fs::create_dir_all(directory.path().join("deleted")).unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(directory.path()).unwrap());
        let (storage, recovered) = Storage::open(disk, settings(9), |error| panic!("{error}")).unwrap();
        assert_eq!((recovered.damaged, recovered.databases), (vec![], 2));
        let contents: Vec<_> = (1..4).map(|name| (name, look(&storage, name))).collect();
        let expected = fs::read_to_string(version.join("contents.txt")).unwrap();
        assert_eq!(as_text(&contents), expected, "{}", version.display());
        versions += 1;
    }
    assert!(versions > 0);
}

/// Not a test: writes the files of this version, for a new version of the format.
#[test]
#[ignore = "writes files beside the source"]
fn write_the_files_of_this_version() {
    let version = fixtures().join("v1");
    let _ = fs::remove_dir_all(version.join("data"));
    fs::create_dir_all(version.join("data")).unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(version.join("data")).unwrap());
    fs::write(version.join("contents.txt"), as_text(&live(disk))).unwrap();
}
