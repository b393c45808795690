//! Random sessions on sorted sets, against a plain map from member to score that is sorted whenever order matters.

use std::collections::BTreeMap;
use std::ops::Range;

use latchkey_protocol::{Reply, number};
use proptest::prelude::*;
use proptest::sample::select;

use crate::tests::Shell;

const KEYS: [&str; 2] = ["x", "y"];

/// The last one is too long for a packed set.
const MEMBERS: [&str; 7] = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "a-name-of-more-than-sixty-four-bytes-does-not-fit-into-a-packed-sorted-set",
];

const CONDITIONS: [&str; 6] = ["", "NX", "XX", "GT", "LT", "XX GT"];

#[derive(Clone, Debug)]
enum Step {
    Add {
        key: &'static str,
        condition: &'static str,
        changed: bool,
        pairs: Vec<(f64, &'static str)>,
    },
    Increment {
        key: &'static str,
        condition: &'static str,
        by: f64,
        member: &'static str,
    },
    /// Adds more members than a packed set has.
    Fill {
        key: &'static str,
    },
    Remove {
        key: &'static str,
        members: Vec<&'static str>,
    },
    Pop {
        key: &'static str,
        highest: bool,
        count: usize,
    },
    RemoveRange {
        key: &'static str,
        by: By,
    },
    Range {
        key: &'static str,
        by: By,
        reverse: bool,
        limit: Option<(usize, i64)>,
    },
    Rank {
        key: &'static str,
        member: &'static str,
    },
    Combine {
        union: bool,
        destination: &'static str,
        weights: [f64; 2],
        aggregate: &'static str,
    },
    Subtract {
        destination: &'static str,
    },
}

#[derive(Clone, Debug)]
enum By {
    Rank(i64, i64),
    Score(End<f64>, End<f64>),
    Name(End<&'static str>, End<&'static str>),
}

#[derive(Clone, Copy, Debug)]
struct End<T> {
    at: T,
    inside: bool,
}

fn end<T: std::fmt::Debug>(at: impl Strategy<Value = T>) -> impl Strategy<Value = End<T>> {
    (at, any::<bool>()).prop_map(|(at, inside)| End { at, inside })
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-3..=3_i32).prop_map(f64::from),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        (-8..8_i64, -8..8_i64).prop_map(|(start, stop)| By::Rank(start, stop)),
        (end(score()), end(score())).prop_map(|(min, max)| By::Score(min, max)),
        (end(select(&MEMBERS[..])), end(select(&MEMBERS[..]))).prop_map(|(min, max)| By::Name(min, max)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let key = || select(&KEYS[..]);
    let member = || select(&MEMBERS[..]);
    let condition = || select(&CONDITIONS[..]);
    let pairs = prop::collection::vec((score(), member()), 1..5);
    let limit = prop::option::of((0..4_usize, -1..4_i64));
    let aggregate = select(&["SUM", "MIN", "MAX"][..]);
    prop_oneof![
        6 => (key(), condition(), any::<bool>(), pairs)
            .prop_map(|(key, condition, changed, pairs)| Step::Add { key, condition, changed, pairs }),
        3 => (key(), condition(), score(), member())
            .prop_map(|(key, condition, by, member)| Step::Increment { key, condition, by, member }),
        1 => key().prop_map(|key| Step::Fill { key }),
        1 => (key(), prop::collection::vec(member(), 1..4))
            .prop_map(|(key, members)| Step::Remove { key, members }),
        1 => (key(), any::<bool>(), 0..4_usize)
            .prop_map(|(key, highest, count)| Step::Pop { key, highest, count }),
        2 => (key(), by()).prop_map(|(key, by)| Step::RemoveRange { key, by }),
        6 => (key(), by(), any::<bool>(), limit)
            .prop_map(|(key, by, reverse, limit)| Step::Range { key, by, reverse, limit }),
        2 => (key(), member()).prop_map(|(key, member)| Step::Rank { key, member }),
        2 => (any::<bool>(), key(), [score(), score()], aggregate).prop_map(
            |(union, destination, weights, aggregate)| Step::Combine { union, destination, weights, aggregate }
        ),
        1 => key().prop_map(|destination| Step::Subtract { destination }),
    ]
}

impl By {
    /// The ends as they are written, the lower one first.
    fn words(&self) -> [String; 2] {
        match self {
            Self::Rank(start, stop) => [start.to_string(), stop.to_string()],
            Self::Score(min, max) => [min, max].map(|end| {
                let outside = if end.inside { "" } else { "(" };
                format!("{outside}{}", number::format_double(end.at))
            }),
            Self::Name(min, max) => {
                [min, max].map(|end| format!("{}{}", if end.inside { '[' } else { '(' }, end.at))
            }
        }
    }

