//! Set values.

mod codec;

use std::io::Write;
use std::slice;

use fastrand::Rng;

use super::text::canonical_int;
use super::{Contents, canonical_item, conversions};
use crate::collections::scan_map::{self, ScanMap};
use crate::cost::SET_MEMBER;
use crate::{Effect, Open, Str};

/// The most members of a set of integers that are kept as numbers.
const INTS_MAX: usize = 512;
/// The most members that are kept in a plain sequence.
const PACKED_MAX: usize = 128;
/// The longest member, in bytes, that is kept in a plain sequence.
const PACKED_MEMBER_BYTES_MAX: usize = 64;

/// Distinct strings without order.
#[derive(Clone, Debug, Default)]
pub struct Set {
    form: Form,
    bytes: u64,
}

/// How the members are kept. A set moves down this list and never up, as in Redis.
#[derive(Clone, Debug)]
enum Form {
    /// Integers in canonical decimal form, ascending.
    Ints(Vec<i64>),
    /// A few short members, in the order in which they were added.
    Packed(Vec<Str>),
    /// Any members.
    Table(ScanMap<()>),
}

impl Default for Form {
    fn default() -> Self {
        Self::Ints(Vec::new())
    }
}

/// A change inside a set.
#[derive(Clone, Debug)]
pub enum SetEffect {
    /// Adds members, none of which was there.
    Add(Vec<Str>),
    /// Removes members, all of which were there.
    Remove(Vec<Str>),
    /// Moves to a table and then adds members. That it has to move cannot always be told from the members.
    AddToTable(Vec<Str>),
}

impl Set {
    /// A set of these members. The seed is the keyspace's (see [`Edit::seed`](crate::Edit::seed)).
    pub fn of(members: impl Iterator<Item = Str>, seed: u64) -> Self {
        let mut set = Self::default();
        members.for_each(|member| {
            set.insert(member, seed);
        });
        set
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Ints(ints) => ints.len(),
            Form::Packed(members) => members.len(),
            Form::Table(table) => table.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.form {
            Form::Ints(ints) => canonical_int(member).is_some_and(|n| ints.binary_search(&n).is_ok()),
            Form::Packed(members) => members.iter().any(|known| **known == *member),
            Form::Table(table) => table.contains(member),
        }
    }

    /// All members, in no particular order. Making one takes no memory: numbers fit a [`Str`] in place, and long
    /// members are shared.
    pub fn iter(&self) -> Members<'_> {
        Members(match &self.form {
            Form::Ints(ints) => Cursor::Ints(ints.iter()),
            Form::Packed(members) => Cursor::Packed(members.iter()),
            Form::Table(table) => Cursor::Table(table.iter()),
        })
    }

    /// Visits members from `cursor` on, at least `count` if so many are left, and returns the cursor to go on from, 0
    /// after the last. A small set is visited whole, as in Redis.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&Str)) -> u64 {
        match &self.form {
            Form::Table(table) => table.scan(cursor, count, &mut |member, ()| visit(member)),
            Form::Ints(_) | Form::Packed(_) => {
                self.iter().for_each(|member| visit(&member));
                0
            }
        }
    }

    /// A member drawn at random, each with the same chance; `None` of an empty set.
    pub fn random(&self, chance: &mut Rng) -> Option<Str> {
        match &self.form {
            Form::Ints(ints) => chance.choice(ints).copied().map(decimal),
            Form::Packed(members) => chance.choice(members).cloned(),
            Form::Table(table) => table.random(chance).map(|(member, ())| member.clone()),
        }
    }

    /// Up to `count` different members drawn at random, each selection with the same chance. In random order, unless
    /// they are all. Time and memory grow with `count` in a table, otherwise with the size, which is small.
    pub fn sample(&self, count: usize, chance: &mut Rng) -> Vec<Str> {
        if count >= self.len() {
            return self.iter().collect();
        }
        match &self.form {
            // Two draws in three or more find a new member.
            Form::Table(table) if count <= self.len() / 3 => draw_distinct(table, count, chance),
            _ => draw_shuffled(self.iter().collect(), count, chance),
        }
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Ints(_) => "intset",
            Form::Packed(_) => "listpack",
            Form::Table(_) => "hashtable",
        }
    }

    /// Adds a member. Whether it was not there.
    fn insert(&mut self, member: Str, seed: u64) -> bool {
        let bytes = cost_of(&member);
        self.make_room_for(&member, seed);
        let added = match &mut self.form {
            Form::Ints(ints) => insert_int(ints, canonical_int(&member).expect("room was made for it")),
            Form::Packed(members) => insert_packed(members, member),
            Form::Table(table) => table.insert(member, ()).is_none(),
        };
        if added {
            self.bytes += bytes;
        }
        added
    }

    /// Removes a member. Whether it was there.
    fn remove(&mut self, member: &[u8]) -> bool {
        let removed = match &mut self.form {
            Form::Ints(ints) => remove_int(ints, member),
            Form::Packed(members) => remove_packed(members, member),
            Form::Table(table) => table.remove(member).is_some(),
        };
        if removed {
            self.bytes -= SET_MEMBER + member.len() as u64;
        }
        removed
    }

    /// Moves to another form if this one cannot take the member.
    fn make_room_for(&mut self, member: &Str, seed: u64) {
        let fits = match &self.form {
            Form::Ints(ints) => {
                canonical_int(member).is_some() && (ints.len() < INTS_MAX || self.contains(member))
            }
            Form::Packed(_) => self.packs(member) || self.contains(member),
            Form::Table(_) => true,
        };
        if fits {
            return;
        }
        let is_number = canonical_int(member).is_some();
        match &self.form {
            Form::Ints(_) if !is_number && self.packs(member) => {
                self.form = Form::Packed(self.iter().collect());
            }
            _ => self.tabulate(seed),
        }
    }

    /// Whether one more member would leave the set small enough for a plain sequence.
    fn packs(&self, member: &[u8]) -> bool {
        self.len() < PACKED_MAX && member.len() <= PACKED_MEMBER_BYTES_MAX
    }

    /// Whether `members` are more than the form is made for, and not all there already. Redis decides by the number of
    /// arguments, whether or not they are different.
    fn needs_table_for(&self, members: &[Str]) -> bool {
        let Some(first) = members.first() else { return false };
        let max = match &self.form {
            Form::Ints(ints) if !ints.is_empty() || canonical_int(first).is_some() => INTS_MAX,
            Form::Ints(_) | Form::Packed(_) => PACKED_MAX,
            Form::Table(_) => usize::MAX,
        };
        members.len() > max && members.iter().any(|member| !self.contains(member))
    }

    fn tabulate(&mut self, seed: u64) {
        let mut table = ScanMap::new(seed);
        self.iter().for_each(|member| {
            table.insert_unique(member, ());
        });
        self.form = Form::Table(table);
    }
}

