//! `GEOPOS key [member …]`

use latchkey_protocol::Reply;

use super::point::Point;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const GEOPOS: Spec = Spec::read("GEOPOS", geopos)
    .summary("Returns the longitudes and latitudes of members.")
    .since("3.2.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo
(integer) 1
> GEOPOS sicily Palermo Nowhere
1) 1) "13.36138933897018433"
   2) "38.11555639549629859"
2) (nil)"#,
    );

fn geopos(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.sorted_set(args.key()?)?;
    let scores = args.rest().iter().map(|member| set.and_then(|set| set.score(member)));
    let points = scores.map(|score| score.map_or(Reply::NullArray, |score| Point::of_score(score).reply()));
    Ok(Reply::Array(points.collect()))
}
