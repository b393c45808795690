//! What the examples do not show of bitmaps, and bitmaps against plain bits.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::tests::{Shell, check, show};

#[test]
fn setbit_writes_and_extends_only_where_needed() {
    check(
        r#"
        > SETBIT k 0 0
        (integer) 0
        > GET k
        "\x00"
        > SETBIT k 17 1
        (integer) 0
        > GET k
        "\x00\x00@"
        > SETBIT k 17 1
        (integer) 1
        > SET n 12
        OK
        > SETBIT n 7 0
        (integer) 1
        > GET n
        "02"
        > EXPIRE n 100
        (integer) 1
        > SETBIT n 7 1
        (integer) 0
        > TTL n
        (integer) 100
        "#,
    );
}

#[test]
fn setbit_and_getbit_refuse_what_is_no_bit() {
    check(
        "
        > SETBIT k 4294967296 1
        (error) ERR bit offset is not an integer or out of range
        > SETBIT k -1 1
        (error) ERR bit offset is not an integer or out of range
        > SETBIT k #1 1
        (error) ERR bit offset is not an integer or out of range
        > SETBIT k x y
        (error) ERR bit offset is not an integer or out of range
        > SETBIT k 0 2
        (error) ERR bit is not an integer or out of range
        > SETBIT k 0 x
        (error) ERR bit is not an integer or out of range
        > GETBIT k 9223372036854775807
        (error) ERR bit offset is not an integer or out of range
        > GETBIT k 4294967295
        (integer) 0
        > EXISTS k
        (integer) 0
        ",
    );
}

/// The longest string that Redis allows would fill 512 MB; the plan's limit is checked before memory is taken.
#[test]
fn what_would_be_longer_than_a_record_may_be_is_refused() {
    check(
        "
        > SETBIT k 4294967295 1
        (error) ERR max single record size exceeded
        > BITFIELD k SET u8 838860793 1
        (error) ERR max single record size exceeded
        > BITFIELD k SET u8 4294967295 1
        (error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
        > EXISTS k
        (integer) 0
        > BITFIELD k GET u8 4294967295
        1) (integer) 0
        ",
    );
}

#[test]
fn other_types_are_refused() {
    check(
        "
        > RPUSH list x
        (integer) 1
        > SETBIT list 0 1
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > GETBIT list 0
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BITCOUNT list
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BITPOS list 1
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BITOP OR k list
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BITFIELD list GET u8 0
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BITFIELD list SET u8 0 1
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BITFIELD_RO list GET u8 0
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > SET k a
        OK
        > BITOP NOT list k
        (integer) 1
        > TYPE list
        string
        ",
    );
}

#[test]
fn bitcount_takes_places_from_either_end() {
    check(
        r#"
        > SET k foobar
        OK
        > BITCOUNT k -2 -1
        (integer) 7
        > BITCOUNT k -2 5 byte
        (integer) 7
        > BITCOUNT k -9223372036854775808 9223372036854775807
        (integer) 26
        > BITCOUNT k 8 8 bit
        (integer) 0
        > BITCOUNT k -1 -2
        (integer) 0
        > BITCOUNT k -100 -200
        (integer) 0
        > BITCOUNT k 6 9
        (integer) 0
        > BITCOUNT absent 0 -1 BIT
        (integer) 0
        > BITCOUNT k 1
        (error) ERR syntax error
        > BITCOUNT k 1 x
        (error) ERR value is not an int or out of range
        > BITCOUNT absent 1 2 BITS
        (error) ERR syntax error
        > BITCOUNT k 1 2 BIT x
        (error) ERR syntax error
        "#,
    );
}

#[test]
fn bitpos_sees_zeros_after_the_end_only_if_none_was_given() {
    check(
        r#"
        > SET k "\xff\xff"
        OK
        > BITPOS k 0
        (integer) 16
        > BITPOS k 0 1
        (integer) 16
        > BITPOS k 0 2
        (integer) -1
        > BITPOS k 0 0 -1
        (integer) -1
        > BITPOS k 0 3 15 BIT
        (integer) -1
        > BITPOS k 1 3 -1 BIT
        (integer) 3
        > BITPOS k 1 -1 -2
        (integer) -1
        > SET empty ""
        OK
        > BITPOS empty 0
        (integer) -1
        > BITPOS absent 0
        (integer) 0
        > BITPOS absent 1 0 -1
        (integer) -1
        > BITPOS k 2
        (error) ERR The bit argument must be 1 or 0.
        > BITPOS k x
        (error) ERR value is not an int or out of range
        > BITPOS absent 1 x
        (error) ERR value is not an int or out of range
        > BITPOS k 1 0 -1 BITS
        (error) ERR syntax error
        > BITPOS k 1 0 BIT
        (error) ERR value is not an int or out of range
        > BITPOS k 1 0 -1 BIT x
        (error) ERR syntax error
        "#,
    );
}

