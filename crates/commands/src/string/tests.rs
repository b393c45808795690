//! What the examples do not show of strings.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::tests::{Shell, check, show};

#[test]
fn set_writes_on_its_condition_and_answers_the_old_value_on_get() {
    check(
        r#"
        > SET k one NX
        OK
        > SET k two NX
        (nil)
        > SET k two NX GET
        "one"
        > SET k two XX GET
        "one"
        > SET absent v XX
        (nil)
        > SET absent v NX GET
        (nil)
        > GET absent
        "v"
        > sEt k three xX gEt
        "two"
        > SET k "" GET
        "three"
        > GET k
        ""
        "#,
    );
}

#[test]
fn set_compares_with_the_old_value() {
    check(
        r#"
        > SET k new IFEQ old
        (nil)
        > SET k one IFNE old
        OK
        > SET k two IFEQ one GET
        "one"
        > SET k three IFEQ one GET
        "two"
        > SET k three IFNE two
        (nil)
        > SET n 12345
        OK
        > SET n world IFEQ 12345
        OK
        "#,
    );
}

#[test]
fn set_compares_with_the_digest_of_the_old_value() {
    check(
        r#"
        > SET k "hello world"
        OK
        > SET k two IFDEQ d447b1ea40e6988c
        (nil)
        > SET k two IFDNE D447B1EA40E6988B
        (nil)
        > SET k two IFDEQ D447B1EA40E6988B
        OK
        > SET k three IFDNE d447b1ea40e6988b GET
        "two"
        > SET k four IFDEQ 447b1ea40e6988b
        (error) ERR digest must be exactly 16 hexadecimal characters
        > SET k four IFDNE ""
        (error) ERR digest must be exactly 16 hexadecimal characters
        > SET absent v IFDEQ 1234
        (nil)
        > SET absent v IFDNE 1234
        OK
        "#,
    );
}

#[test]
fn the_digest_of_a_value_has_its_leading_zeros() {
    check(
        r#"
        > DIGEST absent
        (nil)
        > SET k v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd
        OK
        > DIGEST k
        "00006c38adf31777"
        "#,
    );
}

#[test]
fn set_refuses_options_that_exclude_each_other_but_not_one_twice() {
    check(
        r#"
        > SET k v NX NX
        OK
        > SET k v EX 10 EX 20
        OK
        > SET k v KEEPTTL KEEPTTL GET GET
        "v"
        > SET k v IFEQ a IFEQ v
        OK
        > SET k v NX XX
        (error) ERR syntax error
        > SET k v IFEQ v IFNE v
        (error) ERR syntax error
        > SET k v XX IFEQ v
        (error) ERR syntax error
        > SET k v EX 10 PX 10
        (error) ERR syntax error
        > SET k v EX 10 KEEPTTL
        (error) ERR syntax error
        > SET k v PERSIST
        (error) ERR syntax error
        > SET k v EX
        (error) ERR syntax error
        > SET k v IFEQ
        (error) ERR syntax error
        > SET k v nonsense
        (error) ERR syntax error
        "#,
    );
}

/// An amount that makes no sense is complained of only if the options do.
#[test]
fn set_checks_its_expiry_after_its_options() {
    check(
        r#"
        > SET k v EX abc nonsense
        (error) ERR syntax error
        > SET k v EX abc
        (error) ERR value is not an int or out of range
        > SET k v EX 0
        (error) ERR invalid expire time in 'set' command
        > SET k v PX -1
        (error) ERR invalid expire time in 'set' command
        > SET k v EX 9223372036854775807
        (error) ERR invalid expire time in 'set' command
        > SET k v PX 9223372036854775807
        (error) ERR invalid expire time in 'set' command
        > SET k v EXAT -9223372036854775808
        (error) ERR invalid expire time in 'set' command
        > GET k
        (nil)
        "#,
    );
}

