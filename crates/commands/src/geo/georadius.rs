//! `GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
//! [STORE key | STOREDIST key]`, `GEORADIUSBYMEMBER key member radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
//! count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]`, `GEORADIUS_RO key longitude latitude radius unit
//! [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]`, `GEORADIUSBYMEMBER_RO key member radius unit
//! [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]`

use bytes::Bytes;
use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::ReplyError;

use super::area::Shape;
use super::point::Point;
use super::search::{Search, Store, point_of};
use crate::Arity::AtLeast;
use crate::Keys::{At, AtAndBy};
use crate::keys::Key;
use crate::{Access, Args, Cost, Read, Result, Spec, Write};

pub(super) const GEORADIUS: Spec = Spec::write("GEORADIUS", georadius)
    .event("georadiusstore")
    .summary("Finds the members in a circle around a place, and returns or stores them: the old form of GEOSEARCH.")
    .since("3.2.0")
    .arity(AtLeast(6))
    .keys(AtAndBy(1, source_and_destination))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEORADIUS sicily 15 37 200 km ASC
1) "Catania"
2) "Palermo"
> GEORADIUS sicily 15 37 200 km STOREDIST distances
(integer) 2
> ZRANGE distances 0 -1
1) "Catania"
2) "Palermo""#,
    );

pub(super) const GEORADIUS_RO: Spec = Spec::read("GEORADIUS_RO", georadius_ro)
    .summary("Finds the members in a circle around a place.")
    .since("3.2.10")
    .arity(AtLeast(6))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEORADIUS_RO sicily 15 37 200 km WITHDIST COUNT 1
1) 1) "Catania"
   2) "56.4413""#,
    );

pub(super) const GEORADIUSBYMEMBER: Spec = Spec::write("GEORADIUSBYMEMBER", georadiusbymember)
    .event("georadiusstore")
    .summary("Finds the members in a circle around one of them, and returns or stores them: the old form of GEOSEARCH.")
    .since("3.2.0")
    .arity(AtLeast(5))
    .keys(AtAndBy(1, source_and_destination))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEORADIUSBYMEMBER sicily Palermo 200 km DESC
1) "Catania"
2) "Palermo"
> GEORADIUSBYMEMBER sicily Palermo 100 km STORE near
(integer) 1"#,
    );

pub(super) const GEORADIUSBYMEMBER_RO: Spec = Spec::read("GEORADIUSBYMEMBER_RO", georadiusbymember_ro)
    .summary("Finds the members in a circle around one of them.")
    .since("3.2.10")
    .arity(AtLeast(5))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEORADIUSBYMEMBER_RO sicily Palermo 100 km WITHHASH
1) 1) "Palermo"
   2) (integer) 3479099956230698"#,
    );

fn georadius(db: &mut Write<'_>, args: Args<'_>) -> Result {
    search_or_store(db, args, by_place)
}

fn georadius_ro(db: &mut Read<'_>, args: Args<'_>) -> Result {
    search(db, args, by_place)
}

fn georadiusbymember(db: &mut Write<'_>, args: Args<'_>) -> Result {
    search_or_store(db, args, by_member)
}

fn georadiusbymember_ro(db: &mut Read<'_>, args: Args<'_>) -> Result {
    search(db, args, by_member)
}

/// Reads the words that say where to search, up to the options.
type Around = fn(Option<&SortedSet>, &mut Args<'_>) -> Result<Search>;

fn by_place(_: Option<&SortedSet>, args: &mut Args<'_>) -> Result<Search> {
    Ok(Search::around(Point::parse(args)?, Shape::parse_circle(args)?))
}

/// Where there is no set, the words are not looked at, as in Redis.
fn by_member(set: Option<&SortedSet>, args: &mut Args<'_>) -> Result<Search> {
    let Some(set) = set else {
        args.take(3)?;
        return Ok(Search::nowhere());
    };
    Ok(Search::around(point_of(set, args.next()?)?, Shape::parse_circle(args)?))
}

fn search(db: &mut Read<'_>, mut args: Args<'_>, around: Around) -> Result {
    let set = db.sorted_set(args.key()?)?;
    let mut search = around(set, &mut args)?;
    while !args.is_empty() {
        if !search.options.take(&mut args)? {
            return Err(ReplyError::SYNTAX.into());
        }
    }
    search.options.check_any()?;
    Ok(search.reply(set))
}

fn search_or_store(db: &mut Write<'_>, mut args: Args<'_>, around: Around) -> Result {
    const SHOWS_AND_STORES: ReplyError = ReplyError::fixed(
        "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
    );
    let key = args.key()?;
    let mut search = around(db.view().sorted_set(key)?, &mut args)?;
    let mut store = None;
    while !args.is_empty() {
        if !search.options.take(&mut args)? {
            store = Some(parse_store(&mut args)?);
        }
    }
    if store.is_some() && search.options.shows_more() {
        return Err(SHOWS_AND_STORES.into());
    }
    search.options.check_any()?;
    match store {
        Some(store) => search.store(db, key, store),
        None => Ok(search.reply(db.view().sorted_set(key)?)),
    }
}

fn parse_store<'a>(args: &mut Args<'a>) -> Result<Store<'a>> {
    let names = [("STORE", false), ("STOREDIST", true)];
    let (_, distances) = names.into_iter().find(|(name, _)| args.option(name)).ok_or(ReplyError::SYNTAX)?;
    Ok(Store { key: args.next()?, distances })
}

/// The key that is searched, and the last that an option says to store in.
fn source_and_destination(words: &[Bytes]) -> Vec<Key<'_>> {
    /// Before this word there is none in either form.
    const OPTIONS_AT: usize = 5;
    let is_store =
        |word: &[u8]| word.eq_ignore_ascii_case(b"STORE") || word.eq_ignore_ascii_case(b"STOREDIST");
    let source = words.get(1).map(|name| Key { name, access: Access::Read });
    let mut options = words.get(OPTIONS_AT..).unwrap_or(&[]).iter();
    let mut destination = None;
    while options.find(|word| is_store(word)).is_some() {
        destination = options.next().or(destination);
    }
    source.into_iter().chain(destination.map(|name| Key { name, access: Access::Write })).collect()
}
