//! HyperLogLogs as Redis 7.0.15 stores and counts them, what is refused, and counts against plain sets.

use std::collections::BTreeSet;
use std::ops::Range;

use latchkey_protocol::Reply;
use proptest::prelude::*;

use super::sketch::{Sketch, View};
use crate::tests::{Shell, check, show};

/// Adds `element:0`, `element:1`, … in one command.
fn add(shell: &mut Shell, key: &str, elements: Range<usize>) -> Reply {
    let elements: Vec<String> = elements.map(|n| format!("element:{n}")).collect();
    shell.run_words(["PFADD", key].into_iter().chain(elements.iter().map(String::as_str)).collect())
}

fn bytes(shell: &mut Shell, key: &str) -> Vec<u8> {
    match shell.run(&format!("GET {key}")) {
        Reply::Bulk(bytes) => bytes.to_vec(),
        other => panic!("no string: {other:?}"),
    }
}

fn digest(shell: &mut Shell, key: &str) -> (usize, String) {
    (bytes(shell, key).len(), show(&shell.run(&format!("DIGEST {key}"))))
}

#[test]
fn few_elements_give_the_bytes_that_redis_stores() {
    for (elements, stored) in [
        (0, "48594c4c0100000000000000000000807fff"),
        (1, "48594c4c010000000000000000000080608180 5f7c"),
        (2, "48594c4c010000000000000000000080448e80 5bf180 5f7c"),
        (
            10,
            "48594c4c010000000000000000000080448e80453b8441ed88441b80407c904501804ab38440728058dc80444f84424d",
        ),
    ] {
        let mut shell = Shell::new();
        assert_eq!(add(&mut shell, "h", 0..elements), Reply::Int(1));
        let hex: String = bytes(&mut shell, "h").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, stored.replace(' ', ""), "{elements} elements");
    }
}

/// Length, XXH3 of the bytes, and count, as Redis has them after each batch.
#[test]
fn many_elements_give_the_bytes_and_counts_that_redis_has() {
    let mut shell = Shell::new();
    let mut added = 0;
    for (elements, length, hash, count) in [
        (1, 21, "384509d82e838532", 1),
        (10, 48, "868135208c818e2c", 10),
        (100, 285, "bbd26fbba82bfe6f", 99),
        (1000, 1897, "1bf87987b1147db4", 997),
        (1400, 2558, "3ca875163e32319b", 1397),
        (1500, 2722, "0eef19b0872cb9b6", 1500),
        (1600, 2886, "190df19c8287b16e", 1604),
        (10_000, 12304, "2f542a3411d2ca09", 10017),
        (100_000, 12304, "277d234d1d6bd8eb", 100_039),
    ] {
        add(&mut shell, "h", added..elements);
        added = elements;
        assert_eq!(digest(&mut shell, "h"), (length, format!("\"{hash}\"")), "{elements} elements");
        assert_eq!(shell.run("PFCOUNT h"), Reply::Int(count), "{elements} elements");
        assert_eq!(shell.run("PFCOUNT absent h"), Reply::Int(count), "{elements} elements");
    }
}

#[test]
fn merging_gives_the_bytes_that_redis_stores() {
    let mut shell = Shell::new();
    add(&mut shell, "a", 0..600);
    add(&mut shell, "b", 300..900);
    add(&mut shell, "to", 850..950);
    assert_eq!(shell.run("PFMERGE to a b absent"), Reply::OK);
    assert_eq!(digest(&mut shell, "to"), (1811, "\"b788a713adb2cf4a\"".into()));
    assert_eq!(shell.run("PFCOUNT to"), Reply::Int(947));
    assert_eq!(shell.run("PFCOUNT a b"), Reply::Int(897));
    add(&mut shell, "dense", 0..100_000);
    assert_eq!(shell.run("PFMERGE to dense"), Reply::OK);
    assert_eq!(digest(&mut shell, "to"), (12304, "\"277d234d1d6bd8eb\"".into()));
}

#[test]
fn a_rank_that_sparse_registers_cannot_hold_makes_them_dense() {
    let mut sketch = Sketch::new();
    assert_eq!(sketch.raise(7, 32), Ok(true));
    assert_eq!(sketch.clone().into_bytes().len(), 20);
    assert_eq!(sketch.raise(8, 33), Ok(true));
    assert_eq!(sketch.raise(8, 33), Ok(false));
    assert_eq!(sketch.raise(7, 32), Ok(false));
    let bytes = sketch.into_bytes();
    assert_eq!(bytes.len(), 12304);
    assert_eq!(View::of(&bytes).and_then(View::count), Ok(2));
}

