//! SORT: options, edge cases, refusals, and random collections against a plain model.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bytes::Bytes;
use latchkey_keyspace::value::{List, Set, SortedSet, Text};
use latchkey_keyspace::{Keyspace, Str};
use proptest::prelude::*;

use super::options::Options;
use super::{order, source_and_destination};
use crate::tests::{START, Shell, check, show, words};
use crate::{Access, Args, Key};

#[test]
fn numbers_sort_by_value_and_equal_ones_by_bytes() {
    check(
        r#"> RPUSH a 10 9 2.5 -3 1e1 010 inf ""
        (integer) 8
        > SORT a
        1) "-3"
        2) ""
        3) "2.5"
        4) "9"
        5) "010"
        6) "10"
        7) "1e1"
        8) "inf"
        > SORT a DESC LIMIT 1 3
        1) "1e1"
        2) "10"
        3) "010"
        > SORT a ALPHA desc ASC limit 0 2
        1) ""
        2) "-3""#,
    );
}

#[test]
fn limits_are_cut_to_what_there_is() {
    check(
        r#"> RPUSH a 3 1 2
        (integer) 3
        > SORT a LIMIT -5 2
        1) "1"
        2) "2"
        > SORT a LIMIT 1 -1
        1) "2"
        2) "3"
        > SORT a LIMIT 2 9223372036854775807
        1) "3"
        > SORT a LIMIT 9223372036854775807 9223372036854775807
        (empty array)
        > SORT a LIMIT -9223372036854775808 -9223372036854775808
        1) "1"
        2) "2"
        3) "3"
        > SORT a LIMIT 0 0
        (empty array)"#,
    );
}

#[test]
fn weights_come_from_keys_or_fields() {
    check(
        r#"> RPUSH ids 1 2 3 4
        (integer) 4
        > SET w_1 3
        OK
        > SET w_2 1
        OK
        > SET w_3 2
        OK
        > SORT ids BY w_*
        1) "4"
        2) "2"
        3) "3"
        4) "1"
        > HSET h_1 f b
        (integer) 1
        > HSET h_2 f c
        (integer) 1
        > HSET h_3 g a
        (integer) 1
        > HSET h_4 f a
        (integer) 1
        > SORT ids BY h_*->f ALPHA GET # GET h_*->f GET w_* GET constant GET h_*->nope
        1) "3"
        2) (nil)
        3) "2"
        4) (nil)
        5) (nil)
        6) "4"
        7) "a"
        8) (nil)
        9) (nil)
        10) (nil)
        11) "1"
        12) "b"
        13) "3"
        14) (nil)
        15) (nil)
        16) "2"
        17) "c"
        18) "1"
        19) (nil)
        20) (nil)
        > SORT ids BY h_*->f
        (error) ERR One or more scores can't be converted into double
        > SORT ids BY h_* LIMIT 0 1
        1) "1"
        > SORT ids BY w_1 DESC GET #
        1) "4"
        2) "3"
        3) "2"
        4) "1""#,
    );
}

/// Only the first star is replaced, only the first arrow after it begins a field, and a field has to have a name.
#[test]
fn patterns_are_cut_at_the_first_star_and_arrow() {
    check(
        r#"> RPUSH a x
        (integer) 1
        > SET k:x->* star
        OK
        > HSET k:x:v a->b arrow
        (integer) 1
        > SET k:x-> empty
        OK
        > SET ->x before
        OK
        > SORT a BY nosort GET k:*->* GET k:*:v->a->b GET k:*-> GET ->* GET *
        1) (nil)
        2) "arrow"
        3) "empty"
        4) "before"
        5) (nil)"#,
    );
}