#[test]
fn a_string_goes_when_its_deadline_passes() {
    check(
        r#"
        > SET a v EX 2
        OK
        > SET b v PX 1500
        OK
        > SET c v PXAT 1767323047178
        OK
        > SETEX d 1 v
        OK
        > PSETEX e 1500 v
        OK
        ~ 1001
        > MGET a b c d e
        1) "v"
        2) "v"
        3) "v"
        4) (nil)
        5) "v"
        > SET b w KEEPTTL
        OK
        > SET c w
        OK
        > APPEND e x
        (integer) 2
        ~ 500
        > MGET a b c d e
        1) "v"
        2) (nil)
        3) "w"
        4) (nil)
        5) (nil)
        > SET a v EXAT 1
        OK
        > GET a
        (nil)
        "#,
    );
}

#[test]
fn commands_that_change_a_number_leave_its_deadline() {
    check(
        r#"
        > SET n 1 PX 1000
        OK
        > INCR n
        (integer) 2
        > INCRBYFLOAT n 0.5
        "2.5"
        ~ 1001
        > INCR n
        (integer) 1
        > SET n 1 PX 1000
        OK
        > GETSET n 2
        "1"
        ~ 1001
        > GET n
        "2"
        "#,
    );
}

#[test]
fn getex_changes_the_deadline_and_nothing_else() {
    check(
        r#"
        > GETEX absent EX 0
        (nil)
        > SET k v PX 1000
        OK
        > GETEX k
        "v"
        > GETEX k PERSIST PERSIST
        "v"
        ~ 1001
        > GETEX k PX 1000
        "v"
        ~ 1001
        > GETEX k
        (nil)
        > SET k v
        OK
        > GETEX k EX 0
        (error) ERR invalid expire time in 'getex' command
        > GETEX k EX 9223372036854775807
        (error) ERR invalid expire time in 'getex' command
        > GETEX k EX x
        (error) ERR value is not an int or out of range
        > GETEX k PERSIST EX 1
        (error) ERR syntax error
        > GETEX k EX 1 PX 1
        (error) ERR syntax error
        > GETEX k KEEPTTL
        (error) ERR syntax error
        > GETEX k EX
        (error) ERR syntax error
        > GETEX k PXAT 1
        "v"
        > GET k
        (nil)
        "#,
    );
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    check(
        r#"
        > SET n 9223372036854775807
        OK
        > INCR n
        (error) ERR increment or decrement would overflow
        > DECRBY n -9223372036854775808
        (error) ERR decrement would overflow
        > INCRBY n -9223372036854775808
        (integer) -1
        > DECRBY n 9223372036854775807
        (integer) -9223372036854775808
        > DECR n
        (error) ERR increment or decrement would overflow
        > INCRBY n 9223372036854775808
        (error) ERR value is not an int or out of range
        > INCRBY n 1.5
        (error) ERR value is not an int or out of range
        > GET n
        "-9223372036854775808"
        > SET text 01
        OK
        > INCR text
        (error) ERR value is not an int or out of range
        > INCRBYFLOAT text 1
        "2"
        > INCRBYFLOAT text inf
        (error) ERR increment would produce NaN or Infinity
        > INCRBYFLOAT text nan
        (error) ERR value is not a valid float
        > SET text " 1"
        OK
        > INCRBYFLOAT text 1
        (error) ERR value is not a valid float
        "#,
    );
}

#[test]
fn a_number_that_was_appended_to_is_still_a_number() {
    check(
        r#"
        > APPEND n 1
        (integer) 1
        > APPEND n 2
        (integer) 2
        > INCR n
        (integer) 13
        > SETRANGE n 1 4
        (integer) 2
        > INCR n
        (integer) 15
        "#,
    );
}