#[test]
fn bitop_combines_strings_of_different_lengths() {
    check(
        r#"
        > MSET x "\xf0\x0f" y "\x33" z "\x55\xff"
        OK
        > BITOP and to x y z absent
        (integer) 2
        > GET to
        "\x00\x00"
        > BITOP AND to x z
        (integer) 2
        > GET to
        "P\x0f"
        > BITOP AND to y x
        (integer) 2
        > GET to
        "0\x00"
        > BITOP OR to x y z
        (integer) 2
        > GET to
        "\xf7\xff"
        > BITOP XOR to x y z
        (integer) 2
        > GET to
        "\x96\xf0"
        > BITOP NOT to y
        (integer) 1
        > GET to
        "\xcc"
        > BITOP DIFF to x y z
        (integer) 2
        > GET to
        "\x80\x00"
        > BITOP DIFF1 to y x z
        (integer) 2
        > GET to
        "\xc4\xff"
        > BITOP ANDOR to x y z
        (integer) 2
        > GET to
        "p\x0f"
        > BITOP ONE to x y z
        (integer) 2
        > GET to
        "\x86\xf0"
        > BITOP ONE to x x
        (integer) 2
        > GET to
        "\x00\x00"
        > BITOP OR x x y
        (integer) 2
        > GET x
        "\xf3\x0f"
        "#,
    );
}

/// An empty result removes the destination, and one that spells a number stays a bitmap.
#[test]
fn bitop_overwrites_its_destination() {
    check(
        r#"
        > MSET one 1 two 2
        OK
        > SET to old EX 100
        OK
        > BITOP OR to one two
        (integer) 1
        > GET to
        "3"
        > OBJECT ENCODING to
        "raw"
        > TTL to
        (integer) -1
        > BITOP XOR to absent nothing
        (integer) 0
        > EXISTS to
        (integer) 0
        > BITOP NAND to one two
        (error) ERR syntax error
        > BITOP NOT to one two
        (error) ERR BITOP NOT must be called with a single source key.
        > BITOP diff to one
        (error) ERR BITOP DIFF must be called with at least two source keys.
        > BITOP DIFF1 to one
        (error) ERR BITOP DIFF1 must be called with at least two source keys.
        > BITOP ANDOR to one
        (error) ERR BITOP ANDOR must be called with at least two source keys.
        > BITOP ONE to one
        (integer) 1
        "#,
    );
}

#[test]
fn bitfield_overflows_as_it_is_told() {
    check(
        r#"
        > BITFIELD k SET i8 0 127 INCRBY i8 0 1 INCRBY i8 0 -1
        1) (integer) 0
        2) (integer) -128
        3) (integer) 127
        > BITFIELD k OVERFLOW SAT INCRBY i8 0 9223372036854775807 INCRBY i8 0 -9223372036854775808 OVERFLOW wrap SET u4 0 -1
        1) (integer) 127
        2) (integer) -128
        3) (integer) 8
        > BITFIELD k OVERFLOW FAIL SET i8 0 -129 SET u8 0 256 INCRBY u8 0 -241 GET u8 0
        1) (nil)
        2) (nil)
        3) (nil)
        4) (integer) 240
        > BITFIELD k OVERFLOW SAT SET u8 0 -1 SET i8 0 -9223372036854775808 GET i8 0
        1) (integer) 240
        2) (integer) -1
        3) (integer) -128
        > BITFIELD k SET i64 #1 9223372036854775807 INCRBY i64 #1 1
        1) (integer) 0
        2) (integer) -9223372036854775808
        > BITFIELD k SET u63 3 9223372036854775807 OVERFLOW SAT INCRBY u63 3 1 INCRBY u63 3 -9223372036854775808
        1) (integer) 2
        2) (integer) 9223372036854775807
        3) (integer) 0
        "#,
    );
}

#[test]
fn bitfield_extends_the_string_even_if_nothing_is_written() {
    check(
        r#"
        > BITFIELD k GET u8 100
        1) (integer) 0
        > BITFIELD k
        (empty array)
        > EXISTS k
        (integer) 0
        > BITFIELD k OVERFLOW FAIL INCRBY u2 #9 4
        1) (nil)
        > STRLEN k
        (integer) 3
        > BITFIELD k SET u1 23 1
        1) (integer) 0
        > GET k
        "\x00\x00\x01"
        "#,
    );
}