#[test]
fn nosort_keeps_the_order_of_lists() {
    check(
        r#"> RPUSH a 3 1 2 5
        (integer) 4
        > SORT a BY nosort
        1) "3"
        2) "1"
        3) "2"
        4) "5"
        > SORT a BY nosort DESC LIMIT 1 2
        1) "2"
        2) "1"
        > SORT a BY nosort LIMIT 3 9
        1) "5"
        > SORT a BY nosort LIMIT 4 9
        (empty array)
        > SADD s b a c 1
        (integer) 4
        > SORT s BY nosort STORE d
        (integer) 4
        > LRANGE d 0 -1
        1) "1"
        2) "a"
        3) "b"
        4) "c""#,
    );
}

#[test]
fn store_replaces_the_destination() {
    check(
        r#"> RPUSH a 3 1 2
        (integer) 3
        > SET d text EX 100
        OK
        > SORT a STORE d
        (integer) 3
        > TTL d
        (integer) -1
        > LRANGE d 0 -1
        1) "1"
        2) "2"
        3) "3"
        > SET v_1 one
        OK
        > SORT a GET v_* GET # store a
        (integer) 6
        > LRANGE a 0 -1
        1) "one"
        2) "1"
        3) ""
        4) "2"
        5) ""
        6) "3"
        > SORT d LIMIT 5 1 STORE a
        (integer) 0
        > EXISTS a
        (integer) 0
        > SORT nobody STORE d
        (integer) 0
        > EXISTS d
        (integer) 0
        > SORT nobody
        (empty array)"#,
    );
}

#[test]
fn what_is_wrong_is_refused_and_stores_nothing() {
    check(
        r#"> SET text 1
        OK
        > SORT text
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > SORT text BY
        (error) ERR syntax error
        > SORT text LIMIT 1
        (error) ERR syntax error
        > SORT text LIMIT 1 x
        (error) ERR value is not an int or out of range
        > SORT text LIMIT x
        (error) ERR syntax error
        > SORT text UPWARDS
        (error) ERR syntax error
        > HSET h f v
        (integer) 1
        > SORT_RO h
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > RPUSH a 1 two
        (integer) 2
        > SORT a STORE text
        (error) ERR One or more scores can't be converted into double
        > GET text
        "1"
        > SORT a LIMIT 0 0
        (error) ERR One or more scores can't be converted into double
        > RPUSH b nan
        (integer) 1
        > SORT b
        (error) ERR One or more scores can't be converted into double
        > RPUSH c 10 " 9"
        (integer) 2
        > SORT c
        1) " 9"
        2) "10"
        > SORT_RO a ALPHA STORE text
        (error) ERR syntax error
        > SORT
        (error) ERR wrong number of arguments for 'sort' command"#,
    );
}

#[test]
fn nosort_keeps_the_ranks_of_sorted_sets() {
    check(
        r#"> ZADD z 3 a 1 c 2 b 2 0
        (integer) 4
        > SORT z BY nosort
        1) "c"
        2) "0"
        3) "b"
        4) "a"
        > SORT z BY nosort DESC LIMIT 1 2
        1) "b"
        2) "0"
        > SORT z BY nosort LIMIT 1 2 STORE d
        (integer) 2
        > LRANGE d 0 -1
        1) "0"
        2) "b"
        > SORT z ALPHA DESC
        1) "c"
        2) "b"
        3) "a"
        4) "0"
        > SORT z
        (error) ERR One or more scores can't be converted into double"#,
    );
}

/// One long value may be got for every element: it must not be copied without end before it is refused.
#[test]
fn what_is_stored_is_bounded() {
    let mut shell = Shell::new();
    shell.check("> SETRANGE long:1 1048575 x\n(integer) 1048576\n> RPUSH a 1 1 1 1 1\n(integer) 5");
    let gets = ["GET long:*"; 20].join(" ");
    let refusal = show(&shell.run(&format!("SORT a BY nosort {gets} STORE d")));
    assert_eq!(refusal, "(error) ERR max single record size exceeded");
    shell.check("> EXISTS d\n(integer) 0");
}

