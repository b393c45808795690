//! Arrays: options, edge cases, refusals, and random sessions against a plain model.

use std::collections::BTreeMap;

use latchkey_protocol::Reply;
use proptest::prelude::*;

use crate::tests::{Shell, check};

#[test]
fn places_reach_from_0_to_the_last_but_one_of_64_bits() {
    check(
        r#"
        > ARSET a 18446744073709551614 last
        (integer) 1
        > ARLEN a
        "18446744073709551615"
        > ARGET a +018446744073709551614
        "last"
        > ARSET a 18446744073709551613 x y
        (integer) 1
        > ARSCAN a 9223372036854775807 18446744073709551614 LIMIT 1
        1) 1) "18446744073709551613"
           2) "x"
        > ARSET a 9223372036854775807 middle
        (integer) 1
        > ARSCAN a 0 9223372036854775807
        1) 1) (integer) 9223372036854775807
           2) "middle"
        > ARSET a 18446744073709551614 x y
        (error) ERR array index overflow
        > ARSET a 18446744073709551615 x
        (error) ERR invalid array index
        > ARMSET a 0 x 18446744073709551615 y
        (error) ERR invalid array index
        > ARGET a 18446744073709551616
        (error) ERR invalid array index
        > ARGET a -1
        (error) ERR invalid array index
        > ARMGET a 0 1.5
        (error) ERR invalid array index
        > ARGETRANGE a 0 ""
        (error) ERR invalid array index
        > ARDELRANGE a 18446744073709551614 0
        (integer) 3
        > EXISTS a
        (integer) 0
        "#,
    );
}

/// Redis looks at the type first where it only reads places, and at the arguments first elsewhere.
#[test]
fn which_refusal_comes_first() {
    check(
        r#"
        > SET s x
        OK
        > ARGET s x
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARMGET s x
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARSET s x y
        (error) ERR invalid array index
        > ARSET s 18446744073709551614 x y
        (error) ERR array index overflow
        > ARMSET s 0 x 1
        (error) ERR wrong number of arguments for 'armset' command
        > ARMSET s x y
        (error) ERR invalid array index
        > ARMSET s 0 y
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARDEL missing 0 x
        (error) ERR invalid array index
        > ARDEL s 0
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARDELRANGE missing 0 x
        (error) ERR invalid array index
        > ARDELRANGE s 0 1 2
        (error) ERR wrong number of arguments for 'ardelrange' command
        > ARDELRANGE missing 0 1
        (integer) 0
        > ARLEN s
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARCOUNT s
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARGETRANGE s 0 1000000
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARGETRANGE s 0 x
        (error) ERR invalid array index
        > ARSCAN s 0 1 LIMIT 0
        (error) ERR LIMIT must be positive
        > ARSCAN s 0 1 LIMIT x
        (error) ERR value is not an int or out of range
        > ARSCAN s 0 1 COUNT 1
        (error) ERR syntax error
        > ARSCAN s 0 1 LIMIT
        (error) ERR wrong number of arguments for 'arscan' command
        > ARINSERT s x
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARRING s 0 x
        (error) ERR size must be positive
        > ARRING s -9223372036854775808 x
        (error) ERR size must be positive
        > ARRING s x x
        (error) ERR invalid size
        > ARRING s 9223372036854775808 x
        (error) ERR invalid size
        > ARRING s 1 x
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARNEXT s
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARSEEK s x
        (error) ERR invalid array index
        > ARSEEK s 1
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARLASTITEMS s x
        (error) ERR invalid COUNT
        > ARLASTITEMS s 0 REV REV REV
        (empty array)
        > ARLASTITEMS s 1 BACK
        (error) ERR syntax error
        > ARLASTITEMS s 1 REV REV
        (error) ERR wrong number of arguments for 'arlastitems' command
        > ARLASTITEMS s 1
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARINFO s FULLY
        (error) ERR syntax error
        > ARINFO s FULL FULL
        (error) ERR syntax error
        > ARINFO missing
        (error) ERR no such key
        > ARINFO s
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > AROP s 0 1 AVG
        (error) ERR unknown operation
        > AROP s 0 1 SUM x
        (error) ERR wrong number of arguments for 'arop' command
        > AROP s 0 1 MATCH
        (error) ERR MATCH requires a value argument
        > AROP s 0 1 SUM
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ARGREP s - + EXACT x
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn what_is_not_there() {
    check(
        r#"
        > ARGET missing 0
        (nil)
        > ARMGET missing 0 1
        1) (nil)
        2) (nil)
        > ARGETRANGE missing 1 0
        1) (nil)
        2) (nil)
        > ARLEN missing
        (integer) 0
        > ARSCAN missing 0 1
        (empty array)
        > ARLASTITEMS missing 5
        (empty array)
        > ARGREP missing - + MATCH x
        (empty array)
        > AROP missing 0 1 SUM
        (nil)
        > AROP missing 0 1 XOR
        (nil)
        > AROP missing 0 1 USED
        (integer) 0
        > AROP missing 0 1 MATCH x
        (integer) 0
        "#,
    );
}