#[test]
fn keys_come_into_being_and_keep_their_deadline() {
    check(
        r#"
        > PFADD h
        (integer) 1
        > PFADD h
        (integer) 0
        > TYPE h
        string
        > OBJECT ENCODING h
        "raw"
        > EXPIRE h 100
        (integer) 1
        > PFADD h a a
        (integer) 1
        > PFADD h a ""
        (integer) 1
        > PFMERGE h
        OK
        > TTL h
        (integer) 100
        > PFCOUNT h
        (integer) 2
        > PFMERGE new
        OK
        > PFCOUNT new
        (integer) 0
        > PFCOUNT absent nothing
        (integer) 0
        "#,
    );
}

/// Redis writes the count into the header when it is asked for it; such a string may be restored here.
#[test]
fn a_count_that_is_up_to_date_is_believed_until_something_is_added() {
    check(
        r#"
        > PFADD h a b c
        (integer) 1
        > SETRANGE h 8 "\x2a\x01\x00\x00\x00\x00\x00\x00"
        (integer) 27
        > PFCOUNT h
        (integer) 298
        > PFADD h a
        (integer) 0
        > PFCOUNT h
        (integer) 298
        > PFCOUNT h absent
        (integer) 3
        > PFADD h d
        (integer) 1
        > PFCOUNT h
        (integer) 4
        "#,
    );
}

#[test]
fn strings_that_are_no_sketch_are_refused() {
    let refusal = "WRONGTYPE Key is not a valid HyperLogLog string value.";
    let sparse_header = r"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    for text in [
        "",
        "12",
        "HYLL",
        sparse_header,
        r"HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00",
        r"HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff",
        r"HYLm\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff",
    ] {
        check(&format!(
            r#"
            > SET k "{text}"
            OK
            > PFADD k a
            (error) {refusal}
            > PFCOUNT k
            (error) {refusal}
            > PFCOUNT k absent
            (error) {refusal}
            > PFMERGE to absent k
            (error) {refusal}
            > EXISTS to
            (integer) 0
            "#
        ));
    }
    check(
        "
        > RPUSH list x
        (integer) 1
        > PFADD list a
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > PFCOUNT list
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > PFMERGE list
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        ",
    );
}

/// Too few registers, too many, and a run cut in half.
#[test]
fn sparse_registers_that_make_no_sense_are_refused() {
    let refusal = "INVALIDOBJ Corrupted HLL object detected";
    for registers in ["", r"\x00", r"\x7f\xff\x00", r"\x7f\xfe\x81", r"\x7f"] {
        check(&format!(
            r#"
            > SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80{registers}"
            OK
            > PFCOUNT k
            (error) {refusal}
            > PFCOUNT absent k
            (error) {refusal}
            > PFMERGE to k
            (error) {refusal}
            > EXISTS to
            (integer) 0
            "#
        ));
    }
    check(&format!(
        r#"
        > SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00"
        OK
        > PFADD k a
        (error) {refusal}
        "#
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// However elements come together, their count is that of adding them at once, and not far from the truth.
    #[test]
    fn counts_depend_on_the_elements_alone(
        batches in prop::collection::vec((0_u8..3, 0_usize..5000, 0_usize..800), 1..12), merged in any::<bool>()
    ) {
        let mut shell = Shell::new();
        let mut elements = BTreeSet::new();
        for (key, first, count) in batches {
            add(&mut shell, &key.to_string(), first..first + count);
            elements.extend(first..first + count);
        }
        if merged {
            shell.run("PFMERGE 1 0 2");
        }
        let Reply::Int(count) = shell.run("PFCOUNT 0 1 2") else { panic!("no count") };
        let names: Vec<String> = elements.iter().map(|n| format!("element:{n}")).collect();
        shell.run_words(["PFADD", "all"].into_iter().chain(names.iter().map(String::as_str)).collect());
        prop_assert_eq!(shell.run("PFCOUNT all"), Reply::Int(count));
        if merged {
            prop_assert_eq!(shell.run("PFCOUNT 1"), Reply::Int(count));
        }
        let truth = elements.len() as f64;
        prop_assert!((count as f64 - truth).abs() <= 2.0 + truth * 0.04, "{} of {}", count, truth);
    }
}
