//! Sets: options, edge cases, refusals, and random sessions against a plain model.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use latchkey_protocol::{Reply, ReplyError};
use proptest::prelude::*;

use crate::tests::{Shell, check};

/// The items of an array or set, in order.
#[track_caller]
fn items(reply: Reply) -> Vec<Bytes> {
    let (Reply::Array(items) | Reply::Set(items)) = reply else { panic!("no list: {reply:?}") };
    let text = |item| match item {
        Reply::Bulk(bytes) => bytes,
        other => panic!("not a string: {other:?}"),
    };
    let mut items: Vec<Bytes> = items.into_iter().map(text).collect();
    items.sort();
    items
}

/// A shell with a set `s` of the members `m0`, `m1`, … and so in a form that depends on their number.
fn shell_with(count: usize) -> Shell {
    let mut shell = Shell::new();
    let members: String = (0..count).map(|n| format!(" m{n}")).collect();
    assert_eq!(shell.run(&format!("SADD s{members}")), Reply::count(count));
    shell
}

/// How many members make a packed set, and how many a table.
const SIZES: [usize; 2] = [20, 200];

#[test]
fn a_missing_set_is_an_empty_one() {
    check(
        "> SCARD a
        (integer) 0
        > SISMEMBER a x
        (integer) 0
        > SMISMEMBER a x y
        1) (integer) 0
        2) (integer) 0
        > SMEMBERS a
        (empty array)
        > SREM a x
        (integer) 0
        > SPOP a
        (nil)
        > SPOP a 3
        (empty array)
        > SRANDMEMBER a
        (nil)
        > SRANDMEMBER a -3
        (empty array)
        > SMOVE a b x
        (integer) 0
        > SSCAN a 0
        1) \"0\"
        2) (empty array)
        > SINTER a b
        (empty array)
        > SUNION a b
        (empty array)
        > SDIFF a b
        (empty array)",
    );
}

#[test]
fn encodings_are_those_of_redis() {
    let mut shell = Shell::new();
    let many = |name: &str, count: usize| (0..count).map(|n| format!(" {name}{n}")).collect::<String>();
    for (members, encoding) in [
        (many("", 512), "intset"),
        (many("", 513), "hashtable"),
        (many("m", 128), "listpack"),
        (many("m", 129), "hashtable"),
        (" 1 2 m".into(), "listpack"),
        (format!(" {}", "x".repeat(65)), "hashtable"),
        // It is the number of arguments that counts, different or not.
        (" m".repeat(129), "hashtable"),
    ] {
        shell.run(&format!("SADD s{members}"));
        assert_eq!(shell.run("OBJECT ENCODING s"), Reply::bulk(encoding), "{members}");
        shell.run("DEL s");
    }
}

#[test]
fn a_set_that_gave_its_last_member_is_gone() {
    check(
        r#"> SADD a x y
        (integer) 2
        > SREM a x y z x
        (integer) 2
        > EXISTS a
        (integer) 0
        > SADD a x
        (integer) 1
        > SMOVE a b x
        (integer) 1
        > EXISTS a b
        (integer) 1
        > SPOP b 5
        1) "x"
        > EXISTS b
        (integer) 0"#,
    );
}

#[test]
fn smove_onto_itself_only_looks() {
    check(
        r#"> SADD a x
        (integer) 1
        > EXPIRE a 100
        (integer) 1
        > SMOVE a a x
        (integer) 1
        > SMOVE a a y
        (integer) 0
        > TTL a
        (integer) 100
        > SADD b x
        (integer) 1
        > SMOVE a b x
        (integer) 1
        > SMEMBERS b
        1) "x""#,
    );
}

#[test]
fn counts_are_checked_before_the_key() {
    check(
        "> SPOP a -1
        (error) ERR value is out of range, must be positive
        > SPOP a x
        (error) ERR value is out of range, must be positive
        > SPOP a 1 2
        (error) ERR syntax error
        > SRANDMEMBER a x
        (error) ERR value is not an int or out of range
        > SRANDMEMBER a -9223372036854775808
        (error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > SRANDMEMBER a 1 2
        (error) ERR syntax error",
    );
}

/// Only what a client may not make us answer without end is refused; a count beyond the size is no such thing.
#[test]
fn repeated_draws_have_a_limit() {
    check(
        r#"> SADD a x
        (integer) 1
        > SRANDMEMBER a -1000001
        (error) ERR value is out of range
        > SRANDMEMBER a -9223372036854775807
        (error) ERR value is out of range
        > SRANDMEMBER a 9223372036854775807
        1) "x"
        > SRANDMEMBER a 0
        (empty array)
        > SPOP a 0
        (empty array)
        > SPOP a 9223372036854775807
        1) "x""#,
    );
}

