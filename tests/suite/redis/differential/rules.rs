//! The differences that are meant to be: `tests/data/redis-reply-differences.toml`.

use bytes::Bytes;
use latchkey_commands::Call;
use serde::Deserialize;

use super::super::wire::Wire;
use super::super::{Line, line, matches};

/// The list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    #[serde(default)]
    differs: Vec<Differs>,
    #[serde(default)]
    unordered: Vec<Unordered>,
    #[serde(default)]
    approximate: Vec<Approximate>,
    #[serde(default)]
    alike: Vec<Alike>,
}

/// Replies that differ.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Differs {
    /// The names of the commands; `*` for all.
    commands: Vec<String>,
    /// Our reply, as it is shown, where `*` stands for anything.
    ours: String,
    /// Redis's reply.
    redis: String,
    /// Both are numbers, and differ in their last digits.
    #[serde(default)]
    close: bool,
    /// Commands that show it: the last one's replies differ.
    pub(super) example: Vec<String>,
    pub(super) reason: String,
}

/// Replies whose order says nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unordered {
    commands: Vec<String>,
    /// So many items stay together.
    together: usize,
}

/// Replies that depend on the moment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approximate {
    commands: Vec<String>,
    /// Numbers may be so far from each other.
    by: i64,
}

/// Strings that count as the same, wherever they are in a reply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alike {
    commands: Vec<String>,
    one: String,
    other: String,
}

/// How two replies compare.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Same,
    /// As a rule says. What the command did may differ too, unless it only reads, or both refused it.
    Meant {
        rule: usize,
        goes_on: bool,
    },
    Different,
}

impl Rules {
    pub(super) fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/redis-reply-differences.toml");
        toml::from_str(&std::fs::read_to_string(path).expect("it is in the repository")).expect("rules")
    }

    pub(super) fn differing(&self) -> &[Differs] {
        &self.differs
    }

    pub(super) fn compare(&self, line: &Line, ours: &Wire, redis: &Wire) -> Verdict {
        let name = String::from_utf8_lossy(&line[0]).to_ascii_uppercase();
        let (mut ours, mut redis) = (ours.clone(), redis.clone());
        for rule in self.alike.iter().filter(|rule| names(&rule.commands, &name)) {
            ours.replace(rule.one.as_bytes(), rule.other.as_bytes());
            redis.replace(rule.one.as_bytes(), rule.other.as_bytes());
        }
        let (ours, redis) = (&ours, &redis);
        if self.is_same(&name, ours, redis) {
            return Verdict::Same;
        }
        let (shown_ours, shown_redis) = (format!("{ours:?}"), format!("{redis:?}"));
        let rule = self.differs.iter().position(|rule| {
            names(&rule.commands, &name)
                && matches(&rule.ours, &shown_ours)
                && matches(&rule.redis, &shown_redis)
                && (!rule.close || are_close(ours, redis))
        });
        let goes_on = ours.is_error() && redis.is_error() || is_read(line);
        rule.map_or(Verdict::Different, |rule| Verdict::Meant { rule, goes_on })
    }

    fn is_same(&self, name: &str, ours: &Wire, redis: &Wire) -> bool {
        let unordered = self.unordered.iter().find(|rule| names(&rule.commands, name));
        if let Some(rule) = unordered {
            return ours.clone().sorted(rule.together) == redis.clone().sorted(rule.together);
        }
        let approximate = self.approximate.iter().find(|rule| names(&rule.commands, name));
        match (approximate, ours.int(), redis.int()) {
            (Some(rule), Some(ours), Some(redis)) => {
                ours == redis || ours.min(redis) > 0 && ours.abs_diff(redis) <= rule.by.unsigned_abs()
            }
            _ => ours == redis,
        }
    }
}

impl Differs {
    pub(super) fn example(&self) -> Vec<Line> {
        self.example.iter().map(|text| line(text)).collect()
    }
}

fn are_close(ours: &Wire, redis: &Wire) -> bool {
    /// Redis has 64 bits of digits, of which some get lost in each sum.
    const ERROR_MAX: f64 = 1e-15;
    let number = |wire: &Wire| match wire {
        Wire::Bulk(_, Some(text)) => std::str::from_utf8(text).ok()?.parse::<f64>().ok(),
        _ => None,
    };
    let numbers = number(ours).zip(number(redis));
    numbers.is_some_and(|(ours, redis)| (ours - redis).abs() <= ERROR_MAX * ours.abs())
}

fn is_read(line: &Line) -> bool {
    let words = line.iter().map(|word| Bytes::copy_from_slice(word)).collect();
    Call::resolve(words).is_ok_and(|call| call.spec().is_read())
}

fn names(commands: &[String], name: &str) -> bool {
    commands.iter().any(|known| known == "*" || known == name)
}