#[test]
fn of_several_values_for_a_place_the_last_one_stays() {
    check(
        r#"
        > ARMSET a 5 x 3 y 5 z
        (integer) 2
        > ARSCAN a 9 0
        1) 1) (integer) 5
           2) "z"
        2) 1) (integer) 3
           2) "y"
        > ARDEL a 5 5 7
        (integer) 1
        "#,
    );
}

#[test]
fn a_reply_is_bounded_where_only_numbers_bound_it() {
    check(
        r#"
        > ARGETRANGE missing 0 1000000
        (error) ERR range exceeds maximum of 1000000 items
        > ARGETRANGE missing 18446744073709551614 0
        (error) ERR range exceeds maximum of 1000000 items
        > ARMSET a 0 first 2000000 last
        (integer) 2
        > ARLASTITEMS a 1000001
        (error) ERR count exceeds maximum of 1000000 items
        > ARLASTITEMS a 2
        1) (nil)
        2) "last"
        "#,
    );
    let mut shell = Shell::new();
    let Reply::Array(places) = shell.run("ARGETRANGE missing 999999 0") else { panic!("places") };
    assert_eq!(places.len(), 1_000_000);
}

#[test]
fn the_cursor_is_kept_until_the_last_element_goes() {
    check(
        r#"
        > ARINSERT a x y
        (integer) 1
        > ARDEL a 1
        (integer) 1
        > ARNEXT a
        (integer) 2
        > ARSET a 7 z
        (integer) 1
        > ARNEXT a
        (integer) 2
        > ARDEL a 0 7
        (integer) 2
        > ARNEXT a
        (integer) 0
        > ARINSERT a x
        (integer) 0
        > ARSEEK a 18446744073709551615
        (integer) 1
        > ARNEXT a
        (nil)
        > ARINSERT a x
        (error) ERR insert index overflow
        > ARSEEK a 18446744073709551614
        (integer) 1
        > ARINSERT a x y
        (error) ERR insert index overflow
        > ARINSERT a x
        "18446744073709551614"
        > ARINFO a FULL
         1) "count"
         2) (integer) 2
         3) "len"
         4) "18446744073709551615"
         5) "next-insert-index"
         6) (integer) 0
         7) "slices"
         8) (integer) 2
         9) "directory-size"
        10) (integer) 2
        11) "super-dir-entries"
        12) (integer) 0
        13) "slice-size"
        14) (integer) 64
        15) "dense-slices"
        16) (integer) 0
        17) "sparse-slices"
        18) (integer) 2
        19) "avg-dense-size"
        20) "0"
        21) "avg-dense-fill"
        22) "0"
        23) "avg-sparse-size"
        24) "1"
        > ARSEEK a 0
        (integer) 1
        > ARNEXT a
        (integer) 0
        "#,
    );
}