#[test]
fn spop_takes_what_it_answers() {
    for size in SIZES {
        for count in [1, 2, size / 4, size / 2, size - 1, size, size + 1] {
            let mut shell = shell_with(size);
            let all = items(shell.run("SMEMBERS s"));
            let mut both = items(shell.run(&format!("SPOP s {count}")));
            assert_eq!(both.len(), count.min(size));
            both.extend(items(shell.run("SMEMBERS s")));
            both.sort();
            assert_eq!(both, all, "{count} of {size}");
        }
    }
}

#[test]
fn srandmember_answers_different_members_or_as_many_as_wanted() {
    for size in SIZES {
        let mut shell = shell_with(size);
        let all = items(shell.run("SMEMBERS s"));
        for count in [1, 2, size / 4, size / 2, size - 1, size, size + 1] {
            let drawn = items(shell.run(&format!("SRANDMEMBER s {count}")));
            assert!(drawn.is_sorted_by(|a, b| a < b), "drawn twice: {drawn:?}");
            assert_eq!(drawn.len(), count.min(size));
            let repeated = items(shell.run(&format!("SRANDMEMBER s -{count}")));
            assert_eq!(repeated.len(), count);
            assert!(drawn.iter().chain(&repeated).all(|member| all.contains(member)));
        }
    }
}

/// A member that is there all the time is found exactly once, whatever comes and goes between the calls.
#[test]
fn sscan_finds_what_stays() {
    let mut shell = shell_with(300);
    let (mut found, mut cursor, mut calls) = (Vec::new(), String::from("0"), 0);
    loop {
        let Reply::Array(parts) = shell.run(&format!("SSCAN s {cursor} COUNT 20")) else {
            panic!("no array")
        };
        let [Reply::Bulk(next), page] = &parts[..] else { panic!("not a cursor and a list") };
        found.extend(items(page.clone()));
        cursor = String::from_utf8_lossy(next).into_owned();
        shell.run(&format!("SADD s new{calls}"));
        shell.run(&format!("SREM s m{}", 200 + calls));
        calls += 1;
        if cursor == "0" {
            break;
        }
    }
    assert!(calls > 5, "{calls} calls for 300 members");
    for n in 0..200 {
        let name = format!("m{n}");
        assert_eq!(found.iter().filter(|member| **member == name).count(), 1, "{name}");
    }
}

#[test]
fn sscan_reads_its_options() {
    check(
        r#"> SADD a one two three
        (integer) 3
        > SSCAN a 0 count 1 match t*
        1) "0"
        2) 1) "two"
           2) "three"
        > SSCAN a 0 COUNT 0
        (error) ERR syntax error
        > SSCAN a 0 COUNT x
        (error) ERR value is not an int or out of range
        > SSCAN a 0 MATCH
        (error) ERR syntax error
        > SSCAN a 0 NOVALUES
        (error) ERR syntax error
        > SSCAN a x
        (error) ERR invalid cursor"#,
    );
}

#[test]
fn cards_read_their_arguments_in_order() {
    for name in ["SINTERCARD", "SUNIONCARD", "SDIFFCARD"] {
        check(&format!(
            "> SADD a 1 2 3
            (integer) 3
            > {name} 0 a
            (error) ERR numkeys should be greater than 0
            > {name} x a
            (error) ERR numkeys should be greater than 0
            > {name} 2 a
            (error) ERR Number of keys can't be greater than number of args
            > {name} 9223372036854775807 a
            (error) ERR Number of keys can't be greater than number of args
            > {name} 1 a b
            (error) ERR syntax error
            > {name} 1 a LIMIT
            (error) ERR syntax error
            > {name} 1 a LIMIT -1
            (error) ERR LIMIT can't be negative
            > {name} 1 a LIMIT x
            (error) ERR LIMIT can't be negative
            > {name} 1 a LIMIT 0
            (integer) 3
            > {name} 1 a limit 2
            (integer) 2
            > {name} 1 a LIMIT 9223372036854775807
            (integer) 3"
        ));
    }
}

