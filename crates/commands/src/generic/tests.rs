//! Commands on keys of any type: options, edge cases, refusals, and scans under random writes.

mod restore;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use fastrand::Rng;
use latchkey_keyspace::Keyspace;
use latchkey_protocol::{Reply, Words};
use proptest::prelude::*;

use crate::tests::{START, Shell, check, show, silent};
use crate::{Call, Facts, Settings, Site};

#[test]
fn nobody_has_replicas() {
    check(
        r#"
        > WAIT 0 0
        (integer) 0
        > WAIT 3 100
        (integer) 0
        > WAIT x 0
        (error) ERR value is not an int or out of range
        > WAIT 0 -1
        (error) ERR timeout is negative
        > WAIT 0 x
        (error) ERR timeout is not an integer or out of range
        > WAITAOF 0 2 100
        1) (integer) 0
        2) (integer) 0
        > WAITAOF 1 0 0
        (error) ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
        > WAITAOF 2 0 0
        (error) ERR value is out of range, value must between 0 and 1
        > WAITAOF 0 -1 0
        (error) ERR value is out of range, must be positive
        > WAITAOF 1 0 x
        (error) ERR timeout is not an integer or out of range
        "#,
    );
}

#[test]
fn del_counts_only_keys_that_exist_and_each_once() {
    check(
        "> SET a 1
        OK
        > DEL a a b
        (integer) 1
        > SET a 1 PX 10
        OK
        ~ 11
        > DEL a
        (integer) 0
        > DEL
        (error) ERR wrong number of arguments for 'del' command",
    );
}

#[test]
fn keys_past_their_deadline_do_not_exist() {
    check(
        "> SET a 1 PX 10
        OK
        ~ 10
        > EXISTS a a
        (integer) 2
        ~ 1
        > EXISTS a a
        (integer) 0
        > TYPE a
        none
        > TTL a
        (integer) -2
        > TOUCH a
        (integer) 0
        > EXPIRE a 10
        (integer) 0
        > PERSIST a
        (integer) 0
        > OBJECT ENCODING a
        (nil)
        > MEMORY USAGE a
        (nil)
        > RENAME a b
        (error) ERR no such key
        > COPY a b
        (integer) 0
        > KEYS *
        (empty array)
        > KEYS a
        (empty array)
        > RANDOMKEY
        (nil)
        > SORT a
        (empty array)",
    );
}

#[test]
fn expire_sets_a_deadline_on_its_conditions() {
    check(
        "> EXPIRE a 10
        (integer) 0
        > SET a 1
        OK
        > EXPIRE a 10 XX
        (integer) 0
        > EXPIRE a 10 GT
        (integer) 0
        > EXPIRE a 100 LT
        (integer) 1
        > EXPIRE a 10 NX
        (integer) 0
        > EXPIRE a 100 GT
        (integer) 0
        > EXPIRE a 100 LT
        (integer) 0
        > EXPIRE a 101 xx gt
        (integer) 1
        > EXPIRE a 50 LT XX
        (integer) 1
        > TTL a
        (integer) 50
        > PERSIST a
        (integer) 1
        > EXPIRE a 9 NX NX
        (integer) 1",
    );
}

#[test]
fn expire_refuses_what_cannot_be() {
    check(
        "> SET a 1
        OK
        > EXPIRE a 10 NX GT
        (error) ERR NX and XX, GT or LT options at the same time are not compatible
        > EXPIRE a 10 XX NX
        (error) ERR NX and XX, GT or LT options at the same time are not compatible
        > EXPIRE a 10 GT LT
        (error) ERR GT and LT options at the same time are not compatible
        > EXPIRE a 10 GT LT NX
        (error) ERR NX and XX, GT or LT options at the same time are not compatible
        > EXPIRE a ten NY
        (error) ERR Unsupported option NY
        > EXPIRE a 9223372036854775807
        (error) ERR invalid expire time in 'expire' command
        > EXPIRE a -9223372036854775808
        (error) ERR invalid expire time in 'expire' command
        > PEXPIRE a 9223372036854775807
        (error) ERR invalid expire time in 'pexpire' command
        > EXPIREAT a 9223372036854776
        (error) ERR invalid expire time in 'expireat' command
        > EXPIRE nobody 9223372036854775807
        (error) ERR invalid expire time in 'expire' command
        > TTL a
        (integer) -1",
    );
    check(
        "> EXPIRE a ten
        (error) ERR value is not an int or out of range
        > EXPIRE a ten GT LT
        (error) ERR GT and LT options at the same time are not compatible",
    );
}

