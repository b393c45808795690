//! Random sessions on a stream, against plain maps: of entries, and of what is pending in each group.

use std::collections::BTreeMap;

use latchkey_protocol::Reply;
use proptest::prelude::*;

use crate::tests::Shell;

const GROUPS: [&str; 2] = ["g", "h"];
const CONSUMERS: [&str; 2] = ["ann", "bob"];
const REFERENCES: [&str; 3] = ["KEEPREF", "DELREF", "ACKED"];

/// The fields that entries have, names and values alternating.
const FIELDS: [&[&str]; 4] = [&["f", "v"], &["f", "w"], &["f", "v", "f", "v"], &["other", "x", "y", "z"]];

/// Milliseconds and number. A step gives one below ten, and means the entry at that place, or none.
type Id = (u64, u64);

#[derive(Clone, Debug)]
enum Step {
    Add {
        gap_ms: u64,
        fields: usize,
        trim: Option<Trim>,
    },
    /// Adds more entries than a block has.
    Fill,
    Trim(Trim),
    Delete {
        references: Option<usize>,
        places: Vec<usize>,
    },
    Range {
        places: (usize, usize),
        reverse: bool,
        count: Option<usize>,
    },
    Deliver {
        group: usize,
        consumer: usize,
        count: usize,
        acknowledged: bool,
    },
    Repeat {
        group: usize,
        consumer: usize,
        after: usize,
        count: usize,
    },
    Acknowledge {
        group: usize,
        references: Option<usize>,
        places: Vec<usize>,
    },
    Claim {
        group: usize,
        consumer: usize,
        places: Vec<usize>,
        force: bool,
    },
    AutoClaim {
        group: usize,
        consumer: usize,
        start: usize,
        count: usize,
    },
    MoveGroup {
        group: usize,
        place: usize,
    },
    RenewGroup {
        group: usize,
    },
    DropConsumer {
        group: usize,
        consumer: usize,
    },
    Pending {
        group: usize,
        consumer: Option<usize>,
    },
}

#[derive(Clone, Debug)]
struct Trim {
    /// How many stay, or the place of the first that stays.
    by_len: bool,
    number: usize,
    references: usize,
}

