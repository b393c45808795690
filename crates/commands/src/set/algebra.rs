//! Intersections, unions and differences, member by member: operands are not copied, results not kept.

use bytes::Bytes;
use latchkey_keyspace::collections::scan_map::ScanMap;
use latchkey_keyspace::value::Set;
use latchkey_keyspace::{Str, View};
use latchkey_protocol::{Reply, ReplyError};

use crate::counts::{NO_KEYS, count};
use crate::{Args, Result, Write};

/// Sets that an operation works on; `None` where the key does not exist.
pub(super) type Operands<'a> = Vec<Option<&'a Set>>;

/// Looks the keys up. One of another type is an error, even if another is missing.
pub(super) fn operands<'a>(view: View<'a>, keys: &[Bytes]) -> Result<Operands<'a>> {
    keys.iter().map(|key| Ok(view.set(key)?)).collect()
}

/// The members that are in every set: those of the smallest that are in all others.
pub(super) fn intersection(sets: Operands<'_>) -> impl Iterator<Item = Str> {
    let mut sets: Vec<&Set> = sets.into_iter().collect::<Option<_>>().unwrap_or_default();
    sets.sort_by_key(|set| set.len());
    let mut sets = sets.into_iter();
    let smallest = sets.next();
    let others: Vec<&Set> = sets.collect();
    smallest
        .into_iter()
        .flat_map(Set::iter)
        .filter(move |member| others.iter().all(|set| set.contains(member)))
}

/// The members of all sets, each as often as it is in one.
pub(super) fn concatenation(sets: Operands<'_>) -> impl Iterator<Item = Str> {
    sets.into_iter().flatten().flat_map(Set::iter)
}

/// The members of all sets, once. The seed is for the table of those that have been seen.
pub(super) fn union(sets: Operands<'_>, seed: u64) -> impl Iterator<Item = Str> {
    let mut seen = ScanMap::new(seed);
    concatenation(sets).filter(move |member| seen.insert(member.clone(), ()).is_none())
}

/// The members of the first set that are in no other. The seed is for the table of those that remain, if one is needed.
pub(super) fn difference(sets: Operands<'_>, seed: u64) -> Box<dyn Iterator<Item = Str> + '_> {
    let mut sets = sets.into_iter();
    let Some(first) = sets.next().flatten() else { return Box::new(std::iter::empty()) };
    let others: Vec<&Set> = sets.flatten().collect();
    let steps_removing = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    if first.len().saturating_mul(others.len()) / 2 <= steps_removing {
        return Box::new(first.iter().filter(move |member| !others.iter().any(|set| set.contains(member))));
    }
    // A large set minus many small ones: to look every member up in each of them would take far longer.
    Box::new(remaining(first, &others, seed).into_iter().map(|(member, ())| member))
}

/// What remains of the first set when the members of the others are taken out one by one.
fn remaining(first: &Set, others: &[&Set], seed: u64) -> ScanMap<()> {
    let mut remaining = ScanMap::new(seed);
    for member in first.iter() {
        remaining.insert_unique(member, ());
    }
    for member in others.iter().flat_map(|set| set.iter()) {
        remaining.remove(&member);
    }
    remaining
}

/// Puts a set under a key, or removes the key if there is nothing to put.
pub(super) fn store(db: &mut Write<'_>, destination: &[u8], set: Set) -> Reply {
    let count = set.len();
    db.put(destination, set);
    Reply::count(count)
}

/// `numkeys key [key …] [LIMIT limit]`: the keys, and how far to count.
pub(super) fn keys_and_limit<'a>(args: &mut Args<'a>) -> Result<(&'a [Bytes], usize)> {
    const TOO_MANY_KEYS: ReplyError =
        ReplyError::fixed("ERR Number of keys can't be greater than number of args");
    const LIMIT_NEGATIVE: ReplyError = ReplyError::fixed("ERR LIMIT can't be negative");
    let keys = count(args, 1, NO_KEYS)?;
    if keys > args.len() {
        return Err(TOO_MANY_KEYS.into());
    }
    let keys = args.take(keys)?;
    let mut limit = 0;
    while args.option("LIMIT") {
        limit = count(args, 0, LIMIT_NEGATIVE)?;
    }
    args.done()?;
    Ok((keys, if limit == 0 { usize::MAX } else { limit }))
}