#[test]
fn a_deadline_in_the_past_deletes() {
    for command in ["EXPIRE a 0", "PEXPIRE a -1", "EXPIREAT a 1", "PEXPIREAT a -9223372036854775808"] {
        let mut shell = Shell::new();
        shell.check("> SET a 1\nOK");
        assert_eq!(shell.run(command), Reply::Int(1), "{command}");
        shell.check("> EXISTS a\n(integer) 0");
    }
    check(
        "> SET a 1 PX 1000
        OK
        > PEXPIRE a -5 GT
        (integer) 0
        > PEXPIRE a -5 LT
        (integer) 1
        > DEL a
        (integer) 0",
    );
}

#[test]
fn ttl_rounds_to_the_nearest_second() {
    check(
        "> SET a 1 PX 1500
        OK
        > TTL a
        (integer) 2
        ~ 1
        > TTL a
        (integer) 1
        ~ 1000
        > TTL a
        (integer) 0
        > PTTL a
        (integer) 499
        ~ 499
        > PTTL a
        (integer) 0
        ~ 1
        > PTTL a
        (integer) -2",
    );
    check(
        "> SET a 1 PXAT 4102444800500
        OK
        > EXPIRETIME a
        (integer) 4102444801
        > PEXPIRETIME a
        (integer) 4102444800500
        > PERSIST a
        (integer) 1
        > EXPIRETIME a
        (integer) -1
        > PEXPIRETIME nobody
        (integer) -2",
    );
}

#[test]
fn rename_takes_value_and_deadline_along() {
    check(
        r#"> SET a one EX 50
        OK
        > SET b two EX 70
        OK
        > RENAME a b
        OK
        > GET b
        "one"
        > TTL b
        (integer) 50
        > EXISTS a
        (integer) 0
        > RENAME b b
        OK
        > RENAMENX b b
        (integer) 0
        > RENAMENX a a
        (error) ERR no such key
        > SET c three
        OK
        > RENAME c b
        OK
        > TTL b
        (integer) -1"#,
    );
}

/// The place of an expired key is free.
#[test]
fn renamenx_sees_no_expired_key() {
    check(
        r#"> SET a one
        OK
        > SET b two PX 10
        OK
        > RENAMENX a b
        (integer) 0
        ~ 11
        > RENAMENX a b
        (integer) 1
        > GET b
        "one""#,
    );
}

#[test]
fn copy_makes_a_value_of_its_own() {
    check(
        r#"> RPUSH a 1 2
        (integer) 2
        > EXPIRE a 50
        (integer) 1
        > COPY a b
        (integer) 1
        > TTL b
        (integer) 50
        > RPUSH b 3
        (integer) 3
        > LRANGE a 0 -1
        1) "1"
        2) "2"
        > SET c text
        OK
        > COPY b c
        (integer) 0
        > COPY b c DB 0 replace
        (integer) 1
        > TYPE c
        list"#,
    );
    check(
        "> SET a 1
        OK
        > COPY a a
        (error) ERR source and destination objects are the same
        > COPY a b DB 1
        (error) ERR DB index is out of range
        > COPY a b DB -1
        (error) ERR DB index is out of range
        > COPY a b DB one
        (error) ERR value is not an int or out of range
        > COPY a b DB
        (error) ERR syntax error
        > COPY a b OVERWRITE
        (error) ERR syntax error
        > COPY nobody b
        (integer) 0
        > EXISTS b
        (integer) 0",
    );
}

