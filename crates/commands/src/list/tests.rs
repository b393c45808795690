//! Lists: options, edge cases, refusals, and random sessions against a plain model.

use std::collections::BTreeMap;

use latchkey_protocol::Reply;
use proptest::prelude::*;

use crate::tests::{Shell, check};

/// What they answer where nobody waits: in a transaction, for example.
#[test]
fn commands_that_wait_take_what_is_there_and_otherwise_answer_null() {
    check(
        r#"
        > RPUSH b 1 2 3 4 5 6
        (integer) 6
        > BLPOP a b b 0
        1) "b"
        2) "1"
        > BRPOP a b 1.5
        1) "b"
        2) "6"
        > BLMOVE b c LEFT RIGHT 0
        "2"
        > BRPOPLPUSH b c 0
        "5"
        > LRANGE c 0 -1
        1) "5"
        2) "2"
        > BLMPOP 0 2 a b RIGHT COUNT 2
        1) "b"
        2) 1) "4"
           2) "3"
        > EXISTS b
        (integer) 0
        > BLPOP a b 0
        (nil)
        > BLMOVE a b LEFT LEFT 0
        (nil)
        > BRPOPLPUSH a b 0
        (nil)
        > BLMPOP 0 1 a LEFT
        (nil)
        "#,
    );
}

/// As in Redis, which looks at the timeout before the keys, but after all other arguments.
#[test]
fn timeouts_are_checked_before_keys_and_after_options() {
    check(
        r#"
        > SET s x
        OK
        > BLPOP s -1
        (error) ERR timeout is negative
        > BRPOP s x
        (error) ERR timeout is not a float or out of range
        > BLPOP s 0
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BLMOVE s l LEFT x 1e99
        (error) ERR syntax error
        > BLMOVE s l LEFT LEFT 1e99
        (error) ERR timeout is out of range
        > BRPOPLPUSH s l nan
        (error) ERR timeout is not a float or out of range
        > BLMPOP x 0 s LEFT
        (error) ERR numkeys should be greater than 0
        > BLMPOP x 1 s UP
        (error) ERR syntax error
        > BLMPOP x 1 s LEFT COUNT 0
        (error) ERR count should be greater than 0
        > BLMPOP x 1 s LEFT
        (error) ERR timeout is not a float or out of range
        "#,
    );
}

#[test]
fn pushes_go_one_after_the_other() {
    check(
        r#"> LPUSH a 1 2 3
        (integer) 3
        > RPUSH a 4 5
        (integer) 5
        > LRANGE a 0 -1
        1) "3"
        2) "2"
        3) "1"
        4) "4"
        5) "5"
        > LPUSHX b 1
        (integer) 0
        > RPUSHX b 1 2
        (integer) 0
        > LLEN b
        (integer) 0"#,
    );
}

#[test]
fn pop_tells_missing_from_none_wanted() {
    check(
        r#"> LPOP a
        (nil)
        > LPOP a 2
        (nil)
        > LPOP a 0
        (nil)
        > RPUSH a 1 2 3
        (integer) 3
        > LPOP a 0
        (empty array)
        > RPOP a 9223372036854775807
        1) "3"
        2) "2"
        3) "1"
        > LPOP a 1
        (nil)"#,
    );
}

/// In RESP2 a missing list is a null array where an array was asked for.
#[test]
fn nulls_are_of_the_kind_that_was_asked_for() {
    let mut shell = Shell::new();
    assert_eq!(shell.run("LPOP a"), Reply::Null);
    assert_eq!(shell.run("LPOP a 1"), Reply::NullArray);
    assert_eq!(shell.run("LMPOP 1 a LEFT"), Reply::NullArray);
    assert_eq!(shell.run("LMOVE a b LEFT LEFT"), Reply::Null);
    assert_eq!(shell.run("LPOS a x"), Reply::Null);
    assert_eq!(shell.run("LPOS a x COUNT 1"), Reply::Array(vec![]));
}