#[test]
fn the_last_items_are_those_before_the_cursor() {
    check(
        r#"
        > ARINSERT a 0 1 2 3 4
        (integer) 4
        > ARDEL a 1
        (integer) 1
        > ARLASTITEMS a 9
        1) "0"
        2) (nil)
        3) "2"
        4) "3"
        5) "4"
        > ARSEEK a 3
        (integer) 1
        > ARLASTITEMS a 4 REV
        1) "2"
        2) (nil)
        3) "0"
        4) "4"
        > ARSEEK a 0
        (integer) 1
        > ARLASTITEMS a 2
        1) "3"
        2) "4"
        > ARSEEK a 1000
        (integer) 1
        > ARLASTITEMS a 1
        1) "4"
        > ARLASTITEMS a 9223372036854775807 REV
        1) "4"
        2) "3"
        3) "2"
        4) (nil)
        5) "0"
        "#,
    );
}

/// When its size changes, a ring keeps the newest elements, oldest first, and goes on behind them.
#[test]
fn rings_change_their_size() {
    check(
        r#"
        > ARRING a 5 0 1 2 3 4 5 6
        (integer) 1
        > ARGETRANGE a 0 4
        1) "5"
        2) "6"
        3) "2"
        4) "3"
        5) "4"
        > ARRING a 7 7
        (integer) 5
        > ARGETRANGE a 0 6
        1) "2"
        2) "3"
        3) "4"
        4) "5"
        5) "6"
        6) "7"
        7) (nil)
        > ARRING a 3 8
        (integer) 0
        > ARGETRANGE a 0 3
        1) "8"
        2) "6"
        3) "7"
        4) (nil)
        > ARSEEK a 0
        (integer) 1
        > ARRING a 9 x
        (integer) 0
        > ARGETRANGE a 0 2
        1) "x"
        2) "6"
        3) "7"
        "#,
    );
}

/// What lies behind a gap is not the ring's.
#[test]
fn a_gap_ends_what_a_ring_keeps() {
    check(
        r#"
        > ARRING a 6 0 1 2 3 4 5
        (integer) 5
        > ARDEL a 3
        (integer) 1
        > ARRING a 4 6
        (integer) 2
        > ARSCAN a 0 9
        1) 1) (integer) 0
           2) "4"
        2) 1) (integer) 1
           2) "5"
        3) 1) (integer) 2
           2) "6"
        > ARDEL a 2
        (integer) 1
        > ARRING a 1 7
        (integer) 0
        > ARSCAN a 0 9
        1) 1) (integer) 0
           2) "7"
        > ARRING a 9223372036854775807 8
        (integer) 1
        "#,
    );
}

#[test]
fn operations_count_what_they_can() {
    check(
        r#"
        > ARMSET a 0 7.9 1 3.2 2 1.8 3 word 9 -2 10 "" 11 inf
        (integer) 7
        > AROP a 0 2 and
        (integer) 1
        > AROP a 2 0 OR
        (integer) 7
        > AROP a 0 2 XOR
        (integer) 5
        > AROP a 9 9 AND
        (integer) -2
        > AROP a 11 11 AND
        (nil)
        > AROP a 3 3 SUM
        (nil)
        > AROP a 0 10 SUM
        "10.9"
        > AROP a 0 10 MIN
        "-2"
        > AROP a 0 10 MAX
        "7.9"
        > AROP a 0 11 MAX
        "inf"
        > AROP a 0 11 SUM
        "inf"
        > AROP a 0 100 USED
        (integer) 7
        > AROP a 0 100 MATCH ""
        (integer) 1
        > ARMSET b 0 9223372036854775807 1 1 2 9223372036854775808
        (integer) 3
        > AROP b 0 1 SUM
        "9.2233720368547758e+18"
        > AROP b 0 2 AND
        (integer) 1
        > ARMSET c 0 0.1 1 0.2 2 00 3 0x10 4 1e300
        (integer) 5
        > AROP c 0 1 SUM
        "0.3"
        > AROP c 2 2 MIN
        "0"
        > AROP c 0 3 SUM
        "16.3"
        > AROP c 0 4 MAX
        "1e+300"
        "#,
    );
}