/// Only commands that use a value start its idle time anew.
#[test]
fn looking_at_a_key_is_not_using_it() {
    let mut shell = Shell::new();
    for (command, idle_s) in [
        ("TTL a", 10),
        ("TYPE a", 10),
        ("EXISTS a", 10),
        ("OBJECT ENCODING a", 10),
        ("MEMORY USAGE a", 10),
        ("KEYS *", 10),
        ("SCAN 0", 10),
        ("TOUCH a", 0),
        ("GET a", 0),
        ("EXPIRE a 1000", 0),
        ("PERSIST a", 0),
        ("RENAMENX a a", 0),
        ("COPY a b", 0),
        ("SORT_RO c BY nosort GET a*", 0),
    ] {
        shell.check("> SET a 1\nOK\n> DEL c\n(integer) 0\n> RPUSH c \"\"\n(integer) 1");
        shell.wait_ms(10_000);
        shell.run(command);
        assert_eq!(shell.run("OBJECT IDLETIME a"), Reply::Int(idle_s), "after {command}");
        shell.run("DEL b c");
    }
}

#[test]
fn object_tells_how_a_value_is_kept() {
    check(
        r#"> SET a 12345
        OK
        > OBJECT ENCODING a
        "int"
        > SET a text
        OK
        > OBJECT encoding a
        "embstr"
        > OBJECT REFCOUNT nobody
        (nil)
        > OBJECT IDLETIME nobody
        (nil)
        > OBJECT FREQ a
        (error) ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
        > OBJECT ENCODING
        (error) ERR wrong number of arguments for 'object|encoding' command
        > OBJECT
        (error) ERR wrong number of arguments for 'object' command"#,
    );
}

#[test]
fn memory_usage_is_the_formula() {
    check(
        "> SET key 12345 EX 10
        OK
        > MEMORY USAGE key
        (integer) 72
        > PERSIST key
        (integer) 1
        > MEMORY USAGE key SAMPLES 0
        (integer) 56
        > MEMORY USAGE key SAMPLES 5 samples 9
        (integer) 56
        > MEMORY USAGE key SAMPLES -1
        (error) ERR syntax error
        > MEMORY USAGE key SAMPLES
        (error) ERR syntax error
        > MEMORY USAGE key SAMPLES many
        (error) ERR value is not an int or out of range
        > MEMORY USAGE key SAMPLE 1
        (error) ERR syntax error",
    );
}

#[test]
fn keys_finds_by_pattern_or_name() {
    check(
        r#"> SET one 1
        OK
        > SET "a*b" 2
        OK
        > KEYS o?e
        1) "one"
        > KEYS one
        1) "one"
        > KEYS ONE
        (empty array)
        > KEYS [no]ne
        1) "one"
        > KEYS a\*b
        1) "a*b"
        > KEYS "a\\*b"
        1) "a*b"
        > KEYS ""
        (empty array)
        > KEYS
        (error) ERR wrong number of arguments for 'keys' command"#,
    );
    let mut shell = Shell::new();
    shell.check("> SET one 1\nOK\n> SET two 2\nOK\n> SET \"\" 3\nOK");
    for pattern in ["*", "\"\""] {
        let Reply::Array(found) = shell.run(&format!("KEYS {pattern}")) else { panic!("not an array") };
        assert!(found.contains(&Reply::bulk("")), "{pattern}");
        assert_eq!(found.len(), if pattern == "*" { 3 } else { 1 });
    }
}

#[test]
fn scan_reads_its_options_in_any_order_and_case() {
    check(
        r#"> RPUSH list 1
        (integer) 1
        > SET text 1
        OK
        > SCAN 0 type LIST
        1) "0"
        2) 1) "list"
        > scan 0 withtype type string count 5 match t*
        1) "0"
        2) 1) "text"
           2) "string"
        > SCAN 0 MATCH T* MATCH te*
        1) "0"
        2) 1) "text"
        > SCAN 0 TYPE search
        1) "0"
        2) (empty array)
        > SCAN 18446744073709551615
        1) "0"
        2) (empty array)
        > SCAN 0 COUNT 9223372036854775807 TYPE list
        1) "0"
        2) 1) "list""#,
    );
}

#[test]
fn scan_refuses_what_it_cannot_read() {
    for cursor in ["-1", "x", "1x", "18446744073709551616", "\"\"", "1.0", "+1"] {
        assert_eq!(
            show(&Shell::new().run(&format!("SCAN {cursor}"))),
            "(error) ERR invalid cursor",
            "{cursor}"
        );
    }
    check(
        "> SCAN 0 COUNT 0
        (error) ERR syntax error
        > SCAN 0 COUNT -9223372036854775808
        (error) ERR syntax error
        > SCAN 0 COUNT many
        (error) ERR value is not an int or out of range
        > SCAN 0 COUNT 9223372036854775808
        (error) ERR value is not an int or out of range
        > SCAN 0 MATCH
        (error) ERR syntax error
        > SCAN 0 NOVALUES
        (error) ERR syntax error
        > SCAN x COUNT 0
        (error) ERR invalid cursor",
    );
}

