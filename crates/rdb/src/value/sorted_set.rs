//! Sorted sets.

use latchkey_keyspace::value::SortedSet;
use latchkey_keyspace::{Str, Value, cost};

use crate::error::{Flaw, Result};
use crate::input::Input;
use crate::pack::{self, Item, Listpack, ListpackWriter, Ziplist};
use crate::{kind, output};

type Pairs = Vec<(Str, f64)>;

pub(super) fn read(input: &mut Input<'_>, kind: u8, seed: u64) -> Result<Value> {
    let pairs = match kind {
        kind::SORTED_SET => (0..input.length()?).map(|_| binary(input)).collect::<Result<Pairs>>()?,
        kind::SORTED_SET_TEXT => (0..input.length()?).map(|_| textual(input)).collect::<Result<Pairs>>()?,
        kind::SORTED_SET_ZIPLIST => {
            let bytes = input.string()?;
            let items = Ziplist::new(&bytes).map_err(|what| input.flaw(what))?;
            packed(input, items)?
        }
        _ => {
            let bytes = input.string()?;
            let items = Listpack::new(&bytes).map_err(|what| input.flaw(what))?;
            packed(input, items)?
        }
    };
    let count = pairs.len();
    let set = SortedSet::from_pairs(pairs, seed);
    match set.len() {
        0 => Err(input.flaw("an empty sorted set")),
        len if len != count => Err(input.flaw("a sorted set with a member twice")),
        _ => Ok(Value::SortedSet(Box::new(set))),
    }
}

fn binary(input: &mut Input<'_>) -> Result<(Str, f64)> {
    let member = input.item(cost::SORTED_SET_MEMBER)?;
    let score = f64::from_bits(input.u64_le()?);
    if score.is_nan() {
        return Err(input.flaw("a score that is no number"));
    }
    Ok((member, score))
}

/// A score as text behind its length, or a length that says which of the special ones it is.
fn textual(input: &mut Input<'_>) -> Result<(Str, f64)> {
    let member = input.item(cost::SORTED_SET_MEMBER)?;
    let score = match input.byte()? {
        253 => return Err(input.flaw("a score that is no number")),
        254 => f64::INFINITY,
        255 => f64::NEG_INFINITY,
        length => {
            let text = (0..length).map(|_| input.byte()).collect::<Result<Vec<u8>>>()?;
            pack::score(&text).map_err(|what| input.flaw(what))?
        }
    };
    Ok((member, score))
}

fn packed<'p>(
    input: &mut Input<'_>,
    mut items: impl Iterator<Item = Result<Item<'p>, Flaw>>,
) -> Result<Pairs> {
    let mut pairs = Vec::new();
    while let Some(member) = items.next() {
        let score = items.next().unwrap_or(Err("a member without a score")).and_then(Item::as_score);
        let (member, score) =
            member.and_then(|member| Ok((member, score?))).map_err(|what| input.flaw(what))?;
        input.spend(cost::SORTED_SET_MEMBER + member.bytes())?;
        pairs.push((member.to_str(), score));
    }
    Ok(pairs)
}

pub(super) fn kind_of(set: &SortedSet) -> u8 {
    match set.encoding() {
        "listpack" => kind::SORTED_SET_LISTPACK,
        _ => kind::SORTED_SET,
    }
}

pub(super) fn write(out: &mut Vec<u8>, set: &SortedSet) {
    if kind_of(set) == kind::SORTED_SET_LISTPACK {
        let mut pack = ListpackWriter::new();
        for (member, score) in set.iter() {
            pack.push(member);
            // Either form reads back as the same number, and one that is an integer is packed as such.
            let plain = score.to_string();
            pack.push(if plain.len() < 20 { plain } else { format!("{score:e}") }.as_bytes());
        }
        return output::string(out, &pack.finish());
    }
    output::length(out, set.len() as u64);
    for (member, score) in set.iter() {
        output::string(out, member);
        out.extend(score.to_bits().to_le_bytes());
    }
}