/// What is got is bounded, or a short request could ask for any amount of memory.
#[test]
fn gets_are_bounded() {
    let mut shell = Shell::new();
    let elements = ["1"; 1025].join(" ");
    shell.run(&format!("RPUSH a {elements}"));
    let gets = ["GET #"; 1024].join(" ");
    let refusal = show(&shell.run(&format!("SORT_RO a BY nosort {gets}")));
    assert_eq!(refusal, "(error) ERR too many values to get for all elements");
}

#[test]
fn store_names_a_key() {
    let names = |line: &str| -> Vec<(String, Access)> {
        let words = words(line);
        let text = |key: &Key<'_>| (String::from_utf8_lossy(key.name).into_owned(), key.access);
        source_and_destination(words.as_slice()).iter().map(text).collect()
    };
    let source = || ("a".to_string(), Access::Read);
    let destination = |name: &str| (name.to_string(), Access::Write);
    assert_eq!(names("SORT a"), [source()]);
    assert_eq!(names("SORT a STORE b"), [source(), destination("b")]);
    assert_eq!(names("SORT a STORE b store c"), [source(), destination("c")]);
    assert_eq!(names("SORT a BY store GET store STORE get"), [source(), destination("get")]);
    assert_eq!(names("SORT a GET STORE b"), [source()], "refused, so nothing is stored");
}

/// What a random case sorts by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Element,
    Key,
    Field,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    List,
    Set,
    SortedSet,
}

#[derive(Clone, Debug)]
struct Case {
    of: Type,
    elements: Vec<String>,
    weights: BTreeMap<String, String>,
    by: By,
    alpha: bool,
    descending: bool,
    store: bool,
    limit: Option<(i64, i64)>,
}

fn case() -> impl Strategy<Value = Case> {
    // Few values, so that there are duplicates and equal weights; now and then one that is no number.
    let value = prop_oneof![40 => (-9..9_i32).prop_map(|n| n.to_string()), 8 => Just("-0.0".to_string()),
        8 => Just("1e0".to_string()), 1 => "[a-c]{0,2}"];
    let of = prop_oneof![Just(Type::List), Just(Type::Set), Just(Type::SortedSet)];
    let by = prop_oneof![Just(By::Element), Just(By::Key), Just(By::Field), Just(By::Nothing)];
    (
        (of, prop::collection::vec(value.clone(), 0..30)),
        (prop::collection::btree_map(value.clone(), value, 0..20), by),
        (any::<bool>(), any::<bool>(), any::<bool>()),
        prop::option::of((-3..30_i64, -3..30_i64)),
    )
        .prop_map(|((of, elements), (weights, by), (alpha, descending, store), limit)| Case {
            of,
            elements,
            weights,
            by,
            alpha,
            descending,
            store,
            limit,
        })
}

impl Case {
    fn words(&self) -> Vec<Bytes> {
        let mut words: Vec<String> = Vec::new();
        match self.by {
            By::Element => {}
            By::Key => words.extend(["BY".into(), "w:*".into()]),
            By::Field => words.extend(["BY".into(), "h:*->f".into()]),
            By::Nothing => words.extend(["BY".into(), "nosort".into()]),
        }
        words.extend(self.alpha.then(|| "ALPHA".into()));
        words.extend(self.descending.then(|| "DESC".into()));
        if let Some((offset, count)) = self.limit {
            words.extend(["LIMIT".into(), offset.to_string(), count.to_string()]);
        }
        words.extend(self.store.then_some(["STORE".into(), "d".into()]).into_iter().flatten());
        words.into_iter().map(Bytes::from).collect()
    }

    /// A keyspace with the collection under `key` and the weights.
    fn keyspace(&self) -> Keyspace {
        let mut keyspace = Keyspace::new(7);
        let mut edit = keyspace.edit(START);
        let items = || self.elements.iter().map(|element| Str::from(element.as_str()));
        match self.of {
            Type::List => edit.put(b"key", List::from_iter(items())),
            Type::Set => edit.put(b"key", Set::of(items(), 7)),
            Type::SortedSet => edit.put(b"key", SortedSet::from_pairs(items().zip(rank_scores()), 7)),
        }
        for (element, weight) in &self.weights {
            edit.put(format!("w:{element}").as_bytes(), Text::from(weight.as_bytes()));
            let key = format!("h:{element}");
            let mut hash = edit.hash_or_new(key.as_bytes()).expect("an empty place");
            hash.put(b"f", weight.as_bytes(), None);
        }
        keyspace
    }