/// Every key has its turn.
#[test]
fn random_keys_are_drawn_from_all() {
    let mut shell = Shell::new();
    shell.check("> SET a 1\nOK\n> SET b 2\nOK\n> SET c 3 PX 10\nOK\n~ 11");
    let drawn: BTreeSet<String> = (0..64).map(|_| show(&shell.run("RANDOMKEY"))).collect();
    assert_eq!(drawn, BTreeSet::from(["\"a\"".into(), "\"b\"".into()]));
}

/// What happens between two calls of a scan: so many keys at once that the table grows and shrinks under the cursor.
#[derive(Clone, Debug)]
enum Between {
    Come(Range<u16>),
    Go(Range<u16>),
}

fn between() -> impl Strategy<Value = Between> {
    let range = (0..4000_u16, 1..1500_u16).prop_map(|(first, len)| first..first + len);
    prop_oneof![range.clone().prop_map(Between::Come), range.prop_map(Between::Go)]
}

/// A keyspace that runs commands without a look back after each, for tests with many keys.
struct Bare {
    keyspace: Keyspace,
    chance: Rng,
}

impl Bare {
    fn run(&mut self, words: &[&str]) -> Reply {
        let words: Words = words.iter().copied().collect();
        let call = Call::resolve(words).expect("a command with the right number of words");
        call.run(&mut Site {
            keyspace: &mut self.keyspace,
            now: START,
            chance: &mut self.chance,
            facts: &Facts::default(),
            settings: &mut Settings::default(),
            outbox: &mut silent(),
            record_bytes_max: u64::MAX,
        })
    }

    fn happen(&mut self, between: &Between) {
        match between {
            Between::Come(keys) => {
                keys.clone().for_each(|n| drop(self.run(&["SET", &format!("key:{n}"), "1"])))
            }
            Between::Go(keys) => keys.clone().for_each(|n| drop(self.run(&["DEL", &format!("key:{n}")]))),
        }
    }

    fn present(&self) -> BTreeSet<String> {
        let view = self.keyspace.view(START);
        view.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect()
    }
}

/// The cursor and the keys of a reply to SCAN.
fn scanned(reply: &Reply) -> (String, Vec<String>) {
    let text = |reply: &Reply| match reply {
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("expected a string, got {other:?}"),
    };
    match reply {
        Reply::Array(parts) => match &parts[..] {
            [cursor, Reply::Array(keys)] => (text(cursor), keys.iter().map(text).collect()),
            _ => panic!("expected a cursor and keys, got {parts:?}"),
        },
        other => panic!("expected an array, got {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// SCAN's promise: whatever comes and goes meanwhile, a key that is there from the first call to the last is
    /// answered. We promise more than Redis: no key that stays is answered twice, and none that was never there.
    #[test]
    fn a_scan_finds_every_key_that_stays(
        seed: u64,
        first in 0..3000_u16,
        count in 1..200_usize,
        steps in prop::collection::vec(between(), 0..12),
    ) {
        let mut bare = Bare { keyspace: Keyspace::new(seed), chance: Rng::with_seed(seed) };
        bare.happen(&Between::Come(0..first));
        let mut stayed = bare.present();
        let mut ever = stayed.clone();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let mut steps = steps.iter();
        let mut cursor = String::from("0");
        loop {
            let reply = bare.run(&["SCAN", &cursor, "COUNT", &count.to_string()]);
            let (next, keys) = scanned(&reply);
            keys.into_iter().for_each(|key| *times.entry(key).or_default() += 1);
            if next == "0" {
                break;
            }
            cursor = next;
            if let Some(step) = steps.next() {
                bare.happen(step);
                let present = bare.present();
                stayed.retain(|key| present.contains(key));
                ever.extend(present);
            }
        }
        for key in &stayed {
            prop_assert_eq!(times.get(key), Some(&1), "{}", key);
        }
        for key in times.keys() {
            prop_assert!(ever.contains(key), "{} was never there", key);
        }
    }
}
