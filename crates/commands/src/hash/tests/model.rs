//! Random commands, compared with a plain model.

use std::collections::BTreeMap;

use latchkey_protocol::Reply;
use proptest::prelude::*;

use crate::tests::{Shell, show};

/// What the model knows of a field: its value and its deadline.
type Fields = BTreeMap<String, (String, Option<i64>)>;

/// A command that takes one field, with an amount where it needs one.
#[derive(Clone, Copy, Debug)]
enum Op {
    Set,
    SetNx,
    Delete,
    Add,
    Expire,
    ExpireLater,
    ExpireEarlier,
    Persist,
    SetEx,
    SetKeeping,
    GetEx,
    GetDel,
    Get,
    Ttl,
    Wait,
}

fn op() -> impl Strategy<Value = Op> {
    use Op::*;
    prop::sample::select(vec![
        Set,
        SetNx,
        Delete,
        Add,
        Expire,
        ExpireLater,
        ExpireEarlier,
        Persist,
        SetEx,
        SetKeeping,
        GetEx,
        GetDel,
        Get,
        Ttl,
        Wait,
    ])
}

/// A few names, so that commands meet; seldom one that is so long that the hash can't stay packed.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![50 => (0..6).prop_map(|i| format!("f{i}")), 1 => Just("long".repeat(20))]
}

#[derive(Default)]
struct Model {
    fields: Fields,
    now_ms: i64,
}

impl Model {
    /// The command line, and the reply that it has to have.
    fn step(&mut self, op: Op, field: &str, amount: i64) -> (String, String) {
        let now_ms = self.now_ms;
        self.fields.retain(|_, (_, deadline)| deadline.is_none_or(|at_ms| at_ms >= now_ms));
        let at_ms = now_ms + amount;
        let old = self.fields.get(field).cloned();
        let bulk = |old: Option<(String, _)>| old.map_or("(nil)".into(), |(value, _)| format!("\"{value}\""));
        let int = |n: i64| format!("(integer) {n}");
        let value = amount.to_string();
        match op {
            Op::Set => {
                self.fields.insert(field.into(), (value, None));
                (format!("HSET h {field} {amount}"), int(i64::from(old.is_none())))
            }
            Op::SetNx => {
                if old.is_none() {
                    self.fields.insert(field.into(), (value, None));
                }
                (format!("HSETNX h {field} {amount}"), int(i64::from(old.is_none())))
            }
            Op::Delete => {
                self.fields.remove(field);
                (format!("HDEL h {field}"), int(i64::from(old.is_some())))
            }
            Op::Add => {
                let (before, deadline) = old.unwrap_or(("0".into(), None));
                let sum = before.parse::<i64>().expect("values are integers") + amount;
                self.fields.insert(field.into(), (sum.to_string(), deadline));
                (format!("HINCRBY h {field} {amount}"), int(sum))
            }
            Op::Expire => {
                (format!("HPEXPIRE h {amount} FIELDS 1 {field}"), self.expire(field, at_ms, |_| true))
            }
            Op::ExpireLater => {
                let holds = |old: Option<i64>| old.is_some_and(|old_ms| at_ms > old_ms);
                (format!("HPEXPIRE h {amount} GT FIELDS 1 {field}"), self.expire(field, at_ms, holds))
            }
            Op::ExpireEarlier => {
                let holds = |old: Option<i64>| old.is_none_or(|old_ms| at_ms < old_ms);
                (format!("HPEXPIRE h {amount} LT FIELDS 1 {field}"), self.expire(field, at_ms, holds))
            }
            Op::Persist => {
                let code = match self.fields.get_mut(field).map(|(_, deadline)| deadline.take()) {
                    None => -2,
                    Some(None) => -1,
                    Some(Some(_)) => 1,
                };
                (format!("HPERSIST h FIELDS 1 {field}"), format!("1) {}", int(code)))
            }
            Op::SetEx => {
                self.fields.insert(field.into(), (value, Some(at_ms)));
                self.drop_if_passed(field);
                (format!("HSETEX h PX {amount} FIELDS 1 {field} {amount}"), int(1))
            }
            Op::SetKeeping => {
                let deadline = old.and_then(|(_, deadline)| deadline);
                self.fields.insert(field.into(), (value, deadline));
                (format!("HSETEX h KEEPTTL FIELDS 1 {field} {amount}"), int(1))
            }
            Op::GetEx => {
                if let Some((_, deadline)) = self.fields.get_mut(field) {
                    *deadline = Some(at_ms);
                    self.drop_if_passed(field);
                }
                (format!("HGETEX h PX {amount} FIELDS 1 {field}"), format!("1) {}", bulk(old)))
            }
            Op::GetDel => {
                self.fields.remove(field);
                (format!("HGETDEL h FIELDS 1 {field}"), format!("1) {}", bulk(old)))
            }
            Op::Get => (format!("HGET h {field}"), bulk(old)),
            Op::Ttl => {
                let left = old.map_or(-2, |(_, deadline)| deadline.map_or(-1, |at_ms| at_ms - now_ms));
                (format!("HPTTL h FIELDS 1 {field}"), format!("1) {}", int(left)))
            }
            Op::Wait => {
                self.now_ms += amount;
                (format!("~ {amount}"), String::new())
            }
        }
    }