#[test]
fn a_stored_result_replaces_whatever_was_there() {
    check(
        r#"> SADD a 1 2
        (integer) 2
        > RPUSH list x
        (integer) 1
        > EXPIRE list 100
        (integer) 1
        > SUNIONSTORE list a a
        (integer) 2
        > TTL list
        (integer) -1
        > SINTERSTORE a a list
        (integer) 2
        > SET text x
        OK
        > SDIFFSTORE text a list
        (integer) 0
        > EXISTS text
        (integer) 0
        > SDIFFSTORE a a nothing
        (integer) 2"#,
    );
}

#[test]
fn other_types_are_refused() {
    let mut shell = Shell::new();
    shell.check("> SET t x\nOK\n> SADD a 1\n(integer) 1");
    for command in [
        "SADD t x",
        "SREM t x",
        "SCARD t",
        "SISMEMBER t x",
        "SMISMEMBER t x",
        "SMEMBERS t",
        "SMOVE t a x",
        "SMOVE a t x",
        "SPOP t",
        "SPOP t 0",
        "SRANDMEMBER t",
        "SRANDMEMBER t 0",
        "SSCAN t 0",
        "SINTER nothing t",
        "SINTER t nothing",
        "SINTERSTORE a nothing t",
        "SINTERCARD 2 nothing t",
        "SUNION nothing t",
        "SUNIONSTORE a nothing t",
        "SUNIONCARD 2 nothing t",
        "SDIFF nothing t",
        "SDIFFSTORE a nothing t",
        "SDIFFCARD 2 nothing t",
    ] {
        assert_eq!(shell.run(command), Reply::Error(ReplyError::WRONG_TYPE), "{command}");
    }
    shell.check("> SMOVE nothing t x\n(integer) 0\n> SMEMBERS a\n1) \"1\"");
}

#[test]
fn replies_are_sets_where_resp3_has_them() {
    let mut shell = Shell::new();
    shell.run("SADD a x");
    for command in ["SMEMBERS a", "SINTER a", "SUNION a", "SDIFF a", "SPOP a 1"] {
        assert_eq!(shell.run(command), Reply::Set(vec![Reply::bulk("x")]), "{command}");
    }
}

/// A large set minus many small ones goes another way than a small one; both come to the same.
#[test]
fn a_difference_with_many_sets_is_still_one() {
    let mut shell = shell_with(100);
    let mut line = String::from("SDIFF s");
    for n in 0..30 {
        shell.run(&format!("SADD t{n} m{n} other"));
        line.push_str(&format!(" t{n}"));
    }
    let mut expected: Vec<String> = (30..100).map(|n| format!("m{n}")).collect();
    expected.sort();
    assert_eq!(items(shell.run(&line)), expected);
}

/// What can be done to three sets. Members are few, so that operations often meet some.
#[derive(Clone, Debug)]
enum Step {
    Add { key: char, members: Vec<u8> },
    Remove { key: char, members: Vec<u8> },
    Move { source: char, destination: char, member: u8 },
    Pop { key: char, count: usize },
    Combine { how: How, keys: Vec<char> },
    Store { how: How, destination: char, keys: Vec<char> },
}

#[derive(Clone, Copy, Debug)]
enum How {
    Inter,
    Union,
    Diff,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || prop::sample::select(vec!['a', 'b', 'c']);
    let keys = || prop::collection::vec(key(), 1..5);
    let members = || prop::collection::vec(0_u8..12, 1..6);
    let how = || prop::sample::select(vec![How::Inter, How::Union, How::Diff]);
    let step = prop_oneof![
        4 => (key(), members()).prop_map(|(key, members)| Step::Add { key, members }),
        2 => (key(), members()).prop_map(|(key, members)| Step::Remove { key, members }),
        1 => (key(), key(), 0_u8..12)
            .prop_map(|(source, destination, member)| Step::Move { source, destination, member }),
        1 => (key(), 0_usize..5).prop_map(|(key, count)| Step::Pop { key, count }),
        2 => (how(), keys()).prop_map(|(how, keys)| Step::Combine { how, keys }),
        1 => (how(), key(), keys()).prop_map(|(how, destination, keys)| Step::Store { how, destination, keys }),
    ];
    prop::collection::vec(step, 1..40)
}