#[test]
fn predicates_are_joined_by_or_unless_by_and() {
    check(
        r#"
        > ARMSET a 0 RedisArray 1 redis-match 2 array-only 3 plain 9 ""
        (integer) 5
        > ARGREP a - + MATCH redis GLOB *array* AND NOCASE
        1) (integer) 0
        > ARGREP a - + OR MATCH redis LIMIT 3 GLOB *array* AND LIMIT 1 NOCASE
        1) (integer) 0
        > ARGREP a - + AND MATCH redis OR GLOB *array*
        1) (integer) 1
        2) (integer) 2
        > ARGREP a + - EXACT PLAIN EXACT "" NOCASE WITHVALUES
        1) 1) (integer) 9
           2) ""
        2) 1) (integer) 3
           2) "plain"
        > ARGREP a 2 1 MATCH ""
        1) (integer) 2
        2) (integer) 1
        > ARGREP a 3 - MATCH a LIMIT 2
        1) (integer) 3
        2) (integer) 2
        > ARGREP a - + MATCH
        (error) ERR wrong number of arguments for 'argrep' command
        > ARGREP a - + LIMIT 1
        (error) ERR syntax error
        > ARGREP a - + LIMIT 0 MATCH x
        (error) ERR LIMIT must be positive
        > ARGREP a - + LIMIT -1 MATCH x
        (error) ERR LIMIT must be positive
        > ARGREP a - + LIMIT x MATCH x
        (error) ERR value is not an int or out of range
        > ARGREP a - + MATCH x LIMIT
        (error) ERR syntax error
        > ARGREP a - + MATCH x GLOB
        (error) ERR syntax error
        > ARGREP a - + MATCH x WORD y
        (error) ERR syntax error
        > ARGREP a x + MATCH y
        (error) ERR invalid array index
        "#,
    );
}

#[test]
fn regular_expressions_are_those_of_posix() {
    check(
        r#"
        > ARMSET a 0 foo123 1 bar 2 zoo999 3 Foo777 4 "a\\b" 5 "two\nlines" 6 "\xff\xfe" 7 x]y
        (integer) 8
        > ARGREP a - + RE "^.*[0-9]{3}$"
        1) (integer) 0
        2) (integer) 2
        3) (integer) 3
        > ARGREP a - + RE "^foo[[:digit:]]+$" NOCASE
        1) (integer) 0
        2) (integer) 3
        > ARGREP a - + RE "^(bar|zoo)"
        1) (integer) 1
        2) (integer) 2
        > ARGREP a - + RE "[\\]"
        1) (integer) 4
        > ARGREP a - + RE "two.lines$"
        1) (integer) 5
        > ARGREP a - + RE "^lines"
        (empty array)
        > ARGREP a - + RE "^\xff[\xf0-\xfe]$"
        1) (integer) 6
        > ARGREP a - + RE "[]x][]]"
        1) (integer) 7
        > ARGREP a - + RE "^[^]x]*$" EXACT x]y AND
        (empty array)
        > ARGREP a - + RE "(a)\\1"
        (error) ERR regular expression backreferences are not supported
        > ARGREP a - + RE ""
        (error) ERR regular expression is empty
        > ARGREP a - + RE "("
        (error) ERR invalid regular expression: unclosed group
        > ARGREP a - + RE "[a"
        (error) ERR invalid regular expression: unclosed character class
        > ARGREP a - + RE "[[:alpha:"
        (error) ERR invalid regular expression: unclosed character class
        > ARGREP a - + RE "[[.a.]]"
        (error) ERR invalid regular expression: collating elements are not supported
        > ARGREP missing - + RE "a{2,1}"
        (error) ERR invalid regular expression: invalid repetition count range, the start must be <= the end
        > ARGREP a - + RE "(((((a{100}){100}){100})))"
        (error) ERR invalid regular expression: too complex
        "#,
    );
}

#[test]
fn predicates_are_limited_in_number_and_length() {
    let mut shell = Shell::new();
    let long = "a".repeat(2048);
    shell.run(&format!("ARSET a 0 {long}"));
    let found = Reply::Array(vec![Reply::Int(0)]);
    assert_eq!(shell.run(&format!("ARGREP a - + RE {long}")), found);
    let refused = shell.run(&format!("ARGREP a - + RE {long}a"));
    assert_eq!(error_of(&refused), "ERR regular expression is too long, maximum is 2048 bytes");
    let many = "MATCH aa ".repeat(250);
    assert_eq!(shell.run(&format!("ARGREP a - + {many}")), found);
    assert_eq!(
        error_of(&shell.run(&format!("ARGREP a - + {many} MATCH aa"))),
        "ERR too many predicates, maximum is 250"
    );
}

