//! Whole databases in files.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};

use fastrand::Rng;
use latchkey_rdb::{JsonAs, Loaded, Reader, load, write};

use super::dump::{Kind, check_same, commands_for, reading};
use super::ours::{self, Ours};
use super::server::Redis;
use super::{Line, chance, line};
use crate::scratch::Scratch;

/// So many keys of each type are in a file.
const KEYS: usize = 3;

const LIBRARY: &str = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";

const VALUE_BYTES_MAX: u64 = 100 * 1024 * 1024;

#[test]
fn redis_begins_with_a_file_of_ours() {
    let mut ours = Ours::new(7);
    let (keys, lines) = some_keys(&mut chance());
    lines.iter().for_each(|line| drop(ours.ask(line)));
    ours.ask(&line("PEXPIREAT text0 9000000000000"));
    ours.ask(&line(r#"JSON.SET document $ {"a":[1,2]}"#));
    let directory = Scratch::new();
    let mut file = BufWriter::new(File::create(directory.path().join("dump.rdb")).expect("a file"));
    let view = ours.keyspace.view(ours::now());
    write(&mut file, view, [LIBRARY.as_bytes()], JsonAs::Text).expect("it is written");
    drop(file);
    let Some(mut redis) = Redis::start_with(directory) else { return };
    for (kind, key) in &keys {
        let expected = reading(*kind, key, |line| ours.ask(line));
        check_same(&reading(*kind, key, |line| redis.ask(line)), &expected, key);
    }
    assert_eq!(redis.ask(&line("DBSIZE")), ours.ask(&line("DBSIZE")));
    assert_eq!(redis.ask(&line("PEXPIRETIME text0")).int(), Some(9_000_000_000_000));
    assert_eq!(redis.ask(&line("GET document")).bytes(), br#"{"a":[1,2]}"#);
    assert_eq!(redis.ask(&line("FCALL f 0")).int(), Some(1));
}

#[test]
fn a_file_of_redis_is_loaded() {
    let Some(mut redis) = Redis::start() else { return };
    let (keys, lines) = some_keys(&mut chance());
    redis.ask_all(&lines);
    redis.ask(&line("PEXPIREAT text0 9000000000000"));
    redis.ask(&[line("FUNCTION LOAD"), vec![LIBRARY.into()]].concat());
    for text in ["SELECT 5", "SET elsewhere 1", "SELECT 0"] {
        redis.ask(&line(text));
    }
    assert!(!redis.ask(&line("SAVE")).is_error());
    let mut ours = Ours::new(7);
    let mut file = BufReader::new(File::open(redis.directory().join("dump.rdb")).expect("it was saved"));
    let mut reader = Reader::new(&mut file, 7, VALUE_BYTES_MAX).expect("the head");
    let loaded = load(&mut reader, 0, &mut ours.keyspace.edit(ours::now())).expect("the whole file");
    let expected = Loaded {
        keys: keys.len() as u64,
        elsewhere: 1,
        libraries: vec![LIBRARY.into()],
        ..Loaded::default()
    };
    assert_eq!(loaded, expected);
    for (kind, key) in &keys {
        let expected = reading(*kind, key, |line| redis.ask(line));
        check_same(&reading(*kind, key, |line| ours.ask(line)), &expected, key);
    }
    assert_eq!(ours.ask(&line("PEXPIRETIME text0")).int(), Some(9_000_000_000_000));
    refuse_damaged(&fs::read(redis.directory().join("dump.rdb")).expect("it was saved"));
}

/// A file that was cut or changed anywhere is not taken for a whole one.
fn refuse_damaged(whole: &[u8]) {
    let is_read = |mut bytes: &[u8]| {
        let mut keyspace = Ours::new(7).keyspace;
        let reader = Reader::new(&mut bytes, 7, VALUE_BYTES_MAX);
        reader.is_ok_and(|mut reader| load(&mut reader, 0, &mut keyspace.edit(ours::now())).is_ok())
    };
    assert!(is_read(whole));
    for part in 0..8 {
        let at = part * whole.len() / 8;
        assert!(!is_read(&whole[..at]), "cut at {at}");
        let mut changed = whole.to_vec();
        changed[at] ^= 0x10;
        assert!(!is_read(&changed), "changed at {at}");
    }
}

/// Keys of every type, and the commands that make them.
fn some_keys(chance: &mut Rng) -> (Vec<(Kind, String)>, Vec<Line>) {
    let (mut keys, mut lines) = (Vec::new(), Vec::new());
    for (kind, number) in Kind::ALL.into_iter().flat_map(|kind| (0..KEYS).map(move |number| (kind, number))) {
        let key = format!("{kind:?}{number}").to_lowercase();
        for mut line in commands_for(kind, chance) {
            let at = line.iter().position(|word| word == b"k").expect("the commands are about k");
            line[at] = key.clone().into_bytes();
            lines.push(line);
        }
        keys.push((kind, key));
    }
    (keys, lines)
}