/// Half of the members are numbers, so that sets are of every kind.
fn name(member: u8) -> String {
    if member < 6 { member.to_string() } else { format!("m{member}") }
}

fn spaced(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

impl Step {
    fn line(&self) -> String {
        let names = |members: &[u8]| spaced(members.iter().map(|&member| name(member)));
        let list = |keys: &[char]| spaced(keys.iter().map(char::to_string));
        match self {
            Self::Add { key, members } => format!("SADD {key} {}", names(members)),
            Self::Remove { key, members } => format!("SREM {key} {}", names(members)),
            Self::Move { source, destination, member } => {
                format!("SMOVE {source} {destination} {}", name(*member))
            }
            Self::Pop { key, count } => format!("SPOP {key} {count}"),
            Self::Combine { how, keys } => format!("S{how:?} {}", list(keys)),
            Self::Store { how, destination, keys } => format!("S{how:?}STORE {destination} {}", list(keys)),
        }
    }
}

type Members = BTreeSet<String>;

/// Sets as the standard library has them; a missing set is an empty one.
#[derive(Default)]
struct Model(BTreeMap<char, Members>);

impl Model {
    fn set(&mut self, key: char) -> &mut Members {
        self.0.entry(key).or_default()
    }

    fn combine(&mut self, how: How, keys: &[char]) -> Members {
        let mut sets = keys.iter().map(|&key| self.set(key).clone()).collect::<Vec<_>>().into_iter();
        let first = sets.next().unwrap_or_default();
        sets.fold(first, |all, set| match how {
            How::Inter => &all & &set,
            How::Union => &all | &set,
            How::Diff => &all - &set,
        })
    }

    /// Does the step, given what was answered, and says whether that was right.
    fn accepts(&mut self, step: &Step, reply: Reply) -> bool {
        match step {
            Step::Add { key, members } => {
                let set = self.set(*key);
                reply == Reply::count(members.iter().filter(|&&member| set.insert(name(member))).count())
            }
            Step::Remove { key, members } => {
                let set = self.set(*key);
                reply == Reply::count(members.iter().filter(|&&member| set.remove(&name(member))).count())
            }
            Step::Move { source, destination, member } => {
                let found = self.set(*source).remove(&name(*member));
                if found {
                    self.set(*destination).insert(name(*member));
                }
                reply == Reply::flag(found)
            }
            Step::Pop { key, count } => {
                let (set, popped) = (self.set(*key), texts(reply));
                let wanted = popped.len() == set.len().min(*count);
                wanted && popped.iter().all(|member| set.remove(member))
            }
            Step::Combine { how, keys } => {
                let (expected, found) = (self.combine(*how, keys), texts(reply));
                found.len() == expected.len() && found.into_iter().collect::<Members>() == expected
            }
            Step::Store { how, destination, keys } => {
                let result = self.combine(*how, keys);
                let right = reply == Reply::count(result.len());
                self.0.insert(*destination, result);
                right
            }
        }
    }
}

fn texts(reply: Reply) -> Vec<String> {
    items(reply).iter().map(|item| String::from_utf8_lossy(item).into_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Random sessions on three sets answer as the standard library's sets do, and leave the same members.
    #[test]
    fn sets_are_sets(steps in steps()) {
        let (mut shell, mut model) = (Shell::new(), Model::default());
        for step in steps {
            let line = step.line();
            let reply = shell.run(&line);
            prop_assert!(model.accepts(&step, reply.clone()), "{}: {:?}", line, reply);
            for key in ['a', 'b', 'c'] {
                let stored: Members = texts(shell.run(&format!("SMEMBERS {key}"))).into_iter().collect();
                prop_assert_eq!(&stored, &*model.set(key), "{} after {}", key, line);
            }
        }
    }
}