impl Open<'_, Set> {
    /// Adds members. How many were not there.
    pub fn add(&mut self, members: impl Iterator<Item = Str>) -> usize {
        let members: Vec<Str> = members.collect();
        let tabulates = self.needs_table_for(&members);
        self.add_all(members, tabulates)
    }

    fn add_all(&mut self, members: Vec<Str>, tabulates: bool) -> usize {
        let seed = self.seed();
        let set = self.value_mut();
        if tabulates {
            set.tabulate(seed);
        }
        // Which of them are new, with repetitions among them, shows only as they are added.
        let added: Vec<Str> = members.into_iter().filter(|member| set.insert(member.clone(), seed)).collect();
        let effect = if tabulates { SetEffect::AddToTable } else { SetEffect::Add };
        if !added.is_empty() {
            self.note(|_| effect(added.clone()), |_| vec![SetEffect::Remove(added.clone())]);
        }
        added.len()
    }

    /// Removes members. How many were there.
    pub fn remove(&mut self, members: impl Iterator<Item = Str>) -> usize {
        let set = self.value_mut();
        let removed: Vec<Str> = members.filter(|member| set.remove(member)).collect();
        if !removed.is_empty() {
            self.note(|_| SetEffect::Remove(removed.clone()), |_| vec![SetEffect::Add(removed.clone())]);
        }
        removed.len()
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: SetEffect) {
        match effect {
            SetEffect::Add(members) => self.add(members.into_iter()),
            SetEffect::AddToTable(members) => self.add_all(members, true),
            SetEffect::Remove(members) => self.remove(members.into_iter()),
        };
    }
}

impl Contents for Set {
    type Effect = SetEffect;

    fn effect(key: Str, effect: SetEffect) -> Effect {
        Effect::Set { key, effect }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn elements(&self) -> usize {
        match &self.form {
            Form::Ints(_) => 0,
            Form::Packed(_) | Form::Table(_) => self.len(),
        }
    }

    fn canonical(&self, out: &mut Vec<u8>) {
        let mut members: Vec<Str> = self.iter().collect();
        members.sort_unstable();
        members.iter().for_each(|member| canonical_item(out, member));
    }

    conversions!(Set, boxed);
}

/// The iterator of [`Set::iter`].
#[derive(Debug)]
pub struct Members<'a>(Cursor<'a>);

enum Cursor<'a> {
    Ints(slice::Iter<'a, i64>),
    Packed(slice::Iter<'a, Str>),
    Table(scan_map::Iter<'a, ()>),
}

impl Iterator for Members<'_> {
    type Item = Str;

    fn next(&mut self) -> Option<Str> {
        match &mut self.0 {
            Cursor::Ints(ints) => ints.next().copied().map(decimal),
            Cursor::Packed(members) => members.next().cloned(),
            Cursor::Table(entries) => entries.next().map(|(member, ())| member.clone()),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Cursor::Ints(ints) => ints.size_hint(),
            Cursor::Packed(members) => members.size_hint(),
            Cursor::Table(entries) => entries.size_hint(),
        }
    }
}

impl ExactSizeIterator for Members<'_> {}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursor")
    }
}

