//! The setting `notify-keyspace-events`: which changes of keys are published, and where.

use std::fmt;

use latchkey_keyspace::{Class, Classes, Event};
use latchkey_pubsub::{Outbox, Scope};

/// The classes of events that `A` stands for, in the order in which Redis lists them.
const ALL: [(char, Class); 10] = [
    ('g', Class::Generic),
    ('$', Class::Text),
    ('l', Class::List),
    ('s', Class::Set),
    ('h', Class::Hash),
    ('z', Class::SortedSet),
    ('x', Class::Expired),
    ('e', Class::Evicted),
    ('t', Class::Stream),
    ('d', Class::Json),
];

/// New keys, the two kinds of channel, and misses: `A` does not include them.
const OTHERS: [char; 4] = ['n', 'K', 'E', 'm'];

/// Which events are published, and on which channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// The flags in Redis's order, each once.
    flags: String,
    classes: Classes,
    /// On `__keyspace@0__:<key>`.
    by_key: bool,
    /// On `__keyevent@0__:<event>`.
    by_event: bool,
}

impl Notify {
    /// Reads flags in any order. `None` if one is unknown.
    pub fn parse(flags: &[u8]) -> Option<Self> {
        let flags = canonical(flags)?;
        let has = |flag| flags.contains(flag);
        let mut classes = Classes::NONE;
        for (flag, class) in ALL.into_iter().chain([('n', Class::New), ('m', Class::Missed)]) {
            let in_all = has('A') && !OTHERS.contains(&flag);
            if has(flag) || in_all {
                classes = classes.with(class);
            }
        }
        if has('A') {
            classes = classes.with(Class::Array);
        }
        let (by_key, by_event) = (has('K'), has('E'));
        Some(Self { flags, classes, by_key, by_event })
    }

    /// The events that have to be noted.
    pub fn classes(&self) -> Classes {
        if self.by_key || self.by_event { self.classes } else { Classes::NONE }
    }

    /// Publishes an event. Whether it was told: where too much is published in one step already, it is not.
    pub fn publish(&self, event: &Event, outbox: &mut Outbox) -> bool {
        let name = event.name.to_ascii_lowercase();
        let mut publish = |prefix: &[u8], subject: &[u8], payload: &[u8]| {
            let channel = [prefix, subject].concat();
            outbox.publish(Scope::Channel, &channel, payload).is_some()
        };
        let by_key = !self.by_key || publish(b"__keyspace@0__:", &event.key, name.as_bytes());
        let by_event = !self.by_event || publish(b"__keyevent@0__:", name.as_bytes(), &event.key);
        by_key && by_event
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.flags)
    }
}

/// The flags in Redis's order, each once. `None` if one is unknown.
///
/// Redis forgets to list `n` next to `A`, although it holds; here the text is the setting, so it stays.
fn canonical(flags: &[u8]) -> Option<String> {
    let classes = ALL.map(|(flag, _)| flag);
    let known = |&flag: &u8| {
        let flag = char::from(flag);
        flag == 'A' || classes.contains(&flag) || OTHERS.contains(&flag)
    };
    if !flags.iter().all(known) {
        return None;
    }
    let given = |flag: &char| flags.contains(&(*flag as u8));
    let all = flags.contains(&b'A') || classes.iter().all(given);
    let listed: String = if all { "A".into() } else { classes.iter().filter(|flag| given(flag)).collect() };
    Some(listed.chars().chain(OTHERS.into_iter().filter(given)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_listed_as_redis_does() {
        for (given, listed) in [
            ("", ""),
            ("KEA", "AKE"),
            ("AKE", "AKE"),
            ("Ag", "A"),
            ("Kx", "xK"),
            ("KEn", "nKE"),
            ("KEmA", "AKEm"),
            ("glK$shzxetdm", "AKm"),
            ("K$lshzxegtmn", "g$lshzxetnKm"),
            ("xxKK", "xK"),
            ("AnK", "AnK"),
        ] {
            assert_eq!(canonical(given.as_bytes()).as_deref(), Some(listed), "{given}");
        }
        for unknown in ["q", "KE ", "Ka", "\u{e9}"] {
            assert_eq!(canonical(unknown.as_bytes()), None, "{unknown}");
        }
    }
}