#[test]
fn pop_refuses_what_is_no_count() {
    check(
        "> LPOP a -1
        (error) ERR value is out of range, must be positive
        > RPOP a x
        (error) ERR value is out of range, must be positive
        > LPOP a 9223372036854775808
        (error) ERR value is out of range, must be positive
        > LPOP a 1 2
        (error) ERR wrong number of arguments for 'lpop' command
        > RPOP a 1 2
        (error) ERR wrong number of arguments for 'rpop' command",
    );
}

#[test]
fn bounds_may_lie_far_outside() {
    check(
        r#"> RPUSH a 1 2 3
        (integer) 3
        > LRANGE a -9223372036854775808 9223372036854775807
        1) "1"
        2) "2"
        3) "3"
        > LRANGE a 9223372036854775807 -9223372036854775808
        (empty array)
        > LRANGE a 2 1
        (empty array)
        > LRANGE a -1 -2
        (empty array)
        > LRANGE nothing 0 -1
        (empty array)
        > LRANGE a 0 x
        (error) ERR value is not an int or out of range
        > LINDEX a 9223372036854775807
        (nil)
        > LINDEX a -9223372036854775808
        (nil)
        > LINDEX a -3
        "1"
        > LINDEX a x
        (error) ERR value is not an int or out of range
        > LINDEX nothing x
        (nil)
        > LTRIM a -9223372036854775808 9223372036854775807
        OK
        > LLEN a
        (integer) 3
        > LTRIM a 1 1
        OK
        > LRANGE a 0 -1
        1) "2"
        > LTRIM a 5 10
        OK
        > LLEN a
        (integer) 0"#,
    );
}

#[test]
fn lset_needs_the_key_before_the_index() {
    check(
        "> LSET a x y
        (error) ERR no such key
        > RPUSH a 1
        (integer) 1
        > LSET a x y
        (error) ERR value is not an int or out of range
        > LSET a 1 y
        (error) ERR index out of range
        > LSET a -2 y
        (error) ERR index out of range
        > LSET a -1 y
        OK",
    );
}

#[test]
fn linsert_tells_no_pivot_from_no_list() {
    check(
        r#"> LINSERT a BEFORE x y
        (integer) 0
        > RPUSH a x x
        (integer) 2
        > LINSERT a BEFORE z y
        (integer) -1
        > LINSERT a after x y
        (integer) 3
        > LINSERT a BEFORE x w
        (integer) 4
        > LRANGE a 0 -1
        1) "w"
        2) "x"
        3) "y"
        4) "x"
        > LINSERT a beside x y
        (error) ERR syntax error"#,
    );
}

#[test]
fn lrem_takes_from_either_side() {
    check(
        r#"> RPUSH a x 1 x 2 x 3 x
        (integer) 7
        > LREM a 1 x
        (integer) 1
        > LREM a -2 x
        (integer) 2
        > LRANGE a 0 -1
        1) "1"
        2) "x"
        3) "2"
        4) "3"
        > LREM a 0 nothing
        (integer) 0
        > LREM a 9223372036854775807 x
        (integer) 1
        > LREM a -9223372036854775808 x
        (error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > LREM a x x
        (error) ERR value is not an int or out of range
        > RPUSH b x x
        (integer) 2
        > LREM b -9223372036854775807 x
        (integer) 2
        > LLEN b
        (integer) 0"#,
    );
}

#[test]
fn lpos_ranks_and_limits() {
    check(
        "> RPUSH a x y x y x
        (integer) 5
        > LPOS a x RANK 2
        (integer) 2
        > LPOS a x RANK -2
        (integer) 2
        > LPOS a x RANK 4
        (nil)
        > LPOS a x COUNT 0 RANK -1
        1) (integer) 4
        2) (integer) 2
        3) (integer) 0
        > LPOS a x count 2
        1) (integer) 0
        2) (integer) 2
        > LPOS a y MAXLEN 1
        (nil)
        > LPOS a y MAXLEN 0
        (integer) 1
        > LPOS a x COUNT 0 MAXLEN 3 RANK -1
        1) (integer) 4
        2) (integer) 2
        > LPOS a z COUNT 0
        (empty array)
        > LPOS a x RANK 9223372036854775807
        (nil)
        > LPOS a x RANK -9223372036854775807 COUNT 9223372036854775807
        (empty array)",
    );
}