#[test]
fn bitfield_refuses_everything_before_it_does_anything() {
    let wrong_type = "(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
    for kind in ["u64", "i65", "i0", "u", "8", "I8", "u08", "u-1", ""] {
        check(&format!("> BITFIELD k SET u8 0 1 GET \"{kind}\" 0\n{wrong_type}\n> EXISTS k\n(integer) 0"));
    }
    check(
        "
        > BITFIELD k SET u8 0 1 GET u8
        (error) ERR syntax error
        > BITFIELD k SET u8 0
        (error) ERR syntax error
        > BITFIELD k INCRBY u8 0 x
        (error) ERR value is not an int or out of range
        > BITFIELD k OVERFLOW
        (error) ERR syntax error
        > BITFIELD k OVERFLOW CLAMP GET u8 0
        (error) ERR Invalid OVERFLOW type specified
        > BITFIELD k GET u8 -1
        (error) ERR bit offset is not an integer or out of range
        > BITFIELD k GET u8 #536870912
        (error) ERR bit offset is not an integer or out of range
        > BITFIELD k GET u8 #9223372036854775807
        (error) ERR bit offset is not an integer or out of range
        > BITFIELD_RO k GET u8 0 SET u8 0 1
        (error) ERR BITFIELD_RO only supports the GET subcommand
        > BITFIELD_RO k OVERFLOW SAT GET u8 #3
        1) (integer) 0
        > EXISTS k
        (integer) 0
        ",
    );
}

/// Strings as lists of bits.
type Model = BTreeMap<u8, Vec<bool>>;

/// A step of the random walk below: a command line and what it has to answer.
fn step(model: &mut Model, op: u8, key: u8, offset: usize, number: i64, bits: usize) -> (String, String) {
    let old = model.get(&key).cloned().unwrap_or_default();
    let (on, other) = (number & 1 == 1, (key + 1) % 3);
    match op {
        0 => {
            extended(model, key, offset + 1)[offset] = on;
            let was = old.get(offset).copied().unwrap_or(false);
            (format!("SETBIT {key} {offset} {}", u8::from(on)), int(i64::from(was)))
        }
        1 => {
            let ones = (offset..=offset + bits).filter(|&bit| old.get(bit) == Some(&true)).count();
            (format!("BITCOUNT {key} {offset} {} BIT", offset + bits), int(ones as i64))
        }
        2 => {
            // In bytes, because only so can the end be left out.
            let start = offset / 8 * 8;
            let found = old.iter().skip(start).position(|&bit| bit == on).map(|at| start + at);
            let zero_follows = !on && (old.is_empty() || start < old.len());
            let found = found.or(zero_follows.then_some(old.len()));
            let line = format!("BITPOS {key} {} {}", u8::from(on), offset / 8);
            (line, int(found.map_or(-1, |at| at as i64)))
        }
        3 => {
            let names = ["OR", "AND", "XOR", "DIFF", "DIFF1", "ANDOR", "ONE"];
            let right = model.get(&other).cloned().unwrap_or_default();
            let (name, length) = (names[bits % 7], old.len().max(right.len()));
            let bit = |bits: &[bool], at: usize| bits.get(at).copied().unwrap_or(false);
            let result = (0..length).map(|at| match (name, bit(&old, at), bit(&right, at)) {
                ("OR", a, b) => a | b,
                ("AND" | "ANDOR", a, b) => a & b,
                ("DIFF", a, b) => a & !b,
                ("DIFF1", a, b) => b & !a,
                (_, a, b) => a ^ b,
            });
            let result: Vec<bool> = result.collect();
            if length == 0 {
                model.remove(&2)
            } else {
                model.insert(2, result)
            };
            (format!("BITOP {name} 2 {key} {other}"), int((length / 8) as i64))
        }
        _ => {
            let field: Vec<bool> = (offset..offset + bits).map(|at| old.get(at) == Some(&true)).collect();
            let value = field.iter().fold(0, |value, &bit| value << 1 | i64::from(bit));
            // Only the lowest bits of the sum stay, so their order from the top is all that counts.
            let sum = value.wrapping_add(number);
            let written = extended(model, key, offset + bits);
            for at in 0..bits {
                written[offset + at] = sum >> (bits - 1 - at) & 1 == 1;
            }
            let kept = sum & ((1 << bits) - 1);
            (format!("BITFIELD {key} INCRBY u{bits} {offset} {number}"), format!("1) {}", int(kept)))
        }
    }
}

/// A string that is at least so many bits long, in whole bytes.
fn extended(model: &mut Model, key: u8, bits: usize) -> &mut Vec<bool> {
    let value = model.entry(key).or_default();
    value.resize(value.len().max(bits.div_ceil(8) * 8), false);
    value
}

fn int(n: i64) -> String {
    format!("(integer) {n}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bitmaps_behave_as_lists_of_bits_do(
        steps in prop::collection::vec((0_u8..5, 0_u8..3, 0_usize..200, any::<i64>(), 1_usize..63), 1..60)
    ) {
        let (mut shell, mut model) = (Shell::new(), Model::new());
        for (op, key, offset, number, bits) in steps {
            let (line, answer) = step(&mut model, op, key, offset, number, bits);
            prop_assert_eq!(show(&shell.run(&line)), answer, "{}", line);
        }
        for (key, bits) in model {
            let ones = bits.iter().filter(|&&bit| bit).count();
            prop_assert_eq!(show(&shell.run(&format!("BITCOUNT {key}"))), int(ones as i64));
        }
    }
}