    /// What the collection holds, in its own order if it has one.
    fn held(&self) -> Vec<String> {
        let mut held = self.elements.clone();
        if self.of == Type::Set {
            held.sort();
            held.dedup();
        }
        if self.of == Type::SortedSet {
            let scores: BTreeMap<_, _> = self.elements.iter().cloned().zip(rank_scores()).collect();
            let mut ranked: Vec<_> = scores.into_iter().collect();
            ranked.sort_by(|(_, a), (_, b)| a.total_cmp(b)); // stable: equal scores stay in the order of bytes
            held = ranked.into_iter().map(|(member, _)| member).collect();
        }
        held
    }

    /// What SORT has to answer; `None` for an error. The long way: everything is weighed, sorted and then cut.
    fn expected(&self) -> Option<Vec<String>> {
        let mut held = self.held();
        if self.by == By::Nothing && self.of != Type::Set {
            if self.descending {
                held.reverse();
            }
            return Some(self.cut(held));
        }
        let weights: Option<Vec<_>> = held.iter().map(|element| self.weight(element)).collect();
        let mut weighed: Vec<_> = weights?.into_iter().zip(held).collect();
        weighed.sort_by(|(a, first), (b, second)| {
            let by_weight = a.partial_cmp(b).unwrap_or(Ordering::Equal);
            by_weight.then_with(|| first.cmp(second))
        });
        if self.descending {
            weighed.reverse();
        }
        Some(self.cut(weighed.into_iter().map(|(_, element)| element).collect()))
    }

    /// Number and text; the one that does not count is the same for all. `None` if a number is wanted and none there.
    fn weight(&self, element: &str) -> Option<(f64, Option<String>)> {
        let found = match self.by {
            By::Nothing => return Some((0.0, None)),
            By::Element => Some(element.to_string()),
            By::Key | By::Field => self.weights.get(element).cloned(),
        };
        match (self.alpha, found) {
            (true, found) => Some((0.0, found)),
            (false, None) => Some((0.0, None)),
            (false, Some(text)) if text.is_empty() => Some((0.0, None)),
            (false, Some(text)) => Some((text.parse().ok()?, None)),
        }
    }

    fn cut(&self, sorted: Vec<String>) -> Vec<String> {
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let rest = sorted.into_iter().skip(usize::try_from(offset).unwrap_or(0));
        rest.take(usize::try_from(count).unwrap_or(usize::MAX)).collect()
    }
}

/// Scores for the members of a sorted set, in an order that is not theirs and with some that are equal.
fn rank_scores() -> impl Iterator<Item = f64> {
    (0..).map(|n| f64::from(n * 7 % 11))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

    #[test]
    fn sort_answers_as_the_model_does(case in case()) {
        let keyspace = case.keyspace();
        let words = case.words();
        let options = Options::parse(&mut Args::new(&words), true).expect("well formed");
        let sorted = order::ordered(keyspace.view(START), b"key", &options).ok();
        let sorted: Option<Vec<String>> = sorted.map(|elements| {
            elements.iter().map(|element| String::from_utf8_lossy(element).into_owned()).collect()
        });
        if case.by == By::Nothing && case.of == Type::Set && !case.store {
            // In any order: only which elements there are, and how many, is known.
            let sorted = sorted.expect("nothing to convert");
            prop_assert_eq!(sorted.len(), case.cut(case.held()).len());
            prop_assert!(sorted.iter().all(|element| case.elements.contains(element)));
        } else {
            prop_assert_eq!(sorted, case.expected());
        }
    }
}