/// Draws one by one, and again where a member was drawn before.
fn draw_distinct(table: &ScanMap<()>, count: usize, chance: &mut Rng) -> Vec<Str> {
    let mut seen = ScanMap::new(table.seed());
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        let Some((member, ())) = table.random(chance) else { break };
        if seen.insert(member.clone(), ()).is_none() {
            drawn.push(member.clone());
        }
    }
    drawn
}

/// Shuffles as much of the list as is wanted, and cuts it off there.
fn draw_shuffled(mut members: Vec<Str>, count: usize, chance: &mut Rng) -> Vec<Str> {
    for at in 0..count {
        let drawn = chance.usize(at..members.len());
        members.swap(at, drawn);
    }
    members.truncate(count);
    members
}

fn insert_int(ints: &mut Vec<i64>, n: i64) -> bool {
    match ints.binary_search(&n) {
        Ok(_) => false,
        Err(at) => {
            ints.insert(at, n);
            true
        }
    }
}

fn insert_packed(members: &mut Vec<Str>, member: Str) -> bool {
    let absent = !members.contains(&member);
    if absent {
        members.push(member);
    }
    absent
}

fn remove_int(ints: &mut Vec<i64>, member: &[u8]) -> bool {
    let at = canonical_int(member).and_then(|n| ints.binary_search(&n).ok());
    at.map(|at| ints.remove(at)).is_some()
}

fn remove_packed(members: &mut Vec<Str>, member: &[u8]) -> bool {
    let at = members.iter().position(|known| **known == *member);
    at.map(|at| members.remove(at)).is_some()
}

/// A number in decimal, which always fits a [`Str`] in place.
fn decimal(n: i64) -> Str {
    let mut digits = [0; Str::INLINE_MAX];
    let mut rest = &mut digits[..];
    write!(rest, "{n}").expect("an i64 has at most 20 characters");
    let unused = rest.len();
    Str::new(&digits[..digits.len() - unused])
}

fn cost_of(member: &Str) -> u64 {
    SET_MEMBER + member.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_of<T: ToString>(members: impl IntoIterator<Item = T>) -> Set {
        Set::of(members.into_iter().map(|member| Str::from(member.to_string().as_str())), 1)
    }

    #[test]
    fn forms_change_at_the_sizes_of_redis() {
        assert_eq!(set_of(0..512).encoding(), "intset");
        assert_eq!(set_of(0..513).encoding(), "hashtable");
        assert_eq!(set_of(["1", "2", "x"]).encoding(), "listpack");
        assert_eq!(set_of((0..127).map(|n| n.to_string()).chain(["x".into()])).encoding(), "listpack");
        assert_eq!(set_of((0..128).map(|n| n.to_string()).chain(["x".into()])).encoding(), "hashtable");
        assert_eq!(set_of((0..128).map(|n| format!("x{n}"))).encoding(), "listpack");
        assert_eq!(set_of((0..129).map(|n| format!("x{n}"))).encoding(), "hashtable");
        assert_eq!(set_of(["x".repeat(64)]).encoding(), "listpack");
        assert_eq!(set_of(["x".repeat(65)]).encoding(), "hashtable");
        assert_eq!(set_of(["1".into(), "x".repeat(65)]).encoding(), "hashtable");
    }

    /// A member that is there needs no room, so adding it again must not change the form.
    #[test]
    fn a_full_form_takes_a_member_again() {
        assert_eq!(set_of((0..512).chain([7])).encoding(), "intset");
        assert_eq!(set_of((0..128).chain([7]).map(|n| format!("x{n}"))).encoding(), "listpack");
    }

    #[test]
    fn numbers_keep_their_spelling() {
        let spelled = ["0", "-1", "9223372036854775807", "-9223372036854775808"];
        let mut members: Vec<_> = set_of(spelled).iter().collect();
        members.sort();
        assert_eq!(members, ["-1", "-9223372036854775808", "0", "9223372036854775807"].map(Str::from));
        assert_eq!(set_of(["01", "1"]).len(), 2);
        assert_eq!(set_of(["-0", "0"]).len(), 2);
    }

    /// Every selection of 2 out of 4 comes up about as often as any other, in every form and both ways of drawing.
    #[test]
    fn samples_are_uniform() {
        let mut chance = Rng::with_seed(1);
        let small = set_of(0..6);
        let mut table = set_of(0..6);
        table.tabulate(1);
        for (set, count) in [(&small, 2), (&table, 2), (&table, 4)] {
            let mut times = [0; 6];
            for _ in 0..6_000 {
                let drawn = set.sample(count, &mut chance);
                assert_eq!(drawn.len(), count);
                assert_eq!(Set::of(drawn.iter().cloned(), 1).len(), count, "drawn twice: {drawn:?}");
                drawn.iter().for_each(|member| times[usize::from(member[0] - b'0')] += 1);
            }
            let expected = 1_000 * count;
            assert!(times.iter().all(|&n| n > expected * 9 / 10 && n < expected * 11 / 10), "{times:?}");
        }
    }
}