#[test]
fn getrange_means_the_same_positions_as_redis() {
    check(
        r#"
        > SET k "hello world"
        OK
        > GETRANGE k 0 -1
        "hello world"
        > GETRANGE k -5 100
        "world"
        > GETRANGE k -100 0
        "h"
        > GETRANGE k -100 -100
        "h"
        > GETRANGE k -1 -5
        ""
        > GETRANGE k 5 2
        ""
        > GETRANGE k 11 20
        ""
        > GETRANGE k 9223372036854775807 9223372036854775807
        ""
        > GETRANGE k -9223372036854775808 9223372036854775807
        "hello world"
        > GETRANGE k -9223372036854775808 -9223372036854775808
        "h"
        > GETRANGE absent 0 -1
        ""
        > GETRANGE k a b
        (error) ERR value is not an int or out of range
        > SET empty ""
        OK
        > GETRANGE empty 0 -1
        ""
        > SET n 12345
        OK
        > SUBSTR n 1 3
        "234"
        "#,
    );
}

#[test]
fn setrange_fills_a_gap_with_zeros_and_refuses_what_is_too_long() {
    check(
        r#"
        > SETRANGE absent 5 ""
        (integer) 0
        > GET absent
        (nil)
        > SETRANGE k 3 ab
        (integer) 5
        > GET k
        "\x00\x00\x00ab"
        > SETRANGE k 1 xyz
        (integer) 5
        > GET k
        "\x00xyzb"
        > SETRANGE k 100 ""
        (integer) 5
        > SETRANGE k -1 a
        (error) ERR offset is out of range
        > SETRANGE k 536870912 a
        (error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
        > SETRANGE k 4294967296 a
        (error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
        > SETRANGE k 9223372036854775807 a
        (error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
        > SETRANGE k x a
        (error) ERR value is not an int or out of range
        > STRLEN k
        (integer) 5
        "#,
    );
}

#[test]
fn mset_needs_a_value_for_each_key() {
    check(
        r#"
        > MSET a 1 b
        (error) ERR wrong number of arguments for 'mset' command
        > MSETNX a 1 b
        (error) ERR wrong number of arguments for 'msetnx' command
        > MSET a 1 a 2
        OK
        > MGET a a nobody
        1) "2"
        2) "2"
        3) (nil)
        > MSETNX b 1 b 2
        (integer) 1
        > GET b
        "2"
        "#,
    );
}

#[test]
fn msetex_sets_all_keys_or_none() {
    check(
        r#"
        > MSETEX 2 a 1 b 2 PX 1000
        (integer) 1
        > MSETEX 2 b 3 c 4 NX
        (integer) 0
        > MSETEX 2 b 3 c 4 XX
        (integer) 0
        > MSETEX 2 a 3 b 4 KEEPTTL XX
        (integer) 1
        > MSETEX 1 c 5 nx ex 100
        (integer) 1
        ~ 1001
        > MGET a b c
        1) (nil)
        2) (nil)
        3) "5"
        > MSETEX 1 c 6 EXAT 1
        (integer) 1
        > GET c
        (nil)
        "#,
    );
}

#[test]
fn msetex_refuses_numbers_and_options_that_make_no_sense() {
    check(
        r#"
        > MSETEX a 1 EX 10
        (error) ERR invalid numkeys value
        > MSETEX 0 a 1
        (error) ERR invalid numkeys value
        > MSETEX -1 a 1
        (error) ERR invalid numkeys value
        > MSETEX 2147483648 a 1
        (error) ERR invalid numkeys value
        > MSETEX 2147483647 a 1
        (error) ERR wrong number of key-value pairs
        > MSETEX 2 a 1 b
        (error) ERR wrong number of key-value pairs
        > MSETEX 1 a 1 nonsense
        (error) ERR syntax error
        > MSETEX 1 a 1 NX XX
        (error) ERR syntax error
        > MSETEX 1 a 1 EX 10 PX 10
        (error) ERR syntax error
        > MSETEX 1 a 1 EX 0
        (error) ERR invalid expire time in 'msetex' command
        > GET a
        (nil)
        "#,
    );
}

#[test]
fn setex_wants_a_deadline_to_come() {
    check(
        r#"
        > SETEX k 0 v
        (error) ERR invalid expire time in 'setex' command
        > PSETEX k -1 v
        (error) ERR invalid expire time in 'psetex' command
        > SETEX k 9223372036854775807 v
        (error) ERR invalid expire time in 'setex' command
        > SETEX k x v
        (error) ERR value is not an int or out of range
        > GET k
        (nil)
        "#,
    );
}