#[test]
fn lpos_refuses_by_option() {
    check(
        "> LPOS a x RANK 0
        (error) ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
        > LPOS a x RANK -9223372036854775808
        (error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > LPOS a x RANK y
        (error) ERR value is not an int or out of range
        > LPOS a x COUNT -1
        (error) ERR COUNT can't be negative
        > LPOS a x COUNT y
        (error) ERR COUNT can't be negative
        > LPOS a x MAXLEN -1
        (error) ERR MAXLEN can't be negative
        > LPOS a x RANK
        (error) ERR syntax error
        > LPOS a x FIRST 1
        (error) ERR syntax error",
    );
}

#[test]
fn a_list_rotates_onto_itself() {
    check(
        r#"> RPUSH a 1 2 3
        (integer) 3
        > LMOVE a a LEFT RIGHT
        "1"
        > LMOVE a a RIGHT RIGHT
        "1"
        > LRANGE a 0 -1
        1) "2"
        2) "3"
        3) "1"
        > RPOPLPUSH a a
        "1"
        > LINDEX a 0
        "1""#,
    );
}

/// With one element the list is never empty on the way, so its deadline stays.
#[test]
fn a_single_element_rotates_in_place() {
    check(
        r#"> RPUSH a 1
        (integer) 1
        > PEXPIRE a 1000
        (integer) 1
        > LMOVE a a LEFT RIGHT
        "1"
        > PTTL a
        (integer) 1000
        ~ 1001
        > LLEN a
        (integer) 0"#,
    );
}

#[test]
fn a_list_that_gave_its_last_element_is_gone() {
    check(
        r#"> RPUSH a 1
        (integer) 1
        > LMOVE a b left right
        "1"
        > EXISTS a b
        (integer) 1
        > RPUSH b 2
        (integer) 2
        > LMPOP 2 a b RIGHT COUNT 10
        1) "b"
        2) 1) "2"
           2) "1"
        > EXISTS a b
        (integer) 0"#,
    );
}

#[test]
fn lmpop_reads_its_arguments_in_order() {
    check(
        "> LMPOP x a LEFT
        (error) ERR numkeys should be greater than 0
        > LMPOP 0 a LEFT
        (error) ERR numkeys should be greater than 0
        > LMPOP 9223372036854775807 a LEFT
        (error) ERR syntax error
        > LMPOP 2 a LEFT
        (error) ERR syntax error
        > LMPOP 1 a UP
        (error) ERR syntax error
        > LMPOP 1 a LEFT COUNT 0
        (error) ERR count should be greater than 0
        > LMPOP 1 a LEFT COUNT x
        (error) ERR count should be greater than 0
        > LMPOP 1 a LEFT COUNT
        (error) ERR syntax error
        > LMPOP 1 a LEFT COUNT 1 COUNT 1
        (error) ERR syntax error",
    );
}

#[test]
fn other_types_are_refused() {
    let mut shell = Shell::new();
    shell.check("> SET s x\nOK\n> RPUSH a 1\n(integer) 1");
    for command in [
        "LPUSH s 1",
        "RPUSHX s 1",
        "LPOP s",
        "RPOP s 0",
        "LLEN s",
        "LINDEX s 0",
        "LSET s 0 x",
        "LINSERT s BEFORE a b",
        "LRANGE s 0 -1",
        "LREM s 0 x",
        "LTRIM s 0 -1",
        "LPOS s x",
        "LMOVE s a LEFT LEFT",
        "LMOVE a s LEFT LEFT",
        "LMPOP 2 s a LEFT",
    ] {
        assert_eq!(shell.run(command), Reply::Error(latchkey_protocol::ReplyError::WRONG_TYPE), "{command}");
    }
    // Keys are looked at only as far as needed.
    shell.check("> LMOVE nothing s LEFT LEFT\n(nil)\n> LMPOP 2 a s LEFT\n1) \"a\"\n2) 1) \"1\"");
}

