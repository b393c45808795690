//! Steps inside steps: each can be kept or taken back.

use latchkey_keyspace::value::Text;
use latchkey_keyspace::{Keyspace, Now, Record};

const NOW: Now = Now::from_ms(1_000_000);

fn put(keyspace: &mut Keyspace, key: &str) {
    keyspace.edit(NOW).put(key.as_bytes(), Text::from(key.as_bytes()));
}

fn keys(keyspace: &Keyspace) -> Vec<String> {
    keyspace.canonical().into_keys().map(|key| String::from_utf8(key).expect("ASCII")).collect()
}

#[test]
fn an_inner_step_is_taken_back_alone() {
    let mut keyspace = Keyspace::new(7);
    let outer = keyspace.save();
    put(&mut keyspace, "a");
    let inner = keyspace.save();
    put(&mut keyspace, "b");
    keyspace.edit(NOW).remove(b"a");
    keyspace.roll_back(inner);
    assert_eq!(keys(&keyspace), ["a"]);
    put(&mut keyspace, "c");
    keyspace.roll_back(outer);
    assert_eq!(keys(&keyspace), [""; 0]);
    assert_eq!(keyspace.bytes(), 0);
}

#[test]
fn what_an_inner_step_kept_goes_with_the_outer_one() {
    let mut keyspace = Keyspace::new(7);
    put(&mut keyspace, "a");
    let outer = keyspace.save();
    let inner = keyspace.save();
    keyspace.edit(NOW).clear();
    put(&mut keyspace, "b");
    keyspace.release(inner);
    assert_eq!(keys(&keyspace), ["b"]);
    keyspace.roll_back(outer);
    assert_eq!(keys(&keyspace), ["a"]);
}

#[test]
fn after_the_outermost_step_nothing_is_taken_back() {
    let mut keyspace = Keyspace::new(7);
    let first = keyspace.save();
    put(&mut keyspace, "a");
    keyspace.release(first);
    let second = keyspace.save();
    put(&mut keyspace, "b");
    keyspace.roll_back(second);
    assert_eq!(keys(&keyspace), ["a"]);
}

fn replayed(keyspace: &mut Keyspace) -> Keyspace {
    let mut replayed = Keyspace::new(8);
    replayed.replay(keyspace.take_record().bytes()).expect("what was recorded");
    replayed
}

/// Nothing of a step that was taken back is in the record, however deep it lies.
#[test]
fn a_record_has_only_what_stays() {
    let mut keyspace = Keyspace::new(7);
    keyspace.begin_record();
    put(&mut keyspace, "a");
    let outer = keyspace.save();
    put(&mut keyspace, "b");
    let inner = keyspace.save();
    keyspace.edit(NOW).rename(b"a", b"b");
    let innermost = keyspace.save();
    keyspace.edit(NOW).clear();
    keyspace.release(innermost);
    keyspace.roll_back(inner);
    put(&mut keyspace, "c");
    keyspace.release(outer);
    assert_eq!(keyspace.record().map(Record::effects), Some(3));
    let replayed = replayed(&mut keyspace);
    assert_eq!(replayed.canonical(), keyspace.canonical());
    assert_eq!(keys(&replayed), ["a", "b", "c"]);
}

/// It has the way back then, as the state that it begins with is the one before it.
#[test]
fn a_record_begun_within_a_step_that_is_taken_back_stays_true() {
    let mut keyspace = Keyspace::new(7);
    keyspace.begin_record();
    let start = keyspace.save();
    put(&mut keyspace, "a");
    let mut copy = replayed(&mut keyspace);
    keyspace.begin_record();
    put(&mut keyspace, "b");
    keyspace.roll_back(start);
    copy.replay(keyspace.take_record().bytes()).expect("what was recorded");
    assert_eq!(keys(&copy), [""; 0]);
    assert_eq!(copy.canonical(), keyspace.canonical());
}

#[test]
fn without_a_record_nothing_is_recorded() {
    let mut keyspace = Keyspace::new(7);
    let start = keyspace.save();
    put(&mut keyspace, "a");
    keyspace.roll_back(start);
    assert!(keyspace.record().is_none());
    assert!(keyspace.take_record().is_empty());
}
