//! Hashes, with deadlines of their fields and without.

use latchkey_keyspace::value::Hash;
use latchkey_keyspace::{Contents, Now, Str, Value, cost};

use crate::error::{Flaw, Result};
use crate::input::Input;
use crate::pack::{Item, Listpack, ListpackWriter, Ziplist, Zipmap};
use crate::{kind, output};

/// The last deadline that there is, in milliseconds since the epoch.
const DEADLINE_MAX_MS: u64 = 0xffff_ffff_ffff;

/// A field with its value, and its deadline if it has one.
type Field = (Str, Str, Option<i64>);

pub(super) fn read(input: &mut Input<'_>, kind: u8, seed: u64) -> Result<Value> {
    let fields = match kind {
        kind::HASH => (0..input.length()?).map(|_| plain(input, None)).collect::<Result<Vec<_>>>()?,
        kind::HASH_DEADLINES | kind::HASH_DEADLINES_EARLY => with_deadlines(input, kind)?,
        kind::HASH_ZIPMAP => zipmap(input)?,
        kind::HASH_ZIPLIST => {
            let bytes = input.string()?;
            let items = Ziplist::new(&bytes).map_err(|what| input.flaw(what))?;
            packed(input, items, false)?
        }
        _ => listpack(input, kind)?,
    };
    let count = fields.len();
    let hash = Hash::from_fields(fields, seed);
    match hash.fields(Now::BEFORE_ALL).count() {
        0 => Err(input.flaw("an empty hash")),
        len if len != count => Err(input.flaw("a hash with a field twice")),
        _ => Ok(Value::Hash(Box::new(hash))),
    }
}

fn plain(input: &mut Input<'_>, expires_at_ms: Option<i64>) -> Result<Field> {
    Ok((input.item(cost::HASH_FIELD)?, input.item(0)?, expires_at_ms))
}

/// Before each field stands its deadline: 0 for none, otherwise how far it is from the soonest, and one more. A release
/// candidate wrote the deadline itself.
fn with_deadlines(input: &mut Input<'_>, kind: u8) -> Result<Vec<Field>> {
    let soonest_ms = if kind == kind::HASH_DEADLINES { Some(input.u64_le()?) } else { None };
    let mut fields = Vec::new();
    for _ in 0..input.length()? {
        let told = input.length()?;
        let deadline_ms = match soonest_ms {
            Some(soonest_ms) if told > 0 => soonest_ms.saturating_add(told - 1),
            _ => told,
        };
        let deadline = deadline(deadline_ms).map_err(|what| input.flaw(what))?;
        fields.push(plain(input, deadline)?);
    }
    Ok(fields)
}

fn deadline(at_ms: u64) -> Result<Option<i64>, Flaw> {
    match at_ms {
        0 => Ok(None),
        1..=DEADLINE_MAX_MS => Ok(Some(at_ms as i64)),
        _ => Err("a deadline that is too late"),
    }
}

fn zipmap(input: &mut Input<'_>) -> Result<Vec<Field>> {
    let bytes = input.string()?;
    let mut fields = Vec::new();
    for field in Zipmap::new(&bytes).map_err(|what| input.flaw(what))? {
        let (name, value) = field.map_err(|what| input.flaw(what))?;
        input.spend(cost::HASH_FIELD + (name.len() + value.len()) as u64)?;
        fields.push((name.into(), value.into(), None));
    }
    Ok(fields)
}

fn listpack(input: &mut Input<'_>, kind: u8) -> Result<Vec<Field>> {
    if kind == kind::HASH_DEADLINES_LISTPACK {
        input.u64_le()?; // the soonest deadline, which the fields tell too
    }
    let bytes = input.string()?;
    let items = Listpack::new(&bytes).map_err(|what| input.flaw(what))?;
    packed(input, items, kind != kind::HASH_LISTPACK)
}

/// Names and values in turn, and after each value its deadline, if there are any.
fn packed<'p>(
    input: &mut Input<'_>,
    mut items: impl Iterator<Item = Result<Item<'p>, Flaw>>,
    has_deadlines: bool,
) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    while let Some(name) = items.next() {
        let field = name.and_then(|name| {
            let value = items.next().unwrap_or(Err("a field without a value"))?;
            let at_ms = if has_deadlines { deadline_item(items.next())? } else { None };
            Ok((name, value, at_ms))
        });
        let (name, value, expires_at_ms) = field.map_err(|what| input.flaw(what))?;
        input.spend(cost::HASH_FIELD + name.bytes() + value.bytes())?;
        fields.push((name.to_str(), value.to_str(), expires_at_ms));
    }
    Ok(fields)
}

fn deadline_item(item: Option<Result<Item<'_>, Flaw>>) -> Result<Option<i64>, Flaw> {
    let at_ms = item.unwrap_or(Err("a field without a deadline"))?.as_int()?;
    deadline(u64::try_from(at_ms).map_err(|_| "a deadline before the epoch")?)
}

pub(super) fn kind_of(hash: &Hash, now: Now) -> u8 {
    match hash.encoding() {
        _ if has_deadlines(hash, now) => kind::HASH_DEADLINES,
        "hashtable" => kind::HASH,
        _ => kind::HASH_LISTPACK,
    }
}

/// Whether a field has one that has not passed. Most hashes have none, and tell so at once.
fn has_deadlines(hash: &Hash, now: Now) -> bool {
    hash.first_deadline_ms().is_some() && hash.fields(now).any(|(_, field)| field.expires_at_ms.is_some())
}

pub(super) fn write(out: &mut Vec<u8>, hash: &Hash, now: Now) {
    match kind_of(hash, now) {
        kind::HASH_DEADLINES => write_deadlines(out, hash, now),
        kind::HASH => {
            output::length(out, hash.len_at(now) as u64);
            for (name, value) in hash.iter(now) {
                output::string(out, name);
                output::string(out, value);
            }
        }
        _ => {
            let mut pack = ListpackWriter::new();
            for (name, value) in hash.iter(now) {
                pack.push(name);
                pack.push(value);
            }
            output::string(out, &pack.finish());
        }
    }
}

fn write_deadlines(out: &mut Vec<u8>, hash: &Hash, now: Now) {
    let soonest_ms = hash.fields(now).filter_map(|(_, field)| field.expires_at_ms).min().unwrap_or_default();
    out.extend(soonest_ms.to_le_bytes());
    output::length(out, hash.len_at(now) as u64);
    for (name, field) in hash.fields(now) {
        let told = field.expires_at_ms.map_or(0, |at_ms| at_ms.abs_diff(soonest_ms) + 1);
        output::length(out, told);
        output::string(out, name);
        output::string(out, field.value);
    }
}