    fn expire(&mut self, field: &str, at_ms: i64, holds: impl Fn(Option<i64>) -> bool) -> String {
        let code = match self.fields.get_mut(field) {
            None => -2,
            Some((_, deadline)) if !holds(*deadline) => 0,
            Some((_, deadline)) => {
                *deadline = Some(at_ms);
                if self.drop_if_passed(field) { 2 } else { 1 }
            }
        };
        format!("1) (integer) {code}")
    }

    /// Whether the field went because its new deadline is not in the future.
    fn drop_if_passed(&mut self, field: &str) -> bool {
        let now_ms = self.now_ms;
        let passed = |(_, deadline): &(String, Option<i64>)| deadline.is_some_and(|at_ms| at_ms <= now_ms);
        let passed = self.fields.get(field).is_some_and(passed);
        if passed {
            self.fields.remove(field);
        }
        passed
    }

    /// What HGETALL has to answer, in the order of names.
    fn pairs(&self) -> Vec<(String, String)> {
        let live =
            self.fields.iter().filter(|(_, (_, at_ms))| at_ms.is_none_or(|at_ms| at_ms >= self.now_ms));
        live.map(|(name, (value, _))| (format!("\"{name}\""), format!("\"{value}\""))).collect()
    }
}

fn sorted_pairs(reply: &Reply) -> Vec<(String, String)> {
    let Reply::Map(pairs) = reply else { panic!("HGETALL answers a map") };
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (show(name), show(value))).collect();
    pairs.sort();
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The shell also checks that each command can be replayed and taken back, and that bytes are counted right.
    #[test]
    fn random_commands_answer_as_the_model(
        steps in prop::collection::vec((op(), field(), 0..40_i64), 1..60)
    ) {
        let (mut shell, mut model) = (Shell::new(), Model::default());
        let started = shell.now.ms();
        for (op, field, amount) in steps {
            let (line, expected) = model.step(op, &field, amount);
            if matches!(op, Op::Wait) {
                shell.wait_ms(amount);
            } else {
                prop_assert_eq!(show(&shell.run(&line)), expected, "after {}", line);
            }
            prop_assert_eq!(shell.now.ms() - started, model.now_ms);
            let pairs = model.pairs();
            prop_assert_eq!(show(&shell.run("HLEN h")), format!("(integer) {}", pairs.len()), "after {}", line);
            prop_assert_eq!(sorted_pairs(&shell.run("HGETALL h")), pairs, "after {}", line);
            prop_assert_eq!(shell.keyspace.view(shell.now).exists(b"h"), !model.pairs().is_empty());
        }
    }
}
