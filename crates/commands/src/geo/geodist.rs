//! `GEODIST key member1 member2 [m | km | ft | mi]`

use latchkey_protocol::Reply;

use super::point::Point;
use super::unit::Unit;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const GEODIST: Spec = Spec::read("GEODIST", geodist)
    .summary("Returns the distance between two members, in metres or another unit.")
    .since("3.2.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEODIST sicily Palermo Catania
"166274.1516"
> GEODIST sicily Palermo Catania mi
"103.3182""#,
    );

fn geodist(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, one, other) = (args.key()?, args.next()?, args.next()?);
    let unit = match args.len() {
        1 => Unit::parse(&mut args)?,
        _ => Unit::METRE,
    };
    args.done()?;
    let Some(set) = db.sorted_set(key)? else { return Ok(Reply::Null) };
    let scores = set.score(one).zip(set.score(other));
    let distance_m = scores.map(|(one, other)| Point::of_score(one).distance_m(Point::of_score(other)));
    Ok(Reply::or_null(distance_m.map(|distance_m| unit.reply(distance_m))))
}