/// Time that a client can ask for with little data has an end.
#[test]
fn a_search_that_would_take_too_long_ends() {
    let mut shell = Shell::new();
    // An automaton of this has a state for each set of places among the last twenty where a letter was.
    let mut chance = fastrand::Rng::with_seed(1);
    let letters: String = (0..120_000).map(|_| chance.choice(['a', 'b']).expect("two letters")).collect();
    shell.run(&format!("ARSET a 0 {letters}"));
    let refused = shell.run("ARGREP a - + RE a[ab]{20}c");
    assert_eq!(error_of(&refused), "ERR invalid regular expression: too complex");
    shell.run(&format!("ARSET b 0 {}", "a".repeat(70_000)));
    let refused = shell.run(&format!("ARGREP b - + GLOB b{}", "*a".repeat(40_000)));
    assert_eq!(error_of(&refused), "ERR the search takes too long");
}

fn error_of(reply: &Reply) -> &str {
    match reply {
        Reply::Error(error) => error.text(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_array_is_a_key_like_others() {
    check(
        r#"
        > ARINSERT a x y
        (integer) 1
        > TYPE a
        array
        > OBJECT ENCODING a
        "sliced-array"
        > MEMORY USAGE a
        (integer) 99
        > SCAN 0 TYPE array
        1) "0"
        2) 1) "a"
        > EXPIRE a 10
        (integer) 1
        > COPY a b
        (integer) 1
        > ARINSERT b z
        (integer) 2
        > ARLEN a
        (integer) 2
        > RENAME b c
        OK
        > ARGETRANGE c 0 2
        1) "x"
        2) "y"
        3) "z"
        > TTL c
        (integer) 10
        > SORT a
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > GET a
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        ~ 10001
        > ARNEXT c
        (integer) 0
        > EXISTS a c
        (integer) 0
        "#,
    );
}

/// A map and a cursor, and what the commands make of them.
#[derive(Clone, Debug, Default)]
struct Model {
    items: BTreeMap<u64, String>,
    cursor: Option<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Set(u64, Vec<u8>),
    Del(Vec<u64>),
    DelRange(u64, u64),
    Insert(Vec<u8>),
    Seek(u64),
    Scan(u64, u64, usize),
    GetRange(u64, u64),
    Last(usize),
}

fn steps() -> impl Strategy<Value = Step> {
    let place = || prop_oneof![0..20_u64, 60..70_u64, 1_000_000..1_000_010_u64];
    let values = || prop::collection::vec(any::<u8>(), 1..5);
    prop_oneof![
        4 => (place(), values()).prop_map(|(first, values)| Step::Set(first, values)),
        2 => prop::collection::vec(place(), 1..4).prop_map(Step::Del),
        1 => (place(), place()).prop_map(|(start, end)| Step::DelRange(start, end)),
        3 => values().prop_map(Step::Insert),
        1 => place().prop_map(Step::Seek),
        2 => (place(), place(), 1..9_usize).prop_map(|(start, end, limit)| Step::Scan(start, end, limit)),
        2 => (0..80_u64, 0..80_u64).prop_map(|(start, end)| Step::GetRange(start, end)),
        1 => (1..9_usize).prop_map(Step::Last),
    ]
}

fn spelled(values: &[u8]) -> String {
    values.iter().map(|value| format!(" v{value}")).collect()
}

impl Step {
    fn line(&self) -> String {
        let numbers = |numbers: &[u64]| numbers.iter().map(|number| format!(" {number}")).collect::<String>();
        match self {
            Self::Set(first, values) => format!("ARSET a {first}{}", spelled(values)),
            Self::Del(places) => format!("ARDEL a{}", numbers(places)),
            Self::DelRange(start, end) => format!("ARDELRANGE a {start} {end}"),
            Self::Insert(values) => format!("ARINSERT a{}", spelled(values)),
            Self::Seek(next) => format!("ARSEEK a {next}"),
            Self::Scan(start, end, limit) => format!("ARSCAN a {start} {end} LIMIT {limit}"),
            Self::GetRange(start, end) => format!("ARGETRANGE a {start} {end}"),
            Self::Last(count) => format!("ARLASTITEMS a {count} REV"),
        }
    }
}