/// What can be done to a list. Indexes and counts are small, so that they often hit.
#[derive(Clone, Debug)]
enum Step {
    Push { key: char, left: bool, items: Vec<char> },
    Pop { key: char, left: bool, count: usize },
    Set { key: char, index: i64, item: char },
    Insert { key: char, after: bool, pivot: char, item: char },
    Remove { key: char, count: i64, item: char },
    Trim { key: char, start: i64, stop: i64 },
    Move { source: char, destination: char, from_left: bool, to_left: bool },
    Find { key: char, item: char, rank: i64, count: usize, compared_max: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || prop::sample::select(vec!['a', 'b']);
    let item = || prop::sample::select(vec!['x', 'y', 'z']);
    let rank = prop_oneof![-3_i64..0, 1_i64..4];
    let step = prop_oneof![
        4 => (key(), any::<bool>(), prop::collection::vec(item(), 1..5))
            .prop_map(|(key, left, items)| Step::Push { key, left, items }),
        1 => (key(), any::<bool>(), 0_usize..4).prop_map(|(key, left, count)| Step::Pop { key, left, count }),
        1 => (key(), -6_i64..6, item()).prop_map(|(key, index, item)| Step::Set { key, index, item }),
        1 => (key(), any::<bool>(), item(), item())
            .prop_map(|(key, after, pivot, item)| Step::Insert { key, after, pivot, item }),
        1 => (key(), -3_i64..4, item()).prop_map(|(key, count, item)| Step::Remove { key, count, item }),
        1 => (key(), -9_i64..9, -9_i64..9).prop_map(|(key, start, stop)| Step::Trim { key, start, stop }),
        1 => (key(), key(), any::<bool>(), any::<bool>()).prop_map(|(source, destination, from_left, to_left)| {
            Step::Move { source, destination, from_left, to_left }
        }),
        2 => (key(), item(), rank, 0_usize..3, 0_usize..6)
            .prop_map(|(key, item, rank, count, compared_max)| Step::Find { key, item, rank, count, compared_max }),
    ];
    prop::collection::vec(step, 1..40)
}

fn side(left: bool) -> &'static str {
    if left { "LEFT" } else { "RIGHT" }
}

impl Step {
    fn line(&self) -> String {
        match self {
            Self::Push { key, left, items } => {
                let items: String = items.iter().map(|item| format!(" {item}")).collect();
                format!("{} {key}{items}", if *left { "LPUSH" } else { "RPUSH" })
            }
            Self::Pop { key, left, count } => {
                format!("{} {key} {count}", if *left { "LPOP" } else { "RPOP" })
            }
            Self::Set { key, index, item } => format!("LSET {key} {index} {item}"),
            Self::Insert { key, after, pivot, item } => {
                format!("LINSERT {key} {} {pivot} {item}", if *after { "AFTER" } else { "BEFORE" })
            }
            Self::Remove { key, count, item } => format!("LREM {key} {count} {item}"),
            Self::Trim { key, start, stop } => format!("LTRIM {key} {start} {stop}"),
            Self::Move { source, destination, from_left, to_left } => {
                format!("LMOVE {source} {destination} {} {}", side(*from_left), side(*to_left))
            }
            Self::Find { key, item, rank, count, compared_max } => {
                format!("LPOS {key} {item} RANK {rank} COUNT {count} MAXLEN {compared_max}")
            }
        }
    }
}

/// Lists as plain vectors; a missing list is an empty one.
#[derive(Default)]
struct Model(BTreeMap<char, Vec<char>>);

impl Model {
    fn list(&mut self, key: char) -> &mut Vec<char> {
        self.0.entry(key).or_default()
    }

