//! Programs in Lua, as scripts and as libraries: they end, within their memory.

use latchkey_protocol::{Reply, Words};
use latchkey_script::{Budget, Called, Input, Scripts};

use crate::heap;

/// Small, so that a script which uses all of it ends soon.
const BUDGET: Budget = Budget { steps: 300_000, memory_bytes: 4 << 20, time_us: 1_000_000 };

/// What is ours of a run, besides what the interpreter counts itself: replies and errors, and copies of them.
const HEAP_BYTES_MAX: usize = 32 << 20;

pub(crate) fn run(text: &[u8]) {
    heap::within(HEAP_BYTES_MAX, || {
        let mut scripts = Scripts::new(BUDGET, None);
        let input = Input { keys: &["k".into()], arguments: &["a".into(), "1".into()], seed: 1 };
        if let Ok(source) = scripts.load(text) {
            let _whatever_it_answers = scripts.run(&source, &input, &mut answer);
        }
        if let Ok(library) = scripts.load_library(text) {
            scripts.drop_library(&library);
        }
        // Nothing that it did may keep others from running.
        let source = scripts.load(b"return 'fine'").expect("it compiles");
        assert_eq!(scripts.run(&source, &input, &mut answer), Ok(Reply::bulk("fine")));
    });
}

/// Answers every command with its words, and those of one word with something that has other types.
fn answer(words: Words) -> Called {
    let mut reply = Reply::Array(words.as_slice().iter().map(Reply::bulk).collect());
    if words.len() == 1 {
        reply = Reply::Map(vec![
            (Reply::OK, Reply::Double(1.5)),
            (Reply::Bool(true), Reply::Set(vec![Reply::Null])),
        ]);
    }
    Called { reply, steps: 10 }
}
