//! Paths into JSON documents, in every command that takes one.

use bytes::Bytes;
use latchkey_commands::{Call, Facts};
use latchkey_engine::{Database, Limits};
use latchkey_keyspace::Now;
use latchkey_protocol::Words;

use crate::heap;

const DOCUMENT: &str =
    r#"{"a":[1,2.5,-3,{"b":"text","c":null}],"b":{"a":{"a":[[],{}]},"":true},"n":9007199254740993}"#;

/// Each command with what stands before and after its path.
const COMMANDS: [(&[&str], &[&str]); 8] = [
    (&["JSON.GET", "k"], &[]),
    (&["JSON.TYPE", "k"], &[]),
    (&["JSON.ARRAPPEND", "k"], &["1"]),
    (&["JSON.NUMINCRBY", "k"], &["1"]),
    (&["JSON.SET", "k"], &[r#"{"x":[]}"#]),
    (&["JSON.MERGE", "k"], &[r#"{"a":null,"y":1}"#]),
    (&["JSON.CLEAR", "k"], &[]),
    (&["JSON.DEL", "k"], &[]),
];

/// Every match may be replied, and there are at most as many as there are nodes for each part of the path.
const HEAP_BYTES_MAX: usize = 16 << 20;

pub(crate) fn run(path: &[u8]) {
    let limits = Limits { stored_bytes_max: Some(1 << 20), record_bytes_max: 1 << 18, ..Limits::NONE };
    heap::within(HEAP_BYTES_MAX, || {
        let mut database = Database::new(7, limits, Facts::default());
        for (before, after) in COMMANDS {
            run_words(&mut database, ["JSON.SET", "k", "$", DOCUMENT].map(Bytes::from).into_iter().collect());
            let path = Bytes::copy_from_slice(path);
            let word = |word: &&'static str| Bytes::from_static(word.as_bytes());
            let words = before.iter().map(word).chain([path]).chain(after.iter().map(word));
            run_words(&mut database, words.collect());
        }
    });
}

fn run_words(database: &mut Database, words: Words) {
    let call = Call::resolve(words).expect("a command with the right number of words");
    database.run(&call, Now::from_ms(1_767_323_045_678));
    assert_eq!(database.keyspace().bytes(), database.keyspace().recount_bytes(), "after {:?}", call.words());
}