#[test]
fn delex_deletes_on_its_condition() {
    check(
        r#"
        > DELEX absent
        (integer) 0
        > SET k v
        OK
        > DELEX k
        (integer) 1
        > DELEX k IFNE v
        (integer) 0
        > DELEX k nonsense v
        (integer) 0
        > SET k v
        OK
        > DELEX k IFNE v
        (integer) 0
        > DELEX k IFDEQ ""
        (error) ERR digest must be exactly 16 hexadecimal characters
        > DELEX k nonsense v
        (error) ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE
        > DELEX k IFEQ
        (error) ERR wrong number of arguments for 'delex' command
        > DELEX k IFEQ v w
        (error) ERR wrong number of arguments for 'delex' command
        > DELEX k IFDNE 0000000000000000
        (integer) 1
        > GET k
        (nil)
        "#,
    );
}

#[test]
fn lcs_shows_runs_from_the_last_to_the_first() {
    check(
        r#"
        > MSET a ohmytext b mynewtext empty ""
        OK
        > LCS a b IDX
        1) "matches"
        2) 1) 1) 1) (integer) 4
        2) (integer) 7
        2) 1) (integer) 5
        2) (integer) 8
        2) 1) 1) (integer) 2
        2) (integer) 3
        2) 1) (integer) 0
        2) (integer) 1
        3) "len"
        4) (integer) 6
        > LCS a b IDX MINMATCHLEN 100
        1) "matches"
        2) (empty array)
        3) "len"
        4) (integer) 6
        > LCS a b WITHMATCHLEN MINMATCHLEN -5
        "mytext"
        > LCS a empty
        ""
        > LCS a nobody LEN
        (integer) 0
        > LCS a b LEN IDX
        (error) ERR If you want both the length and indexes, please just use IDX.
        > LCS a b MINMATCHLEN
        (error) ERR syntax error
        > LCS a b MINMATCHLEN x
        (error) ERR value is not an int or out of range
        > LCS a b nonsense
        (error) ERR syntax error
        "#,
    );
}

#[test]
fn lcs_refuses_strings_whose_table_would_be_too_large() {
    check(
        r#"
        > SETRANGE a 20000 x
        (integer) 20001
        > SETRANGE b 20000 x
        (integer) 20001
        > LCS a b LEN
        (error) ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
        "#,
    );
}

/// The plan's limit for one value holds for those that are put together too.
#[test]
fn a_value_may_not_outgrow_the_plan() {
    check(
        r#"
        > SET k v
        OK
        > SETRANGE k 104857600 a
        (error) ERR max single record size exceeded
        > GET k
        "v"
        "#,
    );
}

