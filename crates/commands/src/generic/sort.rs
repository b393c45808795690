//! `SORT key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC | DESC] [ALPHA] [STORE destination]`, and `SORT_RO
//! key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC | DESC] [ALPHA]`

mod options;
mod order;
mod pattern;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use latchkey_keyspace::cost::LIST_ELEMENT;
use latchkey_keyspace::value::List;
use latchkey_keyspace::{Str, View};
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::keys::Key;
use crate::{Access, Args, Category, Cost, Keys, Read, Result, Spec, Write};
use options::Options;

pub(super) const SORT: Spec = spec(Spec::write("SORT", sort).event("sortstore"))
    .summary("Sorts a list, a set or a sorted set, and returns or stores the result.")
    .since("1.0.0")
    .keys(Keys::AtAndBy(1, source_and_destination))
    .grows_freely()
    .example(
        r#"> RPUSH ids 3 1 2
(integer) 3
> SORT ids DESC LIMIT 0 2
1) "3"
2) "2"
> SET name:1 Cid
OK
> SET name:2 Ann
OK
> SET name:3 Bob
OK
> SORT ids BY name:* ALPHA GET # GET name:*
1) "2"
2) "Ann"
3) "3"
4) "Bob"
5) "1"
6) "Cid"
> SORT ids STORE sorted
(integer) 3"#,
    );

pub(super) const SORT_RO: Spec = spec(Spec::read("SORT_RO", sort_ro))
    .summary("Sorts a list, a set or a sorted set, and returns the result.")
    .since("7.0.0")
    .keys(Keys::At(1))
    .example(
        r#"> RPUSH ids 3 1 2
(integer) 3
> SORT_RO ids
1) "1"
2) "2"
3) "3""#,
    );

/// What the two have in common. The patterns of BY and GET reach keys that no word names.
const fn spec(spec: Spec) -> Spec {
    spec.arity(AtLeast(2))
        .cost(Cost::Values)
        .reaches_all()
        .unnamed(options::reaches_unnamed)
        .category(Category::Set)
        .category(Category::SortedSet)
        .category(Category::List)
        .category(Category::Dangerous)
}

fn sort(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let options = Options::parse(&mut args, true)?;
    let Some(destination) = options.destination else { return answer(db.view(), key, &options) };
    let elements = order::ordered(db.view(), key, &options)?;
    let sorted = stored(db, elements, &options)?;
    let count = sorted.len();
    db.put(destination, List::from_iter(sorted));
    Ok(Reply::count(count))
}

fn sort_ro(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let options = Options::parse(&mut args, false)?;
    answer(**db, key, &options)
}

fn source_and_destination(words: &[Bytes]) -> Vec<Key<'_>> {
    let mut args = Args::new(words.get(2..).unwrap_or_default());
    let destination = Options::parse(&mut args, true).ok().and_then(|options| options.destination);
    let source = words.get(1).map(|name| Key { name, access: Access::Read });
    let destination = destination.map(|name| Key { name, access: Access::Write });
    source.into_iter().chain(destination).collect()
}

fn answer(view: View<'_>, key: &[u8], options: &Options<'_>) -> Result {
    let elements = order::ordered(view, key, options)?;
    if options.get.is_empty() {
        return Ok(Reply::Array(elements.iter().map(|element| Reply::Bulk(element.to_bytes())).collect()));
    }
    let got = got(view, &elements, options)?;
    Ok(Reply::Array(got.map(|value| Reply::or_null(value.map(Reply::Bulk))).collect()))
}

/// What STORE keeps: what would be answered, with empty strings for what is absent. One long value may be got for every
/// element, so the sum is watched.
fn stored(db: &Write<'_>, elements: Vec<Str>, options: &Options<'_>) -> Result<Vec<Str>> {
    if options.get.is_empty() {
        return Ok(elements);
    }
    let mut bytes = 0;
    let copied = |value: Option<Bytes>| {
        let value = value.unwrap_or_default();
        bytes += LIST_ELEMENT + value.len() as u64;
        db.check_record_bytes(bytes)?;
        Ok(Str::from(&value))
    };
    got(db.view(), &elements, options)?.map(copied).collect()
}

/// So many values may be got, if it is more than one for each element.
const GOT_MAX: usize = 1 << 20;

/// What the GET patterns find, all of them for one element after the other.
fn got<'a>(
    view: View<'a>,
    elements: &'a [Str],
    options: &'a Options<'_>,
) -> Result<impl Iterator<Item = Option<Bytes>>> {
    let got = elements.len().saturating_mul(options.get.len());
    if got > elements.len().max(GOT_MAX) {
        return Err(ReplyError::fixed("ERR too many values to get for all elements").into());
    }
    Ok(elements.iter().flat_map(move |element| options.get.iter().map(move |get| get.find(view, element))))
}
