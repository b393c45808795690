//! `GEOHASH key [member …]`

use latchkey_protocol::Reply;

use super::point::Point;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const GEOHASH: Spec = Spec::read("GEOHASH", geohash)
    .summary("Returns the places of members as geohashes, the short names that maps on the web understand.")
    .since("3.2.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEOHASH sicily Palermo Catania Nowhere
1) "sqc8b49rny0"
2) "sqdtr74hyu0"
3) (nil)"#,
    );

fn geohash(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.sorted_set(args.key()?)?;
    let scores = args.rest().iter().map(|member| set.and_then(|set| set.score(member)));
    let hashes = scores.map(|score| score.map(|score| Reply::bulk(Point::of_score(score).geohash())));
    Ok(Reply::Array(hashes.map(Reply::or_null).collect()))
}
