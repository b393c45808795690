//! Steps inside steps: each can be kept or taken back.

use latchkey_keyspace::value::Text;
use latchkey_keyspace::{Keyspace, Now};

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

/// The record stays true: it has the way there and the way back.
#[test]
fn a_record_replays_to_the_same_state() {
    let mut keyspace = Keyspace::new(7);
    keyspace.begin_record();
    put(&mut keyspace, "a");
    let outer = keyspace.save();
    put(&mut keyspace, "b");
    let inner = keyspace.save();
    keyspace.edit(NOW).rename(b"a", b"b");
    keyspace.roll_back(inner);
    keyspace.release(outer);
    let mut replayed = Keyspace::new(8);
    keyspace.take_record().into_iter().for_each(|effect| replayed.edit(Now::BEFORE_ALL).apply(effect));
    assert_eq!(replayed.canonical(), keyspace.canonical());
    assert_eq!(keys(&replayed), ["a", "b"]);
}
