//! `GEOSEARCH key (FROMMEMBER member | FROMLONLAT longitude latitude) (BYRADIUS radius unit | BYBOX width height unit)
//! [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]` and `GEOSEARCHSTORE destination source
//! (FROMMEMBER member | FROMLONLAT longitude latitude) (BYRADIUS radius unit | BYBOX width height unit) [ASC | DESC]
//! [COUNT count [ANY]] [STOREDIST]`

use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::ReplyError;

use super::area::Shape;
use super::options::Options;
use super::point::Point;
use super::search::{Search, Store, point_of};
use super::unit::Unit;
use crate::Arity::AtLeast;
use crate::Keys::{self, At};
use crate::{Args, Cost, Read, Result, Spec, Write};

pub(super) const GEOSEARCH: Spec = Spec::read("GEOSEARCH", geosearch)
    .summary("Finds the members in a circle or a box around a member or a place.")
    .since("6.2.0")
    .arity(AtLeast(7))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST
1) 1) "Catania"
   2) "56.4413"
2) 1) "Palermo"
   2) "190.4424"
> GEOSEARCH sicily FROMMEMBER Palermo BYBOX 100 100 km
1) "Palermo""#,
    );

pub(super) const GEOSEARCHSTORE: Spec = Spec::write("GEOSEARCHSTORE", geosearchstore)
    .summary("Stores the members in a circle or a box around a member or a place in another key.")
    .since("6.2.0")
    .arity(AtLeast(8))
    .keys(Keys::Store(&At(2)))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
(integer) 2
> GEOSEARCHSTORE near sicily FROMLONLAT 15 37 BYRADIUS 100 km
(integer) 1
> ZRANGE near 0 -1 WITHSCORES
1) "Catania"
2) "3479447370796909""#,
    );

fn geosearch(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let set = db.sorted_set(args.key()?)?;
    let (search, _) = parse(set, args, Form { name: "geosearch", stores: false })?;
    Ok(search.reply(set))
}

fn geosearchstore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (destination, source) = (args.key()?, args.key()?);
    let form = Form { name: "geosearchstore", stores: true };
    let (search, distances) = parse(db.view().sorted_set(source)?, args, form)?;
    search.store(db, source, Store { key: destination, distances })
}

/// Which command it is.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    stores: bool,
}

/// Reads the options, in any order. Where there is no set, a member is nowhere, but what follows has to make sense.
/// Returns whether distances are to be stored, too.
fn parse(set: Option<&SortedSet>, mut args: Args<'_>, form: Form) -> Result<(Search, bool)> {
    let (mut from, mut by) = (Center::Nothing, By::Nothing);
    let (mut options, mut distances) = (Options::default(), false);
    while !args.is_empty() {
        let taken = options.take(&mut args)? || from.take(set, &mut args)? || by.take(&mut args)?;
        if !taken {
            if !(form.stores && args.option("STOREDIST")) {
                return Err(ReplyError::SYNTAX.into());
            }
            distances = true;
        }
    }
    check(&options, from, by, form)?;
    let search = match (from, by) {
        (Center::Member(Some(center)) | Center::Place(center), By::Radius(shape) | By::Box(shape)) => {
            Search::around(center, shape)
        }
        _ => Search::nowhere(),
    };
    Ok((Search { options, ..search }, distances))
}

/// Refuses options that do not go together.
fn check(options: &Options, from: Center, by: By, form: Form) -> Result<()> {
    let name = form.name;
    let refusal = if form.stores && options.shows_more() {
        "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options".into()
    } else if matches!(from, Center::Nothing) {
        format!("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {name}")
    } else if matches!(by, By::Nothing) {
        format!("ERR exactly one of BYRADIUS and BYBOX can be specified for {name}")
    } else {
        return options.check_any();
    };
    Err(ReplyError::new(refusal).into())
}

/// Where the centre is.
#[derive(Clone, Copy)]
enum Center {
    Nothing,
    /// Where a member is; `None` if there is no set that could have it.
    Member(Option<Point>),
    Place(Point),
}

impl Center {
    fn take(&mut self, set: Option<&SortedSet>, args: &mut Args<'_>) -> Result<bool> {
        if !matches!(self, Self::Place(_)) && args.len() > 1 && args.option("FROMMEMBER") {
            let member = args.next()?;
            *self = Self::Member(set.map(|set| point_of(set, member)).transpose()?);
        } else if !matches!(self, Self::Member(_)) && args.len() > 2 && args.option("FROMLONLAT") {
            *self = Self::Place(Point::parse(args)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

/// What lies around the centre.
#[derive(Clone, Copy)]
enum By {
    Nothing,
    Radius((Shape, Unit)),
    Box((Shape, Unit)),
}

impl By {
    fn take(&mut self, args: &mut Args<'_>) -> Result<bool> {
        if !matches!(self, Self::Box(_)) && args.len() > 2 && args.option("BYRADIUS") {
            *self = Self::Radius(Shape::parse_circle(args)?);
        } else if !matches!(self, Self::Radius(_)) && args.len() > 3 && args.option("BYBOX") {
            *self = Self::Box(Shape::parse_box(args)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}
