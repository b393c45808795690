//! Random sessions on two documents, against plain values that are changed by hand.

use std::collections::BTreeMap;

use latchkey_protocol::Reply;
use proptest::prelude::*;

use crate::tests::Shell;

/// A JSON value as anyone would write it.
#[derive(Clone, Debug, PartialEq)]
enum Plain {
    Null,
    Int(i64),
    Text(String),
    List(Vec<Plain>),
    Map(Vec<(String, Plain)>),
}

impl Plain {
    fn text(&self) -> String {
        let joined = |items: Vec<String>| items.join(",");
        match self {
            Self::Null => "null".into(),
            Self::Int(n) => n.to_string(),
            Self::Text(text) => format!("\"{text}\""),
            Self::List(items) => format!("[{}]", joined(items.iter().map(Self::text).collect())),
            Self::Map(members) => {
                let members = members.iter().map(|(name, value)| format!("\"{name}\":{}", value.text()));
                format!("{{{}}}", joined(members.collect()))
            }
        }
    }

    fn get(&mut self, step: &Step) -> Option<&mut Plain> {
        match (self, step) {
            (Self::List(items), Step::Index(index)) => items.get_mut(*index),
            (Self::Map(members), Step::Name(name)) => {
                members.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    fn at(&mut self, steps: &[Step]) -> Option<&mut Plain> {
        steps.iter().try_fold(self, |value, step| value.get(step))
    }

    fn merge(&mut self, patch: &Plain) {
        let Self::Map(patch) = patch else {
            *self = patch.clone();
            return;
        };
        if !matches!(self, Self::Map(_)) {
            *self = Self::Map(Vec::new());
        }
        let Self::Map(members) = self else { return };
        for (name, value) in patch {
            let known = members.iter().position(|(known, _)| known == name);
            match (known, value) {
                (Some(at), Self::Null) => drop(members.remove(at)),
                (None, Self::Null) => {}
                (Some(at), value) => members[at].1.merge(value),
                (None, value) => {
                    let mut merged = Self::Null;
                    merged.merge(value);
                    members.push((name.clone(), merged));
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Name(String),
    Index(usize),
}

fn path(steps: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Name(name) => format!(".{name}"),
        Step::Index(index) => format!("[{index}]"),
    };
    format!("${}", steps.iter().map(step).collect::<String>())
}

#[derive(Clone, Debug)]
enum Order {
    Set(Vec<Step>, Plain),
    Merge(Vec<Step>, Plain),
    Del(Vec<Step>),
    Clear(Vec<Step>),
    Append(Vec<Step>, Plain),
    Insert(Vec<Step>, usize, Plain),
    Pop(Vec<Step>, i64),
    Trim(Vec<Step>, i64, i64),
    Add(Vec<Step>, i64),
    Extend(Vec<Step>, String),
}

impl Order {
    fn words(&self, key: &str) -> Vec<String> {
        let (name, steps, rest): (_, _, Vec<String>) = match self {
            Self::Set(steps, value) => ("JSON.SET", steps, vec![value.text()]),
            Self::Merge(steps, value) => ("JSON.MERGE", steps, vec![value.text()]),
            Self::Del(steps) => ("JSON.DEL", steps, vec![]),
            Self::Clear(steps) => ("JSON.CLEAR", steps, vec![]),
            Self::Append(steps, value) => ("JSON.ARRAPPEND", steps, vec![value.text()]),
            Self::Insert(steps, at, value) => ("JSON.ARRINSERT", steps, vec![at.to_string(), value.text()]),
            Self::Pop(steps, at) => ("JSON.ARRPOP", steps, vec![at.to_string()]),
            Self::Trim(steps, start, stop) => {
                ("JSON.ARRTRIM", steps, vec![start.to_string(), stop.to_string()])
            }
            Self::Add(steps, n) => ("JSON.NUMINCRBY", steps, vec![n.to_string()]),
            Self::Extend(steps, tail) => ("JSON.STRAPPEND", steps, vec![format!("\"{tail}\"")]),
        };
        [name.to_owned(), key.to_owned(), path(steps)].into_iter().chain(rest).collect()
    }

    /// Does to a plain document what the command should do. `None` is a document that does not exist.
    fn apply(&self, document: &mut Option<Plain>) {
        match self {
            Self::Set(steps, value) if steps.is_empty() => *document = Some(value.clone()),
            Self::Merge(steps, value) if steps.is_empty() => {
                document.get_or_insert(Plain::Null).merge(value);
            }
            Self::Del(steps) if steps.is_empty() => *document = None,
            _ => {
                if let Some(document) = document {
                    self.apply_inside(document);
                }
            }
        }
    }

    fn apply_inside(&self, document: &mut Plain) {
        match self {
            Self::Set(steps, value) => put(document, steps, |slot| *slot = value.clone()),
            Self::Merge(steps, Plain::Null) => remove(document, steps),
            Self::Merge(steps, value) => put(document, steps, |slot| slot.merge(value)),
            Self::Del(steps) => remove(document, steps),
            Self::Clear(steps) => match document.at(steps) {
                Some(Plain::List(items)) => items.clear(),
                Some(Plain::Map(members)) => members.clear(),
                Some(Plain::Int(n)) => *n = 0,
                _ => {}
            },
            Self::Add(steps, n) => {
                if let Some(Plain::Int(value)) = document.at(steps) {
                    *value += n;
                }
            }
            Self::Extend(steps, tail) => {
                if let Some(Plain::Text(text)) = document.at(steps) {
                    text.push_str(tail);
                }
            }
            Self::Append(steps, _)
            | Self::Insert(steps, ..)
            | Self::Pop(steps, _)
            | Self::Trim(steps, ..) => {
                if let Some(Plain::List(items)) = document.at(steps) {
                    self.apply_to_list(items);
                }
            }
        }
    }

    fn apply_to_list(&self, items: &mut Vec<Plain>) {
        let len = items.len() as i64;
        let from_start = |index: i64| if index < 0 { index + len } else { index };
        match self {
            Self::Append(_, value) => items.push(value.clone()),
            Self::Insert(_, at, value) if *at <= items.len() => items.insert(*at, value.clone()),
            Self::Pop(_, at) if len > 0 => {
                items.remove(from_start(*at).clamp(0, len - 1) as usize);
            }
            Self::Trim(_, start, stop) => {
                let (start, stop) = (from_start(*start), from_start(*stop));
                let mut i = -1;
                items.retain(|_| {
                    i += 1;
                    start <= i && i <= stop
                });
            }
            _ => {}
        }
    }
}

/// Changes what is there, or makes a member where there is an object for it.
fn put(document: &mut Plain, steps: &[Step], change: impl FnOnce(&mut Plain)) {
    if let Some(slot) = document.at(steps) {
        return change(slot);
    }
    let Some((Step::Name(name), parents)) = steps.split_last() else { return };
    if let Some(Plain::Map(members)) = document.at(parents) {
        let mut value = Plain::Null;
        change(&mut value);
        members.push((name.clone(), value));
    }
}

fn remove(document: &mut Plain, steps: &[Step]) {
    let Some((last, parents)) = steps.split_last() else { return };
    match (document.at(parents), last) {
        (Some(Plain::List(items)), Step::Index(index)) if *index < items.len() => drop(items.remove(*index)),
        (Some(Plain::Map(members)), Step::Name(name)) => members.retain(|(known, _)| known != name),
        _ => {}
    }
}

fn values() -> impl Strategy<Value = Plain> {
    let leaf = prop_oneof![
        Just(Plain::Null),
        (-9..9_i64).prop_map(Plain::Int),
        "[a-z]{0,30}".prop_map(Plain::Text),
    ];
    leaf.prop_recursive(3, 30, 24, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Plain::List),
            prop::collection::btree_map("[a-d]|[a-e]{2}", inner, 0..24)
                .prop_map(|members: BTreeMap<_, _>| Plain::Map(members.into_iter().collect())),
        ]
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![3 => "[a-d]".prop_map(Step::Name), 1 => (0..3_usize).prop_map(Step::Index)];
    prop::collection::vec(step, 0..3)
}

fn orders() -> impl Strategy<Value = Order> {
    let index = || -5..6_i64;
    prop_oneof![
        4 => (steps(), values()).prop_map(|(steps, value)| Order::Set(steps, value)),
        4 => (steps(), values()).prop_map(|(steps, value)| Order::Merge(steps, value)),
        1 => steps().prop_map(Order::Del),
        1 => steps().prop_map(Order::Clear),
        2 => (steps(), values()).prop_map(|(steps, value)| Order::Append(steps, value)),
        2 => (steps(), 0..4_usize, values()).prop_map(|(steps, at, value)| Order::Insert(steps, at, value)),
        1 => (steps(), index()).prop_map(|(steps, at)| Order::Pop(steps, at)),
        1 => (steps(), index(), index()).prop_map(|(steps, start, stop)| Order::Trim(steps, start, stop)),
        2 => (steps(), index()).prop_map(|(steps, n)| Order::Add(steps, n)),
        2 => (steps(), "[a-z]{0,30}").prop_map(|(steps, tail)| Order::Extend(steps, tail)),
    ]
}

fn run(shell: &mut Shell, words: &[String]) -> Reply {
    shell.run_words(words.iter().map(String::as_str).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    /// Whatever is done to them, the documents are what doing it by hand makes of them; after every command its way back
    /// and its replay are tried too.
    #[test]
    fn documents_are_plain_values(orders in prop::collection::vec((0..2_usize, orders()), 1..40)) {
        let (mut shell, mut model) = (Shell::new(), [const { None }; 2]);
        for (which, order) in orders {
            let key = ["a", "b"][which];
            let words = order.words(key);
            run(&mut shell, &words);
            order.apply(&mut model[which]);
            let stored = run(&mut shell, &["JSON.GET".into(), key.into()]);
            let expected = model[which].as_ref().map_or(Reply::Null, |value| Reply::bulk(value.text()));
            prop_assert_eq!(stored, expected, "after {:?}", words);
        }
    }
}