impl Model {
    fn run(&mut self, step: &Step) -> Reply {
        let before = self.items.len();
        match step {
            Step::Set(first, values) => {
                self.put(*first, values);
                Reply::count(self.items.len() - before)
            }
            Step::Del(places) => self.retain(|place| !places.contains(place)),
            Step::DelRange(start, end) => {
                let range = *start.min(end)..=*start.max(end);
                self.retain(|place| !range.contains(place))
            }
            Step::Insert(values) => {
                let first = self.cursor.map_or(0, |last| last + 1);
                let last = first + values.len() as u64 - 1;
                self.put(first, values);
                self.cursor = Some(last);
                Reply::count(last as usize)
            }
            Step::Seek(next) => {
                if self.items.is_empty() {
                    return Reply::Int(0);
                }
                self.cursor = next.checked_sub(1);
                Reply::Int(1)
            }
            Step::Scan(start, end, limit) => {
                let range = *start.min(end)..=*start.max(end);
                let mut pairs: Vec<Reply> = self
                    .items
                    .range(range)
                    .map(|(&place, item)| Reply::Array(vec![Reply::count(place as usize), Reply::bulk(item)]))
                    .collect();
                if start > end {
                    pairs.reverse();
                }
                pairs.truncate(*limit);
                Reply::Array(pairs)
            }
            Step::GetRange(start, end) => {
                let mut items: Vec<Reply> =
                    (*start.min(end)..=*start.max(end)).map(|place| self.get(place)).collect();
                if start > end {
                    items.reverse();
                }
                Reply::Array(items)
            }
            Step::Last(count) => {
                let span = self.items.last_key_value().map_or(0, |(last, _)| last + 1);
                let mut place = self.cursor.filter(|&last| last < span).unwrap_or(span.saturating_sub(1));
                let mut items = Vec::new();
                while items.len() < (*count).min(span as usize) {
                    items.push(self.get(place));
                    place = place.checked_sub(1).unwrap_or(span - 1);
                }
                Reply::Array(items)
            }
        }
    }

    fn put(&mut self, first: u64, values: &[u8]) {
        self.items.extend((first..).zip(values.iter().map(|value| format!("v{value}"))));
    }

    fn get(&self, place: u64) -> Reply {
        Reply::or_null(self.items.get(&place).map(Reply::bulk))
    }

    fn retain(&mut self, keep: impl Fn(&u64) -> bool) -> Reply {
        let before = self.items.len();
        self.items.retain(|place, _| keep(place));
        if self.items.is_empty() {
            self.cursor = None;
        }
        Reply::count(before - self.items.len())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn arrays_behave_like_a_map_with_a_cursor(steps in prop::collection::vec(steps(), 1..40)) {
        let (mut shell, mut model) = (Shell::new(), Model::default());
        for step in &steps {
            prop_assert_eq!(shell.run(&step.line()), model.run(step), "{}", step.line());
        }
    }

    /// The expression that is searched for is one of ours, whatever bytes it has: neither a panic nor a hang.
    #[test]
    fn any_bytes_are_an_expression_or_refused(
        pattern in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"[](){}*+?|\\^$.:-a1".to_vec())], 1..24),
        text in prop::collection::vec(any::<u8>(), 0..24),
    ) {
        let (mut shell, word) = (Shell::new(), |word: &[u8]| bytes::Bytes::copy_from_slice(word));
        shell.run_words([&b"ARSET"[..], b"a", b"0", &text].map(word).into_iter().collect());
        let reply = shell.run_words([&b"ARGREP"[..], b"a", b"-", b"+", b"RE", &pattern].map(word).into_iter().collect());
        match reply {
            Reply::Array(_) => {}
            Reply::Error(error) => prop_assert!(error.text().contains("regular expression"), "{}", error.text()),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
