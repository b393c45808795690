//! Random commands, asked of Redis and of us: the replies are the same, and so is what is there in the end.
//!
//! What is meant to differ is in `tests/data/redis-reply-differences.toml`, each with its reason and an example that shows it.

mod families;
mod grammar;
mod rules;
mod words;

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::ops::ControlFlow;

use latchkey_protocol::resp::Version;

use super::dump::{Kind, reading, reading_stream};
use super::ours::Ours;
use super::server::Redis;
use super::wire::Wire;
use super::{Line, chance, line, shown};
use rules::{Rules, Verdict};

/// So many sequences of a family are tried, in each version of the protocol.
const SEQUENCES: usize = 1_000;
/// So many commands are in a sequence.
const COMMANDS: usize = 20;

/// Redis and us, and what may differ between them.
struct Pair {
    redis: Redis,
    version: Version,
    rules: Rules,
}

/// So many different failures are enough to look at.
const FAILURES_MAX: usize = 8;

/// Asks both the same in random sequences of these patterns.
#[track_caller]
fn compare(patterns: &[&str]) {
    let Some(mut pair) = Pair::start() else { return };
    let mut chance = chance();
    let mut failures = BTreeMap::new();
    for version in (0..SEQUENCES).flat_map(|_| [Version::Resp2, Version::Resp3]) {
        pair.version = version;
        let mut one =
            || grammar::command(chance.choice(patterns).expect("there are some"), &mut chance.fork());
        let mut lines: Vec<Line> = (0..COMMANDS).map(|_| one()).collect();
        if let Some(difference) = pair.difference(&lines) {
            pair.shorten(&mut lines, &difference);
            let shown: Vec<String> = lines.iter().map(shown).collect();
            failures
                .entry(difference.kind())
                .or_insert_with(|| format!("{}\n{difference}", shown.join("\n")));
        }
        if failures.len() == FAILURES_MAX {
            break;
        }
    }
    let failures: Vec<String> = failures.into_values().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Replies that differ and should not.
struct Difference {
    /// The name of the command, or of the key that holds something else in the end.
    about: String,
    ours: String,
    redis: String,
}

impl Difference {
    /// Those of the same kind have the same cause, more often than not.
    fn kind(&self) -> (String, String, String) {
        let start = |text: &str| text.chars().take(12).collect::<String>();
        (self.about.clone(), start(&self.ours), start(&self.redis))
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "of {}\nours:  {}\nredis: {}", self.about, self.ours, self.redis)
    }
}

impl Pair {
    fn start() -> Option<Self> {
        Some(Self { redis: Redis::start()?, version: Version::Resp2, rules: Rules::read() })
    }

    /// The first difference that is not meant to be.
    fn difference(&mut self, lines: &[Line]) -> Option<Difference> {
        let mut ours = Ours::new(7);
        self.redis.ask(&line("FLUSHALL"));
        self.speak(self.version, &mut ours);
        let difference = self.difference_in_replies(lines, &mut ours);
        // What is there is read in the simpler version.
        self.speak(Version::Resp2, &mut ours);
        match difference {
            ControlFlow::Continue(()) => self.difference_in_state(&mut ours),
            ControlFlow::Break(difference) => difference,
        }
    }

    fn speak(&mut self, version: Version, ours: &mut Ours) {
        self.redis.speak(version);
        ours.speak(version);
    }

    /// Breaks off where the replies differ; with nothing, if they are meant to.
    fn difference_in_replies(&mut self, lines: &[Line], ours: &mut Ours) -> ControlFlow<Option<Difference>> {
        for line in lines {
            // One at a time: after a difference that is meant, the rest would be about something else.
            let (own, theirs) = (ours.ask(line), self.redis.ask(line));
            match self.rules.compare(line, &own, &theirs) {
                Verdict::Same | Verdict::Meant { goes_on: true, .. } => {}
                Verdict::Meant { goes_on: false, .. } => return ControlFlow::Break(None),
                Verdict::Different => {
                    let about = String::from_utf8_lossy(&line[0]).into_owned();
                    let (ours, redis) = (format!("{own:?}"), format!("{theirs:?}"));
                    return ControlFlow::Break(Some(Difference { about, ours, redis }));
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether the keys that are there have another value or deadline.
    fn difference_in_state(&mut self, ours: &mut Ours) -> Option<Difference> {
        for key in ["a", "b", "c"] {
            let (own, theirs) = (state(key, |line| ours.ask(line)), state(key, |line| self.redis.ask(line)));
            if own != theirs {
                let about = key.to_owned();
                return Some(Difference { about, ours: format!("{own:?}"), redis: format!("{theirs:?}") });
            }
        }
        None
    }

    /// Leaves out what the difference does not need.
    fn shorten(&mut self, lines: &mut Vec<Line>, difference: &Difference) {
        for at in (0..lines.len()).rev() {
            let left_out = lines.remove(at);
            let still = self.difference(lines).is_some_and(|other| other.kind() == difference.kind());
            if !still {
                lines.insert(at, left_out);
            }
        }
    }
}

/// All that can be read of a key.
fn state(key: &str, mut ask: impl FnMut(&Line) -> Wire) -> Vec<Wire> {
    let kind = match ask(&line(&format!("TYPE {key}"))).bytes() {
        b"string" => Kind::Text,
        b"list" => Kind::List,
        b"set" => Kind::Set,
        b"hash" => Kind::Hash,
        b"zset" => Kind::SortedSet,
        b"stream" => return reading_stream(false, &mut |words| ask(&line(&words.replace('#', key)))),
        _ => return Vec::new(),
    };
    let mut read = reading(kind, key, &mut ask);
    // Redis notes the count in a sketch, we do not: what both tell is the count.
    if matches!(&read[0], Wire::Bulk(_, Some(bytes)) if bytes.starts_with(b"HYLL")) {
        read = vec![ask(&line(&format!("PFCOUNT {key}")))];
    }
    read
}

/// Rules that no longer hold, or have no reason, fail here.
#[test]
fn every_difference_shows_in_its_example() {
    let Some(mut pair) = Pair::start() else { return };
    for at in 0..pair.rules.differing().len() {
        let rule = &pair.rules.differing()[at];
        assert!(rule.reason.ends_with('.'), "{:?}: the reason is not a sentence", rule.example);
        let lines = rule.example();
        let mut ours = Ours::new(7);
        pair.redis.ask(&line("FLUSHALL"));
        let replies: Vec<_> = lines.iter().map(|line| (ours.ask(line), pair.redis.ask(line))).collect();
        let (last, (own, theirs)) = lines.last().zip(replies.last()).expect("an example is not empty");
        let verdict = pair.rules.compare(last, own, theirs);
        let meant = matches!(verdict, Verdict::Meant { rule, .. } if rule == at);
        assert!(meant, "{}: ours {own:?}, Redis's {theirs:?}: {verdict:?}", shown(last));
    }
}