    /// Whether a member in this rank of so many is in the range.
    fn holds(&self, rank: usize, len: usize, name: &str, score: f64) -> bool {
        match self {
            Self::Rank(start, stop) => {
                let absolute = |at: i64| if at < 0 { at + len as i64 } else { at };
                (absolute(*start)..=absolute(*stop)).contains(&(rank as i64))
            }
            Self::Score(min, max) => {
                (score > min.at || (min.inside && score == min.at))
                    && (score < max.at || (max.inside && score == max.at))
            }
            Self::Name(min, max) => {
                (name > min.at || (min.inside && name == min.at))
                    && (name < max.at || (max.inside && name == max.at))
            }
        }
    }
}

impl Step {
    fn line(&self) -> String {
        match self {
            Self::Add { key, condition, changed, pairs } => {
                let pairs: Vec<_> = pairs.iter().map(|(score, member)| format!("{score} {member}")).collect();
                format!("ZADD {key} {condition} {} {}", if *changed { "CH" } else { "" }, pairs.join(" "))
            }
            Self::Increment { key, condition, by, member } => {
                format!("ZADD {key} INCR {condition} {by} {member}")
            }
            Self::Fill { key } => {
                let pairs: Vec<_> =
                    filling().into_iter().map(|(member, score)| format!("{score} {member}")).collect();
                format!("ZADD {key} {}", pairs.join(" "))
            }
            Self::Remove { key, members } => format!("ZREM {key} {}", members.join(" ")),
            Self::Pop { key, highest, count } => {
                format!("{} {key} {count}", if *highest { "ZPOPMAX" } else { "ZPOPMIN" })
            }
            Self::RemoveRange { key, by } => {
                let [min, max] = by.words();
                let name = match by {
                    By::Rank(..) => "ZREMRANGEBYRANK",
                    By::Score(..) => "ZREMRANGEBYSCORE",
                    By::Name(..) => "ZREMRANGEBYLEX",
                };
                format!("{name} {key} {min} {max}")
            }
            Self::Range { key, by, reverse, limit } => {
                let [min, max] = by.words();
                let (first, last, by) = match by {
                    By::Rank(..) => (min, max, ""),
                    By::Score(..) if *reverse => (max, min, "BYSCORE"),
                    By::Score(..) => (min, max, "BYSCORE"),
                    By::Name(..) if *reverse => (max, min, "BYLEX"),
                    By::Name(..) => (min, max, "BYLEX"),
                };
                let limit =
                    limit.map_or_else(String::new, |(offset, count)| format!("LIMIT {offset} {count}"));
                format!("ZRANGE {key} {first} {last} {by} {limit} {}", if *reverse { "REV" } else { "" })
            }
            Self::Rank { key, member } => format!("ZRANK {key} {member} WITHSCORE"),
            Self::Combine { union, destination, weights: [x, y], aggregate } => {
                let name = if *union { "ZUNIONSTORE" } else { "ZINTERSTORE" };
                format!("{name} {destination} 2 x y WEIGHTS {x} {y} AGGREGATE {aggregate}")
            }
            Self::Subtract { destination } => format!("ZDIFFSTORE {destination} 2 x y"),
        }
    }
}

fn filling() -> Vec<(String, f64)> {
    (0..140).map(|i| (format!("m{i}"), f64::from(i % 7 - 3))).collect()
}

type Members = BTreeMap<String, f64>;

#[derive(Default)]
struct Model(BTreeMap<&'static str, Members>);

impl Model {
    fn of(&mut self, key: &'static str) -> &mut Members {
        self.0.entry(key).or_default()
    }

    /// Members in order.
    fn ordered(&mut self, key: &'static str) -> Vec<(String, f64)> {
        let mut members: Vec<_> = self.of(key).clone().into_iter().collect();
        // The map has them by name, and the sort is stable.
        members.sort_by(|(_, a), (_, b)| a.partial_cmp(b).unwrap());
        members
    }

    /// The ranks in the range. By name it need not be one piece, unless all scores are equal.
    fn ranks(&mut self, key: &'static str, by: &By) -> Range<usize> {
        let members = self.ordered(key);
        let held =
            |(rank, (name, score)): (usize, &(String, f64))| by.holds(rank, members.len(), name, *score);
        let start = members.iter().enumerate().position(held);
        let end = members.iter().enumerate().rposition(held);
        start.zip(end).map_or(0..0, |(start, end)| start..end + 1)
    }

    /// Gives a member a score, if the condition lets it; whether it was there, and the score it gets.
    fn put(
        &mut self,
        key: &'static str,
        condition: &str,
        member: &str,
        score: impl Fn(Option<f64>) -> f64,
    ) -> (Option<f64>, Option<f64>) {
        let old = self.of(key).get(member).copied();
        let new = score(old);
        let holds = condition.split(' ').all(|word| match (word, old) {
            ("NX", old) => old.is_none(),
            ("XX", old) => old.is_some(),
            ("GT", Some(old)) => new > old,
            ("LT", Some(old)) => new < old,
            _ => true,
        });
        if holds {
            self.of(key).insert(member.to_owned(), new);
        }
        (old, holds.then_some(new))
    }

    /// The reply; `None` for an error.
    fn apply(&mut self, step: &Step) -> Option<Reply> {
        Some(match step {
            Step::Add { key, condition, changed, pairs } => {
                let counted = |(old, new): (Option<f64>, Option<f64>)| match (old, new) {
                    (None, Some(_)) => true,
                    (Some(old), Some(new)) => *changed && old != new,
                    (_, None) => false,
                };
                let put = pairs.iter().map(|(score, member)| self.put(key, condition, member, |_| *score));
                Reply::count(put.filter(|&put| counted(put)).count())
            }
            Step::Increment { key, condition, by, member } => {
                let old = self.of(key).get(*member).copied();
                if *condition != "NX" && old.is_some_and(|old| (old + by).is_nan()) {
                    return None;
                }
                let (_, new) = self.put(key, condition, member, |old| old.map_or(*by, |old| old + by));
                Reply::or_null(new.map(Reply::Double))
            }
            Step::Fill { key } => {
                let before = self.of(key).len();
                self.of(key).extend(filling());
                Reply::count(self.of(key).len() - before)
            }
            Step::Remove { key, members } => {
                Reply::count(members.iter().filter(|member| self.of(key).remove(**member).is_some()).count())
            }
            Step::Pop { key, highest, count } => {
                let mut popped = self.ordered(key);
                if *highest {
                    popped.reverse();
                }
                popped.truncate(*count);
                self.of(key).retain(|member, _| popped.iter().all(|(name, _)| name != member));
                pairs(&popped)
            }
            Step::RemoveRange { key, by } => {
                let removed = &self.ordered(key)[self.ranks(key, by)];
                self.of(key).retain(|member, _| removed.iter().all(|(name, _)| name != member));
                Reply::count(removed.len())
            }
            Step::Range { key, by, reverse, limit } => {
                let mut members = self.ordered(key);
                if *reverse && matches!(by, By::Rank(..)) {
                    members.reverse();
                    members = members[self.ranks(key, by)].to_vec();
                } else {
                    members = members[self.ranks(key, by)].to_vec();
                    if *reverse {
                        members.reverse();
                    }
                }
                let (offset, count) = limit.unwrap_or((0, -1));
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                let limited = members.iter().skip(offset).take(count);
                Reply::Array(limited.map(|(member, _)| Reply::bulk(member)).collect())
            }
            Step::Rank { key, member } => {
                let members = self.ordered(key);
                let found = members.iter().enumerate().find(|(_, (name, _))| name == member);
                found.map_or(Reply::NullArray, |(rank, (_, score))| {
                    Reply::Array(vec![Reply::count(rank), Reply::Double(*score)])
                })
            }
            Step::Combine { union, destination, weights, aggregate } => {
                let mut combined = Members::new();
                let (x, y) = (self.of("x").clone(), self.of("y").clone());
                let swapped = y.len() < x.len();
                for member in x.keys().chain(y.keys()) {
                    let weighed = [(&x, weights[0]), (&y, weights[1])]
                        .map(|(set, weight)| set.get(member).map(|score| score * weight));
                    let ordered = if swapped { [weighed[1], weighed[0]] } else { weighed };
                    let zero = |score: f64| if score.is_nan() { 0.0 } else { score };
                    let score = match ordered {
                        [Some(a), Some(b)] => {
                            // ZINTER only mends the first product.
                            let (a, b) = (zero(a), if *union { zero(b) } else { b });
                            match *aggregate {
                                "SUM" => zero(a + b),
                                "MIN" if b < a => b,
                                "MAX" if b > a => b,
                                _ => a,
                            }
                        }
                        [Some(only), None] | [None, Some(only)] if *union => zero(only),
                        _ => continue,
                    };
                    combined.insert(member.clone(), score);
                }
                let count = combined.len();
                *self.of(destination) = combined;
                Reply::count(count)
            }
            Step::Subtract { destination } => {
                let (mut x, y) = (self.of("x").clone(), self.of("y").clone());
                x.retain(|member, _| !y.contains_key(member));
                let count = x.len();
                *self.of(destination) = x;
                Reply::count(count)
            }
        })
    }

    /// Whether the step asks for a range of names in a set where scores differ: what that is, nobody promises.
    fn is_unspecified(&mut self, step: &Step) -> bool {
        match step {
            Step::RemoveRange { key, by: By::Name(..) } | Step::Range { key, by: By::Name(..), .. } => {
                let scores: Vec<_> = self.of(key).values().copied().collect();
                scores.windows(2).any(|pair| pair[0] != pair[1])
            }
            _ => false,
        }
    }
}

fn pairs(members: &[(String, f64)]) -> Reply {
    Reply::Pairs(members.iter().map(|(name, score)| (Reply::bulk(name), Reply::Double(*score))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn sorted_sets_are_maps_in_order(steps in prop::collection::vec(step(), 1..40)) {
        let (mut shell, mut model) = (Shell::new(), Model::default());
        for step in steps {
            if model.is_unspecified(&step) {
                continue;
            }
            let line = step.line();
            let reply = shell.run(&line);
            match model.apply(&step) {
                Some(expected) => prop_assert_eq!(reply, expected, "{}", line),
                None => prop_assert!(matches!(reply, Reply::Error(_)), "{}: {:?}", line, reply),
            }
            for key in KEYS {
                let stored = shell.run(&format!("ZRANGE {key} 0 -1 WITHSCORES"));
                prop_assert_eq!(stored, pairs(&model.ordered(key)), "{} after {}", key, line);
            }
        }
    }
}
