//! DUMP and RESTORE.

use bytes::Bytes;
use latchkey_protocol::Reply;

use crate::tests::{Shell, check, show};

/// `hello`, as Redis 7.0 dumps it.
const HELLO: &str = r#""\x00\x05hello\n\x00cr\xdfve4 \n""#;

#[test]
fn restore_refuses_as_redis_does_and_in_its_order() {
    check(
        &r#"> SET k v
OK
> RESTORE k -1 nonsense
(error) BUSYKEY Target key name already exists.
> RESTORE k x nonsense REPLACE
(error) ERR value is not an int or out of range
> RESTORE k -1 nonsense REPLACE
(error) ERR Invalid TTL value, must be >= 0
> RESTORE k 0 nonsense REPLACE
(error) ERR DUMP payload version or checksum are wrong
> RESTORE k 0 HELLO NONSENSE
(error) ERR syntax error
> RESTORE k 0 HELLO REPLACE IDLETIME
(error) ERR syntax error
> RESTORE k 0 HELLO REPLACE IDLETIME -1
(error) ERR Invalid IDLETIME value, must be >= 0
> RESTORE k 0 HELLO REPLACE FREQ 256
(error) ERR Invalid FREQ value, must be >= 0 and <= 255
> RESTORE k 0 HELLO REPLACE FREQ 255 IDLETIME 5
(error) ERR syntax error
> RESTORE k 0 HELLO IDLETIME 5 FREQ 5
(error) ERR syntax error
> GET k
"v"
> RESTORE k 0 HELLO
(error) BUSYKEY Target key name already exists."#
            .replace("HELLO", HELLO),
    );
}

#[test]
fn restore_sets_deadline_and_idle_time() {
    check(
        &r#"> RESTORE k 1500 HELLO
OK
> PTTL k
(integer) 1500
> RESTORE k 1767323050000 HELLO replace absttl
OK
> PEXPIRETIME k
(integer) 1767323050000
> RESTORE k 0 HELLO REPLACE ABSTTL
OK
> TTL k
(integer) -1
> RESTORE k 0 HELLO REPLACE IDLETIME 1000
OK
> OBJECT IDLETIME k
(integer) 1000
> GET k
"hello"
> OBJECT IDLETIME k
(integer) 0
> RESTORE k 9223372036854775807 HELLO REPLACE
OK
> EXISTS k
(integer) 1
> RESTORE k 1 HELLO REPLACE ABSTTL
OK
> EXISTS k
(integer) 0
> RESTORE absent 1 HELLO ABSTTL
OK
> EXISTS absent
(integer) 0"#
            .replace("HELLO", HELLO),
    );
}

#[test]
fn restore_refuses_what_is_malformed_behind_a_right_foot() {
    check(
        r#"> RESTORE k 0 "\x00\x09hello\x0a\x008\xd2\x8f@\xcf\x12\xe5\x01"
(error) ERR Bad data format
> EXISTS k
(integer) 0"#,
    );
}

/// A hash of Redis 7.4 with one field, whose deadline has passed.
#[test]
fn a_hash_of_which_nothing_is_left_does_not_exist() {
    check(
        r#"> RESTORE k 0 "\x18\x01\x00\x00\x00\x00\x00\x00\x00\x01\x01\x01a\x01v\x0c\x00\xd8@8j\x8c\x01\xde["
OK
> EXISTS k
(integer) 0
> HSET k f v
(integer) 1
> HGETALL k
1) "f"
2) "v""#,
    );
}

#[test]
fn every_type_comes_back_with_its_deadlines() {
    let mut shell = Shell::new();
    for line in [
        "SET text 12",
        "RPUSH list a 1 b",
        "SADD set a b",
        "ZADD scores 1.5 a",
        "HSET hash f v g w",
        "HPEXPIRE hash 5000 FIELDS 1 f",
        "XADD stream 1-1 f v",
        "XGROUP CREATE stream g 0",
        "XREADGROUP GROUP g c STREAMS stream >",
        r#"JSON.SET json $ {"a":[1,2.5,null]}"#,
        "ARSET array 1000000 12 1.5 long-enough-to-be-no-number",
        "ARINSERT array a",
    ] {
        shell.run(line);
    }
    for key in ["text", "list", "set", "scores", "hash", "stream", "json", "array"] {
        let Reply::Bulk(payload) = shell.run(&format!("DUMP {key}")) else { panic!("{key} is there") };
        let before = shell.keyspace.canonical();
        shell.run(&format!("DEL {key}"));
        let words = ["RESTORE", key, "0"].into_iter().map(|word| Bytes::copy_from_slice(word.as_bytes()));
        assert_eq!(show(&shell.run_words(words.chain([payload]).collect())), "OK", "{key}");
        assert_eq!(shell.keyspace.canonical(), before, "{key}");
    }
}