    /// Does the step; what it has to answer, unless that is an error.
    fn apply(&mut self, step: &Step) -> Option<Reply> {
        Some(match *step {
            Step::Push { key, left, ref items } => {
                let list = self.list(key);
                items.iter().for_each(|&item| list.insert(if left { 0 } else { list.len() }, item));
                Reply::count(list.len())
            }
            Step::Pop { key, left, count } => {
                let list = self.list(key);
                if list.is_empty() {
                    return Some(Reply::NullArray);
                }
                let count = count.min(list.len());
                if left {
                    items(list.drain(..count).collect())
                } else {
                    items(list.drain(list.len() - count..).rev().collect())
                }
            }
            Step::Set { key, index, item } => {
                let list = self.list(key);
                let index = if index < 0 { index + list.len() as i64 } else { index };
                *list.get_mut(usize::try_from(index).ok()?)? = item;
                Reply::OK
            }
            Step::Insert { key, after, pivot, item } => {
                let list = self.list(key);
                match list.iter().position(|&other| other == pivot) {
                    Some(at) => {
                        list.insert(at + usize::from(after), item);
                        Reply::count(list.len())
                    }
                    None => Reply::Int(if list.is_empty() { 0 } else { -1 }),
                }
            }
            Step::Remove { key, count, item } => {
                let list = self.list(key);
                let mut at: Vec<usize> = (0..list.len()).filter(|&at| list[at] == item).collect();
                if count < 0 {
                    at.reverse();
                }
                at.truncate(if count == 0 { usize::MAX } else { count.unsigned_abs() as usize });
                let kept = (0..list.len()).filter(|index| !at.contains(index)).map(|index| list[index]);
                *list = kept.collect();
                Reply::count(at.len())
            }
            Step::Trim { key, start, stop } => {
                let list = self.list(key);
                let len = list.len() as i64;
                let absolute = |at: i64| if at < 0 { at + len } else { at };
                let kept = absolute(start)..=absolute(stop);
                *list = (0..len).filter(|at| kept.contains(at)).map(|at| list[at as usize]).collect();
                Reply::OK
            }
            Step::Move { source, destination, from_left, to_left } => {
                let list = self.list(source);
                if list.is_empty() {
                    return Some(Reply::Null);
                }
                let item = list.remove(if from_left { 0 } else { list.len() - 1 });
                let list = self.list(destination);
                list.insert(if to_left { 0 } else { list.len() }, item);
                Reply::bulk(item.to_string())
            }
            Step::Find { key, item, rank, count, compared_max } => {
                let mut indexed: Vec<_> = self.list(key).iter().copied().enumerate().collect();
                if rank < 0 {
                    indexed.reverse();
                }
                indexed.truncate(if compared_max == 0 { usize::MAX } else { compared_max });
                indexed.retain(|&(_, other)| other == item);
                let skipped = rank.unsigned_abs() as usize - 1;
                let wanted = if count == 0 { usize::MAX } else { count };
                let found = indexed.into_iter().skip(skipped).take(wanted);
                Reply::Array(found.map(|(at, _)| Reply::count(at)).collect())
            }
        })
    }
}

fn items(items: Vec<char>) -> Reply {
    Reply::Array(items.into_iter().map(|item| Reply::bulk(item.to_string())).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Random sessions on two lists answer as vectors do, and leave the same elements.
    #[test]
    fn lists_are_vectors(steps in steps()) {
        let (mut shell, mut model) = (Shell::new(), Model::default());
        for step in steps {
            let line = step.line();
            let reply = shell.run(&line);
            match model.apply(&step) {
                Some(expected) => prop_assert_eq!(reply, expected, "{}", line),
                None => prop_assert!(matches!(reply, Reply::Error(_)), "{}: {:?}", line, reply),
            }
            for key in ['a', 'b'] {
                let stored = shell.run(&format!("LRANGE {key} 0 -1"));
                prop_assert_eq!(stored, items(model.list(key).clone()), "{} after {}", key, line);
            }
        }
    }
}