fn trim() -> impl Strategy<Value = Trim> {
    (any::<bool>(), 0..12_usize, 0..3_usize).prop_map(|(by_len, number, references)| Trim {
        by_len,
        number,
        references,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let places = || prop::collection::vec(0..14_usize, 1..4);
    let references = || prop::option::of(0..3_usize);
    let (group, who) = (|| 0..2_usize, || (0..2_usize, 0..2_usize));
    prop_oneof![
        36 => (0..2_u64, 0..FIELDS.len(), prop::option::weighted(0.1, trim()))
            .prop_map(|(gap_ms, fields, trim)| Step::Add { gap_ms, fields, trim }),
        1 => Just(Step::Fill),
        3 => trim().prop_map(Step::Trim),
        9 => (references(), places()).prop_map(|(references, places)| Step::Delete { references, places }),
        12 => ((0..14_usize, 0..14_usize), any::<bool>(), prop::option::of(1..5_usize))
            .prop_map(|(places, reverse, count)| Step::Range { places, reverse, count }),
        18 => (who(), 1..5_usize, prop::bool::weighted(0.1)).prop_map(
            |((group, consumer), count, acknowledged)| Step::Deliver { group, consumer, count, acknowledged }
        ),
        6 => (who(), 0..14_usize, 1..5_usize)
            .prop_map(|((group, consumer), after, count)| Step::Repeat { group, consumer, after, count }),
        9 => (group(), references(), places())
            .prop_map(|(group, references, places)| Step::Acknowledge { group, references, places }),
        6 => (who(), places(), any::<bool>())
            .prop_map(|((group, consumer), places, force)| Step::Claim { group, consumer, places, force }),
        6 => (who(), 0..14_usize, 1..4_usize)
            .prop_map(|((group, consumer), start, count)| Step::AutoClaim { group, consumer, start, count }),
        3 => (group(), 0..14_usize).prop_map(|(group, place)| Step::MoveGroup { group, place }),
        3 => group().prop_map(|group| Step::RenewGroup { group }),
        3 => who().prop_map(|(group, consumer)| Step::DropConsumer { group, consumer }),
        9 => (group(), prop::option::of(0..2_usize))
            .prop_map(|(group, consumer)| Step::Pending { group, consumer }),
    ]
}

#[derive(Default)]
struct Group {
    last_id: Id,
    /// Whose it is, and how often it was delivered.
    pending: BTreeMap<Id, (usize, i64)>,
}

#[derive(Default)]
struct Model {
    entries: BTreeMap<Id, usize>,
    last_id: Id,
    groups: [Group; 2],
}

impl Model {
    /// The id at a place among the entries from the back on; beyond them, one that was never given.
    fn id(&self, place: usize) -> Id {
        self.entries.keys().rev().nth(place).copied().unwrap_or((0, 1 + place as u64))
    }

    fn ids(&self, places: &[usize]) -> Vec<Id> {
        places.iter().map(|&place| self.id(place)).collect()
    }

    fn is_referenced(&self, id: Id) -> bool {
        self.groups.iter().any(|group| id > group.last_id || group.pending.contains_key(&id))
    }

    /// The code of XDELEX.
    fn delete(&mut self, id: Id, references: usize) -> i64 {
        if references == 1 {
            self.release_everywhere(id);
        }
        if !self.entries.contains_key(&id) {
            return -1;
        }
        if references == 2 && self.is_referenced(id) {
            return 2;
        }
        self.entries.remove(&id);
        1
    }

    /// The code of XACKDEL.
    fn acknowledge(&mut self, group: usize, id: Id, references: usize) -> i64 {
        if self.groups[group].pending.remove(&id).is_none() {
            return -1;
        }
        if references == 2 && self.is_referenced(id) {
            return 2;
        }
        if references == 1 {
            self.release_everywhere(id);
        }
        self.entries.remove(&id);
        1
    }

    fn release_everywhere(&mut self, id: Id) {
        for group in &mut self.groups {
            group.pending.remove(&id);
        }
    }

    fn trim(&mut self, trim: &Trim, before: Id) -> usize {
        let len = self.entries.len();
        let excess = if trim.by_len { len.saturating_sub(trim.number) } else { len };
        let ids: Vec<Id> = self.entries.keys().copied().collect();
        for id in ids {
            let is_enough = if trim.by_len { len - self.entries.len() == excess } else { id >= before };
            if is_enough {
                break;
            }
            match trim.references {
                2 if self.is_referenced(id) => continue,
                1 => self.release_everywhere(id),
                _ => {}
            }
            self.entries.remove(&id);
        }
        len - self.entries.len()
    }

    fn entry(&self, id: Id) -> Reply {
        let fields = FIELDS[self.entries[&id]].iter().map(Reply::bulk);
        Reply::Array(vec![shown(id), Reply::Array(fields.collect())])
    }

    fn entries<'a>(&self, ids: impl IntoIterator<Item = &'a Id>) -> Reply {
        Reply::Array(ids.into_iter().map(|&id| self.entry(id)).collect())
    }
}

fn text((ms, seq): Id) -> String {
    format!("{ms}-{seq}")
}

fn shown(id: Id) -> Reply {
    Reply::bulk(text(id))
}

fn texts(ids: &[Id]) -> String {
    ids.iter().map(|&id| text(id)).collect::<Vec<_>>().join(" ")
}

/// A session, and what the model says of it.
struct Session {
    shell: Shell,
    model: Model,
}

impl Session {
    fn new() -> Self {
        let mut session = Self { shell: Shell::new(), model: Model::default() };
        GROUPS
            .iter()
            .for_each(|group| session.expect(format!("XGROUP CREATE s {group} 0 MKSTREAM"), Reply::OK));
        session
    }

    #[track_caller]
    fn expect(&mut self, line: String, reply: Reply) {
        assert_eq!(self.shell.run(&line), reply, "of {line}");
    }

    fn add(&mut self, gap_ms: u64, fields: usize, trim: Option<&Trim>) {
        let (ms, seq) = self.model.last_id;
        let id = if gap_ms == 0 { (ms.max(1), seq + 1) } else { (ms + gap_ms, 0) };
        self.model.last_id = id;
        // The place that a trim names is that in the stream with the new entry.
        self.model.entries.insert(id, fields);
        let option = trim.map_or(String::new(), |trim| {
            let (option, before) = self.trim_option(trim);
            self.model.trim(trim, before);
            option
        });
        self.expect(format!("XADD s {option} {} {}", text(id), FIELDS[fields].join(" ")), shown(id));
    }

    fn trim_option(&self, trim: &Trim) -> (String, Id) {
        let references = REFERENCES[trim.references];
        let before = self.model.id(trim.number);
        let option = match trim.by_len {
            true => format!("MAXLEN = {} {references}", trim.number),
            false => format!("{references} MINID {}", text(before)),
        };
        (option, before)
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Add { gap_ms, fields, trim } => self.add(gap_ms, fields, trim.as_ref()),
            Step::Fill => (0..110).for_each(|_| self.add(0, 0, None)),
            Step::Trim(trim) => {
                let (option, before) = self.trim_option(&trim);
                let count = self.model.trim(&trim, before);
                self.expect(format!("XTRIM s {option}"), Reply::count(count));
            }
            Step::Delete { references, places } => self.delete(references, &self.model.ids(&places)),
            Step::Range { places, reverse, count } => self.range(places, reverse, count),
            Step::Deliver { group, consumer, count, acknowledged } => {
                self.deliver(group, consumer, count, acknowledged);
            }
            Step::Repeat { group, consumer, after, count } => self.repeat(group, consumer, after, count),
            Step::Acknowledge { group, references, places } => {
                self.acknowledge(group, references, &self.model.ids(&places));
            }
            Step::Claim { group, consumer, places, force } => {
                self.claim(group, consumer, &self.model.ids(&places), force);
            }
            Step::AutoClaim { group, consumer, start, count } => {
                self.auto_claim(group, consumer, self.model.id(start), count);
            }
            Step::MoveGroup { group, place } => {
                let id = self.model.id(place);
                self.model.groups[group].last_id = id;
                self.expect(format!("XGROUP SETID s {} {}", GROUPS[group], text(id)), Reply::OK);
            }
            Step::RenewGroup { group } => {
                self.model.groups[group] = Group::default();
                self.expect(format!("XGROUP DESTROY s {}", GROUPS[group]), Reply::Int(1));
                self.expect(format!("XGROUP CREATE s {} 0", GROUPS[group]), Reply::OK);
            }
            Step::DropConsumer { group, consumer } => {
                let pending = &mut self.model.groups[group].pending;
                let before = pending.len();
                pending.retain(|_, (owner, _)| *owner != consumer);
                let lost = Reply::count(before - pending.len());
                self.expect(format!("XGROUP DELCONSUMER s {} {}", GROUPS[group], CONSUMERS[consumer]), lost);
            }
            Step::Pending { group, consumer } => self.pending(group, consumer),
        }
    }

    fn delete(&mut self, references: Option<usize>, ids: &[Id]) {
        match references {
            None => {
                let count = ids.iter().filter(|&&id| self.model.delete(id, 0) == 1).count();
                self.expect(format!("XDEL s {}", texts(ids)), Reply::count(count));
            }
            Some(references) => {
                let codes = ids.iter().map(|&id| Reply::Int(self.model.delete(id, references))).collect();
                let option = REFERENCES[references];
                let line = format!("XDELEX s {option} IDS {} {}", ids.len(), texts(ids));
                self.expect(line, Reply::Array(codes));
            }
        }
    }

    fn acknowledge(&mut self, group: usize, references: Option<usize>, ids: &[Id]) {
        let name = GROUPS[group];
        match references {
            None => {
                let pending = &mut self.model.groups[group].pending;
                let count = ids.iter().filter(|id| pending.remove(id).is_some()).count();
                self.expect(format!("XACK s {name} {}", texts(ids)), Reply::count(count));
            }
            Some(references) => {
                let codes = ids.iter().map(|&id| Reply::Int(self.model.acknowledge(group, id, references)));
                let codes = Reply::Array(codes.collect());
                let option = REFERENCES[references];
                self.expect(format!("XACKDEL s {name} IDS {} {} {option}", ids.len(), texts(ids)), codes);
            }
        }
    }

    fn range(&mut self, places: (usize, usize), reverse: bool, count: Option<usize>) {
        let (start, end) = (self.model.id(places.0), self.model.id(places.1));
        let within = self.model.entries.keys().filter(|&&id| start < id && id <= end);
        let mut ids: Vec<&Id> = within.collect();
        if reverse {
            ids.reverse();
        }
        ids.truncate(count.unwrap_or(usize::MAX));
        let option = count.map_or(String::new(), |count| format!("COUNT {count}"));
        let line = match reverse {
            false => format!("XRANGE s ({} {} {option}", text(start), text(end)),
            true => format!("XREVRANGE s {} ({} {option}", text(end), text(start)),
        };
        let entries = self.model.entries(ids);
        self.expect(line, entries);
    }

    fn deliver(&mut self, group: usize, consumer: usize, count: usize, acknowledged: bool) {
        let Model { entries, groups, .. } = &mut self.model;
        let new = entries.keys().filter(|&&id| id > groups[group].last_id).take(count);
        let ids: Vec<Id> = new.copied().collect();
        if let Some(&last_id) = ids.last() {
            groups[group].last_id = last_id;
        }
        if !acknowledged {
            groups[group].pending.extend(ids.iter().map(|&id| (id, (consumer, 1))));
        }
        let reply = match ids.is_empty() {
            true => Reply::NullArray,
            false => Reply::NestedMap(vec![(Reply::bulk("s"), self.model.entries(&ids))]),
        };
        let option = if acknowledged { "NOACK" } else { "" };
        let (group, consumer) = (GROUPS[group], CONSUMERS[consumer]);
        self.expect(format!("XREADGROUP GROUP {group} {consumer} COUNT {count} {option} STREAMS s >"), reply);
    }

    fn repeat(&mut self, group: usize, consumer: usize, after: usize, count: usize) {
        let after = self.model.id(after);
        let pending = &mut self.model.groups[group].pending;
        let own = pending.iter().filter(|&(&id, &(owner, _))| id > after && owner == consumer);
        let ids: Vec<Id> = own.map(|(&id, _)| id).take(count).collect();
        let existing: Vec<Id> =
            ids.iter().copied().filter(|id| self.model.entries.contains_key(id)).collect();
        existing.iter().for_each(|id| pending.get_mut(id).expect("it is pending").1 += 1);
        let entry = |&id: &Id| match existing.contains(&id) {
            true => self.model.entry(id),
            false => Reply::Array(vec![shown(id), Reply::NullArray]),
        };
        let entries = Reply::Array(ids.iter().map(entry).collect());
        let (group, consumer) = (GROUPS[group], CONSUMERS[consumer]);
        let line = format!("XREADGROUP GROUP {group} {consumer} COUNT {count} STREAMS s {}", text(after));
        self.expect(line, Reply::NestedMap(vec![(Reply::bulk("s"), entries)]));
    }

    fn claim(&mut self, group: usize, consumer: usize, ids: &[Id], force: bool) {
        let mut claimed = Vec::new();
        let Model { entries, groups, .. } = &mut self.model;
        let pending = &mut groups[group].pending;
        for &id in ids {
            if !entries.contains_key(&id) {
                pending.remove(&id);
            } else if force || pending.contains_key(&id) {
                let (owner, count) = pending.entry(id).or_insert((consumer, 1));
                (*owner, *count) = (consumer, *count + 1);
                claimed.push(id);
            }
        }
        let reply = self.model.entries(&claimed);
        let option = if force { "FORCE" } else { "" };
        let (group, consumer) = (GROUPS[group], CONSUMERS[consumer]);
        self.expect(format!("XCLAIM s {group} {consumer} 0 {} {option}", texts(ids)), reply);
    }

    fn auto_claim(&mut self, group: usize, consumer: usize, start: Id, count: usize) {
        let Model { entries, groups, .. } = &mut self.model;
        let pending = &mut groups[group].pending;
        let found: Vec<Id> = pending.range(start..).map(|(&id, _)| id).take(count).collect();
        let next = pending.range(start..).nth(count).map_or((0, 0), |(&id, _)| id);
        let (claimed, removed): (Vec<Id>, Vec<Id>) = found.iter().partition(|id| entries.contains_key(id));
        pending.retain(|id, _| !removed.contains(id));
        for id in &claimed {
            let (owner, count) = pending.get_mut(id).expect("it is pending");
            (*owner, *count) = (consumer, *count + 1);
        }
        let removed = Reply::Array(removed.into_iter().map(shown).collect());
        let reply = Reply::Array(vec![shown(next), self.model.entries(&claimed), removed]);
        let (group, consumer) = (GROUPS[group], CONSUMERS[consumer]);
        self.expect(format!("XAUTOCLAIM s {group} {consumer} 0 {} COUNT {count}", text(start)), reply);
    }

    fn pending(&mut self, group: usize, consumer: Option<usize>) {
        let pending = &self.model.groups[group].pending;
        let of_consumer = |&(_, &(owner, _)): &(&Id, &(usize, i64))| consumer.is_none_or(|one| owner == one);
        let row = |(&id, &(owner, count)): (&Id, &(usize, i64))| {
            Reply::Array(vec![shown(id), Reply::bulk(CONSUMERS[owner]), Reply::Int(0), Reply::Int(count)])
        };
        let rows = Reply::Array(pending.iter().filter(of_consumer).map(row).collect());
        let consumer = consumer.map_or("", |consumer| CONSUMERS[consumer]);
        self.expect(format!("XPENDING s {} - + 1000 {consumer}", GROUPS[group]), rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// Each step also has to be the same when it is replayed, and to leave nothing behind when it is taken back; the
    /// shell sees to that.
    #[test]
    fn streams_do_what_plain_maps_do(steps in prop::collection::vec(step(), 1..60)) {
        let mut session = Session::new();
        for step in steps {
            session.run(step);
            let len = Reply::count(session.model.entries.len());
            session.expect("XLEN s".into(), len);
        }
    }
}