/// A step of the random walk below: a command line and what it has to answer.
fn step(model: &mut BTreeMap<u8, Vec<u8>>, op: u8, key: u8, number: i64, word: &str) -> (String, String) {
    let old = model.get(&key).cloned();
    let length = old.as_ref().map_or(0, Vec::len);
    let quoted = |value: Option<&[u8]>| {
        value.map_or("(nil)".into(), |value| show(&latchkey_protocol::Reply::bulk(value)))
    };
    match op {
        0 => {
            model.insert(key, word.into());
            (format!("SET {key} \"{word}\" GET"), quoted(old.as_deref()))
        }
        1 => {
            model.entry(key).or_default().extend(word.bytes());
            (format!("APPEND {key} \"{word}\""), format!("(integer) {}", length + word.len()))
        }
        2 => {
            let offset = number.unsigned_abs() as usize % 50;
            let end = if word.is_empty() { length } else { length.max(offset + word.len()) };
            if !word.is_empty() {
                let value = model.entry(key).or_default();
                value.resize(end, 0);
                value[offset..offset + word.len()].copy_from_slice(word.as_bytes());
            }
            (format!("SETRANGE {key} {offset} \"{word}\""), format!("(integer) {end}"))
        }
        3 => {
            let line = format!("INCRBY {key} {number}");
            let text = old.map(|old| String::from_utf8_lossy(&old).into_owned());
            let value = text.as_deref().map_or(Some(0), |text| text.parse().ok());
            let Some(value) = value.filter(|n: &i64| text.is_none_or(|text| text == n.to_string())) else {
                return (line, "(error) ERR value is not an int or out of range".into());
            };
            let Some(sum) = value.checked_add(number) else {
                return (line, "(error) ERR increment or decrement would overflow".into());
            };
            model.insert(key, sum.to_string().into());
            (line, format!("(integer) {sum}"))
        }
        4 => {
            let (start, end) = (number % 60, number / 60 % 60);
            let place = |at: i64| if at < 0 { (length as i64 + at).max(0) } else { at };
            let inside = |at: &i64| place(start) <= *at && *at <= place(end);
            let backwards = start < 0 && end < 0 && start > end;
            let old = old.unwrap_or_default();
            let part: Vec<u8> = (0..length as i64).filter(inside).map(|at| old[at as usize]).collect();
            let part = if backwards { &[][..] } else { &part };
            (format!("GETRANGE {key} {start} {end}"), quoted(Some(part)))
        }
        5 => {
            model.remove(&key);
            (format!("GETDEL {key}"), quoted(old.as_deref()))
        }
        6 => {
            let other = key.wrapping_add(1) % 4;
            let free = old.is_none() && !model.contains_key(&other);
            if free {
                model.extend([(key, word.into()), (other, word.into())]);
            }
            (format!("MSETNX {key} \"{word}\" {other} \"{word}\""), format!("(integer) {}", i64::from(free)))
        }
        _ => {
            let equal = old.as_deref() == Some(word.as_bytes());
            if equal {
                model.remove(&key);
            }
            (format!("DELEX {key} IFEQ \"{word}\""), format!("(integer) {}", i64::from(equal)))
        }
    }
}

/// The longest common subsequence by its definition: short strings only.
fn longest_common(one: &[u8], other: &[u8]) -> usize {
    match (one, other) {
        ([byte, one @ ..], [same, other @ ..]) if byte == same => 1 + longest_common(one, other),
        ([_, shorter @ ..], [_, less @ ..]) => longest_common(shorter, other).max(longest_common(one, less)),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the forms that a string goes through inside, it reads as plain bytes would.
    #[test]
    fn strings_behave_as_plain_bytes_do(
        steps in prop::collection::vec((0_u8..8, 0_u8..4, prop_oneof![any::<i64>(), -20_i64..20], "[0-9]{0,3}|[a-c]{0,40}"), 1..60)
    ) {
        let (mut shell, mut model) = (Shell::new(), BTreeMap::new());
        for (op, key, number, word) in steps {
            let (line, answer) = step(&mut model, op, key, number, &word);
            prop_assert_eq!(show(&shell.run(&line)), answer, "{}", line);
        }
        for key in 0..4 {
            let length = model.get(&key).map_or(0, Vec::len);
            prop_assert_eq!(show(&shell.run(&format!("STRLEN {key}"))), format!("(integer) {length}"));
        }
    }

    #[test]
    fn lcs_finds_the_longest(one in "[abc]{0,9}", other in "[abc]{0,9}") {
        let mut shell = Shell::new();
        shell.run(&format!("MSET one \"{one}\" other \"{other}\""));
        let length = longest_common(one.as_bytes(), other.as_bytes());
        prop_assert_eq!(show(&shell.run("LCS one other LEN")), format!("(integer) {length}"));
        let latchkey_protocol::Reply::Bulk(common) = shell.run("LCS one other") else { panic!("no string") };
        prop_assert_eq!(common.len(), length);
        for text in [&one, &other] {
            let mut rest = text.bytes();
            prop_assert!(common.iter().all(|byte| rest.any(|other| other == *byte)), "{:?} is not in {}", common, text);
        }
    }
}
